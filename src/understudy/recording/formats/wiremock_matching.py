"""How WireMock 3 knows a recorded request again."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from understudy.recording.model import Json, decode_body
from understudy.recording.portable_json import parse_portable_json
from understudy.recording.request_key import RequestKey
from understudy.redaction.masks import MASK_PATTERN

# WireMock's own default for the most specific request; what is put before it by hand wins.
PRIORITY = 5


@dataclass(frozen=True)
class Family:
    """The questions with one method and path, among which WireMock has to choose."""

    members: Sequence[RequestKey]

    @cached_property
    def query_names(self) -> list[str]:
        return sorted({name for each in self.members for name, _ in each.query})

    @cached_property
    def has_bodies(self) -> bool:
        return any(each.body for each in self.members)

    @cached_property
    def has_origins(self) -> bool:
        """Whether only the host tells some of them apart."""
        return len({each.origin for each in self.members}) > 1

    def priority(self, question: RequestKey) -> int:
        """The more a question says, the earlier it is looked at."""
        return PRIORITY + self._most - specificity(question)

    @cached_property
    def _most(self) -> int:
        return max(map(specificity, self.members))


def families_of(asked: Iterable[RequestKey]) -> dict[tuple[str, str], Family]:
    """The families of questions, by method and path."""
    members: dict[tuple[str, str], list[RequestKey]] = {}
    for each in asked:
        members.setdefault((each.method, each.path), []).append(each)
    return {key: Family(each) for key, each in members.items()}


def specificity(question: RequestKey) -> int:
    """How much a question says that others may leave open."""
    literal = bool(question.body) and not is_json(parse_portable_json(question.body))
    return len(question.query) + len(question.headers) + literal


def is_json(document: Any) -> bool:
    """Whether WireMock is to take a document as JSON; of scalars the text says it all."""
    return isinstance(document, (dict, list))


def request_pattern(question: RequestKey, family: Family, body: bytes) -> Json:
    """What a request must be; `body` as it was recorded."""
    return {
        "method": question.method,
        **(_host(question.origin) if family.has_origins else {}),
        **_url(question, family),
        **({"headers": _matchers(question.headers)} if question.headers else {}),
        **_body(body, family),
    }


def _host(origin: str) -> Json:
    parts = urlsplit(origin)
    port = {"port": parts.port} if parts.port else {}
    return {"host": {"equalTo": parts.hostname or ""}, **port}


def _url(question: RequestKey, family: Family) -> Json:
    if MASK_PATTERN.search(question.path):
        path = {"urlPathPattern": _pattern(question.path)}
    elif not question.query:
        # Nothing but this path: with `urlPath`, any query would do.
        return {"url": question.path}
    else:
        path = {"urlPath": question.path}
    absent: Json = {name: {"absent": True} for name in family.query_names}
    matchers = absent | _matchers(question.query)
    return {**path, "queryParameters": matchers} if matchers else path


def _matchers(pairs: Iterable[tuple[str, str]]) -> Json:
    """What each name must be; all its values, where it stands several times."""
    by_name: dict[str, list[Json]] = {}
    for name, value in pairs:
        by_name.setdefault(name, []).append(_matcher(value))
    return {
        name: found[0] if len(found) == 1 else {"hasExactly": found}
        for name, found in by_name.items()
    }


def _matcher(text: str) -> Json:
    return {"matches": _pattern(text)} if MASK_PATTERN.search(text) else {"equalTo": text}


def _pattern(text: str) -> str:
    """A regular expression in which anything may stand where a secret was."""
    # Every other part is what the mask says of its owner.
    return "(?s)" + ".*".join(map(re.escape, MASK_PATTERN.split(text)[::2]))


def _body(body: bytes, family: Family) -> Json:
    if not body:
        return {"bodyPatterns": [{"absent": True}]} if family.has_bodies else {}
    document = parse_portable_json(body)
    if is_json(document):
        strict = {"ignoreArrayOrder": False, "ignoreExtraElements": False}
        return {"bodyPatterns": [{"equalToJson": _with_placeholders(document), **strict}]}
    text = decode_body(body)
    if text is None:
        return {"bodyPatterns": [{"binaryEqualTo": base64.b64encode(body).decode()}]}
    return {"bodyPatterns": [_matcher(text)]}


def _with_placeholders(value: Any) -> Any:
    """A document in which anything may stand where a secret was."""
    if isinstance(value, dict):
        return {name: _with_placeholders(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_placeholders(each) for each in value]
    if not isinstance(value, str) or not MASK_PATTERN.search(value):
        return value
    whole = MASK_PATTERN.fullmatch(value)
    return "${json-unit.ignore}" if whole else f"${{json-unit.regex}}{_pattern(value)}"

"""How WireMock 3 matches a recorded request."""

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

# WireMock's default, for the most specific request; stubs that a user gives 1 to 4 win.
DEFAULT_PRIORITY = 5


@dataclass(frozen=True)
class Family:
    """The requests with one method and path, among which WireMock has to choose."""

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

    def priority(self, key: RequestKey) -> int:
        """Lower for requests with more to match, which WireMock tries first."""
        return DEFAULT_PRIORITY + self._max_specificity - specificity(key)

    @cached_property
    def _max_specificity(self) -> int:
        return max(map(specificity, self.members))


def families_of(keys: Iterable[RequestKey]) -> dict[tuple[str, str], Family]:
    """The families of requests, by method and path."""
    members: dict[tuple[str, str], list[RequestKey]] = {}
    for each in keys:
        members.setdefault((each.method, each.path), []).append(each)
    return {key: Family(each) for key, each in members.items()}


def specificity(key: RequestKey) -> int:
    """How many conditions a request has that others may leave open."""
    literal = bool(key.body) and not is_json(parse_portable_json(key.body))
    return len(key.query) + len(key.headers) + literal


def is_json(document: Any) -> bool:
    """Whether WireMock should compare a document as JSON; scalars are compared as text."""
    return isinstance(document, (dict, list))


def request_pattern(key: RequestKey, family: Family, body: bytes) -> Json:
    """The pattern that a request must match; `body` as it was recorded."""
    return {
        "method": key.method,
        **(_host(key.origin) if family.has_origins else {}),
        **_url(key, family),
        **({"headers": _matchers(key.headers)} if key.headers else {}),
        **_body(body, family),
    }


def _host(origin: str) -> Json:
    parts = urlsplit(origin)
    port = {"port": parts.port} if parts.port else {}
    return {"host": {"equalTo": parts.hostname or ""}, **port}


def _url(key: RequestKey, family: Family) -> Json:
    if MASK_PATTERN.search(key.path):
        path = {"urlPathPattern": _pattern(key.path)}
    elif not key.query:
        # Only this path: with `urlPath`, any query would match.
        return {"url": key.path}
    else:
        path = {"urlPath": key.path}
    absent: Json = {name: {"absent": True} for name in family.query_names}
    matchers = absent | _matchers(key.query)
    return {**path, "queryParameters": matchers} if matchers else path


def _matchers(pairs: Iterable[tuple[str, str]]) -> Json:
    """A matcher for each name; for all its values, where it occurs several times."""
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
    """A regular expression that matches anything in place of a secret."""
    # Every other part is the owner that the mask names.
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
    """A document with placeholders that match anything in place of secrets."""
    if isinstance(value, dict):
        return {name: _with_placeholders(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_placeholders(each) for each in value]
    if not isinstance(value, str) or not MASK_PATTERN.search(value):
        return value
    whole = MASK_PATTERN.fullmatch(value)
    return "${json-unit.ignore}" if whole else f"${{json-unit.regex}}{_pattern(value)}"

"""The secrets that exchanges carry, and what may be stored of them: everything but these."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import orjson

from understudy.core.errors import Diagnosis
from understudy.core.strict_json import parse_json_or_none
from understudy.redaction.credential_names import (
    SECRET_FIELDS,
    is_credential_parameter,
    is_secret_field,
    mask_parameters,
    names_credential,
    split_parameters,
)
from understudy.redaction.finders import (
    Pairs,
    decode_latin1,
    decode_text,
    find_credentials,
    is_form,
    iter_objects,
    iter_texts,
    spellings_of,
    without_duplicates,
)
from understudy.redaction.masks import (
    MASK_PATTERN,
    REDACTED,
    SECRET_HEADERS,
    make_mask,
    redact_header_value,
)

SECRET = SECRET_HEADERS | {"set-cookie"}
# Headers with URLs, whose parameters may be credentials.
WITH_URLS = frozenset({"location", "content-location", "referer", "link", "refresh"})
# What may hide a letter in JSON.
ESCAPES = re.compile(rb"\\[u/]")
# Text shorter than this is no secret that could be told from a word.
SHORTEST = 6
# And shorter than this, none that is looked for in exchanges of which it was no part.
LASTING = 8
# How many secrets of one message, and of earlier exchanges, are looked for in all text. Of a
# message with more, each is masked where it stands.
MOST = 200


class KnownSecrets:
    """The latest secrets of earlier exchanges; a token that was handed out comes back in others."""

    def __init__(self) -> None:
        self._forms: dict[str, frozenset[str]] = {}

    def forms(self) -> dict[str, frozenset[str]]:
        """Each secret with the ways in which it may be spelled, in lower case."""
        return dict(self._forms)

    def add(self, secret: str, forms: frozenset[str]) -> None:
        """Keep a secret; the oldest goes."""
        if len(secret) < LASTING:
            return
        self._forms.pop(secret, None)
        self._forms[secret] = forms
        if len(self._forms) > MOST:
            del self._forms[next(iter(self._forms))]


class Redactor:
    """What one exchange carries that must not be kept; learns it as the exchange goes on.

    Args:
        fields: names of fields that a document declares to be secret.
        owners: secret -> name of the account to which it belongs.
        key_names: names of the headers and parameters that carry credentials, in lower case.
        known: the secrets of earlier exchanges; takes those of this one, too.
    """

    def __init__(
        self,
        fields: frozenset[str],
        owners: Mapping[str, str],
        key_names: frozenset[str],
        known: KnownSecrets | None = None,
    ) -> None:
        self._members = fields
        self._owners = owners
        self._headers = SECRET | key_names
        self._known = known or KnownSecrets()
        self._forms = self._known.forms()
        names = "|".join([*map(re.escape, sorted(self._members)), SECRET_FIELDS])
        # As forms, JSON and XML do before the value, or as the parts of a multipart form.
        self._naming = re.compile(rf"\b(?:{names})\b(?:[\"']?\s*[=:>]|\"\r?\n)", re.IGNORECASE)

    def meet(self, headers: Pairs, body: bytes, query: str = "") -> None:
        """Learn what a request or a reply carries; `body` is without content coding."""
        told = list(headers)
        self._learn(self._in_headers(told))
        self._learn(self._in_query(query))
        if is_form(told) or ESCAPES.search(body) or self._names_one(decode_latin1(body)):
            self._learn(self._in_body(body, is_form(told)))

    def _learn(self, secrets: Iterable[str]) -> None:
        long = (each for each in secrets if len(each) >= SHORTEST and not MASK_PATTERN.search(each))
        for secret in islice(without_duplicates(long), MOST):
            forms = self._forms.get(secret) or spellings_of(secret)
            self._forms[secret] = forms
            self._known.add(secret, forms)

    def text(self, text: str) -> str:
        """Text without the secrets."""
        return self._cleaner(text)(text)

    def _cleaner(self, text: str) -> Callable[[str], str]:
        """What takes the secrets that are in this text out of it, and out of each part of it."""
        lowered = text.lower()
        # A search for each is faster than one for all of them.
        masks = {
            form: make_mask(self._owners.get(secret, ""))
            for secret, forms in self._forms.items()
            for form in forms
            if form in lowered
        }
        if not masks:
            return str
        # The longest first: one secret may begin another.
        longest = sorted(masks, key=lambda each: (-len(each), each))
        held = re.compile("|".join(map(re.escape, longest)), re.IGNORECASE)
        return lambda part: held.sub(lambda found: masks.get(found[0].lower(), REDACTED), part)

    def _names_one(self, text: str) -> bool:
        """Whether text names a secret member, as forms and JSON do before its value."""
        return self._naming.search(text) is not None

    def query(self, query: str) -> str:
        """A query without the values of what is named like a credential."""
        pairs = (each.partition("=") for each in query.split("&"))
        kept = (
            f"{name}={REDACTED}" if self._is_asked(name) and value else f"{name}{sign}{value}"
            for name, sign, value in pairs
        )
        return self.text("&".join(kept))

    def url(self, url: str) -> str:
        """A URL, or text with URLs, without the values of what is named like a credential."""
        return self.text(mask_parameters(url, REDACTED, self._is_asked))

    def headers(self, headers: Pairs) -> list[tuple[str, str]]:
        """Headers without the secrets."""
        return [(name, self._header(name.lower(), value)) for name, value in headers]

    def _header(self, name: str, value: str) -> str:
        if self._is_secret(name):
            return redact_header_value(value)
        return self.url(value) if name in WITH_URLS else self.text(value)

    def body(self, body: bytes, form: bool = False) -> bytes:
        """A body without the secrets: JSON stays JSON, other text that names one goes whole.

        Args:
            form: whether it is said to be a form, which is read as a query is.
        """
        text = decode_latin1(body)
        document = parse_json_or_none(body)
        if document is None:
            return self._plain(text, form).encode("latin-1", "replace")
        if not (ESCAPES.search(body) or self._names_one(text)) and self.text(text) == text:
            return body
        try:
            cleaned = self._cleaned(document, self._cleaner("\n".join(iter_texts(document))))
            same = cleaned == document and not self._has_secret_names(document)
            # What is left stands where no reader of JSON sees it: before a twin of its key.
            return self.text(decode_latin1(body if same else orjson.dumps(cleaned))).encode(
                "latin-1"
            )
        except (RecursionError, orjson.JSONEncodeError):
            return REDACTED.encode()

    def _has_secret_names(self, document: Any) -> bool:
        names = {name for each in iter_objects(document) for name in each}
        return any(name in self._members or is_secret_field(name) for name in names)

    def _plain(self, text: str, form: bool) -> str:
        if form:
            return self.query(text)
        return REDACTED if self._names_one(text) else self.text(text)

    def _cleaned(self, value: Any, clean: Callable[[str], str]) -> Any:
        if isinstance(value, dict):
            return {
                clean(name): make_mask(self._owners.get(decode_text(each), ""))
                if self._hides(name, each)
                else self._cleaned(each, clean)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self._cleaned(each, clean) for each in value]
        if isinstance(value, str):
            return clean(value)
        return (
            make_mask(self._owners.get(decode_text(value), ""))
            if decode_text(value) in self._forms
            else value
        )

    def _hides(self, name: str, value: Any) -> bool:
        """Whether a member is secret: because the document says so, or its name and a value do."""
        return name in self._members or (bool(decode_text(value)) and is_secret_field(name))

    def diagnoses(self, found: Iterable[Diagnosis]) -> tuple[Diagnosis, ...]:
        """Diagnoses that tell no secret."""
        return tuple(
            replace(
                each,
                pointer=self.text(each.pointer),
                message=self.text(each.message),
                hint=self.text(each.hint),
            )
            for each in found
        )

    def _is_secret(self, header: str) -> bool:
        return header in self._headers or names_credential(header)

    def _is_asked(self, name: str) -> bool:
        """Whether a query's parameter, as it stands there, is named like a credential."""
        known = unquote_plus(name)
        return (
            known in self._members
            or known.lower() in self._headers
            or is_credential_parameter(name)
        )

    def _in_headers(self, headers: Pairs) -> Iterator[str]:
        for name, value in headers:
            if self._is_secret(name.lower()):
                yield from find_credentials(name.lower(), value)
            elif name.lower() in WITH_URLS:
                found = (each for each in split_parameters(value) if self._is_asked(each[0]))
                yield from (way for _, each in found for way in (each, unquote_plus(each)))

    def _in_query(self, query: str) -> Iterator[str]:
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            if self._is_asked(name):
                yield from (value, unquote_plus(value))

    def _in_body(self, body: bytes, form: bool) -> Iterator[str]:
        """The values of secret members in JSON, or in a form."""
        document = parse_json_or_none(body)
        if document is not None:
            yield from self._in_json(document)
        elif form:
            yield from self._in_query(decode_latin1(body))
        else:
            named = parse_qsl(decode_latin1(body))
            yield from (
                value for name, value in named if name in self._members or is_secret_field(name)
            )

    def _in_json(self, value: Any) -> Iterator[str]:
        """The values of secret members, however deep they stand."""
        for each in iter_objects(value):
            yield from (decode_text(each[name]) for name in each if self._hides(name, each[name]))

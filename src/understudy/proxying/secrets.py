"""The secrets that one exchange carries, and what may be stored of it: everything but these."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus

import orjson

from understudy.errors import Diagnosis
from understudy.journal import REDACTED, SECRET_HEADERS, Exchange, mask, redacted_value
from understudy.vendor import Room

RawHeaders = Iterable[tuple[bytes, bytes]]
SECRET = SECRET_HEADERS | {"set-cookie"}
# Names under which headers and queries carry credentials, whatever the document says of them.
TELLING = re.compile(
    r"(^|[-_.])(api[-_]?key|(auth|access|session|security|refresh|id|csrf|xsrf)[-_]?token"
    r"|auth|authorization|secret|password|passwd|pwd|signature|jwt)$",
    re.IGNORECASE,
)
# Of a query only: headers of these names are rare, and say other things.
IN_QUERY = frozenset({"key", "token", "sig"})
# What may hide a letter in JSON.
ESCAPES = re.compile(rb"\\[u/]")
# Text shorter than this is no secret that could be told from a word.
SHORTEST = 6


class Secrets:
    """What one exchange carries that must not be kept; learns it as the exchange goes on.

    Args:
        room: whose document names secret members, and whose seed world owns secrets.
    """

    def __init__(self, room: Room) -> None:
        self._members = room.document.secrets
        self._owners = room.owners
        self._headers = SECRET | _key_headers(room)
        self._masks: dict[str, str] = {}
        self._literal = re.compile("(?!)")
        names = "|".join(map(re.escape, sorted(self._members)))
        self._naming = re.compile(rf"\b({names})\b[\"']?\s*[=:]", re.IGNORECASE)

    def meet(self, headers: RawHeaders, body: bytes, query: str = "") -> None:
        """Learn what a request or a reply carries; `body` is without content coding."""
        found = set(self._in_query(query))
        for name, value in _text(headers):
            if self._is_secret(name):
                found |= set(_credentials(name, value))
        if ESCAPES.search(body) or self._names_one(_latin(body)):
            found |= set(self._in_body(body))
        self._learn(found)

    def _learn(self, secrets: Iterable[str]) -> None:
        for secret in secrets:
            if len(secret) >= SHORTEST:
                known = mask(self._owners.get(secret, ""))
                self._masks |= {each.lower(): known for each in _spelled(secret)}
        # The longest first: one secret may begin another.
        longest = sorted(self._masks, key=lambda each: (-len(each), each))
        self._literal = re.compile("|".join(map(re.escape, longest)) or "(?!)", re.IGNORECASE)

    def text(self, text: str) -> str:
        """Text without the secrets."""
        if not self._holds(text):
            return text
        return self._literal.sub(lambda found: self._masks.get(found[0].lower(), REDACTED), text)

    def _holds(self, text: str) -> bool:
        """Whether text holds a secret; a search for each is faster than one for all of them."""
        lowered = text.lower()
        return any(each in lowered for each in self._masks)

    def _names_one(self, text: str) -> bool:
        """Whether text names a secret member, as forms and JSON do before its value."""
        lowered = text.lower()
        return any(each.lower() in lowered for each in self._members) and bool(
            self._naming.search(text)
        )

    def query(self, query: str) -> str:
        """A query without the values of what is named like a credential."""
        pairs = (each.partition("=") for each in query.split("&"))
        kept = (
            f"{name}={REDACTED}" if self._is_asked(name) and value else f"{name}{sign}{value}"
            for name, sign, value in pairs
        )
        return self.text("&".join(kept))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """A request's headers without the secrets."""
        return {name: self._header(name, value) for name, value in headers.items()}

    def raw_headers(self, headers: RawHeaders) -> list[tuple[bytes, bytes]]:
        """A reply's headers without the secrets."""
        return [
            (name.encode("latin-1"), self._header(name, value).encode("latin-1", "replace"))
            for name, value in _text(headers)
        ]

    def _header(self, name: str, value: str) -> str:
        return redacted_value(value) if self._is_secret(name) else self.text(value)

    def body(self, body: bytes) -> bytes:
        """A body without the secrets: JSON stays JSON, other text that names one goes whole."""
        text = _latin(body)
        if not (ESCAPES.search(body) or self._names_one(text) or self._holds(text)):
            return body
        document = _json(body)
        if document is None:
            kept = REDACTED if self._names_one(text) else self.text(text)
            return kept.encode("latin-1", "replace")
        try:
            cleaned = self._cleaned(document)
            same = cleaned == document and not any(True for _ in self._in_json(document))
            # What is left stands where no reader of JSON sees it: before a twin of its key.
            return self.text(_latin(body if same else orjson.dumps(cleaned))).encode("latin-1")
        except (RecursionError, orjson.JSONEncodeError):
            return REDACTED.encode()

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.text(name): self._member(name, each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._cleaned(each) for each in value]
        if isinstance(value, str):
            return self.text(value)
        number = isinstance(value, (int, float)) and str(value) in self._masks
        return self._masks[str(value)] if number else value

    def _member(self, name: str, value: Any) -> Any:
        if name not in self._members:
            return self._cleaned(value)
        return mask(self._owners.get(value, "") if isinstance(value, str) else "")

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

    def hide(self, exchange: Exchange, readable: bool) -> None:
        """Take the secrets out of an exchange, as far as it has come; again, if need be.

        Args:
            readable: whether the reply's body is without content coding.
        """
        exchange.path = self.text(exchange.path)
        exchange.query = self.query(exchange.query)
        exchange.request_headers = self.headers(exchange.request_headers)
        exchange.request_body = self.body(exchange.request_body)
        exchange.response_headers = self.raw_headers(exchange.response_headers)
        answered = self.body(exchange.response_body) if readable else REDACTED.encode()
        exchange.response_body = answered
        exchange.diagnoses = self.diagnoses(exchange.diagnoses)

    def _is_secret(self, header: str) -> bool:
        return header in self._headers or TELLING.search(header) is not None

    def _is_asked(self, name: str) -> bool:
        """Whether a query's parameter, as it stands there, is named like a credential."""
        known = unquote_plus(name)
        return known.lower() in IN_QUERY or known in self._members or self._is_secret(known.lower())

    def _in_query(self, query: str) -> Iterator[str]:
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            if self._is_asked(name):
                yield from (value, unquote_plus(value))

    def _in_body(self, body: bytes) -> Iterator[str]:
        """The values of secret members in JSON, or in a form."""
        document = _json(body)
        if document is not None:
            yield from self._in_json(document)
            return
        form = parse_qsl(_latin(body))
        yield from (value for name, value in form if name in self._members)

    def _in_json(self, value: Any) -> Iterator[str]:
        """The values of secret members, however deep they stand."""
        waiting = [value]
        while waiting:
            each = waiting.pop()
            if isinstance(each, list):
                waiting += each
            elif isinstance(each, dict):
                yield from (str(each[name]) for name in each if name in self._members)
                waiting += each.values()


def _key_headers(room: Room) -> frozenset[str]:
    """The headers and parameters that the document's security schemes name."""
    document = room.document
    schemes = document.raw.get("components", {}).get("securitySchemes", {}).values()
    names = (document.resolve(each).get("name", "") for each in schemes)
    return frozenset(str(name).lower() for name in names if name)


def _credentials(name: str, value: str) -> Iterator[str]:
    """What is secret in a header's value: the whole, what follows the scheme, each cookie."""
    if name == "cookie":
        yield from (each.partition("=")[2].strip(' "') for each in value.split(";"))
    elif name == "set-cookie":
        yield value.partition(";")[0].partition("=")[2].strip(' "')
    else:
        scheme, _, rest = value.partition(" ")
        yield from (value.strip(), rest.strip())
        if scheme.lower() == "basic":
            yield from _basic(rest)


def _basic(credential: str) -> Iterator[str]:
    try:
        pair = base64.b64decode(credential, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return
    yield from (pair, pair.partition(":")[2])


def _spelled(secret: str) -> set[str]:
    """A secret as it may stand in text: as it is, in URLs, in JSON, in either charset."""
    plain = {secret, _as_utf8(secret)}
    urls = {way(each) for each in plain for way in (quote, quote_plus, _quote_all)}
    written = {json.dumps(each, ensure_ascii=way)[1:-1] for each in plain for way in (True, False)}
    spelled = {*plain, *urls, *written, *(each.replace("/", "\\/") for each in written)}
    return {form for each in spelled for form in (each, _latin(each.encode()))}


def _quote_all(text: str) -> str:
    return quote(text, safe="")


def _as_utf8(text: str) -> str:
    """A header's text, which is read as Latin-1, as its sender may have meant it."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _text(headers: RawHeaders) -> Iterator[tuple[str, str]]:
    return ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers)


def _latin(body: bytes) -> str:
    """Bytes as text that has a character for each of them."""
    return body.decode("latin-1")


def _json(body: bytes) -> Any:
    """The document in a body; None when it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None

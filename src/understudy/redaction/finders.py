"""Reads messages for secrets: where they stand, and how they are spelled."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

Pairs = Iterable[tuple[str, str]]
RawHeaders = Iterable[tuple[bytes, bytes]]
FORM = "application/x-www-form-urlencoded"


def is_form(headers: Pairs) -> bool:
    """Whether a message says that its body is a form."""
    return any(
        name.lower() == "content-type" and value.strip().lower().startswith(FORM)
        for name, value in headers
    )


def decode_headers(headers: RawHeaders) -> list[tuple[str, str]]:
    """Headers as text."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def without_duplicates(texts: Iterable[str]) -> Iterator[str]:
    """Each text once, in the order in which they come first."""
    met: set[str] = set()
    for each in texts:
        if each not in met:
            met.add(each)
            yield each


def decode_text(value: Any) -> str:
    """A text or a number as text; "" for anything else, which is no secret by itself."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def iter_objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in JSON, however deep they stand."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            yield each
            waiting += each.values()


def iter_texts(value: Any) -> Iterator[str]:
    """The names and texts in JSON."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            yield from each
            waiting += each.values()


def find_credentials(name: str, value: str) -> Iterator[str]:
    """What is secret in a header's value: the whole, what follows the scheme, each cookie."""
    if name == "cookie":
        yield from (_after_equals(each) or each.strip() for each in value.split(";"))
    elif name == "set-cookie":
        yield _after_equals(value.partition(";")[0])
    else:
        scheme, _, rest = value.partition(" ")
        # A signature may name its algorithm first: sha256=...
        yield from (value.strip(), rest.strip(), _after_equals(value))
        if scheme.lower() == "basic":
            yield from _basic(rest)


def _after_equals(pair: str) -> str:
    return pair.partition("=")[2].strip(' "')


def _basic(credential: str) -> Iterator[str]:
    try:
        pair = base64.b64decode(credential, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return
    yield from (pair, pair.partition(":")[2])


def spellings_of(secret: str) -> frozenset[str]:
    """A secret as it may stand in text, in lower case: as it is, in URLs, in JSON, in UTF-8."""
    plain = {secret, _as_utf8(secret)}
    urls = {way(each) for each in plain for way in (quote, quote_plus, _quote_all)}
    written = {json.dumps(each, ensure_ascii=way)[1:-1] for each in plain for way in (True, False)}
    spelled = {*plain, *urls, *written, *(each.replace("/", "\\/") for each in written)}
    forms = (form for each in spelled for form in (each, decode_latin1(each.encode())))
    return frozenset(each.lower() for each in forms)


def _quote_all(text: str) -> str:
    return quote(text, safe="")


def _as_utf8(text: str) -> str:
    """A header's text, which is read as Latin-1, as its sender may have meant it."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def decode_latin1(body: bytes) -> str:
    """Bytes as text that has a character for each of them."""
    return body.decode("latin-1")

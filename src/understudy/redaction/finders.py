"""Reads messages: headers, forms, and the names and values in JSON."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from understudy.core.strict_json import parse_json_or_none
from understudy.redaction.masks import AUTH_SCHEMES

Pairs = Iterable[tuple[str, str]]
RawHeaders = Iterable[tuple[bytes, bytes]]
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
# An ASCII character as JSON may escape it.
ESCAPED_ASCII = re.compile(rb"\\u00([2-7][0-9a-fA-F])")


def content_type_of(headers: Pairs) -> str:
    """The content type that a message states; "" when it states none."""
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def is_form(content_type: str) -> bool:
    """Whether a content type is that of a form."""
    return content_type.strip().lower().startswith(FORM)


def decode_headers(headers: RawHeaders) -> list[tuple[str, str]]:
    """Headers as text; each byte is one character (Latin-1)."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def decode_text(value: Any) -> str:
    """A text or a number as text; "" for any other value, which cannot be a secret."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def find_embedded(text: str) -> Any:
    """The JSON object or list that a string holds as text; None for any other string."""
    return parse_json_or_none(text.encode("utf-8", "replace")) if text[:1] in ("{", "[") else None


def iter_objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in JSON, at any depth, and in JSON that its strings hold as text."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            each = find_embedded(each)
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            yield each
            waiting += each.values()


def iter_texts(value: Any) -> Iterator[str]:
    """The names and texts in JSON, at any depth."""
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


# The same client sends the same credential with each request.
@lru_cache(maxsize=1024)
def find_credentials(name: str, value: str) -> tuple[str, ...]:
    """The secrets in a header's value: the whole, what follows the scheme, each cookie's value.

    Args:
        name: the header's name in lower case.
    """
    return tuple(_credentials(name, value))


def _credentials(name: str, value: str) -> Iterator[str]:
    if name == "cookie":
        yield from (_after_equals(each) or each.strip() for each in value.split(";"))
    elif name == "set-cookie":
        yield _after_equals(value.partition(";")[0])
    else:
        scheme, _, rest = value.partition(" ")
        # After a scheme comes the secret itself; with an algorithm before it: sha256=...
        if scheme.lower() not in AUTH_SCHEMES or not rest:
            yield value.strip()
        yield from (rest.strip(), _after_equals(value))
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


def unescape_ascii(body: bytes) -> bytes:
    """Text with its ASCII characters as they are, where JSON escapes them."""
    return ESCAPED_ASCII.sub(lambda found: bytes([int(found[1], 16)]), body)


def decode_latin1(body: bytes) -> str:
    """Bytes as text, one character for each byte."""
    return body.decode("latin-1")

"""Content codings: bodies that are compressed on their way."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

# For each coding, what zlib has to expect (its `wbits`): gzip or zlib with their headers, or raw
# deflate, because servers disagree about what deflate is.
AUTOMATIC, RAW = zlib.MAX_WBITS | 32, -zlib.MAX_WBITS
CODINGS = {"gzip": (AUTOMATIC,), "x-gzip": (AUTOMATIC,), "deflate": (AUTOMATIC, RAW)}
CODING_HEADERS = frozenset({"content-encoding", "content-length"})


class DecodedTooLargeError(Exception):
    """A decoded body is larger than may be read."""


def decode_content(body: bytes, coding: str, max_size: int) -> bytes | None:
    """A body without its content coding; None when it cannot be decoded.

    Args:
        coding: the value of Content-Encoding; "" when there is none.
        max_size: of the decoded body, in bytes.

    Raises:
        DecodedTooLargeError: when it is larger.
    """
    name = coding.strip().lower()
    if name in ("", "identity") or not body:
        return body
    decoded = (_decompress(body, window, max_size) for window in CODINGS.get(name, ()))
    return next((each for each in decoded if each is not None), None)


def _decompress(body: bytes, window: int, max_size: int) -> bytes | None:
    decompressor = zlib.decompressobj(window)
    try:
        decoded = decompressor.decompress(body, max_size + 1)
    except zlib.error:
        return None
    if len(decoded) > max_size:
        raise DecodedTooLargeError
    return decoded if decompressor.eof and not decompressor.unused_data else None


def strip_coding_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers that still hold once a body is decoded."""
    return tuple(each for each in headers if each[0].lower() not in CODING_HEADERS)

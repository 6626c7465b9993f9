"""Content codings: what a packed body says."""

from __future__ import annotations

import zlib

CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
# Tells gzip from zlib by itself.
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class DecodedTooLargeError(Exception):
    """What a packed body says is longer than may be read."""


def decode_content(body: bytes, coding: str, most: int) -> bytes | None:
    """A body without its content coding; None when it cannot be unpacked.

    Args:
        coding: the value of Content-Encoding; "" when there is none.
        most: how many bytes it may say.

    Raises:
        TooLong: when it says more.
    """
    named = coding.strip().lower()
    if named in ("", "identity") or not body:
        return body
    return _decompress(body, most) if named in CODINGS else None


def _decompress(body: bytes, most: int) -> bytes | None:
    unpacking = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        said = unpacking.decompress(body, most + 1)
    except zlib.error:
        return None
    if len(said) > most:
        raise DecodedTooLargeError
    return said if unpacking.eof and not unpacking.unused_data else None

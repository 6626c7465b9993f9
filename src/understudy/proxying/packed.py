"""Content codings: what a packed body says."""

from __future__ import annotations

import zlib

PACKED = frozenset({"gzip", "x-gzip", "deflate"})
# Tells gzip from zlib by itself.
EITHER = zlib.MAX_WBITS | 32


class TooLong(Exception):
    """What a packed body says is longer than may be read."""


def plain(body: bytes, coding: str, most: int) -> bytes | None:
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
    return _unpacked(body, most) if named in PACKED else None


def _unpacked(body: bytes, most: int) -> bytes | None:
    unpacking = zlib.decompressobj(EITHER)
    try:
        said = unpacking.decompress(body, most + 1)
    except zlib.error:
        return None
    if len(said) > most:
        raise TooLong
    return said if unpacking.eof and not unpacking.unused_data else None

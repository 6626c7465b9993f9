"""Compressed bodies are decoded, within a bound."""

from __future__ import annotations

import gzip
import zlib

import pytest

from understudy.core.content_coding import (
    DecodedTooLargeError,
    decode_content,
    strip_coding_headers,
)

BODY = b'{"name":"Sale"}'
GZIPPED = gzip.compress(BODY, mtime=0)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("", BODY),
        ("identity", BODY),
        ("gzip", GZIPPED),
        (" X-GZIP ", GZIPPED),
        ("deflate", zlib.compress(BODY)),
        ("deflate", zlib.compress(BODY, wbits=-15)),
    ],
)
def test_a_body_is_decoded(coding: str, body: bytes) -> None:
    """Deflate with zlib's header, as the standard says, or without, as some servers do."""
    assert decode_content(body, coding, len(BODY)) == BODY


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("br", BODY),
        ("gzip", BODY),
        ("gzip", GZIPPED[:-4]),
        ("gzip", GZIPPED + b"more"),
    ],
)
def test_a_body_that_cannot_be_decoded(coding: str, body: bytes) -> None:
    """Another coding, another body, half of one, or more than one."""
    assert decode_content(body, coding, 1_000) is None


@pytest.mark.parametrize("wbits", [31, 15, -15])
def test_a_bomb_is_not_decoded(wbits: int) -> None:
    """However small it came."""
    body = zlib.compress(bytes(1_000_000), wbits=wbits)

    with pytest.raises(DecodedTooLargeError):
        decode_content(body, "gzip" if wbits == 31 else "deflate", 999_999)


def test_headers_of_a_decoded_body() -> None:
    """They no longer say how the body was compressed, nor how long that was."""
    headers = [("Content-Encoding", "gzip"), ("content-length", "9"), ("X-A", "1")]

    assert strip_coding_headers(headers) == (("X-A", "1"),)

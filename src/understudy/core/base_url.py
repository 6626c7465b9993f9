"""Base URLs that a user names: where an API is, without a query or a credential."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import httpx

from understudy.core.errors import StartError

# The characters of a request line that need no percent-encoding, and those that no URL has.
URL_CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))
NOT_IN_URLS = frozenset('\\"<>')


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A base URL.

    Attributes:
        text: as it was given.
        origin: scheme, host and port.
        prefix: its path, without a slash at the end.
    """

    text: str
    origin: httpx.URL
    prefix: str


def parse_base_url(text: str, flag: str, example: str) -> BaseUrl:
    """The base URL that a flag names.

    Args:
        flag: names it in the error.
        example: a URL that is right there.

    Raises:
        StartError: when it is not a base URL; says why, without repeating a password in it.
    """
    try:
        reason = _find_fault(text)
        if not reason:
            parts = urlsplit(text)
            origin = httpx.URL(scheme=parts.scheme, host=parts.hostname or "", port=parts.port)
            return BaseUrl(text, origin, parts.path.rstrip("/"))
    except (httpx.InvalidURL, ValueError) as error:
        reason = str(error)
    raise StartError(f"{flag}: {reason}; give a URL such as {example}")


def _find_fault(text: str) -> str:
    parts = urlsplit(text)
    if "@" in parts.netloc or "@" in text.partition("//")[2].partition("/")[0]:
        return "the URL contains credentials"
    if set(text) - set(URL_CHARACTERS) or NOT_IN_URLS & set(text):
        return "the URL contains characters that are not allowed in URLs"
    if parts.scheme not in ("http", "https"):
        return f'"{text}" is not an http or https URL'
    if "?" in text or "#" in text:
        return f'"{text}" has a query or a fragment'
    # Reading the port checks it.
    if not parts.hostname or parts.port == 0 or not httpx.URL(text).host:
        return f'"{text}" has no host, or port 0'
    if has_dot_segments(parts.path):
        return f'"{text}" has "." or ".." in its path'
    return ""


def has_dot_segments(path: str) -> bool:
    """Whether a server might read a segment of this path as `.` or `..`."""
    return any(segment in (".", "..") for segment in decode_segments(path))


def decode_segments(path: str) -> list[str]:
    """The segments of an encoded path as the most lenient server reads them.

    Decoded twice, because a server behind another one may decode what is left of an encoding.
    """
    return unquote(unquote(path)).replace("\\", "/").split("/")

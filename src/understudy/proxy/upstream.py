"""The one server that a proxy may ask: its address, and what a request's target is there."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

import httpx

from understudy.core.errors import StartError, Unforwardable

# What may stand in a request line as it is; the rest of a byte's values is percent-encoded.
PLAIN = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the vendor is.

    Attributes:
        origin: scheme, host and port; every connection goes there, whatever a request says.
        prefix: what stands before the vendor's own paths, without a slash at its end.
    """

    origin: httpx.URL
    prefix: str = ""

    @property
    def host(self) -> str:
        """Host, and port where it is not the usual one, as messages name it."""
        return self.origin.netloc.decode("ascii")

    def target(self, path: str, query: bytes) -> bytes:
        """What stands in the request line: path and query, byte for byte as they came.

        Args:
            path: encoded, at the vendor.

        Raises:
            Unforwardable: when it is no path, or one that leads out of the prefix.
        """
        if not path.startswith("/"):
            raise Unforwardable(f'"{path}" is no path', hint="ask for a path that begins with /")
        if self.prefix and _climbs(path):
            hint = f"ask for a path below {self.prefix}"
            raise Unforwardable(f"{path} leads out of the upstream's {self.prefix}", hint=hint)
        line = f"{self.prefix}{path}".encode("latin-1") + (b"?" + query if query else b"")
        return quote(line, safe=PLAIN).encode("ascii")


def _climbs(path: str) -> bool:
    """Whether some server might read a path as one above where it begins."""
    depth = 0
    # Twice: what is decoded once more behind the vendor's door must not climb either.
    for segment in unquote(unquote(path)).replace("\\", "/").split("/")[1:]:
        if segment not in ("", "."):
            depth += -1 if segment == ".." else 1
        if depth < 0:
            return True
    return False


def read_upstream(text: str) -> Upstream:
    """The upstream that a user names.

    Raises:
        StartError: when it is none; says what is wrong with it.
    """
    fault = _fault(text)
    if not fault:
        parts = urlsplit(text)
        try:
            origin = httpx.URL(scheme=parts.scheme, host=parts.hostname or "", port=parts.port)
            return Upstream(origin, parts.path.rstrip("/"))
        except (httpx.InvalidURL, ValueError) as error:
            fault = str(error)
    raise StartError(f"--upstream: {fault}; name the vendor's origin, as in https://api.sent.dm")


def _fault(text: str) -> str:
    """What is wrong with an upstream's URL as text; a password in it is not told."""
    if any(each not in PLAIN for each in text) or "\\" in text:
        return "the URL holds characters that no URL does"
    try:
        return _part_at_fault(text, urlsplit(text))
    except ValueError as error:
        return str(error)


def _part_at_fault(text: str, parts: SplitResult) -> str:
    if "@" in parts.netloc:
        return "the URL holds credentials, which belong into the requests"
    if parts.scheme not in ("http", "https"):
        return f'"{text}" is no http or https URL'
    # Reading the port checks it.
    if not parts.hostname or parts.port == 0:
        return f'"{text}" names no host, or no port that there can be'
    if "?" in text or "#" in text:
        return f'"{text}" has a query or a fragment'
    if _climbs(parts.path) or {".", ".."} & set(unquote(parts.path).split("/")):
        return f'"{text}" has a path with dots in it'
    return ""

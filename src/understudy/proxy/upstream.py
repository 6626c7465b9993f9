"""The server that a proxy forwards requests to: its address, and the request targets there."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

import httpx

from understudy.core.errors import StartError, Unforwardable

# The characters that a request line may hold; all others are percent-encoded.
VISIBLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Upstream:
    """The address of the real vendor.

    Attributes:
        origin: scheme, host and port; every connection goes there, whatever a request contains.
        prefix: path in front of the vendor's own paths, without a slash at its end.
    """

    origin: httpx.URL
    prefix: str = ""

    @property
    def host(self) -> str:
        """The host, with the port unless it is the default one; for messages."""
        return self.origin.netloc.decode("ascii")

    def make_target(self, path: str, query: bytes) -> bytes:
        """Make the target of a request line: path and query, byte for byte as they were received.

        Args:
            path: percent-encoded path at the vendor.

        Raises:
            Unforwardable: when it is not a path, or leads out of the prefix.
        """
        if not path.startswith("/"):
            raise Unforwardable(f'"{path}" is not a path', hint="ask for a path that begins with /")
        if self.prefix and _leaves_root(path):
            hint = f"ask for a path below {self.prefix}"
            raise Unforwardable(f"{path} leads out of the upstream's {self.prefix}", hint=hint)
        line = f"{self.prefix}{path}".encode("latin-1") + (b"?" + query if query else b"")
        return quote(line, safe=VISIBLE_ASCII).encode("ascii")


def _leaves_root(path: str) -> bool:
    """Whether a server might resolve a path to one above its root."""
    depth = 0
    # Decoded twice, as a server behind the upstream may decode the path again.
    for segment in unquote(unquote(path)).replace("\\", "/").split("/")[1:]:
        if segment not in ("", "."):
            depth += -1 if segment == ".." else 1
        if depth < 0:
            return True
    return False


def parse_upstream(text: str) -> Upstream:
    """Parse the value of `--upstream`.

    Raises:
        StartError: when it is not the URL of an upstream; says what is wrong with it.
    """
    fault = _find_fault(text)
    if not fault:
        parts = urlsplit(text)
        try:
            origin = httpx.URL(scheme=parts.scheme, host=parts.hostname or "", port=parts.port)
            return Upstream(origin, parts.path.rstrip("/"))
        except (httpx.InvalidURL, ValueError) as error:
            fault = str(error)
    raise StartError(f"--upstream: {fault}; name the vendor's origin, as in https://api.sent.dm")


def _find_fault(text: str) -> str:
    """Say what is wrong with a URL, without quoting a password in it; "" when nothing is."""
    if any(each not in VISIBLE_ASCII for each in text) or "\\" in text:
        return "the URL has characters that are not allowed in a URL"
    try:
        return _find_fault_in_parts(text, urlsplit(text))
    except ValueError as error:
        return str(error)


def _find_fault_in_parts(text: str, parts: SplitResult) -> str:
    if "@" in parts.netloc:
        return "the URL has credentials; send them with the requests instead"
    if parts.scheme not in ("http", "https"):
        return f'"{text}" is not an http or https URL'
    # Reading the port checks it.
    if not parts.hostname or parts.port == 0:
        return f'"{text}" has no host, or an invalid port'
    if "?" in text or "#" in text:
        return f'"{text}" has a query or a fragment'
    if _leaves_root(parts.path) or {".", ".."} & set(unquote(parts.path).split("/")):
        return f'"{text}" has a path with dots in it'
    return ""

"""The server that a proxy forwards requests to: its address, and the request targets there."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import httpx

from understudy.core.base_url import URL_CHARACTERS, decode_segments, parse_base_url
from understudy.core.errors import Unforwardable


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
        return quote(line, safe=URL_CHARACTERS).encode("ascii")


def _leaves_root(path: str) -> bool:
    """Whether a server might resolve a path to one above its root."""
    depth = 0
    for segment in decode_segments(path)[1:]:
        if segment not in ("", "."):
            depth += -1 if segment == ".." else 1
        if depth < 0:
            return True
    return False


def parse_upstream(text: str) -> Upstream:
    """Parse the value of `--upstream`.

    Raises:
        StartError: when it is not a base URL; says what is wrong with it.
    """
    url = parse_base_url(text, "--upstream", "https://api.sent.dm")
    return Upstream(url.origin, url.prefix)

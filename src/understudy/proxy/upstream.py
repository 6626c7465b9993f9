"""The one server that a proxy may ask: its address, and what a request's target is there."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import httpx

from understudy.core.base_url import URL_CHARACTERS, decode_segments, parse_base_url
from understudy.core.errors import Unforwardable


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
        return quote(line, safe=URL_CHARACTERS).encode("ascii")


def _climbs(path: str) -> bool:
    """Whether a server might read a path as one above where it begins."""
    depth = 0
    for segment in decode_segments(path)[1:]:
        if segment not in ("", "."):
            depth += -1 if segment == ".." else 1
        if depth < 0:
            return True
    return False


def read_upstream(text: str) -> Upstream:
    """The upstream that a user names.

    Raises:
        StartError: when it is not a base URL; says what is wrong with it.
    """
    url = parse_base_url(text, "--upstream", "https://api.sent.dm")
    return Upstream(url.origin, url.prefix)

"""Request: what a client sent, whole; never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Request(NamedTuple):
    """A request as it came in; a tuple, because those are made fastest.

    Attributes:
        path: at the vendor, encoded; without prefix and query.
        query: as text.
        headers: names in lower case; a header that was sent more than once is joined by ", ".
        received: the instant (ns, by the session's clock) at which it was whole.
        content: the body's bytes; none of a body that was too large.
        too_large: whether the body was larger than the limit.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    received: int
    content: bytes = b""
    too_large: bool = False

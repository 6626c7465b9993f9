"""The options of a proxy."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_TIMEOUT = 30.0
DEFAULT_RESPONSE_LIMIT = 10_485_760


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """The options of one proxy.

    Attributes:
        errors: whether to answer with an error when a request or a reply differs from the document.
        read_only: whether to forward only GET, HEAD and OPTIONS.
        timeout: seconds that the upstream may take for a complete reply.
        response_limit: bytes of the largest reply, both as it is received and decoded.
    """

    errors: bool = False
    read_only: bool = False
    timeout: float = DEFAULT_TIMEOUT
    response_limit: int = DEFAULT_RESPONSE_LIMIT

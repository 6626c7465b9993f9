"""On which terms a proxy passes requests and replies: one frozen record."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_TIMEOUT = 30.0
DEFAULT_RESPONSE_LIMIT = 10_485_760


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """The terms of one proxy.

    Attributes:
        errors: answer with an error where something differs from the document.
        read_only: let only methods pass that change nothing.
        timeout: seconds that the upstream may take for a whole reply.
        response_limit: largest reply, in bytes, as it comes and when it is unpacked.
    """

    errors: bool = False
    read_only: bool = False
    timeout: float = DEFAULT_TIMEOUT
    response_limit: int = DEFAULT_RESPONSE_LIMIT

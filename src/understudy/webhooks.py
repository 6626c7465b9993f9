"""Deliveries: requests that the mock makes to its user, the way a vendor would.

They leave for loopback only, unless a host was allowed by name; a blocked one is recorded.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Literal
from urllib.parse import urlsplit

import httpx

State = Literal["pending", "delivered", "failed", "blocked"]
KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: when it began (ns, the session's clock), the status or what went wrong."""

    at: int
    status: int | None
    error: str = ""


@dataclass(slots=True)
class Delivery:
    """One event on its way to one URL. `timeout` is in seconds."""

    id: str
    vendor: str
    event: str
    url: str
    body: bytes
    headers: dict[str, str]
    timeout: float
    created: int
    state: State = "pending"
    attempts: list[Attempt] = field(default_factory=list)
    reason: str = ""


def refusal(url: str, allowed: frozenset[str]) -> str:
    """Why a delivery to this URL must not leave, or "" when it may."""
    try:
        parts = urlsplit(url)
        # Reading the port checks it; a socket would fail on one that does not exist.
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "the URL cannot be read"
    if parts.scheme not in ("http", "https") or not host:
        return "only http and https URLs with a host are called"
    if is_loopback(host) or host in allowed:
        return ""
    return f"{host} is not on this machine; allow it with --webhook-host {host}"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine by definition."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the certificate store takes longer than most deliveries."""
    return ssl.create_default_context()


class Webhooks:
    """The deliveries of one session, oldest first.

    Args:
        allowed: host names beyond loopback.
        now: the session's clock.
    """

    def __init__(self, allowed: frozenset[str], now: Callable[[], int]) -> None:
        self.deliveries: deque[Delivery] = deque(maxlen=KEPT)
        self._allowed = frozenset(host.lower() for host in allowed)
        self._now = now
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, delivery: Delivery) -> None:
        """Record a delivery and start it in the background, or record why it was blocked."""
        self.deliveries.append(delivery)
        reason = refusal(delivery.url, self._allowed)
        if reason:
            delivery.state, delivery.reason = "blocked", reason
            return
        task = asyncio.get_running_loop().create_task(self._attempt(delivery))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Wait until no delivery is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    def close(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()

    async def _attempt(self, delivery: Delivery) -> None:
        at = self._now()
        secure = delivery.url.startswith("https:")
        client = httpx.AsyncClient(
            timeout=delivery.timeout, trust_env=False, verify=_tls() if secure else False
        )
        try:
            async with client:
                answer = await client.post(
                    delivery.url, content=delivery.body, headers=delivery.headers
                )
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            delivery.reason = f"{type(error).__name__}: {error}"
            delivery.attempts.append(Attempt(at, None, delivery.reason))
            delivery.state = "failed"
            return
        delivery.attempts.append(Attempt(at, answer.status_code))
        delivery.state = "delivered" if answer.is_success else "failed"

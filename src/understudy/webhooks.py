"""Deliveries: requests that the mock makes to its user, the way a vendor would.

They leave for loopback only, unless a host was allowed by name; a blocked one is recorded.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from understudy.clock import MILLISECOND

State = Literal["pending", "delivered", "failed", "blocked"]
KEPT = 1_000
EXCERPT = 1_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a delivery.

    Attributes:
        at: when it began, in nanoseconds; `milliseconds` is what it took, by the same clock.
        status: of the receiver's answer; None when there was none.
        excerpt: how the answer's body begins.
        error: what went wrong; "" when there was an answer.
    """

    at: int
    status: int | None
    error: str = ""
    excerpt: str = ""
    milliseconds: int = 0

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class Delivery:
    """One event on its way to one URL.

    Attributes:
        timeout: in seconds.
        report: the room's action that is told of the attempt, if any.
        about: what the room wants to find again when it is told.
        subscription: whose deliveries leave one after the other.
    """

    id: str
    vendor: str
    event: str
    url: str
    body: bytes
    headers: dict[str, str]
    timeout: float
    created: int
    report: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    subscription: str = ""
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
    if is_loopback(host) or host in {name.lower() for name in allowed}:
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


Report = Callable[[Delivery, Attempt], Awaitable[None]]


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the certificate store takes longer than most deliveries."""
    return ssl.create_default_context()


class Webhooks:
    """The deliveries of one session, oldest first.

    Args:
        allowed: host names beyond loopback.
        now: the session's clock.
        report: is told of each attempt in the background.
    """

    def __init__(
        self, allowed: frozenset[str], now: Callable[[], int], report: Report | None = None
    ) -> None:
        self.deliveries: deque[Delivery] = deque(maxlen=KEPT)
        self._allowed = allowed
        self._now = now
        self._report = report
        self._closed = False
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, delivery: Delivery) -> None:
        """Record a delivery and start it in the background; a closed session sends nothing."""
        if self._closed:
            return
        task = asyncio.get_running_loop().create_task(self._send(delivery))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        self.deliveries.append(delivery)

    async def send_now(self, delivery: Delivery) -> Attempt:
        """Record a delivery, send it and wait for what comes of it."""
        self.deliveries.append(delivery)
        return await self._attempt(delivery)

    async def _send(self, delivery: Delivery) -> None:
        attempt = await self._attempt(delivery)
        if self._report is not None:
            await self._report(delivery, attempt)

    async def settle(self) -> None:
        """Wait until no delivery is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    def close(self) -> None:
        """Give up what is under way, and send nothing more."""
        self._closed = True
        for task in self._under_way:
            task.cancel()

    async def _attempt(self, delivery: Delivery) -> Attempt:
        at = self._now()
        reason = refusal(delivery.url, self._allowed)
        if reason:
            delivery.state, delivery.reason = "blocked", reason
            return Attempt(at, None, reason)
        attempt = await self._post(delivery, at)
        delivery.attempts.append(attempt)
        delivery.reason = attempt.error
        delivery.state = "delivered" if attempt.succeeded else "failed"
        return attempt

    async def _post(self, delivery: Delivery, at: int) -> Attempt:
        secure = urlsplit(delivery.url).scheme == "https"
        client = httpx.AsyncClient(
            timeout=delivery.timeout, trust_env=False, verify=_tls() if secure else False
        )
        body, headers = delivery.body, delivery.headers
        try:
            # The client's own timeout starts anew with every byte; this one is for the whole.
            async with (
                asyncio.timeout(delivery.timeout),
                client,
                client.stream("POST", delivery.url, content=body, headers=headers) as answer,
            ):
                excerpt = await _beginning(answer)
        except TimeoutError:
            return Attempt(at, None, f"no answer within {delivery.timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            return Attempt(at, None, f"{type(error).__name__}: {error}")
        spent = (self._now() - at) // MILLISECOND
        return Attempt(at, answer.status_code, excerpt=excerpt, milliseconds=spent)


async def _beginning(answer: httpx.Response) -> str:
    """How an answer's body begins, whatever its length and charset."""
    read = b""
    async for part in answer.aiter_bytes():
        read += part
        if len(read) >= EXCERPT:
            break
    return read[:EXCERPT].decode("utf-8", "replace")

"""A client of the admin plane: control a mock server from Python.

    mock = Client("http://127.0.0.1:4010", session="checkout")
    mock.clock.shift(days=1).fired
    with mock.faults.during("reset", vendor="sent"):
        ...

`AsyncClient` has the same methods as coroutines. The clients need httpx, and nothing of the server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Unpack

import httpx

from understudy.client.errors import AdminError, ClientError, Unreachable, Unreadable
from understudy.client.keywords import FaultFields
from understudy.client.models import Fault, FaultKind, Instant, Page
from understudy.client.operations import FaultOperations, Operations
from understudy.client.transport import AsyncSender, Sender, parse_target

__all__ = [
    "AdminError",
    "AsyncClient",
    "Client",
    "ClientError",
    "Instant",
    "Page",
    "Unreachable",
    "Unreadable",
]

DEFAULT_URL = "http://127.0.0.1:4010"
# Seconds; a long shift of the clock, or populating many resources, takes a while.
DEFAULT_TIMEOUT = 60.0


@contextmanager
def _ignore_missing() -> Iterator[None]:
    """Ignore that a fault has been deleted already, for example by a reset."""
    try:
        yield
    except AdminError as error:
        if error.status != httpx.codes.NOT_FOUND:
            raise


class Faults(FaultOperations[Sender]):
    """The planned faults of the session."""

    @contextmanager
    def during(self, kind: FaultKind, **fields: Unpack[FaultFields]) -> Iterator[Fault]:
        """Plan a fault and delete it at the end; the arguments are those of `add`."""
        planned = self.add(kind, **fields)
        try:
            yield planned
        finally:
            with _ignore_missing():
                self.delete(planned.id)


class AsyncFaults(FaultOperations[AsyncSender]):
    """The planned faults of the session."""

    @asynccontextmanager
    async def during(self, kind: FaultKind, **fields: Unpack[FaultFields]) -> AsyncIterator[Fault]:
        """Plan a fault and delete it at the end; the arguments are those of `add`."""
        planned = await self.add(kind, **fields)
        try:
            yield planned
        finally:
            with _ignore_missing():
                await self.delete(planned.id)


class Client(Operations[Sender]):
    """A client of a mock server, in one session.

    Args:
        url: URL of the server; it may name the session, as `http://HOST:PORT/@SESSION`.
        session: name of the session; without one, that of the URL, else `default`.
        token: the admin token, if the server requires one.
        transport: an httpx transport to use instead of the network.
        timeout: seconds to wait for each answer; None to wait without end.
        http: an httpx client to send with, instead of transport and timeout; it is not closed.

    Proxies of the environment are not used.

    Raises:
        ValueError: when the URL has no scheme.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        session: str | None = None,
        token: str | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
        http: httpx.Client | None = None,
    ) -> None:
        self._shares_http = http is not None
        target = parse_target(url, session, token)
        sender_http = http or httpx.Client(
            transport=transport, timeout=timeout, verify=target.tls, trust_env=False
        )
        super().__init__(Sender(sender_http, target))
        self.faults = Faults(self.send)

    def session(self, name: str) -> Client:
        """Return a client of another session; it shares the connections and never closes them."""
        target = self.send.target
        return Client(target.origin, session=name, token=target.token, http=self.send.http)

    def close(self) -> None:
        """Close the connections."""
        if not self._shares_http:
            self.send.http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class AsyncClient(Operations[AsyncSender]):
    """A client of a mock server, in one session, whose requests are awaited.

    Args:
        url: URL of the server; it may name the session, as `http://HOST:PORT/@SESSION`.
        session: name of the session; without one, that of the URL, else `default`.
        token: the admin token, if the server requires one.
        transport: an httpx transport to use instead of the network, such as
            `httpx.ASGITransport(app)`.
        timeout: seconds to wait for each answer; None to wait without end.
        http: an httpx client to send with, instead of transport and timeout; it is not closed.

    Proxies of the environment are not used.

    Raises:
        ValueError: when the URL has no scheme.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        session: str | None = None,
        token: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._shares_http = http is not None
        target = parse_target(url, session, token)
        sender_http = http or httpx.AsyncClient(
            transport=transport, timeout=timeout, verify=target.tls, trust_env=False
        )
        super().__init__(AsyncSender(sender_http, target))
        self.faults = AsyncFaults(self.send)

    def session(self, name: str) -> AsyncClient:
        """Return a client of another session; it shares the connections and never closes them."""
        target = self.send.target
        return AsyncClient(target.origin, session=name, token=target.token, http=self.send.http)

    async def close(self) -> None:
        """Close the connections."""
        if not self._shares_http:
            await self.send.http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

"""The admin plane from Python: what a tester does around the mock.

    mock = Client("http://127.0.0.1:4010", session="checkout")
    mock.clock.shift(days=1).fired
    with mock.faults.during("reset", vendor="sent"):
        ...

`AsyncClient` is the same to be awaited. It needs httpx and nothing of the server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Unpack

import httpx

from understudy.client.errors import AdminError, ClientError, Unreachable, Unreadable
from understudy.client.keywords import FaultMembers
from understudy.client.models import Fault, FaultKind, Instant, Page
from understudy.client.operations import FaultAsks, Operations
from understudy.client.transport import AsyncSender, Sender, target

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

URL = "http://127.0.0.1:4010"
# Seconds: a long shift or many invented resources take a while.
TIMEOUT = 60.0


@contextmanager
def _unless_gone() -> Iterator[None]:
    """A fault that a reset has taken back need not be taken back again."""
    try:
        yield
    except AdminError as error:
        if error.status != httpx.codes.NOT_FOUND:
            raise


class Faults(FaultAsks[Sender]):
    """Planned failures of the session."""

    @contextmanager
    def during(self, kind: FaultKind, **members: Unpack[FaultMembers]) -> Iterator[Fault]:
        """Plan a failure, and take it back at the end; takes what `add` takes."""
        planned = self.add(kind, **members)
        try:
            yield planned
        finally:
            with _unless_gone():
                self.delete(planned.id)


class AsyncFaults(FaultAsks[AsyncSender]):
    """Planned failures of the session."""

    @asynccontextmanager
    async def during(
        self, kind: FaultKind, **members: Unpack[FaultMembers]
    ) -> AsyncIterator[Fault]:
        """Plan a failure, and take it back at the end; takes what `add` takes."""
        planned = await self.add(kind, **members)
        try:
            yield planned
        finally:
            with _unless_gone():
                await self.delete(planned.id)


class Client(Operations[Sender]):
    """A mock server from the outside, in one session.

    Args:
        url: of the server; it may name the session, as `http://HOST:PORT/@SESSION`.
        session: `default` when neither names one.
        token: of the admin plane, where it demands one.
        transport: in place of a network.
        timeout: in seconds, for each answer; None waits for ever.
        http: a client of your own to send with, which stays open; transport and timeout are its.

    A proxy that the environment names is not used.

    Raises:
        ValueError: when the URL has no scheme.
    """

    def __init__(
        self,
        url: str = URL,
        *,
        session: str | None = None,
        token: str | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: float | None = TIMEOUT,
        http: httpx.Client | None = None,
    ) -> None:
        self._lent = http is not None
        whom = target(url, session, token)
        pool = http or httpx.Client(
            transport=transport, timeout=timeout, verify=whom.tls, trust_env=False
        )
        super().__init__(Sender(pool, whom))
        self.faults = Faults(self.send)

    def session(self, name: str) -> Client:
        """A client of another session; it shares the connections, and closing it closes none."""
        whom = self.send.target
        return Client(whom.origin, session=name, token=whom.token, http=self.send.http)

    def close(self) -> None:
        """Close the connections."""
        if not self._lent:
            self.send.http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient(Operations[AsyncSender]):
    """A mock server from the outside, in one session; everything that asks it is awaited.

    Args:
        url: of the server; it may name the session, as `http://HOST:PORT/@SESSION`.
        session: `default` when neither names one.
        token: of the admin plane, where it demands one.
        transport: in place of a network, such as `httpx.ASGITransport(app)`.
        timeout: in seconds, for each answer; None waits for ever.
        http: a client of your own to send with, which stays open; transport and timeout are its.

    A proxy that the environment names is not used.

    Raises:
        ValueError: when the URL has no scheme.
    """

    def __init__(
        self,
        url: str = URL,
        *,
        session: str | None = None,
        token: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float | None = TIMEOUT,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._lent = http is not None
        whom = target(url, session, token)
        pool = http or httpx.AsyncClient(
            transport=transport, timeout=timeout, verify=whom.tls, trust_env=False
        )
        super().__init__(AsyncSender(pool, whom))
        self.faults = AsyncFaults(self.send)

    def session(self, name: str) -> AsyncClient:
        """A client of another session; it shares the connections, and closing it closes none."""
        whom = self.send.target
        return AsyncClient(whom.origin, session=name, token=whom.token, http=self.send.http)

    async def close(self) -> None:
        """Close the connections."""
        if not self._lent:
            await self.send.http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

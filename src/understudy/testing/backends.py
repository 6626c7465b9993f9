"""Where the mock of a test is: in this process, or a server that runs already."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import httpx

from understudy.client import AdminError, Client
from understudy.engine.registry import open_service, vendor_names
from understudy.inprocess.httpx_transports import AsyncTransport, SyncTransport
from understudy.inprocess.live_server import LiveServer
from understudy.inprocess.loop import shared_loop

if TYPE_CHECKING:
    from understudy.server.app import App
    from understudy.service.service import Service

# The host of requests that need no socket; no vendor's.
ORIGIN = "http://understudy"
# Seconds that a webhook's receiver may take to answer until nobody waits for it.
GRACE = 0.5


class Server(Protocol):
    """A mock behind a socket."""

    @property
    def url(self) -> str: ...

    def client(self, session: str | None = None) -> Client: ...


class Backend(Protocol):
    """A mock that gives tests sessions of their own.

    Attributes:
        origin: what its addresses begin with.
        token: of its admin plane, if it demands one.
    """

    origin: str
    token: str | None

    @property
    def app(self) -> App: ...

    @property
    def server(self) -> Server: ...

    def transport(self) -> httpx.BaseTransport | None: ...

    def async_transport(self) -> httpx.AsyncBaseTransport | None: ...

    def begin(self, session: str, stands_at: int | None) -> None: ...

    def settle(self, session: str) -> None: ...

    def end(self, session: str) -> None: ...

    def headers(self, vendor: str) -> dict[str, str]: ...

    def key(self, vendor: str) -> str: ...

    def close(self) -> None: ...


class InProcessBackend:
    """An app of this process; a socket is opened when somebody asks for it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.origin = ORIGIN
        self.token: str | None = None

    def transport(self) -> httpx.BaseTransport:
        return SyncTransport(self.app)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        return AsyncTransport(self.app)

    def begin(self, session: str, stands_at: int | None) -> None:
        """Give a session its seed world, and its clock where it is to stand."""

        async def seed() -> None:
            self.app.sessions.drop(session)
            begun = self.app.session(session)
            if stands_at is not None:
                await begun.stand_at(stands_at)

        shared_loop().run(seed()).result()

    def settle(self, session: str) -> None:
        """Wait a moment for the webhooks that are on their way, and for what comes of them."""

        async def settle() -> None:
            found = self.app.sessions.find(session)
            if found is not None:
                await found.webhooks.settle(timeout=GRACE)

        shared_loop().run(settle()).result()

    def end(self, session: str) -> None:
        shared_loop().do(lambda: self.app.sessions.drop(session))

    @cached_property
    def server(self) -> LiveServer:
        """The same app behind a socket, from now on."""
        return LiveServer(self.app).start()

    def key(self, vendor: str) -> str:
        service = service_of(self.app.services, vendor)
        if service.accounts is None:
            raise LookupError(f"{vendor} has no accounts, so it has no key")
        return service.accounts.default.credential

    def headers(self, vendor: str) -> dict[str, str]:
        return make_credential_header(service_of(self.app.services, vendor), self.key(vendor))

    @property
    def listens(self) -> bool:
        """Whether somebody has asked for a socket."""
        return "server" in self.__dict__

    def close(self) -> None:
        if self.listens:
            self.server.stop()


class RemoteBackend:
    """A server that runs already, in another process or on another machine."""

    def __init__(self, url: str, token: str | None) -> None:
        self.origin = self.url = url.rstrip("/")
        self.token = token
        self._http = httpx.Client(trust_env=False, timeout=60)
        self.client().health()

    @property
    def app(self) -> App:
        """There is none in this process.

        Raises:
            RuntimeError: always; says what to leave out.
        """
        here = "this needs the mock in the tests' own process"
        raise RuntimeError(f"{here}, but it runs at {self.url}; leave out --understudy-url")

    @property
    def server(self) -> Server:
        return self

    def client(self, session: str | None = None) -> Client:
        """A client of the admin plane, in a session."""
        return Client(self.url, session=session, token=self.token, http=self._http)

    def transport(self) -> None:
        """The network it is."""

    def async_transport(self) -> None:
        """The network it is."""

    def begin(self, session: str, stands_at: int | None) -> None:
        """Give a session its seed world, and its clock where it is to stand."""
        from understudy.core.clock import format_instant

        client = self.client(session)
        client.reset()
        if stands_at is not None:
            client.clock.freeze()
            # It may be a little ahead of this machine's time.
            if format_instant(stands_at) > client.clock.get().now:
                client.clock.move_to(format_instant(stands_at))

    def settle(self, session: str) -> None:
        """Wait a moment for the webhooks that are on their way, as every move of a clock does."""
        clock = self.client(session).clock
        if clock.get().frozen:
            clock.shift()

    def end(self, session: str) -> None:
        with suppress(AdminError):
            self.client(session).sessions.drop()

    def key(self, vendor: str) -> str:
        accounts = self.client().vendors.get(vendor).accounts
        return next(account.key for account in accounts if account.default)

    def headers(self, vendor: str) -> dict[str, str]:
        services = {vendor: open_service(vendor)} if vendor in vendor_names() else {}
        return make_credential_header(service_of(services, vendor), self.key(vendor))

    def close(self) -> None:
        self._http.close()


def service_of(services: Mapping[str, Service], vendor: str) -> Service:
    """The service of a vendor.

    Raises:
        LookupError: when it is not served; names those that are.
    """
    if vendor not in services:
        raise LookupError(f'there is no vendor "{vendor}"; served: {", ".join(services)}')
    return services[vendor]


def make_credential_header(service: Service, key: str) -> dict[str, str]:
    """The request header that carries a credential."""
    return service.document.security.first.make_headers(key)

"""Backends: the mock of a test runs in this process, or is a server that runs already."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import httpx

from understudy.client import AdminError, Client
from understudy.engine.registry import open_service
from understudy.inprocess.httpx_transports import AsyncTransport, SyncTransport
from understudy.inprocess.live_server import LiveServer
from understudy.inprocess.loop import shared_loop
from understudy.testing.session import UnderstudyServer
from understudy.vendors import vendor_names

if TYPE_CHECKING:
    from understudy.server.app import App
    from understudy.service.service import Service

# Origin of requests that need no socket; the host is not a vendor's.
ORIGIN = "http://understudy"
# How long to wait for the answers of webhooks' receivers, in seconds.
SETTLE_SECONDS = 0.5


class Backend(Protocol):
    """A mock that gives tests sessions of their own.

    Attributes:
        origin: of its addresses.
        token: of its admin plane, when it requires one.
    """

    origin: str
    token: str | None

    @property
    def app(self) -> App: ...

    @property
    def server(self) -> UnderstudyServer: ...

    def transport(self) -> httpx.BaseTransport | None: ...

    def async_transport(self) -> httpx.AsyncBaseTransport | None: ...

    def begin(self, session: str, frozen_at: int | None) -> None: ...

    def settle(self, session: str) -> None: ...

    def end(self, session: str) -> None: ...

    def headers(self, vendor: str) -> dict[str, str]: ...

    def key(self, vendor: str) -> str: ...

    def close(self) -> None: ...


class InProcessBackend:
    """An app of this process; it listens on a socket from the first access to `server`."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.origin = ORIGIN
        self.token: str | None = None

    def transport(self) -> httpx.BaseTransport:
        return SyncTransport(self.app)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        return AsyncTransport(self.app)

    def begin(self, session: str, frozen_at: int | None) -> None:
        """Begin a session in its seed data, with its clock frozen at an instant (ns), if given."""

        async def seed() -> None:
            self.app.sessions.drop(session)
            begun = self.app.session(session)
            if frozen_at is not None:
                await begun.stand_at(frozen_at)

        shared_loop().run(seed()).result()

    def settle(self, session: str) -> None:
        """Wait a moment for the webhooks that are being sent, and their consequences."""

        async def settle() -> None:
            found = self.app.sessions.find(session)
            if found is not None:
                await found.webhooks.settle(timeout=SETTLE_SECONDS)

        shared_loop().run(settle()).result()

    def end(self, session: str) -> None:
        shared_loop().do(lambda: self.app.sessions.drop(session))

    @cached_property
    def server(self) -> LiveServer:
        """The same app behind a socket."""
        return LiveServer(self.app).start()

    def key(self, vendor: str) -> str:
        service = find_service(self.app.services, vendor)
        if service.accounts is None:
            raise LookupError(f"{vendor} has no accounts, so it has no key")
        return service.accounts.default.credential

    def headers(self, vendor: str) -> dict[str, str]:
        return make_credential_header(find_service(self.app.services, vendor), self.key(vendor))

    @property
    def listens(self) -> bool:
        """Whether it listens on a socket."""
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
        """The app runs in another process.

        Raises:
            RuntimeError: always; says which option to leave out.
        """
        here = "this needs the mock in the tests' own process"
        raise RuntimeError(f"{here}, but it runs at {self.url}; leave out --understudy-url")

    @property
    def server(self) -> UnderstudyServer:
        return self

    def client(self, session: str | None = None) -> Client:
        """A client of the admin plane, in a session."""
        return Client(self.url, session=session, token=self.token, http=self._http)

    def transport(self) -> None:
        """None: requests use the network."""

    def async_transport(self) -> None:
        """None: requests use the network."""

    def begin(self, session: str, frozen_at: int | None) -> None:
        """Begin a session in its seed data, with its clock frozen at an instant (ns), if given."""
        from understudy.core.clock import format_instant

        client = self.client(session)
        client.reset()
        if frozen_at is not None:
            client.clock.freeze()
            # It may be a little ahead of this machine's time.
            if format_instant(frozen_at) > client.clock.get().now:
                client.clock.move_to(format_instant(frozen_at))

    def settle(self, session: str) -> None:
        """Wait a moment for the webhooks that are being sent, as every move of a clock does."""
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
        return make_credential_header(find_service(services, vendor), self.key(vendor))

    def close(self) -> None:
        self._http.close()


def find_service(services: Mapping[str, Service], vendor: str) -> Service:
    """The service of a vendor.

    Raises:
        LookupError: when it is not served; lists those that are.
    """
    if vendor not in services:
        raise LookupError(f'there is no vendor "{vendor}"; served: {", ".join(services)}')
    return services[vendor]


def make_credential_header(service: Service, key: str) -> dict[str, str]:
    """The request header with a credential, in the vendor's form."""
    return service.document.security.first.make_headers(key)

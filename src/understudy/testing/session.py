"""The fixture `understudy`: a session of the test's own, and what a test does with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol, Unpack

import httpx

from understudy.client import AdminError, AsyncClient, Client, Instant
from understudy.client.keywords import FaultFields
from understudy.client.models import (
    Fault,
    FaultKind,
    Fired,
    Populated,
    Session,
    Snapshot,
    VendorCoverage,
)
from understudy.client.operations import (
    ClockOperations,
    DeliveryOperations,
    RequestOperations,
    ResourceOperations,
)
from understudy.client.transport import Sender
from understudy.testing.webhooks import WebhookInbox

if TYPE_CHECKING:
    from datetime import datetime

    from understudy.client import Faults
    from understudy.server.app import App
    from understudy.testing.backends import Backend
    from understudy.testing.options import ChosenOptions
    from understudy.testing.receiver import Receiver

SNAPSHOT = "snapshot"


class UnderstudyServer(Protocol):
    """The mock behind a socket, as the fixture `understudy_server` gives it."""

    @property
    def url(self) -> str:
        """Its origin, such as `http://127.0.0.1:4010`."""

    @property
    def app(self) -> App:
        """The app that answers, when it is one of this process.

        Raises:
            RuntimeError: when the server runs in another process (`--understudy-url`).
        """

    def client(self, session: str | None = None) -> Client:
        """A client of the admin plane, in a session."""


class SessionUrl(str):
    """The base URL of a session; called with a vendor's name, that of the vendor in it."""

    __slots__ = ()

    def __call__(self, vendor: str) -> str:
        """The base URL of a vendor in this session."""
        return f"{self}/{vendor}"


@dataclass(frozen=True)
class SessionClock(ClockOperations[Sender]):
    """The session's time: `shift(days=1)`, `move_to(...)`, `freeze()`, `run()`, `now`."""

    @property
    def now(self) -> Instant:
        """The session's instant, as a text; `now.datetime` is the same as a datetime."""
        return self.get().now


class ArmedFault:
    """A planned fault: in force at once; as a context manager, until the end of the block."""

    def __init__(self, faults: Faults, planned: Fault) -> None:
        self._faults = faults
        self.planned = planned

    @property
    def struck(self) -> int:
        """How many requests or deliveries it has affected so far."""
        return self._faults.get(self.planned.id).struck

    def take_back(self) -> None:
        """Remove it; nothing happens when it is gone already."""
        try:
            self._faults.delete(self.planned.id)
        except AdminError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise

    def __enter__(self) -> ArmedFault:
        return self

    def __exit__(self, *error: object) -> None:
        self.take_back()


class Understudy:
    """A session that no other test has, from its seed data to the end of the test.

    Attributes:
        name: of the session, made from the test's name.
        options: those that hold for the test.
    """

    def __init__(
        self, backend: Backend, name: str, options: ChosenOptions, receiver: Receiver
    ) -> None:
        self.name = name
        self.options = options
        self.backend = backend
        self._receiver = receiver
        backend.begin(name, options.frozen_at)

    def __repr__(self) -> str:
        return f"<understudy session {self.name}>"

    @property
    def app(self) -> App:
        """The app that answers in this process; tests with equal options share it."""
        return self.backend.app

    @property
    def server(self) -> UnderstudyServer:
        """The same app behind a socket; it listens from the first access on."""
        return self.backend.server

    @property
    def url(self) -> SessionUrl:
        """The session over HTTP, for clients of other processes and languages.

        `url` is its base URL, `url("sent")` that of a vendor in it.
        """
        return SessionUrl(f"{self.server.url}/@{self.name}")

    def key(self, vendor: str) -> str:
        """The credential of a vendor's default account.

        Raises:
            LookupError: when the vendor is not served.
        """
        return self.backend.key(vendor)

    def headers(self, vendor: str) -> dict[str, str]:
        """The request header with this credential, in the vendor's form."""
        return self.backend.headers(vendor)

    @cached_property
    def client(self) -> httpx.Client:
        """An HTTP client that needs no socket: `client.get("/sent/v3/...")`."""
        origin = f"{self.backend.origin}/@{self.name}"
        return httpx.Client(transport=self.backend.transport(), base_url=origin, trust_env=False)

    @cached_property
    def async_client(self) -> httpx.AsyncClient:
        """An asynchronous `client`."""
        origin = f"{self.backend.origin}/@{self.name}"
        transport = self.backend.async_transport()
        return httpx.AsyncClient(transport=transport, base_url=origin, trust_env=False)

    @cached_property
    def admin(self) -> Client:
        """The client of the admin plane in this session, with everything that it can do."""
        return Client(
            self.backend.origin,
            session=self.name,
            token=self.backend.token,
            transport=self.backend.transport(),
        )

    @cached_property
    def async_admin(self) -> AsyncClient:
        """An asynchronous `admin`, for tests whose own event loop receives webhooks."""
        return AsyncClient(
            self.backend.origin,
            session=self.name,
            token=self.backend.token,
            transport=self.backend.async_transport(),
        )

    @cached_property
    def clock(self) -> SessionClock:
        """The session's time."""
        return SessionClock(self.admin.send)

    @property
    def requests(self) -> RequestOperations[Sender]:
        """The journal of requests and replies: `find`, `count`, `unmatched` ..."""
        return self.admin.requests

    @property
    def deliveries(self) -> DeliveryOperations[Sender]:
        """The webhooks that the vendors sent, to any receiver."""
        return self.admin.deliveries

    @property
    def resources(self) -> ResourceOperations[Sender]:
        """The resources that the vendors have stored."""
        return self.admin.resources

    @cached_property
    def webhooks(self) -> WebhookInbox:
        """A receiver of webhooks for this test."""
        settle = partial(self.backend.settle, self.name)
        return WebhookInbox(self._receiver, self.name, self.admin, settle)

    def fault(self, kind: FaultKind, **members: Unpack[FaultFields]) -> ArmedFault:
        """Plan a fault, until the end of the test or of a `with` block.

        Args:
            kind: such as "status", "reset" or "webhook-never".
            members: as `Client.faults.add` takes them: vendor, operation, times, status ...
        """
        return ArmedFault(self.admin.faults, self.admin.faults.add(kind, **members))

    def populate(
        self,
        vendor: str,
        collection: str,
        count: int,
        *,
        since: datetime | str | None = None,
        account: str | None = None,
    ) -> Populated:
        """Make realistic resources; as `Client.populate`."""
        return self.admin.populate(vendor, collection, count, since=since, account=account)

    def fire(
        self, vendor: str, collection: str, id: str, event: str, *, scope: str | None = None
    ) -> Fired:
        """Fire a lifecycle event by hand; as `Client.fire`."""
        return self.admin.fire(vendor, collection, id, event, scope=scope)

    def snapshot(self, name: str = SNAPSHOT) -> Snapshot:
        """Save the session's state under a name, for `restore`."""
        return self.admin.snapshots.save(name)

    def restore(self, name: str = SNAPSHOT) -> Session:
        """Go back to a saved state."""
        return self.admin.snapshots.restore(name)

    def reset(self) -> Session:
        """Go back to the seed data and to the instant at which the test began."""
        return self.admin.reset()

    def coverage(self) -> tuple[VendorCoverage, ...]:
        """How much of each vendor's document this test has exercised."""
        return self.admin.coverage()

    def close(self) -> None:
        """End the session.

        Raises:
            BaseException: what a callback of `webhooks` raised, unless a `wait_for` has raised it.
        """
        made: dict[str, Any] = self.__dict__
        try:
            if "webhooks" in made:
                self.webhooks.close()
        finally:
            self.backend.end(self.name)
            for name in ("client", "admin"):
                if name in made:
                    made[name].close()

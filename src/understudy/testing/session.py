"""What the fixture `understudy` gives a test: a session of its own, and all that can be done there.

It is the admin plane's client with the names that a test wants at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Unpack

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
from understudy.testing.backends import Backend, Server
from understudy.testing.options import Chosen
from understudy.testing.receiver import Receiver
from understudy.testing.webhooks import Webhooks

if TYPE_CHECKING:
    from datetime import datetime

    from understudy.client import Faults
    from understudy.server.app import App

SNAPSHOT = "snapshot"


class SessionUrl(str):
    """Where a session is on the network; called with a vendor's name, where the vendor is."""

    __slots__ = ()

    def __call__(self, vendor: str) -> str:
        """The base URL of a vendor in this session."""
        return f"{self}/{vendor}"


@dataclass(frozen=True)
class SessionClock(ClockOperations[Sender]):
    """The session's time: `shift(days=1)`, `move_to(...)`, `freeze()`, `run()`, `now`."""

    @property
    def now(self) -> Instant:
        """Where it stands, as a text; `now.datetime` is the same as a datetime."""
        return self.get().now


class ArmedFault:
    """A planned failure: in force at once; with `with`, until the end of the block."""

    def __init__(self, faults: Faults, planned: Fault) -> None:
        self._faults = faults
        self.planned = planned

    @property
    def struck(self) -> int:
        """How often it has struck so far; asked of the mock."""
        return self._faults.get(self.planned.id).struck

    def take_back(self) -> None:
        """Plan it no longer; one that is gone already stays so."""
        try:
            self._faults.delete(self.planned.id)
        except AdminError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise

    def __enter__(self) -> ArmedFault:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.take_back()


class OwnSession:
    """A session that no other test has, from its seed world to the end of the test.

    Attributes:
        name: of the session, made of the test's name.
        chosen: the options that hold for the test.
    """

    def __init__(self, place: Backend, name: str, chosen: Chosen, receiver: Receiver) -> None:
        self.name = name
        self.chosen = chosen
        self.place = place
        self._receiver = receiver
        place.begin(name, chosen.stands_at)

    def __repr__(self) -> str:
        return f"<understudy session {self.name}>"

    @property
    def app(self) -> App:
        """The app that answers in this process; tests with equal options share it."""
        return self.place.app

    @property
    def server(self) -> Server:
        """The same app behind a socket; it listens from the first time that it is asked for."""
        return self.place.server

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
        return self.place.key(vendor)

    def headers(self, vendor: str) -> dict[str, str]:
        """The request header that carries this credential, as the vendor wants it."""
        return self.place.headers(vendor)

    @cached_property
    def client(self) -> httpx.Client:
        """An HTTP client that needs no socket: `client.get("/sent/v3/...")`."""
        origin = f"{self.place.origin}/@{self.name}"
        return httpx.Client(transport=self.place.transport(), base_url=origin, trust_env=False)

    @cached_property
    def async_client(self) -> httpx.AsyncClient:
        """The same to be awaited."""
        origin = f"{self.place.origin}/@{self.name}"
        transport = self.place.async_transport()
        return httpx.AsyncClient(transport=transport, base_url=origin, trust_env=False)

    @cached_property
    def admin(self) -> Client:
        """The admin plane in this session, for what has no name here."""
        return Client(
            self.place.origin,
            session=self.name,
            token=self.place.token,
            transport=self.place.transport(),
        )

    @cached_property
    def async_admin(self) -> AsyncClient:
        """The same to be awaited: a test whose own loop receives webhooks moves the clock here."""
        return AsyncClient(
            self.place.origin,
            session=self.name,
            token=self.place.token,
            transport=self.place.async_transport(),
        )

    @cached_property
    def clock(self) -> SessionClock:
        """The session's time."""
        return SessionClock(self.admin.send)

    @property
    def requests(self) -> RequestOperations[Sender]:
        """What was asked and answered: `find`, `count`, `unmatched` ..."""
        return self.admin.requests

    @property
    def deliveries(self) -> DeliveryOperations[Sender]:
        """The webhooks that the vendors sent, whoever received them."""
        return self.admin.deliveries

    @property
    def resources(self) -> ResourceOperations[Sender]:
        """What the vendors have stored."""
        return self.admin.resources

    @cached_property
    def webhooks(self) -> Webhooks:
        """A receiver of webhooks for this test."""
        settle = partial(self.place.settle, self.name)
        return Webhooks(self._receiver, self.name, self.admin, settle)

    def fault(self, kind: FaultKind, **members: Unpack[FaultFields]) -> ArmedFault:
        """Plan a failure, until the end of the test or of a `with` block.

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
        """Save the session's world under a name; `restore` brings it back."""
        return self.admin.snapshots.save(name)

    def restore(self, name: str = SNAPSHOT) -> Session:
        """Make a saved world the session's world."""
        return self.admin.snapshots.restore(name)

    def reset(self) -> Session:
        """Back to the seed world and to the instant at which the test began."""
        return self.admin.reset()

    def coverage(self) -> tuple[VendorCoverage, ...]:
        """What of each vendor's document this test has exercised."""
        return self.admin.coverage()

    def close(self) -> None:
        """End the session.

        Raises:
            BaseException: what a callback of the webhooks raised, unless the test knows it.
        """
        made: dict[str, Any] = self.__dict__
        try:
            if "webhooks" in made:
                self.webhooks.close()
        finally:
            self.place.end(self.name)
            for name in ("client", "admin"):
                if name in made:
                    made[name].close()

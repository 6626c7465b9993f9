"""The fixtures `<vendor>_mock`: a vendor whose real host is answered in the test's session."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from understudy.client.keywords import FaultFields, Filters, Pattern
from understudy.testing.session import SNAPSHOT

if TYPE_CHECKING:
    from datetime import datetime

    import httpx

    from understudy.client import AsyncClient, Client
    from understudy.client.models import (
        Exchange,
        FaultKind,
        Fired,
        Page,
        Populated,
        RequestSummary,
        Session,
        Snapshot,
        StoredResource,
        Unmatched,
        VendorCoverage,
    )
    from understudy.client.operations import DeliveryOperations
    from understudy.client.transport import Sender
    from understudy.server.app import App
    from understudy.testing.session import (
        ArmedFault,
        SessionClock,
        Understudy,
        UnderstudyServer,
    )
    from understudy.testing.webhooks import WebhookInbox


class VendorMock:
    """One vendor, whose real host answers this test from the mock.

    Attributes:
        vendor: its name.
        session: the whole session, as the fixture `understudy` gives it.
    """

    def __init__(self, vendor: str, session: Understudy) -> None:
        self.vendor = vendor
        self.session = session

    def __repr__(self) -> str:
        return f"<understudy {self.vendor} in session {self.session.name}>"

    @property
    def key(self) -> str:
        """The credential of the default account."""
        return self.session.key(self.vendor)

    @property
    def headers(self) -> dict[str, str]:
        """The request header with this credential."""
        return self.session.headers(self.vendor)

    @property
    def origin(self) -> str:
        """The vendor's real origin, which answers from the mock."""
        return self.session.app.services[self.vendor].document.origin

    @property
    def url(self) -> str:
        """The vendor over HTTP in this session, for clients of other processes."""
        return self.session.url(self.vendor)

    @property
    def name(self) -> str:
        """The name of the session."""
        return self.session.name

    @property
    def app(self) -> App:
        """The app that answers in this process; as `understudy.app`."""
        return self.session.app

    @property
    def server(self) -> UnderstudyServer:
        """The app behind a socket; as `understudy.server`."""
        return self.session.server

    @property
    def client(self) -> httpx.Client:
        """An HTTP client of the session that needs no socket; as `understudy.client`."""
        return self.session.client

    @property
    def async_client(self) -> httpx.AsyncClient:
        """An asynchronous `client`."""
        return self.session.async_client

    @property
    def admin(self) -> Client:
        """The client of the admin plane in this session."""
        return self.session.admin

    @property
    def async_admin(self) -> AsyncClient:
        """An asynchronous `admin`."""
        return self.session.async_admin

    @property
    def clock(self) -> SessionClock:
        """The session's time."""
        return self.session.clock

    @property
    def webhooks(self) -> WebhookInbox:
        """A receiver of webhooks for this test."""
        return self.session.webhooks

    @property
    def deliveries(self) -> DeliveryOperations[Sender]:
        """The webhooks that the session's vendors sent, to any receiver."""
        return self.session.deliveries

    def snapshot(self, name: str = SNAPSHOT) -> Snapshot:
        """Save the session's state under a name, for `restore`."""
        return self.session.snapshot(name)

    def restore(self, name: str = SNAPSHOT) -> Session:
        """Go back to a saved state."""
        return self.session.restore(name)

    def reset(self) -> Session:
        """Go back to the seed data and to the instant at which the test began."""
        return self.session.reset()

    def coverage(self) -> tuple[VendorCoverage, ...]:
        """How much of each vendor's document this test has exercised."""
        return self.session.coverage()

    @cached_property
    def requests(self) -> VendorRequests:
        """The journal of requests to this vendor, and its replies."""
        return VendorRequests(self.vendor, self.session)

    @cached_property
    def resources(self) -> VendorResources:
        """The resources that this vendor has stored."""
        return VendorResources(self.vendor, self.session)

    def fault(self, kind: FaultKind, **members: Unpack[FaultFields]) -> ArmedFault:
        """Plan a fault of this vendor; as `understudy.fault`."""
        members["vendor"] = self.vendor
        return self.session.fault(kind, **members)

    def populate(
        self,
        collection: str,
        count: int,
        *,
        since: datetime | str | None = None,
        account: str | None = None,
    ) -> Populated:
        """Make realistic resources of this vendor."""
        return self.session.populate(self.vendor, collection, count, since=since, account=account)

    def fire(self, collection: str, id: str, event: str, *, scope: str | None = None) -> Fired:
        """Fire a lifecycle event of this vendor by hand."""
        return self.session.fire(self.vendor, collection, id, event, scope=scope)


class VendorRequests:
    """The journal of one vendor; the keywords are those of `Client.requests`."""

    def __init__(self, vendor: str, session: Understudy) -> None:
        self._vendor = vendor
        self._all = session.requests

    def list(self, **filters: Unpack[Filters]) -> Page[RequestSummary]:
        """The requests that match, in a line each, oldest first."""
        filters["vendor"] = self._vendor
        return self._all.list(**filters)

    def find(self, **pattern: Unpack[Pattern]) -> Page[Exchange]:
        """The requests that match, oldest first, with headers, bodies and diagnoses."""
        pattern["vendor"] = self._vendor
        return self._all.find(**pattern)

    def count(self, **pattern: Unpack[Pattern]) -> int:
        """How many requests match."""
        pattern["vendor"] = self._vendor
        return self._all.count(**pattern)

    def unmatched(self) -> tuple[Unmatched, ...]:
        """The requests that met no operation, each with the nearest ones."""
        met = self._all.unmatched()
        return tuple(each for each in met if each.request.vendor == self._vendor)


class VendorResources:
    """The resources of one vendor; the arguments are those of `Client.resources`."""

    def __init__(self, vendor: str, session: Understudy) -> None:
        self._vendor = vendor
        self._all = session.resources

    def list(
        self,
        collection: str,
        *,
        scope: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Page[StoredResource]:
        """Resources in the order in which they were first stored."""
        return self._all.list(self._vendor, collection, scope=scope, limit=limit, offset=offset)

    def get(self, collection: str, id: str, *, scope: str | None = None) -> StoredResource:
        """A resource."""
        return self._all.get(self._vendor, collection, id, scope=scope)

    def set(
        self, collection: str, id: str, resource: dict[str, Any], *, scope: str | None = None
    ) -> StoredResource:
        """Store a resource, as the vendor would keep it."""
        return self._all.set(self._vendor, collection, id, resource, scope=scope)

    def delete(self, collection: str, id: str, *, scope: str | None = None) -> None:
        """Remove a resource."""
        self._all.delete(self._vendor, collection, id, scope=scope)

"""What the fixtures `<vendor>_mock` give a test: its own session behind the vendor's real host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from understudy.client.keywords import FaultFields, Filters, Pattern
from understudy.client.models import (
    Exchange,
    FaultKind,
    Fired,
    Page,
    Populated,
    RequestSummary,
    StoredResource,
    Unmatched,
)
from understudy.intercept.process_state import process_state
from understudy.intercept.routes import Routes
from understudy.testing.backends import service_of
from understudy.testing.session import ArmedFault, OwnSession

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.types import Receive, Scope, Send

    from understudy.server.app import App


class Narrowed:
    """An app of which only some vendors answer under their own hosts."""

    def __init__(self, app: App, vendors: Iterable[str]) -> None:
        self._app = app
        self.services = {name: service_of(app.services, name) for name in vendors}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class Interception:
    """Has the hosts of vendors answered in one session, a vendor more at a time."""

    def __init__(self, session: OwnSession) -> None:
        self._session = session
        self._routes: Routes | None = None
        self._vendors: list[str] = []

    def add(self, vendor: str) -> None:
        """Have one more vendor answered.

        Raises:
            LookupError: when it is not served.
            ValueError: when a host that the test names is none, or its vendor is not served.
        """
        self._enter([*self._vendors, vendor])

    def _enter(self, vendors: Sequence[str]) -> None:
        session, app = self._session, self._session.app
        for vendor in session.chosen.hosts.values():
            service_of(app.services, vendor)
        hosts = {url: of for url, of in session.chosen.hosts.items() if of in vendors}
        routes = Routes(Narrowed(app, vendors), session.name, hosts, session.chosen.passthrough)
        self.close()
        process_state().active_mocks.enter(routes)
        self._routes, self._vendors = routes, list(vendors)

    def close(self) -> None:
        """Answer nobody any more."""
        if self._routes is not None:
            process_state().active_mocks.leave(self._routes)
            self._routes = None


class VendorMock:
    """One vendor, whose real host answers this test from the mock.

    What it does not define is that of the fixture `understudy`: `clock`, `webhooks`, `snapshot` ...
    """

    def __init__(self, vendor: str, session: OwnSession) -> None:
        self.vendor = vendor
        self.session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self.session, name)

    def __repr__(self) -> str:
        return f"<understudy {self.vendor} in session {self.session.name}>"

    @property
    def key(self) -> str:
        """The credential of the default account."""
        return self.session.key(self.vendor)

    @property
    def headers(self) -> dict[str, str]:
        """The request header that carries it."""
        return self.session.headers(self.vendor)

    @property
    def origin(self) -> str:
        """The vendor's real origin, which answers from the mock."""
        return service_of(self.session.app.services, self.vendor).document.origin

    @property
    def url(self) -> str:
        """The vendor over HTTP in this session, for clients of other processes."""
        return self.session.url(self.vendor)

    @cached_property
    def requests(self) -> VendorRequests:
        """What was asked of this vendor."""
        return VendorRequests(self.vendor, self.session)

    @cached_property
    def resources(self) -> VendorResources:
        """What this vendor has stored."""
        return VendorResources(self.vendor, self.session)

    def fault(self, kind: FaultKind, **members: Unpack[FaultFields]) -> ArmedFault:
        """Plan a failure of this vendor; as `understudy.fault`."""
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

    def __init__(self, vendor: str, session: OwnSession) -> None:
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
    """What one vendor has stored; the arguments are those of `Client.resources`."""

    def __init__(self, vendor: str, session: OwnSession) -> None:
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
        """Store a resource, as it is to be kept."""
        return self._all.set(self._vendor, collection, id, resource, scope=scope)

    def delete(self, collection: str, id: str, *, scope: str | None = None) -> None:
        """Remove a resource."""
        self._all.delete(self._vendor, collection, id, scope=scope)

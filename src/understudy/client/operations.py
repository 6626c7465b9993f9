"""What can be asked of the admin plane: each operation once, in groups, for both clients.

A method says what it asks; `operation` makes of that what the client's kind of sending makes of
it. So `Ask[Clock]` in a signature reads: a `Clock`, or a coroutine of one.

Every method raises `AdminError` when the plane refuses (each says which status, beyond those that
any may meet: 400 for what the document does not declare, 401 and 403 for who may not ask),
`Unreachable` when nobody answers, and `Unreadable` when it is no mock that does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import NoneType
from typing import Any, Generic, TypeVar, Unpack

from understudy.client import keywords
from understudy.client.keywords import FaultMembers, Filters, Pattern, given
from understudy.client.models import (
    Clock,
    Delivery,
    DeliveryState,
    Exchange,
    Fault,
    FaultKind,
    Fired,
    Health,
    MovedClock,
    Page,
    Populated,
    RequestSummary,
    Session,
    Shelf,
    Snapshot,
    StoredResource,
    Unmatched,
    Vendor,
    VendorCoverage,
    VendorLine,
)
from understudy.client.transport import AdminRequest, AsyncSender, Sender, operation

T = TypeVar("T")
Way = TypeVar("Way", bound=Sender | AsyncSender)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class VendorAsks(Generic[Way]):
    """The vendors that are served."""

    send: Way

    @operation
    def list(self) -> AdminRequest[tuple[VendorLine, ...]]:
        """Every vendor, in a line each."""
        return AdminRequest("GET", ("vendors",), tuple[VendorLine, ...], "vendors", server=True)

    @operation
    def get(self, vendor: str) -> AdminRequest[Vendor]:
        """What a vendor answers, its keys, and what can be done with its resources.

        Raises:
            AdminError: 404 when it is not served.
        """
        return AdminRequest("GET", ("vendors", vendor), Vendor, server=True)


@dataclass(frozen=True)
class SessionAsks(Generic[Way]):
    """The server's sessions; without a name, the client's own is meant."""

    send: Way

    @operation
    def list(
        self, *, limit: int | None = None, after: str | None = None
    ) -> AdminRequest[Page[Session]]:
        """The sessions, least recently used first.

        Args:
            limit: how many at most, 1 to 1000; 1000 when absent.
            after: name of the last session of the page before.
        """
        query = given(limit=limit, after=after)
        return AdminRequest("GET", ("sessions",), Page[Session], "sessions", query, server=True)

    @operation
    def get(self, session: str | None = None) -> AdminRequest[Session]:
        """A session in numbers, without making one.

        Raises:
            AdminError: 404 when there is none.
        """
        return (
            AdminRequest("GET", (), Session)
            if session is None
            else _session("GET", session, Session)
        )

    @operation
    def drop(self, session: str | None = None) -> AdminRequest[None]:
        """Drop a session with everything in it; named again, it begins in the seed world.

        Raises:
            AdminError: 404 when there is none.
        """
        if session is None:
            return AdminRequest("DELETE", (), NoneType)
        return _session("DELETE", session, NoneType)

    @operation
    def clear(self) -> AdminRequest[None]:
        """Drop every session, also those of others."""
        return AdminRequest("DELETE", ("sessions",), NoneType, server=True)


def _session(method: str, name: str, shape: type[T]) -> AdminRequest[T]:
    return AdminRequest(method, ("sessions", name), shape, server=True)


@dataclass(frozen=True)
class SnapshotAsks(Generic[Way]):
    """Named states of the session's world.

    A snapshot holds resources, clock, due calls, ids, idempotency keys, rate windows and readers'
    pages; not the journal, deliveries and faults.
    """

    send: Way

    @operation
    def save(self, name: str) -> AdminRequest[Snapshot]:
        """Save the world under a name; a snapshot of this name is replaced.

        Raises:
            AdminError: 409 when there are too many.
        """
        return AdminRequest("POST", ("snapshots", name), Snapshot)

    @operation
    def restore(self, name: str) -> AdminRequest[Session]:
        """Make a snapshot the session's world; deliveries under way are given up.

        Raises:
            AdminError: 404 when there is none of this name.
        """
        return AdminRequest("POST", ("snapshots", name, "restore"), Session)

    @operation
    def list(self) -> AdminRequest[tuple[Snapshot, ...]]:
        """The session's snapshots, oldest first."""
        return AdminRequest("GET", ("snapshots",), tuple[Snapshot, ...], "snapshots")

    @operation
    def delete(self, name: str) -> AdminRequest[None]:
        """Forget a snapshot.

        Raises:
            AdminError: 404 when there is none of this name.
        """
        return AdminRequest("DELETE", ("snapshots", name), NoneType)

    @operation
    def download(self, name: str) -> AdminRequest[dict[str, Any]]:
        """A snapshot as readable JSON, which any server of the same format version takes.

        Raises:
            AdminError: 404 when there is none of this name.
        """
        return AdminRequest("GET", ("snapshots", name), dict[str, Any])

    @operation
    def upload(self, name: str, world: Mapping[str, Any]) -> AdminRequest[Snapshot]:
        """Keep a world that was downloaded, or written by hand, as a snapshot; `restore` it then.

        Raises:
            AdminError: 422 when its resources do not fit the vendors, 413 when it is too large,
                409 when there are too many.
        """
        return AdminRequest("PUT", ("snapshots", name), Snapshot, body=world)


@dataclass(frozen=True)
class ClockAsks(Generic[Way]):
    """The session's time. What falls due when it is moved fires, in time order."""

    send: Way

    @operation
    def get(self) -> AdminRequest[Clock]:
        """The session's time, and what is due next."""
        return AdminRequest("GET", ("clock",), Clock)

    @operation
    def shift(
        self,
        by: timedelta = timedelta(0),
        *,
        weeks: float = 0,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
    ) -> AdminRequest[MovedClock]:
        """Move the clock forward by the sum of these, to the microsecond.

        Raises:
            ValueError: when that is not forward.
            AdminError: 409 when the clock cannot go there.
        """
        more = timedelta(days, seconds, 0, milliseconds, minutes, hours, weeks)
        return _moved({"shift": _duration(by + more)})

    @operation
    def move_to(self, instant: datetime | str) -> AdminRequest[MovedClock]:
        """Set the clock to a later instant: a datetime with a zone, or RFC 3339 with as many as
        nine digits of fraction.

        Raises:
            ValueError: when a datetime has no zone.
            AdminError: 409 when the instant is not later.
        """
        return _moved({"move_to": keywords.instant(instant)})

    @operation
    def freeze(self) -> AdminRequest[MovedClock]:
        """Stand still, until it is moved or runs again."""
        return _moved({"freeze": True})

    @operation
    def run(self) -> AdminRequest[MovedClock]:
        """Go on from here, as fast as real time."""
        return _moved({"run": True})


def _moved(change: Mapping[str, Any]) -> AdminRequest[MovedClock]:
    return AdminRequest("PATCH", ("clock",), MovedClock, body=change)


def _duration(delta: timedelta) -> str:
    """A duration as the plane reads it, whatever its length: in seconds."""
    microseconds = delta // MICROSECOND
    if microseconds < 0:
        raise ValueError(f"a clock is shifted forward, not by {delta}; reset() goes back")
    return f"PT{microseconds // 1_000_000}.{microseconds % 1_000_000:06}S"


@dataclass(frozen=True)
class ResourceAsks(Generic[Way]):
    """What the vendors have stored in the session, as their services keep it.

    A scope is the id of what owns a resource (a profile, an organization); it is only needed where
    an id is in several.
    """

    send: Way

    @operation
    def collections(self) -> AdminRequest[tuple[Shelf, ...]]:
        """The collections that hold something, one entry for each scope."""
        return AdminRequest("GET", ("resources",), tuple[Shelf, ...], "collections")

    @operation
    def list(
        self,
        vendor: str,
        collection: str,
        *,
        scope: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> AdminRequest[Page[StoredResource]]:
        """Resources in the order in which they were first stored.

        Args:
            scope: only of this one.
            limit: how many at most, 1 to 1000; 1000 when absent.
            offset: how many to leave out at the beginning.

        Raises:
            AdminError: 404 when the vendor has no such collection.
        """
        query = given(scope=scope, limit=limit, offset=offset)
        path = ("resources", vendor, collection)
        return AdminRequest("GET", path, Page[StoredResource], "resources", query)

    @operation
    def get(
        self, vendor: str, collection: str, id: str, *, scope: str | None = None
    ) -> AdminRequest[StoredResource]:
        """A resource.

        Raises:
            AdminError: 404 when it is not there, 400 when it needs a scope.
        """
        path = ("resources", vendor, collection, id)
        return AdminRequest("GET", path, StoredResource, query=given(scope=scope))

    @operation
    def set(
        self,
        vendor: str,
        collection: str,
        id: str,
        resource: Mapping[str, Any],
        *,
        scope: str | None = None,
    ) -> AdminRequest[StoredResource]:
        """Store a resource, as it is to be kept; a new one goes to the scope given, else to the
        collection's only one.

        Raises:
            AdminError: 422 when the vendor could not have stored it, 404 when it has no such
                collection, 400 when it needs a scope.
        """
        path = ("resources", vendor, collection, id)
        return AdminRequest("PUT", path, StoredResource, query=given(scope=scope), body=resource)

    @operation
    def delete(
        self, vendor: str, collection: str, id: str, *, scope: str | None = None
    ) -> AdminRequest[None]:
        """Remove a resource.

        Raises:
            AdminError: 404 when it is not there, 400 when it needs a scope.
        """
        path = ("resources", vendor, collection, id)
        return AdminRequest("DELETE", path, NoneType, query=given(scope=scope))


@dataclass(frozen=True)
class FaultAsks(Generic[Way]):
    """Planned failures of the session."""

    send: Way

    @operation
    def add(self, kind: FaultKind, **members: Unpack[FaultMembers]) -> AdminRequest[Fault]:
        """Plan a failure; `during` does so for a while.

        Args:
            kind: such as "status", "reset" or "webhook-never".
            members: vendor, operation, event, times, probability, seed, status, example, body,
                delay (ms), sigma, retry_after (s), after; see `keywords.FaultMembers`.

        Raises:
            TypeError: for another keyword.
            AdminError: 422 when it could never strike, 404 when the vendor is not served, 409
                when there are too many.
        """
        return AdminRequest(
            "POST", ("faults",), Fault, body={"kind": kind, **keywords.fault(members)}
        )

    @operation
    def list(self) -> AdminRequest[tuple[Fault, ...]]:
        """The planned faults in their order, and how often each has struck."""
        return AdminRequest("GET", ("faults",), tuple[Fault, ...], "faults")

    @operation
    def get(self, id: str) -> AdminRequest[Fault]:
        """A planned fault, and how often it has struck.

        Raises:
            AdminError: 404 when there is none of this id.
        """
        return AdminRequest("GET", ("faults", id), Fault)

    @operation
    def delete(self, id: str) -> AdminRequest[None]:
        """Take a fault back.

        Raises:
            AdminError: 404 when there is none of this id.
        """
        return AdminRequest("DELETE", ("faults", id), NoneType)

    @operation
    def clear(self) -> AdminRequest[None]:
        """Take every fault back."""
        return AdminRequest("DELETE", ("faults",), NoneType)


@dataclass(frozen=True)
class RequestAsks(Generic[Way]):
    """The session's journal: what was asked and answered.

    Which requests are meant, `list`, `find` and `count` are told with the same keywords: vendor,
    operation, method, path, status, since, until, pointer, value, after, limit; see
    `keywords.Filters`. They raise TypeError for another one, and ValueError for an instant without
    a zone.
    """

    send: Way

    @operation
    def list(self, **filters: Unpack[Filters]) -> AdminRequest[Page[RequestSummary]]:
        """The requests that match, in a line each, oldest first."""
        query = keywords.filters(filters)
        return AdminRequest("GET", ("requests",), Page[RequestSummary], "requests", query)

    @operation
    def find(self, **pattern: Unpack[Pattern]) -> AdminRequest[Page[Exchange]]:
        """The requests that match, oldest first, with headers, bodies and diagnoses.

        Args:
            pattern: the filters, or instead of pointer and value a `body`: any number of JSON
                pointers into the request's body, and the values that must stand there.
        """
        return _matching("find", Page[Exchange], "exchanges", pattern)

    @operation
    def count(self, **pattern: Unpack[Pattern]) -> AdminRequest[int]:
        """How many requests match; the keywords are those of `find`."""
        return _matching("count", int, "count", pattern)

    @operation
    def unmatched(self, *, limit: int | None = None) -> AdminRequest[Page[Unmatched]]:
        """The latest requests that met no operation, oldest first, each with the nearest ones.

        Args:
            limit: how many at most, 1 to 1000; 1000 when absent.
        """
        path = ("requests", "unmatched")
        return AdminRequest("GET", path, Page[Unmatched], "unmatched", given(limit=limit))

    @operation
    def get(self, id: str) -> AdminRequest[Exchange]:
        """One request and its reply; the id is that of the reply header X-Understudy-Exchange.

        Raises:
            AdminError: 404 when the journal does not hold it, or no longer.
        """
        return AdminRequest("GET", ("requests", id), Exchange)

    @operation
    def clear(self) -> AdminRequest[None]:
        """Empty the journal."""
        return AdminRequest("DELETE", ("requests",), NoneType)


def _matching(what: str, shape: type[T], member: str, pattern: Pattern) -> AdminRequest[T]:
    """Only a pattern with a body of its own needs a request with a body."""
    path = ("requests", what)
    stated = keywords.pattern(pattern)
    if "body" in stated:
        return AdminRequest("POST", path, shape, member, body=stated)
    return AdminRequest("GET", path, shape, member, stated)


@dataclass(frozen=True)
class DeliveryAsks(Generic[Way]):
    """The webhooks that the vendors sent in the session."""

    send: Way

    @operation
    def list(
        self,
        *,
        vendor: str | None = None,
        event: str | None = None,
        state: DeliveryState | None = None,
        limit: int | None = None,
    ) -> AdminRequest[Page[Delivery]]:
        """The latest deliveries that match, oldest first, with every attempt.

        Args:
            vendor, event, state: only deliveries of this vendor, of this event, in this state.
            limit: how many at most, 1 to 1000; 1000 when absent.
        """
        query = given(vendor=vendor, event=event, state=state, limit=limit)
        return AdminRequest("GET", ("deliveries",), Page[Delivery], "deliveries", query)

    @operation
    def get(self, id: str) -> AdminRequest[Delivery]:
        """A delivery with every attempt.

        Raises:
            AdminError: 404 when there is none of this id.
        """
        return AdminRequest("GET", ("deliveries", id), Delivery)

    @operation
    def replay(self, id: str) -> AdminRequest[Delivery]:
        """Send a delivery once more, signed anew, and wait for the answer: its last attempt.

        Raises:
            AdminError: 404 when there is none of this id.
        """
        return AdminRequest("POST", ("deliveries", id, "replay"), Delivery)


class Operations(Generic[Way]):
    """Everything that both clients can ask.

    Attributes:
        vendors, sessions: of the server.
        clock, snapshots, resources, requests, deliveries: of the client's session.
    """

    def __init__(self, send: Way) -> None:
        self.send = send
        self.vendors = VendorAsks(send)
        self.sessions = SessionAsks(send)
        self.clock = ClockAsks(send)
        self.snapshots = SnapshotAsks(send)
        self.resources = ResourceAsks(send)
        self.requests = RequestAsks(send)
        self.deliveries = DeliveryAsks(send)

    def __repr__(self) -> str:
        target = self.send.target
        return f"{type(self).__name__}({target.origin!r}, session={target.session!r})"

    def url(self, vendor: str) -> str:
        """Where a vendor's own paths begin in this session: the base URL of what is under test."""
        return self.send.target.vendor(vendor)

    @operation
    def health(self) -> AdminRequest[Health]:
        """The mock is ready, and what it serves; needs no token."""
        return AdminRequest("GET", ("health",), Health, server=True)

    @operation
    def reset(self) -> AdminRequest[Session]:
        """Go back to the seed world: resources, clock, ids, keys, journal, deliveries and faults
        begin anew; snapshots stay.
        """
        return AdminRequest("POST", ("reset",), Session)

    @operation
    def populate(
        self,
        vendor: str,
        collection: str,
        count: int,
        *,
        since: datetime | str | None = None,
        account: str | None = None,
    ) -> AdminRequest[Populated]:
        """Make realistic resources, by the vendor's own operation at instants of the past.

        Args:
            count: 1 to 10000.
            since: where that past begins; 30 days ago when absent.
            account: name of the account that makes them; the vendor's default one when absent.

        Raises:
            AdminError: 404 when the vendor has no such collection or account, 409 when it makes
                none of these or when its rules forbid them.
        """
        begun = None if since is None else keywords.instant(since)
        asked = {"vendor": vendor, "collection": collection, "count": count}
        return AdminRequest(
            "POST", ("populate",), Populated, body={**asked, **given(since=begun, account=account)}
        )

    @operation
    def fire(
        self, vendor: str, collection: str, id: str, event: str, *, scope: str | None = None
    ) -> AdminRequest[Fired]:
        """Fire a lifecycle event by hand; everything happens that happens at the vendor.

        Raises:
            AdminError: 409 when the lifecycle forbids it in this state, 404 when there is no such
                resource, 400 when it needs a scope.
        """
        whom = {"vendor": vendor, "collection": collection, "id": id}
        return AdminRequest(
            "POST", ("fire",), Fired, body={**whom, "event": event, **given(scope=scope)}
        )

    @operation
    def coverage(self) -> AdminRequest[tuple[VendorCoverage, ...]]:
        """What of each vendor's document the session has exercised since it began."""
        return AdminRequest("GET", ("coverage",), tuple[VendorCoverage, ...], "vendors")

"""The operations of the admin plane: each one once, in groups, for both clients.

A method describes its request, and `operation` makes it send that request. So a method that is
annotated with `AdminRequest[Clock]` returns a `Clock`, or a coroutine of one.

Every method raises `AdminError` when the admin plane refuses (the docstrings name the statuses
beside 400 for an invalid request and 401 and 403 for a missing permission), `Unreachable` when no
mock answers, and `Unreadable` when the reply is not one of a mock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import NoneType
from typing import Any, Generic, TypeVar, Unpack

from understudy.client import keywords
from understudy.client.keywords import FaultFields, Filters, Pattern, drop_none
from understudy.client.models import (
    Clock,
    CollectionSize,
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
    Snapshot,
    StoredResource,
    Unmatched,
    Vendor,
    VendorCoverage,
    VendorLine,
)
from understudy.client.transport import AdminRequest, AsyncSender, Sender, operation

T = TypeVar("T")
SenderT = TypeVar("SenderT", bound=Sender | AsyncSender)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class VendorOperations(Generic[SenderT]):
    """The vendors that are served."""

    send: SenderT

    @operation
    def list(self) -> AdminRequest[tuple[VendorLine, ...]]:
        """List the vendors."""
        return AdminRequest("GET", ("vendors",), tuple[VendorLine, ...], "vendors", server=True)

    @operation
    def get(self, vendor: str) -> AdminRequest[Vendor]:
        """Return a vendor's operations, its accounts and its collections.

        Raises:
            AdminError: 404 when the vendor is not served.
        """
        return AdminRequest("GET", ("vendors", vendor), Vendor, server=True)


@dataclass(frozen=True)
class SessionOperations(Generic[SenderT]):
    """The server's sessions; without a name, methods use the client's own."""

    send: SenderT

    @operation
    def list(
        self, *, limit: int | None = None, after: str | None = None
    ) -> AdminRequest[Page[Session]]:
        """List the sessions, least recently used first.

        Args:
            limit: maximum number, 1 to 1000; 1000 when absent.
            after: name of the last session of the previous page.
        """
        query = drop_none(limit=limit, after=after)
        return AdminRequest("GET", ("sessions",), Page[Session], "sessions", query, server=True)

    @operation
    def get(self, session: str | None = None) -> AdminRequest[Session]:
        """Return the figures of a session; does not create it.

        Raises:
            AdminError: 404 when there is no such session.
        """
        if session is None:
            return AdminRequest("GET", (), Session)
        return _session_request("GET", session, Session)

    @operation
    def drop(self, session: str | None = None) -> AdminRequest[None]:
        """Drop a session and everything in it; used again, it begins with the seed data.

        Raises:
            AdminError: 404 when there is no such session.
        """
        if session is None:
            return AdminRequest("DELETE", (), NoneType)
        return _session_request("DELETE", session, NoneType)

    @operation
    def clear(self) -> AdminRequest[None]:
        """Drop all sessions of the server, not only the client's."""
        return AdminRequest("DELETE", ("sessions",), NoneType, server=True)


def _session_request(method: str, name: str, result: type[T]) -> AdminRequest[T]:
    return AdminRequest(method, ("sessions", name), result, server=True)


@dataclass(frozen=True)
class SnapshotOperations(Generic[SenderT]):
    """The session's snapshots.

    A snapshot holds resources, clock, due calls, ids, idempotency keys, rate limit windows and
    page cursors; it does not hold the journal, deliveries and faults.
    """

    send: SenderT

    @operation
    def save(self, name: str) -> AdminRequest[Snapshot]:
        """Save the session's state under a name; a snapshot of this name is replaced.

        Raises:
            AdminError: 409 when there are too many.
        """
        return AdminRequest("POST", ("snapshots", name), Snapshot)

    @operation
    def restore(self, name: str) -> AdminRequest[Session]:
        """Restore the session's state from a snapshot; pending deliveries are dropped.

        Raises:
            AdminError: 404 when there is no snapshot of this name.
        """
        return AdminRequest("POST", ("snapshots", name, "restore"), Session)

    @operation
    def list(self) -> AdminRequest[tuple[Snapshot, ...]]:
        """List the session's snapshots, oldest first."""
        return AdminRequest("GET", ("snapshots",), tuple[Snapshot, ...], "snapshots")

    @operation
    def delete(self, name: str) -> AdminRequest[None]:
        """Delete a snapshot.

        Raises:
            AdminError: 404 when there is no snapshot of this name.
        """
        return AdminRequest("DELETE", ("snapshots", name), NoneType)

    @operation
    def download(self, name: str) -> AdminRequest[dict[str, Any]]:
        """Return a snapshot as readable JSON, for any server of the same format version.

        Raises:
            AdminError: 404 when there is no snapshot of this name.
        """
        return AdminRequest("GET", ("snapshots", name), dict[str, Any])

    @operation
    def upload(self, name: str, world: Mapping[str, Any]) -> AdminRequest[Snapshot]:
        """Upload a snapshot that was downloaded or written by hand; `restore` makes it current.

        Raises:
            AdminError: 422 when a vendor could not have stored its resources, 413 when it is
                too large, 409 when there are too many.
        """
        return AdminRequest("PUT", ("snapshots", name), Snapshot, body=world)


@dataclass(frozen=True)
class ClockOperations(Generic[SenderT]):
    """The session's clock. Moving it fires what falls due on the way, in time order."""

    send: SenderT

    @operation
    def get(self) -> AdminRequest[Clock]:
        """Return the session's time, and what is due next."""
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
        """Move the clock forward by the sum of the arguments, exact to the microsecond.

        Raises:
            ValueError: when the sum is negative.
            AdminError: 409 when the clock cannot be moved that far.
        """
        further = timedelta(days, seconds, 0, milliseconds, minutes, hours, weeks)
        return _clock_change({"shift": _format_duration(by + further)})

    @operation
    def move_to(self, instant: datetime | str) -> AdminRequest[MovedClock]:
        """Set the clock to a later instant.

        Args:
            instant: a datetime with a time zone, or RFC 3339 with at most nine fraction digits.

        Raises:
            ValueError: when a datetime has no time zone.
            AdminError: 409 when the instant is not later.
        """
        return _clock_change({"move_to": keywords.format_instant(instant)})

    @operation
    def freeze(self) -> AdminRequest[MovedClock]:
        """Stop the clock; moves are still possible."""
        return _clock_change({"freeze": True})

    @operation
    def run(self) -> AdminRequest[MovedClock]:
        """Let the clock run on from where it is, as fast as real time."""
        return _clock_change({"run": True})


def _clock_change(change: Mapping[str, Any]) -> AdminRequest[MovedClock]:
    return AdminRequest("PATCH", ("clock",), MovedClock, body=change)


def _format_duration(delta: timedelta) -> str:
    """Format a duration of any length in seconds (ISO 8601)."""
    microseconds = delta // MICROSECOND
    if microseconds < 0:
        raise ValueError(f"a clock is shifted forward, not by {delta}; reset() goes back")
    return f"PT{microseconds // 1_000_000}.{microseconds % 1_000_000:06}S"


@dataclass(frozen=True)
class ResourceOperations(Generic[SenderT]):
    """The resources that the vendors have stored in the session, in their stored form.

    A scope is the id of the owner of a resource (a profile, an organization); it is only needed
    when several owners have a resource of that id.
    """

    send: SenderT

    @operation
    def collections(self) -> AdminRequest[tuple[CollectionSize, ...]]:
        """List the collections that are not empty, with an entry for each scope."""
        return AdminRequest("GET", ("resources",), tuple[CollectionSize, ...], "collections")

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
        """List resources in the order in which they were first stored.

        Args:
            scope: list only the resources of this scope.
            limit: maximum number, 1 to 1000; 1000 when absent.
            offset: number of resources to skip.

        Raises:
            AdminError: 404 when the vendor has no such collection.
        """
        query = drop_none(scope=scope, limit=limit, offset=offset)
        path = ("resources", vendor, collection)
        return AdminRequest("GET", path, Page[StoredResource], "resources", query)

    @operation
    def get(
        self, vendor: str, collection: str, id: str, *, scope: str | None = None
    ) -> AdminRequest[StoredResource]:
        """Return a resource.

        Raises:
            AdminError: 404 when there is no such resource, 400 when it needs a scope.
        """
        path = ("resources", vendor, collection, id)
        return AdminRequest("GET", path, StoredResource, query=drop_none(scope=scope))

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
        """Store a resource in its stored form.

        Args:
            scope: scope of a new resource; not needed when the collection has only one.

        Raises:
            AdminError: 422 when the vendor could not have stored it, 404 when it has no such
                collection, 400 when it needs a scope.
        """
        path = ("resources", vendor, collection, id)
        return AdminRequest(
            "PUT", path, StoredResource, query=drop_none(scope=scope), body=resource
        )

    @operation
    def delete(
        self, vendor: str, collection: str, id: str, *, scope: str | None = None
    ) -> AdminRequest[None]:
        """Delete a resource.

        Raises:
            AdminError: 404 when there is no such resource, 400 when it needs a scope.
        """
        path = ("resources", vendor, collection, id)
        return AdminRequest("DELETE", path, NoneType, query=drop_none(scope=scope))


@dataclass(frozen=True)
class FaultOperations(Generic[SenderT]):
    """The planned faults of the session."""

    send: SenderT

    @operation
    def add(self, kind: FaultKind, **fields: Unpack[FaultFields]) -> AdminRequest[Fault]:
        """Plan a fault; `during` plans it for a block of code.

        Args:
            kind: such as "status", "reset" or "webhook-never".
            fields: vendor, operation, event, times, probability, seed, status, example, body,
                delay (ms), sigma, retry_after (s), after; see `keywords.FaultFields`.

        Raises:
            TypeError: for an unknown keyword.
            AdminError: 422 when it could never strike, 404 when the vendor is not served, 409
                when there are too many.
        """
        body = {"kind": kind, **keywords.encode_fault(fields)}
        return AdminRequest("POST", ("faults",), Fault, body=body)

    @operation
    def list(self) -> AdminRequest[tuple[Fault, ...]]:
        """List the planned faults in their order, and how often each has struck."""
        return AdminRequest("GET", ("faults",), tuple[Fault, ...], "faults")

    @operation
    def get(self, id: str) -> AdminRequest[Fault]:
        """Return a planned fault, and how often it has struck.

        Raises:
            AdminError: 404 when there is no fault of this id.
        """
        return AdminRequest("GET", ("faults", id), Fault)

    @operation
    def delete(self, id: str) -> AdminRequest[None]:
        """Delete a planned fault.

        Raises:
            AdminError: 404 when there is no fault of this id.
        """
        return AdminRequest("DELETE", ("faults", id), NoneType)

    @operation
    def clear(self) -> AdminRequest[None]:
        """Delete all planned faults."""
        return AdminRequest("DELETE", ("faults",), NoneType)


@dataclass(frozen=True)
class RequestOperations(Generic[SenderT]):
    """The session's journal: its requests and their replies.

    `list`, `find` and `count` take the same keywords: vendor, operation, method, path, status,
    since, until, pointer, value, after, limit; see `keywords.Filters`. They raise TypeError for an
    unknown keyword, and ValueError for an instant without a time zone.
    """

    send: SenderT

    @operation
    def list(self, **filters: Unpack[Filters]) -> AdminRequest[Page[RequestSummary]]:
        """List the requests that match, without headers and bodies, oldest first."""
        query = keywords.encode_filters(filters)
        return AdminRequest("GET", ("requests",), Page[RequestSummary], "requests", query)

    @operation
    def find(self, **pattern: Unpack[Pattern]) -> AdminRequest[Page[Exchange]]:
        """Return the requests that match, oldest first, with headers, bodies and diagnoses.

        Args:
            pattern: the filters. Instead of pointer and value there may be a `body`: any number of
                JSON pointers into the request's body, and the values that must be there.
        """
        return _pattern_request("find", Page[Exchange], "exchanges", pattern)

    @operation
    def count(self, **pattern: Unpack[Pattern]) -> AdminRequest[int]:
        """Count the requests that match; the keywords are those of `find`."""
        return _pattern_request("count", int, "count", pattern)

    @operation
    def unmatched(self, *, limit: int | None = None) -> AdminRequest[Page[Unmatched]]:
        """List the latest requests that matched no operation, oldest first, with near misses.

        Args:
            limit: maximum number, 1 to 1000; 1000 when absent.
        """
        path = ("requests", "unmatched")
        return AdminRequest("GET", path, Page[Unmatched], "unmatched", drop_none(limit=limit))

    @operation
    def get(self, id: str) -> AdminRequest[Exchange]:
        """Return a request and its reply.

        Args:
            id: the value of the reply header X-Understudy-Exchange.

        Raises:
            AdminError: 404 when the journal does not hold it, or no longer.
        """
        return AdminRequest("GET", ("requests", id), Exchange)

    @operation
    def clear(self) -> AdminRequest[None]:
        """Empty the journal."""
        return AdminRequest("DELETE", ("requests",), NoneType)


def _pattern_request(verb: str, result: type[T], field: str, pattern: Pattern) -> AdminRequest[T]:
    """Send a pattern with a body by POST, any other one by GET."""
    path = ("requests", verb)
    encoded = keywords.encode_pattern(pattern)
    if "body" in encoded:
        return AdminRequest("POST", path, result, field, body=encoded)
    return AdminRequest("GET", path, result, field, encoded)


@dataclass(frozen=True)
class DeliveryOperations(Generic[SenderT]):
    """The webhook deliveries of the session."""

    send: SenderT

    @operation
    def list(
        self,
        *,
        vendor: str | None = None,
        event: str | None = None,
        state: DeliveryState | None = None,
        limit: int | None = None,
    ) -> AdminRequest[Page[Delivery]]:
        """List the latest deliveries that match, oldest first, with every attempt.

        Args:
            vendor, event, state: list only deliveries of this vendor, event or state.
            limit: maximum number, 1 to 1000; 1000 when absent.
        """
        query = drop_none(vendor=vendor, event=event, state=state, limit=limit)
        return AdminRequest("GET", ("deliveries",), Page[Delivery], "deliveries", query)

    @operation
    def get(self, id: str) -> AdminRequest[Delivery]:
        """Return a delivery with every attempt.

        Raises:
            AdminError: 404 when there is no delivery of this id.
        """
        return AdminRequest("GET", ("deliveries", id), Delivery)

    @operation
    def replay(self, id: str) -> AdminRequest[Delivery]:
        """Sign and send a delivery again, and wait for the answer, which is its last attempt.

        Raises:
            AdminError: 404 when there is no delivery of this id.
        """
        return AdminRequest("POST", ("deliveries", id, "replay"), Delivery)


class Operations(Generic[SenderT]):
    """The operations of both clients.

    Attributes:
        vendors, sessions: operations of the server.
        clock, snapshots, resources, requests, deliveries: operations of the client's session.
    """

    def __init__(self, send: SenderT) -> None:
        self.send = send
        self.vendors = VendorOperations(send)
        self.sessions = SessionOperations(send)
        self.clock = ClockOperations(send)
        self.snapshots = SnapshotOperations(send)
        self.resources = ResourceOperations(send)
        self.requests = RequestOperations(send)
        self.deliveries = DeliveryOperations(send)

    def __repr__(self) -> str:
        target = self.send.target
        return f"{type(self).__name__}({target.origin!r}, session={target.session!r})"

    def url(self, vendor: str) -> str:
        """Return the vendor's base URL in this session, for the code under test."""
        return self.send.target.vendor(vendor)

    @operation
    def health(self) -> AdminRequest[Health]:
        """Return the server's health and vendors; needs no token."""
        return AdminRequest("GET", ("health",), Health, server=True)

    @operation
    def reset(self) -> AdminRequest[Session]:
        """Reset the session to the seed data.

        Resources, clock, ids, idempotency keys, journal, deliveries and faults are reset; snapshots
        stay.
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
        """Create realistic resources with the vendor's own operation, at instants in the past.

        Args:
            count: 1 to 10000.
            since: the earliest instant; 30 days ago when absent.
            account: name of the account that creates them; the default one when absent.

        Raises:
            AdminError: 404 when the vendor has no such collection or account, 409 when it has no
                samples of them or when its rules forbid them.
        """
        earliest = None if since is None else keywords.format_instant(since)
        body = {"vendor": vendor, "collection": collection, "count": count}
        body |= drop_none(since=earliest, account=account)
        return AdminRequest("POST", ("populate",), Populated, body=body)

    @operation
    def fire(
        self, vendor: str, collection: str, id: str, event: str, *, scope: str | None = None
    ) -> AdminRequest[Fired]:
        """Fire a lifecycle event by hand, with all its consequences at the vendor.

        Raises:
            AdminError: 409 when the lifecycle forbids it in this state, 404 when there is no such
                resource, 400 when it needs a scope.
        """
        body = {"vendor": vendor, "collection": collection, "id": id, "event": event}
        return AdminRequest("POST", ("fire",), Fired, body={**body, **drop_none(scope=scope)})

    @operation
    def coverage(self) -> AdminRequest[tuple[VendorCoverage, ...]]:
        """Return how much of each vendor's document the session has exercised."""
        return AdminRequest("GET", ("coverage",), tuple[VendorCoverage, ...], "vendors")

"""The answers of the admin plane: a frozen dataclass for each schema of `specs/admin.yaml`.

Fields have the names that they have there; Python's keywords get a final underscore (`in_`). A list
is a tuple, and a page of a longer list is a `Page`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

T = TypeVar("T")

Fidelity = Literal["documented", "inferred", "assumed"]
FaultKind = Literal[
    "status",
    "rate-limit",
    "delay",
    "reset",
    "empty",
    "truncated",
    "malformed",
    "content-type",
    "trickle",
    "webhook-duplicate",
    "webhook-late",
    "webhook-out-of-order",
    "webhook-bad-signature",
    "webhook-never",
]
DeliveryState = Literal["pending", "held", "withheld", "delivered", "failed", "blocked"]


class Instant(str):
    """An instant in UTC: a string (RFC 3339) with nine fraction digits.

    Instants compare in time order, and can be passed to any method that takes an instant without
    losing a digit.
    """

    __slots__ = ()

    @property
    def datetime(self) -> datetime:
        """The instant as a datetime in UTC, cut off after the microseconds."""
        return datetime.fromisoformat(self)


class Page(tuple[T, ...]):
    """The entries of one page.

    Attributes:
        total: number of entries on all pages.
    """

    total: int

    def __new__(cls, entries: Iterable[T], total: int) -> Page[T]:
        page = super().__new__(cls, entries)
        page.total = total
        return page

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return the arguments for a copy or a pickle."""
        return (tuple(self), self.total)


@dataclass(frozen=True, slots=True)
class Health:
    """The server is ready; `uptime_seconds` is real time."""

    status: Literal["ok"]
    name: Literal["understudy"]
    version: str
    vendors: tuple[str, ...]
    uptime_seconds: float


@dataclass(frozen=True, slots=True)
class VendorLine:
    """A vendor in the list of vendors; `operations` is their number."""

    name: str
    title: str
    version: str
    origin: str
    prefix: str
    hosts: tuple[str, ...]
    operations: int


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a vendor's seed data, and its credential."""

    name: str
    key: str
    note: str
    default: bool
    revoked: bool


@dataclass(frozen=True, slots=True)
class Response:
    """A documented response: its fidelity, its source, and the names of its examples."""

    status: int
    fidelity: Fidelity
    source: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """A documented operation; `operation` is its operationId."""

    operation: str
    method: str
    path: str
    summary: str
    fidelity: Fidelity
    source: str
    responses: tuple[Response, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """A vendor's collection of resources.

    Attributes:
        kind: what one of its resources is called.
        events: lifecycle events that can be fired by hand.
        populated: whether `populate` can create such resources.
    """

    collection: str
    kind: str
    events: tuple[str, ...]
    populated: bool


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor with its accounts, operations and collections."""

    name: str
    title: str
    version: str
    origin: str
    prefix: str
    hosts: tuple[str, ...]
    accounts: tuple[Account, ...]
    operations: tuple[Operation, ...]
    collections: tuple[Collection, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """The figures of a session; `pending` is the number of due calls that wait."""

    name: str
    now: Instant
    frozen: bool
    resources: int
    pending: int
    requests: int
    deliveries: int
    faults: int
    snapshots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The figures of a snapshot; `now` is the time of its clock."""

    name: str
    now: Instant
    frozen: bool
    resources: int
    pending: int


@dataclass(frozen=True, slots=True)
class DueCall:
    """A vendor's action that is due at an instant."""

    at: Instant
    vendor: str
    action: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Clock:
    """A session's clock.

    Attributes:
        pace: factor on the vendors' delays; None when only a move of the clock fires due calls.
        pending: number of due calls that wait.
        due: the next hundred of them.
    """

    now: Instant
    frozen: bool
    pace: float | None
    pending: int
    due: tuple[DueCall, ...]


@dataclass(frozen=True, slots=True)
class MovedClock(Clock):
    """The clock after a move.

    Attributes:
        complete: whether it has reached the requested instant.
        fired: the due calls that fired on the way, in order.
    """

    complete: bool
    fired: tuple[DueCall, ...]


@dataclass(frozen=True, slots=True)
class CollectionSize:
    """The number of resources that a collection holds in one scope.

    Attributes:
        scope: "" when the resources have no owner.
    """

    vendor: str
    collection: str
    scope: str
    count: int


@dataclass(frozen=True, slots=True)
class StoredResource:
    """A resource in its stored form, with its vendor, collection, scope and id."""

    vendor: str
    collection: str
    scope: str
    id: str
    resource: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Populated:
    """The result of `populate`; `fired` is the number of due calls that fired on the way."""

    vendor: str
    collection: str
    count: int
    since: Instant
    fired: int


@dataclass(frozen=True, slots=True)
class Fired:
    """A lifecycle event that was fired by hand.

    Attributes:
        before, after: the state of the resource before and after the event.
        allowed: the events that can be fired next.
    """

    vendor: str
    collection: str
    scope: str
    id: str
    event: str
    before: Any
    after: Any
    allowed: tuple[str, ...]
    resource: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """A planned fault.

    Attributes:
        delay: milliseconds.
        retry_after: seconds.
        struck: how often it has struck.
    """

    id: str
    kind: FaultKind
    vendor: str | None
    operation: str | None
    event: str | None
    times: int | None
    probability: float
    seed: int
    status: int | None
    example: str | None
    delay: int
    sigma: float
    retry_after: int
    after: bool
    struck: int
    used_up: bool
    body: Any = None


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """A request without headers and bodies.

    Attributes:
        vendor: None when the request reached no vendor.
        path: the path at the vendor; the whole path when no vendor was reached.
        status: 0 when a fault kept the reply from being sent.
        milliseconds: duration by the session's clock.
        preference: the preference that was applied, from the header `Prefer`.
        fault: the planned fault that struck.
        codes: the codes of the diagnoses.
    """

    id: str
    at: Instant
    vendor: str | None
    operation: str | None
    method: str
    path: str
    query: str
    status: int
    milliseconds: int
    account: str | None
    preference: str
    fault: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a reply.

    Attributes:
        headers: by lower-case name, without secrets.
        body: the body as text, cut after 64 KiB.
        json: the body as JSON, when it is JSON.
    """

    headers: Mapping[str, str]
    body: str
    json: Any = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was wrong, in a part of the request (`in_`), at a JSON pointer in it."""

    code: str
    in_: str
    pointer: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Exchange(RequestSummary):
    """A request and its reply, with headers and bodies."""

    request: Message
    response: Message
    diagnoses: tuple[Diagnosis, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between a request and an operation that is a near miss."""

    in_: Literal["path", "method", "header"]
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An operation that is a near miss of a request; `path` has the vendor's prefix."""

    vendor: str
    operation: str
    method: str
    path: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A request that matched no operation, and its near misses."""

    request: RequestSummary
    nearest: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a delivery; without an answer `status` is None and `error` says why."""

    at: Instant
    milliseconds: int
    request_headers: Mapping[str, str]
    signature: str | None
    status: int | None
    response_headers: Mapping[str, str]
    response_excerpt: str
    error: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook delivery with every attempt; `reason` says why it failed or was not sent."""

    id: str
    vendor: str
    event: str
    url: str
    subscription: str
    state: DeliveryState
    reason: str
    fault: str
    created: Instant
    body: str
    attempts: tuple[Attempt, ...]
    json: Any = None


@dataclass(frozen=True, slots=True)
class Share:
    """The number of documented items, and how many of them were exercised."""

    documented: int
    exercised: int


@dataclass(frozen=True, slots=True)
class ResponseCoverage:
    """How often an operation answered with a status."""

    status: int
    documented: bool
    calls: int


@dataclass(frozen=True, slots=True)
class OperationCoverage:
    """How often an operation was called, and what it answered."""

    operation: str
    method: str
    path: str
    calls: int
    responses: tuple[ResponseCoverage, ...]


@dataclass(frozen=True, slots=True)
class VendorCoverage:
    """How much of a vendor's document the session has exercised."""

    vendor: str
    operations: Share
    responses: Share
    details: tuple[OperationCoverage, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A refused request (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Diagnosis, ...] = ()

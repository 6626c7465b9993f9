"""What the admin plane answers: one frozen record for each shape of `specs/admin.yaml`.

A member has the name that it has there; Python's own words get a final underscore (`in_`). A
list of one kind of thing is a tuple, a page of a longer list is a `Page`.
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
    """An instant in UTC as the plane tells it: a text with nine digits of fraction.

    As texts, instants compare in time order, and may be given back to any method that takes one
    without losing a digit.
    """

    __slots__ = ()

    @property
    def datetime(self) -> datetime:
        """The same in UTC, cut off after the microseconds, which is as far as Python goes."""
        return datetime.fromisoformat(self)


class Page(tuple[T, ...]):
    """The entries of one page.

    Attributes:
        total: how many there are in all, whatever the limit.
    """

    total: int

    def __new__(cls, entries: Iterable[T], total: int) -> Page[T]:
        page = super().__new__(cls, entries)
        page.total = total
        return page

    def __getnewargs__(self) -> tuple[Any, ...]:
        """For copies and pickles."""
        return (tuple(self), self.total)


@dataclass(frozen=True, slots=True)
class Health:
    """The mock is ready; `uptime_seconds` is real time."""

    status: Literal["ok"]
    name: Literal["understudy"]
    version: str
    vendors: tuple[str, ...]
    uptime_seconds: float


@dataclass(frozen=True, slots=True)
class VendorLine:
    """A vendor in the list of all; `operations` counts them."""

    name: str
    title: str
    version: str
    origin: str
    prefix: str
    hosts: tuple[str, ...]
    operations: int


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a vendor's seed world, and the credential that stands for it."""

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
    """A vendor's collection: what one of its resources is called, which events can be fired by
    hand, and whether `populate` can make some.
    """

    collection: str
    kind: str
    events: tuple[str, ...]
    populated: bool


@dataclass(frozen=True, slots=True)
class Vendor:
    """What a vendor answers, its keys, and what can be done with its resources."""

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
    """A session in numbers; `pending` counts the due calls that wait."""

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
    """A saved world in numbers; `now` is where its clock stands."""

    name: str
    now: Instant
    frozen: bool
    resources: int
    pending: int


@dataclass(frozen=True, slots=True)
class DueCall:
    """Something that a vendor does at an instant."""

    at: Instant
    vendor: str
    action: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Clock:
    """A session's time.

    Attributes:
        pace: factor on the vendors' delays; None when only a move of the clock fires due calls.
        pending: how many due calls wait.
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
        complete: whether it has come to where it was to go.
        fired: what fell due on the way, in order.
    """

    complete: bool
    fired: tuple[DueCall, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """How many resources a collection holds in one scope; the scope is empty when nothing owns
    them.
    """

    vendor: str
    collection: str
    scope: str
    count: int


@dataclass(frozen=True, slots=True)
class StoredResource:
    """A resource as the vendor's package keeps it, and where."""

    vendor: str
    collection: str
    scope: str
    id: str
    resource: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Populated:
    """What was made; `fired` counts the due calls that fired on the way."""

    vendor: str
    collection: str
    count: int
    since: Instant
    fired: int


@dataclass(frozen=True, slots=True)
class Fired:
    """A lifecycle event that was fired: the state before and after it, and what can be fired
    now.
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
    """A planned fault; `struck` counts how often it did. `delay` is in milliseconds,
    `retry_after` in seconds.
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
    """A request in one line.

    Attributes:
        vendor: None when the request reached no vendor.
        path: at the vendor; the whole path when no vendor was reached.
        status: 0 when a fault kept the reply from leaving.
        milliseconds: by the session's clock.
        preference: what `Prefer` asked for.
        fault: the planned fault that struck.
        codes: of its diagnoses.
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
    """A request or a reply: headers by lower-case name, without secrets; the body as text (of a
    long one the first 64 KiB) and, when it is that, as JSON.
    """

    headers: Mapping[str, str]
    body: str
    json: Any = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was wrong: `in_` says in which part, `pointer` where in it."""

    code: str
    in_: str
    pointer: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Exchange(RequestSummary):
    """A request and its reply, whole."""

    request: Message
    response: Message
    diagnoses: tuple[Diagnosis, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """How a request differs from an operation that it was near to."""

    in_: Literal["path", "method", "header"]
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An operation that a request may have been meant for; `path` has the vendor's prefix."""

    vendor: str
    operation: str
    method: str
    path: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A request that met no operation, and the nearest ones."""

    request: RequestSummary
    nearest: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a delivery; `status` is None when no answer came, then `error` says why."""

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
    """A webhook delivery with every attempt; `reason` says why it failed or did not leave."""

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
    """How many are documented, and how many of these were exercised."""

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
    """What of a vendor's document the session has exercised."""

    vendor: str
    operations: Share
    responses: Share
    details: tuple[OperationCoverage, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Diagnosis, ...] = ()

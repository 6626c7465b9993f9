"""Vendor: what a room declares; and what its handlers are given: a call, and a way to reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any

from understudy.auth import Account, Accounts
from understudy.core.clock import MILLISECOND, format_timestamp
from understudy.core.errors import ApiError, Diagnosis
from understudy.core.fakes import Fakes
from understudy.core.settings import Settings
from understudy.core.strict_json import write_json
from understudy.lifecycle import Lifecycle
from understudy.openapi.document import Document, Operation, snake_case
from understudy.session.deliveries import Attempt, Delivery
from understudy.session.faults import Fault
from understudy.session.idempotency import IdempotencyRule
from understudy.session.journal import Exchange
from understudy.session.rate_limits import Limit, RateLimitStatus
from understudy.session.session import Session
from understudy.session.store import Changes, Collection, CollectionData, CollectionKey, Snapshot

Resource = dict[str, Any]


@dataclass(slots=True)
class Reply:
    """What goes back: a status, a document (None for no body) and headers.

    `body` is the document as bytes, made when the reply leaves.
    """

    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    body: bytes = b""

    def encode(self) -> bytes:
        """The body's bytes; empty when there is no document."""
        if not self.body and self.document is not None:
            self.body = write_json(self.document)
        return self.body


Handler = Callable[..., Awaitable[Reply]]
Check = Callable[["Call"], Awaitable[Reply | None]]
Action = Callable[..., Awaitable[None]]
# What an event by hand does: it is given the resource and the scope in which it is kept.
ByHand = Callable[["UnitOfWork", Resource, str], Awaitable[None]]


@dataclass(frozen=True)
class View:
    """How the resources of one collection are shown to the vendor's users.

    Attributes:
        schema: name of the document's component that a shown resource satisfies.
        show: a stored resource as a reply would carry it.
    """

    schema: str
    show: Callable[[Resource], Any]


@dataclass(frozen=True)
class Sample:
    """How realistic resources of one collection are made: by the vendor's own operation.

    Attributes:
        operation: operationId of the operation that creates one.
        make: path values (by the document's names) and body of one realistic request. It may put
            resources (credits, say) through the call; they are kept together with the new one.
    """

    operation: str
    make: Callable[[Call], Awaitable[tuple[dict[str, str], Any]]]


@dataclass(frozen=True)
class Vendor:
    """One vendor, as its room declares it.

    Attributes:
        name: the first segment of its addresses and the name of its document.
        hosts: names under which the real vendor is reached.
        collections: the resources that it keeps: collection name -> singular noun.
        checks: what a request passes before its handler, in the vendor's order; each may raise, or
            answer in the handler's place.
        spell: an error in the vendor's envelope.
        finish: adds the headers that every reply of the vendor carries.
        actions: what its due calls do, by name.
        well_formed: whether a credential has the vendor's form (`--auth any`).
        limit: the documented limit that a request counts against, None where there is none.
        request_id: makes the id by which the vendor names one request.
        key: the member that holds a resource's id.
        first_request: path of a GET that the seed world answers, for newcomers.
        journaled: whether its exchanges are part of a session's story.
        lifecycles: by collection, the moves that its resources can make.
        fires: by collection and event, what the event does when it is fired by hand.
        views: by collection, how its resources are shown; one that is never shown has none.
        samples: by collection, how realistic resources are made.
        signature: the header that signs its deliveries, in lower case; "" when it signs none.
        resign: the headers that a delivery carries when it is sent again now.
    """

    name: str
    title: str
    handlers: ModuleType
    checks: Sequence[Check]
    spell: Callable[[Call, ApiError], Reply]
    finish: Callable[[Call, Reply], None]
    hosts: tuple[str, ...] = ()
    collections: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    well_formed: Callable[[str], bool] = bool
    limit: Callable[[Operation], Limit | None] | None = None
    idempotency: IdempotencyRule | None = None
    request_id: Callable[[Fakes], str] = Fakes.uuid
    key: str = "id"
    first_request: str = "/"
    journaled: bool = True
    lifecycles: Mapping[str, Lifecycle] = field(default_factory=dict)
    fires: Mapping[str, Mapping[str, ByHand]] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    samples: Mapping[str, Sample] = field(default_factory=dict)
    signature: str = ""
    resign: Callable[[UnitOfWork, Delivery], Awaitable[Mapping[str, str]]] | None = None


@dataclass(frozen=True, eq=False)
class Room:
    """A vendor ready to play: its document, its bound handlers, its seed world; never changed.

    `prefix` is the part of an address that stands before the vendor's own path.
    """

    vendor: Vendor
    document: Document
    handlers: Mapping[str, Handler]
    accounts: Accounts | None
    shelves: Mapping[CollectionKey, CollectionData]
    prefix: str

    @property
    def name(self) -> str:
        return self.vendor.name

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """The names of the seed world's accounts by their secrets."""
        accounts = self.accounts.all if self.accounts is not None else ()
        return {
            secret: account.name
            for account in accounts
            for secret in (account.credential, *account.secrets(self.document.secrets))
        }


def seed_snapshot(rooms: Sequence[Room]) -> Snapshot:
    """The seed worlds of all rooms as one store's contents."""
    return Snapshot({place: shelf for room in rooms for place, shelf in room.shelves.items()})


class UnitOfWork:
    """The changes, due calls and deliveries of one piece of work, done whole or not at all.

    Attributes:
        now: the one instant (ns) at which all of it happens.
        rehearsal: run everything, keep nothing.
        muted: send no deliveries.
        clock: what its due calls wait for: the session's clock, or that of an invented past.
    """

    def __init__(self, session: Session, vendor: Vendor, now: int) -> None:
        self.session = session
        self.vendor = vendor
        self.now = now
        self.rehearsal = False
        self.muted = False
        self.clock = session.clock
        self._store = session.store
        self._changes: Changes = {}
        self._due: list[tuple[int, str, bytes]] = []
        self._deliveries: list[Delivery] = []

    @property
    def fakes(self) -> Fakes:
        """Where ids and invented values come from."""
        return self.session.fakes

    def timestamp(self, digits: int = 7, zone: str = "+00:00") -> str:
        """The work's instant as text."""
        return format_timestamp(self.now, digits, zone)

    def __getattr__(self, name: str) -> Collection:
        """The collection of this name, when the vendor declares it."""
        vendor = self.vendor
        if name not in vendor.collections:
            raise AttributeError(f"{vendor.name} declares no collection {name}")
        kind = vendor.collections[name]
        return Collection(self._store, self._changes, vendor.name, name, kind, vendor.key)

    def later(self, delay: float, action: str, **arguments: Any) -> None:
        """Have the room's `action` called after `delay` seconds (scaled by the pace)."""
        self.at(self.now + self.session.scaled(delay), action, **arguments)

    def at(self, instant: int, action: str, **arguments: Any) -> None:
        """Have the room's `action` called at an instant (ns), whatever the pace."""
        self._due.append((instant, action, write_json(arguments)))

    def deliver(
        self,
        event: str,
        url: str,
        document: Any,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        report: str | None = None,
        about: Mapping[str, Any] | None = None,
        subscription: str = "",
        again: str = "",
    ) -> Delivery:
        """Send a document (or its bytes) to the user's URL once this work is committed.

        Args:
            timeout: in seconds.
            subscription: whose deliveries leave one after the other; the URL when not given.
            again: id of the delivery of which this is a further attempt.
            report: the room's action that is told: `action(work, delivery, attempt)`.
            about: what the room wants to find again then.
        """
        delivery = Delivery(
            id=again or self.fakes.uuid(),
            vendor=self.vendor.name,
            event=event,
            url=url,
            body=document if isinstance(document, bytes) else write_json(document),
            headers={"content-type": "application/json", **(headers or {})},
            timeout=timeout,
            created=self.now,
            report=report,
            about=about or {},
            subscription=f"{self.vendor.name}/{subscription or url}",
            signature=self.vendor.signature,
            repeats=bool(again),
        )
        self._deliveries.append(delivery)
        return delivery

    async def deliver_now(self, delivery: Delivery) -> Attempt:
        """Send one of this work's deliveries without waiting for the commit; what came of it."""
        self._deliveries.remove(delivery)
        return await self.session.webhooks.send_now(delivery)

    async def commit(self) -> None:
        """Make it so: store the changes, schedule the due calls, send the deliveries.

        Nothing is kept of a rehearsal, nor when the session was reset meanwhile: the world that
        this work belongs to is gone.
        """
        if self.rehearsal or self._store is not self.session.store:
            return
        if self._changes:
            await self._store.write(self._changes)
        for at, action, arguments in self._due:
            self.clock.schedule(at, self.vendor.name, action, arguments)
        for delivery in self._deliveries if not self.muted else ():
            self.session.send(delivery)


class Call(UnitOfWork):
    """One request on its way through a room, and the unit of work that answers it.

    Attributes:
        headers: of the request, names in lower case; a header sent twice is joined by ", ".
        sent: path, query and header values as they came, by parameter key.
        parameters: validated values by documented name, defaults filled in.
        faults: what is wrong with the parameters; None until they are read.
        content: the request's body as it came; `body` is the document read from it.
        customer: id of whom the request acts for; the room sets it.
        examined: whether it has passed every check; only then is its reply remembered.
        fault: what is to go wrong with it, if anything.
    """

    def __init__(
        self, room: Room, session: Session, settings: Settings, exchange: Exchange
    ) -> None:
        super().__init__(session, room.vendor, exchange.started)
        self.room = room
        self.settings = settings
        self.exchange = exchange
        self.routed: Operation | None = None
        self.account: Account | None = None
        self.headers: dict[str, str] = exchange.request_headers
        self.path_values: Mapping[str, str] = {}
        self.query: dict[str, list[str]] = {}
        self.parameters: dict[str, Any] = {}
        self.faults: list[Diagnosis] | None = None
        self.body: Any = None
        self.content = b""
        self.too_large = False
        self.request_id = room.vendor.request_id(session.fakes)
        self.customer = ""
        self.examined = False
        self.standing: RateLimitStatus | None = None
        self.remembered_as: tuple[str, str, str] | None = None
        self.fault: Fault | None = None
        self.reply_headers: dict[str, str] = {}

    @property
    def operation(self) -> Operation:
        """The documented operation; only a request to an undeclared path or method has none."""
        if self.routed is None:
            raise LookupError(f"{self.exchange.method} {self.exchange.path} is not documented")
        return self.routed

    @property
    def arguments(self) -> dict[str, str]:
        """The path's values by the Python names under which handlers take them."""
        return {snake_case(name): value for name, value in self.path_values.items()}

    @property
    def spent(self) -> int:
        """Milliseconds since the request arrived, by the session's clock."""
        return (self.session.clock.now() - self.now) // MILLISECOND

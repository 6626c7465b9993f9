"""Unit of work: changes that are made all together or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic

from understudy.core.clock import format_timestamp
from understudy.core.fakes import Fakes
from understudy.core.strict_json import write_json
from understudy.service.collections import StoreT_co, open_collection
from understudy.service.declaration import Vendor
from understudy.session.deliveries import Attempt, Delivery
from understudy.session.session import Session
from understudy.session.store import Changes, Collection

Resource = dict[str, Any]


class UnitOfWork(Generic[StoreT_co]):
    """Changes, due calls and deliveries that take effect together at `commit`, or not at all.

    Attributes:
        store: the vendor's collections, through which it reads and changes resources.
        now: the instant (ns since 1970) at which all of it happens.
        rehearsal: `commit` keeps nothing.
        muted: `commit` sends no deliveries.
        clock: schedules its due calls: the session's clock, or that of an invented past.
    """

    def __init__(self, session: Session, vendor: Vendor[StoreT_co], now: int) -> None:
        self.session = session
        self.vendor: Vendor = vendor
        self.now = now
        self.rehearsal = False
        self.muted = False
        self.clock = session.clock
        self._store = session.store
        self._changes: Changes = {}
        self.store: StoreT_co = vendor.store(self._store, self._changes, vendor.name, vendor.key)
        self._due: list[tuple[int, str, bytes]] = []
        self._deliveries: list[Delivery] = []

    @property
    def fakes(self) -> Fakes:
        """The session's source of ids and invented values."""
        return self.session.fakes

    def timestamp(self, digits: int = 7, zone: str = "+00:00") -> str:
        """The work's instant as an RFC 3339 text, with this many digits of a second."""
        return format_timestamp(self.now, digits, zone)

    def collection(self, name: str) -> Collection:
        """A collection whose name is known only at run time; others are attributes of `store`.

        Raises:
            LookupError: when the vendor declares no collection of this name.
        """
        return open_collection(self.store, name)

    def later(self, delay: float, action: str, **arguments: Any) -> None:
        """Schedule one of the vendor's `actions`, `delay` seconds from now (scaled by the pace)."""
        self.at(self.now + self.session.scaled(delay), action, **arguments)

    def at(self, instant: int, action: str, **arguments: Any) -> None:
        """Schedule one of the vendor's `actions` at an instant (ns since 1970), at any pace."""
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
            subscription: id; deliveries of one subscription leave one after the other. The URL
                when not given.
            again: id of the delivery of which this is a further attempt.
            report: name of the vendor's action that is called with the outcome:
                `action(work, delivery, attempt)`.
            about: kept with the delivery, for that action.
        """
        signature = self.vendor.signature
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
            signature=signature.header.lower() if signature is not None else "",
            repeats=bool(again),
        )
        self._deliveries.append(delivery)
        return delivery

    async def deliver_now(self, delivery: Delivery) -> Attempt:
        """Send one of this work's deliveries without waiting for the commit; return the attempt."""
        self._deliveries.remove(delivery)
        return await self.session.webhooks.send_now(delivery)

    async def commit(self) -> None:
        """Store the changes, schedule the due calls, send the deliveries.

        Nothing is kept of a rehearsal, nor when the session was reset meanwhile: the state that
        this work was based on is gone.
        """
        if self.rehearsal or self._store is not self.session.store:
            return
        if self._changes:
            await self._store.write(self._changes)
        for at, action, arguments in self._due:
            self.clock.schedule(at, self.vendor.name, action, arguments)
        for delivery in self._deliveries if not self.muted else ():
            self.session.send(delivery)

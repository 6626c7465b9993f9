"""Unit of work: the changes of one piece of work, done whole or not at all."""

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
    """The changes, due calls and deliveries of one piece of work, done whole or not at all.

    Attributes:
        store: the vendor's collections, through which it reads and changes resources.
        now: the one instant (ns) at which all of it happens.
        rehearsal: run everything, keep nothing.
        muted: send no deliveries.
        clock: what its due calls wait for: the session's clock, or that of an invented past.
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
        """Where ids and invented values come from."""
        return self.session.fakes

    def timestamp(self, digits: int = 7, zone: str = "+00:00") -> str:
        """The work's instant as text."""
        return format_timestamp(self.now, digits, zone)

    def collection(self, name: str) -> Collection:
        """A collection whose name is known only at run time; others are attributes of `store`.

        Raises:
            LookupError: when the vendor declares no collection of this name.
        """
        return open_collection(self.store, name)

    def later(self, delay: float, action: str, **arguments: Any) -> None:
        """Have the service's `action` called after `delay` seconds (scaled by the pace)."""
        self.at(self.now + self.session.scaled(delay), action, **arguments)

    def at(self, instant: int, action: str, **arguments: Any) -> None:
        """Have the service's `action` called at an instant (ns), whatever the pace."""
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
            report: the service's action that is told: `action(work, delivery, attempt)`.
            about: what the service wants to find again then.
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

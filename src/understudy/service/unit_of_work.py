"""Unit of work: changes that are made all together or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from typing import Any, Generic, TypeVar

from understudy.core.clock import format_timestamp
from understudy.core.errors import Internal
from understudy.core.fakes import Fakes
from understudy.core.strict_json import write_json
from understudy.service.collections import StoreT_co, open_collection
from understudy.service.declaration import Vendor
from understudy.session.deliveries import Attempt, Delivery
from understudy.session.session import Session
from understudy.session.store import Changes, Collection, ConflictError

Resource = dict[str, Any]
Result = TypeVar("Result")
# How often a piece of work is tried when others write to the store at the same time.
MAX_RUNS = 5


class UnitOfWork(Generic[StoreT_co]):
    """Changes, due calls and deliveries that take effect together at `commit`, or not at all.

    Attributes:
        store: the vendor's collections, through which it reads and changes resources.
        now: the instant (ns since 1970) at which all of it happens.
        rehearsal: `commit` keeps nothing.
        muted: `commit` sends no deliveries.
        clock: schedules its due calls: the session's clock, or that of an invented past.
    """

    rehearsal = False
    muted = False
    # What earlier runs of a step sent at once, and how much of it the present run has come to.
    _sent: tuple[tuple[Delivery, Attempt], ...] = ()
    _resent = 0

    def __init__(self, session: Session, vendor: Vendor[StoreT_co], now: int) -> None:
        self.session = session
        self.vendor: Vendor = vendor
        self.now = now
        self.clock = session.clock
        self._store = session.store
        self._epoch = session.epoch
        self._base = session.store.position
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
        """Send one of this work's deliveries without waiting for the commit; return the attempt.

        When the work is run again, `delivery` becomes the one that was sent in the earlier run.
        """
        self._deliveries.remove(delivery)
        if self._resent < len(self._sent):
            sent, attempt = self._sent[self._resent]
            for each in fields(Delivery):
                setattr(delivery, each.name, getattr(sent, each.name))
        else:
            attempt = await self.session.webhooks.send_now(delivery)
            self._sent += ((delivery, attempt),)
        self._resent += 1
        return attempt

    async def perform(self, step: Callable[..., Awaitable[Result]], *arguments: Any) -> Result:
        """Run a step of this work and commit; run it again when the store has moved on meanwhile.

        Raises:
            Internal: when others were faster in each of `MAX_RUNS` runs.
        """
        # What was put before this step survives a second run.
        before = _copy_changes(self._changes) if self._changes else {}
        due, deliveries = len(self._due), len(self._deliveries)
        for _ in range(MAX_RUNS):
            self._base = self._store.position
            result = await step(*arguments)
            try:
                await self.commit()
            except ConflictError:
                # In place: the collections that a step was given add to this very dictionary.
                self._changes.clear()
                self._changes.update(_copy_changes(before))
                del self._due[due:], self._deliveries[deliveries:]
                self.start_over()
            else:
                return result
        message = f"others wrote during each of {MAX_RUNS} runs"
        raise Internal(message, hint="nothing was stored; send the request again")

    def start_over(self) -> None:
        """Make ready for a further run of a step; called after a conflict."""
        self._resent = 0

    async def commit(self) -> None:
        """Store the changes, then schedule the due calls and send the deliveries.

        Nothing happens for a rehearsal, nor when the session was reset or restored meanwhile: this
        work belongs to what was there before.

        Raises:
            ConflictError: when the store has changed since this work began; nothing was done.
        """
        if self.rehearsal or self._epoch != self.session.epoch:
            return
        if self._changes:
            await self._store.commit(self._changes, self._base)
        for at, action, arguments in self._due:
            self.clock.schedule(at, self.vendor.name, action, arguments)
        for delivery in self._deliveries if not self.muted else ():
            self.session.send(delivery)


def _copy_changes(changes: Changes) -> Changes:
    return {key: dict(resources) for key, resources in changes.items()}

"""Fires what a session's vendors do later, in time order, each at its own instant."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from understudy.core.clock import LAST, Clock, DueCall, HeldDelivery, format_timestamp
from understudy.core.strict_json import load_json
from understudy.service.call import Action
from understudy.service.declaration import Vendor
from understudy.service.unit_of_work import UnitOfWork
from understudy.session.deliveries import Attempt, Delivery, unpack_delivery
from understudy.session.session import Session

# What one move of the clock may fire: a lifecycle that never ends must not hang the mock.
MAX_FIRED = 100_000
# How many calls may fire before others get a turn.
PAUSE_EVERY = 100
# Seconds for which a move of the clock waits for deliveries that were under way before it.
DELIVERY_WAIT = 0.5
logger = logging.getLogger(__name__)


class Scheduler:
    """Runs the due calls of sessions.

    Args:
        vendors: by name, for their actions.
    """

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self._vendors = vendors
        self._tasks: set[asyncio.Task[None]] = set()

    async def catch_up(self, session: Session) -> None:
        """Fire what is due by the session's clock, unless only moves of the clock may."""
        if session.clock.next_due() is None or not session.fires_by_itself or session.shifting:
            return
        await self.fire_due(session)
        self.wake(session)

    async def shift(self, session: Session, nanoseconds: int) -> list[DueCall]:
        """Move a session's clock forward and fire everything on the way; what fired, in order.

        Raises:
            ValueError: when asked to go back in time.
        """
        if nanoseconds < 0:
            raise ValueError("a clock is shifted forward; reset the session to go back")
        return await self._move(session, session.clock.now() + nanoseconds)

    async def move_to(self, session: Session, target: int) -> list[DueCall]:
        """Move a session's clock to a later instant and fire everything on the way, in order.

        After `MAX_FIRED` calls the clock stands where it has come to, short of the target.

        Raises:
            ValueError: when the instant is past, or later than the last year of four digits.
        """
        if target < session.clock.now():
            raise ValueError("a clock only moves forward; reset the session to go back")
        return await self._move(session, target)

    async def _move(self, session: Session, target: int) -> list[DueCall]:
        if target > LAST:
            raise ValueError(f"a clock ends at {format_timestamp(LAST, 0, 'Z')}; reset the session")
        epoch = session.epoch
        # A receiver may move the clock from inside its handler: its own delivery, which waits
        # for that handler, must not be waited for.
        await session.webhooks.settle(timeout=DELIVERY_WAIT)
        if epoch != session.epoch:
            return []
        session.shifting += 1
        try:
            busy = session.webhooks.busy()
            # What receivers answer may bring the next call, and belongs to the same instant.
            settle = partial(session.webhooks.settle, busy)
            fired = await self.fire_due(session, target, settle=settle)
        finally:
            session.shifting -= 1
        if len(fired) < MAX_FIRED and epoch == session.epoch:
            _advance(session.clock, target)
        self.wake(session)
        return fired

    async def fire_due(
        self,
        session: Session,
        target: int | None = None,
        past: Clock | None = None,
        settle: Callable[[], Awaitable[None]] | None = None,
    ) -> list[DueCall]:
        """Fire due calls in order, each at its own instant; return them.

        A reset or a restore of the session ends it, and so do `MAX_FIRED` calls.

        Args:
            target: the clock is moved from call to call up to this instant (ns); None fires what
                is due already.
            past: the clock of an invented past, in the place of the session's.
            settle: is awaited after each call.
        """
        clock = past or session.clock
        epoch = session.epoch
        fired: list[DueCall] = []
        while epoch == session.epoch and len(fired) < MAX_FIRED:
            at = clock.next_due()
            if at is None or at > (clock.now() if target is None else target):
                break
            _advance(clock, at)
            due = clock.pop_due()
            if due is None:
                continue
            await self.fire(session, due, past)
            fired.append(due)
            if settle is not None:
                await settle()
            if len(fired) % PAUSE_EVERY == 0:
                await asyncio.sleep(0)
        return fired

    def wake(self, session: Session) -> None:
        """Have what falls due next fire by itself, if time passes by itself."""
        session.wake(lambda: self._start(session))

    def _start(self, session: Session) -> None:
        task = asyncio.get_running_loop().create_task(self.catch_up(session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def report(self, session: Session, delivery: Delivery, attempt: Attempt) -> None:
        """Tell a service what came of a delivery."""
        if delivery.report is not None:
            told = self._vendors[delivery.vendor].actions[delivery.report]
            await self._run(session, delivery.vendor, attempt.at, told, delivery, attempt)
            self.wake(session)

    async def fire(self, session: Session, due: DueCall, past: Clock | None = None) -> None:
        """Run a due call.

        Args:
            past: the clock of an invented past; it is given new due calls, and no delivery leaves.
        """
        if isinstance(due, HeldDelivery):
            session.webhooks.release(unpack_delivery(due.delivery))
            return

        async def call_action(work: UnitOfWork) -> None:
            if past is not None:
                work.clock, work.muted = past, True
            action = self._vendors[due.vendor].actions[due.action]
            await action(work, **load_json(due.arguments))

        await self._run(session, due.vendor, due.at, call_action)

    async def _run(
        self, session: Session, vendor: str, at: int, action: Action, *arguments: Any
    ) -> None:
        work = UnitOfWork(session, self._vendors[vendor], at)
        try:
            await work.perform(action, work, *arguments)
        except Exception:
            # One vendor's failed action must not keep the others from happening.
            logger.exception("an action of %s failed", vendor)


def _advance(clock: Clock, instant: int) -> None:
    """Move a clock to an instant, unless it is past it already: real time does not wait."""
    ahead = instant - clock.now()
    if ahead > 0:
        clock.shift(ahead)

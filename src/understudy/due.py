"""Fires what a session's vendors do later, in time order, each at its own instant."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import orjson

from understudy.clock import Clock, DueCall
from understudy.session import Session
from understudy.vendor import Action, UnitOfWork, Vendor
from understudy.webhooks import Attempt, Delivery

logger = logging.getLogger(__name__)


class DueCalls:
    """Runs the due calls of sessions.

    Args:
        vendors: by name, for their actions.
    """

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self._vendors = vendors
        self._tasks: set[asyncio.Task[None]] = set()

    async def catch_up(self, session: Session) -> None:
        """Fire what is due by the session's clock, unless only `shift` may."""
        if session.clock.next_due() is None or not session.fires_by_itself:
            return
        while due := session.clock.pop_due():
            await self._fire(session, due)
        session.wake(lambda: self._start(session))

    async def shift(self, session: Session, nanoseconds: int) -> list[DueCall]:
        """Move a session's clock forward and fire everything on the way; what fired, in order.

        Raises:
            ValueError: when asked to go back in time.
        """
        if nanoseconds < 0:
            raise ValueError("a clock is shifted forward; reset the session to go back")
        target = session.clock.now() + nanoseconds
        fired = []
        while (at := session.clock.next_due()) is not None and at <= target:
            _advance(session.clock, at)
            due = session.clock.pop_due()
            if due is not None:
                await self._fire(session, due)
                fired.append(due)
                # What the receivers answer may bring the next call, and belongs to this instant.
                await session.webhooks.settle()
        _advance(session.clock, target)
        session.wake(lambda: self._start(session))
        return fired

    def _start(self, session: Session) -> None:
        task = asyncio.get_running_loop().create_task(self.catch_up(session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def report(self, session: Session, delivery: Delivery, attempt: Attempt) -> None:
        """Tell a room what came of a delivery."""
        if delivery.report is not None:
            told = self._vendors[delivery.vendor].actions[delivery.report]
            await self._run(session, delivery.vendor, attempt.at, told, delivery, attempt)
            session.wake(lambda: self._start(session))

    async def _fire(self, session: Session, due: DueCall) -> None:
        async def happening(work: UnitOfWork) -> None:
            action = self._vendors[due.vendor].actions[due.action]
            await action(work, **orjson.loads(due.arguments))

        await self._run(session, due.vendor, due.at, happening)

    async def _run(
        self, session: Session, vendor: str, at: int, action: Action, *arguments: Any
    ) -> None:
        work = UnitOfWork(session, self._vendors[vendor], at)
        try:
            await action(work, *arguments)
            await work.commit()
        except Exception:
            # One vendor's failed action must not keep the others from happening.
            logger.exception("an action of %s failed", vendor)


def _advance(clock: Clock, instant: int) -> None:
    """Move a clock to an instant, unless it is past it already: real time does not wait."""
    ahead = instant - clock.now()
    if ahead > 0:
        clock.shift(ahead)

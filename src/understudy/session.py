"""Session: everything that is alive for one user of the mock; and all sessions of a server."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from understudy.clock import SECOND, Clock
from understudy.fakes import Fakes
from understudy.idempotency import IdempotencyCache
from understudy.journal import Journal
from understudy.paging import Anchors
from understudy.ratelimit import Windows
from understudy.settings import Settings
from understudy.store import Snapshot, Store
from understudy.webhooks import Attempt, Delivery, Webhooks

DEFAULT = "default"
FRESH = "fresh"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


Report = Callable[["Session", Delivery, Attempt], Awaitable[None]]


class Session:
    """One world: its resources, clock, ids, journal, remembered keys, counters and deliveries."""

    def __init__(
        self, name: str, seed: Snapshot, settings: Settings, report: Report | None = None
    ) -> None:
        self.name = name
        self._report = report
        self._settings = settings
        self.clock = Clock(settings.clock)
        self._seed = seed
        self.store = Store(seed)
        self.journal = Journal(settings.journal_size)
        self._timer: asyncio.TimerHandle | None = None
        self._begin()

    def _begin(self) -> None:
        self._closed = False
        self.fakes = Fakes(self._settings.seed)
        self.idempotency = IdempotencyCache()
        self.windows = Windows()
        self.anchors = Anchors()
        self.webhooks = Webhooks(self._settings.webhook_hosts, self.clock.now, self._reported)

    async def _reported(self, delivery: Delivery, attempt: Attempt) -> None:
        if self._report is not None:
            await self._report(self, delivery, attempt)

    def reset(self) -> None:
        """Back to the seed world, the first id and the first instant."""
        self.close()
        self.clock = Clock(self._settings.clock)
        # A new store: what is under way in the old one must not reach this world.
        self.store = Store(self._seed)
        self.journal = Journal(self._settings.journal_size)
        self._begin()

    def scaled(self, delay: float) -> int:
        """Nanoseconds for something that takes `delay` seconds at the vendor."""
        pace = self._settings.pace
        return int(delay * SECOND * (1.0 if pace is None else pace))

    @property
    def fires_by_itself(self) -> bool:
        """Whether due calls fire as time passes, rather than by `shift` alone."""
        return self._settings.pace is not None

    def wake(self, fire: Callable[[], None]) -> None:
        """Have `fire` called when the next due call is due, if time passes by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.clock.next_due()
        if self._closed or due is None or self.clock.frozen or not self.fires_by_itself:
            return
        delay = max(0.0, (due - self.clock.now()) / SECOND)
        self._timer = asyncio.get_running_loop().call_later(delay, fire)

    def close(self) -> None:
        """Drop what would still happen; a closed session fires and sends nothing by itself."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.webhooks.close()


class Sessions:
    """The sessions of one server; the least recently used one goes when there are too many."""

    def __init__(self, seed: Snapshot, settings: Settings, report: Report | None = None) -> None:
        self._seed = seed
        self._report = report
        self._settings = settings
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def get(self, name: str) -> Session:
        """The session of this name, created from the seed world when it is new.

        Raises:
            ValueError: when the name is not one.
        """
        session = self._sessions.get(name)
        if session is not None:
            self._sessions.move_to_end(name)
            return session
        if not NAME.fullmatch(name):
            raise ValueError(f'"{name}" is not a session name: it must match {NAME.pattern}')
        session = Session(name, self._seed, self._settings, self._report)
        if name == FRESH:
            return session
        self._sessions[name] = session
        if len(self._sessions) > self._settings.max_sessions:
            self._sessions.popitem(last=False)[1].close()
        return session

    def drop(self, name: str) -> bool:
        """Forget a session; whether there was one."""
        session = self._sessions.pop(name, None)
        if session is not None:
            session.close()
        return session is not None

    def names(self) -> list[str]:
        """Every session, least recently used first."""
        return list(self._sessions)

    def close(self) -> None:
        """Drop all sessions."""
        for name in self.names():
            self.drop(name)

"""Sessions: the state of each user of the mock, and all sessions of a server."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from understudy.core.clock import MILLISECOND, SECOND, Clock, ClockState, HeldDelivery
from understudy.core.fakes import Fakes, FakesState
from understudy.core.settings import Settings
from understudy.session.deliveries import Attempt, Delivery, pack_delivery, unpack_delivery
from understudy.session.faults import Faults
from understudy.session.idempotency import IdempotencyCache, RememberedReply
from understudy.session.journal import Journal, SharedBound
from understudy.session.memory_store import make_memory_store
from understudy.session.outbox import Outbox
from understudy.session.pagination import PageAnchors
from understudy.session.rate_limits import FixedWindowLimiter, Window
from understudy.session.store import MakeStore, Snapshot, Store

DEFAULT_SESSION = "default"
# How many exchanges all sessions together keep, unless one journal alone may keep more.
MAX_EXCHANGES = 1_000
# How many of the newest sessions keep their random state; most older ones are not used again.
UNFOLDED = 200
FRESH_SESSION = "fresh"
SESSION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


ReportDelivery = Callable[["Session", Delivery, Attempt], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class World:
    """The state of a session at one moment, as snapshots keep it.

    Journal, deliveries and faults are not part of it: what happened has happened, and faults belong
    to the test that planned them.
    """

    resources: Snapshot
    clock: ClockState
    fakes: FakesState
    idempotency: Mapping[tuple[str, str, str], RememberedReply]
    windows: Mapping[Window, tuple[int, int]]
    anchors: Mapping[tuple[str, ...], int]


class Session:
    """Everything of one user: resources, clock, ids, journal, remembered keys and deliveries.

    Attributes:
        epoch: counts resets and restores; work that began in an earlier one is given up.
        worlds: named snapshots, the oldest first.
        coverage: how often each vendor's operation answered with each status.
        shifting: how many moves of the clock are under way, each firing what falls due.

    Args:
        report: is told of each attempt at a delivery.
        journals: bounds the journals of all sessions together.
        make_store: makes the store; called again at each reset and restore.
    """

    def __init__(
        self,
        name: str,
        seed: Snapshot,
        settings: Settings,
        report: ReportDelivery | None = None,
        journals: SharedBound | None = None,
        make_store: MakeStore = make_memory_store,
    ) -> None:
        self.name = name
        self.epoch = 0
        self._make_store = make_store
        self._journals = journals
        self._report = report
        self._settings = settings
        self.clock = Clock(settings.clock)
        self._seed = seed
        self.store: Store = make_store(name, seed)
        self.journal = Journal(settings.journal_size, journals)
        self.worlds: dict[str, World] = {}
        self.shifting = 0
        self.faults = Faults()
        self._timer: asyncio.TimerHandle | None = None
        self._begin()

    def _begin(self) -> None:
        self._closed = False
        self.fakes = Fakes(self._settings.seed)
        self.idempotency = IdempotencyCache()
        self.windows = FixedWindowLimiter()
        self.anchors = PageAnchors()
        self.faults.clear()
        self.coverage: Counter[tuple[str, str, int]] = Counter()
        self.webhooks = Outbox(self._settings.webhook_hosts, self.clock.now, self._reported)

    async def _reported(self, delivery: Delivery, attempt: Attempt) -> None:
        if self._report is not None:
            await self._report(self, delivery, attempt)

    async def reset(self) -> None:
        """Go back to the seed data, the first id and the first instant."""
        self.close()
        self._begin_epoch()
        self.clock = Clock(self._settings.clock)
        self.journal = Journal(self._settings.journal_size, self._journals)
        self._begin()
        await self.store.reset()

    def _begin_epoch(self) -> None:
        """Leave the store to the work that is under way; its changes do not reach the new one."""
        self.epoch += 1
        self.store = self._make_store(self.name, self._seed)

    async def stand_at(self, instant: int) -> None:
        """Reset, with a clock that is frozen at an instant (ns) now and after every reset."""
        self._settings = replace(self._settings, clock=instant)
        await self.reset()

    async def snapshot(self) -> World:
        """The present state; costs a pointer for each collection and each due call."""
        return World(
            resources=await self.store.snapshot(),
            clock=self.clock.snapshot(),
            fakes=self.fakes.snapshot(),
            idempotency=self.idempotency.snapshot(),
            windows=self.windows.snapshot(),
            anchors=self.anchors.snapshot(),
        )

    async def restore(self, world: World) -> None:
        """Go back to an earlier state; work that is under way is given up."""
        held = [each.delivery for each in world.clock.due if isinstance(each, HeldDelivery)]
        self.webhooks.forget(frozenset(unpack_delivery(each).id for each in held))
        self._begin_epoch()
        self.clock.restore(world.clock)
        self.fakes.restore(world.fakes)
        self.idempotency.restore(world.idempotency)
        self.windows.restore(world.windows)
        self.anchors.restore(world.anchors)
        await self.store.restore(world.resources)

    def send(self, delivery: Delivery) -> None:
        """Send a delivery, unless a planned fault withholds or holds it."""
        signed = bool(delivery.signature)
        planned = self.faults.meet_delivery(delivery.vendor, delivery.event, signed)
        self.webhooks.send(delivery, planned)
        if planned is not None and delivery.state == "held":
            at = self.clock.now() + planned.milliseconds() * MILLISECOND
            self.clock.hold(at, delivery.vendor, pack_delivery(delivery))

    def scaled(self, delay: float) -> int:
        """Scale a delay of the vendor (seconds) by the pace; returns nanoseconds."""
        pace = self._settings.pace
        return int(delay * SECOND * (1.0 if pace is None else pace))

    @property
    def fires_by_itself(self) -> bool:
        """Whether due calls fire as time passes, and not only by moves of the clock."""
        return self._settings.pace is not None

    def wake(self, fire: Callable[[], None]) -> None:
        """Set a timer that calls `fire` when the next call falls due, if time passes by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.clock.next_due()
        if self._closed or due is None or self.clock.frozen or not self.fires_by_itself:
            return
        delay = max(0.0, (due - self.clock.now()) / SECOND)
        self._timer = asyncio.get_running_loop().call_later(delay, fire)

    def close(self) -> None:
        """Cancel the timer and the deliveries; a closed session sends nothing by itself."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.webhooks.close()


class Sessions:
    """The sessions of one server; above a limit the least recently used one is dropped."""

    def __init__(
        self,
        seed: Snapshot,
        settings: Settings,
        report: ReportDelivery | None = None,
        make_store: MakeStore = make_memory_store,
    ) -> None:
        self._seed = seed
        self._make_store = make_store
        self._report = report
        self._settings = settings
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._newest: deque[Session] = deque()
        self._journals = SharedBound(max(MAX_EXCHANGES, settings.journal_size))

    def get(self, name: str) -> Session:
        """Return the session of this name, created from the seed data when it is new.

        Raises:
            ValueError: when the name is not valid.
        """
        session = self._sessions.get(name)
        if session is not None:
            self._sessions.move_to_end(name)
            return session
        if not SESSION_NAME.fullmatch(name):
            raise ValueError(
                f'"{name}" is not a session name: it must match {SESSION_NAME.pattern}'
            )
        session = Session(
            name, self._seed, self._settings, self._report, self._journals, self._make_store
        )
        if name == FRESH_SESSION:
            return session
        self._sessions[name] = session
        self._newest.append(session)
        if len(self._newest) > UNFOLDED:
            self._newest.popleft().fakes.fold()
        if len(self._sessions) > self._settings.max_sessions:
            self._sessions.popitem(last=False)[1].close()
        return session

    def find(self, name: str) -> Session | None:
        """Find a session by name; this does not count as a use of it."""
        return self._sessions.get(name)

    def drop(self, name: str) -> bool:
        """Drop a session; returns whether there was one."""
        session = self._sessions.pop(name, None)
        if session is not None:
            session.close()
        return session is not None

    def names(self) -> list[str]:
        """The names of all sessions, least recently used first."""
        return list(self._sessions)

    def close(self) -> None:
        """Drop all sessions."""
        for name in self.names():
            self.drop(name)

"""Due calls: fired in time order, each at its own instant, whoever moves the clock."""

from __future__ import annotations

import asyncio
import itertools
import logging
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.testing.receiver_loop import receiving
from tests.waiting import LONG
from understudy.core.clock import MILLISECOND, SECOND, Clock, DueCall, parse_instant
from understudy.core.settings import Settings
from understudy.core.strict_json import write_json
from understudy.engine.scheduler import MAX_FIRED, Scheduler
from understudy.service.call import Action, Call
from understudy.service.collections import Collections, Stored
from understudy.service.declaration import Vendor
from understudy.service.reply import Reply
from understudy.service.unit_of_work import UnitOfWork
from understudy.session.deliveries import Attempt, Delivery
from understudy.session.egress_policy import find_refusal
from understudy.session.session import Session
from understudy.session.store import Snapshot

NOON = parse_instant("2026-03-11T12:00:00Z")
FROZEN = Settings(clock=NOON)
MANUAL = Settings(clock=NOON, pace=None)
AT_ONCE = Settings(clock=NOON, pace=0.0)
BLOCKED = "https://example.com/hook"
LAST = b'{"left":0,"every":0}'


class ToyStore(Collections):
    toys = Stored("toy")


class Stage:
    """A vendor whose actions write down what they were told, and when."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.reports: list[tuple[str, str, int]] = []
        self.ended = asyncio.Event()
        self.due = Scheduler({"toy": self.vendor(), "other": self.vendor("other")})

    def vendor(self, name: str = "toy") -> Vendor:
        """A vendor with these actions."""

        def render_error(call: Call, error: Exception) -> Reply:
            raise NotImplementedError

        def finish(call: Call, reply: Reply) -> None:
            raise NotImplementedError

        actions: dict[str, Action] = {
            "note": self.note,
            "chain": self.chain,
            "keep": self.keep,
            "fail": self.fail,
            "call": self.call,
            "answered": self.answered,
            "ring": self.ring,
        }
        return Vendor(
            name=name,
            title=name,
            handlers=ModuleType(name),
            checks=(),
            render_error=render_error,
            finish=finish,
            store=ToyStore,
            actions=actions,
        )

    def session(self, settings: Settings = FROZEN) -> Session:
        """A session that reports to this vendor."""
        return Session("default", Snapshot({}), settings, self.due.report)

    async def note(self, work: UnitOfWork, name: str) -> None:
        self.told.append((name, (work.now - NOON) // SECOND))

    async def chain(self, work: UnitOfWork, left: int, every: float) -> None:
        await self.note(work, f"chain-{left}")
        if left:
            work.later(every, "chain", left=left - 1, every=every)
        else:
            self.ended.set()

    async def keep(self, work: UnitOfWork, id: str) -> None:
        await work.store.toys.put({"id": id, "at": work.timestamp(0)})

    async def fail(self, work: UnitOfWork) -> None:
        await work.store.toys.put({"id": "half"})
        work.later(0, "note", name="from the failed one")
        raise RuntimeError("out of toys")

    async def call(self, work: UnitOfWork, report: str | None = None) -> None:
        work.deliver("done", BLOCKED, {}, report=report)

    async def ring(self, work: UnitOfWork, url: str, subscription: str = "") -> None:
        await self.note(work, "ring")
        work.deliver("ring", url, {}, subscription=subscription)

    async def answered(self, work: UnitOfWork, delivery: Delivery, attempt: Attempt) -> None:
        self.reports.append((delivery.event, attempt.error, (work.now - NOON) // SECOND))
        work.later(1, "note", name="after the answer")


@pytest.fixture
def mount() -> Stage:
    """A stage on which nothing has happened."""
    return Stage()


def plan(
    session: Session, seconds: float, action: str, vendor: str = "toy", **arguments: Any
) -> DueCall:
    """Have an action called so many seconds past noon."""
    at = NOON + int(seconds * SECOND)
    return session.clock.schedule(at, vendor, action, write_json(arguments))


def ticking(session: Session) -> Session:
    """The session, with a clock in real time that is further on whenever it is read."""
    session.clock = Clock(wall=itertools.count(NOON, MILLISECOND).__next__)
    return session


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["toy", "other"]))))
def test_calls_fire_in_time_order(plans: list[tuple[int, str]]) -> None:
    """Calls of all vendors fire by instant, those of one instant in the order of scheduling."""
    mount = Stage()
    session = mount.session()
    for number, (seconds, vendor) in enumerate(plans):
        plan(session, seconds, "note", vendor, name=str(number))

    asyncio.run(mount.due.shift(session, 9 * SECOND))

    told = [(str(number), seconds) for number, (seconds, _) in enumerate(plans)]
    assert mount.told == sorted(told, key=lambda each: each[1])


async def test_each_call_fires_at_its_own_instant(mount: Stage) -> None:
    """A call happens at its instant, not at the one that the clock is moved to."""
    session = mount.session()
    plan(session, 3, "note", name="a")

    await mount.due.shift(session, 60 * SECOND)

    assert mount.told == [("a", 3)]


async def test_a_shift_tells_what_fired(mount: Stage) -> None:
    """The calls come back in the order in which they fired."""
    session = mount.session()
    later = plan(session, 2, "note", name="later")
    sooner = plan(session, 1, "note", name="sooner")

    fired = await mount.due.shift(session, 2 * SECOND)

    assert fired == [sooner, later]


@pytest.mark.parametrize("seconds", [0, 1, 100])
async def test_a_shift_moves_the_clock_by_what_was_asked(mount: Stage, seconds: int) -> None:
    """Whatever fires on the way, the clock stands where it was moved to."""
    session = mount.session()
    plan(session, 1, "note", name="a")

    await mount.due.shift(session, seconds * SECOND)

    assert session.clock.now() == NOON + seconds * SECOND


async def test_what_lies_beyond_the_shift_waits(mount: Stage) -> None:
    """A call a nanosecond later than the shift does not fire."""
    session = mount.session()
    beyond = plan(session, 5, "note", name="a")

    fired = await mount.due.shift(session, 5 * SECOND - 1)

    assert (fired, mount.told, session.clock.pending()) == ([], [], [beyond])


async def test_a_shift_fires_what_its_calls_bring(mount: Stage) -> None:
    """A chain of calls fires as far as the shift goes, link by link at its instants."""
    session = mount.session()
    plan(session, 10, "chain", left=5, every=10)

    fired = await mount.due.shift(session, 35 * SECOND)

    assert mount.told == [("chain-5", 10), ("chain-4", 20), ("chain-3", 30)]
    assert len(fired) == 3
    assert session.clock.next_due() == NOON + 40 * SECOND


async def test_a_link_falls_between_other_calls(mount: Stage) -> None:
    """What a call brings fires before a later call that was scheduled earlier."""
    session = mount.session()
    plan(session, 30, "note", name="old")
    plan(session, 10, "chain", left=1, every=10)

    await mount.due.shift(session, 60 * SECOND)

    assert mount.told == [("chain-1", 10), ("chain-0", 20), ("old", 30)]


async def test_a_call_takes_effect(mount: Stage) -> None:
    """What an action stores is stored, with the time of its instant."""
    session = mount.session()
    plan(session, 10, "keep", id="a")

    await mount.due.shift(session, 60 * SECOND)

    stored = await session.store.read(("toy", "toys", ""), "a")
    assert stored == b'{"id":"a","at":"2026-03-11T12:00:10+00:00"}'


@pytest.mark.parametrize(
    "failing", [("fail", {}), ("nothing", {}), ("note", {"unknown": 1})], ids=lambda each: each[0]
)
async def test_a_failing_action_does_not_stop_the_others(
    mount: Stage, caplog: pytest.LogCaptureFixture, failing: tuple[str, dict[str, Any]]
) -> None:
    """An action that raises, is unknown or is called wrongly is logged, and the next one fires."""
    session = mount.session()
    plan(session, 1, failing[0], **failing[1])
    plan(session, 2, "note", name="next")

    with caplog.at_level(logging.ERROR):
        fired = await mount.due.shift(session, 5 * SECOND)

    assert (mount.told, len(fired)) == ([("next", 2)], 2)
    assert [record.getMessage() for record in caplog.records] == ["an action of toy failed"]


async def test_a_failing_action_leaves_nothing_behind(mount: Stage) -> None:
    """What an action did before it raised is not done."""
    session = mount.session()
    plan(session, 1, "fail")

    await mount.due.shift(session, 5 * SECOND)

    assert await session.store.read(("toy", "toys", ""), "half") is None
    assert session.clock.pending() == []


async def test_a_request_fires_what_is_due(mount: Stage) -> None:
    """Catching up fires everything up to now, and nothing later."""
    session = mount.session()
    plan(session, 0, "note", name="due")
    waiting = plan(session, 1, "note", name="waiting")

    await mount.due.catch_up(session)

    assert (mount.told, session.clock.pending()) == ([("due", 0)], [waiting])


async def test_catching_up_late_still_fires_in_order(mount: Stage) -> None:
    """Calls that are overdue fire in time order, each at its instant."""
    session = mount.session()
    plan(session, 2, "note", name="b")
    plan(session, 1, "chain", left=1, every=0)
    session.clock.shift(60 * SECOND)

    await mount.due.catch_up(session)

    assert mount.told == [("chain-1", 1), ("chain-0", 1), ("b", 2)]


async def test_at_pace_zero_everything_happens_at_once(mount: Stage) -> None:
    """A whole chain of delays fires when the session catches up."""
    session = mount.session(AT_ONCE)
    plan(session, 0, "chain", left=2, every=3_600)

    await mount.due.catch_up(session)

    assert mount.told == [("chain-2", 0), ("chain-1", 0), ("chain-0", 0)]
    assert session.clock.now() == NOON


async def test_manual_calls_wait_for_a_shift(mount: Stage) -> None:
    """Without a pace a request fires nothing, however long ago it was due."""
    session = mount.session(MANUAL)
    waiting = plan(session, 1, "note", name="a")
    session.clock.shift(60 * SECOND)

    await mount.due.catch_up(session)

    assert (mount.told, session.clock.pending()) == ([], [waiting])


@pytest.mark.parametrize("seconds", [0, 5])
async def test_a_shift_fires_manual_calls(mount: Stage, seconds: int) -> None:
    """A shift fires what became due before it, too, at the vendor's own delays."""
    session = mount.session(MANUAL)
    plan(session, 0, "chain", left=1, every=10)
    session.clock.shift(10 * SECOND)

    await mount.due.shift(session, seconds * SECOND)

    assert mount.told == [("chain-1", 0), ("chain-0", 10)]
    assert session.clock.now() == NOON + (10 + seconds) * SECOND


@pytest.mark.parametrize(("pace", "at"), [(1.0, 10), (0.5, 5), (3.0, 30)])
async def test_the_pace_scales_delays(mount: Stage, pace: float, at: int) -> None:
    """A delay of ten seconds takes ten times the pace."""
    session = mount.session(Settings(clock=NOON, pace=pace))
    plan(session, 0, "chain", left=1, every=10)

    await mount.due.shift(session, 60 * SECOND)

    assert mount.told == [("chain-1", 0), ("chain-0", at)]


async def test_a_running_clock_can_be_shifted(mount: Stage) -> None:
    """In real time a shift fires what is on the way, at its instants."""
    session = ticking(mount.session())
    plan(session, 60, "chain", left=1, every=60)

    await mount.due.shift(session, 300 * SECOND)

    assert mount.told == [("chain-1", 60), ("chain-0", 120)]
    assert session.clock.now() >= NOON + 300 * SECOND


@pytest.mark.parametrize("seconds", [0, 1])
async def test_a_running_clock_may_have_passed_a_call(mount: Stage, seconds: int) -> None:
    """A shift fires overdue calls of a running clock without going back for them."""
    session = ticking(mount.session(Settings(pace=None)))
    plan(session, -5, "note", name="overdue")

    await mount.due.shift(session, seconds * SECOND)

    assert mount.told == [("overdue", -5)]


async def test_a_wall_that_is_set_back_loses_no_call(mount: Stage) -> None:
    """When real time jumps back during a shift, the call fires all the same, once."""
    session = mount.session()
    wall = itertools.chain([NOON, NOON], itertools.repeat(NOON - 5 * SECOND))
    session.clock = Clock(wall=wall.__next__)
    plan(session, 10, "note", name="a")

    fired = await mount.due.shift(session, 60 * SECOND)

    assert (mount.told, len(fired)) == ([("a", 10)], 1)


async def test_in_real_time_calls_fire_by_themselves(mount: Stage) -> None:
    """No request is needed: when the time has come, the call fires."""
    session = mount.session(Settings())
    session.clock.schedule(session.clock.now() + 1, "toy", "note", b'{"name":"a"}')
    session.clock.schedule(session.clock.now() + MILLISECOND, "toy", "chain", LAST)

    await mount.due.catch_up(session)
    await asyncio.wait_for(mount.ended.wait(), LONG)

    assert [name for name, _ in mount.told] == ["a", "chain-0"]


async def test_after_a_shift_the_rest_fires_by_itself(mount: Stage) -> None:
    """What a shift brings near happens in real time."""
    session = ticking(mount.session())
    plan(session, 3_600.02, "chain", left=0, every=0)

    fired = await mount.due.shift(session, 3_600 * SECOND)
    await asyncio.wait_for(mount.ended.wait(), LONG)

    assert fired == []
    assert [name for name, _ in mount.told] == ["chain-0"]


async def test_an_answer_may_bring_the_next_call(mount: Stage) -> None:
    """A shift waits for the deliveries on its way and fires what their outcome brings."""
    session = mount.session()
    plan(session, 10, "call", report="answered")

    await mount.due.shift(session, 60 * SECOND)

    reason = find_refusal(BLOCKED, frozenset())
    assert mount.reports == [("done", reason, 10)]
    assert mount.told == [("after the answer", 11)]


async def test_who_does_not_ask_is_not_told(mount: Stage) -> None:
    """A delivery without an action to report to brings no call."""
    session = mount.session()
    plan(session, 10, "call")

    await mount.due.shift(session, 60 * SECOND)
    await mount.due.report(session, session.webhooks.deliveries[0], Attempt(NOON, 200))

    assert (mount.reports, mount.told) == ([], [])
    assert [each.state for each in session.webhooks.deliveries] == ["blocked"]


async def test_a_receiver_may_move_the_clock(mount: Stage) -> None:
    """A move from inside a delivery's handler does not wait for that delivery, and fires."""
    session = mount.session()
    plan(session, 10, "note", name="between")
    plan(session, 30, "note", name="after")

    async def answer() -> int:
        await mount.due.shift(session, 15 * SECOND)
        return 200

    async with asyncio.timeout(LONG), receiving(answer) as receiver:
        plan(session, 1, "ring", url=receiver.url)
        await mount.due.shift(session, 60 * SECOND)

    assert mount.told == [("ring", 1), ("between", 10), ("after", 30)]
    assert session.clock.now() == NOON + 60 * SECOND


async def test_a_receiver_may_move_the_clock_further(mount: Stage) -> None:
    """The outer move then has nothing left to do, and does not go back."""
    session = mount.session()

    async def answer() -> int:
        await mount.due.shift(session, 100 * SECOND)
        return 200

    async with asyncio.timeout(LONG), receiving(answer) as receiver:
        plan(session, 1, "ring", url=receiver.url)
        fired = await mount.due.shift(session, 60 * SECOND)

    assert len(fired) == 1
    assert session.clock.now() == NOON + 101 * SECOND


async def test_a_receiver_may_move_the_clock_to_its_own_next_delivery(mount: Stage) -> None:
    """That one waits behind the first; the move does not wait for either."""
    session = mount.session()
    moved: list[int] = []

    async def answer() -> int:
        if not moved:
            moved.append(len(await mount.due.shift(session, 10 * SECOND)))
        return 200

    async with asyncio.timeout(LONG), receiving(answer) as receiver:
        plan(session, 1, "ring", url=receiver.url)
        plan(session, 5, "ring", url=receiver.url)
        await mount.due.shift(session, 60 * SECOND)

    assert moved == [1]
    assert [each.state for each in session.webhooks.deliveries] == ["delivered", "delivered"]


@pytest.mark.parametrize("how", ["reset", "restore"])
async def test_a_receiver_may_end_the_world(mount: Stage, how: str) -> None:
    """A move of a world that is gone neither fires nor moves anything in the next one."""
    session = mount.session()
    plan(session, 30, "note", name="waiting")
    world = await session.snapshot()

    async def answer() -> int:
        await session.reset() if how == "reset" else await session.restore(world)
        return 200

    async with asyncio.timeout(LONG), receiving(answer) as receiver:
        plan(session, 1, "ring", url=receiver.url)
        fired = await mount.due.shift(session, 60 * SECOND)

    assert [each.action for each in fired] == ["ring"]
    assert mount.told == [("ring", 1)]
    assert session.clock.now() == NOON
    assert len(session.clock) == (0 if how == "reset" else 1)


async def test_a_request_fires_nothing_while_the_clock_is_moved(mount: Stage) -> None:
    """Whoever moves it fires in order; a request in between does not run ahead."""
    session = mount.session()

    async def answer() -> int:
        session.clock.schedule(NOON, "toy", "note", b'{"name":"due"}')
        await mount.due.catch_up(session)
        assert mount.told == [("ring", 1)]
        return 200

    async with receiving(answer) as receiver:
        plan(session, 1, "ring", url=receiver.url)
        await mount.due.shift(session, 60 * SECOND)

    assert mount.told == [("ring", 1), ("due", 0)]
    assert session.shifting == 0


async def test_a_move_waits_for_what_is_under_way(mount: Stage) -> None:
    """What a request sent just before is answered before the clock moves."""
    session = mount.session()
    instants: list[int] = []

    async def answer() -> int:
        await asyncio.sleep(0.05)
        instants.append(session.clock.now())
        return 200

    async with receiving(answer) as receiver:
        plan(session, 0, "ring", url=receiver.url)
        await mount.due.catch_up(session)
        await mount.due.shift(session, 60 * SECOND)

    assert instants == [NOON]


async def test_a_lifecycle_that_never_ends_does_not_hang(mount: Stage) -> None:
    """After so many calls the clock stands where it has come to, and goes on when asked again."""
    session = mount.session()
    plan(session, 0, "chain", left=MAX_FIRED + 10, every=0.001)
    target = NOON + 3_600 * SECOND

    fired = await mount.due.move_to(session, target)

    assert len(fired) == MAX_FIRED
    assert NOON < session.clock.now() < target
    assert len(await mount.due.move_to(session, target)) == 11
    assert session.clock.now() == target


async def test_while_much_fires_others_get_a_turn(mount: Stage) -> None:
    """A long move does not keep the loop to itself."""
    session = mount.session()
    plan(session, 0, "chain", left=1_000, every=0.001)
    turns: list[int] = []

    async def other() -> None:
        while len(mount.told) < 1_000:
            turns.append(len(mount.told))
            await asyncio.sleep(0)

    await asyncio.gather(mount.due.shift(session, 3_600 * SECOND), other())

    assert len(turns) > 5


@pytest.mark.parametrize("target", [NOON - 1, parse_instant("9999-12-31T00:00:00Z")])
async def test_a_clock_moves_forward_and_not_beyond_the_last_year(
    mount: Stage, target: int
) -> None:
    """The refusal says what to do."""
    session = mount.session()

    with pytest.raises(ValueError, match="reset the session"):
        await mount.due.move_to(session, target)

    assert session.clock.now() == NOON

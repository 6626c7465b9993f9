"""Sessions: what they hold, how they begin anew, when they go."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.conftest import NOON
from tests.contents import contents
from tests.waiting import until
from understudy.core.clock import SECOND, Clock, HeldDelivery
from understudy.core.settings import Settings
from understudy.server.app import App, create_app
from understudy.session.deliveries import Delivery
from understudy.session.faults import Fault
from understudy.session.session import Session, Sessions
from understudy.session.store import Snapshot

KEY = {"x-api-key": "sk_test_acme_admin"}
PROFILES = "/sent/v3/profiles"
READY = f"{PROFILES}/660e8400-e29b-41d4-a716-446655440000/complete"
HOOK = {"webHookUrl": "http://127.0.0.1:9/hook"}


def sessions(**settings: int) -> Sessions:
    return Sessions(Snapshot({}), Settings(clock=NOON, **settings))


def test_session_is_created_by_being_named() -> None:
    """The same name is the same session; another is another."""
    known = sessions()

    assert known.get("a") is known.get("a") is not known.get("b")
    assert known.names() == ["a", "b"]


def test_fresh_is_new_each_time_and_never_listed() -> None:
    """Nobody meets what somebody left in `fresh`."""
    known = sessions()

    assert known.get("fresh") is not known.get("fresh")
    assert known.names() == []


def test_least_recently_used_session_goes_first() -> None:
    """Using a session keeps it."""
    known = sessions(max_sessions=2)
    known.get("a")
    known.get("b")
    known.get("a")

    known.get("c")

    assert known.names() == ["a", "c"]


def test_dropping_tells_whether_there_was_one() -> None:
    """A dropped session begins anew when it is named again."""
    known = sessions()
    first = known.get("a")

    assert (known.drop("a"), known.drop("a")) == (True, False)
    assert known.get("a") is not first


@pytest.mark.parametrize("name", ["", "-a", "a b", "ä", "a/b", "x" * 65, "a\n"])
def test_bad_names_are_refused(name: str) -> None:
    """A name has a form."""
    with pytest.raises(ValueError, match="is not a session name"):
        sessions().get(name)


async def test_reset_is_the_seed_world_again(client: httpx.AsyncClient, app: App) -> None:
    """Resources, ids, journal, clock, due calls: the same requests give the same bytes."""
    session = app.session()
    names = {"name": "New"}
    first = await client.post(PROFILES, json=names, headers=KEY)
    await client.post(READY, json=HOOK, headers=KEY)
    await app.shift(session, SECOND)

    await session.reset()
    again = await client.post(PROFILES, json=names, headers=KEY)

    assert again.content == first.content
    assert session.clock.pending() == []
    assert [exchange.id for exchange in session.journal] == ["1"]


async def under_way(app: App, client: httpx.AsyncClient) -> asyncio.Task[httpx.Response]:
    """A request that has begun, and will change something."""
    planned = app.session().faults.plan(Fault("1", "delay", delay=200, times=1))
    asked = asyncio.create_task(client.post(PROFILES, json={"name": "Late"}, headers=KEY))
    await until(lambda: planned.struck)
    return asked


async def test_work_under_way_does_not_reach_the_world_after_a_reset(
    client: httpx.AsyncClient, app: App
) -> None:
    """A request that began before the reset keeps its changes to itself."""
    slow = await under_way(app, client)

    await app.session().reset()
    reset = contents(app.session())
    answered = await slow

    assert answered.status_code == 201
    assert contents(app.session()) == reset


async def test_due_calls_fire_as_real_time_passes() -> None:
    """With the clock running nobody has to ask."""
    app = create_app(Settings(pace=0.01))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        await client.post(READY, json=HOOK, headers=KEY)
        await until(lambda: app.session().webhooks.deliveries)

    await app.session().webhooks.settle()
    [delivery] = app.session().webhooks.deliveries
    assert delivery.state == "failed"


async def test_closed_session_does_nothing_more(app: App) -> None:
    """A session that was dropped neither wakes nor sends."""
    session = app.session("gone")
    app.sessions.drop("gone")
    session.clock.schedule(NOON, "sent", "finish_completion", b"{}")

    session.wake(lambda: pytest.fail("woke"))
    session.webhooks.send(Delivery("1", "sent", "e", "http://127.0.0.1:9/", b"", {}, 1.0, NOON))
    await asyncio.sleep(0.01)

    assert list(session.webhooks.deliveries) == []


async def test_lifespan_ends_what_is_alive() -> None:
    """A server that shuts down drops its sessions."""
    app = create_app(Settings(clock=NOON))
    app.session("a")
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    told: list[str] = []

    async def receive() -> dict[str, str]:
        return next(asked)

    async def send(message: dict[str, str]) -> None:
        told.append(message["type"])

    await app({"type": "lifespan"}, receive, send)  # type: ignore[arg-type]

    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert app.sessions.names() == []


async def test_websockets_are_closed(app: App) -> None:
    """No vendor speaks over a websocket."""
    told: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, str]) -> None:
        told.append(message["type"])

    await app({"type": "websocket"}, receive, send)  # type: ignore[arg-type]

    assert told == ["websocket.close"]


def delivery(id: str, url: str = "http://127.0.0.1:9/", **members: str) -> Delivery:
    """A delivery to nobody."""
    return Delivery(id, "sent", "done", url, b"{}", {}, 1.0, NOON, **members)  # type: ignore[arg-type]


async def test_a_restore_is_the_world_of_the_snapshot(client: httpx.AsyncClient, app: App) -> None:
    """Resources, clock, due calls, ids, keys, windows: a snapshot then is the same as before."""
    session = app.session()
    await client.post(READY, json=HOOK, headers={**KEY, "idempotency-key": "k"})
    world = await session.snapshot()
    await client.post(PROFILES, json={"name": "New"}, headers={**KEY, "idempotency-key": "l"})
    await app.shift(session, 60 * SECOND)

    await session.restore(world)

    assert await session.snapshot() == world


async def test_a_snapshot_costs_no_copy(app: App) -> None:
    """What is stored is shared with it until it changes."""
    session = app.session()

    one, other = await session.snapshot(), await session.snapshot()

    assert all(
        other.resources.shelves[place] is shelf for place, shelf in one.resources.shelves.items()
    )


async def test_a_snapshot_is_not_changed_by_what_comes(client: httpx.AsyncClient, app: App) -> None:
    """Neither by requests, nor by a restore of it and what follows."""
    session = app.session()
    world = await session.snapshot()
    shelves = {place: dict(shelf) for place, shelf in world.resources.shelves.items()}

    for _ in range(2):
        await client.post(PROFILES, json={"name": "New"}, headers=KEY)
        await session.restore(world)

    assert world.resources.shelves == shelves


async def test_a_world_may_come_from_another_session(client: httpx.AsyncClient, app: App) -> None:
    """It goes on there as it would have gone on here."""
    await client.post(PROFILES, json={"name": "New"}, headers=KEY)
    other = app.session("other")

    await other.restore(await app.session().snapshot())
    here = await client.post(PROFILES, json={"name": "Next"}, headers=KEY)
    there = await client.post(f"/@other{PROFILES}", json={"name": "Next"}, headers=KEY)

    assert there.content == here.content


async def test_a_restore_keeps_what_is_not_of_the_world(
    client: httpx.AsyncClient, app: App
) -> None:
    """Journal, coverage, faults and named snapshots stay."""
    session = app.session()
    session.worlds["before"] = await session.snapshot()
    await client.get(PROFILES, headers=KEY)
    session.faults.plan(Fault("1", "reset", vendor="zexa"))

    await session.restore(session.worlds["before"])

    assert (len(session.journal), sum(session.coverage.values())) == (1, 1)
    assert (len(session.faults), list(session.worlds)) == (1, ["before"])


async def test_work_under_way_does_not_reach_the_restored_world(
    client: httpx.AsyncClient, app: App
) -> None:
    """A request that began before keeps its changes to itself."""
    world = await app.session().snapshot()
    slow = await under_way(app, client)

    await app.session().restore(world)
    answered = await slow

    assert answered.status_code == 201
    assert contents(app.session()) == world.resources.shelves


def held(session: Session, sent: Delivery) -> None:
    """Have a delivery sent that a fault holds back for five seconds."""
    session.faults.plan(Fault("1", "webhook-late", delay=5_000, times=1))
    session.send(sent)


async def test_a_held_delivery_survives_in_a_snapshot() -> None:
    """It waits as a due call, whole."""
    session = Session("a", Snapshot({}), Settings(clock=NOON))
    held(session, delivery("d-1"))

    [call] = (await session.snapshot()).clock.due

    assert isinstance(call, HeldDelivery)
    assert (call.at, b'"d-1"' in call.delivery) == (NOON + 5 * SECOND, True)


async def test_a_restore_forgets_the_held_deliveries_of_its_world() -> None:
    """They are yet to be sent there; the log has them once they are."""
    session = Session("a", Snapshot({}), Settings(clock=NOON))
    held(session, delivery("d-1"))
    world = await session.snapshot()
    await session.webhooks.send_now(delivery("d-2", "https://example.com/"))

    await session.restore(world)

    assert [each.id for each in session.webhooks.deliveries] == ["d-2"]


async def test_a_restore_gives_up_the_held_deliveries_of_the_other_world() -> None:
    """Nothing will let them go."""
    session = Session("a", Snapshot({}), Settings(clock=NOON))
    world = await session.snapshot()
    held(session, delivery("d-1"))

    await session.restore(world)

    [gone] = session.webhooks.deliveries
    assert (gone.state, gone.reason) == ("failed", "given up: the session was restored")


async def test_a_restore_of_a_running_clock_runs_on() -> None:
    """The deliveries' log goes by the same clock."""
    session = Session("a", Snapshot({}), Settings())
    world = await session.snapshot()
    session.clock.shift(3_600 * SECOND)

    await session.restore(world)

    assert not session.clock.frozen
    assert session.clock.now() < world.clock.now + 600 * SECOND
    assert isinstance(session.clock, Clock)


async def test_a_session_is_looked_up_without_being_used() -> None:
    """Whoever looks at it does not keep it from going."""
    known = sessions(max_sessions=2)
    known.get("a")
    known.get("b")

    known.find("a")
    known.get("c")

    assert known.names() == ["b", "c"]


async def test_nobody_is_found_who_was_not_named() -> None:
    """Looking makes no session."""
    known = sessions()

    assert known.find("a") is None
    assert known.names() == []


async def test_a_dropped_session_has_no_timer() -> None:
    """What it would have woken for does not happen."""
    known = Sessions(Snapshot({}), Settings())
    session = known.get("a")
    woken: list[str] = []
    session.clock.schedule(session.clock.now() + SECOND // 50, "sent", "act", b"{}")
    session.wake(lambda: woken.append("a"))

    known.drop("a")
    await asyncio.sleep(0.1)

    assert woken == []

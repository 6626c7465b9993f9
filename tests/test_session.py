"""Sessions: what they hold, how they begin anew, when they go."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from conftest import NOON

from understudy.app import App, create_app
from understudy.clock import SECOND
from understudy.session import Sessions
from understudy.settings import Settings
from understudy.store import Snapshot
from understudy.webhooks import Delivery

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

    session.reset()
    again = await client.post(PROFILES, json=names, headers=KEY)

    assert again.content == first.content
    assert session.clock.pending() == []
    assert [exchange.id for exchange in session.journal] == ["1"]


async def test_work_under_way_does_not_reach_the_world_after_a_reset(
    client: httpx.AsyncClient, app: App
) -> None:
    """A request that began before the reset keeps its changes to itself."""
    slow = asyncio.create_task(
        client.post(PROFILES, json={"name": "Late"}, headers={**KEY, "prefer": "delay=50"})
    )
    await asyncio.sleep(0.01)

    app.session().reset()
    reset = app.session().store.snapshot()
    answered = await slow

    assert answered.status_code == 201
    assert app.session().store.snapshot() == reset


async def test_due_calls_fire_as_real_time_passes() -> None:
    """With the clock running nobody has to ask."""
    app = create_app(Settings(pace=0.01))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        await client.post(READY, json=HOOK, headers=KEY)
        for _ in range(100):
            if app.session().webhooks.deliveries:
                break
            await asyncio.sleep(0.01)

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

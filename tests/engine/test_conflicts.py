"""Work that meets a conflict in the store: it runs again, and nothing leaves twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.conftest import NOON
from tests.contents import contents
from tests.testing.receiver_loop import receiving
from tests.toy import toy_shop
from understudy.core.clock import SECOND
from understudy.core.settings import Settings
from understudy.server.app import App, create_app
from understudy.service.unit_of_work import MAX_RUNS
from understudy.session.memory_store import MemoryStore
from understudy.session.session import Session
from understudy.session.store import Changes, CollectionKey, Snapshot

OWNER = {"authorization": "Bearer let-me-in"}
AGENT = {"authorization": "Bearer am_live_oc01abcdefghijklmnopqrstuvwxyz0123"}
ADMIN = "/__admin"
TOYS: CollectionKey = ("shop", "toys", "")


class BusyStore(MemoryStore):
    """A store to which others write while the first pieces of work are under way.

    Attributes:
        conflicts: how many commits are still to meet a conflict.
        others: what the others write.
    """

    def __init__(self, seed: Snapshot) -> None:
        super().__init__(seed)
        self.conflicts = 0
        self.others: Changes = {}

    async def commit(self, changes: Changes, base: int | None = None) -> None:
        if base is not None and self.conflicts:
            self.conflicts -= 1
            await super().commit(self.others)
        await super().commit(changes, base)


def make_busy_store(session: str, seed: Snapshot) -> BusyStore:
    return BusyStore(seed)


def disturb(session: Session, conflicts: int, others: Changes | None = None) -> None:
    """Have the next commits of a session meet a conflict."""
    assert isinstance(session.store, BusyStore)
    session.store.conflicts, session.store.others = conflicts, others or {}


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        yield client
        await app.session().webhooks.settle()


def shop() -> App:
    return App([toy_shop()], Settings(clock=NOON), None, make_store=make_busy_store)


async def create(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/shop/toys", json={"name": "Kite"}, headers=OWNER)


async def test_a_handler_runs_again() -> None:
    """One resource and one due call come of it, and the reply is that of the second run."""
    app = shop()
    disturb(app.session(), 1)

    async with serving(app) as client:
        reply = await create(client)

    assert reply.status_code == 201
    assert list(contents(app.session())[TOYS]) == ["bear", reply.json()["id"]]
    assert len(app.session().clock) == 1


async def test_work_that_never_gets_through_is_refused() -> None:
    """After so many runs the client gets an error, and nothing has happened."""
    app = shop()
    disturb(app.session(), MAX_RUNS)

    async with serving(app) as client:
        reply = await create(client)

    assert reply.status_code == 500
    assert f"others wrote during each of {MAX_RUNS} runs" in reply.headers["x-understudy-diagnosis"]
    assert list(contents(app.session())[TOYS]) == ["bear"]
    assert len(app.session().clock) == 0


async def test_a_due_call_runs_again() -> None:
    """The toy is sold once, and one delivery tells of it."""
    app = shop()
    session = app.session()

    async with serving(app) as client:
        await create(client)
        disturb(session, 1)
        await app.shift(session, 3_600 * SECOND)

    assert [each.event for each in session.webhooks.deliveries] == ["toy.sold"]
    assert len(session.clock) == 1


async def test_an_event_by_hand_reads_the_resource_again() -> None:
    """What others stored meanwhile is what it goes on from."""
    app = shop()
    session = app.session()
    renamed = contents(session)[TOYS]["bear"].replace(b"Bear", b"Ursa")
    disturb(session, 1, {TOYS: {"bear": renamed}})

    async with serving(app) as client:
        asked = {"vendor": "shop", "collection": "toys", "id": "bear", "event": "sell"}
        fired = (await client.post(f"{ADMIN}/fire", json=asked)).json()

    assert (fired["before"], fired["after"]) == ("new", "sold")
    assert fired["resource"]["name"] == "Ursa"


async def test_samples_are_made_again() -> None:
    """As many as were asked for are stored."""
    app = shop()
    disturb(app.session(), 2)

    async with serving(app) as client:
        asked = {"vendor": "shop", "collection": "toys", "count": 2}
        made = await client.post(f"{ADMIN}/populate", json=asked)

    assert made.status_code == 201
    assert len(contents(app.session())[TOYS]) == 3


async def listen(client: httpx.AsyncClient, url: str) -> str:
    """Register an endpoint for webhooks; the path at which it is tested."""
    hook = {"url": url, "events": ["campaign.approved"]}
    listened = await client.post("/v1/webhooks", json=hook, headers=AGENT)
    return f"/v1/webhooks/{listened.json()['id']}/test"


async def test_what_was_sent_inside_the_work_is_not_sent_twice() -> None:
    """The attempt that is stored is that of the event which the receiver got."""
    app = create_app(Settings(clock=NOON, vendors=("agentmessage",)), make_store=make_busy_store)

    async with asyncio.timeout(10), receiving() as receiver, serving(app) as client:
        path = await listen(client, receiver.url)
        disturb(app.session(), 1)
        tested = (await client.post(path, headers=AGENT)).json()

    [body] = receiver.bodies
    [sent] = app.session().webhooks.deliveries
    assert tested["event_id"].encode() in body
    assert (tested["outcome"], sent.body) == ("success", body)


async def test_a_write_during_a_delivery_inside_the_work_is_kept() -> None:
    """What a receiver has stored while it was called, and the attempt at calling it."""
    app = create_app(Settings(clock=NOON, vendors=("agentmessage",)))

    async with asyncio.timeout(10), serving(app) as client:

        async def answer() -> int:
            await listen(client, "https://example.com/other")
            return 200

        async with receiving(answer) as receiver:
            path = await listen(client, receiver.url)
            tested = (await client.post(path, headers=AGENT)).json()
            listed = (await client.get("/v1/webhooks", headers=AGENT)).json()
            attempts = (await client.get("/v1/webhooks/deliveries", headers=AGENT)).json()

    assert len(receiver.bodies) == 1
    assert "https://example.com/other" in [each["url"] for each in listed["data"]]
    assert f"evt_{attempts['data'][0]['event_id']}" == tested["event_id"]

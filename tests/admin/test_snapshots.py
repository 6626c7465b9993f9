"""Snapshots: a world is saved, restored to the byte, taken to another server, refused if unfit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.admin.requests import (
    ADMIN,
    HOOK,
    Ask,
    ask,
    download,
    example,
    hint,
    mock,
    refused,
    told,
)
from tests.admin.traffic import READY, SALES, busy, changes
from tests.conftest import NOON
from tests.waiting import until
from understudy.admin.handlers.snapshots import MAX_SNAPSHOTS
from understudy.core.clock import SECOND, parse_instant
from understudy.core.settings import Settings
from understudy.server.app import App

TEAM = Ask("sent", "POST", "/v3/profiles", {"name": "Team"})
COMPLETE = Ask("sent", "POST", f"{READY}/complete", {"webHookUrl": HOOK})
SEED_WORLD = {
    "format": 1,
    "clock": {"now": "2026-03-11T12:00:00Z", "frozen": True},
    "resources": {},
}


@pytest.fixture
def settings() -> Settings:
    """Frozen at noon, with everything counted that a vendor counts."""
    return Settings(clock=NOON, rate_limits=True)


async def upload(client: httpx.AsyncClient, world: Any, name: str = "up") -> httpx.Response:
    """Upload a world, as bytes or as JSON."""
    content = world if isinstance(world, bytes) else orjson.dumps(world)
    headers = {"content-type": "application/json"}
    return await client.put(f"{ADMIN}/snapshots/{name}", content=content, headers=headers)


async def test_a_restored_world_is_the_same_to_the_byte(
    client: httpx.AsyncClient, app: App
) -> None:
    """After hundreds of changes at all vendors: resources, clock, due calls, ids, keys, windows."""
    await busy(app, client, range(3))
    await ask(client, COMPLETE)
    first = await download(client, "before")
    replies = await busy(app, client, range(3, 50))

    await client.post(f"{ADMIN}/snapshots/before/restore")

    assert changes(replies) >= 500
    assert {429, 402} <= {each.status_code for each in replies}
    assert await download(client, "after") == first


async def test_the_snapshot_of_a_busy_day_is_not_empty(client: httpx.AsyncClient, app: App) -> None:
    """What the comparison of two downloads compares is there."""
    await busy(app, client, range(3))
    await ask(client, COMPLETE)

    world = orjson.loads(await download(client))

    busy_vendors = {"agentmessage", "sent", "tether", "zexa"}
    assert set(world["resources"]) >= busy_vendors
    assert {each["vendor"] for each in world["clock"]["due"]} >= busy_vendors
    assert world["idempotency"] and world["windows"] and world["readers"]
    assert world["ids"]["faker"]


async def test_after_a_restore_the_same_requests_give_the_same_bytes(
    client: httpx.AsyncClient, app: App
) -> None:
    """Status, headers and body of every reply, invented ones included."""
    await busy(app, client, range(3))
    await client.post(f"{ADMIN}/snapshots/before")
    first = await busy(app, client, range(3, 16))

    await client.post(f"{ADMIN}/snapshots/before/restore")
    again = await busy(app, client, range(3, 16))

    assert [told(each) for each in again] == [told(each) for each in first]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """The URL of a server in a process of its own, in real time."""
    port_file = tmp_path / "port"
    serve = ["-m", "understudy", "serve", "--port", "0", "--port-file", str(port_file)]
    with subprocess.Popen(
        [sys.executable, *serve, "--rate-limits"],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            assert server.stdout.readline(), "the server ended before it was ready"
            yield f"http://127.0.0.1:{port_file.read_text().strip()}"
        finally:
            server.terminate()


async def test_a_world_is_taken_to_another_process(
    client: httpx.AsyncClient, app: App, elsewhere: str
) -> None:
    """Uploaded and restored elsewhere, it is downloaded the same, and goes on the same way."""
    await busy(app, client, range(3))
    world = await download(client)
    async with httpx.AsyncClient(base_url=elsewhere) as other:
        uploaded = await upload(other, world)
        restored = await other.post(f"{ADMIN}/snapshots/up/restore")

        assert (uploaded.status_code, restored.status_code) == (201, 200)
        assert await download(other) == world
        assert told(await ask(other, TEAM)) == told(await ask(client, TEAM))


async def test_a_snapshot_says_what_it_holds(client: httpx.AsyncClient) -> None:
    """Saving, listing and uploading tell the same of it."""
    await ask(client, COMPLETE)

    saved = (await client.post(f"{ADMIN}/snapshots/s")).json()
    listed = (await client.get(f"{ADMIN}/snapshots")).json()

    assert (saved["name"], saved["pending"], saved["frozen"]) == ("s", 1, True)
    assert listed == {"snapshots": [saved]}


async def test_snapshots_are_listed_oldest_first(client: httpx.AsyncClient) -> None:
    """In the order of their first saving."""
    for name in ("b", "a", "c", "b"):
        await client.post(f"{ADMIN}/snapshots/{name}")

    listed = (await client.get(f"{ADMIN}/snapshots")).json()["snapshots"]

    assert [each["name"] for each in listed] == ["b", "a", "c"]


async def test_a_snapshot_is_replaced_by_one_of_its_name(client: httpx.AsyncClient) -> None:
    """The later one is what is restored."""
    await client.post(f"{ADMIN}/snapshots/s")
    await ask(client, TEAM)
    await client.post(f"{ADMIN}/snapshots/s")

    before = (await client.get(f"{ADMIN}/sessions/default")).json()["resources"]
    restored = (await client.post(f"{ADMIN}/snapshots/s/restore")).json()

    assert restored["resources"] == before


async def test_a_snapshot_can_be_restored_again(client: httpx.AsyncClient) -> None:
    """What happens after a restore does not reach the snapshot."""
    first = await download(client, "s")
    for _ in range(2):
        await ask(client, TEAM)
        await client.patch(f"{ADMIN}/clock", json={"shift": "PT1H"})
        await client.post(f"{ADMIN}/snapshots/s/restore")

    assert await download(client, "again") == first
    assert (await client.get(f"{ADMIN}/snapshots/s")).content == first


async def test_a_deleted_snapshot_is_gone(client: httpx.AsyncClient) -> None:
    """It is deleted once."""
    await client.post(f"{ADMIN}/snapshots/s")

    first = await client.delete(f"{ADMIN}/snapshots/s")
    second = await client.delete(f"{ADMIN}/snapshots/s")

    assert (first.status_code, second.status_code) == (204, 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "nothing"), ("DELETE", "nothing"), ("POST", "nothing/restore")],
)
async def test_an_unknown_snapshot_is_not_there(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    """The answer names those that are."""
    await client.post(f"{ADMIN}/snapshots/a")
    await client.post(f"{ADMIN}/snapshots/b")

    response = await client.request(method, f"{ADMIN}/snapshots/{path}")

    assert hint(response, 404) == "snapshots: a, b"


@pytest.mark.parametrize("name", ["-a", "a%20b", "x" * 65, "%C3%A4", "a%0A"])
async def test_a_bad_name_is_refused(client: httpx.AsyncClient, name: str) -> None:
    """A snapshot's name has the form of a session's."""
    response = await client.post(f"{ADMIN}/snapshots/{name}")

    assert refused(response, 400)["errors"][0]["pointer"] == "name"


async def test_there_are_only_so_many_snapshots(client: httpx.AsyncClient, app: App) -> None:
    """A hundred, and one that is replaced is not one more."""
    for number in range(MAX_SNAPSHOTS):
        app.session().worlds[f"s{number}"] = await app.session().snapshot()

    saved = await client.post(f"{ADMIN}/snapshots/one-more")
    uploaded = await upload(client, SEED_WORLD, "one-more")
    replaced = await client.post(f"{ADMIN}/snapshots/s7")

    assert hint(saved, 409) == hint(uploaded, 409) == "delete some first"
    assert replaced.status_code == 201


async def test_snapshots_belong_to_their_session(client: httpx.AsyncClient) -> None:
    """Another session has none of this name."""
    await client.post(f"{ADMIN}/sessions/a/snapshots/s")

    response = await client.get(f"{ADMIN}/sessions/b/snapshots/s")

    refused(response, 404)


async def test_a_restore_keeps_what_happened(client: httpx.AsyncClient) -> None:
    """Journal and faults are not of the world: they go on."""
    await client.post(f"{ADMIN}/snapshots/s")
    await ask(client, TEAM)
    await client.post(f"{ADMIN}/faults", json={"kind": "delay", "delay": 1})

    restored = (await client.post(f"{ADMIN}/snapshots/s/restore")).json()

    assert (restored["requests"], restored["faults"]) == (1, 1)


async def test_a_restore_wakes_what_is_due() -> None:
    """In real time the calls of the world that came back fire by themselves."""
    async with mock(Settings(pace=0.5)) as (app, client):
        await ask(client, COMPLETE)
        await client.post(f"{ADMIN}/snapshots/s")
        await client.patch(f"{ADMIN}/clock", json={"shift": "PT1S"})

        restored = (await client.post(f"{ADMIN}/snapshots/s/restore")).json()

        assert restored["pending"] == 1
        await until(lambda: len(app.session().clock) == 0)


async def test_a_running_clock_goes_on_from_where_it_stood() -> None:
    """Neither the time since the snapshot nor a shift is left in it."""
    async with mock(Settings()) as (_, client):
        saved = (await client.post(f"{ADMIN}/snapshots/s")).json()
        await client.patch(f"{ADMIN}/clock", json={"shift": "P30D"})

        restored = (await client.post(f"{ADMIN}/snapshots/s/restore")).json()

        assert not restored["frozen"]
        assert saved["now"] < restored["now"]
        assert parse_instant(restored["now"]) - parse_instant(saved["now"]) < 86_400 * SECOND


async def test_what_is_under_way_is_given_up(client: httpx.AsyncClient, app: App) -> None:
    """A delivery of a world that is gone neither waits in the log for ever nor leaves."""
    held = {"kind": "webhook-late", "delay": 5_000}
    await client.post(f"{ADMIN}/snapshots/s")
    await client.post(f"{ADMIN}/faults", json=held)
    await ask(client, COMPLETE)
    await client.patch(f"{ADMIN}/clock", json={"shift": "PT3S"})

    await client.post(f"{ADMIN}/snapshots/s/restore")

    [delivery] = (await client.get(f"{ADMIN}/deliveries")).json()["deliveries"]
    assert delivery["state"] == "failed"
    assert delivery["reason"] == "given up: the session was restored"


async def test_a_held_delivery_is_of_the_world(client: httpx.AsyncClient) -> None:
    """It leaves again after a restore, at its time, and is then in the log once."""
    await client.post(f"{ADMIN}/faults", json={"kind": "webhook-late", "delay": 5_000, "times": 1})
    await ask(client, COMPLETE)
    await client.patch(f"{ADMIN}/clock", json={"shift": "PT3S"})
    await client.post(f"{ADMIN}/snapshots/s")
    await client.patch(f"{ADMIN}/clock", json={"shift": "PT10S"})

    await client.post(f"{ADMIN}/snapshots/s/restore")
    moved = (await client.patch(f"{ADMIN}/clock", json={"shift": "PT10S"})).json()

    [delivery] = (await client.get(f"{ADMIN}/deliveries")).json()["deliveries"]
    assert [each["action"] for each in moved["fired"]] == ["(deliver)"]
    assert (delivery["state"], len(delivery["attempts"])) == ("failed", 1)


async def test_a_delivery_that_happens_again_is_a_new_one(client: httpx.AsyncClient) -> None:
    """It has the id that it had in the world that is gone, and not its attempts."""
    await ask(client, COMPLETE)
    await client.post(f"{ADMIN}/snapshots/s")
    await client.patch(f"{ADMIN}/clock", json={"shift": "PT3S"})

    await client.post(f"{ADMIN}/snapshots/s/restore")
    await client.patch(f"{ADMIN}/clock", json={"shift": "PT3S"})

    [delivery] = (await client.get(f"{ADMIN}/deliveries")).json()["deliveries"]
    assert len(delivery["attempts"]) == 1


async def test_a_world_written_by_hand_is_taken(client: httpx.AsyncClient) -> None:
    """Format, clock and resources suffice; ids begin anew."""
    balance = {"id": "acct_acme", "credits": 7, "currency": "USD"}
    world = {**SEED_WORLD, "resources": {"zexa": {"balances": {"": [balance]}}}}

    uploaded = (await upload(client, world)).json()
    await client.post(f"{ADMIN}/snapshots/up/restore")
    credits = (await ask(client, Ask("zexa", "GET", "/v1/credits"))).json()

    assert (uploaded["resources"], uploaded["pending"]) == (1, 0)
    assert credits["credits"] == 7


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"format": 2}, "/format"),
        ({"clock": {}}, "/clock/now"),
        ({"clock": {"now": "noon", "frozen": True}}, "/clock/now"),
        ({"resources": []}, "/resources"),
        ({"resources": {"sent": {"profiles": {"a": [7]}}}}, "/resources/sent/profiles/a/0"),
        ({"extra": 1}, ""),
    ],
)
async def test_what_is_no_world_is_refused(
    client: httpx.AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    """A body that breaks the document is a 400 that points at the place."""
    response = await upload(client, {**SEED_WORLD, **change})

    assert refused(response, 400)["errors"][0]["pointer"] == pointer


async def test_a_world_that_does_not_fit_is_refused(client: httpx.AsyncClient, app: App) -> None:
    """A well-formed world of other vendors is a 422, and nothing is kept of it."""
    world = {**SEED_WORLD, "resources": {"no-vendor": {}, "sent": {"toys": {"": [{"id": "1"}]}}}}

    response = await upload(client, world)

    pointers = [each["pointer"] for each in refused(response, 422)["errors"]]
    assert pointers == ["/resources/no-vendor", "/resources/sent/toys//0"]
    assert app.session().worlds == {}


async def test_a_snapshot_of_a_large_day_is_uploaded(client: httpx.AsyncClient, app: App) -> None:
    """What a server downloaded is taken back, however much came to be since the seed world."""
    await busy(app, client, range(20))

    response = await upload(client, await download(client))

    assert response.status_code == 201, response.text


async def test_saving_is_no_matter_of_size(client: httpx.AsyncClient, app: App) -> None:
    """A snapshot shares what did not change since: saving a hundred of them copies nothing."""
    campaign = example("sent", "createCampaign", "minimal")
    await client.post(f"{ADMIN}/snapshots/a")
    await ask(client, Ask("sent", "POST", f"{SALES}/campaigns", campaign))
    await client.post(f"{ADMIN}/snapshots/b")

    one, other = (app.session().worlds[name].resources.shelves for name in "ab")

    changed = [place for place in other if other[place] is not one.get(place)]
    assert [place[1] for place in changed] == ["campaigns"]

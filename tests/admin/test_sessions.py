"""Sessions, seen and ended from outside: listed, shown, reset, dropped, named in three ways."""

from __future__ import annotations

import asyncio
import gc
import weakref

import httpx
import pytest

from tests.admin.requests import ADMIN, HOOK, Ask, ask, hint, mock, refused
from tests.conftest import NOON
from understudy.core.settings import Settings
from understudy.server.app import App, create_app

PROFILES = Ask("sent", "GET", "/v3/profiles")
TEAM = Ask("sent", "POST", "/v3/profiles", {"name": "Team"})
COMPLETE = Ask(
    "sent",
    "POST",
    "/v3/profiles/660e8400-e29b-41d4-a716-446655440000/complete",
    {"webHookUrl": HOOK},
)


async def names(client: httpx.AsyncClient, **query: str | int) -> list[str]:
    """The names on one page of the list."""
    listed = (await client.get(f"{ADMIN}/sessions", params=query)).json()
    return [each["name"] for each in listed["sessions"]]


async def test_the_default_session_is_listed(client: httpx.AsyncClient) -> None:
    """Whoever asks first meets the session that he asks in."""
    listed = (await client.get(f"{ADMIN}/sessions")).json()

    assert listed["total"] == 1
    assert listed["sessions"][0]["name"] == "default"


async def test_sessions_come_least_recently_used_first(client: httpx.AsyncClient) -> None:
    """A session that was used goes to the end."""
    for name in ("a", "b", "a"):
        await ask(client, PROFILES, session=name)

    assert await names(client) == ["b", "a", "default"]


async def test_five_thousand_sessions_are_listed_by_pages(
    client: httpx.AsyncClient, app: App
) -> None:
    """Each page begins after the last name of the one before; none is missing, none twice."""
    made = [app.session(f"test-{number}").name for number in range(5_000)]

    found: list[str] = []
    while page := await names(client, **({"after": found[-1]} if found else {})):
        found += page

    assert found == [*made, "default"]


async def test_a_page_is_as_long_as_asked_for(client: httpx.AsyncClient, app: App) -> None:
    """`limit` cuts the page, not the total."""
    for number in range(5):
        app.session(f"test-{number}")

    listed = (await client.get(f"{ADMIN}/sessions?limit=2")).json()

    assert (len(listed["sessions"]), listed["total"]) == (2, 6)


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2"])
async def test_a_page_has_a_length(client: httpx.AsyncClient, query: str) -> None:
    """A limit that is none is refused."""
    response = await client.get(f"{ADMIN}/sessions?{query}")

    assert refused(response, 400)["errors"][0]["pointer"] == "limit"


async def test_a_session_tells_what_is_in_it(client: httpx.AsyncClient) -> None:
    """Requests, what waits, faults and snapshots are counted, and its time is told."""
    await ask(client, COMPLETE, session="a")
    await client.post(f"{ADMIN}/sessions/a/snapshots/s")
    await client.post(f"{ADMIN}/sessions/a/faults", json={"kind": "delay", "delay": 1})

    shown = (await client.get(f"{ADMIN}/sessions/a")).json()

    counts = {name: shown[name] for name in ("requests", "pending", "faults", "deliveries")}
    assert counts == {"requests": 1, "pending": 1, "faults": 1, "deliveries": 0}
    assert (shown["now"], shown["frozen"]) == ("2026-03-11T12:00:00.000000000Z", True)
    assert shown["snapshots"] == ["s"]


async def test_looking_at_a_session_makes_none(client: httpx.AsyncClient, app: App) -> None:
    """A session that was never named is not there, and the answer says how one is made."""
    response = await client.get(f"{ADMIN}/sessions/nobody")

    assert hint(response, 404) == "a session is made by the first request to it"
    assert app.sessions.find("nobody") is None


@pytest.mark.parametrize("name", ["-a", "a b", "%C3%A4", "x" * 65, "a%0A"])
@pytest.mark.parametrize("path", ["", "/clock"])
async def test_a_bad_name_is_refused(client: httpx.AsyncClient, name: str, path: str) -> None:
    """A name that is none is a problem, whether the session or something in it is asked for."""
    response = await client.get(f"{ADMIN}/sessions/{name}{path}")

    refused(response, 400)


async def test_a_dropped_session_is_gone(client: httpx.AsyncClient) -> None:
    """It is dropped once, and begins anew when it is named again."""
    await ask(client, TEAM, session="a")

    first = await client.delete(f"{ADMIN}/sessions/a")
    second = await client.delete(f"{ADMIN}/sessions/a")

    assert (first.status_code, second.status_code) == (204, 404)
    profiles = (await ask(client, PROFILES, session="a")).json()["data"]["profiles"]
    assert "Team" not in [each["name"] for each in profiles]


async def test_all_sessions_are_dropped_at_once(client: httpx.AsyncClient, app: App) -> None:
    """The request's own is no exception."""
    await ask(client, TEAM, session="a")

    response = await client.delete(f"{ADMIN}/sessions")

    assert response.status_code == 204
    assert app.sessions.names() == []


async def test_a_dropped_session_s_timers_are_gone() -> None:
    """What would have happened in real time does not happen any more."""
    async with mock(Settings(pace=0.5)) as (app, client):
        await ask(client, COMPLETE, session="a")
        session = app.session("a")

        await client.delete(f"{ADMIN}/sessions/a")
        # Beyond the second after which it would have happened.
        await asyncio.sleep(1.2)

        assert len(session.clock.pending()) == 1
        assert session.webhooks.deliveries == []


async def test_a_reset_is_the_seed_world(client: httpx.AsyncClient, app: App) -> None:
    """Resources, clock, ids, journal and faults begin anew; the answer shows it."""
    seed = await app.session().snapshot()
    await ask(client, TEAM)
    await ask(client, COMPLETE)
    await client.post(f"{ADMIN}/faults", json={"kind": "delay", "delay": 1})
    await client.patch(f"{ADMIN}/clock", json={"shift": "PT1S"})

    reset = (await client.post(f"{ADMIN}/reset")).json()

    assert await app.session().snapshot() == seed
    assert (reset["requests"], reset["pending"], reset["faults"]) == (0, 0, 0)


async def test_a_reset_keeps_snapshots(client: httpx.AsyncClient) -> None:
    """What was saved under a name can be restored after a reset."""
    await ask(client, TEAM)
    await client.post(f"{ADMIN}/snapshots/with-team")

    reset = (await client.post(f"{ADMIN}/reset")).json()
    restored = (await client.post(f"{ADMIN}/snapshots/with-team/restore")).json()

    assert reset["snapshots"] == ["with-team"]
    assert restored["resources"] > reset["resources"]


async def test_a_reset_forgets_coverage(client: httpx.AsyncClient) -> None:
    """What was exercised is counted since the session began."""
    await ask(client, PROFILES)

    await client.post(f"{ADMIN}/reset")

    vendors = (await client.get(f"{ADMIN}/coverage")).json()["vendors"]
    assert {each["operations"]["exercised"] for each in vendors} == {0}


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"{ADMIN}/sessions/a/requests", {}),
        (f"/@a{ADMIN}/requests", {}),
        (f"{ADMIN}/requests", {"x-understudy-session": "a"}),
        (f"{ADMIN}/sessions/a/requests", {"x-understudy-session": "b"}),
        (f"/@b{ADMIN}/sessions/a/requests", {}),
    ],
    ids=["path", "base-url", "header", "path-over-header", "path-over-base-url"],
)
async def test_a_session_is_named_in_three_ways(
    client: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    """The path names it, else the base URL or the header; the path wins."""
    await ask(client, PROFILES, session="a")

    found = (await client.get(path, headers=headers)).json()

    assert found["total"] == 1


async def test_without_a_name_it_is_the_default_session(client: httpx.AsyncClient) -> None:
    """What is asked without a name is what vendors' requests without a name meet."""
    await ask(client, PROFILES)

    assert (await client.get(f"{ADMIN}/requests")).json()["total"] == 1
    assert (await client.get(f"{ADMIN}/sessions/default/requests")).json()["total"] == 1


async def test_fresh_keeps_nothing_of_the_plane(client: httpx.AsyncClient, app: App) -> None:
    """A snapshot, a fault and a moved clock are gone with the request that made them."""
    fresh = f"/@fresh{ADMIN}"
    made = [
        await client.post(f"{fresh}/snapshots/s"),
        await client.post(f"{fresh}/faults", json={"kind": "delay", "delay": 1}),
        await client.patch(f"{fresh}/clock", json={"shift": "PT1H"}),
    ]

    assert [each.status_code for each in made] == [201, 201, 200]
    assert (await client.get(f"{fresh}/snapshots/s")).status_code == 404
    assert (await client.get(f"{fresh}/faults")).json() == {"faults": []}
    assert (await client.get(f"{fresh}/clock")).json()["now"] == "2026-03-11T12:00:00.000000000Z"
    assert app.sessions.names() == []


async def test_fresh_has_no_journal(client: httpx.AsyncClient) -> None:
    """Neither what was asked of vendors nor what reached nobody is found there."""
    await ask(client, PROFILES, session="fresh")
    await client.get("/@fresh/nobody")

    assert (await client.get(f"/@fresh{ADMIN}/requests")).json()["total"] == 0


async def test_fresh_is_no_session_to_look_at(client: httpx.AsyncClient) -> None:
    """It cannot be shown or dropped: it is never there."""
    await ask(client, PROFILES, session="fresh")

    assert (await client.get(f"{ADMIN}/sessions/fresh")).status_code == 404
    assert (await client.delete(f"{ADMIN}/sessions/fresh")).status_code == 404


async def test_admin_requests_are_not_in_the_journal(client: httpx.AsyncClient, app: App) -> None:
    """Looking leaves no trace: no exchange, no number, no coverage, no id."""
    before = app.session().fakes.random.getstate()

    for path in ("requests", "clock", "vendors", "sessions", "nowhere", "faults/7"):
        response = await client.get(f"{ADMIN}/{path}")
        assert "x-understudy-exchange" not in response.headers

    assert (len(app.session().journal), app.session().coverage) == (0, {})
    assert app.session().journal.next_id() == "1"
    assert app.session().fakes.random.getstate() == before


async def test_changes_by_the_plane_take_no_ids(client: httpx.AsyncClient, app: App) -> None:
    """The next id is the same whatever a tester prepared."""
    before = app.session().fakes.random.getstate()

    await client.post(f"{ADMIN}/snapshots/s")
    await client.post(f"{ADMIN}/faults", json={"kind": "reset", "probability": 0.5})
    await client.patch(f"{ADMIN}/clock", json={"shift": "PT1H"})

    assert app.session().fakes.random.getstate() == before


def test_a_mock_that_nobody_uses_is_not_kept() -> None:
    """A suite that makes a mock for each test has the memory of one."""
    app = weakref.ref(create_app(Settings(clock=NOON)))

    gc.collect()

    assert app() is None


async def test_health_says_how_long_it_is_up(client: httpx.AsyncClient) -> None:
    """Real seconds, whatever the sessions' clocks say."""
    await client.patch(f"{ADMIN}/clock", json={"shift": "P1D"})

    assert 0 <= (await client.get(f"{ADMIN}/health")).json()["uptime_seconds"] < 600


async def test_a_static_mock_s_plane_tells_the_truth() -> None:
    """Examples are the vendors' answers; the plane looks at what is there."""
    async with mock(Settings(clock=NOON, static=True)) as (_, client):
        await ask(client, PROFILES)

        found = (await client.get(f"{ADMIN}/requests")).json()

        assert [each["operation"] for each in found["requests"]] == ["listProfiles"]

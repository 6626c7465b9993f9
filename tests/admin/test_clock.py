"""A session's time over HTTP: shown, shifted, set, stopped, started; and what fires on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.admin.requests import ADMIN, HOOK, Ask, ask, hint, mock, refused
from tests.conftest import NOON
from tests.waiting import until
from understudy.core.clock import SECOND, format_timestamp
from understudy.core.settings import Settings
from understudy.server.app import App

CLOCK = f"{ADMIN}/clock"
READY = "/v3/profiles/660e8400-e29b-41d4-a716-44665544000{}"
DAY = 86_400


def complete(number: int = 0) -> Ask:
    """A request that has a callback sent two seconds later."""
    return Ask("sent", "POST", f"{READY.format(number)}/complete", {"webHookUrl": HOOK})


def at(seconds: float) -> str:
    """An instant past noon as the plane tells it."""
    return format_timestamp(NOON + int(seconds * SECOND), 9, "Z")


async def move(client: httpx.AsyncClient, **change: Any) -> dict[str, Any]:
    """The clock after it was moved."""
    response = await client.patch(CLOCK, json=change)
    assert response.status_code == 200, response.text
    moved: dict[str, Any] = response.json()
    return moved


async def test_a_clock_tells_its_time_and_what_waits(client: httpx.AsyncClient) -> None:
    """The next due calls come with vendor, action and arguments, earliest first."""
    await ask(client, complete())

    clock = (await client.get(CLOCK)).json()

    assert (clock["now"], clock["frozen"], clock["pace"]) == (at(0), True, 1.0)
    assert clock["pending"] == 1
    assert [(each["at"], each["vendor"], each["action"]) for each in clock["due"]] == [
        (at(2), "sent", "finish_completion")
    ]


async def test_only_the_next_hundred_are_shown(client: httpx.AsyncClient, app: App) -> None:
    """All that wait are counted."""
    for second in range(150):
        app.session().clock.schedule(NOON + second * SECOND, "sent", "wake", b"{}")

    clock = (await client.get(CLOCK, headers={"x-understudy-session": "default"})).json()

    assert len(clock["due"]) <= 100
    assert clock["pending"] == len(app.session().clock)


@pytest.mark.parametrize(
    ("shift", "seconds"),
    [
        ("PT1H", 3_600),
        ("P1D", DAY),
        ("P40D", 40 * DAY),
        ("P2W", 14 * DAY),
        ("P1DT1H", DAY + 3_600),
        ("PT1M30S", 90),
        ("PT0S", 0),
        ("PT0.000000001S", 0.000000001),
    ],
)
async def test_a_clock_is_shifted(client: httpx.AsyncClient, shift: str, seconds: float) -> None:
    """By weeks, days, hours, minutes, seconds and their fractions, to the nanosecond."""
    moved = await move(client, shift=shift)

    assert (moved["now"], moved["complete"], moved["fired"]) == (at(seconds), True, [])


@pytest.mark.parametrize("move_to", ["2026-03-11T13:00:00Z", "2026-03-11T14:00:00+01:00"])
async def test_a_clock_is_moved_to_an_instant(client: httpx.AsyncClient, move_to: str) -> None:
    """Whatever the offset is in which it is told."""
    assert (await move(client, move_to=move_to))["now"] == at(3_600)


async def test_a_move_tells_what_fired(client: httpx.AsyncClient) -> None:
    """Each call with its own instant, in order; what it brought is there when the answer comes."""
    await ask(client, complete())
    await move(client, shift="PT1S")
    await ask(client, complete(3))

    moved = await move(client, shift="PT1H")

    assert [each["at"] for each in moved["fired"]] == [at(2), at(3)]
    assert moved["pending"] == 0
    deliveries = (await client.get(f"{ADMIN}/deliveries")).json()["deliveries"]
    assert [(each["created"], each["state"]) for each in deliveries] == [
        (at(2), "failed"),
        (at(3), "failed"),
    ]


async def test_what_lies_beyond_the_move_waits(client: httpx.AsyncClient) -> None:
    """A nanosecond too few, and it does not fire."""
    await ask(client, complete())

    moved = await move(client, shift="PT1.999999999S")

    assert (moved["fired"], moved["pending"]) == ([], 1)


async def test_a_clock_is_not_moved_back(client: httpx.AsyncClient) -> None:
    """An earlier instant is a conflict that says how to go back."""
    response = await client.patch(CLOCK, json={"move_to": "2026-03-11T11:59:59Z"})

    assert "reset the session" in refused(response, 409)["detail"]
    assert hint(response, 409) == "see GET /__admin/clock for where it stands"


@pytest.mark.parametrize("change", [{"shift": "P1D"}, {"move_to": "9999-12-31T23:59:59Z"}])
async def test_a_clock_ends_with_the_last_year(
    client: httpx.AsyncClient, change: dict[str, str]
) -> None:
    """No vendor's times have years of five digits."""
    await move(client, move_to="9998-12-31T12:00:00Z")

    response = await client.patch(CLOCK, json=change)

    assert "9999-01-01" in refused(response, 409)["detail"]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "2026-06-30T23:59:60Z"])
async def test_an_instant_that_cannot_be_kept_is_a_conflict(
    client: httpx.AsyncClient, text: str
) -> None:
    """Well-formed times that no clock here shows are refused, not a defect."""
    response = await client.patch(CLOCK, json={"move_to": text})

    refused(response, 409)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"shift": "1 hour"},
        {"shift": "PT"},
        {"shift": "P1M"},
        {"shift": "P1Y"},
        {"shift": "-PT1H"},
        {"shift": "PT-1H"},
        {"shift": "PT1H", "freeze": True},
        {"freeze": False},
        {"run": 1},
        {"move_to": "tomorrow"},
        {"back": "PT1H"},
        [],
    ],
)
async def test_what_is_no_change_is_refused(
    client: httpx.AsyncClient, app: App, change: dict[str, Any]
) -> None:
    """A change is one of four, well spelled; else the clock stays."""
    response = await client.patch(CLOCK, json=change)

    refused(response, 400)
    assert app.session().clock.now() == NOON


async def test_a_frozen_clock_is_started(client: httpx.AsyncClient) -> None:
    """It goes on from where it stood, in real time."""
    moved = await move(client, run=True)

    assert not moved["frozen"]
    assert moved["now"] < (await client.get(CLOCK)).json()["now"] < at(600)


async def test_a_running_clock_is_stopped() -> None:
    """From then on it stands still."""
    async with mock(Settings()) as (_, client):
        moved = await move(client, freeze=True)

        assert moved["frozen"]
        assert (await client.get(CLOCK)).json()["now"] == moved["now"]


async def test_a_started_clock_fires_by_itself() -> None:
    """What waited while the clock stood still happens without being asked for."""
    async with mock(Settings(clock=NOON, pace=0.01)) as (app, client):
        await ask(client, complete())

        await move(client, run=True)

        await until(lambda: len(app.session().clock) == 0)
        assert len(app.session().webhooks.deliveries) == 1


async def test_a_stopped_clock_fires_nothing_by_itself() -> None:
    """The timer of a clock that was running is gone."""
    async with mock(Settings(pace=0.5)) as (app, client):
        await ask(client, complete())

        await move(client, freeze=True)
        # Beyond the second after which it would have fired.
        await asyncio.sleep(1.2)

        assert len(app.session().clock) == 1


async def test_a_manual_mock_fires_by_moves_alone() -> None:
    """Its pace is null; a request fires nothing, a move does."""
    async with mock(Settings(clock=NOON, pace=None)) as (app, client):
        await ask(client, complete())
        app.session().clock.shift(3_600 * SECOND)

        assert (await client.get(CLOCK)).json()["pending"] == 1
        moved = await move(client, shift="PT0S")

        assert (moved["pace"], len(moved["fired"]), moved["pending"]) == (None, 1, 0)


async def test_a_move_is_of_one_session(client: httpx.AsyncClient, app: App) -> None:
    """Another session's time stands."""
    await client.patch(f"{ADMIN}/sessions/a/clock", json={"shift": "PT1H"})

    assert app.session("a").clock.now() == NOON + 3_600 * SECOND
    assert app.session("b").clock.now() == NOON

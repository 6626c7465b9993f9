"""An invented past: made by the vendor's own operation and rules, and nobody is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.admin.requests import ADMIN, download, hint, refused
from tests.admin.shop import OWNER, shop, toys
from tests.conftest import NOON
from tests.toy import toy_shop
from understudy.core.clock import SECOND, parse_instant

DAY = 86_400 * SECOND
POPULATE = f"{ADMIN}/populate"
TOYS = {"vendor": "shop", "collection": "toys"}


async def populate(client: httpx.AsyncClient, count: int = 3, **members: Any) -> httpx.Response:
    """Make some toys."""
    return await client.post(POPULATE, json={**TOYS, "count": count, **members})


async def made(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The toys that were made, without the seed world's."""
    return [each for each in await toys(client) if each["id"] != "bear"]


async def test_as_many_are_made_as_asked_for() -> None:
    """The answer says how many, since when, and how many due calls fired on the way."""
    async with shop() as (_, client):
        response = await populate(client, 3)

        assert response.status_code == 201
        answer = response.json()
        assert (answer["vendor"], answer["collection"], answer["count"]) == ("shop", "toys", 3)
        assert len(await made(client)) == 3


async def test_they_are_spread_over_the_last_month() -> None:
    """Thirty days, oldest first; the seed world's are older still."""
    async with shop() as (_, client):
        since = (await populate(client, 4)).json()["since"]

        created = [parse_instant(each["created_at"]) for each in await toys(client)]
        assert parse_instant(since) == NOON - 30 * DAY
        assert created == sorted(created)
        assert all(NOON - 30 * DAY - SECOND <= each <= NOON for each in created[1:])


async def test_the_past_begins_where_it_is_told_to() -> None:
    """`since` is any earlier instant."""
    async with shop() as (_, client):
        answer = (await populate(client, since="2026-03-11T11:59:00Z")).json()

        created = [parse_instant(each["created_at"]) for each in await made(client)]
        assert answer["since"] == "2026-03-11T11:59:00.000000000Z"
        assert min(created) >= NOON - 60 * SECOND


async def test_what_follows_has_happened() -> None:
    """A toy is sold after an hour and back after a day, again and again for none of them."""
    async with shop() as (_, client):
        answer = (await populate(client, since="2026-03-01T00:00:00Z")).json()

        old = [
            each
            for each in await made(client)
            if parse_instant(each["created_at"]) < NOON - 2 * DAY
        ]
        assert {each["state"] for each in old} == {"new"}
        assert answer["fired"] >= 2 * len(old) > 0


async def test_what_is_to_come_waits_in_the_session() -> None:
    """A toy made just now is sold when its hour has come, by the session's clock."""
    async with shop() as (_, client):
        answer = (await populate(client, since="2026-03-11T11:59:00Z")).json()
        clock = (await client.get(f"{ADMIN}/clock")).json()
        await client.patch(f"{ADMIN}/clock", json={"shift": "PT1H"})

        assert (answer["fired"], clock["pending"]) == (0, 3)
        assert {each["state"] for each in await made(client)} == {"sold"}


async def test_nobody_outside_is_told() -> None:
    """However many were sold, no webhook was sent."""
    async with shop() as (_, client):
        assert (await populate(client)).json()["fired"] > 0

        assert (await client.get(f"{ADMIN}/deliveries")).json()["total"] == 0


async def test_the_past_is_not_in_the_journal() -> None:
    """No exchange, no coverage, no number."""
    async with shop() as (_, client):
        await populate(client)

        assert (await client.get(f"{ADMIN}/requests")).json()["total"] == 0
        [covered] = (await client.get(f"{ADMIN}/coverage")).json()["vendors"]
        assert covered["operations"]["exercised"] == 0


async def test_the_past_uses_up_no_rate_limit() -> None:
    """The shop allows three requests a minute; as many are left as before."""
    async with shop() as (_, client):
        await populate(client, 2)

        replies = [
            await client.post("/shop/toys", json={"name": "Doll", "shelf": "x"}, headers=OWNER)
            for _ in range(4)
        ]

        assert [each.status_code for each in replies] == [201, 201, 201, 429]


async def test_the_clock_stands() -> None:
    """The past is invented; the present is where it was."""
    async with shop() as (app, client):
        await populate(client)

        assert app.session().clock.now() == NOON


async def test_the_same_seed_makes_the_same_past() -> None:
    """Names, ids, instants and states are the same in another mock."""
    worlds = []
    for _ in range(2):
        async with shop() as (_, client):
            await populate(client)
            worlds.append(await download(client))

    assert worlds[0] == worlds[1]


async def test_an_account_makes_them() -> None:
    """The default one, or the one that is named."""
    async with shop() as (_, client):
        await populate(client, 1)
        await populate(client, 1, account="helper")

        assert sorted(each["by"] for each in await made(client)) == ["helper", "owner"]


async def test_the_vendor_s_rules_hold() -> None:
    """The shelf takes five toys; what the vendor refuses is a conflict, what was made stays."""
    async with shop() as (_, client):
        response = await populate(client, 6)

        assert refused(response, 409)["detail"] == "shop refuses: the shelf holds 5 toys"
        assert len(await toys(client)) == 5


@pytest.mark.parametrize(
    ("members", "status", "told"),
    [
        ({"vendor": "acme"}, 404, "vendors: shop"),
        ({"collection": "cars"}, 404, "collections: toys, tills"),
        ({"collection": "tills"}, 409, "collections: toys"),
        ({"account": "thief"}, 404, "accounts: owner, helper"),
        ({"since": "2026-03-11T12:00:00.000000001Z"}, 409, "2026-03-11T12:00:00.000000000Z"),
        ({"since": "2026-06-30T23:59:60Z"}, 400, "such as 2026-03-11T12:00:00Z"),
        ({"since": "yesterday"}, 400, ""),
        ({"count": 0}, 400, ""),
        ({"count": 10_001}, 400, ""),
        ({"seed": 7}, 400, ""),
    ],
)
async def test_what_cannot_be_made_is_refused(
    members: dict[str, Any], status: int, told: str
) -> None:
    """The answer lists what there is."""
    async with shop() as (_, client):
        response = await populate(client, **{"count": 1, **members})

        assert told in hint(response, status)
        assert await made(client) == []


async def test_a_vendor_without_accounts_makes_nothing() -> None:
    """Somebody must have made it."""
    async with shop(service=replace(toy_shop(), accounts=None)) as (_, client):
        response = await populate(client)

        assert hint(response, 409) == "give its seed file some"

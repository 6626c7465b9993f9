"""A lifecycle's events by hand: what they do, when they are forbidden, whom they mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.admin.requests import ADMIN, hint, refused
from tests.admin.shop import shop, toys
from tests.conftest import NOON
from tests.toy import SOLD, toy_shop
from tests.waiting import until
from understudy.core.clock import SECOND
from understudy.core.settings import Settings

BEAR = {"vendor": "shop", "collection": "toys", "id": "bear"}
DAY = 86_400


async def fire(client: httpx.AsyncClient, event: str, **members: Any) -> httpx.Response:
    """Fire an event of the bear, or of what the members say."""
    return await client.post(f"{ADMIN}/fire", json={**BEAR, "event": event, **members})


async def test_an_event_moves_the_state() -> None:
    """The answer shows the states, the resource, and what can be fired now."""
    async with shop() as (_, client):
        fired = (await fire(client, "sell")).json()

        resource = fired.pop("resource")
        assert fired == {
            **BEAR,
            "scope": "",
            "event": "sell",
            "before": "new",
            "after": "sold",
            "allowed": ["take_back"],
        }
        assert [resource] == await toys(client)


async def test_an_event_does_what_the_vendor_s_own_does() -> None:
    """Its webhook is sent, and what follows from it waits."""
    async with shop() as (app, client):
        await fire(client, "sell")
        await app.session().webhooks.settle()

        [delivery] = (await client.get(f"{ADMIN}/deliveries")).json()["deliveries"]
        assert (delivery["event"], delivery["url"]) == ("toy.sold", SOLD)
        assert app.session().clock.next_due() == NOON + DAY * SECOND


async def test_an_event_happens_now() -> None:
    """The clock stands, and the work's instant is the session's."""
    async with shop() as (app, client):
        await client.patch(f"{ADMIN}/clock", json={"shift": "PT1H"})
        await fire(client, "sell")

        assert app.session().clock.now() == NOON + 3_600 * SECOND
        assert app.session().clock.next_due() == NOON + (3_600 + DAY) * SECOND


async def test_what_an_event_brings_fires_by_itself() -> None:
    """In real time nobody has to ask."""
    async with shop(Settings(pace=0.000_000_1)) as (app, client):
        await fire(client, "sell")

        await until(lambda: len(app.session().clock) == 0)
        assert [each["state"] for each in await toys(client)] == ["new"]


async def test_a_forbidden_event_is_a_conflict() -> None:
    """The answer says in which state, and lists what can be fired there by hand."""
    async with shop() as (_, client):
        response = await fire(client, "take_back")

        assert refused(response, 409)["detail"] == "cannot take_back a toy in state new"
        assert hint(response, 409) == "possible in this state: sell, smash"


@pytest.mark.parametrize("event", ["wear_out", "fly"])
async def test_an_event_that_is_not_for_hands_is_a_conflict(event: str) -> None:
    """Neither an event that only time fires, nor one that is none."""
    async with shop() as (_, client):
        refused(await fire(client, event), 409)

        assert [each["state"] for each in await toys(client)] == ["new"]


async def test_a_final_state_allows_nothing() -> None:
    """And the answer says so."""
    async with shop() as (_, client):
        [bear] = await toys(client)
        broken = {**bear, "state": "broken"}
        await client.put(f"{ADMIN}/resources/shop/toys/bear", json=broken)

        response = await fire(client, "sell")

        assert hint(response, 409) == "possible in this state: nothing"


async def test_what_the_vendor_refuses_is_a_conflict() -> None:
    """Whatever its status is at the vendor; and nothing has happened."""
    async with shop() as (_, client):
        response = await fire(client, "smash")

        detail = refused(response, 409)["detail"]
        assert detail == "shop refuses: there is no room for the pieces"
        assert [each["state"] for each in await toys(client)] == ["new"]


async def test_a_collection_without_a_life_allows_nothing() -> None:
    """What has no lifecycle has no events."""
    service = toy_shop()
    without = replace(service, vendor=replace(service.vendor, lifecycles={}))
    async with shop(service=without) as (_, client):
        refused(await fire(client, "sell"), 409)


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"vendor": "acme"}, 404),
        ({"collection": "cars"}, 404),
        ({"collection": "tills"}, 404),
        ({"id": "rabbit"}, 404),
        ({"scope": "cellar"}, 404),
        ({"event": 7}, 400),
        ({"state": "sold"}, 400),
    ],
)
async def test_what_is_not_there_cannot_be_fired(members: dict[str, Any], status: int) -> None:
    """Vendor, collection, id and scope lead to a resource, or the answer says which does not."""
    async with shop() as (_, client):
        asked = {**BEAR, "event": "sell", **members}

        refused(await client.post(f"{ADMIN}/fire", json=asked), status)


async def test_an_id_in_several_scopes_needs_one() -> None:
    """With the scope only that one moves."""
    async with shop() as (_, client):
        [bear] = await toys(client)
        await client.put(f"{ADMIN}/resources/shop/toys/bear?scope=attic", json=bear)

        unclear = await fire(client, "sell")
        clear = await fire(client, "sell", scope="attic")

        assert hint(unclear, 400) == 'name one of "", "attic"'
        assert clear.json()["scope"] == "attic"
        assert sorted(each["state"] for each in await toys(client)) == ["new", "sold"]


async def test_a_vendor_tells_what_can_be_fired() -> None:
    """The events by hand of each collection, and what samples can make."""
    async with shop() as (_, client):
        told = (await client.get(f"{ADMIN}/vendors/shop")).json()["collections"]

        assert told == [
            {
                "collection": "toys",
                "kind": "toy",
                "events": ["sell", "smash", "take_back"],
                "populated": True,
            },
            {"collection": "tills", "kind": "till", "events": [], "populated": False},
        ]


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [("state", "lost", "enum"), ("state", None, "enum"), ("name", "", "minLength")],
)
async def test_a_set_resource_must_have_a_life_and_a_look(
    member: str, value: Any, code: str
) -> None:
    """Its state is one of the lifecycle's, and what users would see satisfies the document."""
    async with shop() as (_, client):
        [bear] = await toys(client)

        response = await client.put(
            f"{ADMIN}/resources/shop/toys/bear", json={**bear, member: value}
        )

        [fault] = refused(response, 422)["errors"]
        assert (fault["pointer"], fault["code"]) == (f"/{member}", code)

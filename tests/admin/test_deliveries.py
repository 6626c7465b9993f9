"""What the mock sent to its user: listed, filtered, shown with every attempt, sent again."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.admin.requests import ADMIN, Ask, ask, hint, refused
from tests.admin.shop import shop
from tests.conftest import NOON
from tests.testing.receiver_loop import receiving
from tests.toy import SOLD
from understudy.server.app import App
from understudy.session.deliveries import MAX_DELIVERIES, Delivery

DELIVERIES = f"{ADMIN}/deliveries"
READY = "/v3/profiles/660e8400-e29b-41d4-a716-44665544000{}/complete"
BLOCKED = "https://example.com/hook"


async def call_back(client: httpx.AsyncClient, url: str, number: int = 0) -> None:
    """Have Sent call this URL, and wait until it did."""
    await ask(client, Ask("sent", "POST", READY.format(number), {"webHookUrl": url}))
    await client.patch(f"{ADMIN}/clock", json={"shift": "PT2S"})


async def deliveries(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """What a query finds."""
    response = await client.get(DELIVERIES, params=query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["deliveries"]
    return found


async def test_a_delivery_is_shown_with_its_attempt(client: httpx.AsyncClient) -> None:
    """What was sent, when, to whom, and what the receiver said."""
    async with receiving() as receiver:
        await call_back(client, receiver.url)

        [delivery] = await deliveries(client)

    [attempt] = delivery["attempts"]
    assert (delivery["vendor"], delivery["url"], delivery["state"]) == (
        "sent",
        receiver.url,
        "delivered",
    )
    assert delivery["subscription"] == f"sent/{receiver.url}"
    assert delivery["created"] == attempt["at"] == "2026-03-11T12:00:02.000000000Z"
    assert (attempt["status"], attempt["error"], attempt["response_excerpt"]) == (200, "", "ok")
    assert attempt["request_headers"]["content-type"] == "application/json"
    assert attempt["response_headers"]["content-length"] == "2"


async def test_a_body_is_shown_as_text_and_as_json(client: httpx.AsyncClient) -> None:
    """To the byte what the receiver got."""
    async with receiving() as receiver:
        await call_back(client, receiver.url)

        [delivery] = await deliveries(client)

    assert delivery["body"].encode() == receiver.bodies[0]
    assert delivery["json"]["success"] is True


@pytest.mark.parametrize("status", [400, 410, 500])
async def test_a_refused_delivery_failed(client: httpx.AsyncClient, status: int) -> None:
    """Its attempt keeps the status."""

    async def refuse() -> int:
        return status

    async with receiving(refuse) as receiver:
        await call_back(client, receiver.url)

    [delivery] = await deliveries(client)
    assert (delivery["state"], delivery["attempts"][0]["status"]) == ("failed", status)


async def test_a_blocked_delivery_says_why(client: httpx.AsyncClient) -> None:
    """It never left, so it has no attempt; the reason names the flag that would let it."""
    await call_back(client, BLOCKED)

    [delivery] = await deliveries(client)

    assert (delivery["state"], delivery["attempts"]) == ("blocked", [])
    assert "--webhook-host example.com" in delivery["reason"]


@pytest.fixture
async def three(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Three deliveries: one arrived, one was blocked, one was withheld by a fault."""
    async with receiving() as receiver:
        await call_back(client, receiver.url)
        await call_back(client, BLOCKED, number=3)
        await client.post(f"{ADMIN}/faults", json={"kind": "webhook-never", "times": 1})
        await call_back(client, receiver.url)
    return client


@pytest.mark.parametrize(
    ("query", "states"),
    [
        ({}, ["delivered", "blocked", "withheld"]),
        ({"state": "blocked"}, ["blocked"]),
        ({"state": "pending"}, []),
        ({"vendor": "sent", "state": "withheld"}, ["withheld"]),
        ({"vendor": "zexa"}, []),
        ({"event": "nothing"}, []),
        ({"limit": 2}, ["blocked", "withheld"]),
    ],
)
async def test_deliveries_are_filtered(
    three: httpx.AsyncClient, query: dict[str, Any], states: list[str]
) -> None:
    """By vendor, event and state, oldest first; a limit leaves out the oldest."""
    assert [each["state"] for each in await deliveries(three, **query)] == states


async def test_deliveries_are_found_by_their_event(three: httpx.AsyncClient) -> None:
    """Under the name that the list shows."""
    event = (await deliveries(three))[0]["event"]

    assert len(await deliveries(three, event=event)) == 3


@pytest.mark.parametrize("query", ["state=lost", "state=", "limit=0", "limit=1001"])
async def test_a_bad_query_is_refused(client: httpx.AsyncClient, query: str) -> None:
    """What breaks the document is told by the parameter's name."""
    response = await client.get(f"{DELIVERIES}?{query}")

    assert refused(response, 400)["errors"][0]["pointer"] == query.partition("=")[0]


async def test_a_delivery_is_shown_by_its_id(three: httpx.AsyncClient) -> None:
    """As it stands in the list."""
    for delivery in await deliveries(three):
        assert (await three.get(f"{DELIVERIES}/{delivery['id']}")).json() == delivery


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/replay")])
async def test_an_unknown_delivery_is_not_there(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    """Neither to look at nor to send again."""
    response = await client.request(method, f"{DELIVERIES}/nothing{path}")

    assert hint(response, 404) == "see /__admin/deliveries"


async def test_only_the_latest_are_kept(client: httpx.AsyncClient, app: App) -> None:
    """A thousand of them."""
    for number in range(MAX_DELIVERIES + 5):
        sent = Delivery(str(number), "sent", "e", BLOCKED, b"{}", {}, 1.0, NOON)
        await app.session().webhooks.send_now(sent)

    listed = (await client.get(DELIVERIES)).json()

    assert (listed["total"], listed["deliveries"][0]["id"]) == (MAX_DELIVERIES, "5")


async def test_a_replay_sends_the_same_body_again(client: httpx.AsyncClient) -> None:
    """The answer shows the new attempt beside the first; the delivery stays one."""
    async with receiving() as receiver:
        await call_back(client, receiver.url)
        [delivery] = await deliveries(client)
        await client.patch(f"{ADMIN}/clock", json={"shift": "PT1H"})

        replayed = (await client.post(f"{DELIVERIES}/{delivery['id']}/replay")).json()

    first, second = replayed["attempts"]
    assert receiver.bodies[0] == receiver.bodies[1]
    assert (first["at"][11:19], second["at"][11:19]) == ("12:00:02", "13:00:02")
    assert len(await deliveries(client)) == 1


async def test_a_replay_may_succeed_where_the_first_failed(client: httpx.AsyncClient) -> None:
    """Its outcome is the delivery's."""
    answers = iter([500, 200])

    async def answer() -> int:
        return next(answers)

    async with receiving(answer) as receiver:
        await call_back(client, receiver.url)
        [delivery] = await deliveries(client)

        replayed = (await client.post(f"{DELIVERIES}/{delivery['id']}/replay")).json()

    assert (delivery["state"], replayed["state"]) == ("failed", "delivered")


async def test_a_replay_of_a_blocked_delivery_stays_blocked(client: httpx.AsyncClient) -> None:
    """Asking again opens no way out."""
    await call_back(client, BLOCKED)
    [delivery] = await deliveries(client)

    replayed = (await client.post(f"{DELIVERIES}/{delivery['id']}/replay")).json()

    assert (replayed["state"], replayed["attempts"]) == ("blocked", [])


async def test_a_withheld_delivery_can_be_sent_after_all(client: httpx.AsyncClient) -> None:
    """A replay is how a lost webhook comes late."""
    async with receiving() as receiver:
        await client.post(f"{ADMIN}/faults", json={"kind": "webhook-never", "times": 1})
        await call_back(client, receiver.url)
        [delivery] = await deliveries(client)

        replayed = (await client.post(f"{DELIVERIES}/{delivery['id']}/replay")).json()

    assert (delivery["state"], replayed["state"]) == ("withheld", "delivered")
    assert len(receiver.bodies) == 1


async def test_a_replay_is_signed_anew() -> None:
    """The signature is that of the replay's instant, and each attempt shows its own."""
    fire = {"vendor": "shop", "collection": "toys", "id": "bear", "event": "sell"}
    async with shop() as (app, client):
        await client.post(f"{ADMIN}/fire", json=fire)
        await app.session().webhooks.settle()
        [delivery] = await deliveries(client)
        await client.patch(f"{ADMIN}/clock", json={"shift": "PT1H"})

        replayed = (await client.post(f"{DELIVERIES}/{delivery['id']}/replay")).json()

    assert delivery["url"] == SOLD
    assert [each["signature"] for each in replayed["attempts"]] == [
        "at=2026-03-11T12:00:00+00:00",
        "at=2026-03-11T13:00:00+00:00",
    ]


async def test_a_forged_signature_is_shown_as_it_was_sent() -> None:
    """A fault spoils the header; the replay is signed as it should be."""
    fire = {"vendor": "shop", "collection": "toys", "id": "bear", "event": "sell"}
    async with shop() as (app, client):
        await client.post(f"{ADMIN}/faults", json={"kind": "webhook-bad-signature", "times": 1})
        await client.post(f"{ADMIN}/fire", json=fire)
        await app.session().webhooks.settle()
        [delivery] = await deliveries(client)

        replayed = (await client.post(f"{DELIVERIES}/{delivery['id']}/replay")).json()

    assert delivery["fault"] == "webhook-bad-signature"
    assert [each["signature"] for each in replayed["attempts"]] == [
        "at=2026-03-11T12:00:00+00:01",
        "at=2026-03-11T12:00:00+00:00",
    ]


async def test_a_held_delivery_waits_for_its_time(client: httpx.AsyncClient) -> None:
    """It is held until the session's clock has come so far, and among what is due."""
    async with receiving() as receiver:
        await client.post(f"{ADMIN}/faults", json={"kind": "webhook-late", "delay": 5_000})
        await call_back(client, receiver.url)
        [held] = await deliveries(client)
        clock = (await client.get(f"{ADMIN}/clock")).json()

        await client.patch(f"{ADMIN}/clock", json={"shift": "PT5S"})
        [delivery] = await deliveries(client)

    assert (held["state"], delivery["state"]) == ("held", "delivered")
    assert [each["action"] for each in clock["due"]] == ["(deliver)"]
    assert clock["due"][0]["arguments"] == {"delivery": held["id"], "event": held["event"]}


async def test_deliveries_are_of_one_session(client: httpx.AsyncClient) -> None:
    """Another session has sent nothing."""
    await call_back(client, BLOCKED)

    assert (await client.get(f"{ADMIN}/sessions/a/deliveries")).json()["total"] == 0

"""Tether from outside its API: events by hand, how resources are shown, populated worlds."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.calling import create_app
from tests.vendors.by_hand_zexa_tether import NONSENSE, World, creators, own_world, passes
from understudy.core.clock import SECOND, format_timestamp, parse_instant
from understudy.core.errors import Conflict, Forbidden, IllegalTransition
from understudy.core.settings import Settings
from understudy.engine.registry import open_service
from understudy.server.app import App
from understudy.service.unit_of_work import Resource
from understudy.vendors.tether import rules

SERVICE = open_service("tether")
MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
# A Monday morning in Toronto.
MONDAY = parse_instant("2026-05-18T12:34:56Z")
TETHER = Settings(clock=MONDAY, vendors=("tether",))
MAPLE, BIRCH = "64ee9a8b1e7f2a0011223344", "64ee9a8b1e7f2a0011226600"
SAM, ROBIN = "665f1a0c0e0a4b001a2c9f01", "665f1a0c0e0a4b001a2c9f09"
# A campaign of the seed world in each state that is ever stored.
EXAMPLES = {
    "scheduled": "665f1a0c0e0a4b001a2c9f11",
    "sending": "665f1a0c0e0a4b001a2c9f12",
    "completed": "665f1a0c0e0a4b001a2c9f13",
    "failed": "665f1a0c0e0a4b001a2c9f14",
    "cancelled": "665f1a0c0e0a4b001a2c9f15",
}
PUBLISHED = "665f1a0c0e0a4b001a2c9f10"
EVENTS = ("cancel", "complete", "delete", "fail", "schedule", "send", "update")
OFFERED = [
    ("scheduled", "send", "sending"),
    ("sending", "complete", "completed"),
    ("sending", "fail", "failed"),
]
REFUSED = [
    (state, event)
    for state in EXAMPLES
    for event in EVENTS
    if (state, event) not in {(state, event) for state, event, _ in OFFERED}
]
ACCOUNTS = [name for name in creators(SERVICE) if name != "maple-guest"]


@pytest.fixture(scope="module")
def unlimited_app() -> App:
    return create_app(TETHER)


@pytest.fixture
async def tether(unlimited_app: App) -> AsyncIterator[World]:
    """Tether at its seed world."""
    async with own_world(unlimited_app, "tether") as world:
        yield world


async def created(tether: World, **changes: Any) -> str:
    """The id of a new campaign of Maple, for nobody unless the changes say otherwise."""
    body = {"name": "A name", "message": "Hi {{firstName}}", **changes}
    reply = await tether.call("POST", "/api/campaigns", "maple-alex", body)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["data"]["_id"])


async def fire(tether: World, id: str, event: str) -> Any:
    return await tether.fire("campaigns", id, event, MAPLE)


async def campaign(tether: World, id: str) -> Any:
    return await tether.get("campaigns", id, MAPLE)


async def texts(tether: World, id: str) -> list[str]:
    """What a campaign has sent."""
    return [each["content"] for each in await tether.work().store.messages.list(id)]


async def day(tether: World, day: str) -> Any:
    """What a day of Maple's calendar holds: sent and reserved."""
    path = f"/api/campaigns/usage-calendar?from={day}&to={day}"
    shown = (await tether.call("GET", path, "maple-alex")).json()["data"]["dates"].get(day)
    return shown and (shown["sent"], shown["reserved"])


def at(seconds: float = 0) -> str:
    """So many seconds after the session began, as Tether writes it."""
    return format_timestamp(MONDAY + int(seconds * SECOND), 3, "Z")


class TestTable:
    """Which events are there to be fired, and what the table says of them."""

    def test_offered_events(self) -> None:
        """What time and the carrier do; all else is a call of the API."""
        assert set(SERVICE.vendor.lifecycles) == set(SERVICE.vendor.fires) == {"campaigns"}
        assert set(SERVICE.vendor.fires["campaigns"]) == {event for _, event, _ in OFFERED}

    def test_each_stored_state_has_an_example(self) -> None:
        """All states but that of a request, and that of what is gone."""
        assert set(rules.CAMPAIGN.table) - set(EXAMPLES) == {"draft", "deleted"}

    @pytest.mark.parametrize(("state", "event", "target"), OFFERED)
    async def test_allowed_event_leads_where_the_table_says(
        self, state: str, event: str, target: str, tether: World
    ) -> None:
        """What is fired by hand arrives in the table's state, can be shown, and tells when."""
        moved = await fire(tether, EXAMPLES[state], event)

        assert (moved["status"], moved["updatedAt"]) == (target, at())
        assert await tether.shown_faults() == {}

    @pytest.mark.parametrize(("state", "event"), REFUSED)
    async def test_other_events_are_refused(self, state: str, event: str, tether: World) -> None:
        """What the table forbids, or nobody but the API does, changes nothing."""
        before = tether.contents()

        with pytest.raises(IllegalTransition):
            await fire(tether, EXAMPLES[state], event)

        assert tether.contents() == before


class TestSend:
    """A campaign that begins before its date."""

    async def test_it_is_what_the_api_does(self, tether: World) -> None:
        """Whoever asks for it: the same campaign but for its id."""
        first, second = [await created(tether, scheduleDate=at(DAY)) for _ in range(2)]
        await tether.call("POST", f"/api/campaigns/{first}/send", "maple-alex")

        await fire(tether, second, "send")

        shown = [{**await campaign(tether, id), "_id": ""} for id in (first, second)]
        assert shown[0] == shown[1]

    async def test_it_goes_out_once(self, tether: World) -> None:
        """Five seconds later it is sent; its old date comes, and nothing happens."""
        id = await created(tether, scheduleDate=at(DAY), userIds=[SAM])
        await fire(tether, id, "send")

        fired = await tether.shift(2 * DAY)

        assert fired == ["dispatch", "start"]
        assert await texts(tether, id) == ["Hi Sam"]

    async def test_it_counts_today(self, tether: World) -> None:
        """What was reserved on its day is sent on this one."""
        id = await created(tether, scheduleDate=at(DAY), userIds=[SAM])
        before = await day(tether, "2026-05-19")
        await fire(tether, id, "send")

        await tether.shift(MINUTE)

        assert (before, await day(tether, "2026-05-19")) == ((0, 1), None)
        assert await day(tether, "2026-05-18") == (480 + 1, 0)


class TestComplete:
    """A campaign that goes out before its five seconds are over."""

    async def test_it_is_what_time_does(self, tether: World) -> None:
        """The same numbers, failures, texts and use of the day."""
        first, second = [await created(tether, userIds=[SAM, ROBIN]) for _ in range(2)]
        await fire(tether, first, "complete")

        await tether.shift(MINUTE)

        shown = [await campaign(tether, id) for id in (first, second)]
        assert shown[0]["stats"] == {"total": 2, "sent": 1, "failed": 1, "successRate": "50%"}
        own = {"_id": "", "updatedAt": ""}
        assert {**shown[0], **own} == {**shown[1], **own}
        assert await texts(tether, first) == await texts(tether, second) == ["Hi Sam"]
        assert await day(tether, "2026-05-18") == (480 + 2, 0)

    async def test_time_finds_it_done(self, tether: World) -> None:
        """Its dispatch falls due, and changes nothing."""
        await fire(tether, await created(tether, userIds=[SAM]), "complete")
        before = tether.contents()

        fired = await tether.shift(DAY)

        assert (fired, tether.contents()) == (["dispatch"], before)

    async def test_contacts_are_protected(self, tether: World) -> None:
        """Whom it reached was written to now."""
        await fire(tether, EXAMPLES["sending"], "complete")

        sam = await tether.get("contacts", SAM, MAPLE)
        assert (sam["lastOutboundAt"], sam["protectedUntil"]) == (at(), at(30 * DAY))

    async def test_campaign_for_nobody_completes(self, tether: World) -> None:
        """Whoever is for nobody fails nobody."""
        done = await fire(tether, await created(tether), "complete")

        assert done["stats"] == {"total": 0, "sent": 0, "failed": 0, "successRate": "0%"}

    async def test_campaign_that_reaches_nobody_cannot(self, tether: World) -> None:
        """Time would make it fail, and nobody else makes it complete."""
        id = await created(tether, userIds=[ROBIN])
        before = tether.contents()

        with pytest.raises(Conflict, match="reaches none of its 1 contacts"):
            await fire(tether, id, "complete")

        assert tether.contents() == before


class TestFail:
    """A campaign of which the carrier takes nothing."""

    async def test_nobody_is_reached(self, tether: World) -> None:
        """Each contact has its reason, nothing is sent, and nothing follows."""
        id = await created(tether, userIds=[SAM, ROBIN])

        failed = await fire(tether, id, "fail")

        assert failed["stats"] == {"total": 2, "sent": 0, "failed": 2, "successRate": "0%"}
        assert failed["failedUserIds"] == [SAM, ROBIN]
        reasons = [each["reason"] for each in failed["failedDetails"]]
        assert reasons == ["Rejected by the carrier", "Missing phone number"]
        assert await texts(tether, id) == []
        await tether.shift(DAY)
        assert await campaign(tether, id) == failed

    async def test_reservation_is_given_back(self, tether: World) -> None:
        """The day has the service again that the campaign took."""
        id = await created(tether, userIds=[SAM])
        before = await day(tether, "2026-05-18")

        await fire(tether, id, "fail")

        assert (before, await day(tether, "2026-05-18")) == ((480, 1), (480, 0))

    async def test_published_campaign_fails_as_a_whole(self, tether: World) -> None:
        """The seed world knows one of its 250 contacts; all of them failed."""
        await fire(tether, PUBLISHED, "send")

        failed = await fire(tether, PUBLISHED, "fail")

        assert failed["stats"] == {"total": 250, "sent": 0, "failed": 250, "successRate": "0%"}


class TestViews:
    """Stored resources as Tether's users see them."""

    def test_whatever_is_shown_has_a_view(self) -> None:
        """Replies show campaigns, and of contacts who they are; the rest is ours."""
        views = {name: view.schema for name, view in SERVICE.vendor.views.items()}

        assert views == {"campaigns": "WholeCampaign", "contacts": "KnownContact"}
        assert set(views.values()) <= set(SERVICE.document.schemas)

    async def test_seed_world_passes(self, tether: World) -> None:
        """Every resource of the seed world is as the document declares it."""
        assert await tether.shown_faults() == {}

    async def test_lives_pass(self, tether: World) -> None:
        """So is what the API makes, at every moment of its life."""
        new = [{"firstName": "Jamie", "phoneNumber": "+14155550133"}, {"firstName": "No number"}]
        await created(tether, newContacts=new, segmentation={"enabled": True})
        await created(tether, userIds=[SAM, ROBIN], scheduleDate=at(HOUR), process="Sales Agent")
        cancelled = await created(tether, scheduleDate=at(HOUR))
        await tether.call("POST", f"/api/campaigns/{cancelled}/cancel", "maple-alex")

        for seconds in (0, 5, HOUR, DAY):
            await tether.shift(seconds)
            assert await tether.shown_faults() == {}

    @pytest.mark.parametrize("collection", SERVICE.vendor.views)
    @pytest.mark.parametrize("nonsense", NONSENSE, ids=repr)
    def test_nonsense_does_not_pass(self, nonsense: Any, collection: str) -> None:
        """What is no resource raises what views may raise, or breaks the schema."""
        assert not passes(SERVICE, collection, nonsense)

    @pytest.mark.parametrize(
        ("number", "good"), [("+14165550100", True), (None, True), (7, False), ([], False)]
    )
    def test_contact_may_have_no_number(self, number: Any, good: bool) -> None:
        """A contact without a number can be kept; a number is text."""
        contact = {"_id": SAM, "phoneNumber": number}

        assert passes(SERVICE, "contacts", contact) == good


class TestSamples:
    """Worlds that are populated by Tether's own rules."""

    async def test_two_hundred_in_a_row(self, tether: World) -> None:
        """Every request is accepted for the default account, and what it makes can be shown."""
        await tether.populate("campaigns", 200, "maple-alex")

        assert await tether.work().store.campaigns.count(MAPLE) == 7 + 200
        assert await tether.shown_faults() == {}

    @pytest.mark.parametrize("account", ACCOUNTS)
    async def test_every_account(self, account: str, tether: World) -> None:
        """Also for those with two contacts, without a limit, or with one that is enforced."""
        made = await tether.populate("campaigns", 20, account)

        assert {each.reply.status for each in made} == {201}

    async def test_guest_is_refused_as_in_life(self, tether: World) -> None:
        """Whose role lacks access cannot populate either."""
        with pytest.raises(Forbidden):
            await tether.populate("campaigns", 1, "maple-guest")

    async def test_same_seed_same_bytes(self, unlimited_app: App) -> None:
        """Two sessions that are populated alike hold the same."""
        worlds = []
        for _ in range(2):
            async with own_world(unlimited_app, "tether") as tether:
                await tether.populate("campaigns", 30, "maple-alex")
                worlds.append(tether.contents())

        assert worlds[0] == worlds[1]

    async def test_other_seed_other_world(self, unlimited_app: App) -> None:
        """Another seed makes other requests."""
        bodies = []
        for seed in (1, 2):
            async with own_world(create_app(replace(TETHER, seed=seed)), "tether") as tether:
                made = await tether.populate("campaigns", 5, "maple-alex")
                bodies.append([each.body for each in made])

        assert bodies[0] != bodies[1]

    async def test_every_documented_member_is_used(self, tether: World) -> None:
        """Each member of the request is there in some, and but for two missing in others."""
        bodies = [each.body for each in await tether.populate("campaigns", 200, "maple-alex")]

        members = SERVICE.document.schemas["CampaignRequest"]["properties"]
        counts = Counter(name for body in bodies for name in body)
        assert set(counts) == set(members)
        assert {name for name, count in counts.items() if count == 200} == {"name", "message"}

    async def test_tags_are_tethers(self, tether: World) -> None:
        """What is ours to fill in is filled in; merge tags go out as they are."""
        bodies = [each.body for each in await tether.populate("campaigns", 100, "maple-dana")]

        assert all("{{firstName}}" in body["message"] for body in bodies)
        assert any("Dana West" in body["message"] for body in bodies)
        assert any("Maple Realty" in body["message"] for body in bodies)
        assert not any("$company" in body["message"] for body in bodies)

    async def test_history_ends_in_many_states(self, tether: World) -> None:
        """Most have gone out, some to nobody they could reach, and some still wait."""
        await tether.populate("campaigns", 200, "maple-alex", gap=6 * HOUR)

        found: list[Resource] = await tether.work().store.campaigns.list(MAPLE)
        counts = Counter(each["status"] for each in found[7:])
        assert set(counts) == {"completed", "failed", "scheduled"}
        assert counts["completed"] > 120
        assert any(each["failedDetails"] for each in found[7:] if each["status"] == "completed")

    async def test_new_contacts_are_few(self, tether: World) -> None:
        """Most campaigns are for people who are known, so contacts grow slower than campaigns."""
        before = await tether.work().store.contacts.count(MAPLE)

        await tether.populate("campaigns", 200, "maple-alex")

        assert 0 < await tether.work().store.contacts.count(MAPLE) - before < 200

    async def test_enforced_quota_holds(self, tether: World) -> None:
        """However many there are, no day of Birch's gets more than its five."""
        await tether.populate("campaigns", 100, "birch-omar")

        booked = await rules.calendar(tether.work(), BIRCH)
        days = set(booked.campaigns)
        assert len(days) > 10
        assert max(booked.used(day) for day in days) == 5

    @pytest.mark.parametrize("limit", [0, 1])
    async def test_smallest_plans(self, limit: int, tether: World) -> None:
        """A plan of one SMS a day has campaigns for one; one of none has campaigns for nobody."""
        await tether.put("organizations", BIRCH, dailyLimit=limit)

        made = await tether.populate("campaigns", 20, "birch-omar")

        totals = {each.reply.document["data"]["stats"]["total"] for each in made}
        assert max(totals) == limit

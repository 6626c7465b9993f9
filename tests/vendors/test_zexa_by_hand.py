"""Zexa from outside its API: events by hand, how resources are shown, populated worlds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.calling import create_app
from tests.conftest import NOON
from tests.vendors.by_hand_zexa_tether import NONSENSE, World, creators, own_world, passes
from understudy.core.clock import SECOND, format_timestamp
from understudy.core.errors import Conflict, IllegalTransition, NotFound
from understudy.core.settings import Settings
from understudy.engine.registry import open_service
from understudy.server.app import App
from understudy.service.unit_of_work import Resource
from understudy.vendors.zexa import rules

SERVICE = open_service("zexa")
ZEXA = Settings(clock=NOON, vendors=("zexa",))
MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
ACME = "acct_acme"
SALE = {
    "name": "Weekend Sale",
    "channel": "sms",
    "contact_list_id": "lst_abc123",
    "sender_id": "MYBRAND",
    "body": "Get 20% off this weekend only. Shop now at myapp.ao. Reply STOP to opt out.",
}
# A resource of the seed world in each state: collection -> state -> id and scope.
EXAMPLES: dict[str, dict[str, tuple[str, str]]] = {
    "campaigns": {
        state: (f"cmp_{state}001", ACME)
        for state in ("draft", "scheduled", "processing", "sent", "completed", "failed")
    },
    "messages": {
        "queued": ("msg_processing005", "cmp_processing001"),
        "sent": ("msg_processing003", "cmp_processing001"),
        "delivered": ("msg_processing001", "cmp_processing001"),
        "failed": ("msg_processing004", "cmp_processing001"),
        "undeliverable": ("msg_completed004", "cmp_completed001"),
    },
    "senders": {
        "pending": ("sms:NEWBRAND", ACME),
        "approved": ("sms:MYBRAND", ACME),
        "rejected": ("sms:BANKAO", ACME),
    },
    "email_addresses": {
        "pending": ("sales@mybrand.example", ACME),
        "verified": ("news@mybrand.example", ACME),
    },
}
MOVES = [
    (collection, state, event, lifecycle.table[state].get(event))
    for collection, lifecycle in SERVICE.vendor.lifecycles.items()
    for state in lifecycle.table
    for event in sorted({event for events in lifecycle.table.values() for event in events})
]
OFFERED = [move for move in MOVES if move[3] and move[2] in SERVICE.vendor.fires[move[0]]]
REFUSED = [move for move in MOVES if move not in OFFERED]


@pytest.fixture(scope="module")
def unlimited_app() -> App:
    return create_app(ZEXA)


@pytest.fixture
async def zexa(unlimited_app: App) -> AsyncIterator[World]:
    """Zexa at its seed world."""
    async with own_world(unlimited_app, "zexa") as world:
        yield world


@pytest.fixture
async def listening(zexa: World) -> World:
    """Zexa at its seed world, with a webhook of Acme that wants to be told of everything."""
    await zexa.put("webhooks", "wh_ghi789", ACME, events=["*"])
    return zexa


async def created(zexa: World, **changes: Any) -> str:
    """The id of a new campaign of Acme, to six people unless the changes say otherwise."""
    reply = await zexa.call("POST", "/v1/campaigns", "acme", {**SALE, **changes})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


async def campaign(zexa: World, id: str) -> Any:
    return await zexa.get("campaigns", id, ACME)


async def census(zexa: World, id: str) -> Counter[str]:
    """How many messages of a campaign are in each state."""
    return Counter(each["status"] for each in await zexa.work().store.messages.list(id))


async def credits(zexa: World, customer: str = ACME) -> float:
    return float((await zexa.get("balances", customer))["credits"])


def at(seconds: float = 0) -> str:
    """So many seconds after the session began, as Zexa writes it."""
    return format_timestamp(NOON + int(seconds * SECOND), 0, "Z")


class TestTables:
    """Which events are there to be fired, and what the tables say of them."""

    def test_offered_events(self) -> None:
        """All of the tables but `schedule`, which needs a time and comes from the API."""
        offered = {name: set(events) for name, events in SERVICE.vendor.fires.items()}

        assert offered["campaigns"] == {"start", "hand_over", "complete", "fail"}
        for collection, state, event, _ in REFUSED:
            if event in SERVICE.vendor.lifecycles[collection].table[state]:
                assert (collection, event) == ("campaigns", "schedule")

    def test_each_state_has_an_example(self) -> None:
        """The seed world has a resource in each state of each table."""
        tables = {name: set(each.table) for name, each in SERVICE.vendor.lifecycles.items()}

        assert tables == {name: set(examples) for name, examples in EXAMPLES.items()}

    @pytest.mark.parametrize(("collection", "state", "event", "target"), OFFERED)
    async def test_allowed_event_leads_where_the_table_says(
        self, collection: str, state: str, event: str, target: str, zexa: World
    ) -> None:
        """What is fired by hand arrives in the table's state, and can be shown."""
        id, scope = EXAMPLES[collection][state]

        moved = await zexa.fire(collection, id, event, scope)

        assert moved["status"] == target
        assert await zexa.shown_faults() == {}

    @pytest.mark.parametrize(("collection", "state", "event", "target"), REFUSED)
    async def test_other_events_are_refused(
        self, collection: str, state: str, event: str, target: str | None, zexa: World
    ) -> None:
        """What the table forbids, or nobody but the API does, changes nothing."""
        id, scope = EXAMPLES[collection][state]
        before = zexa.contents()

        with pytest.raises(IllegalTransition):
            await zexa.fire(collection, id, event, scope)

        assert zexa.contents() == before


class TestCampaigns:
    """What happens to a campaign by hand."""

    async def test_started_draft_goes_its_way(self, zexa: World) -> None:
        """A draft that is started is completed by itself."""
        begun = await zexa.fire("campaigns", "cmp_draft001", "start", ACME)

        await zexa.shift(MINUTE)

        assert begun["started_at"] == at()
        done = await campaign(zexa, "cmp_draft001")
        assert (done["status"], done["delivered"], done["failed"]) == ("completed", 4, 2)

    async def test_started_before_its_time(self, zexa: World) -> None:
        """Its time comes when it is long completed, and nothing is sent twice."""
        id = await created(zexa, scheduled_at=at(HOUR))
        await zexa.fire("campaigns", id, "start", ACME)
        await zexa.shift(MINUTE)
        done = await campaign(zexa, id)

        fired = await zexa.shift(HOUR)

        assert (done["status"], done["started_at"]) == ("completed", at())
        assert fired == ["start"]
        assert await campaign(zexa, id) == done
        assert await credits(zexa) == 4250 - 7

    async def test_handed_over(self, listening: World) -> None:
        """What is under way is final, the rest is with the carriers and paid; it is told."""
        id = await created(listening)
        await listening.shift(1)

        moved = await listening.fire("campaigns", id, "hand_over", ACME)

        assert (moved["delivered"], moved["failed"], moved["completed_at"]) == (2, 0, None)
        assert await census(listening, id) == {"delivered": 2, "sent": 4}
        assert await credits(listening) == 4250 - 7
        assert listening.told == ["message.delivered"] * 2 + ["campaign.sent"]

    async def test_handed_over_between_two_ticks(self, zexa: World) -> None:
        """The tick that it would have had finds it moved; its last one is a second after."""
        id = await created(zexa)
        await zexa.shift(1.5)
        await zexa.fire("campaigns", id, "hand_over", ACME)
        seen = []

        for seconds in (0.9, 0.1):
            fired = await zexa.shift(seconds)
            seen.append((fired, (await campaign(zexa, id))["status"]))

        assert seen == [(["tick"], "sent"), (["tick"], "completed")]

    async def test_handing_over_is_paid(self, zexa: World) -> None:
        """A campaign that is halted for want of credits is not handed over by hand either."""
        before = zexa.contents()

        with pytest.raises(Conflict, match="costs 2 credits, the balance is 0"):
            await zexa.fire("campaigns", "cmp_halted001", "hand_over", "acct_hooli")

        assert zexa.contents() == before

    async def test_handed_over_after_a_top_up(self, zexa: World) -> None:
        """Exactly enough credits are enough."""
        await zexa.put("balances", "acct_hooli", credits=2)

        await zexa.fire("campaigns", "cmp_halted001", "hand_over", "acct_hooli")

        assert await credits(zexa, "acct_hooli") == 0

    async def test_completed(self, listening: World) -> None:
        """The carriers' last words arrive at once, and are told, as is the end."""
        done = await listening.fire("campaigns", "cmp_sent001", "complete", ACME)

        assert (done["delivered"], done["failed"], done["completed_at"]) == (2, 1, at())
        assert await census(listening, "cmp_sent001") == {"delivered": 2, "failed": 1}
        assert listening.told == ["message.delivered", "campaign.completed"]
        assert await listening.shift(DAY) == []

    async def test_completed_before_its_last_tick(self, zexa: World) -> None:
        """The tick that it would have had changes nothing and tells nobody."""
        id = await created(zexa)
        await zexa.shift(3)
        await zexa.fire("campaigns", id, "complete", ACME)
        before, told = zexa.contents(), zexa.told

        fired = await zexa.shift(DAY)

        assert (fired, zexa.contents(), zexa.told) == (["tick"], before, told)

    @pytest.mark.parametrize("id", ["cmp_scheduled001", "cmp_processing001"])
    async def test_failed(self, id: str, listening: World) -> None:
        """Only the status changes, nobody is told, and nothing follows."""
        before = await campaign(listening, id)

        moved = await listening.fire("campaigns", id, "fail", ACME)

        assert moved == {**before, "status": "failed"}
        assert (listening.told, await listening.shift(DAY)) == ([], [])

    async def test_whole_life_by_hand_is_the_one_by_time(self, listening: World) -> None:
        """The same counters, costs and events, whether time or somebody moves a campaign."""
        by_time = await created(listening)
        await listening.shift(MINUTE)
        told, spent = Counter(listening.told), 4250 - await credits(listening)
        by_hand = await created(listening, scheduled_at=at(DAY))
        for event in ("start", "hand_over", "complete"):
            await listening.fire("campaigns", by_hand, event, ACME)

        first, second = await campaign(listening, by_time), await campaign(listening, by_hand)

        same = ("status", "total_contacts", "delivered", "failed")
        assert [first[name] for name in same] == [second[name] for name in same]
        assert await credits(listening) == 4250 - 2 * spent
        assert Counter(listening.told) == told + told


class TestMessages:
    """What the carriers and the recipients do."""

    @pytest.mark.parametrize("outcome", ["delivered", "failed", "undeliverable"])
    async def test_last_word_counts_and_is_told(self, outcome: str, listening: World) -> None:
        """Whatever the carrier would have said: the campaign counts it, the webhook hears it."""
        before = await campaign(listening, "cmp_processing001")

        await listening.fire("messages", "msg_processing003", outcome, "cmp_processing001")

        counter = "delivered" if outcome == "delivered" else "failed"
        counted = {**before, counter: before[counter] + 1}
        assert await campaign(listening, "cmp_processing001") == counted
        (delivery,) = listening.session.webhooks.deliveries
        assert delivery.event == f"message.{outcome}"
        assert json.loads(delivery.body)["data"]["status"] == outcome

    async def test_last_message_completes_its_campaign(self, listening: World) -> None:
        """Once all that was sent is final, the campaign is completed."""
        await listening.fire("messages", "msg_sent003", "undeliverable", "cmp_sent001")

        done = await campaign(listening, "cmp_sent001")
        assert (done["status"], done["failed"], done["completed_at"]) == ("completed", 2, at())
        assert listening.told == ["message.undeliverable", "campaign.completed"]

    async def test_message_moved_by_hand_is_not_moved_again(self, zexa: World) -> None:
        """The tick finds one message final; it makes the others so and counts each once."""
        id = await created(zexa)
        await zexa.shift(1)
        first = (await zexa.work().store.messages.list(id))[0]
        await zexa.fire("messages", first["id"], "failed", id)

        await zexa.shift(MINUTE)

        done = await campaign(zexa, id)
        assert (done["status"], done["delivered"], done["failed"]) == ("completed", 3, 3)

    async def test_dispatched_message_is_paid(self, zexa: World) -> None:
        """A message that goes before its turn costs what it costs, and its campaign goes on."""
        await zexa.fire("messages", "msg_processing006", "dispatch", "cmp_processing001")

        assert await credits(zexa) == 4250 - 2
        assert (await campaign(zexa, "cmp_processing001"))["status"] == "processing"
        assert zexa.session.clock.pending() == []

    async def test_last_dispatched_message_hands_over_its_campaign(self, listening: World) -> None:
        """Nothing is queued any more: the campaign is sent, and completed by itself."""
        for id in ("msg_processing005", "msg_processing006"):
            await listening.fire("messages", id, "dispatch", "cmp_processing001")
        sent = (await campaign(listening, "cmp_processing001"))["status"]

        await listening.shift(1)

        assert (sent, listening.told[0]) == ("sent", "campaign.sent")
        done = await campaign(listening, "cmp_processing001")
        assert (done["status"], done["delivered"], done["failed"]) == ("completed", 4, 2)

    @pytest.mark.parametrize(
        ("id", "campaign_id", "reason"),
        [
            ("msg_draft001", "cmp_draft001", "is draft"),
            ("msg_scheduled001", "cmp_scheduled001", "is scheduled"),
            ("msg_failed003", "cmp_failed001", "is failed"),
            ("msg_halted002", "cmp_halted001", "costs 1 credits, the balance is 0"),
        ],
    )
    async def test_not_every_queued_message_can_go(
        self, id: str, campaign_id: str, reason: str, zexa: World
    ) -> None:
        """Only those of a campaign that is being dispatched, and that can be paid."""
        before = zexa.contents()

        with pytest.raises(Conflict, match=reason):
            await zexa.fire("messages", id, "dispatch", campaign_id)

        assert zexa.contents() == before

    async def test_failed_campaign_still_counts(self, listening: World) -> None:
        """What was under way when a campaign failed arrives all the same; the state stays."""
        await listening.fire("campaigns", "cmp_processing001", "fail", ACME)

        await listening.fire("messages", "msg_processing003", "delivered", "cmp_processing001")

        shown = await campaign(listening, "cmp_processing001")
        assert (shown["status"], shown["delivered"]) == ("failed", 3)
        assert listening.told == ["message.delivered"]

    async def test_opting_out_twice_is_noted_once(self, listening: World) -> None:
        """Each STOP is told; the contact is out for the sender of the campaign."""
        for _ in range(2):
            await listening.fire("messages", "msg_sent001", "opt_out", "cmp_sent001")

        assert listening.told == ["message.optout"] * 2
        ana = await listening.get("contacts", "cnt_ana001", ACME)
        assert ana["opted_out"] == ["MYBRAND"]

    async def test_message_of_no_campaign_cannot_move(self, zexa: World) -> None:
        """A message that was put where no campaign is has nobody to count it."""
        work = zexa.work()
        message = await work.store.messages.get("msg_sent003", "cmp_sent001")
        await work.store.messages.put(message, "cmp_nowhere")
        await work.commit()

        with pytest.raises(NotFound):
            await zexa.fire("messages", "msg_sent003", "delivered", "cmp_nowhere")


class TestSenders:
    """Zexa's review, and the confirmation of an address."""

    @pytest.mark.parametrize(
        ("collection", "id", "event", "changes", "status"),
        [
            ("senders", "sms:NEWBRAND", "approve", {"sender_id": "NEWBRAND"}, 201),
            ("senders", "sms:NEWBRAND", "reject", {"sender_id": "NEWBRAND"}, 422),
            (
                "email_addresses",
                "sales@mybrand.example",
                "verify",
                {"channel": "email", "sender_id": "sales@mybrand.example"},
                201,
            ),
        ],
    )
    async def test_review_decides_who_can_send(
        self, collection: str, id: str, event: str, changes: Any, status: int, zexa: World
    ) -> None:
        """Whoever waited can send, or never will."""
        body = {**SALE, **changes}
        before = await zexa.call("POST", "/v1/campaigns", "acme", body)
        await zexa.fire(collection, id, event, ACME)

        after = await zexa.call("POST", "/v1/campaigns", "acme", body)

        assert (before.status_code, after.status_code) == (422, status)

    async def test_review_is_shown(self, zexa: World) -> None:
        """The list of Sender IDs tells the outcome."""
        await zexa.fire("senders", "whatsapp:NEWBRAND", "approve", ACME)

        listed = (await zexa.call("GET", "/v1/sender-ids", "acme")).json()["data"]

        statuses = {(each["channel"], each["sender_id"]): each["status"] for each in listed}
        assert statuses["whatsapp", "NEWBRAND"] == "approved"


class TestDeliveries:
    """What a delivery says of its subscription."""

    async def test_webhook_is_the_subscription(self, zexa: World) -> None:
        """Two webhooks with one URL wait for themselves, not for each other."""
        url = "https://yourapp.com/webhooks/zexa"
        body = {"url": url, "events": ["campaign.completed"]}
        other = (await zexa.call("POST", "/v1/webhooks", "acme", body)).json()["id"]

        await zexa.fire("campaigns", "cmp_sent001", "complete", ACME)

        subscriptions = {each.subscription for each in zexa.session.webhooks.deliveries}
        assert subscriptions == {"zexa/wh_ghi789", f"zexa/{other}"}

    async def test_signature_is_named(self, zexa: World) -> None:
        """The header that the service names is the one that its deliveries carry."""
        await zexa.fire("campaigns", "cmp_sent001", "complete", ACME)

        (delivery,) = zexa.session.webhooks.deliveries
        assert SERVICE.vendor.signature.header.lower() in {
            name.lower() for name in delivery.headers
        }


class TestViews:
    """Stored resources as Zexa's users see them."""

    def test_whatever_is_shown_has_a_view(self) -> None:
        """Every collection but the two of which no reply and no event shows anything."""
        assert set(SERVICE.vendor.collections) - set(SERVICE.vendor.views) == {
            "contact_lists",
            "email_addresses",
        }

    def test_schemas_are_components(self) -> None:
        """Each view names a component of the document."""
        assert {view.schema for view in SERVICE.vendor.views.values()} <= set(
            SERVICE.document.schemas
        )

    async def test_seed_world_passes(self, zexa: World) -> None:
        """Every resource of the seed world is as the document declares it."""
        assert await zexa.shown_faults() == {}

    async def test_lives_pass(self, zexa: World) -> None:
        """So is what the API makes, at every moment of its life."""
        contact = {"name": "Maria Santos", "phone": "+244912345678"}
        webhook = {"url": "https://yourapp.com/hook", "events": ["*"]}
        await zexa.call("POST", "/v1/contacts", "acme", contact)
        await zexa.call("POST", "/v1/webhooks", "acme", webhook)
        await created(zexa)
        await created(zexa, scheduled_at=at(HOUR))

        for seconds in (0, 1, 2, 1, HOUR, DAY):
            await zexa.shift(seconds)
            assert await zexa.shown_faults() == {}

    @pytest.mark.parametrize("collection", SERVICE.vendor.views)
    @pytest.mark.parametrize("nonsense", NONSENSE, ids=repr)
    def test_nonsense_does_not_pass(self, nonsense: Any, collection: str) -> None:
        """What is no resource raises what views may raise, or breaks the schema."""
        assert not passes(SERVICE, collection, nonsense)

    @pytest.mark.parametrize(
        ("credits", "good"),
        [(0.5, True), (0, True), (-1, False), (None, False), ("many", False), ([], False)],
    )
    def test_balance_is_a_number(self, credits: Any, good: bool) -> None:
        """Credits are rounded down, so they have to be a number; none are owed."""
        balance = {"id": ACME, "credits": credits, "currency": "USD"}

        assert passes(SERVICE, "balances", balance) == good


class TestSamples:
    """Worlds that are populated by Zexa's own rules."""

    @pytest.mark.parametrize("collection", SERVICE.vendor.samples)
    async def test_two_hundred_in_a_row(self, collection: str, zexa: World) -> None:
        """Every request is accepted for the default account, and what it makes can be shown."""
        before = await zexa.work().collection(collection).count(ACME)

        await zexa.populate(collection, 200, "acme")

        assert await zexa.work().collection(collection).count(ACME) == before + 200
        assert await zexa.shown_faults() == {}

    @pytest.mark.parametrize("account", creators(SERVICE))
    @pytest.mark.parametrize("collection", SERVICE.vendor.samples)
    async def test_every_account(self, collection: str, account: str, zexa: World) -> None:
        """Also for those without credits, with one list or with one sender."""
        made = await zexa.populate(collection, 20, account)

        assert {each.reply.status for each in made} == {201}

    @pytest.mark.parametrize("collection", SERVICE.vendor.samples)
    async def test_same_seed_same_bytes(self, collection: str, unlimited_app: App) -> None:
        """Two sessions that are populated alike hold the same."""
        worlds = []
        for _ in range(2):
            async with own_world(unlimited_app, "zexa") as zexa:
                await zexa.populate(collection, 30, "acme")
                worlds.append(zexa.contents())

        assert worlds[0] == worlds[1]

    async def test_other_seed_other_world(self, unlimited_app: App) -> None:
        """Another seed makes other requests."""
        bodies = []
        for seed in (1, 2):
            async with own_world(create_app(replace(ZEXA, seed=seed)), "zexa") as zexa:
                bodies.append([each.body for each in await zexa.populate("campaigns", 5, "acme")])

        assert bodies[0] != bodies[1]

    async def test_campaigns_are_of_every_kind(self, zexa: World) -> None:
        """Every channel, with and without template, at once and later, in GSM-7 and beyond."""
        bodies = [each.body for each in await zexa.populate("campaigns", 200, "acme")]

        channels = SERVICE.document.schemas["Channel"]["enum"]
        assert {body["channel"] for body in bodies} == set(channels)
        assert {("template" in body) for body in bodies if body["channel"] == "whatsapp"} == {
            True,
            False,
        }
        assert {type(body.get("scheduled_at", ...)) for body in bodies} == {
            type(...),
            type(None),
            str,
        }
        assert {rules.segments(body["body"]) for body in bodies if body["channel"] == "sms"} >= {
            1,
            2,
        }
        assert len({body["name"] for body in bodies}) > 5

    async def test_history_ends_in_many_states(self, zexa: World) -> None:
        """Campaigns of weeks ago are completed, those of the last days may still wait."""
        await zexa.populate("campaigns", 200, "acme", gap=6 * HOUR)

        found: list[Resource] = await zexa.work().store.campaigns.list(ACME)
        counts = Counter(each["status"] for each in found[6:])
        assert set(counts) == {"completed", "scheduled"}
        assert counts["completed"] > 150

    async def test_balance_is_what_it_was(self, zexa: World) -> None:
        """Each campaign brings the credits that it costs, so the balance lasts for any number."""
        await zexa.populate("campaigns", 50, "hooli")

        await zexa.shift(30 * DAY)

        assert await credits(zexa, "acct_hooli") == 0
        found: list[Resource] = await zexa.work().store.campaigns.list("acct_hooli")
        assert {each["status"] for each in found[1:]} == {"completed"}

    async def test_campaigns_reach_somebody(self, zexa: World) -> None:
        """Lists that reach nobody are left alone while others reach somebody."""
        made = await zexa.populate("campaigns", 50, "acme")

        assert min(each.reply.document["total_contacts"] for each in made) > 0

    async def test_missing_list_is_made(self, zexa: World) -> None:
        """An account without contact lists gets one."""
        work = zexa.work()
        await work.store.contact_lists.delete("lst_globex001", "acct_globex")
        await work.commit()

        (made,) = await zexa.populate("campaigns", 1, "globex")

        (only,) = await zexa.work().store.contact_lists.list("acct_globex")
        assert made.body["contact_list_id"] == only["id"]

    async def test_contacts_join_lists_at_home_and_abroad(self, zexa: World) -> None:
        """With and without email and lists, most numbers in Angola, no number twice."""
        bodies = [each.body for each in await zexa.populate("contacts", 200, "acme")]

        assert len({body["phone"] for body in bodies}) == 200
        at_home = sum(body["phone"].startswith("+244") for body in bodies)
        assert 100 < at_home < 200
        assert {("email" in body) for body in bodies} == {True, False}
        assert {len(body["lists"]) for body in bodies} == {0, 1, 2}
        assert {id for body in bodies for id in body["lists"]} == {
            each["id"] for each in await zexa.work().store.contact_lists.list(ACME)
        }

    async def test_numbers_go_on(self, zexa: World) -> None:
        """A world that is populated again, and again, has no number twice."""
        for _ in range(3):
            await zexa.populate("contacts", 100, "initech", gap=0)

        phones = [each["phone"] for each in await zexa.work().store.contacts.list("acct_initech")]
        assert len(phones) == len(set(phones)) == 305

    async def test_webhooks_want_every_event(self, zexa: World) -> None:
        """Each name is subscribed to by somebody; what is sent is signed with the account's key."""
        bodies = [each.body for each in await zexa.populate("webhooks", 200, "acme")]

        names = SERVICE.document.schemas["Subscription"]["enum"]
        assert {event for body in bodies for event in body["events"]} == set(names)
        stored = await zexa.work().store.webhooks.list(ACME)
        assert {each["signing_key"] for each in stored} == {"zexa_test_acme"}

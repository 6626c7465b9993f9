"""AgentMessage by hand: fired events, resources as they are shown, realistic requests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.calling import create_app
from tests.conftest import NOON
from tests.vendors.by_hand_sent_agentmessage import Hand, hand_of
from understudy.core.clock import SECOND
from understudy.core.errors import Forbidden, IllegalTransition, Internal
from understudy.core.settings import Settings
from understudy.server.app import App
from understudy.session.deliveries import Delivery
from understudy.vendors.agentmessage import events, review

DAY = 24 * 60 * 60
ACME = "0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a3b4"
GLOBEX = "0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a3c0"
VERIFIED = "6a1b2c3d-4e5f-6789-abcd-ef0123456789"
PENDING_BRAND = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
ACTIVE = "b5d3c4e2-7f7e-44a1-8c12-2bcd9e3f0a01"
UNDATED = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
PENDING, FILED, REJECTED, EXPIRED = (
    f"7c1f0a2d-9e8b-4c3a-9d2e-1f0a2b3c4d0{digit}" for digit in (1, 2, 3, 4)
)
NUMBER, RELEASED = (f"7c1f0a2d-9e8b-4c3a-9d2e-1f0a2b3c4f0{digit}" for digit in (1, 4))
ENDPOINT = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
ATTEMPT = "0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a402"
NOW = "2026-03-11T12:00:00Z"
# Nobody listens there.
CLOSED = "http://127.0.0.1:9/hooks"
TOLD = [
    "brand.vetted",
    "brand.vetting_failed",
    "campaign.approved",
    "campaign.rejected",
    "phone_number.campaign.assigned",
]


@pytest.fixture(scope="module")
def world() -> App:
    return create_app(Settings(vendors=("agentmessage",), clock=NOON))


@pytest.fixture
async def hand(world: App) -> AsyncIterator[Hand]:
    """AgentMessage at its seed world."""
    async for hand in hand_of(world, "agentmessage"):
        yield hand


def example(hand: Hand, operation: str, name: str) -> dict[str, Any]:
    """A documented request body."""
    body = hand.service.document.operations[operation].body
    assert body is not None
    return dict(body.examples[name])


async def register(hand: Hand, **changes: Any) -> str:
    """Register a campaign through the API; its id."""
    body = {**example(hand, "createCampaign", "marketing"), **changes}
    return str((await hand.ask("POST", "/v1/campaigns", body))["id"])


async def listen(hand: Hand, url: str = "https://hooks.example.com/x") -> dict[str, Any]:
    """Create an endpoint for every event that the mock sends."""
    return dict(await hand.ask("POST", "/v1/webhooks", {"url": url, "events": TOLD}))


def campaign(hand: Hand, id: str) -> dict[str, Any]:
    return hand.stored("campaigns", id)[1]


CAN_BE_FIRED = [
    ("campaigns", PENDING, ["approve", "file", "reject"]),
    ("campaigns", ACTIVE, ["expire", "renew"]),
    ("campaigns", REJECTED, []),
    ("campaigns", EXPIRED, []),
    ("brands", PENDING_BRAND, ["file", "vet"]),
    ("brands", VERIFIED, []),
    ("phone_numbers", NUMBER, ["propagate"]),
    ("phone_numbers", RELEASED, []),
]


class TestEvents:
    """Which events can be fired, and that the others change nothing."""

    @pytest.mark.parametrize(("collection", "id", "allowed"), CAN_BE_FIRED)
    async def test_what_can_be_fired(
        self, collection: str, id: str, allowed: list[str], hand: Hand
    ) -> None:
        """A person does what registry and carriers do; attaching stays with the API."""
        assert hand.allowed(collection, id) == allowed

    @pytest.mark.parametrize(
        ("collection", "id", "event"),
        [
            (collection, id, event)
            for collection, id, allowed in CAN_BE_FIRED
            for event in {
                "campaigns": events.CAMPAIGNS,
                "brands": events.BRANDS,
                "phone_numbers": events.NUMBERS,
            }[collection]
            if event not in allowed
        ],
    )
    async def test_other_events_change_nothing(
        self, collection: str, id: str, event: str, hand: Hand
    ) -> None:
        """What the state forbids is refused, and the resource stays as it is."""
        before = hand.stored(collection, id)

        with pytest.raises(IllegalTransition):
            await hand.fire(collection, id, event)

        assert hand.stored(collection, id) == before and hand.told() == []


class TestCampaigns:
    """A campaign whose registry and carriers are a person."""

    async def test_filing_sets_what_the_registry_sets(self, hand: Hand) -> None:
        """A campaign filed by hand waits for the carriers as one that was filed by itself."""
        id = await register(hand)

        filed = await hand.fire("campaigns", id, "file")

        assert (filed["status"], filed["submitted_at"]) == ("PENDING", NOW)
        assert re.fullmatch(r"C[A-Z0-9]{7}", filed["tcr_campaign_id"])
        await hand.pass_time(5)
        assert campaign(hand, id)["status"] == "ACTIVE"

    async def test_filed_campaign_is_not_filed_again(self, hand: Hand) -> None:
        """The filing that was due finds the campaign filed; so does a second one by hand."""
        id = await register(hand)
        filed = await hand.fire("campaigns", id, "file")
        await hand.pass_time(3)

        with pytest.raises(IllegalTransition, match="cannot file a campaign in state filed"):
            await hand.fire("campaigns", id, "file")

        assert campaign(hand, id) == filed

    @pytest.mark.parametrize(("event", "type"), [("approve", "approved"), ("reject", "rejected")])
    async def test_decision_is_told_and_final(self, event: str, type: str, hand: Hand) -> None:
        """Whoever listens hears of it once; nothing that was due changes it."""
        await listen(hand)
        id = await register(hand)

        decided = await hand.fire("campaigns", id, event)

        await hand.pass_time(60)
        ((name, told),) = hand.told()
        assert (name, told["data"], told["created_at"]) == (f"campaign.{type}", decided, NOW)
        assert campaign(hand, id) == decided

    @pytest.mark.parametrize("event", ["approve", "reject"])
    async def test_decision_implies_the_filing(self, event: str, hand: Hand) -> None:
        """What is decided before it was filed has the registry's id all the same."""
        decided = await hand.fire("campaigns", PENDING, event)

        assert decided["submitted_at"] == NOW
        assert re.fullmatch(r"C[A-Z0-9]{7}", decided["tcr_campaign_id"])

    async def test_decision_keeps_an_earlier_filing(self, hand: Hand) -> None:
        """What was filed before is not filed by the decision."""
        filed = campaign(hand, FILED)

        approved = await hand.fire("campaigns", FILED, "approve")

        members = ("tcr_campaign_id", "submitted_at")
        assert [approved[name] for name in members] == [filed[name] for name in members]

    async def test_approval_bills_as_it_would_by_itself(self, hand: Hand) -> None:
        """Fee, carriers and dates are those of a campaign that time approved on the same day."""
        first, second = await register(hand), await register(hand)
        by_hand = await hand.fire("campaigns", first, "approve")

        await hand.pass_time(7)

        members = ("status", "monthly_fee", "mno_metadata", "mno_ids", "billed_date")
        by_itself = campaign(hand, second)
        assert [by_hand[name] for name in members] == [by_itself[name] for name in members]
        assert by_hand["next_renewal_or_expiration_date"] == "2026-04-11"

    async def test_approval_overrules_the_review(self, hand: Hand) -> None:
        """What the review would block is approved when a person says so."""
        id = await register(hand, sample1="More at https://bit.ly/2WoClub. Reply STOP")

        approved = await hand.fire("campaigns", id, "approve")

        await hand.pass_time(60)
        assert (approved["status"], campaign(hand, id)["rejection_reasons"]) == ("ACTIVE", [])

    async def test_rejection_has_the_reviews_reasons(self, hand: Hand) -> None:
        """Where the review blocks, its words are the reasons; elsewhere there is one of ours."""
        blocked = await register(hand, privacy_policy_link="https://a.invalid/privacy")

        rejected = await hand.fire("campaigns", blocked, "reject")
        unconvincing = await hand.fire("campaigns", PENDING, "reject")

        assert rejected["rejection_reasons"] == review.blockers(rejected) != []
        assert unconvincing["rejection_reasons"] == [events.UNCONVINCED]
        assert rejected["rejected_at"] == NOW

    async def test_renewal_by_hand_bills_the_next_month_once(self, hand: Hand) -> None:
        """A month renewed early is not billed again on its day; the one after it is."""
        id = await register(hand)
        await hand.fire("campaigns", id, "approve")

        renewed = await hand.fire("campaigns", id, "renew")

        assert renewed["billed_date"] == "2026-04-11T00:00:00Z"
        assert renewed["next_renewal_or_expiration_date"] == "2026-05-11"
        await hand.pass_time(32 * DAY)
        assert campaign(hand, id) == renewed
        await hand.pass_time(30 * DAY)
        assert campaign(hand, id)["next_renewal_or_expiration_date"] == "2026-06-11"

    @pytest.mark.parametrize(
        ("today", "billed", "following", "expected"),
        [
            (0, "2026-01-31", "2026-02-28", ("2026-02-28", "2026-03-31")),
            (0, "2026-02-28", "2026-03-31", ("2026-03-31", "2026-04-30")),
            (0, "2026-03-30", "2026-04-30", ("2026-04-30", "2026-05-30")),
            (200, "2026-01-31", "2026-02-28", ("2026-08-31", "2026-09-30")),
            (0, "2026-03-15", None, ("2026-04-15", "2026-05-15")),
            (0, None, None, ("2026-03-11", "2026-04-11")),
        ],
    )
    async def test_renewal_keeps_its_day_and_catches_up(
        self,
        today: int,
        billed: str | None,
        following: str | None,
        expected: tuple[str, str],
        hand: Hand,
    ) -> None:
        """The day of the month stays; of several days that have passed the last is billed."""
        dates = {"next_renewal_or_expiration_date": following}
        await hand.put("campaigns", ACTIVE, billed_date=billed and f"{billed}T00:00:00Z", **dates)
        await hand.pass_time(today * DAY)

        renewed = await hand.fire("campaigns", ACTIVE, "renew")

        shown = (renewed["billed_date"][:10], renewed["next_renewal_or_expiration_date"])
        assert shown == expected

    async def test_campaign_without_a_date_can_be_renewed(self, hand: Hand) -> None:
        """The published campaign that shows no renewal day renews a month after its last bill."""
        renewed = await hand.fire("campaigns", UNDATED, "renew")

        assert renewed["next_renewal_or_expiration_date"] == "2026-06-21"

    async def test_expiry_ends_the_renewals(self, hand: Hand) -> None:
        """An expired campaign stays expired when its day comes, and nobody is told."""
        await listen(hand)
        await hand.fire("campaigns", ACTIVE, "renew")

        expired = await hand.fire("campaigns", ACTIVE, "expire")

        await hand.pass_time(400 * DAY)
        assert (expired["status"], expired["expiration_date"]) == ("EXPIRED", NOW)
        assert campaign(hand, ACTIVE) == expired and hand.told() == []

    async def test_renewed_campaign_expires_on_its_new_day(self, hand: Hand) -> None:
        """A campaign that does not renew has one month more, and ends then."""
        id = await register(hand, auto_renewal=False)
        await hand.fire("campaigns", id, "approve")
        await hand.fire("campaigns", id, "renew")
        await hand.pass_time(32 * DAY)
        meanwhile = campaign(hand, id)["status"]

        await hand.pass_time(30 * DAY)

        expired = campaign(hand, id)
        assert (meanwhile, expired["status"]) == ("ACTIVE", "EXPIRED")
        assert expired["expiration_date"] == "2026-05-11T00:00:00Z"


class TestBrands:
    """A brand whose registry is a person."""

    async def test_filing_leads_to_vetting(self, hand: Hand) -> None:
        """A brand filed by hand is vetted after the usual time, and filed once."""
        filed = await hand.fire("brands", PENDING_BRAND, "file")

        with pytest.raises(IllegalTransition, match="cannot file a brand in state filed"):
            await hand.fire("brands", PENDING_BRAND, "file")

        await hand.pass_time(5)
        vetted = hand.stored("brands", PENDING_BRAND)[1]
        assert (filed["status"], filed["submitted_at"]) == ("PENDING", NOW)
        assert (vetted["identity_status"], vetted["tcr_brand_id"]) == (
            "VERIFIED",
            filed["tcr_brand_id"],
        )

    @pytest.mark.parametrize(
        ("website", "identity", "event"),
        [
            ("https://acme.example", "VERIFIED", "brand.vetted"),
            ("https://acme.invalid", "UNVERIFIED", "brand.vetting_failed"),
        ],
    )
    async def test_vetting_is_told_and_final(
        self, website: str, identity: str, event: str, hand: Hand
    ) -> None:
        """Vetted by hand, also unfiled, a brand is what the registry would find it to be."""
        await listen(hand)
        body = {**example(hand, "createBrand", "documented"), "country": "US", "website": website}
        created = await hand.ask("POST", "/v1/brands", body)

        vetted = await hand.fire("brands", created["id"], "vet")

        await hand.pass_time(60)
        ((type, told),) = hand.told()
        assert (vetted["identity_status"], type, told["data"]) == (identity, event, vetted)
        assert (vetted["submitted_at"], hand.stored("brands", created["id"])[1]) == (NOW, vetted)


class TestNumbers:
    """A number whose carriers are a person."""

    async def attached(self, hand: Hand) -> None:
        path = f"/v1/phone-numbers/{NUMBER}/campaign"
        await hand.ask("POST", path, {"campaign_id": ACTIVE})

    async def test_propagation_is_told_once(self, hand: Hand) -> None:
        """The carriers know the campaign at once, and what was due finds them knowing it."""
        await listen(hand)
        await self.attached(hand)

        reached = await hand.fire("phone_numbers", NUMBER, "propagate")

        await hand.pass_time(60)
        ((type, told),) = hand.told()
        assert reached["carrier_line_option_propagated_at"] == NOW
        assert "carrier_line_option_status" not in reached
        assert type == "phone_number.campaign.assigned" and "assigned" not in told["data"]
        assert hand.stored("phone_numbers", NUMBER)[1] == reached

    async def test_nothing_to_propagate(self, hand: Hand) -> None:
        """A number without a campaign on its way reaches no carrier."""
        with pytest.raises(IllegalTransition, match="not pending"):
            await hand.fire("phone_numbers", NUMBER, "propagate")


class TestDeliveries:
    """What subscribers receive."""

    async def first(self, hand: Hand, url: str = CLOSED) -> tuple[dict[str, Any], Delivery]:
        """An endpoint, and the delivery of an approval to it."""
        endpoint = await listen(hand, url)
        await hand.fire("campaigns", PENDING, "approve")
        return endpoint, hand.session.webhooks.deliveries[0]

    async def test_endpoint_is_the_subscription(self, hand: Hand) -> None:
        """Deliveries are one endpoint's, whatever its URL becomes."""
        endpoint, delivery = await self.first(hand)

        assert delivery.subscription == f"agentmessage/{endpoint['id']}"

    async def test_further_attempts_are_of_one_delivery(self, hand: Hand) -> None:
        """All five attempts at an event carry the id of the first."""
        await self.first(hand)
        await hand.pass_time(DAY)

        made = [each["attempt"] for _, each in hand.everything("deliveries") if is_new(each)]
        ids = {delivery.id for delivery in hand.session.webhooks.deliveries}
        assert (made, len(ids)) == ([1, 2, 3, 4, 5], 1)

    async def test_test_event_is_the_endpoints_too(self, hand: Hand) -> None:
        """A test event takes its place among the endpoint's deliveries."""
        endpoint = await listen(hand, CLOSED)
        await hand.ask("POST", f"/v1/webhooks/{endpoint['id']}/test")

        (delivery,) = hand.session.webhooks.deliveries
        subscription = f"agentmessage/{endpoint['id']}"
        assert (delivery.event, delivery.subscription) == ("webhook.test", subscription)

    async def test_delivery_sent_again_is_signed_anew(self, hand: Hand) -> None:
        """The signature is that of the later time, with the endpoint's present secret."""
        endpoint, delivery = await self.first(hand)
        path = f"/v1/webhooks/{endpoint['id']}/rotate-secret"
        secret = (await hand.ask("POST", path))["secret"]
        await hand.pass_time(3600)

        headers = await resigned(hand, delivery)

        at = NOON // SECOND + 3600
        signed = b"%d\n%s" % (at, delivery.body)
        digest = hmac.new(base64.b64decode(secret), signed, hashlib.sha256).hexdigest()
        assert headers["X-AmCore-Signature"] == f"t={at},v1={digest}"
        assert headers["content-type"] == "application/json"

    async def test_unknown_endpoint_signs_nothing(self, hand: Hand) -> None:
        """A delivery whose endpoint the session lost keeps the headers that it had."""
        endpoint, delivery = await self.first(hand)
        place = ("agentmessage", "endpoints", ACME)
        await hand.session.store.commit({place: {endpoint["id"]: None}})

        assert await resigned(hand, delivery) == delivery.headers

    async def test_signature_header_is_named(self, hand: Hand) -> None:
        """The vendor says which of a delivery's headers signs it."""
        _, delivery = await self.first(hand)

        names = {name.lower() for name in delivery.headers}
        assert hand.service.vendor.signature.header.lower() in names


def is_new(attempt: dict[str, Any]) -> bool:
    """Whether an attempt is not one of the seed world's, which were made later in time."""
    return bool(attempt["occurred_at"] < "2026-04" and attempt["event_type"] == "campaign.approved")


async def resigned(hand: Hand, delivery: Delivery) -> dict[str, str]:
    """The headers of a delivery that is sent again now."""
    resign = hand.service.vendor.resign
    assert resign is not None
    return dict(await resign(hand.work(), delivery))


class TestViews:
    """Resources as the API shows them."""

    async def test_seed_world_satisfies_its_views(self, hand: Hand) -> None:
        """Everything in the seed world is shown as the document declares it."""
        assert hand.all_faults() == []

    async def test_every_shown_collection_has_a_view(self, hand: Hand) -> None:
        """Organizations are never shown; all others are."""
        vendor = hand.service.vendor

        assert set(vendor.collections) - set(vendor.views) == {"organizations"}

    async def test_what_the_api_makes_satisfies_its_views(self, hand: Hand) -> None:
        """So is whatever requests, time and events by hand make of it."""
        await listen(hand, CLOSED)
        await hand.ask("POST", "/v1/brands", example(hand, "createBrand", "documented"))
        ids = [await register(hand), await register(hand, auto_renewal=False)]
        path = f"/v1/phone-numbers/{NUMBER}/campaign"
        await hand.ask("POST", path, {"campaign_id": ACTIVE})
        for seconds in (0, 2, 5, 40 * DAY):
            await hand.pass_time(seconds)
            assert hand.all_faults() == []
        await hand.fire("campaigns", PENDING, "reject")
        await hand.fire("campaigns", ids[0], "expire")

        assert hand.all_faults() == []

    @pytest.mark.parametrize(
        ("collection", "id", "broken"),
        [
            ("phone_numbers", NUMBER, {"assigned": ...}),
            ("phone_numbers", NUMBER, {"assigned": "yes"}),
            ("endpoints", ENDPOINT, {"secret": ...}),
            ("endpoints", ENDPOINT, {"secret": "not base64"}),
            ("endpoints", ENDPOINT, {"secret": 7}),
            ("deliveries", ATTEMPT, {"event": ...}),
            ("deliveries", ATTEMPT, {"replayable_until": "some day"}),
        ],
    )
    async def test_what_the_rules_could_not_read_is_not_shown(
        self, collection: str, id: str, broken: dict[str, Any], hand: Hand
    ) -> None:
        """A resource that lacks what the rules need raises instead of being taken."""
        _, resource = hand.stored(collection, id)
        changed = {name: each for name, each in {**resource, **broken}.items() if each is not ...}

        with pytest.raises((KeyError, TypeError, ValueError, Internal)):
            hand.faults(collection, changed)

    @pytest.mark.parametrize(
        ("collection", "id"),
        [
            ("campaigns", ACTIVE),
            ("brands", VERIFIED),
            ("phone_numbers", NUMBER),
            ("endpoints", ENDPOINT),
            ("deliveries", ATTEMPT),
            ("wallets", ACME),
            ("catalogs", "payg"),
        ],
    )
    async def test_unknown_member_is_a_fault(self, collection: str, id: str, hand: Hand) -> None:
        """A member that the document does not know is told by its schema."""
        _, resource = hand.stored(collection, id)

        (fault,) = hand.faults(collection, {**resource, "colour": "red"})

        assert "colour" in fault.message


MAKERS = [
    ("campaigns", "acme-admin", 200),
    ("campaigns", "acme-campaigns", 20),
    ("campaigns", "acme-writer", 20),
    ("campaigns", "y3labs-admin", 20),
    ("campaigns", "globex-admin", 20),
    ("brands", "acme-admin", 200),
    ("brands", "acme-writer", 20),
    ("brands", "y3labs-admin", 20),
    ("brands", "globex-admin", 20),
]


class TestSamples:
    """Realistic requests, of which a whole history can be made."""

    @pytest.mark.parametrize(("collection", "account", "count"), MAKERS)
    async def test_each_is_accepted(
        self, collection: str, account: str, count: int, hand: Hand
    ) -> None:
        """Every request succeeds, for every account that may send it, and keeps to the document."""
        before = len([each for _, each in hand.everything(collection) if each["created_at"] == NOW])

        await hand.make_many(collection, count, account)

        made = [each for _, each in hand.everything(collection) if each["created_at"] == NOW]
        assert (before, len(made)) == (0, count)
        assert hand.all_faults() == []

    @pytest.mark.parametrize(
        ("collection", "account"),
        [
            ("campaigns", "acme-reader"),
            ("campaigns", "acme-sender"),
            ("brands", "acme-campaigns"),
        ],
    )
    async def test_who_may_not_is_refused(self, collection: str, account: str, hand: Hand) -> None:
        """The scope decides, as it does in life."""
        with pytest.raises(Forbidden):
            await hand.make(collection, account)

    @pytest.mark.parametrize("collection", ["campaigns", "brands"])
    async def test_same_seed_gives_the_same_bytes(self, collection: str, world: App) -> None:
        """Two sessions make the same requests and store the same resources."""
        runs = []
        for _ in range(2):
            async for hand in hand_of(world, "agentmessage"):
                bodies = await hand.make_many(collection, 30)
                await hand.pass_time(7)
                runs.append((json.dumps(bodies), list(hand.everything(collection))))

        assert runs[0] == runs[1]

    async def test_use_cases_vary(self, hand: Hand) -> None:
        """Two hundred campaigns reach every use case; a mixed one says what it consists of."""
        bodies = await hand.make_many("campaigns", 200)

        usecases = Counter(body["usecase"] for body in bodies)
        catalog = hand.stored("catalogs", "payg")[1]["campaign_month"]["by_ref"]
        assert len(usecases) == 13 and {rate["ref"] for rate in catalog} < set(usecases)
        mixed = {body["usecase"] for body in bodies if body.get("sub_usecases")}
        assert mixed == {"MIXED", "LOW_VOLUME_MIXED"}

    async def test_every_optional_member_is_stated_by_some(self, hand: Hand) -> None:
        """What can be said of a campaign is said somewhere, and most of it left out elsewhere."""
        bodies = await hand.make_many("campaigns", 300)

        declared = set(hand.service.document.schemas["CampaignRequest"]["properties"])
        assert declared - set().union(*bodies) == {"sample5"}

    async def test_all_kinds_of_brands_occur(self, hand: Hand) -> None:
        """Two hundred brands reach every legal form and every size of account."""
        bodies = await hand.make_many("brands", 200)

        schemas = hand.service.document.schemas
        assert {each["entity_type"] for each in bodies} == set(schemas["EntityType"]["enum"])
        sizes = set(schemas["BrandRelationship"]["enum"])
        assert {each["brand_relationship"] for each in bodies} == sizes

    async def test_history_has_every_state(self, hand: Hand) -> None:
        """Most campaigns run, some are rejected, some expire; most brands are recognised."""
        await hand.make_many("brands", 100)
        await hand.make_many("campaigns", 200)
        await hand.pass_time(40 * DAY)

        states = Counter(each["status"] for _, each in hand.everything("campaigns"))
        identities = Counter(each["identity_status"] for _, each in hand.everything("brands"))
        assert states["ACTIVE"] > 100 and states["REJECTED"] > 5 and states["EXPIRED"] > 5
        assert identities["VERIFIED"] > 80 and identities["UNVERIFIED"] > 1

    async def test_campaigns_speak_for_their_brand(self, hand: Hand) -> None:
        """What a campaign says names the brand that it runs under."""
        bodies = await hand.make_many("campaigns", 20, "y3labs-admin")

        assert all("Y3 Labs" in body["description"] for body in bodies)

    async def test_brands_cost_nothing_of_what_was_there(self, hand: Hand) -> None:
        """The wallet receives what the brands take from it, so any number can be made."""
        before = hand.stored("wallets", ACME)[1]

        await hand.make_many("brands", 20)

        after = hand.stored("wallets", ACME)[1]
        assert after["balance_cents"] == before["balance_cents"]
        assert after["mtd_spend_cents"] == before["mtd_spend_cents"] + 20 * 500

    async def test_missing_brand_is_made(self, hand: Hand) -> None:
        """An organization without a verified brand gets one, and only one."""
        await hand.make_many("campaigns", 20, "globex-admin")

        (brand,) = [each for scope, each in hand.everything("brands") if scope == GLOBEX]
        assert (brand["status"], brand["identity_status"]) == ("ACTIVE", "VERIFIED")
        assert hand.stored("organizations", GLOBEX)[1]["is_reseller"] is False

    async def test_second_brand_needs_a_reseller(self, hand: Hand) -> None:
        """An organization becomes a reseller with its second brand, not with its first."""
        kinds = []
        for _ in range(2):
            await hand.make("brands", "globex-admin")
            kinds.append(hand.stored("organizations", GLOBEX)[1]["is_reseller"])

        assert kinds == [False, True]

"""Sent by hand: events that a person fires, resources as they are shown, realistic requests."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.calling import create_app
from tests.conftest import NOON
from tests.vendors.by_hand_sent_agentmessage import Hand, hand_of
from understudy.core.clock import format_timestamp
from understudy.core.errors import Forbidden, IllegalTransition, Internal
from understudy.core.settings import Settings
from understudy.server.app import App
from understudy.service.unit_of_work import Resource

ORGANIZATION = "550e8400-e29b-41d4-a716-446655440000"
SALES = "770e8400-e29b-41d4-a716-446655440002"
CARE, DELIVERY, NORTH = (f"660e8400-e29b-41d4-a716-44665544000{digit}" for digit in (0, 6, 7))
ORGANIZATION_BRAND = "a1b2c3d4-e5f6-4890-abcd-550e84000000"
SALES_BRAND = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
CAMPAIGN = "b2c3d4e5-f6a7-8901-bcde-f12345678901"
CARE_CAMPAIGN = "b2c3d4e5-f6a7-4901-bcde-446655440000"
NORTH_CAMPAIGN = "b2c3d4e5-f6a7-4901-bcde-446655440007"
SUBMITTED = "b2c3d4e5-f6a7-4901-bcde-446655440006"
HOOK = "https://your-app.com/hook"
OTHER_HOOK = "https://your-app.com/other"
NOW = format_timestamp(NOON)


@pytest.fixture(scope="module")
def world() -> App:
    return create_app(Settings(vendors=("sent",), clock=NOON))


@pytest.fixture
async def hand(world: App) -> AsyncIterator[Hand]:
    """Sent at its seed world."""
    async for hand in hand_of(world, "sent"):
        yield hand


async def accept(hand: Hand, profile: str = CARE, url: str = HOOK) -> None:
    """Start a completion through the API."""
    await hand.ask("POST", f"/v3/profiles/{profile}/complete", {"webHookUrl": url})


def profile(hand: Hand, id: str = CARE) -> Resource:
    return hand.stored("profiles", id)[1]


class TestCampaigns:
    """A campaign on its way through the registry."""

    @pytest.mark.parametrize(
        ("status", "events"),
        [
            (None, ["submit"]),
            ("SENT_CREATED", ["approve"]),
            ("ACTIVE", ["expire"]),
            ("EXPIRED", []),
        ],
    )
    async def test_what_can_be_fired(
        self, status: str | None, events: list[str], hand: Hand
    ) -> None:
        """Each state lets a person do what the registry would do next, and no API call's work."""
        await hand.put("campaigns", CAMPAIGN, status=status)

        assert hand.allowed("campaigns", CAMPAIGN) == events

    @pytest.mark.parametrize(
        ("status", "event"),
        [
            (status, event)
            for status, allowed in (
                (None, "submit"),
                ("SENT_CREATED", "approve"),
                ("ACTIVE", "expire"),
                ("EXPIRED", ""),
            )
            for event in ("submit", "approve", "expire")
            if event != allowed
        ],
    )
    async def test_other_events_change_nothing(
        self, status: str | None, event: str, hand: Hand
    ) -> None:
        """What the state forbids is refused, and the campaign stays as it is."""
        await hand.put("campaigns", CAMPAIGN, status=status)
        before = hand.stored("campaigns", CAMPAIGN)

        with pytest.raises(IllegalTransition, match=f"cannot {event} a campaign"):
            await hand.fire("campaigns", CAMPAIGN, event)

        assert hand.stored("campaigns", CAMPAIGN) == before

    async def test_submitting_sets_what_filing_sets(self, hand: Hand) -> None:
        """A campaign submitted by hand looks like one that a completion filed."""
        await accept(hand)
        await hand.pass_time(2)
        filed = hand.stored("campaigns", CARE_CAMPAIGN)[1]

        submitted = await hand.fire("campaigns", CAMPAIGN, "submit")

        members = ("status", "submittedToTCR", "submittedAt", "updatedAt", "tcrCampaignId")
        at = format_timestamp(hand.session.clock.now())
        assert [submitted[name] for name in members] == ["SENT_CREATED", True, at, at, None]
        assert [submitted[name] for name in members] == [filed[name] for name in members]

    async def test_submitting_clears_an_earlier_failure(self, hand: Hand) -> None:
        """What once kept a campaign from the registry is past when it gets there."""
        await hand.put("campaigns", CAMPAIGN, tcrSyncError="the registry did not answer")

        submitted = await hand.fire("campaigns", CAMPAIGN, "submit")

        assert submitted["tcrSyncError"] is None

    async def test_approval_gives_the_registry_ids(self, hand: Hand) -> None:
        """An approved campaign has the registry's id and its brand's service provider."""
        approved = await hand.fire("campaigns", SUBMITTED, "approve")

        assert (approved["status"], approved["updatedAt"]) == ("ACTIVE", NOW)
        assert re.fullmatch(r"C[A-Z0-9]{6}", approved["tcrCampaignId"])
        assert approved["cspId"] == "SACME06"

    @pytest.mark.parametrize(("known", "expected"), [("SACME00", "SACME00"), (None, None)])
    async def test_inherited_brand_has_the_provider(
        self, known: str | None, expected: str | None, hand: Hand
    ) -> None:
        """The provider is that of the organization's brand where the profile uses it."""
        await hand.put("brands", ORGANIZATION_BRAND, csp_id=known)
        await hand.fire("campaigns", NORTH_CAMPAIGN, "submit")

        approved = await hand.fire("campaigns", NORTH_CAMPAIGN, "approve")

        assert approved["cspId"] == expected

    async def test_campaign_without_a_brand_is_approved(self, hand: Hand) -> None:
        """A brand that is gone leaves the provider open."""
        await hand.put("campaigns", SUBMITTED, brandId=None)

        assert (await hand.fire("campaigns", SUBMITTED, "approve"))["cspId"] is None

    async def test_expiry_ends_a_campaign(self, hand: Hand) -> None:
        """An expired campaign keeps its ids, and nothing can happen to it any more."""
        approved = await hand.fire("campaigns", SUBMITTED, "approve")
        await hand.pass_time(60)

        expired = await hand.fire("campaigns", SUBMITTED, "expire")

        at = format_timestamp(hand.session.clock.now())
        assert expired == {**approved, "status": "EXPIRED", "updatedAt": at}
        assert hand.allowed("campaigns", SUBMITTED) == []

    async def test_nobody_is_told(self, hand: Hand) -> None:
        """Sent has no webhook for campaigns."""
        for event in ("submit", "approve", "expire"):
            await hand.fire("campaigns", CAMPAIGN, event)

        assert hand.told() == []

    async def test_completion_leaves_a_moved_campaign_alone(self, hand: Hand) -> None:
        """What was filed by hand is not filed again by the completion that is under way."""
        await accept(hand)
        await hand.fire("campaigns", CARE_CAMPAIGN, "submit")
        approved = await hand.fire("campaigns", CARE_CAMPAIGN, "approve")

        await hand.pass_time(2)

        assert hand.stored("campaigns", CARE_CAMPAIGN)[1] == approved


class TestCompletions:
    """A completion that somebody ends before its time."""

    @pytest.mark.parametrize(
        ("event", "state", "public", "told"),
        [
            ("complete", "COMPLETED", "approved", "COMPLETED"),
            ("submit", "SUBMITTED", "pending_review", "SUBMITTED"),
            ("fail", None, "incomplete", "failed"),
        ],
    )
    async def test_outcome_by_hand(
        self, event: str, state: str | None, public: str, told: str, hand: Hand
    ) -> None:
        """Each event sets both states, and the user gets the callback of that outcome."""
        await accept(hand)

        settled = await hand.fire("profiles", CARE, event)

        (callback,) = hand.session.webhooks.deliveries
        body = json.loads(callback.body)
        assert (settled["completion"], settled["status"]) == (state, public)
        assert (callback.url, body["profileId"], body["timestamp"]) == (HOOK, CARE, NOW)
        assert (body["status"], body["success"]) == (told, event != "fail")

    @pytest.mark.parametrize("event", ["complete", "submit", "fail"])
    async def test_time_finds_nothing_to_do(self, event: str, hand: Hand) -> None:
        """The completion's own end comes, changes nothing and tells nobody."""
        await accept(hand)
        settled = await hand.fire("profiles", CARE, event)

        await hand.pass_time(3600)

        assert (profile(hand), len(hand.told())) == (settled, 1)
        assert "under_way" not in settled

    async def test_failure_by_hand_has_a_reason(self, hand: Hand) -> None:
        """The callback of a failure by hand carries the documented reason."""
        await accept(hand)

        await hand.fire("profiles", CARE, "fail")

        ((_, body),) = hand.told()
        assert body["error"] == "The provider did not accept the profile"

    async def test_failure_gives_the_public_status_back(self, hand: Hand) -> None:
        """A profile that was approved before its completion is approved after its failure."""
        await hand.put("profiles", CARE, status="approved")
        await accept(hand)

        assert (await hand.fire("profiles", CARE, "fail"))["status"] == "approved"

    @pytest.mark.parametrize(("event", "filed"), [("submit", True), ("complete", False)])
    async def test_submission_files_campaigns(self, event: str, filed: bool, hand: Hand) -> None:
        """Ended by hand as submitted, a completion files its campaigns as it would by itself."""
        await accept(hand)

        await hand.fire("profiles", CARE, event)

        campaign = hand.stored("campaigns", CARE_CAMPAIGN)[1]
        assert campaign["submittedToTCR"] is filed

    async def test_first_end_does_not_end_the_second_completion(self, hand: Hand) -> None:
        """A completion started after one by hand runs for its own time and tells its own URL."""
        await accept(hand)
        await hand.pass_time(1)
        await hand.fire("profiles", CARE, "submit")
        await accept(hand, url=OTHER_HOOK)
        await hand.pass_time(1)
        meanwhile = profile(hand)["completion"]

        await hand.pass_time(1)

        urls = [delivery.url for delivery in hand.session.webhooks.deliveries]
        assert (meanwhile, profile(hand)["completion"]) == ("processing", "SUBMITTED")
        assert urls == [HOOK, OTHER_HOOK]

    @pytest.mark.parametrize("state", [None, "SUBMITTED", "COMPLETED"])
    @pytest.mark.parametrize("event", ["complete", "submit", "fail"])
    async def test_nothing_to_settle(self, event: str, state: str | None, hand: Hand) -> None:
        """Without a completion under way nothing can be ended; starting one is the API's."""
        await hand.put("profiles", CARE, completion=state)

        with pytest.raises(IllegalTransition):
            await hand.fire("profiles", CARE, event)

        assert hand.allowed("profiles", CARE) == [] and hand.told() == []

    async def test_deleted_profile_can_only_fail(self, hand: Hand) -> None:
        """The completion of a profile deleted meanwhile ends as it would by itself."""
        await accept(hand)
        await hand.ask("DELETE", f"/v3/profiles/{CARE}")

        with pytest.raises(IllegalTransition, match="deleted"):
            await hand.fire("profiles", CARE, "complete")

        await hand.fire("profiles", CARE, "fail")
        await hand.pass_time(60)
        assert [body["status"] for _, body in hand.told()] == ["failed"]

    async def test_completion_that_nobody_started_tells_nobody(self, hand: Hand) -> None:
        """A profile that was set to be processing is completed without a callback."""
        await hand.put("profiles", CARE, completion="processing", status="pending_review")

        completed = await hand.fire("profiles", CARE, "complete")

        assert (completed["status"], hand.told()) == ("approved", [])


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
        made = await hand.ask("POST", "/v3/profiles", example(hand, "createProfile"))
        path = f"/v3/profiles/{made['id']}"
        created = await hand.ask("POST", f"{path}/campaigns", example(hand, "createCampaign"))
        changed = f"{path}/campaigns/{created['id']}"
        await hand.ask("PUT", changed, example(hand, "updateCampaign"))
        for id in (CARE, made["id"]):
            await accept(hand, id)
            assert hand.all_faults() == []
        await hand.pass_time(2)
        await hand.fire("campaigns", created["id"], "approve")
        await hand.ask("DELETE", path)

        assert hand.all_faults() == []

    async def test_profile_shows_no_internals(self, hand: Hand) -> None:
        """What only the mock knows of a profile is not among what is shown."""
        await accept(hand)

        shown = hand.service.vendor.views["profiles"].show(profile(hand))

        assert shown.keys().isdisjoint({"completion", "under_way", "deleted_at"})
        assert (shown["id"], shown["brand"]) == (CARE, None)

    @pytest.mark.parametrize(
        ("collection", "id", "broken"),
        [
            ("profiles", CARE, {"completion": "somewhere"}),
            ("profiles", CARE, {"completion": []}),
            ("profiles", CARE, {"completion": ...}),
            ("profiles", CARE, {"deleted_at": ...}),
            ("brands", SALES_BRAND, {"tcr_brand_id": ...}),
        ],
    )
    async def test_what_the_rules_could_not_read_is_not_shown(
        self, collection: str, id: str, broken: dict[str, Any], hand: Hand
    ) -> None:
        """A resource that lacks what the rules need raises instead of being taken."""
        _, resource = hand.stored(collection, id)
        changed = {name: each for name, each in {**resource, **broken}.items() if each is not ...}

        with pytest.raises((KeyError, Internal)):
            hand.faults(collection, changed)

    @pytest.mark.parametrize(
        ("collection", "id"),
        [("campaigns", CAMPAIGN), ("profiles", CARE), ("brands", SALES_BRAND)],
    )
    async def test_unknown_member_is_a_fault(self, collection: str, id: str, hand: Hand) -> None:
        """A member that the document does not know is told by its schema."""
        _, resource = hand.stored(collection, id)

        (fault,) = hand.faults(collection, {**resource, "colour": "red"})

        assert "colour" in fault.message


def example(hand: Hand, operation: str) -> Any:
    """A documented request body."""
    body = hand.service.document.operations[operation].body
    assert body is not None
    return body.examples["documented"]


MAKERS = [
    ("campaigns", "acme-admin", 200),
    ("campaigns", "acme-developer", 20),
    ("campaigns", "acme-profile", 20),
    ("campaigns", "globex-admin", 20),
    ("profiles", "acme-admin", 200),
    ("profiles", "globex-admin", 20),
]


def enum(hand: Hand, component: str) -> set[Any]:
    """The values that the document lists, without null."""
    return {each for each in hand.service.document.schemas[component]["enum"] if each is not None}


class TestSamples:
    """Realistic requests, of which a whole history can be made."""

    @pytest.mark.parametrize(("collection", "account", "count"), MAKERS)
    async def test_each_is_accepted(
        self, collection: str, account: str, count: int, hand: Hand
    ) -> None:
        """Every request succeeds, for every account that may send it, and keeps to the document."""
        before = len(list(hand.everything(collection)))

        await hand.make_many(collection, count, account)

        assert len(list(hand.everything(collection))) == before + count
        assert hand.all_faults() == []

    @pytest.mark.parametrize(
        ("collection", "account"),
        [
            ("campaigns", "acme-reader"),
            ("profiles", "acme-reader"),
            ("profiles", "acme-developer"),
            ("profiles", "acme-profile"),
        ],
    )
    async def test_who_may_not_is_refused(self, collection: str, account: str, hand: Hand) -> None:
        """The role decides, as it does in life."""
        with pytest.raises(Forbidden):
            await hand.make(collection, account)

    @pytest.mark.parametrize("collection", ["campaigns", "profiles"])
    async def test_same_seed_gives_the_same_bytes(self, collection: str, world: App) -> None:
        """Two sessions make the same requests and store the same resources."""
        runs = []
        for _ in range(2):
            async for hand in hand_of(world, "sent"):
                bodies = await hand.make_many(collection, 30)
                runs.append((json.dumps(bodies), list(hand.everything(collection))))

        assert runs[0] == runs[1]

    async def test_all_use_cases_occur(self, hand: Hand) -> None:
        """Two hundred campaigns reach every use case of the registry and both types."""
        bodies = [body["campaign"] for body in await hand.make_many("campaigns", 200)]

        cases = {case["messagingUseCaseUs"] for body in bodies for case in body["useCases"]}
        assert cases == enum(hand, "MessagingUseCaseUS")
        assert {body["type"] for body in bodies} == {"App", "KYC"}

    async def test_all_kinds_of_profiles_occur(self, hand: Hand) -> None:
        """Five hundred profiles reach every inheritance, payer, trade, size and legal form."""
        bodies = await hand.make_many("profiles", 500)

        brands = [body["brand"] for body in bodies if "brand" in body]
        inherits = {(each["inherit_tcr_brand"], each["inherit_tcr_campaign"]) for each in bodies}
        assert len(inherits) == 4
        assert {each.get("billing_model") for each in bodies} - {None} == enum(hand, "BillingModel")
        trades = {brand["compliance"]["vertical"] for brand in brands}
        sizes = {brand["compliance"]["brandRelationship"] for brand in brands}
        forms = {brand["business"]["entityType"] for brand in brands if "business" in brand}
        assert trades == enum(hand, "BrandVertical")
        assert sizes == enum(hand, "BrandRelationship")
        assert forms == enum(hand, "BrandEntityType")

    async def test_offers_come_with_two_messages(self, hand: Hand) -> None:
        """Sent's policy for offers is kept, although its API does not ask for it."""
        bodies = [body["campaign"] for body in await hand.make_many("campaigns", 200)]

        counts = [
            len(case["sampleMessages"])
            for body in bodies
            for case in body["useCases"]
            if case["messagingUseCaseUs"] in ("MARKETING", "MIXED", "LOW_VOLUME")
        ]
        assert min(counts) >= 2

    async def test_campaigns_speak_for_their_business(self, hand: Hand) -> None:
        """What a campaign says names the business whose brand it runs under."""
        bodies = await hand.make_many("campaigns", 20, "globex-admin")

        assert all("Globex" in body["campaign"]["description"] for body in bodies)

    async def test_all_profiles_that_may_are_used(self, hand: Hand) -> None:
        """The campaigns spread over the organization's profiles, never over inheriting ones."""
        await hand.make_many("campaigns", 100)

        owners = {scope for scope, each in hand.everything("campaigns") if each["createdAt"] == NOW}
        assert {SALES, CARE, DELIVERY, NORTH} < owners
        assert not any(profile(hand, owner)["inherit_tcr_campaign"] for owner in owners)

    async def test_missing_profile_is_made(self, hand: Hand) -> None:
        """An organization without a profile that may have campaigns gets one, and only one."""
        for _, each in list(hand.everything("profiles")):
            await hand.put("profiles", each["id"], deleted_at=NOW)

        await hand.make_many("campaigns", 20)

        living = [each for _, each in hand.everything("profiles") if each["deleted_at"] is None]
        assert len(living) == 1 and hand.all_faults() == []

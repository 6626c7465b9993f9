"""What AgentMessage does by itself: files, decides, renews, propagates, and tells endpoints."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from understudy.core.clock import SECOND, parse_instant
from understudy.core.strict_json import write_json
from understudy.service import Attempt, Delivery, Lifecycle, Resource
from understudy.vendors.agentmessage import review, rules, serializers
from understudy.vendors.agentmessage.store import Call, EventAction, UnitOfWork

FILING_SECONDS = 2.0
DECISION_SECONDS = 5.0
PROPAGATION_SECONDS = 3.0
# The second attempt comes after this many seconds, each later one after four times as many.
FIRST_PAUSE = 30.0
GROWTH = 4
TIMEOUT = 10.0
CATALOG = "payg"
SIGNATURE = "X-AmCore-Signature"
# Why a campaign is rejected by hand when nothing blocks in its review.
UNCONVINCED = "The message flow does not show how subscribers opt in."


def campaign_created(work: UnitOfWork, campaign: Resource) -> None:
    """A campaign is filed with the registry a little later."""
    _later(work, FILING_SECONDS, "file_campaign", campaign)


def brand_created(work: UnitOfWork, brand: Resource) -> None:
    """A brand is filed with the registry a little later."""
    _later(work, FILING_SECONDS, "file_brand", brand)


def _later(work: UnitOfWork, seconds: float, action: str, resource: Resource) -> None:
    work.later(seconds, action, organization=resource["org_id"], id=resource["id"])


async def file_campaign(work: UnitOfWork, organization: str, id: str) -> None:
    """A campaign's time at the registry has come."""
    campaign = await _campaign(work, organization, id, "file")
    if campaign is not None and not rules.is_filed(campaign):
        await campaign_filed(work, campaign, organization)


async def campaign_filed(work: UnitOfWork, campaign: Resource, scope: str) -> None:
    """The registry takes a campaign; the carriers decide later."""
    rules.file_once(rules.CAMPAIGN, campaign)
    filed = _filed(work, rules.CAMPAIGN, campaign)
    await work.store.campaigns.put(filed, scope)
    _later(work, DECISION_SECONDS, "decide_campaign", filed)


def _filed(work: UnitOfWork, lifecycle: Lifecycle, resource: Resource) -> Resource:
    """A campaign or a brand as the registry has it: nothing is decided that was not filed."""
    if rules.is_filed(resource):
        return resource
    return lifecycle.fire(resource, "file", **serializers.filing(work, lifecycle.kind))


async def decide_campaign(work: UnitOfWork, organization: str, id: str) -> None:
    """The carriers approve a campaign, or reject it for what blocks in its review."""
    campaign = await _campaign(work, organization, id, "approve")
    if campaign is not None:
        decide = campaign_rejected if review.blockers(campaign) else campaign_approved
        await decide(work, campaign, organization)


async def campaign_approved(work: UnitOfWork, campaign: Resource, scope: str) -> None:
    """The carriers take a campaign; it is billed from today on."""
    filed = _filed(work, rules.CAMPAIGN, campaign)
    cents = rules.monthly_cents(await work.store.catalogs.get(CATALOG), filed["usecase"])
    changes = serializers.approval(work, filed, cents)
    approved = rules.CAMPAIGN.fire(filed, "approve", **changes)
    _schedule_renewal(work, approved, scope)
    await work.store.campaigns.put(approved, scope)
    await tell(work, scope, "campaign.approved", approved)


async def campaign_rejected(work: UnitOfWork, campaign: Resource, scope: str) -> None:
    """The carriers refuse a campaign for what blocks in its review, or for what they see in it."""
    filed = _filed(work, rules.CAMPAIGN, campaign)
    changes = serializers.rejection(work, review.blockers(filed) or [UNCONVINCED])
    rejected = rules.CAMPAIGN.fire(filed, "reject", **changes)
    await work.store.campaigns.put(rejected, scope)
    await tell(work, scope, "campaign.rejected", rejected)


def _schedule_renewal(work: UnitOfWork, campaign: Resource, organization: str) -> None:
    """A calendar day is no delay: the pace does not bring it nearer."""
    at = parse_instant(f"{campaign['next_renewal_or_expiration_date']}T00:00:00Z")
    work.at(at, "renew_campaign", organization=organization, id=campaign["id"])


async def renew_campaign(work: UnitOfWork, organization: str, id: str) -> None:
    """On its day a campaign is billed for another month, or expires."""
    campaign = await _campaign(work, organization, id, "renew")
    if campaign is None:
        return
    day = rules.next_renewal(campaign)
    # A renewal by hand has put the day off.
    if day is not None and day <= serializers.today(work):
        end = campaign_renewed if rules.renews(campaign) else campaign_expired
        await end(work, campaign, organization)


async def campaign_renewed(work: UnitOfWork, campaign: Resource, scope: str) -> None:
    """A campaign is billed for its next month."""
    renewed = rules.CAMPAIGN.fire(campaign, "renew", **serializers.renewal(work, campaign))
    await work.store.campaigns.put(renewed, scope)
    _schedule_renewal(work, renewed, scope)


async def campaign_expired(work: UnitOfWork, campaign: Resource, scope: str) -> None:
    """End a campaign, without a webhook."""
    expired = rules.CAMPAIGN.fire(campaign, "expire", **serializers.expiry(work))
    await work.store.campaigns.put(expired, scope)


async def _campaign(work: UnitOfWork, organization: str, id: str, event: str) -> Resource | None:
    """Find the campaign, when its state still allows the event."""
    campaign = await work.store.campaigns.find(id, organization)
    return campaign if campaign and event in rules.CAMPAIGN.allowed(campaign) else None


async def file_brand(work: UnitOfWork, organization: str, id: str) -> None:
    """A brand's time at the registry has come."""
    brand = await _brand(work, organization, id, "file")
    if brand is not None and not rules.is_filed(brand):
        await brand_filed(work, brand, organization)


async def brand_filed(work: UnitOfWork, brand: Resource, scope: str) -> None:
    """The registry takes a brand and looks into its identity."""
    rules.file_once(rules.BRAND, brand)
    filed = _filed(work, rules.BRAND, brand)
    await work.store.brands.put(filed, scope)
    _later(work, DECISION_SECONDS, "vet_brand", filed)


async def vet_brand(work: UnitOfWork, organization: str, id: str) -> None:
    """A brand's identity has been looked into."""
    brand = await _brand(work, organization, id, "vet")
    if brand is not None:
        await brand_vetted(work, brand, organization)


async def brand_vetted(work: UnitOfWork, brand: Resource, scope: str) -> None:
    """The registry says who a brand is."""
    filed, identity = _filed(work, rules.BRAND, brand), rules.identity(brand)
    vetted = rules.BRAND.fire(filed, "vet", **serializers.vetting(work, identity))
    await work.store.brands.put(vetted, scope)
    event = "brand.vetted" if identity in rules.VERIFIED else "brand.vetting_failed"
    await tell(work, scope, event, vetted)


async def _brand(work: UnitOfWork, organization: str, id: str, event: str) -> Resource | None:
    """Find the brand, when its state still allows the event."""
    brand = await work.store.brands.find(id, organization)
    return brand if brand and event in rules.BRAND.allowed(brand) else None


def campaign_attached(call: Call, number: Resource) -> None:
    """The carriers learn of a number's campaign a little later."""
    call.later(
        PROPAGATION_SECONDS,
        "propagate_number",
        organization=call.customer,
        id=number["id"],
        campaign=number["campaign_id"],
    )


async def propagate_number(work: UnitOfWork, organization: str, id: str, campaign: str) -> None:
    """A number's campaign reaches the carriers, unless it was taken off meanwhile."""
    number = await work.store.phone_numbers.find(id, organization)
    if number and number.get("campaign_id") == campaign and rules.is_propagating(number):
        await number_propagated(work, number, organization)


async def number_propagated(work: UnitOfWork, number: Resource, scope: str) -> None:
    """The carriers know of a number's campaign."""
    reached = serializers.propagated(work, rules.propagate(number))
    await work.store.phone_numbers.put(reached, scope)
    await tell(work, scope, "phone_number.campaign.assigned", serializers.public_fields(reached))


async def tell(work: UnitOfWork, organization: str, type: str, data: Resource) -> None:
    """Send an event to every endpoint of the organization that wants it."""
    event = serializers.event(work, organization, type, data)
    for endpoint in await work.store.endpoints.list(organization):
        if rules.receives(endpoint, type):
            send(work, endpoint, event)


def send(
    work: UnitOfWork, endpoint: Resource, event: Resource, attempt: int = 1, again: str = ""
) -> Delivery:
    """Make one attempt at an event, signed now.

    Args:
        again: id of the delivery of which this is a further attempt.
    """
    body = write_json(event)
    return work.deliver(
        event["type"],
        endpoint["url"],
        body,
        {SIGNATURE: signature(endpoint["secret"], work.now // SECOND, body)},
        TIMEOUT,
        report="attempted",
        about={
            "organization": endpoint["org_id"],
            "endpoint": endpoint["id"],
            "attempt": attempt,
        },
        subscription=endpoint["id"],
        again=again,
    )


async def resign(work: UnitOfWork, delivery: Delivery) -> Mapping[str, str]:
    """The headers of a delivery that is sent again now, signed by its endpoint if there is one."""
    about = delivery.about
    endpoint = await work.store.endpoints.find(about["endpoint"], about["organization"])
    if endpoint is None:
        return delivery.headers
    signed = signature(endpoint["secret"], work.now // SECOND, delivery.body)
    return {**delivery.headers, SIGNATURE: signed}


def signature(secret: str, seconds: int, body: bytes) -> str:
    """The signature of a body: HMAC-SHA-256 over the time, a newline and the body.

    Args:
        secret: the endpoint's; the key is what it stands for in base64.
    """
    key = base64.b64decode(secret)
    digest = hmac.new(key, b"%d\n%s" % (seconds, body), hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def expected_signature(secret: str, body: bytes, sent: str) -> str:
    """What a signature must be, given the time that it names."""
    parts = dict(part.partition("=")[::2] for part in sent.split(","))
    seconds = parts.get("t", "")
    return signature(secret, int(seconds) if seconds.isdecimal() else 0, body)


async def attempted(work: UnitOfWork, delivery: Delivery, attempt: Attempt) -> None:
    """Note an attempt, and come back later when it may still succeed."""
    number = delivery.about["attempt"]
    blocked = delivery.state == "blocked"
    outcome = rules.outcome(attempt.succeeded, blocked, number)
    record = serializers.attempt(work, delivery, attempt, outcome)
    organization = delivery.about["organization"]
    await work.store.deliveries.put(record, organization)
    if outcome == "retry":
        work.later(
            FIRST_PAUSE * GROWTH ** (number - 1),
            "redeliver",
            organization=organization,
            endpoint=delivery.about["endpoint"],
            event=record["event"],
            attempt=number + 1,
            delivery=delivery.id,
        )


async def redeliver(
    work: UnitOfWork, organization: str, endpoint: str, event: Resource, attempt: int, delivery: str
) -> None:
    """Make a further attempt, unless the endpoint was switched off or deleted.

    Args:
        delivery: id of the delivery whose earlier attempts have failed.
    """
    receiver = await rules.living_endpoint(work, endpoint, organization)
    if receiver is not None and receiver["active"]:
        send(work, receiver, event, attempt, again=delivery)


async def test(call: Call, endpoint: Resource) -> Resource:
    """Send a test event at once, whatever the endpoint wants; the attempt, which is the last."""
    data = {"endpoint_id": endpoint["id"]}
    event = serializers.event(call, call.customer, "webhook.test", data)
    delivery = send(call, endpoint, event)
    attempt = await call.deliver_now(delivery)
    outcome = "success" if attempt.succeeded else "dead"
    record = serializers.attempt(call, delivery, attempt, outcome)
    await call.store.deliveries.put(record, call.customer)
    return record


def replay(call: Call, delivery: Resource, endpoint: Resource) -> Resource:
    """Send an event again under a new id; the event."""
    event = {**delivery["event"], "id": f"evt_{call.fakes.uuid()}"}
    send(call, endpoint, event)
    return event


# Events that a person at the registry or at a carrier causes.
CAMPAIGNS: dict[str, EventAction] = {
    "file": campaign_filed,
    "approve": campaign_approved,
    "reject": campaign_rejected,
    "renew": campaign_renewed,
    "expire": campaign_expired,
}
BRANDS: dict[str, EventAction] = {"file": brand_filed, "vet": brand_vetted}
NUMBERS: dict[str, EventAction] = {"propagate": number_propagated}

"""What AgentMessage does by itself: files, decides, renews, propagates, and tells endpoints."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import date

from understudy.clock import SECOND, instant
from understudy.json_text import write_json
from understudy.vendor import Call, Resource, UnitOfWork
from understudy.vendors.agentmessage import review, rules, serializers
from understudy.webhooks import Attempt, Delivery

FILING_SECONDS = 2.0
DECISION_SECONDS = 5.0
PROPAGATION_SECONDS = 3.0
# The second attempt comes after this many seconds, each later one after four times as many.
FIRST_PAUSE = 30.0
GROWTH = 4
TIMEOUT = 10.0
CATALOG = "payg"


def campaign_created(work: UnitOfWork, campaign: Resource) -> None:
    """A campaign is filed with the registry a little later."""
    _later(work, FILING_SECONDS, "file_campaign", campaign)


def brand_created(work: UnitOfWork, brand: Resource) -> None:
    """A brand is filed with the registry a little later."""
    _later(work, FILING_SECONDS, "file_brand", brand)


def _later(work: UnitOfWork, seconds: float, action: str, resource: Resource) -> None:
    work.later(seconds, action, organization=resource["org_id"], id=resource["id"])


async def file_campaign(work: UnitOfWork, organization: str, id: str) -> None:
    """The registry takes a campaign; the carriers decide later."""
    campaign = await _campaign(work, organization, id, "file")
    if campaign is not None:
        filed = rules.CAMPAIGN.fire(campaign, "file", **serializers.filing(work, "campaign"))
        await work.campaigns.put(filed, organization)
        _later(work, DECISION_SECONDS, "decide_campaign", filed)


async def decide_campaign(work: UnitOfWork, organization: str, id: str) -> None:
    """The carriers approve a campaign, or reject it for what blocks in its review."""
    campaign = await _campaign(work, organization, id, "approve")
    if campaign is None:
        return
    reasons = review.blockers(campaign)
    if reasons:
        changes = serializers.rejection(work, reasons)
        await _decide(work, rules.CAMPAIGN.fire(campaign, "reject", **changes), "rejected")
        return
    cents = rules.monthly_cents(await work.catalogs.get(CATALOG), campaign["usecase"])
    changes = serializers.approval(work, campaign, cents)
    approved = rules.CAMPAIGN.fire(campaign, "approve", **changes)
    _schedule_renewal(work, approved, anchor=int(approved["billed_date"][8:10]))
    await _decide(work, approved, "approved")


async def _decide(work: UnitOfWork, campaign: Resource, verdict: str) -> None:
    await work.campaigns.put(campaign, campaign["org_id"])
    await tell(work, campaign["org_id"], f"campaign.{verdict}", campaign)


def _schedule_renewal(work: UnitOfWork, campaign: Resource, anchor: int) -> None:
    """A calendar day is no delay: the pace does not bring it nearer."""
    at = instant(f"{campaign['next_renewal_or_expiration_date']}T00:00:00Z")
    organization, id = campaign["org_id"], campaign["id"]
    work.at(at, "renew_campaign", organization=organization, id=id, anchor=anchor)


async def renew_campaign(work: UnitOfWork, organization: str, id: str, anchor: int) -> None:
    """On its day a campaign is billed for another month, or expires.

    Args:
        anchor: the day of the month on which it was first billed.
    """
    campaign = await _campaign(work, organization, id, "renew")
    if campaign is None:
        return
    if not rules.renews(campaign):
        expired = rules.CAMPAIGN.fire(campaign, "expire", **serializers.expiry(work))
        await work.campaigns.put(expired, organization)
        return
    day = date.fromisoformat(campaign["next_renewal_or_expiration_date"])
    renewed = rules.CAMPAIGN.fire(campaign, "renew", **serializers.bill(work, day, anchor))
    await work.campaigns.put(renewed, organization)
    _schedule_renewal(work, renewed, anchor)


async def _campaign(work: UnitOfWork, organization: str, id: str, event: str) -> Resource | None:
    """The campaign, when it still stands where the event finds it."""
    campaign = await work.campaigns.find(id, organization)
    return campaign if campaign and event in rules.CAMPAIGN.allowed(campaign) else None


async def file_brand(work: UnitOfWork, organization: str, id: str) -> None:
    """The registry takes a brand and looks into its identity."""
    brand = await _brand(work, organization, id, "file")
    if brand is not None:
        filed = rules.BRAND.fire(brand, "file", **serializers.filing(work, "brand"))
        await work.brands.put(filed, organization)
        _later(work, DECISION_SECONDS, "vet_brand", filed)


async def vet_brand(work: UnitOfWork, organization: str, id: str) -> None:
    """The registry says who a brand is."""
    brand = await _brand(work, organization, id, "vet")
    if brand is not None:
        identity = rules.identity(brand)
        vetted = rules.BRAND.fire(brand, "vet", **serializers.vetting(work, identity))
        await work.brands.put(vetted, organization)
        event = "brand.vetted" if identity in rules.VERIFIED else "brand.vetting_failed"
        await tell(work, organization, event, vetted)


async def _brand(work: UnitOfWork, organization: str, id: str, event: str) -> Resource | None:
    """The brand, when it still stands where the event finds it."""
    brand = await work.brands.find(id, organization)
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
    number = await work.phone_numbers.find(id, organization)
    if number and number.get("campaign_id") == campaign and "carrier_line_option_status" in number:
        reached = serializers.propagated(work, number)
        await work.phone_numbers.put(reached, organization)
        shown = serializers.shown(reached)
        await tell(work, organization, "phone_number.campaign.assigned", shown)


async def tell(work: UnitOfWork, organization: str, type: str, data: Resource) -> None:
    """Send an event to every endpoint of the organization that wants it."""
    event = serializers.event(work, organization, type, data)
    for endpoint in await work.endpoints.list(organization):
        if rules.receives(endpoint, type):
            send(work, endpoint, event)


def send(work: UnitOfWork, endpoint: Resource, event: Resource, attempt: int = 1) -> Delivery:
    """Make one attempt at an event, signed now."""
    body = write_json(event)
    about = {
        "organization": endpoint["org_id"],
        "endpoint": endpoint["id"],
        "attempt": attempt,
    }
    headers = {"X-AmCore-Signature": signature(endpoint["secret"], work.now // SECOND, body)}
    url, type = endpoint["url"], event["type"]
    return work.deliver(type, url, body, headers, TIMEOUT, report="attempted", about=about)


def signature(secret: str, seconds: int, body: bytes) -> str:
    """The signature of a body: HMAC-SHA-256 over the time, a newline and the body.

    Args:
        secret: the endpoint's; the key is what it stands for in base64.
    """
    key = base64.b64decode(secret)
    digest = hmac.new(key, b"%d\n%s" % (seconds, body), hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


async def attempted(work: UnitOfWork, delivery: Delivery, attempt: Attempt) -> None:
    """Note an attempt, and come back later when it may still succeed."""
    number = delivery.about["attempt"]
    blocked = delivery.state == "blocked"
    outcome = rules.outcome(attempt.succeeded, blocked, number)
    record = serializers.attempt(work, delivery, attempt, outcome)
    organization = delivery.about["organization"]
    await work.deliveries.put(record, organization)
    if outcome == "retry":
        work.later(
            FIRST_PAUSE * GROWTH ** (number - 1),
            "redeliver",
            organization=organization,
            endpoint=delivery.about["endpoint"],
            event=record["event"],
            attempt=number + 1,
        )


async def redeliver(
    work: UnitOfWork, organization: str, endpoint: str, event: Resource, attempt: int
) -> None:
    """Make a further attempt, unless the endpoint was switched off or deleted."""
    receiver = await rules.living_endpoint(work, endpoint, organization)
    if receiver is not None and receiver["active"]:
        send(work, receiver, event, attempt)


async def test(call: Call, endpoint: Resource) -> Resource:
    """Send a test event at once, whatever the endpoint wants; the attempt, which is the last."""
    data = {"endpoint_id": endpoint["id"]}
    event = serializers.event(call, call.customer, "webhook.test", data)
    delivery = send(call, endpoint, event)
    attempt = await call.deliver_now(delivery)
    outcome = "success" if attempt.succeeded else "dead"
    record = serializers.attempt(call, delivery, attempt, outcome)
    await call.deliveries.put(record, call.customer)
    return record


def replay(call: Call, delivery: Resource, endpoint: Resource) -> Resource:
    """Send an event again under a new id; the event."""
    event = {**delivery["event"], "id": f"evt_{call.fakes.uuid()}"}
    send(call, endpoint, event)
    return event

"""AgentMessage's rules: who may, what a request must say, which state allows what."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from understudy.core.clock import parse_instant
from understudy.core.errors import (
    Diagnosis,
    Forbidden,
    IllegalTransition,
    InvalidBody,
    InvalidParameters,
    NotFound,
    Refused,
)
from understudy.openapi.document import Operation
from understudy.service import Lifecycle, Limit, Resource, checks
from understudy.session.pagination import read_cursor, write_cursor
from understudy.session.store import Collection, Resources
from understudy.vendors.agentmessage import review
from understudy.vendors.agentmessage.store import Call, UnitOfWork

# A campaign moves when the registry and the carriers say so; no call of the API moves one.
CAMPAIGN = Lifecycle(
    "campaign",
    "status",
    {
        "PENDING": {"file": "PENDING", "approve": "ACTIVE", "reject": "REJECTED"},
        "ACTIVE": {"attach": "ACTIVE", "renew": "ACTIVE", "expire": "EXPIRED"},
        "REJECTED": {},
        "EXPIRED": {},
    },
)
BRAND = Lifecycle(
    "brand",
    "status",
    {"PENDING": {"file": "PENDING", "vet": "ACTIVE"}, "ACTIVE": {}, "DELETED": {}},
)
# Whether a number is assigned to its organization; a released one stays on its books.
NUMBER = Lifecycle(
    "number",
    "assigned",
    {True: {"attach": True, "detach": True, "propagate": True}, False: {}},
)
VERIFIED = frozenset({"VERIFIED", "VETTED_VERIFIED"})
BRAND_CENTS = 500
ENDPOINTS = 50
ATTEMPTS = 5
REPLAYS = Limit("replay", count=10, seconds=60, burst=10)
POSITION = frozenset({"created_at", "id"})
SCOPES = {
    "createCampaign": "campaigns:write",
    "reviewCampaignDraft": "campaigns:write",
    "listCampaigns": "campaigns:read",
    "getCampaign": "campaigns:read",
    "createBrand": "brands:write",
    "listBrands": "brands:read",
    "getBrand": "brands:read",
    "listPhoneNumbers": "numbers:read",
    "getPhoneNumber": "numbers:read",
    "attachCampaignToPhoneNumber": "numbers:write",
    "detachCampaignFromPhoneNumber": "numbers:write",
    "getWallet": "billing:read",
    "getCatalogFees": "billing:read",
    "createWebhookEndpoint": "webhooks:write",
    "patchWebhookEndpoint": "webhooks:write",
    "rotateWebhookEndpointSecret": "webhooks:write",
    "testWebhookEndpoint": "webhooks:write",
    "replayWebhookDelivery": "webhooks:write",
    "listWebhookEndpoints": "webhooks:read",
    "listWebhookDeliveries": "webhooks:read",
    "getWebhookDelivery": "webhooks:read",
}


def is_key(credential: str) -> bool:
    """Whether a credential has the form of AgentMessage's keys."""
    return credential.startswith("am_live_")


def limit(operation: Operation) -> Limit | None:
    """Only replays are limited among the operations here."""
    return REPLAYS if operation.id == "replayWebhookDelivery" else None


async def scope_suffices(call: Call) -> None:
    """The key holds exactly the scope that the operation needs; write does not include read."""
    assert call.account is not None
    call.customer = str(call.account["organization"])
    needed = SCOPES[call.operation.id]
    if needed not in call.account["scopes"]:
        message = f'the key "{call.account.name}" may not {call.operation.id}'
        raise Forbidden(message, hint=f"needs the scope {needed}")


async def body(call: Call) -> None:
    """Check the body against the document and the rules of its operation; find every fault."""
    if call.operation.body is None:
        return
    faults: list[Diagnosis] = []
    try:
        await checks.body(call)
    except InvalidBody as error:
        faults += error.diagnoses
    if call.operation.id == "createCampaign" and isinstance(call.body, dict):
        faults += campaign_faults(call.body)
    if faults:
        raise InvalidBody("the body breaks the document or a rule", faults)


def campaign_faults(sent: Resource) -> list[Diagnosis]:
    """What a campaign's request lacks beyond its schema: a sample, its flags' keywords."""
    faults = []
    if not review.samples(sent):
        hint = "send a message as it will be sent"
        message = "at least one sample is required"
        faults.append(_fault("sample-required", "sample1", message, hint))
    for flag, member, keyword in (
        ("subscriber_optout", "optout_keywords", "STOP"),
        ("subscriber_help", "help_keywords", "HELP"),
    ):
        if sent.get(flag) is True and keyword not in review.keywords(sent, member):
            hint = f"add {keyword} to {member}, or send {flag} false"
            faults.append(_fault("keywords-required", member, f"must include {keyword}", hint))
    return faults


def _fault(code: str, member: str, message: str, hint: str) -> Diagnosis:
    return Diagnosis(code, "body", f"/{member}", message, hint)


async def campaign_of(call: Call, id: str) -> Resource:
    return await call.store.campaigns.get(id.lower(), call.customer)


async def number_of(call: Call, id: str) -> Resource:
    return await call.store.phone_numbers.get(id.lower(), call.customer)


async def endpoint_of(call: Call, id: str) -> Resource:
    """An endpoint of the organization.

    Raises:
        NotFound: unknown, deleted, or another organization's.
    """
    endpoint = await living_endpoint(call, id.lower(), call.customer)
    if endpoint is None:
        raise NotFound("endpoint", id)
    return endpoint


async def living_endpoint(work: UnitOfWork, id: str, organization: str) -> Resource | None:
    """The endpoint unless it is gone by now."""
    endpoint = await work.store.endpoints.find(id, organization)
    return endpoint if endpoint and is_living(endpoint) else None


def is_living(endpoint: Resource) -> bool:
    """Whether an endpoint was not deleted."""
    return endpoint["deleted_at"] is None


async def brand_for_campaign(call: Call) -> Resource:
    """The brand that a campaign's request names.

    Raises:
        NotFound: unknown, deleted, or another organization's.
        Refused: its identity is not verified.
    """
    brand = await call.store.brands.get(call.body["brand_id"].lower(), call.customer)
    if not _runs(brand):
        raise NotFound("brand", brand["id"])
    _verified(brand)
    return brand


def _runs(brand: Resource) -> bool:
    """Whether a brand was not deleted."""
    return bool(brand["status"] != "DELETED")


def is_verified(brand: Resource) -> bool:
    """Whether a brand may have campaigns."""
    return _runs(brand) and brand["identity_status"] in VERIFIED


def _verified(brand: Resource | None) -> None:
    if brand is None or not is_verified(brand):
        identity = brand["identity_status"] if brand and _runs(brand) else None
        raise Refused(
            "brand-not-verified",
            f"the brand's identity status is {identity}",
            hint=f"needs {' or '.join(sorted(VERIFIED))}",
        )


async def attachment(call: Call, number_id: str) -> tuple[Resource, Resource]:
    """The number and the campaign of an attachment, looked at in the documented order."""
    campaign = await campaign_of(call, call.body["campaign_id"])
    CAMPAIGN.fire(campaign, "attach")
    _verified(await call.store.brands.find(campaign["brand_id"], call.customer))
    number = await number_of(call, number_id)
    return NUMBER.fire(number, "attach"), campaign


async def may_file_brand(call: Call) -> Resource:
    """The wallet that pays for one more brand.

    Raises:
        Refused: the organization has a brand and is no reseller, or its wallet is short.
    """
    organization = await call.store.organizations.get(call.customer)
    if not organization["is_reseller"] and await has_brand(call, call.customer):
        raise Refused(
            "reseller-required",
            "the organization has a brand and is no reseller",
            hint="use the brand that listBrands shows, or a reseller's key",
        )
    wallet = await call.store.wallets.find(call.customer)
    balance = wallet["balance_cents"] if wallet else 0
    if wallet is None or balance < BRAND_CENTS:
        raise Refused(
            "insufficient-credit",
            f"{balance} cents do not pay {BRAND_CENTS}",
            hint=f"use the key of an organization with {BRAND_CENTS} cents or more",
        )
    return wallet


async def has_brand(work: UnitOfWork, organization: str) -> bool:
    """Whether an organization has a brand that was not deleted."""
    return any(_runs(brand) for brand in await work.store.brands.list(organization))


def debited(wallet: Resource, cents: int) -> Resource:
    """A wallet after it paid."""
    return {
        **wallet,
        "balance_cents": wallet["balance_cents"] - cents,
        "mtd_spend_cents": wallet["mtd_spend_cents"] + cents,
    }


def identity(brand: Resource) -> str:
    """What the registry finds out about a brand."""
    addresses = (review.text(brand, "website"), review.text(brand, "email"))
    return "UNVERIFIED" if any(map(review.is_unreachable, addresses)) else "VERIFIED"


def monthly_cents(catalog: Resource, usecase: str) -> int:
    """The monthly rent of a campaign, by its use case."""
    rates = {rate["ref"]: rate["unit_cost_cents"] for rate in catalog["campaign_month"]["by_ref"]}
    return int(rates.get(usecase, catalog["campaign_month"]["default_unit_cost_cents"]))


def is_filed(resource: Resource) -> bool:
    """Whether the registry has a campaign or a brand."""
    return resource["submitted_at"] is not None


def file_once(lifecycle: Lifecycle, resource: Resource) -> None:
    """The registry takes a campaign or a brand once.

    Raises:
        IllegalTransition: when it has it already.
    """
    if is_filed(resource):
        others = [event for event in lifecycle.allowed(resource) if event != "file"]
        raise IllegalTransition(lifecycle.kind, "file", "filed", others)


def is_propagating(number: Resource) -> bool:
    """Whether a number has a campaign that the carriers do not know of yet."""
    return "carrier_line_option_status" in number


def propagate(number: Resource) -> Resource:
    """A number whose campaign may reach the carriers.

    Raises:
        IllegalTransition: it is not assigned, or nothing is on its way.
    """
    if not is_propagating(number):
        raise IllegalTransition("number", "propagate", "not pending", ())
    return NUMBER.fire(number, "propagate")


def next_renewal(campaign: Resource) -> date | None:
    """The day on which a campaign is billed again; None for one that was never billed."""
    following = campaign.get("next_renewal_or_expiration_date")
    if following is not None:
        return date.fromisoformat(following)
    billed = campaign["billed_date"]
    return next_month(date.fromisoformat(billed[:10]), int(billed[8:10])) if billed else None


def renewal_day(campaign: Resource, today: date) -> date:
    """The day that a renewal bills: the next one, or the latest of several that have passed."""
    day = next_renewal(campaign) or today
    while (later := next_month(day, anchor(campaign, today))) <= today:
        day = later
    return day


def anchor(campaign: Resource, today: date) -> int:
    """The day of the month on which a campaign renews, where the month has it.

    No two short months follow each other: one of the last bill and the next one is on that day.
    """
    days = (campaign["billed_date"], campaign.get("next_renewal_or_expiration_date"))
    return max((int(day[8:10]) for day in days if day), default=today.day)


def next_month(day: date, anchor: int) -> date:
    """The day of the next month with the anchor's number, or the month's last one."""
    year, month = divmod(day.year * 12 + day.month, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(anchor, last))


def renews(campaign: Resource) -> bool:
    """Whether a campaign renews rather than expires; it does unless it was told not to."""
    return campaign.get("auto_renewal", True) is True


async def may_add_endpoint(call: Call) -> None:
    """There is room for one more active endpoint."""
    endpoints = await call.store.endpoints.list(call.customer)
    active = [each for each in endpoints if each["active"] and is_living(each)]
    if len(active) >= ENDPOINTS:
        raise Refused(
            "limit-exceeded",
            f"the organization has {len(active)} active endpoints",
            hint=f"PATCH one with active false; at most {ENDPOINTS} may be active",
        )


def receives(endpoint: Resource, event: str) -> bool:
    """Whether an endpoint is told of an event."""
    return endpoint["active"] and is_living(endpoint) and event in endpoint["events"]


def outcome(succeeded: bool, blocked: bool, attempt: int) -> str:
    """What became of an attempt: taken, to be tried again, or given up."""
    if succeeded:
        return "success"
    return "dead" if blocked or attempt >= ATTEMPTS else "retry"


async def replayable(call: Call, id: str) -> tuple[Resource, Resource]:
    """The attempt that is replayed, and the endpoint that it goes to again.

    Raises:
        NotFound: the attempt is unknown, or its endpoint is gone.
        Refused: its event is no longer kept.
    """
    delivery = await call.store.deliveries.get(id.lower(), call.customer)
    endpoint = await living_endpoint(call, delivery["endpoint_id"], call.customer)
    if endpoint is None:
        raise NotFound("delivery", id)
    if delivery["event"] is None or parse_instant(delivery["replayable_until"]) < call.now:
        until = delivery["replayable_until"]
        raise Refused(
            "event-expired",
            f"the event could be replayed until {until}",
            hint="replay a younger attempt of those that listWebhookDeliveries shows",
        )
    return delivery, endpoint


@dataclass(frozen=True, slots=True)
class Page:
    """Resources newest first, and the token of what follows them, if anything does."""

    resources: Resources
    cursor: str | None = None


Matches = Callable[[Resource], bool]


async def page(
    call: Call, collection: Collection, matches: Matches = bool, member: str = "created_at"
) -> Page:
    """The page that a request asks for; it costs what it reads, not the collection.

    Args:
        matches: the filter; a page is filled with what passes it.
        member: the time by which the collection is ordered.
    """
    limit = call.parameters["limit"]
    size = limit + 1
    chunk = await _first_chunk(call, collection, size, member)
    found = [each for each in chunk if matches(each)]
    while len(found) <= limit and len(chunk) >= size:
        size *= 4
        rest = await collection.page_after(chunk[-1]["id"], call.customer, size, newest_first=True)
        chunk = rest or []
        found += [each for each in chunk if matches(each)]
    shown = found[:limit]
    more = len(found) > limit
    return Page(shown, _token(shown[-1], member) if more else None)


def _token(last: Resource, member: str) -> str:
    return write_cursor({"created_at": last[member], "id": last["id"]})


async def _first_chunk(call: Call, collection: Collection, size: int, member: str) -> Resources:
    scope = call.customer
    sent = call.parameters.get("cursor")
    if sent is None:
        return await collection.page(scope, 0, size, newest_first=True)
    position = _position(sent)
    chunk = await collection.page_after(position["id"], scope, size, newest_first=True)
    if chunk is not None:
        return chunk
    # The resource is gone; what was older than it still is.
    place = (position["created_at"], position["id"])
    everything = await collection.page(scope, newest_first=True)
    return [each for each in everything if (each[member], each["id"]) < place]


def _position(cursor: str) -> dict[str, Any]:
    position = read_cursor(cursor, POSITION)
    if position is None:
        hint = "send the token of an earlier page as it came, or none"
        fault = _bad("invalid-cursor", "cursor", "is no cursor", hint)
        raise InvalidParameters("the cursor was never given out", [fault])
    return position


def _bad(code: str, parameter: str, message: str, hint: str) -> Diagnosis:
    return Diagnosis(code, "query", parameter, message, hint)


def same(call: Call, *members: str) -> Matches:
    """Whether a resource has the values that the query asks for in these members."""
    asked = {
        name: str(call.parameters[name]).lower() for name in members if name in call.parameters
    }
    return lambda each: all(str(each.get(name)).lower() == asked[name] for name in asked)


def says(call: Call) -> Matches:
    """Whether a number or its label holds the text that is searched for."""
    sought = call.parameters.get("search", "").lower()
    return lambda number: sought in number["number"] or sought in number.get("label", "").lower()


def attempts_asked(call: Call) -> Matches:
    """Whether an attempt is one of those that the query asks for.

    Raises:
        InvalidParameters: a time that no calendar has, or no status can satisfy the range.
    """
    asked = call.parameters
    low, high = asked.get("http_status_min"), asked.get("http_status_max")
    if low is not None and high is not None and low > high:
        message = "must not be above http_status_max"
        fault = _bad("validation", "http_status_min", message, f"send {high} or less")
        raise InvalidParameters("the range of statuses is empty", [fault])
    since, until = _time(call, "since"), _time(call, "until")
    alike = same(call, "endpoint_id", "event_type", "outcome")

    def matches(attempt: Resource) -> bool:
        at, status = parse_instant(attempt["occurred_at"]), attempt["response_status"]
        return (
            alike(attempt)
            and _within(at, since, None if until is None else until - 1)
            and _within(status, low, high)
        )

    return matches


def _within(value: int | None, low: int | None, high: int | None) -> bool:
    """Whether a value is in a range; None stands for no value, or for no bound."""
    if low is None and high is None:
        return True
    if value is None:
        return False
    return (low is None or value >= low) and (high is None or value <= high)


def _time(call: Call, name: str) -> int | None:
    sent = call.parameters.get(name)
    try:
        return None if sent is None else parse_instant(sent)
    except ValueError as error:
        hint = "send a time such as 2026-04-26T12:00:00Z"
        fault = _bad("validation", name, "must be a date-time", hint)
        raise InvalidParameters(f"{name} is no time: {error}", [fault]) from error

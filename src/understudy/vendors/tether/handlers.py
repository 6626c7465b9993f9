"""Tether's operations: one sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from understudy.core.clock import parse_instant
from understudy.service import Reply, Resource
from understudy.vendors.tether import events, rules, serializers
from understudy.vendors.tether.store import Call


async def list_campaigns(call: Call) -> Reply:
    filters = call.parameters.get("status"), call.parameters.get("search")
    if filters != (None, None):
        return await _filtered(call, *filters)
    total = await call.store.campaigns.count(call.customer)
    start, end = serializers.newest_window(call, total)
    found = await call.store.campaigns.page(call.customer, start, end - start, newest_first=True)
    return serializers.page(call, found, total)


async def list_scheduled_campaigns(call: Call) -> Reply:
    return await _filtered(call, "scheduled", call.parameters.get("search"))


async def list_upcoming_campaigns(call: Call) -> Reply:
    ahead = rules.upcoming(await call.store.campaigns.list(call.customer), call.now)
    start, end = serializers.window(call, len(ahead))
    return serializers.page(call, ahead[start:end], len(ahead))


async def create_campaign(call: Call) -> Reply:
    unknown, known = await rules.recipients(call, call.body)
    new = [serializers.new_contact(call, each) for each in unknown]
    draft = serializers.draft(call, call.body, [*new, *known])
    await rules.day_has_service(call, draft)
    campaign = rules.launched(draft, call.now)
    await _store(call, campaign, new, known)
    events.campaign_launched(call, campaign)
    return serializers.done("Campaign created", campaign, 201)


async def get_campaign(call: Call, id: str) -> Reply:
    return serializers.found(await call.store.campaigns.get(id, call.customer))


async def update_campaign(call: Call, id: str) -> Reply:
    campaign = await call.store.campaigns.get(id, call.customer)
    updated = rules.CAMPAIGN.fire(campaign, "update", **serializers.changes(call, call.body))
    if "scheduleDate" in call.body:
        await rules.day_has_service(call, updated)
        updated = rules.launched(updated, call.now)
        events.campaign_launched(call, updated)
    await call.store.campaigns.put(updated, call.customer)
    return serializers.done("Campaign updated", updated)


async def delete_campaign(call: Call, id: str) -> Reply:
    rules.CAMPAIGN.fire(await call.store.campaigns.get(id, call.customer), "delete")
    await call.store.campaigns.delete(id, call.customer)
    for recipient in await call.store.recipients.list(id):
        await call.store.recipients.delete(recipient["_id"], id)
    return serializers.done("Campaign deleted")


async def cancel_campaign(call: Call, id: str) -> Reply:
    campaign = await call.store.campaigns.get(id, call.customer)
    cancelled = rules.CAMPAIGN.fire(campaign, "cancel", updatedAt=serializers.now(call))
    await call.store.campaigns.put(cancelled, call.customer)
    return serializers.done("Campaign cancelled", cancelled)


async def send_campaign(call: Call, id: str) -> Reply:
    campaign = await call.store.campaigns.get(id, call.customer)
    sending = await events.begin(call, campaign, call.customer, serializers.now(call))
    return serializers.done("Campaign sent", sending)


async def auto_segment(call: Call) -> Reply:
    calendar = await rules.calendar(call, call.customer)
    zone = ZoneInfo(rules.user(call)["timezone"])
    begin = rules.first_segment(call.body, zone, call.now)
    return serializers.plan(*rules.segments(calendar, int(call.body["totalContacts"]), begin))


async def validate_date(call: Call) -> Reply:
    calendar = await rules.calendar(call, call.customer, call.body.get("excludeCampaignId"))
    day = calendar.day(parse_instant(call.body["scheduledISO"]))
    return serializers.verdict(calendar, day, call.body["contactCount"])


async def get_next_available_slot(call: Call) -> Reply:
    calendar = await rules.calendar(call, call.customer)
    day, ahead = rules.next_day(calendar, call.now, call.parameters["contactCount"])
    return serializers.slot(calendar, call.now, day, ahead)


async def get_usage_calendar(call: Call) -> Reply:
    calendar = await rules.calendar(call, call.customer)
    return serializers.usage(calendar, call.parameters["from"], call.parameters["to"])


async def validate_contacts(call: Call) -> Reply:
    known = await rules.contacts_by_phone(call)
    caller = rules.user(call)["user"]
    return serializers.buckets(rules.classified(call.body["contacts"], known, caller, call.now))


async def log_in(call: Call) -> Reply:
    return serializers.session(rules.login(call, call.body["email"], call.body["password"]))


async def _store(
    call: Call, campaign: Resource, new: Sequence[Resource], known: Sequence[Resource]
) -> None:
    """Store a new campaign with its recipients, as they are now, and those not known before."""
    await call.store.campaigns.put(campaign, call.customer)
    for contact in new:
        await call.store.contacts.put(contact, call.customer)
    for contact in (*new, *known):
        await call.store.recipients.put(contact, campaign["_id"])


async def _filtered(call: Call, status: str | None, search: str | None) -> Reply:
    """A page of the campaigns that the filters let through, newest first."""
    campaigns = await call.store.campaigns.list(call.customer)
    found = [each for each in reversed(campaigns) if rules.matches(each, status, search)]
    start, end = serializers.newest_window(call, len(found), status, search)
    return serializers.page(call, found[start:end], len(found))

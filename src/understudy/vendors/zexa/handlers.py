"""Zexa's operations: one sentence each."""

from __future__ import annotations

from collections.abc import Callable

from understudy.service import Reply, Resource
from understudy.session.store import Collection
from understudy.vendors.zexa import events, rules, serializers
from understudy.vendors.zexa.store import Call


async def list_campaigns(call: Call) -> Reply:
    return await _page(call, call.store.campaigns, serializers.campaign)


async def create_campaign(call: Call) -> Reply:
    begin = rules.campaign_request(call.body, call.now)
    contacts = await rules.targets(call, call.body)
    prices = rules.prices(call.body, contacts)
    await rules.balance_covers(call, prices)
    draft = serializers.draft(call, call.body, len(contacts), begin)
    campaign = rules.launched(draft, serializers.now(call))
    await _store(call, campaign, serializers.queued_messages(call, campaign, contacts, prices))
    events.campaign_launched(call, campaign, begin)
    return Reply(201, serializers.new_campaign(campaign))


async def get_campaign(call: Call, campaign_id: str) -> Reply:
    campaign = await call.store.campaigns.get(campaign_id, call.customer)
    return Reply(200, serializers.campaign(campaign))


async def list_contacts(call: Call) -> Reply:
    list_id = call.parameters.get("list_id")
    if list_id is None:
        return await _page(call, call.store.contacts, serializers.contact)
    contacts = await call.store.contacts.list(call.customer)
    members = [contact for contact in reversed(contacts) if list_id in contact["lists"]]
    start, end = serializers.window(call, len(members), list_id)
    shown = [serializers.contact(contact) for contact in members[start:end]]
    return Reply(200, serializers.page(call, shown, len(members)))


async def create_contact(call: Call) -> Reply:
    await rules.contact_request(call, call.body)
    contact = serializers.new_contact(call, call.body)
    await call.store.contacts.put(contact, call.customer)
    return Reply(201, serializers.contact(contact))


async def delete_contact(call: Call, contact_id: str) -> Reply:
    await call.store.contacts.get(contact_id, call.customer)
    await call.store.contacts.delete(contact_id, call.customer)
    return Reply(204)


async def list_sender_ids(call: Call) -> Reply:
    return await _page(call, call.store.senders, serializers.sender)


async def get_credits(call: Call) -> Reply:
    balance = await call.store.balances.get(call.customer)
    return Reply(200, serializers.credits(balance))


async def create_webhook(call: Call) -> Reply:
    webhook = serializers.new_webhook(call, call.body, rules.api_key(call))
    await call.store.webhooks.put(webhook, call.customer)
    return Reply(201, serializers.webhook(webhook))


async def _store(call: Call, campaign: Resource, messages: list[Resource]) -> None:
    """Store a new campaign with the messages that it will send."""
    await call.store.campaigns.put(campaign, call.customer)
    for message in messages:
        await call.store.messages.put(message, campaign["id"])


async def _page(call: Call, collection: Collection, show: Callable[[Resource], Resource]) -> Reply:
    """A page of everything that the customer has in a collection."""
    total = await collection.count(call.customer)
    start, end = serializers.window(call, total)
    found = await collection.page(call.customer, start, end - start, newest_first=True)
    return Reply(200, serializers.page(call, [show(each) for each in found], total))

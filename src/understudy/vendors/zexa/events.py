"""What Zexa does by itself: start campaigns, dispatch and confirm messages, tell webhooks."""

from __future__ import annotations

from understudy.clock import SECOND
from understudy.vendor import Call, Resource, UnitOfWork
from understudy.vendors.zexa import rules, serializers

TICK_SECONDS = 1.0
# How often a campaign that ran out of credits looks for new ones; at no pace sooner.
HALT = 60 * SECOND


def campaign_launched(call: Call, campaign: Resource, begin: int | None) -> None:
    """A new campaign is dispatched from now on, or from the instant it is scheduled for."""
    arguments = {"customer": call.customer, "campaign_id": campaign["id"]}
    if begin is None:
        call.later(TICK_SECONDS, "tick", **arguments)
    else:
        call.at(begin, "start", **arguments)


async def start(work: UnitOfWork, customer: str, campaign_id: str) -> None:
    """The time of a scheduled campaign has come."""
    campaign = await rules.waiting_campaign(work, customer, campaign_id, "start")
    if campaign is None:
        return
    await work.campaigns.put(rules.begun(campaign, serializers.now(work)), customer)
    work.later(TICK_SECONDS, "tick", customer=customer, campaign_id=campaign_id)


async def tick(work: UnitOfWork, customer: str, campaign_id: str) -> None:
    """Confirm what is under way, dispatch the next batch, and go on until all of it is final."""
    before = await rules.waiting_campaign(work, customer, campaign_id, "hand_over", "complete")
    if before is None:
        return
    messages = await work.messages.list(campaign_id)
    final = await _confirm(work, customer, campaign_id, messages)
    batch, waiting = await _dispatch(work, customer, before, messages)
    campaign = rules.stepped(rules.counted(before, final), waiting, serializers.now(work))
    await work.campaigns.put(campaign, customer)
    if campaign["status"] != before["status"]:
        shown = serializers.campaign(campaign)
        await _tell(work, customer, f"campaign.{campaign['status']}", shown)
    _go_on(work, customer, campaign, halted=waiting > 0 and not batch)


async def _confirm(
    work: UnitOfWork, customer: str, campaign_id: str, messages: list[Resource]
) -> list[Resource]:
    """Make final what the carriers have; those messages."""
    final = [rules.confirmed(each) for each in messages if rules.is_under_way(each)]
    for message in final:
        await work.messages.put(message, campaign_id)
        event = f"message.{message['status']}"
        await _tell(work, customer, event, serializers.message(message))
    return final


async def _dispatch(
    work: UnitOfWork, customer: str, campaign: Resource, messages: list[Resource]
) -> tuple[list[Resource], int]:
    """Hand the next batch to the carriers and charge it; it, and how many are queued after it."""
    queued = [message for message in messages if rules.is_queued(message)]
    balance = await work.balances.get(customer)
    batch, charged = rules.next_batch(campaign, queued, balance)
    for message in batch:
        await work.messages.put(message, campaign["id"])
    if batch:
        await work.balances.put(charged)
    return batch, len(queued) - len(batch)


def _go_on(work: UnitOfWork, customer: str, campaign: Resource, halted: bool) -> None:
    """The next tick of a campaign that is not final; a halted one waits for credits."""
    arguments = {"customer": customer, "campaign_id": campaign["id"]}
    if halted:
        work.at(work.now + HALT, "tick", **arguments)
    elif not rules.is_final(campaign):
        work.later(TICK_SECONDS, "tick", **arguments)


async def fail(work: UnitOfWork, customer: str, campaign_id: str) -> None:
    """By hand: a campaign that could not be processed; its counters stay as they are."""
    campaign = await work.campaigns.get(campaign_id, customer)
    await work.campaigns.put(rules.CAMPAIGN.fire(campaign, "fail"), customer)


async def opt_out(work: UnitOfWork, customer: str, campaign_id: str, message_id: str) -> None:
    """By hand: the recipient of a message answers STOP; its sender does not reach it again."""
    campaign = await work.campaigns.get(campaign_id, customer)
    message = await work.messages.get(message_id, campaign_id)
    contact = await work.contacts.find(message["contact_id"], customer)
    if contact is not None:
        opted_out = [*contact["opted_out"], campaign["sender_id"]]
        await work.contacts.put({**contact, "opted_out": opted_out}, customer)
    await _tell(work, customer, "message.optout", serializers.message(message))


async def _tell(work: UnitOfWork, customer: str, event: str, shown: Resource) -> None:
    """Post an event to each of the customer's webhooks that wants it, once and signed."""
    for webhook in await work.webhooks.list(customer):
        if event in webhook["events"] or "*" in webhook["events"]:
            body, headers = serializers.event(work, event, shown, webhook["signing_key"])
            work.deliver(event, webhook["url"], body, headers)

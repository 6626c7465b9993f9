"""What Zexa does by itself: start campaigns, dispatch and confirm messages, tell webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from understudy.core.clock import SECOND
from understudy.service import Lifecycle, Resource
from understudy.vendors.zexa import rules, serializers
from understudy.vendors.zexa.store import Call, EventAction, UnitOfWork

TICK_SECONDS = 1.0
# How long a campaign that ran out of credits waits before it looks for new ones: each time twice
# as long, up to a day, and at no pace less.
HALT_SECONDS = 60
MAX_HALT_SECONDS = 24 * 60 * 60


def campaign_launched(call: Call, campaign: Resource, begin: int | None) -> None:
    """A new campaign is dispatched from now on, or from the instant it is scheduled for."""
    if begin is None:
        _go_on(call, call.customer, campaign)
    else:
        call.at(begin, "start", customer=call.customer, campaign_id=campaign["id"])


async def start(work: UnitOfWork, customer: str, campaign_id: str) -> None:
    """The time of a scheduled campaign has come."""
    campaign = await rules.waiting_campaign(work, customer, campaign_id, "scheduled")
    if campaign is not None:
        await begin(work, campaign, customer)


async def begin(work: UnitOfWork, campaign: Resource, customer: str) -> None:
    """Sending begins, because it is time or because somebody says so."""
    begun = rules.begun(campaign, serializers.now(work))
    await work.store.campaigns.put(begun, customer)
    _go_on(work, customer, begun)


async def tick(
    work: UnitOfWork, customer: str, campaign_id: str, status: str, halt: int = HALT_SECONDS
) -> None:
    """Confirm what is under way, dispatch the next batch, and go on until all of it is final.

    Args:
        status: of the campaign when this was put off.
        halt: how long it waits, in seconds, when it has run out of credits.
    """
    campaign = await rules.waiting_campaign(work, customer, campaign_id, status)
    if campaign is None:
        return
    moved, halted = await _step(work, customer, campaign, rules.batch_size(campaign))
    if halted:
        _look_again(work, customer, moved, halt)
    else:
        _go_on(work, customer, moved)


async def _step(
    work: UnitOfWork, customer: str, campaign: Resource, size: int
) -> tuple[Resource, bool]:
    """One move of all messages of a campaign, of which at most `size` are dispatched.

    Returns:
        The campaign after it; and whether want of credits holds up what is queued.
    """
    messages = await work.store.messages.list(campaign["id"])
    balance = await work.store.balances.get(customer)
    final = [rules.confirmed(each) for each in messages if rules.is_under_way(each)]
    batch = rules.next_batch(messages, size, balance["credits"])
    moved = await _follow(work, customer, campaign, messages, [*final, *batch])
    return moved, not batch and any(map(rules.is_queued, messages))


async def _follow(
    work: UnitOfWork,
    customer: str,
    campaign: Resource,
    messages: Sequence[Resource],
    changed: Sequence[Resource],
) -> Resource:
    """Keep what became of some of a campaign's messages, and what follows from it; the campaign."""
    for message in changed:
        await work.store.messages.put(message, campaign["id"])
        if rules.is_confirmed(message):
            shown = serializers.message(message)
            await _tell(work, customer, f"message.{message['status']}", shown)
    if any(map(rules.is_under_way, changed)):
        balance = await work.store.balances.get(customer)
        await work.store.balances.put(rules.charged(balance, changed))
    after = {each["id"]: each for each in (*messages, *changed)}
    counted = rules.counted(campaign, changed)
    moved = rules.stepped(counted, list(after.values()), serializers.now(work))
    await work.store.campaigns.put(moved, customer)
    if moved["status"] != campaign["status"]:
        await _tell(work, customer, f"campaign.{moved['status']}", serializers.campaign(moved))
    return moved


def _go_on(work: UnitOfWork, customer: str, campaign: Resource) -> None:
    """The next tick of a campaign that is not final; one that is moved by hand misses it."""
    if not rules.is_final(campaign):
        about = {"customer": customer, "campaign_id": campaign["id"]}
        work.later(TICK_SECONDS, "tick", **about, status=campaign["status"])


def _look_again(work: UnitOfWork, customer: str, campaign: Resource, halt: int) -> None:
    """The next tick of a campaign that waits for credits."""
    about = {"customer": customer, "campaign_id": campaign["id"], "status": campaign["status"]}
    longer = min(2 * halt, MAX_HALT_SECONDS)
    work.at(work.now + halt * SECOND, "tick", **about, halt=longer)


async def step(work: UnitOfWork, campaign: Resource, customer: str) -> None:
    """By hand: all that is queued goes to the carriers at once, or all that they have is final."""
    messages = await work.store.messages.list(campaign["id"])
    rules.covered(messages, await work.store.balances.get(customer))
    moved, _ = await _step(work, customer, campaign, len(messages))
    _go_on(work, customer, moved)


async def dispatch(work: UnitOfWork, message: Resource, campaign_id: str) -> None:
    """By hand: a message goes to its carrier before its turn."""
    campaign, customer = await rules.campaign_of(work, campaign_id)
    balance = await work.store.balances.get(customer)
    changed = rules.dispatched_by_hand(campaign, message, balance)
    await _change(work, customer, campaign, changed)


async def confirm(work: UnitOfWork, message: Resource, campaign_id: str, outcome: str) -> None:
    """By hand: this is the carrier's last word on a message, whatever it would have been."""
    campaign, customer = await rules.campaign_of(work, campaign_id)
    await _change(work, customer, campaign, rules.confirmed({**message, "outcome": outcome}))


async def _change(work: UnitOfWork, customer: str, campaign: Resource, message: Resource) -> None:
    """One message changed by hand, and its campaign when it was the last one to."""
    messages = await work.store.messages.list(campaign["id"])
    moved = await _follow(work, customer, campaign, messages, [message])
    if moved["status"] != campaign["status"]:
        _go_on(work, customer, moved)


async def opt_out(work: UnitOfWork, message: Resource, campaign_id: str) -> None:
    """By hand: the recipient of a message answers STOP; its sender does not reach it again."""
    campaign, customer = await rules.campaign_of(work, campaign_id)
    contact = await work.store.contacts.find(message["contact_id"], customer)
    if contact is not None:
        opted_out = list(dict.fromkeys([*contact["opted_out"], campaign["sender_id"]]))
        await work.store.contacts.put({**contact, "opted_out": opted_out}, customer)
    await _tell(work, customer, "message.optout", serializers.message(message))


async def _tell(work: UnitOfWork, customer: str, event: str, shown: Resource) -> None:
    """Post an event to each of the customer's webhooks that wants it, once and signed."""
    for webhook in await work.store.webhooks.list(customer):
        if event in webhook["events"] or "*" in webhook["events"]:
            body, headers = serializers.event(work, event, shown, webhook["signing_key"])
            work.deliver(event, webhook["url"], body, headers, subscription=webhook["id"])


async def _move(
    work: UnitOfWork,
    resource: Resource,
    customer: str,
    collection: str,
    lifecycle: Lifecycle,
    event: str,
) -> None:
    """Fire an event by hand that only changes the state, without a webhook."""
    await work.collection(collection).put(lifecycle.fire(resource, event), customer)


def _moving(collection: str, lifecycle: Lifecycle, event: str) -> EventAction:
    return partial(_move, collection=collection, lifecycle=lifecycle, event=event)


# What each event does when it is fired by hand. `schedule` is not among them: it needs a time.
FIRES: Mapping[str, Mapping[str, EventAction]] = {
    "campaigns": {
        "start": begin,
        "hand_over": step,
        "complete": step,
        "fail": _moving("campaigns", rules.CAMPAIGN, "fail"),
    },
    "messages": {
        "dispatch": dispatch,
        "delivered": partial(confirm, outcome="delivered"),
        "failed": partial(confirm, outcome="failed"),
        "undeliverable": partial(confirm, outcome="undeliverable"),
        "opt_out": opt_out,
    },
    "senders": {
        "approve": _moving("senders", rules.SENDER, "approve"),
        "reject": _moving("senders", rules.SENDER, "reject"),
    },
    "email_addresses": {"verify": _moving("email_addresses", rules.EMAIL_ADDRESS, "verify")},
}

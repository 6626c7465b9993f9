"""What Tether does by itself: start campaigns at their time, and send what is on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from understudy.core.clock import parse_instant
from understudy.service import Resource
from understudy.vendors.tether import rules, serializers
from understudy.vendors.tether.store import EventAction, UnitOfWork

SENDING_SECONDS = 5.0


def campaign_launched(work: UnitOfWork, campaign: Resource) -> None:
    """A campaign waits for its date, or has begun and is sent after a while."""
    organization, id = campaign["organizationId"], campaign["_id"]
    if rules.is_scheduled(campaign):
        date = campaign["scheduleDate"]
        work.at(parse_instant(date), "start", organization=organization, campaign_id=id, date=date)
    else:
        work.later(SENDING_SECONDS, "dispatch", organization=organization, campaign_id=id)


async def start(work: UnitOfWork, organization: str, campaign_id: str, date: str) -> None:
    """The date of a campaign has come, unless it got another one or was started by hand."""
    campaign = await rules.waiting_campaign(work, organization, campaign_id, "send")
    if campaign is not None and campaign["scheduleDate"] == date:
        await begin(work, campaign, organization, date)


async def begin(work: UnitOfWork, campaign: Resource, organization: str, date: str) -> Resource:
    """Sending begins, and counts on the day of this date; the campaign."""
    changes = {"scheduleDate": date, "updatedAt": serializers.now(work)}
    sending = rules.CAMPAIGN.fire(campaign, "send", **changes)
    await work.store.campaigns.put(sending, organization)
    campaign_launched(work, sending)
    return sending


async def send(work: UnitOfWork, campaign: Resource, organization: str) -> None:
    """By hand: sending begins now, as when somebody asks for it."""
    await begin(work, campaign, organization, serializers.now(work))


async def dispatch(work: UnitOfWork, organization: str, campaign_id: str) -> None:
    """Send a campaign to whom it can reach, and note whom it cannot."""
    campaign = await rules.waiting_campaign(work, organization, campaign_id, "complete")
    if campaign is not None:
        verdicts = rules.verdicts(await work.store.recipients.list(campaign_id))
        await _go_out(work, campaign, organization, rules.outcome(campaign, verdicts), verdicts)


async def complete(work: UnitOfWork, campaign: Resource, organization: str) -> None:
    """By hand: a campaign that is sending goes out at once, if it reaches anybody."""
    verdicts = rules.verdicts(await work.store.recipients.list(campaign["_id"]))
    rules.can_complete(campaign, verdicts)
    await _go_out(work, campaign, organization, "complete", verdicts)


async def fail(work: UnitOfWork, campaign: Resource, organization: str) -> None:
    """By hand: the carrier takes nothing of a campaign that is sending."""
    verdicts = rules.verdicts(await work.store.recipients.list(campaign["_id"]), rules.REJECTED)
    await _go_out(work, campaign, organization, "fail", verdicts)


async def _go_out(
    work: UnitOfWork,
    campaign: Resource,
    organization: str,
    event: str,
    verdicts: Sequence[rules.Verdict],
) -> None:
    """Send a campaign to whom it reaches; it ends with this event."""
    owner = await work.store.organizations.get(organization)
    failures = []
    for recipient, reason in verdicts:
        if reason is None:
            await _send(work, campaign, recipient, owner)
        else:
            failures.append(serializers.failure(recipient, reason))
    changes = serializers.dispatched(work, campaign, event, failures)
    await work.store.campaigns.put(rules.CAMPAIGN.fire(campaign, event, **changes), organization)
    await _count(work, campaign, changes["stats"]["sent"], owner)


async def _send(
    work: UnitOfWork, campaign: Resource, recipient: Resource, organization: Resource
) -> None:
    """One SMS; its contact, when there is one, is protected from now on."""
    contact = await work.store.contacts.find(recipient["_id"], organization["_id"])
    message = serializers.message(work, campaign, {**(contact or {}), **recipient})
    await work.store.messages.put(message, campaign["_id"])
    if contact is not None:
        messaged = serializers.messaged(work, contact, organization)
        await work.store.contacts.put(messaged, organization["_id"])


async def _count(work: UnitOfWork, campaign: Resource, sent: int, organization: Resource) -> None:
    """What was reserved on the campaign's day is sent now."""
    day = rules.local_day(campaign, organization)
    found = await work.store.days.find(day, organization["_id"]) or {"_id": day, "sent": 0}
    await work.store.days.put({**found, "sent": found["sent"] + sent}, organization["_id"])


# What each event does when it is fired by hand. The others of the table are calls of the API.
FIRES: Mapping[str, Mapping[str, EventAction]] = {
    "campaigns": {"send": send, "complete": complete, "fail": fail}
}

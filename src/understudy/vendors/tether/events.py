"""What Tether does by itself: start campaigns at their time, and send what is on its way."""

from __future__ import annotations

from understudy.clock import instant
from understudy.vendor import Resource, UnitOfWork
from understudy.vendors.tether import rules, serializers

SENDING_SECONDS = 5.0


def campaign_launched(work: UnitOfWork, campaign: Resource) -> None:
    """A campaign waits for its date, or has begun and is sent after a while."""
    organization, id = campaign["organizationId"], campaign["_id"]
    if rules.is_scheduled(campaign):
        date = campaign["scheduleDate"]
        work.at(instant(date), "start", organization=organization, campaign_id=id, date=date)
    else:
        work.later(SENDING_SECONDS, "dispatch", organization=organization, campaign_id=id)


async def start(work: UnitOfWork, organization: str, campaign_id: str, date: str) -> None:
    """The date of a campaign has come, unless it got another one or was started by hand."""
    campaign = await rules.waiting_campaign(work, organization, campaign_id, "send")
    if campaign is None or campaign["scheduleDate"] != date:
        return
    sending = rules.CAMPAIGN.fire(campaign, "send", updatedAt=serializers.now(work))
    await work.campaigns.put(sending, organization)
    campaign_launched(work, sending)


async def dispatch(work: UnitOfWork, organization: str, campaign_id: str) -> None:
    """Send a campaign to whom it can reach, and note whom it cannot."""
    campaign = await rules.waiting_campaign(work, organization, campaign_id, "complete")
    if campaign is None:
        return
    owner = await work.organizations.get(organization)
    failures = []
    for recipient in await work.recipients.list(campaign_id):
        reason = rules.unreachable(recipient)
        if reason is None:
            await _send(work, campaign, recipient, owner)
        else:
            failures.append(serializers.failure(recipient, reason))
    changes = serializers.dispatched(work, campaign, failures)
    event = rules.outcome(campaign["stats"]["total"], len(failures))
    await work.campaigns.put(rules.CAMPAIGN.fire(campaign, event, **changes), organization)
    await _count(work, campaign, changes["stats"]["sent"], owner)


async def _send(
    work: UnitOfWork, campaign: Resource, recipient: Resource, organization: Resource
) -> None:
    """One SMS; its contact, when there is one, is protected from now on."""
    contact = await work.contacts.find(recipient["_id"], organization["_id"])
    message = serializers.message(work, campaign, {**(contact or {}), **recipient})
    await work.messages.put(message, campaign["_id"])
    if contact is not None:
        messaged = serializers.messaged(work, contact, organization)
        await work.contacts.put(messaged, organization["_id"])


async def _count(work: UnitOfWork, campaign: Resource, sent: int, organization: Resource) -> None:
    """What was reserved on the campaign's day is sent now."""
    day = rules.local_day(campaign, organization)
    found = await work.days.find(day, organization["_id"]) or {"_id": day, "sent": 0}
    await work.days.put({**found, "sent": found["sent"] + sent}, organization["_id"])

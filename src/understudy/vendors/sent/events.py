"""What happens at Sent later or by hand: a completion ends, campaigns are filed and moved."""

from __future__ import annotations

from understudy.service import Resource
from understudy.vendors.sent import rules, serializers
from understudy.vendors.sent.store import EventAction, UnitOfWork

COMPLETION_SECONDS = 2.0
CALLBACK_TIMEOUT = 10.0


async def start_completion(work: UnitOfWork, profile: Resource, url: str) -> None:
    """A completion runs in the background and ends after a while."""
    now, organization = work.timestamp(), profile["organization_id"]
    await work.store.profiles.put(rules.started(profile, url, now), organization)
    work.later(
        COMPLETION_SECONDS,
        "finish_completion",
        organization_id=organization,
        profile_id=profile["id"],
        since=now,
    )


async def finish_completion(
    work: UnitOfWork, organization_id: str, profile_id: str, since: str
) -> None:
    """End the completion that started then, unless somebody ended it by hand."""
    profile = await work.store.profiles.find(profile_id, organization_id)
    if profile is None or not rules.is_under_way(profile, since):
        return
    unmet, brand = await rules.completable(work, profile)
    if not rules.is_living(profile):
        await _settle(work, profile, "fail", "the profile was deleted")
    elif unmet:
        await _settle(work, profile, "fail", f"unmet prerequisites: {', '.join(unmet)}")
    else:
        await _settle(work, profile, rules.outcome(profile, brand))


async def _settle(work: UnitOfWork, profile: Resource, event: str, error: str = "") -> None:
    """Give a completion its outcome: the campaigns that it files, its one callback."""
    settled = rules.settled(profile, event, work.timestamp())
    await work.store.profiles.put(settled, settled["organization_id"])
    if rules.submits_campaigns(settled, await rules.find_brand(work, settled)):
        await _file_campaigns(work, settled)
    if "under_way" in profile:
        _call_back(work, settled, profile["under_way"]["url"], error)


async def _file_campaigns(work: UnitOfWork, profile: Resource) -> None:
    for campaign in await work.store.campaigns.list(profile["id"]):
        if rules.is_unsubmitted(campaign):
            await submit_campaign(work, campaign, profile["id"])


def _call_back(work: UnitOfWork, profile: Resource, url: str, error: str) -> None:
    """Sent once, unsigned, never repeated; `error` is ours and only there on failure."""
    document = {
        "profileId": profile["id"],
        "success": profile["completion"] is not None,
        "status": profile["completion"] or "failed",
        "timestamp": work.timestamp(),
    }
    if error:
        document["error"] = error
    work.deliver("completed", url, document, timeout=CALLBACK_TIMEOUT)


def settling(event: str, error: str = "") -> EventAction:
    """Make an event by hand that ends a completion so, whatever the rules would decide."""

    async def settle(work: UnitOfWork, profile: Resource, scope: str) -> None:
        await _settle(work, profile, event, error)

    return settle


async def submit_campaign(work: UnitOfWork, campaign: Resource, scope: str) -> None:
    """Sent files a campaign with the registry."""
    await _move(work, campaign, scope, "submit", serializers.filing(work))


async def approve_campaign(work: UnitOfWork, campaign: Resource, scope: str) -> None:
    """The registry takes a campaign and gives it its id."""
    provider = await rules.provider(work, campaign, scope)
    await _move(work, campaign, scope, "approve", serializers.approval(work, campaign, provider))


async def expire_campaign(work: UnitOfWork, campaign: Resource, scope: str) -> None:
    """A campaign's registration ends."""
    await _move(work, campaign, scope, "expire", {"updatedAt": work.timestamp()})


async def _move(
    work: UnitOfWork, campaign: Resource, scope: str, event: str, changes: Resource
) -> None:
    await work.store.campaigns.put(rules.CAMPAIGN.fire(campaign, event, **changes), scope)


# Events that a person at Sent or at the registry causes.
CAMPAIGNS: dict[str, EventAction] = {
    "submit": submit_campaign,
    "approve": approve_campaign,
    "expire": expire_campaign,
}
COMPLETIONS: dict[str, EventAction] = {
    "complete": settling("complete"),
    "submit": settling("submit"),
    "fail": settling("fail", "The provider did not accept the profile"),
}

"""What Sent does by itself: finish a completion, file campaigns, tell the user once."""

from __future__ import annotations

from understudy.vendor import Resource, UnitOfWork
from understudy.vendors.sent import rules

COMPLETION_SECONDS = 2.0
CALLBACK_TIMEOUT = 10.0


def completion_accepted(work: UnitOfWork, profile: Resource, url: str) -> None:
    """A completion runs in the background and ends after a while.

    Args:
        profile: as it was before; a failure gives it its public status back.
    """
    work.later(
        COMPLETION_SECONDS,
        "finish_completion",
        organization_id=profile["organization_id"],
        profile_id=profile["id"],
        status=profile["status"],
        url=url,
    )


async def finish_completion(
    work: UnitOfWork, organization_id: str, profile_id: str, status: str, url: str
) -> None:
    """Settle a completion: its outcome, the campaigns it files, its one callback."""
    profile = await rules.living_profile(work, organization_id, profile_id)
    if profile is None:
        _call_back(work, profile_id, url, "failed", "the profile was deleted")
        return
    unmet, brand = await rules.completable(work, profile)
    event = "fail" if unmet else rules.outcome(profile, brand)
    if unmet:
        profile = {**profile, "status": status}
    profile = rules.step_completion(profile, event, work.timestamp())
    await work.profiles.put(profile, organization_id)
    if rules.submits_campaigns(profile, brand):
        await _file_campaigns(work, profile)
    _call_back(work, profile_id, url, profile["completion"] or "failed", _reason(unmet))


def _reason(unmet: list[str]) -> str:
    return f"unmet prerequisites: {', '.join(unmet)}" if unmet else ""


async def _file_campaigns(work: UnitOfWork, profile: Resource) -> None:
    now = work.timestamp()
    for campaign in await work.campaigns.list(profile["id"]):
        if rules.is_unsubmitted(campaign):
            filed = rules.CAMPAIGN.fire(campaign, "submit", submittedToTCR=True, submittedAt=now)
            await work.campaigns.put(filed, profile["id"])


def _call_back(work: UnitOfWork, profile_id: str, url: str, status: str, error: str) -> None:
    """Sent once, unsigned, never repeated; `error` is ours and only there on failure."""
    document = {
        "profileId": profile_id,
        "success": status != "failed",
        "status": status,
        "timestamp": work.timestamp(),
    }
    if error:
        document["error"] = error
    work.deliver("completed", url, document, timeout=CALLBACK_TIMEOUT)

"""Sent's operations: one sentence each."""

from __future__ import annotations

from understudy.service import Reply, Resource
from understudy.vendors.sent import events, rules, serializers
from understudy.vendors.sent.store import Call


async def create_campaign(call: Call, profile_id: str) -> Reply:
    profile = await rules.profile_of(call, profile_id)
    rules.own_campaigns(profile, "create")
    brand = await rules.brand_of(call, profile)
    campaign = serializers.campaign(call, call.body["campaign"], profile_id, brand["id"])
    await call.store.campaigns.put(campaign, profile_id)
    return serializers.reply(call, 201, campaign)


async def list_campaigns(call: Call, profile_id: str) -> Reply:
    profile = await rules.profile_of(call, profile_id)
    await rules.brand_of(call, profile)
    campaigns = await call.store.campaigns.list(rules.campaign_owner(profile))
    return serializers.reply(call, 200, campaigns)


async def update_campaign(call: Call, profile_id: str, campaign_id: str) -> Reply:
    profile = await rules.profile_of(call, profile_id)
    rules.own_campaigns(profile, "update")
    brand = await rules.brand_of(call, profile)
    campaign = await call.store.campaigns.get(campaign_id, profile_id)
    rules.CAMPAIGN.fire(campaign, "update")
    sent = call.body["campaign"]
    updated = serializers.campaign(call, sent, profile_id, brand["id"], earlier=campaign)
    await call.store.campaigns.put(updated, profile_id)
    return serializers.reply(call, 200, updated)


async def delete_campaign(call: Call, profile_id: str, campaign_id: str) -> Reply:
    profile = await rules.profile_of(call, profile_id)
    await rules.brand_of(call, profile)
    await call.store.campaigns.get(campaign_id, profile_id)
    await call.store.campaigns.delete(campaign_id, profile_id)
    return Reply(204)


async def complete_profile(call: Call, profile_id: str) -> Reply:
    profile = await rules.profile_of(call, profile_id)
    if rules.is_completed(profile):
        done = {"status": "completed", "message": "Profile is already completed"}
        return serializers.reply(call, 200, done)
    unmet, _ = await rules.completable(call, profile)
    rules.refuse_unmet(unmet)
    if rules.may_accept(profile):
        await events.start_completion(call, profile, call.body["webHookUrl"])
    return serializers.reply(call, 202, {"message": "Profile completion in progress"})


async def create_profile(call: Call) -> Reply:
    rules.organization_only(call)
    rules.profile_request(call.body)
    organization = await call.store.organizations.get(rules.organization(call))
    profile = serializers.new_profile(call, call.body, organization)
    return await _store(call, profile, 201)


async def list_profiles(call: Call) -> Reply:
    profiles = await call.store.profiles.list(rules.organization(call))
    visible = [profile for profile in profiles if rules.is_visible(call, profile)]
    shown = [await _render_profile(call, profile) for profile in visible]
    return serializers.reply(call, 200, {"profiles": shown})


async def get_profile(call: Call, profile_id: str) -> Reply:
    profile = await rules.profile_of(call, profile_id)
    return serializers.reply(call, 200, await _render_profile(call, profile))


async def update_profile(call: Call, profile_id: str) -> Reply:
    profile = await rules.profile_of(call, profile_id)
    sent = call.body or {}
    rules.profile_request(sent, profile)
    return await _store(call, serializers.patched_profile(call, profile, sent), 200)


async def delete_profile(call: Call, profile_id: str) -> Reply:
    profile = await rules.profile_of(call, profile_id)
    deleted = {**profile, "deleted_at": call.timestamp()}
    await call.store.profiles.put(deleted, profile["organization_id"])
    return Reply(204)


async def _store(call: Call, profile: Resource, status: int) -> Reply:
    """Store a profile together with the brand that its request carries; show it."""
    sent = (call.body or {}).get("brand")
    if sent is not None:
        earlier = await rules.own_brand(call, profile)
        rules.brand_may_change(earlier)
        await call.store.brands.put(serializers.brand(call, sent, earlier), profile["id"])
        profile = {**profile, "inherit_tcr_brand": False}
    await call.store.profiles.put(profile, profile["organization_id"])
    return serializers.reply(call, status, await _render_profile(call, profile))


async def _render_profile(call: Call, profile: Resource) -> Resource:
    return serializers.profile(profile, await rules.find_brand(call, profile))

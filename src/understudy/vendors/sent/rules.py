"""Sent's rules: who may, what is inherited, what a submitted resource still allows."""

from __future__ import annotations

import re
from typing import Any

from understudy.core.errors import Forbidden, IllegalTransition, NotFound, Refused
from understudy.openapi.document import Operation
from understudy.service import IdempotencyRule, Lifecycle, Limit, Resource
from understudy.service.checks import diagnose_parameters
from understudy.vendors.sent.store import Call, UnitOfWork

# A campaign moves when Sent or the registry says so; no call of the API submits one.
CAMPAIGN = Lifecycle(
    "campaign",
    "status",
    {
        None: {"update": None, "submit": "SENT_CREATED"},
        "SENT_CREATED": {"approve": "ACTIVE"},
        "ACTIVE": {"expire": "EXPIRED"},
        "EXPIRED": {},
    },
)
COMPLETION = Lifecycle(
    "profile",
    "completion",
    {
        None: {"accept": "processing"},
        "processing": {"complete": "COMPLETED", "submit": "SUBMITTED", "fail": None},
        "SUBMITTED": {"accept": "processing"},
        "COMPLETED": {},
    },
)
# What a profile's public status says once its completion is in this state.
PUBLIC_STATUS = {"processing": "pending_review", "SUBMITTED": "pending_review"}
PUBLIC_STATUS["COMPLETED"] = "approved"

IDEMPOTENCY = IdempotencyRule(
    header="idempotency-key",
    pattern=re.compile(r"[a-zA-Z0-9_-]{1,255}"),
    lifetime=24 * 60 * 60,
    repeated=frozenset({"X-Sandbox"}),
)
STANDARD = Limit("standard", count=200, seconds=60, burst=50)
SENSITIVE = Limit("sensitive", count=10, seconds=60, burst=5)

READERS = frozenset({"admin", "billing", "developer", "read_only"})
WRITERS = READERS - {"read_only"}
ADMINS = frozenset({"admin"})
ROLES = {
    "createCampaign": WRITERS,
    "updateCampaign": WRITERS,
    "deleteCampaign": WRITERS,
    "completeProfile": ADMINS,
    "createProfile": ADMINS,
    "updateProfile": ADMINS,
    "deleteProfile": ADMINS,
}
STATES = {"not_activated": "not-activated", "kyc_incomplete": "kyc-incomplete"}


def limit(operation: Operation) -> Limit:
    """The rate tier of an operation."""
    return SENSITIVE if operation.id == "completeProfile" else STANDARD


async def account_is_active(call: Call) -> None:
    """The account behind the key has finished its own onboarding."""
    assert call.account is not None
    call.customer = call.account["customer"]
    state = call.account["state"]
    if state in STATES:
        raise Refused(STATES[state], f"the account is {state}", hint="use another account's key")


async def role_suffices(call: Call) -> None:
    """The key's role allows the operation."""
    assert call.account is not None
    allowed = ROLES.get(call.operation.id, READERS)
    role = call.account["role"]
    if role not in allowed:
        roles = ", ".join(sorted(allowed))
        raise Forbidden(f'the role "{role}" may not {call.operation.id}', hint=f"needs {roles}")


async def acts_for_profile(call: Call) -> None:
    """With `x-profile-id`, an organization's key acts as one of its own profiles."""
    sent = call.headers.get("x-profile-id")
    if sent is None:
        return
    assert call.account is not None
    if call.account["kind"] != "organization":
        raise Forbidden("x-profile-id was sent with a profile's key", hint="leave the header out")
    if any(fault.pointer.startswith("x-profile-id") for fault in diagnose_parameters(call)):
        raise Refused(
            "invalid-profile-header",
            f'x-profile-id "{sent}" is not a UUID',
            hint="send the id of a profile that listProfiles shows, or leave the header out",
        )
    await _profile(call, call.account["organization"], sent)
    call.customer = sent
    call.reply_headers["X-Profile-Id"] = sent


async def sandbox(call: Call) -> None:
    """`"sandbox": true` runs everything and keeps nothing."""
    if isinstance(call.body, dict) and call.body.get("sandbox") is True:
        call.rehearsal = True
        call.reply_headers["X-Sandbox"] = "true"


def organization_only(call: Call) -> None:
    """Profiles are created by their organization, never by a profile (or for one)."""
    assert call.account is not None
    if call.customer != call.account["organization"]:
        raise Forbidden("a profile cannot create profiles", hint="use the organization's key alone")


def is_visible(call: Call, profile: Resource) -> bool:
    """Whether a profile is among those that the caller may list."""
    return is_living(profile) and call.customer in (profile["id"], profile["organization_id"])


def is_living(profile: Resource) -> bool:
    """Whether a profile was not deleted."""
    return profile["deleted_at"] is None


def organization(call: Call) -> str:
    """The id of the organization behind the key."""
    assert call.account is not None
    return str(call.account["organization"])


async def profile_of(call: Call, profile_id: str) -> Resource:
    """A profile that the caller may touch.

    Raises:
        NotFound: unknown, deleted, of another organization, or not the profile acted for.
    """
    profile = await _profile(call, organization(call), profile_id)
    if call.customer not in (organization(call), profile_id):
        raise NotFound("profile", profile_id)
    return profile


async def _profile(work: UnitOfWork, organization_id: str, profile_id: str) -> Resource:
    profile = await work.store.profiles.get(profile_id, organization_id)
    if not is_living(profile):
        raise NotFound("profile", profile_id)
    return profile


def brand_owner(profile: Resource) -> str:
    """Whose brand a profile uses: its organization's when it inherits, else its own."""
    return str(profile["organization_id" if profile["inherit_tcr_brand"] else "id"])


def campaign_owner(profile: Resource) -> str:
    """Whose campaigns a profile sees: its organization's when it inherits, else its own."""
    return str(profile["organization_id" if profile["inherit_tcr_campaign"] else "id"])


async def own_brand(work: UnitOfWork, profile: Resource) -> Resource | None:
    """The brand that belongs to the profile itself."""
    brands = await work.store.brands.list(profile["id"])
    return brands[0] if brands else None


async def find_brand(work: UnitOfWork, profile: Resource) -> Resource | None:
    """The brand that a profile resolves to."""
    brands = await work.store.brands.list(brand_owner(profile))
    return brands[0] if brands else None


async def provider(work: UnitOfWork, campaign: Resource, owner: str) -> str | None:
    """Under which service provider the registry knows a campaign's brand.

    Args:
        owner: id of the campaign's owner; the brand is its own or its organization's.
    """
    organizations = [each["id"] for each in await work.store.organizations.list()]
    for scope in (owner, *organizations):
        brand = await work.store.brands.find(campaign["brandId"], scope)
        if brand is not None:
            known: str | None = brand["csp_id"]
            return known
    return None


async def brand_of(call: Call, profile: Resource) -> Resource:
    """The brand that a profile resolves to.

    Raises:
        Refused: `brand-not-found` when it has none and inherits none.
    """
    brand = await find_brand(call, profile)
    if brand is None:
        raise Refused(
            "brand-not-found",
            f'profile "{profile["id"]}" has no brand and inherits none',
            hint="PATCH the profile with a brand, or with inherit_tcr_brand true",
        )
    return brand


def may_have_campaigns(profile: Resource) -> bool:
    """Whether a profile keeps campaigns of its own."""
    return is_living(profile) and not profile["inherit_tcr_campaign"]


def own_campaigns(profile: Resource, verb: str) -> None:
    """Inherited campaigns are read-only.

    Args:
        verb: `create` or `update`.
    """
    if profile["inherit_tcr_campaign"]:
        raise Refused(
            "inherits-campaigns",
            f"cannot {verb} a campaign of a profile that inherits its campaigns",
            hint="PATCH the profile with inherit_tcr_campaign false",
        )


def brand_may_change(brand: Resource | None) -> None:
    """A brand that was submitted to the registry stays as it is."""
    if brand is not None and brand["submitted_to_tcr"]:
        raise Refused(
            "brand-submitted",
            f'brand "{brand["id"]}" was submitted to TCR',
            hint="leave brand out; it can no longer be changed",
        )


def profile_request(body: Resource, current: Resource | None = None) -> None:
    """What a profile's request may combine.

    Args:
        current: the profile as it stands, when one is updated.
    """
    stated = {name: value for name, value in body.items() if value is not None}
    if "brand" in stated and stated.get("inherit_tcr_brand") is True:
        raise Refused(
            "brand-inherited",
            "brand was sent together with inherit_tcr_brand true",
            hint="send inherit_tcr_brand false beside it, or leave brand out",
        )
    model = stated.get("billing_model", current["billing_model"] if current else None)
    if "payment_details" in stated and model == "organization":
        raise Refused(
            "payment-details-not-allowed",
            "the organization pays for this profile",
            hint="leave payment_details out, or send billing_model profile",
        )
    contact = stated.get("billing_contact", current["billing_contact"] if current else None)
    if stated.get("billing_model") in ("profile", "profile_and_organization") and not contact:
        raise Refused(
            "billing-contact-required",
            f'billing_model "{model}" was sent without a billing_contact',
            hint="send billing_contact with name and email",
        )


def is_tcr_application(brand: Resource | None) -> bool:
    return bool(brand and (brand["compliance"] or {}).get("is_tcr_application"))


def unmet_prerequisites(
    profile: Resource, brand: Resource | None, campaigns: list[Resource]
) -> list[str]:
    """What a profile still lacks to be completed."""
    unmet = [name for name in ("name", "short_name", "description") if not profile[name]]
    if brand is None:
        unmet.append("organization brand" if profile["inherit_tcr_brand"] else "brand")
    if profile["inherit_tcr_campaign"] and not campaigns:
        unmet.append("organization campaign")
    elif is_tcr_application(brand) and not campaigns:
        unmet.append("campaign")
    return unmet


async def completable(work: UnitOfWork, profile: Resource) -> tuple[list[str], Resource | None]:
    """What a profile lacks to be completed, and the brand it would be completed with."""
    brand = await find_brand(work, profile)
    campaigns = await work.store.campaigns.list(campaign_owner(profile))
    return unmet_prerequisites(profile, brand, campaigns), brand


def refuse_unmet(unmet: list[str]) -> None:
    """Nothing starts while a prerequisite is unmet; the answer names each."""
    if unmet:
        named = ", ".join(unmet)
        raise Refused(
            "prerequisites-unmet",
            f"cannot complete a profile that lacks: {named}",
            hint=f"add the {named}",
            words=f"Cannot complete profile. Unmet prerequisites: {named}",
        )


def outcome(profile: Resource, brand: Resource | None) -> str:
    """The event with which a completion ends: `submit` or `complete`."""
    sms = profile["sending_phone_number"]
    whatsapp = profile["waba_id"] or profile["whatsapp_phone_number"]
    if not sms and not whatsapp:
        return "submit"
    if is_tcr_application(brand):
        inherits = profile["inherit_tcr_brand"] and profile["inherit_tcr_campaign"]
        return "complete" if inherits else "submit"
    return "submit" if _has_main_country(brand) else "complete"


def _has_main_country(brand: Resource | None) -> bool:
    compliance: dict[str, Any] = (brand or {}).get("compliance") or {}
    return any(country["isMain"] for country in compliance.get("destination_countries") or [])


def submits_campaigns(profile: Resource, brand: Resource | None) -> bool:
    """Whether a completion that ended SUBMITTED files the profile's own campaigns."""
    return (
        profile["completion"] == "SUBMITTED"
        and is_tcr_application(brand)
        and not profile["inherit_tcr_campaign"]
    )


def is_unsubmitted(campaign: Resource) -> bool:
    return "submit" in CAMPAIGN.allowed(campaign)


def is_completed(profile: Resource) -> bool:
    return not COMPLETION.allowed(profile)


def may_accept(profile: Resource) -> bool:
    """Whether a completion can start now; while one runs, another request starts nothing."""
    return "accept" in COMPLETION.allowed(profile)


def started(profile: Resource, url: str, now: str) -> Resource:
    """A profile whose completion is under way.

    Args:
        url: is told of the outcome.
    """
    under_way = {"since": now, "url": url, "status": profile["status"]}
    return {**_step(profile, "accept", now), "under_way": under_way}


def is_under_way(profile: Resource, since: str) -> bool:
    """Whether the completion that started then still has no outcome."""
    waits = "fail" in COMPLETION.allowed(profile)
    return waits and profile.get("under_way", {}).get("since") == since


def settled(profile: Resource, event: str, now: str) -> Resource:
    """A profile whose completion has ended; a failure gives it its public status back.

    Args:
        event: `complete`, `submit` or `fail`; a deleted profile can only fail.
    """
    if not is_living(profile) and event != "fail":
        raise IllegalTransition("profile", event, "deleted", ["fail"])
    ended = {name: value for name, value in profile.items() if name != "under_way"}
    before = profile.get("under_way", profile)["status"]
    return _step({**ended, "status": before}, event, now)


def _step(profile: Resource, event: str, now: str) -> Resource:
    """A profile after an event of its completion, its public status with it."""
    changed = COMPLETION.fire(profile, event, updated_at=now)
    return {**changed, "status": PUBLIC_STATUS.get(changed["completion"], profile["status"])}

"""Sent's shapes: the envelope, campaigns, profiles, errors, reply headers."""

from __future__ import annotations

from typing import Any

from understudy.core.errors import (
    ApiError,
    Forbidden,
    IdempotencyInFlight,
    InvalidBody,
    InvalidIdempotencyKey,
    InvalidParameters,
    MethodNotAllowed,
    Refused,
    UnknownPath,
)
from understudy.core.fakes import Fakes
from understudy.core.json_pointer import to_dotted_path
from understudy.service import STANDARD_NAMES, ErrorExamples, Reply, Resource
from understudy.vendors.sent import rules
from understudy.vendors.sent.store import Call, UnitOfWork

REGISTRY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
DOC_URL = "https://docs.sent.dm/errors/"
# The request id that the documented error texts carry.
EXAMPLE_REQUEST_ID = "req_7X9zKp2jDw"


def _undocumented(code: str, message: str) -> Resource:
    words = {"code": code, "message": message, "details": None, "doc_url": DOC_URL + code}
    return {"error": words}


ERRORS = ErrorExamples(
    examples={
        **STANDARD_NAMES,
        Forbidden: "insufficient-permissions",
        InvalidParameters: "invalid-id",
        InvalidIdempotencyKey: "invalid-idempotency-key",
        IdempotencyInFlight: "in-flight",
    },
    transitions={("campaign", "update"): "already-submitted"},
    undocumented={
        UnknownPath: _undocumented("RESOURCE_000", "Endpoint not found"),
        MethodNotAllowed: _undocumented("VALIDATION_000", "Method not allowed"),
    },
)


def request_id(fakes: Fakes) -> str:
    return f"req_{fakes.token(10)}"


def envelope(call: Call, data: Any, error: Resource | None = None) -> Resource:
    """The four members that every body of Sent has."""
    meta = {"request_id": call.request_id, "timestamp": call.timestamp(), "version": "v3"}
    return {"success": error is None, "data": data, "error": error, "meta": meta}


def reply(call: Call, status: int, data: Any) -> Reply:
    return Reply(status, envelope(call, data))


def finish(call: Call, reply: Reply) -> None:
    """Add the headers that every reply of Sent carries."""
    headers = reply.headers
    headers["X-Request-Id"] = call.request_id
    headers["X-Response-Time"] = f"{call.spent}ms"
    headers["X-API-Version"] = "v3"
    standing = call.standing
    if standing is not None:
        headers["X-RateLimit-Limit"] = str(standing.limit)
        # A burst is refused while the minute still has room; Sent says 0 on every 429.
        remaining = 0 if reply.status == 429 else standing.remaining
        headers["X-RateLimit-Remaining"] = str(remaining)
        headers["X-RateLimit-Reset"] = str(standing.reset)


def error(call: Call, error: ApiError) -> Reply:
    """An error in Sent's envelope: the documented body of the error's name, with fresh meta."""
    error, _, status, body = ERRORS.find(call, error)
    words = dict(body["error"])
    words["message"] = words["message"].replace(EXAMPLE_REQUEST_ID, call.request_id)
    if isinstance(error, Refused) and error.words:
        words["message"] = error.words
    if isinstance(error, InvalidBody):
        words["details"] = _details(error)
    return Reply(status, envelope(call, None, words))


def _details(error: InvalidBody) -> dict[str, list[str]]:
    """Messages by the path of the member: `campaign.useCases[0].sampleMessages`."""
    details: dict[str, list[str]] = {}
    for diagnosis in error.diagnoses:
        details.setdefault(to_dotted_path(diagnosis.pointer) or "body", []).append(
            diagnosis.message
        )
    return details


TEXTS = [
    "messageFlow",
    "privacyPolicyLink",
    "termsAndConditionsLink",
    "optinMessage",
    "optoutMessage",
    "helpMessage",
    "optinKeywords",
    "optoutKeywords",
    "helpKeywords",
]


def campaign(
    work: UnitOfWork, sent: Resource, customer: str, brand: str, earlier: Resource | None = None
) -> Resource:
    """A campaign as stored and shown.

    Args:
        sent: the request's `campaign`.
        customer: id of the profile that owns it.
        brand: id of the brand it runs under.
        earlier: the campaign that this one replaces; its id, customer and time of creation stay.
    """
    now = work.timestamp()
    id = earlier["id"] if earlier else work.fakes.uuid()
    customer = earlier["customerId"] if earlier else customer
    texts = {name: sent.get(name) for name in TEXTS}
    return {
        "useCases": [_use_case(work, each, id, customer, now) for each in sent["useCases"]],
        "tcrSyncError": None,
        "kycSubmissionFormId": None,
        "type": sent["type"],
        "customerId": customer,
        "name": sent["name"],
        "description": sent["description"],
        "submittedToTCR": False,
        "submittedAt": None,
        "billedDate": None,
        "cost": None,
        "telnyxCampaignId": None,
        "tcrCampaignId": None,
        "cspId": None,
        "status": None,
        "brandId": brand,
        "resellerId": None,
        **texts,
        "upstreamCnpId": None,
        "sharingStatus": None,
        "id": id,
        "createdAt": earlier["createdAt"] if earlier else now,
        "updatedAt": now if earlier else None,
    }


def _use_case(work: UnitOfWork, sent: Resource, campaign: str, customer: str, now: str) -> Resource:
    return {
        "campaignId": campaign,
        "customerId": customer,
        "messagingUseCaseUs": sent["messagingUseCaseUs"],
        "sampleMessages": sent["sampleMessages"],
        "id": work.fakes.uuid(),
        "createdAt": now,
        "updatedAt": None,
    }


def filing(work: UnitOfWork) -> Resource:
    """The fields that a filing with the registry sets."""
    now = work.timestamp()
    return {"submittedToTCR": True, "submittedAt": now, "tcrSyncError": None, "updatedAt": now}


def approval(work: UnitOfWork, campaign: Resource, provider: str | None) -> Resource:
    """What the registry's approval sets: its id of the campaign, and who filed it.

    Args:
        provider: the service provider under which the registry knows the brand.
    """
    registered = campaign["tcrCampaignId"] or f"C{work.fakes.token(6, REGISTRY)}"
    filed_by = campaign["cspId"] or provider
    return {"tcrCampaignId": registered, "cspId": filed_by, "updatedAt": work.timestamp()}


# Fields of a profile that a request may set, with the values of a new profile.
PROFILE_DEFAULTS: dict[str, Any] = {
    "allow_contact_sharing": False,
    "allow_template_sharing": False,
    "inherit_contacts": True,
    "inherit_templates": True,
    "inherit_tcr_brand": True,
    "inherit_tcr_campaign": True,
    "billing_model": "profile",
    "sending_phone_number_profile_id": None,
    "sending_whatsapp_number_profile_id": None,
    "sending_phone_number": None,
    "whatsapp_phone_number": None,
    "allow_number_change_during_onboarding": None,
}
CREATABLE = [
    "allow_contact_sharing",
    "allow_template_sharing",
    "inherit_contacts",
    "inherit_templates",
    "inherit_tcr_brand",
    "inherit_tcr_campaign",
    "billing_model",
]
PATCHABLE = ("name", "icon", "description", "short_name", *PROFILE_DEFAULTS)
INTERNAL = frozenset({"completion", "under_way", "deleted_at"})
CONTACT = {
    "name": "name",
    "business_name": "businessName",
    "role": "role",
    "phone": "phone",
    "email": "email",
    "phone_country_code": "phoneCountryCode",
}
BUSINESS = {
    "legal_name": "legalName",
    "tax_id": "taxId",
    "tax_id_type": "taxIdType",
    "entity_type": "entityType",
    "street": "street",
    "city": "city",
    "state": "state",
    "postal_code": "postalCode",
    "country": "country",
    "url": "url",
    "country_of_registration": "countryOfRegistration",
}
COMPLIANCE = {
    "vertical": "vertical",
    "brand_relationship": "brandRelationship",
    "is_tcr_application": "isTcrApplication",
    "phone_number_prefix": "phoneNumberPrefix",
    "destination_countries": "destinationCountries",
    "notes": "notes",
    "primary_use_case": "primaryUseCase",
}


def drop_nulls(sent: Resource) -> Resource:
    """The fields of a request that are not null; null means the same as absence."""
    return {name: value for name, value in sent.items() if value is not None}


def new_profile(work: UnitOfWork, sent: Resource, organization: Resource) -> Resource:
    """A profile as stored, from a create request."""
    stated = drop_nulls(sent)
    whatsapp = stated.get("whatsapp_business_account", {})
    settings = {**PROFILE_DEFAULTS, **{name: stated[name] for name in CREATABLE if name in stated}}
    return {
        "id": work.fakes.uuid(),
        "organization_id": organization["id"],
        "name": stated["name"],
        "email": organization["email"],
        "icon": stated.get("icon"),
        "description": stated.get("description"),
        "short_name": stated.get("short_name"),
        "status": "incomplete",
        "created_at": work.timestamp(),
        "updated_at": None,
        **settings,
        "waba_id": whatsapp.get("waba_id"),
        "billing_contact": _billing_contact(stated.get("billing_contact")),
        "completion": None,
        "deleted_at": None,
    }


def patched_profile(work: UnitOfWork, profile: Resource, sent: Resource) -> Resource:
    """A profile after an update; what the request does not state stays as it was."""
    stated = drop_nulls(sent)
    changes = {name: stated[name] for name in PATCHABLE if name in stated}
    if "billing_contact" in stated:
        changes["billing_contact"] = _billing_contact(stated["billing_contact"])
    return {**profile, **changes, "updated_at": work.timestamp()}


def _billing_contact(sent: Resource | None) -> Resource | None:
    if sent is None:
        return None
    return {name: sent.get(name) for name in ("name", "email", "phone", "address")}


def brand(work: UnitOfWork, sent: Resource, earlier: Resource | None = None) -> Resource:
    """A brand as stored, from the `brand` of a profile's request; an earlier one is replaced."""
    unsubmitted = {
        "tcr_brand_id": None,
        "status": None,
        "identity_status": None,
        "universal_ein": None,
        "csp_id": None,
        "submitted_to_tcr": False,
        "submitted_at": None,
    }
    return {
        "id": earlier["id"] if earlier else work.fakes.uuid(),
        **unsubmitted,
        "created_at": earlier["created_at"] if earlier else work.timestamp(),
        "updated_at": work.timestamp() if earlier else None,
        "contact": _section(sent["contact"], CONTACT),
        "business": _section(sent.get("business"), BUSINESS),
        "compliance": _compliance(sent["compliance"]),
    }


def _section(sent: Resource | None, names: dict[str, str]) -> Resource | None:
    """A part of a brand: the request writes camelCase, the reply snake_case."""
    return None if sent is None else {ours: sent.get(theirs) for ours, theirs in names.items()}


def _compliance(sent: Resource) -> Resource:
    section = {ours: sent.get(theirs) for ours, theirs in COMPLIANCE.items()}
    countries = sent.get("destinationCountries") or []
    section["is_tcr_application"] = bool(sent.get("isTcrApplication"))
    section["destination_countries"] = [
        {"id": country.get("id"), "isMain": bool(country.get("isMain"))} for country in countries
    ]
    if sent.get("expectedMessagingVolume") is not None:
        section["expected_messaging_volume"] = sent["expectedMessagingVolume"]
    return section


def profile(profile: Resource, brand: Resource | None) -> Resource:
    """A profile as shown: without what only the mock knows, with the brand it resolves to."""
    shown = {name: value for name, value in profile.items() if name not in INTERNAL}
    if brand is None:
        return {**shown, "brand": None}
    return {**shown, "brand": render_brand(brand, profile["inherit_tcr_brand"])}


def render_brand(brand: Resource, inherited: bool = False) -> Resource:
    """A brand as a profile shows it."""
    before = {name: brand[name] for name in BRAND_HEAD}
    after = {name: value for name, value in brand.items() if name not in before}
    return {**before, "is_inherited": inherited, **after}


def render_stored_profile(stored: Resource) -> Resource:
    """A profile alone, without the brand that it resolves to.

    Raises:
        KeyError, TypeError: it lacks what is not shown, but read by the rules.
    """
    rules.is_living(stored)
    rules.COMPLETION.allowed(stored)
    return profile(stored, None)


BRAND_HEAD = [
    "id",
    "tcr_brand_id",
    "status",
    "identity_status",
    "universal_ein",
    "csp_id",
    "submitted_to_tcr",
    "submitted_at",
]

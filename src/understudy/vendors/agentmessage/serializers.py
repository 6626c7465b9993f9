"""AgentMessage's shapes: envelopes, resources, events, errors, reply headers."""

from __future__ import annotations

import base64
import hashlib
from datetime import date
from typing import Any

from understudy.core.clock import MILLISECOND, SECOND, format_timestamp, parse_instant
from understudy.core.errors import (
    ApiError,
    Diagnosis,
    Forbidden,
    InvalidBody,
    InvalidParameters,
    MethodNotAllowed,
    UnknownPath,
)
from understudy.core.fakes import Fakes
from understudy.core.strict_json import load_json
from understudy.service import STANDARD_NAMES, Attempt, Delivery, ErrorExamples, Reply, Resource
from understudy.vendors.agentmessage import review, rules
from understudy.vendors.agentmessage.store import Call, UnitOfWork

API_VERSION = "2026-04-01"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REGISTRY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
REPLAY_DAYS = 30
ERRORS = ErrorExamples(
    examples={**STANDARD_NAMES, Forbidden: "missing-scope"},
    transitions={
        ("campaign", "attach"): "campaign-not-active",
        ("number", "attach"): "number-not-assigned",
        ("number", "detach"): "number-not-assigned",
    },
    undocumented={
        UnknownPath: {"error": {"code": "NOT_FOUND", "message": "not found"}},
        MethodNotAllowed: {
            "error": {"code": "METHOD_NOT_ALLOWED", "message": "method not allowed"}
        },
    },
)
# What `details` says of a fault, by what the schema calls it; documented words go before the last.
FIRST_WORDS = {"required": "is required", "maxLength": "is too long"}
LAST_WORDS = {
    "format": "must be well-formed",
    "pattern": "must not be blank",
    "enum": "must be one of the documented values",
    "minLength": "is too short",
    "minimum": "must not be below the documented minimum",
    "maximum": "must not be above the documented maximum",
    "duplicate": "must be sent once",
}


def randomness(fakes: Fakes) -> str:
    """The drawn part of a request's id; its time comes from the call."""
    return fakes.token(16, CROCKFORD)


def request_id(call: Call) -> str:
    """The request's id as its replies show it: a ULID."""
    milliseconds, digits = call.now // MILLISECOND, ""
    for _ in range(10):
        milliseconds, digit = divmod(milliseconds, 32)
        digits = CROCKFORD[digit] + digits
    return digits + call.request_id


def now(work: UnitOfWork) -> str:
    """The work's instant as AgentMessage writes it."""
    return work.timestamp(0, "Z")


def today(work: UnitOfWork) -> date:
    """The day of the work, in UTC."""
    return date.fromisoformat(now(work)[:10])


def reply(status: int, data: Any) -> Reply:
    """One resource in the envelope."""
    return Reply(status, {"success": True, "data": data})


def listed(call: Call, data: list[Resource], cursor: str | None = None) -> Reply:
    """A page in the envelope; `total` is no count, `cursor` is None where a header has it."""
    meta = {"total": 0, "limit": call.parameters["limit"], "offset": 0, "next_cursor": cursor}
    return Reply(200, {"success": True, "data": data, "meta": meta})


def paged(call: Call, page: rules.Page) -> Reply:
    """A page whose next cursor is in a header."""
    answer = listed(call, page.resources)
    if page.cursor is not None:
        answer.headers["X-Next-Cursor"] = page.cursor
    return answer


def finish(call: Call, reply: Reply) -> None:
    """Add the header that every reply of AgentMessage carries."""
    reply.headers["X-Request-Id"] = request_id(call)


def error(call: Call, error: ApiError) -> Reply:
    """An error in AgentMessage's envelope: the documented body of its name, with a fresh id."""
    # An id of another form names nothing.
    name = "invalid-id" if any(each.where == "path" for each in error.diagnoses) else ""
    error, _, status, body = ERRORS.find(call, error, name)
    words = {**body["error"], "request_id": request_id(call)}
    if isinstance(error, (InvalidBody, InvalidParameters)):
        words["details"] = _details(call, error)
    return Reply(status, {"success": False, "error": words})


def _details(call: Call, error: ApiError) -> dict[str, str]:
    """One phrase for each member that is wrong; a list is one member, as in the published ones."""
    documented = _documented_details(call)
    details: dict[str, str] = {}
    for diagnosis in error.diagnoses:
        member = diagnosis.pointer.strip("/").partition("/")[0] or "body"
        details.setdefault(member, _phrase(diagnosis, member, documented))
    return details


def _documented_details(call: Call) -> dict[str, str]:
    """What the operation's examples say of its members; the shared sample is about messages."""
    return {
        member: phrase
        for response in call.operation.responses.values()
        if response.status in (400, 422)
        for name, body in response.examples.items()
        if name != "validation"
        for member, phrase in body["error"].get("details", {}).items()
    }


def _phrase(diagnosis: Diagnosis, member: str, documented: dict[str, str]) -> str:
    code = diagnosis.code
    if code == "type":
        expected = diagnosis.message.partition(" is not of ")[2].replace('"', "")
        return f"must be of {expected or 'the documented type'}"
    if code in FIRST_WORDS:
        return FIRST_WORDS[code]
    if code in ("format", "pattern") and member.endswith("_id"):
        return "must be a valid uuid"
    return documented.get(member) or LAST_WORDS.get(code) or diagnosis.message


def campaign(call: Call, brand: Resource) -> Resource:
    """A campaign as stored and shown, from its request; unset inputs without default are absent."""
    declared = call.service.document.schemas["CampaignRequest"]["properties"]
    defaults = {
        name: each["default"]
        for name, each in declared.items()
        # That a campaign renews unless told not to is not shown.
        if "default" in each and name != "auto_renewal"
    }
    stated = {name: call.body[name] for name in declared if name in call.body}
    return {
        "id": call.fakes.uuid(),
        "org_id": call.customer,
        "tcr_campaign_id": None,
        "status": "PENDING",
        "sub_usecases": [],
        **defaults,
        **stated,
        "brand_id": brand["id"],
        "mno_metadata": {},
        "monthly_fee": None,
        "submitted_at": None,
        "billed_date": None,
        "next_renewal_or_expiration_date": None,
        "expiration_date": None,
        "rejection_reasons": [],
        "rejected_at": None,
        "created_at": now(call),
        "updated_at": now(call),
    }


def filing(work: UnitOfWork, kind: str) -> Resource:
    """What a filing sets: the registry's id and the time.

    Args:
        kind: `campaign` or `brand`.
    """
    length = {"campaign": 7, "brand": 6}[kind]
    registered = f"{kind[0].upper()}{work.fakes.token(length, REGISTRY)}"
    return {f"tcr_{kind}_id": registered, "submitted_at": now(work), "updated_at": now(work)}


def rejection(work: UnitOfWork, reasons: list[str]) -> Resource:
    return {"rejection_reasons": reasons, "rejected_at": now(work), "updated_at": now(work)}


CARRIERS = {"10017": ("AT&T", 90), "10035": ("T-Mobile", 75)}


def approval(work: UnitOfWork, campaign: Resource, cents: int) -> Resource:
    """What an approval sets: the carriers' answers, the fee in dollars, the first bill."""
    asked = campaign.get("mno_ids") or [int(carrier) for carrier in CARRIERS]
    metadata = {
        carrier: {"mno": name, "mnoSupport": True, "mnoReview": False, "qualify": True, "tpm": tpm}
        for carrier, (name, tpm) in CARRIERS.items()
        if int(carrier) in asked
    }
    return {
        "mno_ids": asked,
        "mno_metadata": metadata,
        "monthly_fee": cents // 100 if cents % 100 == 0 else cents / 100,
        **_bill(work, today(work), today(work).day),
    }


def renewal(work: UnitOfWork, campaign: Resource) -> Resource:
    """What another month sets."""
    day = rules.renewal_day(campaign, today(work))
    return _bill(work, day, rules.anchor(campaign, today(work)))


def _bill(work: UnitOfWork, day: date, anchor: int) -> Resource:
    """What billing a month sets.

    Args:
        anchor: the day of the month on which the campaign renews, where the month has it.
    """
    return {
        "billed_date": f"{day.isoformat()}T00:00:00Z",
        "next_renewal_or_expiration_date": rules.next_month(day, anchor).isoformat(),
        "updated_at": now(work),
    }


def expiry(work: UnitOfWork) -> Resource:
    return {"expiration_date": now(work), "updated_at": now(work)}


def reviewed(call: Call) -> Resource:
    """What the review says of a draft."""
    findings = review.findings(call.body)
    severities = [finding["severity"] for finding in findings]
    counts = {severity: severities.count(severity) for severity in ("info", "warn", "block")}
    return {
        "can_submit": counts["block"] == 0,
        "llm_used": False,
        "generated_at": now(call),
        "counts": counts,
        "findings": findings,
    }


def brand(call: Call, sent: Resource, organization: str) -> Resource:
    """A brand as stored and shown, from its request."""
    declared = call.service.document.schemas["BrandRequest"]["properties"]
    return {
        "id": call.fakes.uuid(),
        "org_id": organization,
        "tcr_brand_id": None,
        "status": "PENDING",
        "identity_status": None,
        **{name: sent[name] for name in declared if name in sent},
        "submitted_at": None,
        "verified_at": None,
        "created_at": now(call),
        "updated_at": now(call),
    }


def vetting(work: UnitOfWork, identity: str) -> Resource:
    verified = now(work) if identity in rules.VERIFIED else None
    return {"identity_status": identity, "verified_at": verified, "updated_at": now(work)}


CARRIED = frozenset(
    {"campaign_id", "carrier_line_option_status", "carrier_line_option_propagated_at"}
)
INTERNAL = frozenset({"assigned", "secret", "event", "replayable_until"})


def public_fields(resource: Resource) -> Resource:
    """A number, an endpoint or an attempt without what only the mock knows."""
    return {name: value for name, value in resource.items() if name not in INTERNAL}


def render_number(number: Resource) -> Resource:
    """A stored number as shown; raises when it lacks what is not shown, but read by the rules."""
    rules.NUMBER.allowed(number)
    return public_fields(number)


def render_endpoint(endpoint: Resource) -> Resource:
    """A stored endpoint as shown; raises when its secret could not sign."""
    base64.b64decode(endpoint["secret"])
    return public_fields(endpoint)


def render_attempt(attempt: Resource) -> Resource:
    """A stored attempt as shown; raises when it could not be replayed, or found too old for it."""
    parse_instant(attempt["replayable_until"])
    return public_fields({**attempt, "event": attempt["event"]})


def free(work: UnitOfWork, number: Resource) -> Resource:
    """A number without a campaign."""
    kept = {name: value for name, value in number.items() if name not in CARRIED}
    return {**kept, "updated_at": now(work)}


def carrying(work: UnitOfWork, number: Resource, campaign: Resource) -> Resource:
    """A number with a campaign that the carriers do not know of yet."""
    pending = {"campaign_id": campaign["id"], "carrier_line_option_status": "pending"}
    return {**free(work, number), **pending}


def propagated(work: UnitOfWork, number: Resource) -> Resource:
    """A number whose campaign has reached the carriers."""
    reached = {"carrier_line_option_propagated_at": now(work), "updated_at": now(work)}
    kept = {name: each for name, each in number.items() if name != "carrier_line_option_status"}
    return {**kept, **reached}


def wallet(call: Call, wallet: Resource | None) -> Resource:
    """A wallet as shown; an organization without one sees the documented empty one."""
    return empty_wallet(call) if wallet is None else without_id(wallet)


def empty_wallet(call: Call) -> Resource:
    """The documented wallet of an organization that has none."""
    found = call.service.document.operations["getWallet"].example("no-wallet")
    assert found is not None
    return dict(found[1]["data"])


def without_id(resource: Resource) -> Resource:
    """A wallet or a catalogue: the API knows no id of theirs."""
    return {name: value for name, value in resource.items() if name != "id"}


def new_secret(work: UnitOfWork) -> str:
    """32 bytes in base64."""
    return base64.b64encode(work.fakes.random.randbytes(32)).decode()


def endpoint(call: Call) -> Resource:
    """A webhook endpoint as stored, from its request."""
    described = {"description": call.body["description"]} if call.body.get("description") else {}
    return {
        "id": call.fakes.uuid(),
        "org_id": call.customer,
        "url": call.body["url"],
        **described,
        "events": call.body["events"],
        "active": True,
        "api_version": call.body.get("api_version", API_VERSION),
        "created_at": now(call),
        "updated_at": now(call),
        "deleted_at": None,
        "secret": new_secret(call),
    }


def patched_endpoint(call: Call, endpoint: Resource) -> Resource:
    """An endpoint after an update; an empty description clears it."""
    members = ("url", "description", "events", "active")
    changes = {name: call.body[name] for name in members if name in call.body}
    patched = {**endpoint, **changes, "updated_at": now(call)}
    if not patched.get("description"):
        patched.pop("description", None)
    return patched


def rotated(call: Call, endpoint: Resource) -> Resource:
    """An endpoint with a new secret; the old one is worth nothing from now on."""
    return {**endpoint, "secret": new_secret(call), "updated_at": now(call)}


def with_secret(endpoint: Resource) -> Resource:
    """An endpoint as shown when its secret is new, this once."""
    return {**public_fields(endpoint), "secret": endpoint["secret"], "secret_displayed_once": True}


def event(work: UnitOfWork, organization: str, type: str, data: Resource) -> Resource:
    """The envelope of every event; no page of AgentMessage shows one, so it is assumed (§17.33)."""
    return {
        "id": f"evt_{work.fakes.uuid()}",
        "type": type,
        "api_version": API_VERSION,
        "created_at": now(work),
        "org_id": organization,
        "data": data,
    }


def attempt(work: UnitOfWork, delivery: Delivery, attempt: Attempt, outcome: str) -> Resource:
    """One attempt as stored, with the event for a replay."""
    event = load_json(delivery.body)
    answered = attempt.status is not None
    return {
        "id": work.fakes.uuid(),
        "endpoint_id": delivery.about["endpoint"],
        "event_id": bare(event["id"]),
        "event_type": delivery.event,
        "url": delivery.url,
        "attempt": delivery.about["attempt"],
        "outcome": outcome,
        "response_status": attempt.status,
        "response_time_ms": attempt.milliseconds if answered else None,
        "request_body_sha256": hashlib.sha256(delivery.body).hexdigest(),
        "request_body_bytes": len(delivery.body),
        "response_body_excerpt": attempt.excerpt if answered else None,
        "request_headers": dict(delivery.headers),
        "error": attempt.error or None,
        "occurred_at": format_timestamp(attempt.at, 0, "Z"),
        "event": event,
        "replayable_until": format_timestamp(attempt.at + REPLAY_DAYS * 86_400 * SECOND, 0, "Z"),
    }


def tested(attempt: Resource) -> Resource:
    """What a test delivery answers."""
    members = ("outcome", "url", "response_status", "response_time_ms")
    answer = {name: attempt[name] for name in (*members, "response_body_excerpt", "error")}
    return {"event_id": attempt["event"]["id"], **answer}


def replayed(call: Call, delivery: Resource, event: Resource) -> Resource:
    """What a replay answers."""
    return {
        "delivery_id": delivery["id"],
        "endpoint_id": delivery["endpoint_id"],
        "event_type": delivery["event_type"],
        "new_event_id": bare(event["id"]),
        "audit_log_id": call.fakes.uuid(),
        "enqueued_at": now(call),
    }


def bare(event_id: str) -> str:
    """An event's id as delivery records have it, without `evt_`."""
    return event_id.removeprefix("evt_")

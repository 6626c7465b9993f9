"""Zexa's shapes: resources, pages, events, errors; all of them flat, none in an envelope."""

from __future__ import annotations

import hashlib
import hmac
import math
import string
from collections.abc import Sequence
from typing import Any

from understudy.core.clock import format_timestamp
from understudy.core.errors import (
    ApiError,
    Conflict,
    Diagnosis,
    InvalidBody,
    InvalidParameters,
    MethodNotAllowed,
    UnknownPath,
)
from understudy.core.fakes import Fakes
from understudy.core.json_pointer import to_dotted_path
from understudy.core.strict_json import write_json
from understudy.service import STANDARD_NAMES, ErrorExamples, Reply, Resource
from understudy.vendors.zexa import rules
from understudy.vendors.zexa.store import Call, UnitOfWork

LOWER_CASE = string.ascii_lowercase + string.digits
SIGNATURE = "X-Zexa-Signature"
# The members that a resource shows, in Zexa's order; what else is stored is ours.
NEW_CAMPAIGN = ("id", "status", "name", "channel", "total_contacts", "created_at")
CAMPAIGN = (
    "id",
    "name",
    "status",
    "channel",
    "total_contacts",
    "delivered",
    "failed",
    "created_at",
    "started_at",
    "completed_at",
)
MESSAGE = ("id", "status", "channel", "to", "created_at")
CONTACT = ("id", "name", "phone", "email", "lists", "created_at")
SENDER = ("sender_id", "channel", "status", "created_at")
WEBHOOK = ("id", "url", "events", "created_at")


def request_id(fakes: Fakes) -> str:
    return _id(fakes, "req", 8)


def _id(fakes: Fakes, prefix: str, length: int = 12) -> str:
    return f"{prefix}_{fakes.token(length, LOWER_CASE)}"


def at(instant: int) -> str:
    """An instant as Zexa writes it: UTC, to the second."""
    return format_timestamp(instant, 0, "Z")


def now(work: UnitOfWork) -> str:
    return at(work.now)


def finish(call: Call, reply: Reply) -> None:
    """Zexa documents no header that every reply carries."""


def _pick(resource: Resource, members: Sequence[str]) -> Resource:
    return {name: resource[name] for name in members}


def draft(work: UnitOfWork, sent: Resource, total: int, begin: int | None) -> Resource:
    """A campaign as stored, before it is launched.

    Args:
        total: how many contacts it is for.
        begin: the instant it is scheduled for, if any.
    """
    return {
        "id": _id(work.fakes, "cmp"),
        "name": sent["name"],
        "status": "draft",
        "channel": sent["channel"],
        "total_contacts": total,
        "delivered": 0,
        "failed": 0,
        "created_at": now(work),
        "started_at": None,
        "completed_at": None,
        "contact_list_id": sent["contact_list_id"],
        "sender_id": sent["sender_id"],
        "body": sent.get("body"),
        "template": sent.get("template"),
        "scheduled_at": None if begin is None else at(begin),
    }


def new_campaign(campaign: Resource) -> Resource:
    return _pick(campaign, NEW_CAMPAIGN)


def campaign(campaign: Resource) -> Resource:
    return _pick(campaign, CAMPAIGN)


def queued_messages(
    work: UnitOfWork, campaign: Resource, contacts: Sequence[Resource], prices: Sequence[float]
) -> list[Resource]:
    """The messages of a new campaign as stored: to whom, at what price, and how each will end."""
    channel = campaign["channel"]
    return [
        {
            "id": _id(work.fakes, "msg"),
            "status": "queued",
            "channel": channel,
            "to": rules.address(channel, contact),
            "created_at": campaign["created_at"],
            "contact_id": contact["id"],
            "outcome": contact["outcome"],
            "credits": price,
        }
        for contact, price in zip(contacts, prices, strict=True)
    ]


def message(message: Resource) -> Resource:
    return _pick(message, MESSAGE)


def new_contact(work: UnitOfWork, sent: Resource) -> Resource:
    """A contact as stored: active, and reached by every message."""
    return {
        "id": _id(work.fakes, "cnt"),
        "name": sent["name"],
        "phone": sent["phone"],
        "email": sent.get("email"),
        "lists": list(dict.fromkeys(sent.get("lists", []))),
        "created_at": now(work),
        "active": True,
        "opted_out": [],
        "outcome": "delivered",
    }


def contact(contact: Resource) -> Resource:
    return _pick(contact, CONTACT)


def sender(sender: Resource) -> Resource:
    return _pick(sender, SENDER)


def credits(balance: Resource) -> Resource:
    """Whole credits; halves are charged, but not shown."""
    return {"credits": math.floor(balance["credits"]), "currency": balance["currency"]}


def new_webhook(work: UnitOfWork, sent: Resource, key: str) -> Resource:
    """A webhook as stored, with the key that signs what it is sent."""
    return {
        "id": _id(work.fakes, "wh"),
        "url": sent["url"],
        "events": sent["events"],
        "created_at": now(work),
        "signing_key": key,
    }


def webhook(webhook: Resource) -> Resource:
    return _pick(webhook, WEBHOOK)


def event(work: UnitOfWork, name: str, shown: Resource, key: str) -> tuple[bytes, dict[str, str]]:
    """What a webhook is posted: a body, and the header that signs it."""
    body = write_json({"event": name, "created_at": now(work), "data": shown})
    return body, {SIGNATURE: signature(key, body)}


def signature(key: str, body: bytes, sent: str = "") -> str:
    """The signature of a body: HMAC-SHA-256 with the webhook's key, whatever was sent."""
    return f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"


def window(call: Call, total: int, filter: str = "") -> tuple[int, int]:
    """Which of the newest-first resources the page holds: the first, and the one behind the last.

    Args:
        total: how many there are now.
        filter: what else this reading is limited to.
    """
    page, size = call.parameters["page"], call.parameters["per_page"]
    reader = (call.customer, call.operation.id, filter, str(size))
    start = call.session.anchors.newer(reader, page, total) + (page - 1) * size
    return start, start + size


def page(call: Call, shown: list[Resource], total: int) -> Resource:
    """The members that every list of Zexa has."""
    number, size = call.parameters["page"], call.parameters["per_page"]
    return {"data": shown, "meta": {"total": total, "page": number, "per_page": size}}


NOT_FOUND = {"error": "not_found", "message": "Endpoint not found", "details": None}
ERRORS = ErrorExamples(
    examples={**STANDARD_NAMES, Conflict: "phone-taken"},
    # Zexa documents no 405; a wrong method still gets one, as HTTP demands, in Zexa's words.
    undocumented={UnknownPath: NOT_FOUND, MethodNotAllowed: NOT_FOUND},
)
# The faults of a member that have a body of their own, by member and keyword; whatever else is
# wrong is `validation`. When a body has several, the first in this order decides; 400 goes first.
UNREADABLE = {"required": "missing-field", "type": "wrong-type"}
FAULTS = {
    ("", "anyOf"): "body-or-template-required",
    ("channel", "enum"): "unknown-channel",
    ("scheduled_at", "format"): "invalid-schedule",
    ("phone", "pattern"): "invalid-phone",
    ("email", "format"): "invalid-email",
    ("url", "pattern"): "invalid-url",
    ("events", "enum"): "unrecognised-event",
}
RANKS = {place: rank for rank, place in enumerate(FAULTS, start=1)}


def error(call: Call, error: ApiError) -> Reply:
    """An error as Zexa writes it: the documented body of its name, about this request."""
    error, _, status, body = ERRORS.find(call, error, _special_name(call, error))
    about = _about(call, error, body) if body["details"] else {}
    return Reply(status, {**body, **about, "request_id": call.request_id})


def _special_name(call: Call, error: ApiError) -> str:
    """The name of a body that is chosen by what is wrong with the request; "" for the others."""
    if isinstance(error, InvalidBody):
        return _fault_name(call, _deciding(error.diagnoses))
    fault = error.diagnoses[0]
    if fault.where == "path":
        # An id of another form names nothing either.
        return f"{fault.pointer.removesuffix('_id')}-not-found"
    return ""


def _deciding(faults: Sequence[Diagnosis]) -> Diagnosis:
    """The one of a body's faults that the answer is about."""
    unreadable = [fault for fault in faults if fault.code in UNREADABLE]
    return min(unreadable or faults, key=lambda fault: RANKS.get(_place(fault), len(FAULTS) + 1))


def _place(fault: Diagnosis) -> tuple[str, str]:
    """The member of the body that holds a fault, and the keyword that found it."""
    return fault.pointer[1:].partition("/")[0], fault.code


def _fault_name(call: Call, fault: Diagnosis) -> str:
    if fault.code in UNREADABLE:
        # Without a member it is the body as a whole that is missing, or is no object.
        return UNREADABLE[fault.code] if fault.pointer else "malformed-body"
    name = FAULTS.get(_place(fault), fault.code)
    return name if call.operation.example(name) else "validation"


def _about(call: Call, error: ApiError, documented: Resource) -> Resource:
    """A documented body's words, with this request's member and value for the example's."""
    theirs = documented["details"]["field"]
    field, value = _field(call, error, theirs)
    message = documented["message"].replace(theirs, field)
    return {"message": message, "details": {"field": field, "value": value}}


def _field(call: Call, error: ApiError, documented: str) -> tuple[str, Any]:
    """The member or parameter that an error is about, and what was sent there."""
    if isinstance(error, InvalidParameters):
        name = error.diagnoses[0].pointer
        return name, ",".join(call.query[name])
    pointer = _deciding(error.diagnoses).pointer if isinstance(error, InvalidBody) else ""
    pointer = pointer or f"/{documented}"
    return to_dotted_path(pointer), _value(call.body, pointer)


def _value(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer; None when there is none."""
    for token in pointer.split("/")[1:]:
        if isinstance(document, list):
            document = document[int(token)]
        else:
            document = document.get(token) if isinstance(document, dict) else None
    return document

"""Tether's shapes: the envelope, campaigns, contacts, messages, plans, errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from understudy.core.clock import SECOND, format_timestamp
from understudy.core.errors import (
    ApiError,
    Diagnosis,
    Forbidden,
    InvalidBody,
    MethodNotAllowed,
    UnknownPath,
)
from understudy.core.fakes import Fakes
from understudy.core.strict_json import write_json
from understudy.service import STANDARD_NAMES, Account, ErrorExamples, Reply, Resource
from understudy.vendors.tether import rules
from understudy.vendors.tether.store import Call, UnitOfWork

HEX = "0123456789abcdef"
DAY = 24 * 60 * 60 * SECOND
TAG = re.compile(r"\{\{\s*(\w+)\s*\}\}")
# Open members of a campaign: kept, and given back as they came.
ON_CREATION = ("segmentation", "assignment", "rawCsvData")
ON_UPDATE = ("segmentProcesses", "segmentStatuses", "segmentSchedules")


def new_id(fakes: Fakes) -> str:
    return fakes.token(24, HEX)


def at(instant: int) -> str:
    """An instant as Tether writes it: UTC, with milliseconds."""
    return format_timestamp(instant, 3, "Z")


def now(work: UnitOfWork) -> str:
    return at(work.now)


def finish(call: Call, reply: Reply) -> None:
    """Tether documents no header that every reply carries."""


def found(data: Any) -> Reply:
    """What was asked for."""
    return Reply(200, {"success": True, "data": data})


def done(message: str, data: Resource | None = None, status: int = 200) -> Reply:
    """What came of a change."""
    shown = {} if data is None else {"data": data}
    return Reply(status, {"success": True, "message": message, **shown})


def answer(**members: Any) -> Reply:
    """An answer that stands beside `success`, not in `data`."""
    return Reply(200, {"success": True, **members})


def stats(total: int, failed: int = 0, finished: bool = False) -> Resource:
    """A campaign's numbers; until it is finished nothing counts as sent."""
    sent = max(0, total - failed) if finished else 0
    rate = (200 * sent + total) // (2 * total) if total else 0
    return {"total": total, "sent": sent, "failed": failed, "successRate": f"{rate}%"}


def draft(call: Call, sent: Resource, contacts: Sequence[Resource]) -> Resource:
    """A campaign as stored and shown, before it is launched."""
    return {
        "_id": new_id(call.fakes),
        "organizationId": call.customer,
        "name": sent["name"],
        "message": sent["message"],
        "userIds": [contact["_id"] for contact in contacts],
        "scheduleDate": at(rules.begin(sent, call.now)),
        **_stated(sent, "process"),
        "contactStatus": contact_status(sent),
        "isAutopilot": sent.get("isAutopilot", False),
        "type": sent.get("type", "sms"),
        "status": "draft",
        "createdBy": {"_id": rules.user(call)["user"], "fullName": rules.user(call)["fullName"]},
        "failedUserIds": [],
        "failedDetails": [],
        **_stated(sent, *ON_CREATION),
        "stats": stats(len(contacts)),
        "createdAt": now(call),
        "updatedAt": now(call),
    }


def contact_status(sent: Resource) -> str:
    """The pipeline status for a campaign's contacts; requests call it `status`."""
    return str(sent.get("status", "New Lead"))


def _stated(sent: Resource, *names: str) -> Resource:
    return {name: sent[name] for name in names if name in sent}


def changes(call: Call, sent: Resource) -> Resource:
    """What an update changes of a campaign; what the request leaves out stays."""
    changed = _stated(sent, "name", "message", "isAutopilot", "process", *ON_UPDATE)
    if "status" in sent:
        changed["contactStatus"] = sent["status"]
    if "scheduleDate" in sent:
        changed["scheduleDate"] = at(rules.begin(sent, call.now))
    return {**changed, "updatedAt": now(call)}


def new_contact(call: Call, sent: Resource) -> Resource:
    """A contact as stored, with whatever else was sent of it for merge tags."""
    owner = rules.user(call)["user"]
    return {
        **sent,
        "_id": new_id(call.fakes),
        **{name: sent.get(name) for name in ("firstName", "lastName", "phoneNumber", "email")},
        "status": contact_status(call.body),
        "pipelineId": None,
        "pipelineStage": None,
        "organizationId": call.customer,
        "userId": owner,
        "createdBy": owner,
        "assignees": [],
        "createdAt": now(call),
        "updatedAt": now(call),
        "lastOutboundAt": None,
        "lastInboundAt": None,
        "protectedUntil": None,
    }


def messaged(work: UnitOfWork, contact: Resource, organization: Resource) -> Resource:
    """A contact after it was sent an SMS: protected for a while."""
    protected = at(work.now + organization["contactProtectionDays"] * DAY)
    told = {"updatedAt": now(work), "lastOutboundAt": now(work), "protectedUntil": protected}
    return {**contact, **told}


def message(work: UnitOfWork, campaign: Resource, contact: Resource) -> Resource:
    """What one contact is sent."""
    return {
        "_id": new_id(work.fakes),
        "conversationId": new_id(work.fakes),
        "contactId": contact["_id"],
        "content": rendered(campaign["message"], contact),
        "direction": "outbound",
        "channelType": campaign["type"],
        "status": "sent",
        "sentBy": campaign["createdBy"]["_id"],
        "isAIGenerated": False,
        "createdAt": now(work),
    }


def rendered(text: str, contact: Resource) -> str:
    """A text with its merge tags filled in; a member that the contact lacks is empty."""
    return TAG.sub(lambda tag: _to_text(contact.get(tag[1])), text)


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else write_json(value).decode()


def failure(contact: Resource, reason: str) -> Resource:
    """Why a contact was not reached."""
    return {
        "contactId": contact["_id"],
        "phoneNumber": contact.get("phoneNumber"),
        "reason": reason,
    }


def dispatched(
    work: UnitOfWork, campaign: Resource, event: str, failures: Sequence[Resource]
) -> Resource:
    """What a campaign's dispatch, which ends with this event, changes of it."""
    total = campaign["stats"]["total"]
    return {
        "failedUserIds": [failure["contactId"] for failure in failures],
        "failedDetails": list(failures),
        "stats": stats(total, total if event == "fail" else len(failures), finished=True),
        "updatedAt": now(work),
    }


def campaign(campaign: Resource) -> Resource:
    """A campaign is shown as it is stored."""
    return campaign


def window(call: Call, total: int, newer: int = 0) -> tuple[int, int]:
    """Which of a list's campaigns the page holds: the first, and the one behind the last.

    Args:
        total: how many there are now.
        newer: how many of them came since the reading began, and are skipped.
    """
    size = call.parameters["limit"]
    start = newer + (call.parameters["page"] - 1) * size
    return min(start, total), min(start + size, total)


def newest_window(call: Call, total: int, *filters: str | None) -> tuple[int, int]:
    """The window of a newest-first list that may grow between the pages of one reading.

    Args:
        filters: what this reading is limited to.
    """
    page, size = call.parameters["page"], call.parameters["limit"]
    reader = (call.customer, call.operation.id, str(filters), str(size))
    return window(call, total, call.session.anchors.newer(reader, page, total))


def page(call: Call, campaigns: Sequence[Resource], total: int) -> Reply:
    number, size = call.parameters["page"], call.parameters["limit"]
    return answer(data=campaigns, total=total, page=number, limit=size)


def plan(found: Sequence[tuple[int, int]], skipped: Sequence[str]) -> Reply:
    """Segments, and a warning for each day that is full; none at all on a plan of no SMS."""
    segments = [
        {"id": f"seg-{number}", "scheduledDate": at(instant), "contactCount": count}
        for number, (instant, count) in enumerate(found, start=1)
    ]
    warnings = [f"{day} is fully booked and was skipped" for day in skipped]
    if not segments:
        warnings = ["The plan holds no SMS on any day"]
    return answer(segments=segments, totalSegments=len(segments), warnings=warnings)


def verdict(calendar: rules.Calendar, day: str, count: int) -> Reply:
    """Whether a day has room for so many contacts."""
    remaining, available = calendar.left(day), calendar.holds(day, count)
    shortage = {} if available else {"message": f"Only {remaining} SMS remain on {day}"}
    return answer(available=available, remaining=remaining, limit=calendar.limit, **shortage)


def slot(calendar: rules.Calendar, instant: int, day: str | None, ahead: int) -> Reply:
    """Today's usage and the next day with room.

    Args:
        day: None when no day has room.
        ahead: in days.
    """
    today = calendar.day(instant)
    return answer(
        isUnlimited=calendar.limit is None,
        timezone=calendar.organization["timezone"],
        dailyLimit=calendar.limit,
        todayDate=today,
        todayUsage=calendar.used(today),
        todayAvailableQuota=calendar.left(today),
        nextAvailableDate=day,
        availableQuota=0 if day is None else calendar.left(day),
        daysUntilAvailable=ahead,
        message=_slot_message(calendar, day, ahead),
    )


def _slot_message(calendar: rules.Calendar, day: str | None, ahead: int) -> str:
    if calendar.limit is None:
        return "The plan has no daily limit."
    if day is None:
        return f"No slot with enough quota within {rules.HORIZON_DAYS} days."
    if ahead == 0:
        return "Enough quota is available today."
    quota = "full daily quota" if calendar.left(day) == calendar.limit else "enough quota"
    return f"Next slot with {quota} is {'tomorrow' if ahead == 1 else f'in {ahead} days'}."


def usage(calendar: rules.Calendar, first: str, last: str) -> Reply:
    """The days of a range on which there is anything."""
    days = {day: _day(calendar, day) for day in calendar.days(first, last)}
    return found(
        {
            "timezone": calendar.organization["timezone"],
            "dailyLimit": calendar.limit,
            "isUnlimited": calendar.limit is None,
            "plan": calendar.organization["plan"],
            "dates": days,
        }
    )


def _day(calendar: rules.Calendar, day: str) -> Resource:
    return {
        "sent": calendar.sent.get(day, 0),
        "reserved": calendar.reserved(day),
        "total": calendar.used(day),
        "availableQuota": calendar.left(day),
        "campaigns": [
            {
                "campaignId": campaign["_id"],
                "campaignName": campaign["name"],
                "contactCount": campaign["stats"]["total"],
                "status": campaign["status"],
            }
            for campaign in calendar.campaigns.get(day, ())
        ],
    }


def buckets(classified: dict[str, list[Resource]]) -> Reply:
    """Contacts by bucket: new ones as they were sent, known ones by id and number."""
    known = {
        name: [known_contact(each) for each in contacts]
        for name, contacts in classified.items()
        if name != "newContacts"
    }
    return found({"newContacts": classified["newContacts"], **known})


def known_contact(contact: Resource) -> Resource:
    """A contact as the buckets tell it; none of those has no number."""
    number = contact["phoneNumber"]
    return {"_id": contact["_id"], "phoneNumber": "" if number is None else number}


def session(account: Account) -> Reply:
    """A user's token, and who the user is; here ids are called `id`."""
    user = {
        "id": account["user"],
        "email": account["email"],
        "fullName": account["fullName"],
        "organizationId": account["organization"],
        "accessRole": account["role"],
    }
    return Reply(200, {"token": account.credential, "user": user})


BOUNDS = {"minimum": ">=", "maximum": "<="}


def _undocumented(code: str, text: str) -> Resource:
    return {"success": False, "message": text, "error": {"code": code, "message": text}}


ERRORS = ErrorExamples(
    examples={**STANDARD_NAMES, Forbidden: "insufficient-permissions"},
    transitions={
        ("campaign", "update"): "not-scheduled",
        ("campaign", "cancel"): "not-scheduled",
        ("campaign", "send"): "not-scheduled",
        ("campaign", "delete"): "campaign-sending",
    },
    undocumented={
        UnknownPath: _undocumented("not_found", "Endpoint not found"),
        MethodNotAllowed: _undocumented("method_not_allowed", "Method not allowed"),
    },
)


def error(call: Call, error: ApiError) -> Reply:
    """An error in Tether's envelope: the documented body of its name, about this request."""
    # With no field to name, it is the body as a whole that is missing, or is no object.
    is_whole = isinstance(error, InvalidBody) and not _deciding(error.diagnoses).pointer
    error, name, status, body = ERRORS.find(call, error, "malformed-body" if is_whole else "")
    if name == "validation":
        body = _reworded(body, _words(_deciding(error.diagnoses)))
    return Reply(status, body)


def _deciding(faults: Sequence[Diagnosis]) -> Diagnosis:
    """The one fault that the answer is about: what is missing goes first."""
    return next((fault for fault in faults if fault.code == "required"), faults[0])


def _words(fault: Diagnosis) -> str:
    """What a fault is, of the innermost member that has a name."""
    member = [part for part in fault.pointer.split("/") if part and not part.isdecimal()][-1]
    if fault.code == "required" and fault.where == "query":
        return "from and to are required"
    if fault.code == "required":
        return f"Missing required field: {member}"
    if fault.code in BOUNDS:
        return f"{member} must be {BOUNDS[fault.code]} {fault.message.rpartition(' of ')[2]}"
    return f"Invalid {member}"


def _reworded(body: Resource, text: str) -> Resource:
    """A documented body with another text; the login has a text alone."""
    if isinstance(body["error"], str):
        return {"error": text}
    return {**body, "message": text, "error": {**body["error"], "message": text}}

"""Tether's rules: whom a campaign reaches, what a day still holds, how a campaign moves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from understudy.core.clock import MILLISECOND, SECOND, parse_instant
from understudy.core.errors import Conflict, Forbidden, NotFound, Refused
from understudy.openapi.document import Operation
from understudy.service import Account, Lifecycle, Limit, Resource
from understudy.service.checks import diagnose_parameters
from understudy.vendors.tether.store import Call, UnitOfWork

# A draft is a request that is being read; it and a deleted campaign are never stored.
CAMPAIGN = Lifecycle(
    "campaign",
    "status",
    {
        "draft": {"schedule": "scheduled", "send": "sending"},
        "scheduled": {
            "update": "scheduled",
            "schedule": "scheduled",
            "cancel": "cancelled",
            "send": "sending",
            "delete": "deleted",
        },
        "sending": {"complete": "completed", "fail": "failed"},
        "completed": {"delete": "deleted"},
        "failed": {"delete": "deleted"},
        "cancelled": {"delete": "deleted"},
        "deleted": {},
    },
)
# States in which a campaign's contacts count against their day, though nothing is sent yet.
RESERVING = frozenset({"scheduled", "sending"})

# Tether documents no rate limit; these are ours. Logins have no account and share one.
ACCOUNT_LIMIT = Limit("account", count=100, seconds=60, burst=100)
LOGIN_LIMIT = Limit("login", count=100, seconds=60, burst=100)

# A recipient, and why it is not reached; None when it is.
Verdict = tuple[Resource, str | None]

SEPARATORS = re.compile(r"[^\w+]|_")
E164 = re.compile(r"\+[1-9][0-9]{1,14}")
# Why a contact is not reached by a campaign that was made to fail.
REJECTED = "Rejected by the carrier"
SEGMENT = 100
HORIZON_DAYS = 60


def limit(operation: Operation) -> Limit:
    """The limit of every operation that has an account."""
    return ACCOUNT_LIMIT


# Every user of an organization may do everything; other roles are told that they lack access.
ROLES = frozenset({"ADMIN", "USER"})


async def count_login(call: Call) -> None:
    """Count a request that needs no token."""
    if call.account is None:
        call.standing = call.session.windows.take("tether/login", LOGIN_LIMIT, call.now)


async def acts_for_organization(call: Call) -> None:
    """A token acts for the whole organization of its user, when the user's role has access."""
    if call.account is None:
        return
    call.customer = call.account["organization"]
    role = call.account["role"]
    if role not in ROLES:
        known = ", ".join(sorted(ROLES))
        raise Forbidden(f'the role "{role}" lacks access', hint=f"roles with access: {known}")


async def id_is_one(call: Call) -> None:
    """An id in the path that is no id names nothing, before the body is looked at."""
    for fault in diagnose_parameters(call):
        if fault.where == "path":
            raise NotFound("campaign", call.path_values[fault.pointer])


def user(call: Call) -> Account:
    """The user behind the token."""
    assert call.account is not None
    return call.account


def login(call: Call, email: str, password: str) -> Account:
    """The active user with this email and password.

    Raises:
        Refused: there is none.
    """
    assert call.service.accounts is not None
    for account in call.service.accounts.all:
        known = (account["email"].casefold(), account["password"])
        if known == (email.casefold(), password) and not account.revoked:
            return account
    default = call.service.accounts.default
    hint = f'"{default["email"]}" with "{default["password"]}" would work'
    raise Refused("invalid-credentials", f'no active user "{email}" has this password', hint)


def begin(sent: Resource, now: int) -> int:
    """The instant at which a request wants its campaign to start: never in the past."""
    text = sent.get("scheduleDate")
    wanted = now if text is None else parse_instant(text)
    # Tether keeps milliseconds.
    return max(wanted, now) // MILLISECOND * MILLISECOND


def launched(campaign: Resource, now: int) -> Resource:
    """A campaign whose date was just set: waiting for it, or on its way."""
    ahead = parse_instant(campaign["scheduleDate"]) > now
    return CAMPAIGN.fire(campaign, "schedule" if ahead else "send")


def is_scheduled(campaign: Resource) -> bool:
    return "cancel" in CAMPAIGN.allowed(campaign)


async def waiting_campaign(
    work: UnitOfWork, organization: str, campaign_id: str, event: str
) -> Resource | None:
    """The campaign when this event can come next; None when it cannot, or is gone."""
    campaign = await work.store.campaigns.find(campaign_id, organization)
    return campaign if campaign and event in CAMPAIGN.allowed(campaign) else None


def verdicts(recipients: Sequence[Resource], otherwise: str | None = None) -> list[Verdict]:
    """Each recipient with the reason why it is not reached; None when it is.

    Args:
        otherwise: the reason of those who could be reached.
    """
    return [(recipient, unreachable(recipient) or otherwise) for recipient in recipients]


def outcome(campaign: Resource, verdicts: Sequence[Verdict]) -> str:
    """The event with which sending ends; a campaign for nobody is completed."""
    failed = sum(reason is not None for _, reason in verdicts)
    return "fail" if 0 < campaign["stats"]["total"] <= failed else "complete"


def can_complete(campaign: Resource, verdicts: Sequence[Verdict]) -> None:
    """Also by hand a campaign that reaches none of its contacts does not complete.

    Raises:
        Conflict: it is such a campaign.
    """
    if outcome(campaign, verdicts) != "complete":
        raise Conflict(
            f"the campaign reaches none of its {len(verdicts)} contacts, so it cannot complete",
            hint="fire fail, or create it for a contact with a phone number",
        )


def matches(campaign: Resource, status: str | None, search: str | None) -> bool:
    """Whether a list with these filters shows a campaign."""
    return (status is None or campaign["status"] == status) and (
        search is None or search.casefold() in campaign["name"].casefold()
    )


def upcoming(campaigns: Sequence[Resource], now: int) -> list[Resource]:
    """The scheduled campaigns whose date is ahead, the next one first."""
    ahead = [
        (parse_instant(each["scheduleDate"]), each["_id"], each)
        for each in campaigns
        if is_scheduled(each) and parse_instant(each["scheduleDate"]) > now
    ]
    return [campaign for _, _, campaign in sorted(ahead, key=lambda each: each[:2])]


def phone(contact: Resource) -> str:
    """What contacts are told apart by: the number without spaces and punctuation."""
    return SEPARATORS.sub("", contact.get("phoneNumber") or "")


def unreachable(contact: Resource) -> str | None:
    """Why a contact cannot be sent an SMS; None when it can."""
    if not (contact.get("phoneNumber") or "").strip():
        return "Missing phone number"
    return None if E164.fullmatch(phone(contact)) else "Invalid phone number"


async def contacts_by_phone(call: Call) -> dict[str, Resource]:
    """The organization's contacts by phone number; of two with one number the older counts."""
    contacts = await call.store.contacts.list(call.customer)
    return {phone(each): each for each in reversed(contacts) if phone(each)}


async def recipients(call: Call, sent: Resource) -> tuple[list[Resource], list[Resource]]:
    """Whom a campaign is for, nobody and no phone number twice.

    Returns:
        New contacts as they were sent, and known ones as they are stored; an id that the
        organization does not have stands for what was sent with it.
    """
    named = [
        *sent.get("newContacts", []),
        *sent.get("selectedExistingContacts", []),
        *({"_id": id} for id in sent.get("userIds", [])),
    ]
    nameless = any("_id" not in each for each in named)
    by_phone = await contacts_by_phone(call) if nameless else {}
    new: list[Resource] = []
    known: list[Resource] = []
    met: set[str] = set()
    for each in named:
        contact = await _stored(call, each, by_phone)
        marks = {contact.get("_id", ""), phone(contact)} - {""}
        if not marks & met:
            (known if "_id" in contact else new).append(contact)
        met |= marks
    return new, known


async def _stored(call: Call, sent: Resource, by_phone: Mapping[str, Resource]) -> Resource:
    if "_id" in sent:
        return await call.store.contacts.find(sent["_id"], call.customer) or sent
    return by_phone.get(phone(sent), sent)


# Every bucket, in Tether's order.
BUCKETS = (
    "newContacts",
    "existingContacts",
    "assignedToOtherUsers",
    "alreadyMessagedOutbound",
    "alreadyMessagedInbound",
    "assignedToYouNotOwned",
    "protectedContacts",
)


def classified(
    sent: Sequence[Resource], known: Mapping[str, Resource], caller: str, now: int
) -> dict[str, list[Resource]]:
    """Contacts by bucket, each phone number once: as stored, or new ones as they were sent.

    Args:
        known: the organization's contacts by phone number.
        caller: id of the user who asks.
    """
    buckets: dict[str, list[Resource]] = {name: [] for name in BUCKETS}
    numbers = set()
    for each in sent:
        number = phone(each)
        contact = known.get(number)
        if number not in numbers:
            buckets[_bucket(contact, caller, now)].append(contact or each)
        numbers.add(number)
    return buckets


def _bucket(contact: Resource | None, caller: str, now: int) -> str:
    if contact is None:
        return "newContacts"
    owned, assignees = contact["userId"] == caller, contact["assignees"]
    # What speaks against a contact, the strongest first.
    verdicts = (
        ("protectedContacts", not owned and _is_protected(contact, now)),
        ("assignedToOtherUsers", assignees and caller not in assignees),
        ("alreadyMessagedInbound", contact["lastInboundAt"]),
        ("alreadyMessagedOutbound", contact["lastOutboundAt"]),
        ("assignedToYouNotOwned", caller in assignees and not owned),
    )
    return next((bucket for bucket, holds in verdicts if holds), "existingContacts")


def _is_protected(contact: Resource, now: int) -> bool:
    until = contact["protectedUntil"]
    return until is not None and parse_instant(until) > now


def local(at: int, zone: ZoneInfo) -> datetime:
    """An instant on the clocks of a timezone, to the second."""
    return datetime.fromtimestamp(at // SECOND, zone)


def local_day(campaign: Resource, organization: Resource) -> str:
    """The day on which a campaign counts, in its organization's timezone."""
    zone = ZoneInfo(organization["timezone"])
    return local(parse_instant(campaign["scheduleDate"]), zone).date().isoformat()


@dataclass(frozen=True)
class Calendar:
    """What an organization sends on each of its local days (`YYYY-MM-DD`).

    Attributes:
        limit: how many SMS a day holds; None on an unlimited plan.
        sent: SMS by day.
        campaigns: by day; without the cancelled ones.
    """

    organization: Resource
    zone: ZoneInfo
    limit: int | None
    sent: Mapping[str, int]
    campaigns: Mapping[str, Sequence[Resource]]

    def day(self, at: int) -> str:
        """The day on which an instant falls."""
        return local(at, self.zone).date().isoformat()

    def reserved(self, day: str) -> int:
        """Contacts of campaigns that are scheduled or sending."""
        campaigns = self.campaigns.get(day, ())
        return sum(each["stats"]["total"] for each in campaigns if each["status"] in RESERVING)

    def used(self, day: str) -> int:
        """Sent and reserved."""
        return self.sent.get(day, 0) + self.reserved(day)

    def left(self, day: str) -> int | None:
        """What the day still holds; None on an unlimited plan."""
        return None if self.limit is None else max(0, self.limit - self.used(day))

    def holds(self, day: str, count: int) -> bool:
        """Whether the day has room for so many contacts."""
        left = self.left(day)
        return left is None or left >= count

    def days(self, first: str, last: str) -> list[str]:
        """The days of a range, both ends included, on which there is anything."""
        return [day for day in sorted({*self.sent, *self.campaigns}) if first <= day <= last]


async def calendar(work: UnitOfWork, organization_id: str, without: str | None = None) -> Calendar:
    """An organization's calendar.

    Args:
        without: id of a campaign to leave out.
    """
    organization = await work.store.organizations.get(organization_id)
    zone = ZoneInfo(organization["timezone"])
    campaigns: dict[str, list[Resource]] = {}
    for each in await work.store.campaigns.list(organization_id):
        if each["status"] != "cancelled" and each["_id"] != without:
            campaigns.setdefault(local_day(each, organization), []).append(each)
    days = await work.store.days.list(organization_id)
    sent = {day["_id"]: day["sent"] for day in days if day["sent"]}
    return Calendar(organization, zone, organization["dailyLimit"], sent, campaigns)


async def day_has_service(call: Call, campaign: Resource) -> None:
    """Where the organization enforces its quota, the campaign's day has room for it.

    Raises:
        Refused: it has not; the campaign's own reservation does not count.
    """
    organization = await call.store.organizations.get(call.customer)
    if not organization["enforcesQuota"]:
        return
    booked = await calendar(call, call.customer, without=campaign["_id"])
    day, total = booked.day(parse_instant(campaign["scheduleDate"])), campaign["stats"]["total"]
    if not booked.holds(day, total):
        left = booked.left(day)
        raise Refused(
            "quota-exceeded",
            f"{day} has room for {left} contacts, the campaign has {total}",
            hint="ask getNextAvailableSlot for a day with room",
        )


def next_day(calendar: Calendar, now: int, count: int) -> tuple[str | None, int]:
    """The first day with room for so many contacts, and how many days it is ahead.

    None, when no day within the horizon has room.
    """
    today = local(now, calendar.zone).date()
    for ahead in range(HORIZON_DAYS + 1):
        day = (today + timedelta(days=ahead)).isoformat()
        if calendar.holds(day, count):
            return day, ahead
    return None, HORIZON_DAYS


def first_segment(sent: Resource, zone: ZoneInfo, now: int) -> datetime:
    """When the first segment goes out, on the clocks of the user."""
    day = sent.get("firstSegmentDate")
    return datetime.combine(
        local(now, zone).date() if day is None else date.fromisoformat(day),
        time.fromisoformat(sent.get("firstSegmentTime", "10:00")),
        zone,
    )


def segments(
    calendar: Calendar, total: int, begin: datetime
) -> tuple[list[tuple[int, int]], list[str]]:
    """Contacts spread over days, at the same time of the user's day.

    Returns:
        Instant and number of contacts of each segment; and the days that are fully booked.
    """
    found: list[tuple[int, int]] = []
    skipped: list[str] = []
    planned: Counter[str] = Counter()
    # On a plan that holds nothing every day is full, for ever.
    while total > 0 and calendar.limit != 0:
        at = int(begin.timestamp()) * SECOND
        day = calendar.day(at)
        left = calendar.left(day)
        size = min(SEGMENT, total, SEGMENT if left is None else left - planned[day])
        if size > 0:
            found.append((at, size))
        else:
            skipped.append(day)
        total -= size
        planned[day] += size
        # Between zones that change their clocks apart, two of these can fall on one day.
        begin += timedelta(days=1)
    return found, skipped

"""Realistic requests to Tether: what a populated world is made of, by Tether's own rules."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from understudy.core.clock import SECOND, format_timestamp
from understudy.core.yaml_io import read_yaml
from understudy.service import Resource
from understudy.vendors.tether import rules, serializers
from understudy.vendors.tether.store import Call

Request = tuple[dict[str, str], Any]

QUARTER = 15 * 60 * SECOND
DAY = 24 * 60 * 60 * SECOND
# The most contacts of one campaign.
MOST = 12
TEXTS = read_yaml(Path(__file__).with_name("samples.yaml").read_bytes())
# What a campaign is for, and what it says; $... is filled in here, {{...}} by Tether.
OCCASIONS = list(TEXTS["occasions"].items())
CONTACT_STATUSES = ("New Lead", "Contacted", "Qualified", "Appointment Set", "Won", "Lost")
PROCESSES = ("Sales Agent", "Support Agent", "Appointment Setter")
# How recipients are named, and how often: stored ones whole, or by id alone, new ones, or both; a
# single new one with a mistyped number, so that the campaign fails; nobody.
WAYS = {"selected": 48, "ids": 24, "new": 13, "both": 10, "mistyped": 3, "nobody": 2}
AREA_CODES = (416, 647, 514, 604, 403, 613, 902, 204, 415, 212)
# Most numbers are clean; some have been typed by hand, and some reach nobody.
MISTYPED = "555-{last}"
NUMBERS = (*("+1{area}555{last}",) * 17, *("+1 ({area}) 555-{last}",) * 2, MISTYPED)


async def campaign(call: Call) -> Request:
    """A campaign of the caller's organization, on a day that has room for it."""
    assert call.account is not None
    organization = await call.store.organizations.get(call.account["organization"])
    recipients = await _recipients(call, organization)
    count = sum(map(len, recipients.values()))
    body = {
        **_content(call, organization),
        **recipients,
        **await _date(call, organization, count),
        **_choices(call),
        **_extras(call, recipients),
    }
    return {}, body


def _content(call: Call, organization: Resource) -> Resource:
    """What a campaign is called, and what it says."""
    random = call.fakes.random
    occasion, text = random.choice(OCCASIONS)
    assert call.account is not None
    words = {
        "company": organization["name"],
        "rep": call.account["fullName"],
        "date": _day(call.now + random.randint(32, 60) * DAY),
        "hour": str(random.randint(9, 18)),
        "percent": str(random.randrange(5, 55, 5)),
    }
    quarter = (int(format_timestamp(call.now)[5:7]) + 2) // 3
    place = call.fakes.faker.city()
    name = random.choice((occasion, f"Q{quarter} {occasion}", f"{occasion} - {place}"))
    return {"name": name, "message": Template(text).substitute(words)}


def _day(instant: int) -> str:
    """A day as people write it: June 14."""
    day = format_timestamp(instant)[:10]
    return f"{calendar.month_name[int(day[5:7])]} {int(day[8:])}"


async def _recipients(call: Call, organization: Resource) -> dict[str, list[Any]]:
    """Whom a campaign is for: never more than a day of the plan holds."""
    random = call.fakes.random
    limit = organization["dailyLimit"]
    most = MOST if limit is None else min(MOST, limit)
    way = random.choices(list(WAYS), list(WAYS.values()))[0] if most else "nobody"
    count = random.randint(1, max(1, most))
    new = {"new": min(count, 4), "both": min(count - 1, 2)}.get(way, 0)
    found: dict[str, list[Any]] = {"newContacts": [_new_contact(call) for _ in range(new)]}
    if way == "mistyped":
        found["newContacts"] = [_new_contact(call, (MISTYPED,))]
    if way in ("selected", "both"):
        known = await _stored(call, organization, count - new)
        found["selectedExistingContacts"] = [_as_selected(each) for each in known]
    if way == "ids":
        found["userIds"] = [each["_id"] for each in await _stored(call, organization, count)]
    return {name: contacts for name, contacts in found.items() if contacts}


async def _stored(call: Call, organization: Resource, most: int) -> list[Resource]:
    """Some neighbours among the organization's contacts: reading all of them would be slow."""
    total = await call.store.contacts.count(organization["_id"])
    first = call.fakes.random.randint(0, max(0, total - most))
    found: list[Resource] = await call.store.contacts.page(organization["_id"], first, most)
    return found


def _as_selected(contact: Resource) -> Resource:
    """What a page that lets people select contacts sends of one."""
    return {name: contact.get(name) for name in ("_id", "firstName", "lastName", "phoneNumber")}


def _new_contact(call: Call, numbers: Sequence[str] = NUMBERS) -> Resource:
    """Somebody of whom a name and a number are known; the numbers are nobody's."""
    random, faker = call.fakes.random, call.fakes.faker
    first, last = faker.first_name(), faker.last_name()
    area, line = random.choice(AREA_CODES), f"{random.randint(100, 199):04d}"
    number = random.choice(numbers).format(area=area, last=line)
    contact = {"firstName": first, "lastName": last, "phoneNumber": number}
    if random.random() < 0.6:
        contact["email"] = f"{first}.{last}@example.com".lower().replace(" ", "")
    return contact


async def _date(call: Call, organization: Resource, count: int) -> Resource:
    """When a campaign begins: at once, or by day within a month.

    Where the quota is enforced it is a day with room for so many contacts. The more campaigns
    there are, the further ahead it is looked for, so that there are many to choose from.
    """
    random = call.fakes.random
    quarters = random.randint(13 * 4, 23 * 4)
    begin = (call.now // DAY + random.randint(1, 30)) * DAY + quarters * QUARTER
    at_once = random.random() < 0.45
    if organization["enforcesQuota"]:
        booked = await rules.calendar(call, organization["_id"])
        at_once = at_once and booked.holds(booked.day(call.now), count)
        begin += random.randint(0, await call.store.campaigns.count(organization["_id"])) * DAY
        while not booked.holds(booked.day(begin), count):
            begin += DAY
    return {} if at_once else {"scheduleDate": serializers.at(begin)}


def _choices(call: Call) -> Resource:
    """Members that people fill in or leave to their defaults."""
    random = call.fakes.random
    choices: Resource = {
        "type": "sms",
        "isAutopilot": random.random() < 0.3,
        "status": random.choice(CONTACT_STATUSES),
        "process": random.choice(PROCESSES),
    }
    return {name: value for name, value in choices.items() if random.random() < 0.7}


def _extras(call: Call, recipients: dict[str, list[Any]]) -> Resource:
    """The open members: segments, who gets the replies, where new contacts come from."""
    random = call.fakes.random
    assert call.account is not None
    extras: Resource = {}
    if random.random() < 0.15:
        extras["segmentation"] = {"enabled": True, "contactDistribution": [50, 30, 20]}
    if random.random() < 0.2:
        extras["assignment"] = {
            "isAssignmentEnabled": True,
            "assignmentType": "round-robin",
            "selectedUsers": [call.account["user"]],
        }
    if "newContacts" in recipients:
        file = f"leads-{format_timestamp(call.now)[:10]}.csv"
        extras["rawCsvData"] = {"fileName": file, "rows": len(recipients["newContacts"])}
    return extras

"""Realistic requests to Zexa: what a populated world is made of, by Zexa's own rules."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.core.clock import SECOND, format_timestamp
from understudy.core.yaml_io import read_yaml
from understudy.service import Resource
from understudy.vendors.zexa import rules
from understudy.vendors.zexa.store import Call

Request = tuple[dict[str, str], Any]

QUARTER = 15 * 60 * SECOND
DAY = 24 * 60 * 60 * SECOND
# How far Luanda's clocks are ahead of UTC.
LUANDA = 60 * 60 * SECOND
# An odd factor that 5 does not divide, so that it only changes the order of five-digit numbers.
SHUFFLE, SERIALS = 61_803, 100_000


@dataclass(frozen=True)
class Occasion:
    """What a campaign is for.

    Attributes:
        name: how its sender calls it.
        en, pt: what it says in English and in Portuguese.
        template: the WhatsApp template that says the same, and its variables.
    """

    name: str
    en: str
    pt: str
    template: str
    variables: tuple[str, ...] = ()


TEXTS = read_yaml(Path(__file__).with_name("samples.yaml").read_bytes())
OCCASIONS = [Occasion(**each) for each in TEXTS["occasions"]]
PLACES: Sequence[str] = TEXTS["places"]
# What each channel puts around a text.
FRAMES = {
    "sms": "{text} {stop}",
    "whatsapp": "{text}",
    "telegram": "{text}",
    "email": "{greeting},\n\n{text}\n\n{closing} {brand}",
    "slack": ":mega: {text}",
}
WORDS: Mapping[str, Mapping[str, str]] = TEXTS["words"]
GIVEN: Sequence[str] = TEXTS["given"]
FAMILY: Sequence[str] = TEXTS["family"]
# Where mobile numbers begin: mostly at home, else in Portugal, Mozambique, Namibia, Brazil.
PREFIXES = (*("+2449",) * 8, "+3519", "+2588", "+2648", "+55119")
EVENTS = (
    "message.delivered",
    "message.failed",
    "message.undeliverable",
    "message.optout",
    "campaign.sent",
    "campaign.completed",
)


async def campaign(call: Call) -> Request:
    """A campaign that fits its channel, to a list of the account, with the credits it needs."""
    random, customer = call.fakes.random, _customer(call)
    contacts = await call.store.contacts.list(customer)
    channel, sender = random.choice(await _senders(call, customer))
    occasion = random.choice(OCCASIONS)
    month = format_timestamp(call.now)[:7]
    begin = _begin(call)
    body = {
        "name": f"{occasion.name} - {calendar.month_name[int(month[5:])]} {month[:4]}",
        "channel": channel,
        "contact_list_id": await _contact_list(call, customer, contacts),
        "sender_id": sender,
        **_content(call, channel, occasion, begin),
        **_schedule(call, begin),
    }
    await _buy(call, customer, body, contacts)
    return {}, body


def _customer(call: Call) -> str:
    assert call.account is not None
    return str(call.account["customer"])


async def _senders(call: Call, customer: str) -> list[tuple[str, str]]:
    """Every channel on which the account can send, and from whom; each channel as likely."""
    senders = [each for each in await call.store.senders.list(customer) if rules.can_send(each)]
    ways = [(each["channel"], each["sender_id"]) for each in senders]
    addresses = await call.store.email_addresses.list(customer)
    ways += [("email", each["id"]) for each in addresses if rules.can_send(each)]
    # On Slack any text is a sender; people send from a channel, by its id.
    ways.append(("slack", f"C{call.fakes.token(8).upper()}"))
    by_channel: dict[str, list[tuple[str, str]]] = {}
    for way in ways:
        by_channel.setdefault(way[0], []).append(way)
    return [call.fakes.random.choice(alike) for alike in by_channel.values()]


async def _contact_list(call: Call, customer: str, contacts: Sequence[Resource]) -> str:
    """A list of the account, the likelier the more people it reaches; a new one if there is none.

    A list that reaches nobody is chosen only where no list reaches anybody.
    """
    known = [each["id"] for each in await call.store.contact_lists.list(customer)]
    if not known:
        created = {"id": f"lst_{call.fakes.token(12).lower()}", "name": "Customers"}
        await call.store.contact_lists.put(created, customer)
        known = [created["id"]]
    members = [id for each in contacts if each["active"] for id in each["lists"] if id in known]
    return str(call.fakes.random.choice(members or known))


def _content(call: Call, channel: str, occasion: Occasion, begin: int) -> Resource:
    """What a campaign says: on WhatsApp mostly by a template, else in its own words."""
    random = call.fakes.random
    words = _words(call, begin)
    language = random.choice(("en", "pt"))
    if channel == "whatsapp" and random.random() < 0.75:
        return {"template": _template(occasion, language, words)}
    text = (occasion.en if language == "en" else occasion.pt).format(**words)
    return {"body": FRAMES[channel].format(text=text, **words, **WORDS[language])}


def _words(call: Call, begin: int) -> dict[str, str]:
    """What fills the gaps of a text that goes out then."""
    random = call.fakes.random
    brand = call.fakes.faker.company()
    day = format_timestamp(begin + random.randint(2, 21) * DAY)[:10]
    return {
        "brand": brand,
        "site": f"{_slug(brand)}.example",
        "percent": str(random.randrange(5, 55, 5)),
        "date": f"{day[8:]}/{day[5:7]}",
        "hour": f"{random.randint(8, 18):02d}",
        "place": random.choice(PLACES),
    }


def _slug(name: str) -> str:
    """A name's first word as a part of an address."""
    return re.sub(r"[^a-z0-9]", "", _to_ascii(name.split()[0]))


def _to_ascii(name: str) -> str:
    """A name in ASCII and in lower case."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()


def _template(occasion: Occasion, language: str, words: Mapping[str, str]) -> Resource:
    template: Resource = {"name": occasion.template, "language": language}
    if occasion.variables:
        template["variables"] = [each.format(**words) for each in occasion.variables]
    return template


def _begin(call: Call) -> int:
    """When sending begins: now, or by day within a fortnight."""
    random = call.fakes.random
    if random.random() < 0.6:
        return call.now
    quarters = random.randint(7 * 4, 18 * 4)
    return (call.now // DAY + random.randint(1, 14)) * DAY + quarters * QUARTER


def _schedule(call: Call, begin: int) -> Resource:
    """When sending begins, as a request says it; now is said or not, the rest in two timezones."""
    random = call.fakes.random
    if begin == call.now:
        return random.choice(({}, {"scheduled_at": None}))
    texts = format_timestamp(begin, 0, "Z"), format_timestamp(begin + LUANDA, 0, "+01:00")
    return {"scheduled_at": random.choice(texts)}


async def _buy(call: Call, customer: str, body: Resource, contacts: Sequence[Resource]) -> None:
    """The account buys what a campaign will cost, so that its balance lasts for any number."""
    reached = [contact for contact in contacts if rules.is_reached(body, contact)]
    balance = await call.store.balances.get(customer)
    cost = sum(rules.prices(body, reached))
    await call.store.balances.put({**balance, "credits": balance["credits"] + cost})


async def contact(call: Call) -> Request:
    """Somebody with a phone number of their own, mostly with an email address, in some lists."""
    random, customer = call.fakes.random, _customer(call)
    given, family = random.choice(GIVEN), random.choice(FAMILY)
    serial = await call.store.contacts.count(customer)
    lists = [each["id"] for each in await call.store.contact_lists.list(customer)]
    body: Resource = {
        "name": f"{given} {family}",
        "phone": _phone(call, serial),
        "lists": random.sample(lists, min(len(lists), random.choice((0, 1, 1, 2)))),
    }
    if random.random() < 0.7:
        body["email"] = f"{_to_ascii(given)}.{_to_ascii(family)}{serial}@example.com"
    return {}, body


def _phone(call: Call, serial: int) -> str:
    """A number that follows from how many contacts there are: looking for a free one is slow.

    The last three digits are for those who delete contacts in between.
    """
    random = call.fakes.random
    shuffled = serial * SHUFFLE % SERIALS
    return f"{random.choice(PREFIXES)}{shuffled:05d}{random.randrange(1_000):03d}"


async def webhook(call: Call) -> Request:
    """An endpoint that wants to be told of everything, or of some events."""
    random = call.fakes.random
    chosen = random.sample(EVENTS, random.randint(1, 4))
    return {}, {
        "url": f"https://{_slug(call.fakes.faker.company())}.example/webhooks/zexa",
        "events": random.choice((chosen, chosen, chosen, ["*"])),
    }

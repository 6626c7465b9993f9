"""Realistic requests to AgentMessage: campaigns worded for their use case, and brands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from understudy.core.fakes import Fakes
from understudy.core.yaml_io import read_yaml
from understudy.service import Resource
from understudy.vendors.agentmessage import rules, serializers
from understudy.vendors.agentmessage.store import Call

Made = tuple[dict[str, str], Resource]
# How many brands are looked at for one that is verified; never the whole list.
WINDOW = 12
# How many campaigns the carriers refuse, and how many brands the registry does not recognise.
REFUSED, UNRECOGNISED = 0.1, 0.08


@dataclass(frozen=True)
class Story:
    """What campaigns of one use case are about; `$business` stands for whose they are."""

    purpose: str
    messages: Sequence[str]


TEXTS = read_yaml(Path(__file__).with_name("samples.yaml").read_bytes())
# By use case, in the registry's words and in those of the fee catalogue.
STORIES = {case: Story(**story) for case, story in TEXTS["stories"].items()}
# Use cases that consist of others.
MIXTURES = frozenset({"LOW_VOLUME_MIXED", "MIXED"})
PARTS = ("ACCOUNT_NOTIFICATION", "CUSTOMER_CARE", "DELIVERY_NOTIFICATION", "MARKETING")
FLOWS: Sequence[str] = TEXTS["flows"]
TERMS = (
    "Message frequency varies. Message and data rates may apply. Reply STOP to end, HELP for help."
)
VERTICALS: Sequence[str] = TEXTS["verticals"]
# What the carriers refuse, as people do it by mistake.
MISTAKES: Sequence[Resource] = TEXTS["mistakes"]


async def campaign(call: Call) -> Made:
    """A campaign of one of the organization's verified brands."""
    return {}, _campaign(call.fakes, await _verified_brand(call))


async def brand(call: Call) -> Made:
    """A brand of the organization, which may have it and can pay for it."""
    await _let_have_brands(call)
    await _let_pay(call, rules.BRAND_CENTS)
    unrecognised = call.fakes.random.random() < UNRECOGNISED
    return {}, _brand(call, "invalid" if unrecognised else "example")


def _organization(call: Call) -> str:
    assert call.account is not None
    return str(call.account["organization"])


async def _verified_brand(call: Call) -> Resource:
    """A brand that may have campaigns; a new one when there is none at hand."""
    organization, random = _organization(call), call.fakes.random
    start = random.randrange(await call.store.brands.count(organization) or 1)
    around = await call.store.brands.page(organization, start, WINDOW)
    newest = await call.store.brands.page(organization, 0, WINDOW, newest_first=True)
    found = {each["id"]: each for each in around + newest if rules.is_verified(each)}
    return random.choice(list(found.values())) if found else await _new_brand(call, organization)


async def _new_brand(call: Call, organization: str) -> Resource:
    """A brand that the registry has vetted already."""
    await _let_have_brands(call)
    made = serializers.brand(call, _brand(call, "example"), organization)
    filed = rules.BRAND.fire(made, "file", **serializers.filing(call, "brand"))
    vetted = rules.BRAND.fire(filed, "vet", **serializers.vetting(call, rules.identity(filed)))
    await call.store.brands.put(vetted, organization)
    return vetted


async def _let_have_brands(call: Call) -> None:
    """An organization that has a brand needs to be a reseller for another one."""
    organization = await call.store.organizations.get(_organization(call))
    if not organization["is_reseller"] and await rules.has_brand(call, organization["id"]):
        await call.store.organizations.put({**organization, "is_reseller": True})


async def _let_pay(call: Call, cents: int) -> None:
    """A wallet receives what will be taken from it."""
    organization = _organization(call)
    found = await call.store.wallets.find(organization)
    wallet = found or {"id": organization, **serializers.empty_wallet(call)}
    await call.store.wallets.put(
        {**wallet, "balance_cents": max(wallet["balance_cents"], 0) + cents}
    )


def _campaign(fakes: Fakes, brand: Resource) -> Resource:
    random, business = fakes.random, brand["display_name"]
    usecase = random.choice(list(STORIES))
    story = STORIES[usecase]
    texts = [_fill_in(each, business) for each in _sample(fakes, story.messages)]
    texts[0] += " Reply STOP to opt out."
    content = _content(fakes, texts, business)
    return {
        "brand_id": brand["id"],
        "usecase": usecase,
        **_mixture(fakes, usecase),
        "description": _fill_in(story.purpose, business),
        "message_flow": f"{_fill_in(random.choice(FLOWS), business)}. {TERMS}",
        **content,
        **{f"sample{number}": text for number, text in enumerate(texts, 1)},
        **_subscribers(fakes, business),
        **_extras(fakes),
        **_mistake(fakes, business),
    }


def _mistake(fakes: Fakes, business: str) -> Resource:
    """What spoils some campaigns."""
    made = fakes.random.choice(MISTAKES) if fakes.random.random() < REFUSED else {}
    texts = {name: _fill_in(each, business) for name, each in made.items() if isinstance(each, str)}
    return {**made, **texts}


def _fill_in(text: str, business: str) -> str:
    return Template(text).substitute(business=business, site=_site(business, "example"))


def _site(business: str, domain: str) -> str:
    """A website that nobody owns.

    Args:
        domain: `example`, or `invalid` for one that cannot be reached.
    """
    name = re.sub("[^a-z0-9]+", "-", business.lower())[:40].strip("-")
    return f"https://www.{name or 'shop'}.{domain}"


def _sample(fakes: Fakes, choices: Sequence[str]) -> list[str]:
    """Some of these, at least one."""
    return fakes.random.sample(choices, fakes.random.randint(1, len(choices)))


def _mixture(fakes: Fakes, usecase: str) -> Resource:
    return {"sub_usecases": _sample(fakes, PARTS)} if usecase in MIXTURES else {}


def _content(fakes: Fakes, texts: list[str], business: str) -> Resource:
    """What the messages hold beside words, declared as it must be; it is put into the texts."""
    random, site = fakes.random, _site(business, "example")
    flags = ("number_pool", "age_gated", "direct_lending")
    content: Resource = {"terms_and_conditions": True}
    content |= {flag: True for flag in flags if random.random() < 0.05}
    if random.random() < 0.3:
        texts[-1] += f" More: {site}/now"
        content |= {"embedded_link": True, "embedded_link_sample": f"{site}/now"}
    if random.random() < 0.2:
        texts[-1] += f" Call {_phone(fakes)}."
        content["embedded_phone"] = True
    links = {"privacy_policy_link": f"{site}/privacy", "terms_and_conditions_link": f"{site}/terms"}
    return {**content, **_some(fakes, links, share=0.9)}


def _subscribers(fakes: Fakes, business: str) -> Resource:
    """How people come in, get out and are helped."""
    helped = {
        "subscriber_help": True,
        "help_keywords": "HELP,INFO",
        "help_message": f"{business}: see {_site(business, 'example')}/help. Reply STOP to end.",
    }
    words = {
        "optin_keywords": "JOIN,START",
        "optin_message": f"You get messages of {business} from now on. {TERMS}",
        "optout_message": f"You get no more messages of {business}. Reply START to come back.",
    }
    return {
        "subscriber_optin": True,
        "subscriber_optout": True,
        "optout_keywords": fakes.random.choice(("STOP", "STOP,UNSUBSCRIBE", "STOP,END,QUIT")),
        **(helped if fakes.random.random() < 0.8 else {}),
        **_some(fakes, words, share=0.7),
    }


def _extras(fakes: Fakes) -> Resource:
    """What most campaigns do not state."""
    random = fakes.random
    extras = {
        "reference_id": f"campaign-{random.randint(1_000, 9_999)}",
        "vertical": random.choice(VERTICALS),
        "tag": _sample(fakes, ("loyalty", "pilot", "spring", "west")),
        "mno_ids": random.choice(([10017], [10035], [10017, 10035])),
        "auto_renewal": random.random() < 0.4,
    }
    return _some(fakes, extras, share=0.3)


def _some(fakes: Fakes, members: Resource, share: float) -> Resource:
    """Some of these members: what people leave out differs."""
    return {name: value for name, value in members.items() if fakes.random.random() < share}


def _brand(call: Call, domain: str) -> Resource:
    fakes, faker = call.fakes, call.fakes.faker
    entity = _one(call, "EntityType")
    display, legal = _names(fakes, entity)
    details = {
        "reference_id": f"brand-{fakes.random.randint(1_000, 9_999)}",
        "company_name": legal,
        "email": _site(display, domain).replace("https://www.", "office@"),
        "phone": _phone(fakes),
        "street": faker.street_address(),
        "city": faker.city(),
        "state": faker.state_abbr(include_territories=False),
        "postal_code": faker.postcode(),
        "vertical": fakes.random.choice(VERTICALS),
    }
    return {
        "entity_type": entity,
        "brand_relationship": _one(call, "BrandRelationship"),
        "display_name": display,
        "country": fakes.random.choices(("US", "CA"), (90, 10))[0],
        "website": _site(display, domain),
        **_some(fakes, details, share=0.85),
    }


def _names(fakes: Fakes, entity: str) -> tuple[str, str]:
    """How a brand of this kind calls itself, and its name in law."""
    random, faker = fakes.random, fakes.faker
    if entity == "GOVERNMENT":
        city = f"City of {faker.city()}"
        return city, city
    if entity == "NON_PROFIT":
        name = f"{faker.last_name()} Foundation"
        return name, f"The {name}"
    if entity == "SOLE_PROPRIETOR":
        owner, trade = faker.last_name(), random.choice(("Photography", "Plumbing", "Catering"))
        return f"{owner} {trade}", f"{faker.first_name()} {owner}"
    company = re.sub(" (Inc|LLC|Ltd|PLC)$", "", faker.company())
    return company, f"{company} {random.choice(('Inc', 'LLC', 'Corporation'))}"


def _one(call: Call, component: str) -> Any:
    """One of the values that the document lists for a component."""
    return call.fakes.random.choice(call.service.document.schemas[component]["enum"])


def _phone(fakes: Fakes) -> str:
    """A number that is kept free for fiction."""
    area = fakes.random.choice(("202", "212", "312", "415", "617"))
    return f"+1{area}55501{fakes.token(2, '0123456789')}"

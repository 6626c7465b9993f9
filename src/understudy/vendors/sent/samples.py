"""Realistic requests to Sent: campaigns worded for their use case, and profiles with a brand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from string import Template
from typing import Any

from understudy.core.fakes import Fakes
from understudy.core.yaml_io import read_yaml
from understudy.service import Resource
from understudy.vendors.sent import rules, serializers
from understudy.vendors.sent.store import Call

Made = tuple[dict[str, str], Resource]
# How many profiles are looked at for one that may have campaigns; never the whole list.
WINDOW = 12


@dataclass(frozen=True)
class Story:
    """What campaigns of one use case are about; `$business` stands for whose they are."""

    names: Sequence[str]
    purpose: str
    messages: Sequence[str]


TEXTS = read_yaml(Path(__file__).with_name("samples.yaml").read_bytes())
# By use case; the first words of a campaign's name, what it is for, what it says.
STORIES = {case: Story(**story) for case, story in TEXTS["stories"].items()}
# Sent's policy wants two messages or more of these.
VARIED = frozenset({"MARKETING", "MIXED", "LOW_VOLUME"})
FLOWS: Sequence[str] = TEXTS["flows"]
TEAMS: Mapping[str, str] = TEXTS["teams"]
# Whether a profile inherits its brand, and whether its campaigns; and how often that is chosen.
INHERITANCE = {(True, True): 4, (True, False): 2, (False, True): 1, (False, False): 3}


async def campaign(call: Call) -> Made:
    """A campaign of one of the account's profiles."""
    profile, business = await _sender(call)
    return {"profileId": profile}, {"campaign": _campaign(call.fakes, business)}


async def profile(call: Call) -> Made:
    """A profile of the account's organization."""
    return {}, _profile(call)


async def _sender(call: Call) -> tuple[str, str]:
    """Id of a profile that may create campaigns, and the name of its business."""
    assert call.account is not None
    for each in await _candidates(call):
        brand = await rules.find_brand(call, each)
        if rules.may_have_campaigns(each) and brand is not None:
            contact = brand["contact"] or {}
            return each["id"], contact.get("business_name") or each["name"]
    if call.account["kind"] != "organization":
        # It is what it is: nobody but its organization could change it.
        return call.account["customer"], call.account.name
    return await _new_sender(call)


async def _candidates(call: Call) -> list[Resource]:
    """Some profiles that the account acts for, in no order."""
    assert call.account is not None
    organization, customer = rules.organization(call), call.account["customer"]
    if call.account["kind"] != "organization":
        own = await call.store.profiles.find(customer, organization)
        return [own] if own else []
    start = call.fakes.random.randrange(await call.store.profiles.count(organization) or 1)
    around = await call.store.profiles.page(organization, start, WINDOW)
    newest = await call.store.profiles.page(organization, 0, WINDOW, newest_first=True)
    found = list({each["id"]: each for each in around + newest}.values())
    call.fakes.random.shuffle(found)
    return found


async def _new_sender(call: Call) -> tuple[str, str]:
    """A new profile with a brand of its own, for an organization that has none to offer."""
    owner = await call.store.organizations.get(rules.organization(call))
    own = {"inherit_tcr_brand": False, "inherit_tcr_campaign": False}
    made = serializers.new_profile(call, {**_team(call), **own}, owner)
    brand = serializers.brand(call, _brand(call))
    await call.store.profiles.put(made, owner["id"])
    await call.store.brands.put(brand, made["id"])
    return made["id"], brand["contact"]["business_name"]


def _campaign(fakes: Fakes, business: str) -> Resource:
    random, site = fakes.random, _site(business)
    count = random.choices((1, 2, 3), (85, 10, 5))[0]
    cases = random.sample(list(STORIES), count)
    story = STORIES[cases[0]]
    where = f" {fakes.faker.city()}" if random.random() < 0.5 else ""
    texts = {**_answers(business, site), **_links(site)}
    kept = _some(fakes, texts, share=0.85) if random.random() < 0.8 else {}
    return {
        "name": f"{random.choice(story.names)}{where}",
        "description": _fill_in(story.purpose, business, site),
        "type": random.choices(("App", "KYC"), (80, 20))[0],
        "useCases": [_use_case(fakes, case, business) for case in cases],
        "messageFlow": _fill_in(random.choice(FLOWS), business, site),
        **kept,
    }


def _use_case(fakes: Fakes, case: str, business: str) -> Resource:
    messages = STORIES[case].messages
    fewest = 2 if case in VARIED else 1
    chosen = fakes.random.sample(messages, fakes.random.randint(fewest, len(messages)))
    return {
        "messagingUseCaseUs": case,
        "sampleMessages": [_fill_in(message, business, "") for message in chosen],
    }


def _fill_in(text: str, business: str, site: str) -> str:
    return Template(text).substitute(business=business, site=site)


def _site(business: str) -> str:
    """A website that nobody owns."""
    name = re.sub("[^a-z0-9]+", "-", business.lower())[:40].strip("-")
    return f"https://{name or 'shop'}.example"


def _links(site: str) -> Resource:
    return {"privacyPolicyLink": f"{site}/privacy", "termsAndConditionsLink": f"{site}/terms"}


def _answers(business: str, site: str) -> Resource:
    return {
        "optinMessage": f"You have opted in to messages of {business}. Message frequency varies. "
        "Message and data rates may apply. Reply HELP for help or STOP to opt out.",
        "optoutMessage": f"You get no more messages of {business}. Reply START to opt back in.",
        "helpMessage": f"{business}: see {site}/help. Reply STOP to unsubscribe.",
        "optinKeywords": "YES, START, SUBSCRIBE",
        "optoutKeywords": "STOP, UNSUBSCRIBE, END",
        "helpKeywords": "HELP, INFO, SUPPORT",
    }


def _some(fakes: Fakes, members: Resource, share: float) -> Resource:
    """Some of these members: what people leave out differs."""
    return {name: value for name, value in members.items() if fakes.random.random() < share}


def _profile(call: Call) -> Resource:
    random = call.fakes.random
    brand, campaigns = random.choices(list(INHERITANCE), list(INHERITANCE.values()))[0]
    inherited = {"inherit_tcr_brand": brand, "inherit_tcr_campaign": campaigns}
    # Who sets a profile up may leave its brand for later.
    own = {} if brand or random.random() < 0.1 else {"brand": _brand(call)}
    stated = {**_team(call), **inherited, **_billing(call), **own}
    if random.random() < 0.25:
        stated["whatsapp_business_account"] = _whatsapp(call.fakes)
    return stated


def _team(call: Call) -> Resource:
    """What a profile says of itself."""
    random = call.fakes.random
    team = random.choice(list(TEAMS))
    details = {
        "description": TEAMS[team],
        "short_name": f"{team.upper()} {random.randint(1, 99)}",
        "icon": f"https://example.com/{team.lower()}-icon.png",
    }
    flags = ("allow_contact_sharing", "allow_template_sharing")
    sharing = {flag: random.random() < 0.3 for flag in flags}
    flags = ("inherit_contacts", "inherit_templates")
    inherited = {flag: random.random() < 0.8 for flag in flags}
    name = f"{call.fakes.faker.city()} {team}"
    return {"name": name, **_some(call.fakes, details, share=0.9), **sharing, **inherited}


def _billing(call: Call) -> Resource:
    """Who pays: the profile's own contact and card where the profile does."""
    models = [*_values(call, "BillingModel"), None]
    model = call.fakes.random.choice(models)
    if model is None:
        return {}
    if model == "organization":
        return {"billing_model": model}
    faker = call.fakes.faker
    contact = {"name": faker.name(), "email": faker.ascii_safe_email()}
    address = f"{faker.street_address()}, {faker.city()}, {faker.postcode()}, US"
    more = {"phone": _phone(call.fakes), "address": address}
    card = {"payment_details": _card(call)} if call.fakes.random.random() < 0.5 else {}
    full = {**contact, **_some(call.fakes, more, share=0.7)}
    return {"billing_model": model, "billing_contact": full, **card}


def _card(call: Call) -> Resource:
    """A test card that is good for some years more."""
    expiry = _today(call) + timedelta(days=call.fakes.random.randint(60, 1_400))
    return {
        "card_number": "4111111111111111",
        "expiry": f"{expiry:%m/%y}",
        "cvc": _digits(call.fakes, 3),
        "zip_code": _digits(call.fakes, 5),
    }


def _today(call: Call) -> date:
    return date.fromisoformat(call.timestamp()[:10])


def _whatsapp(fakes: Fakes) -> Resource:
    return {
        "waba_id": f"1{_digits(fakes, 14)}",
        "phone_number_id": f"9{_digits(fakes, 14)}",
        "access_token": f"EAA{fakes.token(16)}",
    }


def _brand(call: Call) -> Resource:
    fakes = call.fakes
    business = re.sub(" (Inc|LLC|Ltd|PLC)$", "", fakes.faker.company())
    contact = {
        "name": fakes.faker.name(),
        "businessName": business,
        "role": fakes.faker.job(),
        "phone": _phone(fakes),
        "email": f"office@{_site(business).removeprefix('https://')}",
        "phoneCountryCode": "1",
    }
    registered = {"business": _business(call, business)} if fakes.random.random() < 0.9 else {}
    return {"contact": contact, **registered, "compliance": _compliance(call)}


def _business(call: Call, business: str) -> Resource:
    fakes, faker = call.fakes, call.fakes.faker
    return {
        "legalName": f"{business} {fakes.random.choice(('LLC', 'Inc', 'Corporation'))}",
        "taxId": f"{_digits(fakes, 2)}-{_digits(fakes, 7)}",
        "taxIdType": "us_ein",
        "entityType": _one(call, "BrandEntityType") or "PRIVATE_PROFIT",
        "street": faker.street_address(),
        "city": faker.city(),
        "state": faker.state_abbr(include_territories=False),
        "postalCode": faker.postcode(),
        "country": "US",
        "url": _site(business),
        "countryOfRegistration": "US",
    }


def _compliance(call: Call) -> Resource:
    random = call.fakes.random
    countries = random.sample(("US", "CA", "GB", "DE", "FR", "BR"), random.randint(1, 3))
    main = random.choice((*countries, None))
    return {
        "vertical": _one(call, "BrandVertical"),
        "brandRelationship": _one(call, "BrandRelationship"),
        "isTcrApplication": random.random() < 0.7,
        "phoneNumberPrefix": "+1",
        "destinationCountries": [{"id": each, "isMain": each == main} for each in countries],
    }


def _values(call: Call, component: str) -> list[Any]:
    """The values that the document lists for a component."""
    return list(call.service.document.schemas[component]["enum"])


def _one(call: Call, component: str) -> Any:
    return call.fakes.random.choice(_values(call, component))


def _digits(fakes: Fakes, count: int) -> str:
    return fakes.token(count, "0123456789")


def _phone(fakes: Fakes) -> str:
    """A number that is kept free for fiction."""
    area = fakes.random.choice(("202", "212", "312", "415", "617"))
    return f"+1{area}55501{_digits(fakes, 2)}"

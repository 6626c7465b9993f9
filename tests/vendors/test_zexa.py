"""Zexa in-process: every documented response, the rules, whole lives, signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import subprocess
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

import anyio
import httpx
import pytest

from tests.calling import create_app, own_session, request_example
from tests.conftest import NOON, Live, serve
from understudy.core.clock import SECOND, format_timestamp, parse_instant
from understudy.core.settings import DEFAULT_BODY_LIMIT, Settings
from understudy.engine.registry import open_service
from understudy.openapi.schemas import SchemaCompiler
from understudy.server.app import App
from understudy.service.unit_of_work import UnitOfWork
from understudy.session.deliveries import Delivery
from understudy.session.session import Session
from understudy.vendors.zexa import rules

SERVICE = open_service("zexa")
OPERATIONS = SERVICE.document.operations
SCHEMAS = SchemaCompiler(SERVICE.document.schemas)
NUMBERS = itertools.count(1)
MINUTE, HOUR = 60, 60 * 60
CUSTOMERS, NEWSLETTER, PROSPECTS = "lst_abc123", "lst_def456", "lst_empty000"
ZEXA = Settings(clock=NOON, vendors=("zexa",))
# What the campaign page shows, as far as it is readable.
DOCUMENTED_CURL = """
curl -X POST https://api.zexa.ao/v1/campaigns \\
  -H "Authorization: Bearer YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "Weekend Sale",
    "channel": "sms",
    "contact_list_id": "lst_abc123",
    "sender_id": "MYBRAND",
    "body": "Get 20% off this weekend only. Shop now at myapp.ao. Reply STOP to opt out."
  }'
"""


@dataclass(frozen=True)
class Ask:
    """One request: `body` goes as JSON, `content` as it stands; `account` None sends no key."""

    method: str
    path: str
    body: Any = None
    content: bytes | None = None
    account: str | None = "acme"
    headers: Mapping[str, str] = field(default_factory=dict)


def credential(account: str) -> str:
    """The key of an account of the seed world."""
    assert SERVICE.accounts is not None
    return SERVICE.accounts.named(account).credential


class Caller:
    """Zexa as its callers see it, in a session of its own."""

    def __init__(self, app: App, http: httpx.AsyncClient, session: Session) -> None:
        self.app, self.http, self.session = app, http, session

    async def send(self, ask: Ask, **changes: Any) -> httpx.Response:
        ask = replace(ask, **changes)
        key = {}
        if ask.account is not None:
            key = {"authorization": f"Bearer {credential(ask.account)}"}
        content = ask.content if ask.body is None else json.dumps(ask.body).encode()
        typed = {} if content is None else {"content-type": "application/json"}
        url = f"/@{self.session.name}/zexa{ask.path}"
        headers = {**key, **typed, **ask.headers}
        return await self.http.request(ask.method, url, content=content, headers=headers)

    async def get(self, path: str, account: str = "acme") -> Any:
        """What a GET that must succeed answers."""
        reply = await self.send(Ask("GET", path), account=account)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def create(self, account: str = "acme", **changes: Any) -> Any:
        """A new campaign."""
        reply = await self.send(GOOD["createCampaign"], account=account, body=campaign(**changes))
        assert reply.status_code == 201, reply.text
        return reply.json()

    async def show(self, created: Any, account: str = "acme") -> Any:
        """A campaign as it is now."""
        return await self.get(f"/v1/campaigns/{created['id']}", account)

    async def credits(self, account: str = "acme") -> int:
        return int((await self.get("/v1/credits", account))["credits"])

    async def subscribe(self, url: str, *events: str, account: str = "acme") -> Any:
        """A new webhook."""
        body = {"url": url, "events": events}
        reply = await self.send(GOOD["createWebhook"], account=account, body=body)
        assert reply.status_code == 201, reply.text
        return reply.json()

    async def shift(self, seconds: float) -> list[str]:
        """Let time pass; the actions that fired."""
        fired = await self.app.shift(self.session, int(seconds * SECOND))
        await self.session.webhooks.settle()
        return [due.action for due in fired]

    async def by_hand(self, event: str, collection: str, id: str, scope: str = "acct_acme") -> None:
        """Fire an event of the service by hand, now."""
        work = self.work()
        resource = await work.collection(collection).get(id, scope)
        await SERVICE.vendor.fires[collection][event](work, resource, scope)
        await work.commit()
        await self.session.webhooks.settle()

    def work(self) -> UnitOfWork:
        """A way to look at the store and to change it."""
        return UnitOfWork(self.session, SERVICE.vendor, self.session.clock.now())

    async def messages(self, created: Any) -> list[Any]:
        """The messages of a campaign, as stored."""
        return list(await self.work().store.messages.list(created["id"]))

    async def top_up(self, credits: float, account: str = "acme") -> None:
        """Give an account this balance."""
        work = self.work()
        balance = await work.store.balances.get(f"acct_{account}")
        await work.store.balances.put({**balance, "credits": credits})
        await work.commit()

    async def change_contact(self, id: str, **changes: Any) -> None:
        """What only the dashboard can do to a contact."""
        work = self.work()
        contact = await work.store.contacts.get(id, "acct_acme")
        await work.store.contacts.put({**contact, **changes}, "acct_acme")
        await work.commit()

    @property
    def deliveries(self) -> list[Delivery]:
        return list(self.session.webhooks.deliveries)


@pytest.fixture
def settings() -> Settings:
    """This vendor alone: a neighbour's service is no matter here."""
    return ZEXA


@pytest.fixture(scope="module")
def unlimited_app() -> App:
    return create_app(ZEXA)


@pytest.fixture(scope="module")
def limited_app() -> App:
    return create_app(replace(ZEXA, rate_limits=True))


async def calling(app: App) -> AsyncIterator[Caller]:
    """A caller of the app, in a session that no other test has."""
    async with own_session(app) as (http, session):
        yield Caller(app, http, session)


@pytest.fixture
async def zexa(unlimited_app: App) -> AsyncIterator[Caller]:
    """Zexa at its seed world."""
    async for caller in calling(unlimited_app):
        yield caller


@pytest.fixture
async def limited(limited_app: App) -> AsyncIterator[Caller]:
    """Zexa at its seed world, with its rate limit enforced."""
    async for caller in calling(limited_app):
        yield caller


def documented(operation: str, example: str = "documented") -> Any:
    """A documented request body, as a copy."""
    return request_example(OPERATIONS[operation], example)


def without(body: Any, *names: str) -> Any:
    return {name: value for name, value in body.items() if name not in names}


def campaign(**changes: Any) -> Any:
    """The documented create request with other members."""
    return {**documented("createCampaign"), **changes}


def templated(**changes: Any) -> Any:
    """The documented request with a WhatsApp template, with other members."""
    return {**documented("createCampaign", "template"), **changes}


def contact(**changes: Any) -> Any:
    return {**documented("createContact"), **changes}


def webhook(**changes: Any) -> Any:
    return {**documented("createWebhook", "campaigns"), **changes}


def at(seconds: float = 0) -> str:
    """So many seconds after the session began, as Zexa writes it."""
    return format_timestamp(NOON + int(seconds * SECOND), 0, "Z")


def code(reply: httpx.Response) -> tuple[int, str]:
    """Status and code of an error."""
    return reply.status_code, reply.json()["error"]


def text(reply: httpx.Response) -> tuple[int, str]:
    """Status and message of an error."""
    return reply.status_code, reply.json()["message"]


# One request for each operation that succeeds in the seed world.
GOOD = {
    "listCampaigns": Ask("GET", "/v1/campaigns"),
    "createCampaign": Ask("POST", "/v1/campaigns", documented("createCampaign")),
    "getCampaign": Ask("GET", "/v1/campaigns/cmp_processing001"),
    "listContacts": Ask("GET", "/v1/contacts"),
    "createContact": Ask("POST", "/v1/contacts", documented("createContact")),
    "deleteContact": Ask("DELETE", "/v1/contacts/cnt_ana001"),
    "listSenderIds": Ask("GET", "/v1/sender-ids"),
    "getCredits": Ask("GET", "/v1/credits"),
    "createWebhook": Ask("POST", "/v1/webhooks", documented("createWebhook", "campaigns")),
}
WITH_BODY = [id for id, ask in GOOD.items() if ask.body is not None]
LISTS = ["listCampaigns", "listContacts", "listSenderIds"]

Trigger = Callable[[Caller, Ask], Awaitable[httpx.Response]]


def but(**changes: Any) -> Trigger:
    """The good request with these changes."""

    async def send(zexa: Caller, ask: Ask) -> httpx.Response:
        return await zexa.send(ask, **changes)

    return send


def of(campaign_id: str) -> Trigger:
    """Another campaign."""
    return but(path=f"/v1/campaigns/{campaign_id}")


def page(query: str) -> Trigger:
    """The good list with a query."""

    async def send(zexa: Caller, ask: Ask) -> httpx.Response:
        return await zexa.send(ask, path=f"{ask.path}?{query}")

    return send


async def twice(zexa: Caller, ask: Ask) -> httpx.Response:
    """The second of two equal requests."""
    await zexa.send(ask)
    return await zexa.send(ask)


async def one_too_many(zexa: Caller, ask: Ask) -> httpx.Response:
    """One request more than a minute allows."""
    for _ in range(100):
        await zexa.send(ask)
    return await zexa.send(ask)


OF_ALL: dict[tuple[int, str], Trigger] = {
    (401, "missing-key"): but(account=None),
    (401, "invalid-key"): but(account="acme-revoked"),
    (429, "rate-limited"): one_too_many,
}
OF_BODIES: dict[tuple[int, str], Trigger] = {
    (400, "malformed-body"): but(body=None, content=b"{"),
    (413, "too-large"): but(body=None, content=b" " * (DEFAULT_BODY_LIMIT + 1)),
    (415, "unsupported-media-type"): but(headers={"content-type": "text/plain"}),
}
OF_LISTS: dict[tuple[int, str], Trigger] = {
    (200, "success"): but(),
    (200, "empty"): page("page=2"),
    (422, "validation"): page("per_page=500"),
}
OF_ONE: dict[tuple[str, int, str], Trigger] = {
    ("createCampaign", 201, "success"): but(),
    ("createCampaign", 201, "scheduled"): but(body=documented("createCampaign", "scheduled")),
    ("createCampaign", 400, "missing-field"): but(body=without(campaign(), "contact_list_id")),
    ("createCampaign", 400, "wrong-type"): but(body=campaign(body=42)),
    ("createCampaign", 404, "contact-list-not-found"): but(
        body=campaign(contact_list_id="lst_zzz999")
    ),
    ("createCampaign", 422, "sender-not-registered"): but(body=campaign(sender_id="NOBODY")),
    ("createCampaign", 422, "body-or-template-required"): but(body=without(campaign(), "body")),
    ("createCampaign", 422, "insufficient-credits"): but(
        account="initech", body=campaign(contact_list_id="lst_initech005", sender_id="INITECH")
    ),
    ("createCampaign", 422, "unknown-channel"): but(body=campaign(channel="fax")),
    ("createCampaign", 422, "template-needs-whatsapp"): but(
        body=campaign(template={"name": "order_confirmation"})
    ),
    ("createCampaign", 422, "invalid-schedule"): but(body=campaign(scheduled_at="tomorrow")),
    ("createCampaign", 422, "scheduled-in-the-past"): but(
        body=campaign(scheduled_at="2020-01-01T08:00:00Z")
    ),
    ("createCampaign", 422, "validation"): but(
        body=templated(template={"name": "Order Confirmation"})
    ),
    ("getCampaign", 200, "success"): but(),
    ("getCampaign", 200, "draft"): of("cmp_draft001"),
    ("getCampaign", 200, "scheduled"): of("cmp_scheduled001"),
    ("getCampaign", 200, "sent"): of("cmp_sent001"),
    ("getCampaign", 200, "completed"): of("cmp_completed001"),
    ("getCampaign", 200, "failed"): of("cmp_failed001"),
    ("getCampaign", 404, "campaign-not-found"): of("cmp_zzz999"),
    ("createContact", 201, "success"): but(),
    ("createContact", 400, "missing-field"): but(body=without(contact(), "phone")),
    ("createContact", 400, "wrong-type"): but(body=contact(lists=CUSTOMERS)),
    ("createContact", 409, "phone-taken"): twice,
    ("createContact", 422, "invalid-phone"): but(body=contact(phone="912345678")),
    ("createContact", 422, "invalid-email"): but(body=contact(email="maria.example.com")),
    ("createContact", 422, "unknown-list"): but(body=contact(lists=["lst_zzz999"])),
    ("createContact", 422, "validation"): but(body=contact(name="")),
    ("deleteContact", 204, ""): but(),
    ("deleteContact", 404, "contact-not-found"): twice,
    ("getCredits", 200, "success"): but(),
    ("getCredits", 200, "used-up"): but(account="hooli"),
    ("createWebhook", 201, "success"): but(),
    ("createWebhook", 201, "everything"): but(body=webhook(events=["*"])),
    ("createWebhook", 400, "missing-field"): but(body=without(webhook(), "events")),
    ("createWebhook", 400, "wrong-type"): but(body=webhook(events="campaign.sent")),
    ("createWebhook", 422, "invalid-url"): but(
        body=webhook(url="http://yourapp.com/webhooks/zexa")
    ),
    ("createWebhook", 422, "unrecognised-event"): but(body=webhook(events=["campaign.failed"])),
    ("createWebhook", 422, "validation"): but(body=webhook(events=[])),
}
CASES: dict[tuple[str, int, str], Trigger] = {
    **{(id, *answer): trigger for id in GOOD for answer, trigger in OF_ALL.items()},
    **{(id, *answer): trigger for id in WITH_BODY for answer, trigger in OF_BODIES.items()},
    **{(id, *answer): trigger for id in LISTS for answer, trigger in OF_LISTS.items()},
    **OF_ONE,
}
ANSWERS = [
    (operation.id, status, name)
    for operation in OPERATIONS.values()
    for status, response in operation.responses.items()
    for name in response.examples or [""]
]
FAILURES = [answer for answer in ANSWERS if answer[1] >= 500]


def gist(body: Any) -> Any:
    """What tells the documented successes of one operation apart: members, state, emptiness."""
    if "data" in body:
        return list(body), list(body["meta"]), [list(each) for each in body["data"][:1]]
    telling = {name: body[name] for name in ("status", "events", "currency") if name in body}
    return list(body), telling, body.get("credits") == 0


class TestDocumentedResponses:
    """Each answer that the document declares."""

    def test_each_has_a_case(self) -> None:
        """No documented answer below 500 goes untested, and no case is undocumented."""
        assert set(CASES) == {answer for answer in ANSWERS if answer[1] < 500}

    @pytest.mark.parametrize(("operation", "status", "example"), CASES)
    async def test_natural_request_reaches_it(
        self, operation: str, status: int, example: str, limited: Caller
    ) -> None:
        """A request as it would come from a client gets the documented status and body."""
        response = OPERATIONS[operation].responses[status]

        reply = await CASES[operation, status, example](limited, GOOD[operation])

        assert reply.status_code == status, reply.text
        if not example:
            assert reply.content == b""
        elif status < 300:
            assert response.diagnose(reply.json()) == []
            assert gist(reply.json()) == gist(response.examples[example])
        else:
            assert response.diagnose(reply.json()) == []
            told = {**reply.json(), "request_id": "req_a1b2c3d4"}
            assert told == response.examples[example]

    @pytest.mark.parametrize(("operation", "status", "example"), FAILURES)
    async def test_preferred_failure_is_verbatim(
        self, operation: str, status: int, example: str, zexa: Caller
    ) -> None:
        """`Prefer: code=…, example=…` gives the documented failure word for word."""
        prefer = f"code={status}, example={example}"

        reply = await zexa.send(GOOD[operation], headers={"Prefer": prefer})

        assert reply.status_code == status
        assert reply.json() == OPERATIONS[operation].responses[status].examples[example]

    async def test_request_ids_differ(self, zexa: Caller) -> None:
        """Each failure has an id of its own to quote."""
        first = await zexa.send(GOOD["getCampaign"], path="/v1/campaigns/cmp_zzz999")
        second = await zexa.send(GOOD["getCampaign"], path="/v1/campaigns/cmp_zzz999")

        assert first.json()["request_id"] != second.json()["request_id"]


class TestOutsideOperations:
    """Requests that reach no operation: Zexa documents a 404 and no 405."""

    @pytest.mark.parametrize("path", ["/v1/nothing", "/v1/campaigns/", "/v1/messages", "/"])
    async def test_unknown_path_is_not_found(self, path: str, zexa: Caller) -> None:
        """A path that Zexa does not have is a 404 in its envelope, with or without a key."""
        replies = [await zexa.send(Ask("GET", path, account=key)) for key in ("acme", None)]

        assert [code(reply) for reply in replies] == [(404, "not_found")] * 2
        assert list(replies[0].json()) == ["error", "message", "details", "request_id"]

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("/v1/campaigns", "GET, POST"),
            ("/v1/campaigns/cmp_sent001", "GET"),
            ("/v1/contacts", "GET, POST"),
            ("/v1/contacts/cnt_ana001", "DELETE"),
            ("/v1/sender-ids", "GET"),
            ("/v1/credits", "GET"),
            ("/v1/webhooks", "POST"),
        ],
    )
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
    async def test_undeclared_method_is_not_allowed(
        self, method: str, path: str, allowed: str, zexa: Caller
    ) -> None:
        """A method that the path does not have is a 405 that names those that it has."""
        reply = await zexa.send(Ask(method, path))

        assert (code(reply), reply.headers["allow"]) == ((405, "not_found"), allowed)


UNKNOWN_CHANNEL = "channel must be one of: sms, whatsapp, telegram, email, slack"
NO_TIME = "scheduled_at must be an ISO 8601 date and time"
NO_TEMPLATE = "template can only be used on whatsapp"
NO_CREDITS = "Not enough credits to dispatch the campaign"
PAST = "2020-01-01T08:00:00Z"
NO_LIST = {"contact_list_id": "lst_zzz999"}
NO_SENDER = {"sender_id": "NOBODY"}
# Five managers of Initech, which can pay for three.
DEAR = {"contact_list_id": "lst_initech005"}


class TestOrderOfChecks:
    """When several rules fail, the first one decides."""

    async def test_key_before_limit(self, limited: Caller) -> None:
        """Without a key there is no account whose limit could be used up."""
        await one_too_many(limited, GOOD["createCampaign"])

        reply = await limited.send(GOOD["createCampaign"], account=None)

        assert reply.status_code == 401

    async def test_limit_before_body(self, limited: Caller) -> None:
        """A used-up limit is told before the body is read."""
        await one_too_many(limited, GOOD["createCampaign"])

        reply = await limited.send(GOOD["createCampaign"], body=None, content=b"{")

        assert reply.status_code == 429

    @pytest.mark.parametrize(
        ("body", "status", "message"),
        [
            (without(campaign(channel="fax"), "body", "name"), 400, "Missing required field: name"),
            (campaign(channel="fax", body=42), 400, "Wrong type of field: body"),
            (without(campaign(channel="fax"), "body"), 422, "Either body or template is required"),
            (campaign(channel="fax", scheduled_at="soon"), 422, UNKNOWN_CHANNEL),
            (campaign(scheduled_at="soon", name=""), 422, NO_TIME),
            (campaign(scheduled_at=PAST, name=""), 422, "name is invalid"),
            (campaign(scheduled_at=PAST, template={"name": "a"}), 422, NO_TEMPLATE),
            (campaign(scheduled_at=PAST, **NO_LIST), 422, "scheduled_at must be in the future"),
            (campaign(**NO_LIST, **NO_SENDER), 404, "Contact list not found"),
            (campaign(**DEAR, **NO_SENDER), 422, "sender_id is not registered"),
            (campaign(**DEAR, sender_id="INITECH"), 422, NO_CREDITS),
        ],
    )
    async def test_first_fault_of_a_campaign_decides(
        self, body: Any, status: int, message: str, zexa: Caller
    ) -> None:
        """400, then what the body says, the list, the sender, the credits."""
        reply = await zexa.send(GOOD["createCampaign"], body=body, account="initech")

        assert text(reply) == (status, message)

    @pytest.mark.parametrize(
        ("body", "status", "message"),
        [
            ({"phone": "1", "email": "x"}, 400, "Missing required field: name"),
            (contact(phone="1", email="x"), 422, "phone must be in E.164 format"),
            (contact(email="x", lists=["lst_no"]), 422, "email is malformed"),
            (contact(lists=["lst_no"]), 422, "lists names an unknown contact list"),
            (contact(), 409, "A contact with this phone number already exists"),
        ],
    )
    async def test_first_fault_of_a_contact_decides(
        self, body: Any, status: int, message: str, zexa: Caller
    ) -> None:
        """400, then 422, then 409."""
        await zexa.send(GOOD["createContact"])

        reply = await zexa.send(GOOD["createContact"], body=body)

        assert text(reply) == (status, message)


class TestErrors:
    """What an error says of the request."""

    @pytest.mark.parametrize(
        ("operation", "body", "status", "field", "value"),
        [
            ("createCampaign", without(campaign(), "name"), 400, "name", None),
            ("createCampaign", campaign(scheduled_at=7), 400, "scheduled_at", 7),
            ("createCampaign", campaign(body=None), 400, "body", None),
            ("createCampaign", templated(template={}), 400, "template.name", None),
            ("createCampaign", templated(template="name"), 400, "template", "name"),
            (
                "createCampaign",
                templated(template={"name": "a", "variables": ["1", 2]}),
                400,
                "template.variables[1]",
                2,
            ),
            ("createCampaign", campaign(channel="SMS"), 422, "channel", "SMS"),
            ("createCampaign", campaign(sender_id=""), 422, "sender_id", ""),
            ("createCampaign", campaign(body=""), 422, "body", ""),
            ("createContact", contact(lists=[CUSTOMERS, "lst_no"]), 422, "lists[1]", "lst_no"),
            ("createContact", contact(email=None), 400, "email", None),
            ("createContact", contact(phone="+0244912345"), 422, "phone", "+0244912345"),
            (
                "createWebhook",
                webhook(events=["*", "message.read"]),
                422,
                "events[1]",
                "message.read",
            ),
            ("createWebhook", webhook(events=[1]), 400, "events[0]", 1),
        ],
    )
    async def test_details_name_the_member_and_what_was_sent(
        self, operation: str, body: Any, status: int, field: str, value: Any, zexa: Caller
    ) -> None:
        """`details` has the path of the faulty member, and its value as it was sent."""
        reply = await zexa.send(GOOD[operation], body=body)

        assert (reply.status_code, reply.json()["details"]) == (
            status,
            {"field": field, "value": value},
        )

    @pytest.mark.parametrize("operation", WITH_BODY)
    @pytest.mark.parametrize("content", [b"", b"[]", b'"text"', b"null", b"\xff", b'{"a":1,"a":2}'])
    async def test_body_that_is_no_object_is_malformed(
        self, content: bytes, operation: str, zexa: Caller
    ) -> None:
        """Whatever is not one JSON object is malformed as a whole."""
        reply = await zexa.send(GOOD[operation], body=None, content=content)

        assert text(reply) == (400, "Malformed JSON body")
        assert reply.json()["details"] is None

    @pytest.mark.parametrize("operation", LISTS)
    @pytest.mark.parametrize(
        ("query", "field", "value"),
        [
            ("page=0", "page", "0"),
            ("page=two", "page", "two"),
            ("per_page=0", "per_page", "0"),
            ("per_page=101", "per_page", "101"),
            ("page=1&page=2", "page", "1,2"),
            ("page=", "page", ""),
        ],
    )
    async def test_page_out_of_range_is_invalid(
        self, query: str, field: str, value: str, operation: str, zexa: Caller
    ) -> None:
        """A query that is out of range is a 422, not cut down."""
        reply = await page(query)(zexa, GOOD[operation])

        assert text(reply) == (422, f"{field} is invalid")
        assert reply.json()["details"] == {"field": field, "value": value}

    @pytest.mark.parametrize(
        ("method", "path", "message"),
        [
            ("GET", "/v1/campaigns/x", "Campaign not found"),
            ("GET", "/v1/campaigns/cmp_%0A", "Campaign not found"),
            ("DELETE", "/v1/contacts/1", "Contact not found"),
        ],
    )
    async def test_id_of_another_form_names_nothing(
        self, method: str, path: str, message: str, zexa: Caller
    ) -> None:
        """An id that Zexa cannot have given is a 404, like any other unknown one."""
        assert text(await zexa.send(Ask(method, path))) == (404, message)

    async def test_unknown_members_are_ignored(self, zexa: Caller) -> None:
        """A member that Zexa does not know is accepted and dropped."""
        created = await zexa.create(subject="Hello")

        assert "subject" not in created


class TestBrokenWorld:
    """A world that somebody has set up wrongly."""

    async def test_missing_balance_is_an_internal_error(self, zexa: Caller) -> None:
        """What the document has no words for is a 500 in Zexa's envelope."""
        work = zexa.work()
        await work.store.balances.delete("acct_acme")
        await work.commit()

        reply = await zexa.send(GOOD["getCredits"])

        assert code(reply) == (500, "internal_error")
        assert OPERATIONS["getCredits"].responses[500].diagnose(reply.json()) == []


class TestAccounts:
    """A key acts for its account alone."""

    @pytest.mark.parametrize(
        "ask",
        [
            GOOD["getCampaign"],
            GOOD["deleteContact"],
            GOOD["createCampaign"],
        ],
        ids=["campaign", "contact", "list"],
    )
    async def test_others_do_not_exist(self, ask: Ask, zexa: Caller) -> None:
        """What belongs to another account is a 404."""
        assert code(await zexa.send(ask, account="globex")) == (404, "not_found")

    async def test_lists_show_ones_own(self, zexa: Caller) -> None:
        """Each list has the account's resources only."""
        shown = {
            path: await zexa.get(path, "globex")
            for path in ("/v1/campaigns", "/v1/contacts", "/v1/sender-ids")
        }

        assert {path: list_["meta"]["total"] for path, list_ in shown.items()} == {
            "/v1/campaigns": 1,
            "/v1/contacts": 1,
            "/v1/sender-ids": 1,
        }

    async def test_every_account_has_its_balance(self, zexa: Caller) -> None:
        """Halves are not shown."""
        balances = [await zexa.credits(name) for name in ("acme", "globex", "initech", "hooli")]

        assert balances == [4250, 120, 3, 0]


class TestCreate:
    """What a new campaign is."""

    async def test_immediate_campaign_is_processing(self, zexa: Caller) -> None:
        """Without a schedule sending has begun, at the moment of creation."""
        created = await zexa.create()

        assert created["status"] == "processing"
        assert await zexa.show(created) == {
            "id": created["id"],
            "name": "Weekend Sale",
            "status": "processing",
            "channel": "sms",
            "total_contacts": 6,
            "delivered": 0,
            "failed": 0,
            "created_at": at(),
            "started_at": at(),
            "completed_at": None,
        }

    async def test_null_schedule_is_none(self, zexa: Caller) -> None:
        """`scheduled_at: null` is sending at once."""
        assert (await zexa.create(scheduled_at=None))["status"] == "processing"

    @pytest.mark.parametrize(
        "text",
        [
            "2026-03-11T12:00:01Z",
            "2026-03-11T12:00:00.5Z",
            "2026-03-11T14:00:00+01:00",
            "2026-03-11t13:00:00z",
            "9999-12-31T23:59:59Z",
        ],
    )
    async def test_future_schedule_is_taken(self, text: str, zexa: Caller) -> None:
        """Any RFC 3339 time after now, in any zone."""
        created = await zexa.create(scheduled_at=text)

        assert created["status"] == "scheduled"
        assert (await zexa.show(created))["started_at"] is None

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("2026-03-11T12:00:00Z", "scheduled_at must be in the future"),
            ("2026-03-11T12:30:00+01:00", "scheduled_at must be in the future"),
            ("1000-01-01T00:00:00Z", "scheduled_at must be in the future"),
            ("0001-01-01T00:00:00+12:00", NO_TIME),
            ("9999-12-31T23:59:59-12:00", NO_TIME),
            ("", NO_TIME),
            ("2026-07-01", NO_TIME),
            ("2026-07-01T08:00:00", NO_TIME),
            ("2026-02-30T08:00:00Z", NO_TIME),
            ("2030-06-30T23:59:60Z", NO_TIME),
            ("2030-07-01T08:00:00+24:00", NO_TIME),
        ],
    )
    async def test_other_schedule_is_refused(self, text: str, message: str, zexa: Caller) -> None:
        """What has passed, or is not a time, is a 422."""
        reply = await zexa.send(GOOD["createCampaign"], body=campaign(scheduled_at=text))

        assert (reply.status_code, reply.json()["message"]) == (422, message)

    @pytest.mark.parametrize("channel", ["sms", "telegram", "email", "slack"])
    async def test_template_is_for_whatsapp(self, channel: str, zexa: Caller) -> None:
        """A template is refused on every other channel, beside a body too."""
        body = templated(channel=channel, body="Hello")

        assert text(await zexa.send(GOOD["createCampaign"], body=body)) == (422, NO_TEMPLATE)

    async def test_template_and_body_go_together_on_whatsapp(self, zexa: Caller) -> None:
        """On WhatsApp a campaign may have both."""
        created = await zexa.create(**templated(body="Hello"))

        assert (created["channel"], created["status"]) == ("whatsapp", "processing")

    async def test_names_may_repeat(self, zexa: Caller) -> None:
        """Two campaigns may have one name."""
        first, second = await zexa.create(), await zexa.create()

        assert (first["name"], first["id"] != second["id"]) == (second["name"], True)

    async def test_refused_campaign_is_not_stored(self, zexa: Caller) -> None:
        """A refusal leaves no trace, and nothing to do later."""
        before = await zexa.get("/v1/campaigns")

        await zexa.send(GOOD["createCampaign"], body=campaign(**NO_SENDER))

        assert await zexa.get("/v1/campaigns") == before
        assert zexa.session.clock.pending() == []


class TestSenders:
    """Who may send on which channel."""

    @pytest.mark.parametrize(
        ("channel", "sender", "usable"),
        [
            ("sms", "MYBRAND", True),
            ("sms", "+244912000000", True),
            ("sms", "BANKAO", False),
            ("sms", "NEWBRAND", False),
            ("sms", "mybrand", False),
            ("sms", "news@mybrand.example", False),
            ("whatsapp", "MYBRAND", True),
            ("whatsapp", "SHOPAO", False),
            ("telegram", "MYBRAND", True),
            ("telegram", "NEWBRAND", False),
            ("email", "news@mybrand.example", True),
            ("email", "sales@mybrand.example", False),
            ("email", "office@initech.example", False),
            ("email", "MYBRAND", False),
            ("slack", "anything at all", True),
        ],
    )
    async def test_sender_fits_the_channel(
        self, channel: str, sender: str, usable: bool, zexa: Caller
    ) -> None:
        """An approved Sender ID of the channel, a verified address on email, any text on Slack."""
        body = campaign(channel=channel, sender_id=sender)

        reply = await zexa.send(GOOD["createCampaign"], body=body)

        told = (reply.status_code, reply.json().get("details"))
        refused = (422, {"field": "sender_id", "value": sender})
        assert told == ((201, None) if usable else refused)

    async def test_list_shows_every_registration(self, zexa: Caller) -> None:
        """Newest first, of every status, each with its channel and without the mock's own id."""
        listed = (await zexa.get("/v1/sender-ids"))["data"]

        assert [each["created_at"] for each in listed] == sorted(
            (each["created_at"] for each in listed), reverse=True
        )
        assert {each["status"] for each in listed} == {"approved", "pending", "rejected"}
        assert all("id" not in each for each in listed)


class TestTargets:
    """Whom a campaign reaches: as the list is at the moment of creation."""

    @pytest.mark.parametrize(
        ("changes", "total"),
        [
            ({}, 6),
            ({"sender_id": "SHOPAO"}, 7),
            ({"channel": "email", "sender_id": "news@mybrand.example"}, 6),
            ({"channel": "slack", "sender_id": "C024BE91L"}, 7),
            ({"contact_list_id": NEWSLETTER}, 3),
            ({"contact_list_id": PROSPECTS}, 0),
            ({"contact_list_id": "lst_former000"}, 0),
        ],
    )
    async def test_active_reachable_contacts_count(
        self, changes: Any, total: int, zexa: Caller
    ) -> None:
        """Not the inactive, not who opted out of the sender, not who has no address there."""
        assert (await zexa.create(**changes))["total_contacts"] == total

    async def test_new_contact_is_reached(self, zexa: Caller) -> None:
        """A contact that was added to a list is among its active ones."""
        await zexa.send(GOOD["createContact"], body=contact(lists=[CUSTOMERS]))

        assert (await zexa.create())["total_contacts"] == 7

    async def test_later_contact_is_not(self, zexa: Caller) -> None:
        """Who joins a list after the creation is not reached, even by a scheduled campaign."""
        created = await zexa.create(scheduled_at=at(HOUR))
        await zexa.send(GOOD["createContact"])

        await zexa.shift(2 * HOUR)

        assert (await zexa.show(created))["total_contacts"] == 6
        assert len(await zexa.messages(created)) == 6

    async def test_deleted_contact_still_counts(self, zexa: Caller) -> None:
        """Who is deleted after the creation gets the message nevertheless."""
        created = await zexa.create(scheduled_at=at(HOUR))
        await zexa.send(GOOD["deleteContact"])

        await zexa.shift(2 * HOUR)

        shown = await zexa.show(created)
        assert (shown["total_contacts"], shown["delivered"], shown["failed"]) == (6, 4, 2)

    async def test_each_message_goes_where_the_channel_reaches(self, zexa: Caller) -> None:
        """Email goes to addresses, everything else to phone numbers."""
        mail = await zexa.create(channel="email", sender_id="news@mybrand.example")
        sms = await zexa.create()

        assert [each["to"] for each in await zexa.messages(mail)][:2] == [
            "ana@example.com",
            "bento@example.com",
        ]
        assert [each["to"] for each in await zexa.messages(sms)][-1] == "+351912000106"


class TestCredits:
    """What messages cost, and when it is paid."""

    @pytest.mark.parametrize(
        ("body", "count"),
        [
            ("a", 1),
            ("a" * 160, 1),
            ("a" * 161, 2),
            ("a" * 320, 2),
            ("a" * 321, 3),
            ("é" * 160, 1),
            ("€" * 80, 1),
            ("€" * 81, 2),
            ("[" + "a" * 159, 2),
            ("ã" * 70, 1),
            ("ã" * 71, 2),
            ("a" * 70 + "ã", 2),
            ("😀" * 35, 1),
            ("😀" * 36, 2),
        ],
        ids=lambda value: f"{value[:1]}*{len(value)}" if isinstance(value, str) else None,
    )
    def test_segments(self, body: str, count: int) -> None:
        """160 characters of GSM-7 (its extension counts two), or 70 of UCS-2, to the segment."""
        assert rules.segments(body) == count

    @pytest.mark.parametrize(
        ("changes", "cost"),
        [
            ({}, 7),
            ({"body": "a" * 161}, 14),
            ({"contact_list_id": NEWSLETTER}, 3),
            ({"contact_list_id": PROSPECTS}, 0),
            ({"channel": "telegram", "body": "a" * 161}, 6),
            ({"channel": "whatsapp"}, 6),
            ({"channel": "email", "sender_id": "news@mybrand.example"}, 3),
            ({"channel": "slack", "sender_id": "C024BE91L"}, 3.5),
        ],
    )
    async def test_whole_campaign_costs_the_sum_of_its_messages(
        self, changes: Any, cost: float, zexa: Caller
    ) -> None:
        """Segments at 1 in Angola and 2 abroad; 1 on WhatsApp and Telegram; 0.5 on email, Slack."""
        await zexa.top_up(100)
        await zexa.create(**changes)

        await zexa.shift(MINUTE)

        assert (await zexa.work().store.balances.get("acct_acme"))["credits"] == 100 - cost

    async def test_creation_charges_nothing(self, zexa: Caller) -> None:
        """The balance is as it was until the first message is dispatched."""
        await zexa.create()
        before = await zexa.credits()

        await zexa.shift(1)

        assert (before, await zexa.credits()) == (4250, 4248)

    @pytest.mark.parametrize(("balance", "status"), [(7, 201), (6.5, 422), (0, 422)])
    async def test_balance_covers_the_campaign(
        self, balance: float, status: int, zexa: Caller
    ) -> None:
        """Exactly enough is enough."""
        await zexa.top_up(balance)

        reply = await zexa.send(GOOD["createCampaign"])

        assert reply.status_code == status

    async def test_scheduled_campaign_is_covered_at_creation(self, zexa: Caller) -> None:
        """A campaign for next year needs its credits today."""
        await zexa.top_up(6)
        body = documented("createCampaign", "scheduled")

        assert text(await zexa.send(GOOD["createCampaign"], body=body)) == (422, NO_CREDITS)

    async def test_nothing_is_set_aside(self, zexa: Caller) -> None:
        """Two campaigns may each count on the same credits."""
        await zexa.top_up(7)

        assert [(await zexa.create())["status"] for _ in range(2)] == ["processing"] * 2

    async def test_empty_list_needs_no_credits(self, zexa: Caller) -> None:
        """Whoever reaches nobody needs nothing."""
        await zexa.top_up(0)

        assert (await zexa.create(contact_list_id=PROSPECTS))["status"] == "processing"


async def census(zexa: Caller, created: Any, account: str = "acme") -> tuple[Any, ...]:
    """Status, queued, under way, delivered and failed; what is stored and what is shown agree."""
    shown = await zexa.show(created, account)
    count = Counter(each["status"] for each in await zexa.messages(created))
    assert shown["delivered"] == count["delivered"]
    assert shown["failed"] == count["failed"] + count["undeliverable"]
    assert shown["total_contacts"] == count.total()
    return shown["status"], count["queued"], count["sent"], shown["delivered"], shown["failed"]


class TestLife:
    """From creation to the last confirmation, by nothing but time."""

    async def test_immediate_campaign(self, zexa: Caller) -> None:
        """Second by second: batches go out, confirmations come in, nobody is lost."""
        created = await zexa.create()
        seen = [await census(zexa, created)]

        for _ in range(4):
            await zexa.shift(1)
            seen.append(await census(zexa, created))

        assert seen == [
            ("processing", 6, 0, 0, 0),
            ("processing", 4, 2, 0, 0),
            ("processing", 2, 2, 2, 0),
            ("sent", 0, 2, 3, 1),
            ("completed", 0, 0, 4, 2),
        ]

    async def test_times_are_told(self, zexa: Caller) -> None:
        """`started_at` is the beginning, `completed_at` the last confirmation."""
        created = await zexa.create()

        await zexa.shift(HOUR)

        shown = await zexa.show(created)
        assert (shown["started_at"], shown["completed_at"]) == (at(), at(4))

    async def test_completed_at_is_null_until_then(self, zexa: Caller) -> None:
        """A campaign that is sent is not completed."""
        created = await zexa.create()

        await zexa.shift(3)

        shown = await zexa.show(created)
        assert (shown["status"], shown["completed_at"]) == ("sent", None)

    async def test_scheduled_campaign(self, zexa: Caller) -> None:
        """It waits for its time to the second, then goes the same way."""
        created = await zexa.create(scheduled_at=at(HOUR))
        seen = []

        for seconds in (HOUR - 1, 1, 1, 2, 1):
            await zexa.shift(seconds)
            seen.append((await census(zexa, created))[0])

        assert seen == ["scheduled", "processing", "processing", "sent", "completed"]
        shown = await zexa.show(created)
        assert (shown["created_at"], shown["started_at"], shown["completed_at"]) == (
            at(),
            at(HOUR),
            at(HOUR + 4),
        )

    async def test_nothing_fires_when_all_is_final(self, zexa: Caller) -> None:
        """A completed campaign leaves nothing to do."""
        await zexa.create()
        await zexa.create(scheduled_at=at(HOUR))

        fired = Counter(await zexa.shift(24 * HOUR))

        assert fired == {"start": 1, "tick": 8}
        assert zexa.session.clock.pending() == []

    async def test_empty_list(self, zexa: Caller) -> None:
        """A campaign for nobody passes through the states."""
        created = await zexa.create(contact_list_id=PROSPECTS)
        seen = [created["status"]]

        for _ in range(2):
            await zexa.shift(1)
            seen.append((await census(zexa, created))[0])

        assert seen == ["processing", "sent", "completed"]

    async def test_large_campaign_takes_no_longer(self, zexa: Caller) -> None:
        """Batches grow with the campaign: five and a last confirmation."""
        work = zexa.work()
        for number in range(1_000):
            person = {
                **(await work.store.contacts.get("cnt_ana001", "acct_acme")),
                "id": f"cnt_{number}",
            }
            await work.store.contacts.put({**person, "lists": [PROSPECTS]}, "acct_acme")
        await work.commit()
        created = await zexa.create(contact_list_id=PROSPECTS)

        await zexa.shift(6)

        assert await census(zexa, created) == ("completed", 0, 0, 1_000, 0)

    async def test_failure_by_hand_stops_it(self, zexa: Caller) -> None:
        """A failed campaign keeps its counters, has no end, and moves no more."""
        created = await zexa.create()
        await zexa.shift(2)
        await zexa.by_hand("fail", "campaigns", created["id"])

        await zexa.shift(HOUR)

        assert await census(zexa, created) == ("failed", 2, 2, 2, 0)
        assert (await zexa.show(created))["completed_at"] is None
        assert await zexa.credits() == 4250 - 4

    async def test_failed_schedule_does_not_start(self, zexa: Caller) -> None:
        """A campaign that failed while it waited never begins."""
        created = await zexa.create(scheduled_at=at(HOUR))
        await zexa.by_hand("fail", "campaigns", created["id"])

        await zexa.shift(2 * HOUR)

        assert await census(zexa, created) == ("failed", 6, 0, 0, 0)
        assert (await zexa.show(created))["started_at"] is None

    async def test_schedule_keeps_no_pace(self) -> None:
        """At pace 0 all else is at once, but a schedule is a promise."""
        app = create_app(replace(ZEXA, pace=0))
        async for zexa in calling(app):
            at_once, later = await zexa.create(), await zexa.create(scheduled_at=at(HOUR))

            assert (await zexa.show(at_once))["status"] == "completed"
            assert (await zexa.show(later))["status"] == "scheduled"


class TestHalt:
    """A campaign that runs out of credits, and goes on by itself."""

    async def halted(self, zexa: Caller) -> Any:
        """The second of two campaigns that count on the same 3.5 credits."""
        managers = {"contact_list_id": "lst_initech002", "sender_id": "INITECH"}
        await zexa.create("initech", **managers)
        second = await zexa.create("initech", **managers)
        await zexa.shift(5)
        return second

    async def test_it_stays_processing(self, zexa: Caller) -> None:
        """One message went out, the other cannot be paid; the half credit stays."""
        second = await self.halted(zexa)

        assert await census(zexa, second, "initech") == ("processing", 1, 0, 1, 0)
        assert (await zexa.work().store.balances.get("acct_initech"))["credits"] == 0.5

    async def test_counters_are_frozen(self, zexa: Caller) -> None:
        """However long it waits, nothing moves, though it looks for credits again and again."""
        second = await self.halted(zexa)
        before = await zexa.show(second, "initech")

        fired = await zexa.shift(HOUR)

        assert (await zexa.show(second, "initech"), fired) == (before, ["tick"] * 5)

    async def test_it_looks_ever_less_often(self, zexa: Caller) -> None:
        """After a minute, then each time after twice as long, at last once a day."""
        await self.halted(zexa)
        waits = []

        for _ in range(13):
            now, due = zexa.session.clock.now(), zexa.session.clock.next_due()
            assert due is not None
            await zexa.shift((due - now) / SECOND)
            waits.append((due - now) // SECOND)

        # It halted a while before the first look.
        assert 57 <= waits[0] <= MINUTE
        assert waits[1:] == [*(MINUTE * 2**times for times in range(1, 11)), 24 * HOUR, 24 * HOUR]

    async def test_next_halt_begins_anew(self, zexa: Caller) -> None:
        """A campaign that went on and halts again looks after a minute, then ever less often."""
        created = await zexa.create()
        await zexa.top_up(2)
        await zexa.shift(HOUR)
        await zexa.top_up(2)

        fired = await zexa.shift(HOUR)

        # The one that finds credits and the one after it; five looks within half an hour.
        assert fired == ["tick"] * (2 + 5)
        assert (await census(zexa, created))[1] == 2

    async def test_top_up_resumes_it(self, zexa: Caller) -> None:
        """Within a minute it goes on from the same point, and is completed."""
        second = await self.halted(zexa)
        await zexa.top_up(10, "initech")
        seen = [await census(zexa, second, "initech")]

        for seconds in (MINUTE, 1):
            await zexa.shift(seconds)
            seen.append(await census(zexa, second, "initech"))

        assert seen == [
            ("processing", 1, 0, 1, 0),
            ("completed", 0, 0, 2, 0),
            ("completed", 0, 0, 2, 0),
        ]
        assert await zexa.credits("initech") == 9

    async def test_too_small_a_top_up_does_not(self, zexa: Caller) -> None:
        """The next message has to be covered, not a part of it."""
        second = await self.halted(zexa)
        await zexa.top_up(0.5, "initech")

        await zexa.shift(HOUR)

        assert await census(zexa, second, "initech") == ("processing", 1, 0, 1, 0)

    async def test_dear_message_holds_up_cheaper_ones(self, zexa: Caller) -> None:
        """Messages go out in order: the next one decides, whatever those behind it cost."""
        await zexa.change_contact("cnt_ana001", phone="+351912000199")
        created = await zexa.create()
        await zexa.top_up(1)

        await zexa.shift(HOUR)

        assert await census(zexa, created) == ("processing", 6, 0, 0, 0)
        assert await zexa.credits() == 1

    async def test_halt_does_not_hang_at_pace_0(self) -> None:
        """The look for credits keeps its minute, or the first one would never end."""
        app = create_app(replace(ZEXA, pace=0))
        async for zexa in calling(app):
            created = await zexa.create(scheduled_at=at(HOUR))
            await zexa.top_up(3)

            fired = await zexa.shift(HOUR + 2 * MINUTE)

            assert await census(zexa, created) == ("processing", 3, 0, 3, 0)
            assert fired[-2:] == ["tick", "tick"]


class TestContacts:
    """People and the lists they are in."""

    async def test_created_contact_is_shown(self, zexa: Caller) -> None:
        """What was sent, an id and the time."""
        created = (await zexa.send(GOOD["createContact"])).json()

        assert without(created, "id") == {**documented("createContact"), "created_at": at()}
        assert (await zexa.get("/v1/contacts"))["data"][0] == created

    async def test_minimal_contact_has_no_email_and_no_lists(self, zexa: Caller) -> None:
        """What was not sent is null, or empty."""
        reply = await zexa.send(GOOD["createContact"], body=documented("createContact", "minimal"))

        assert (reply.json()["email"], reply.json()["lists"]) == (None, [])

    async def test_list_named_twice_is_joined_once(self, zexa: Caller) -> None:
        """A list is a set."""
        body = contact(lists=[CUSTOMERS, NEWSLETTER, CUSTOMERS])

        reply = await zexa.send(GOOD["createContact"], body=body)

        assert reply.json()["lists"] == [CUSTOMERS, NEWSLETTER]

    async def test_phone_is_the_accounts(self, zexa: Caller) -> None:
        """Another account may have the same phone number."""
        body = documented("createContact", "minimal")
        first = await zexa.send(GOOD["createContact"], body=body)

        second = await zexa.send(GOOD["createContact"], body=body, account="globex")

        assert (first.status_code, second.status_code) == (201, 201)

    async def test_phone_is_free_again(self, zexa: Caller) -> None:
        """A deleted contact's phone number can be used."""
        created = (await zexa.send(GOOD["createContact"])).json()
        await zexa.send(GOOD["deleteContact"], path=f"/v1/contacts/{created['id']}")

        assert (await zexa.send(GOOD["createContact"])).status_code == 201

    async def test_deleted_contact_is_in_no_list(self, zexa: Caller) -> None:
        """A deleted contact is gone from everywhere."""
        await zexa.send(GOOD["deleteContact"])

        for query in ("", f"?list_id={CUSTOMERS}", f"?list_id={NEWSLETTER}"):
            listed = (await zexa.get(f"/v1/contacts{query}"))["data"]
            assert listed
            assert "cnt_ana001" not in [each["id"] for each in listed]

    @pytest.mark.parametrize(
        ("list_id", "count"), [(CUSTOMERS, 8), (NEWSLETTER, 4), (PROSPECTS, 0), ("lst_zzz999", 0)]
    )
    async def test_list_filters(self, list_id: str, count: int, zexa: Caller) -> None:
        """Only members of the list, newest first, active or not; an unknown one has none."""
        listed = await zexa.get(f"/v1/contacts?list_id={list_id}&per_page=5")

        assert listed["meta"] == {"total": count, "page": 1, "per_page": 5}
        times = [each["created_at"] for each in listed["data"]]
        assert times == sorted(times, reverse=True)
        assert all(list_id in each["lists"] for each in listed["data"])
        assert len(listed["data"]) == min(count, 5)

    async def test_filtered_pages_go_on(self, zexa: Caller) -> None:
        """The pages of a list together are the list, also when somebody joins between them."""
        first = await zexa.get(f"/v1/contacts?list_id={CUSTOMERS}&per_page=5")
        await zexa.send(GOOD["createContact"])

        second = await zexa.get(f"/v1/contacts?list_id={CUSTOMERS}&per_page=5&page=2")

        ids = [each["id"] for each in first["data"] + second["data"]]
        assert (len(ids), len(set(ids))) == (8, 8)


async def read_all(zexa: Caller, per_page: int, between: Callable[[], Awaitable[Any]]) -> list[str]:
    """The ids on all pages; something happens after each of them."""
    ids: list[str] = []
    for number in itertools.count(1):
        listed = await zexa.get(f"/v1/campaigns?page={number}&per_page={per_page}")
        if not listed["data"]:
            return ids
        ids += [each["id"] for each in listed["data"]]
        await between()
    raise AssertionError("the pages never end")


class TestPages:
    """Numbered pages, newest first."""

    async def test_defaults(self, zexa: Caller) -> None:
        """The first page of fifty."""
        meta = (await zexa.get("/v1/campaigns"))["meta"]

        assert meta == {"total": 6, "page": 1, "per_page": 50}

    async def test_newest_is_first(self, zexa: Caller) -> None:
        """A new campaign heads the list, shown as it is when asked for."""
        created = await zexa.create()

        listed = (await zexa.get("/v1/campaigns"))["data"]

        assert listed[0] == await zexa.show(created)

    async def test_page_past_the_end_is_empty(self, zexa: Caller) -> None:
        """There is no last page to be beyond of."""
        listed = await zexa.get("/v1/campaigns?page=2147483647&per_page=100")

        assert listed == {"data": [], "meta": {"total": 6, "page": 2147483647, "per_page": 100}}

    async def test_readings_of_other_sizes_are_apart(self, zexa: Caller) -> None:
        """Whoever begins anew with another size does not move the pages of the first reader."""
        first = await zexa.get("/v1/campaigns?per_page=3")
        await zexa.create()
        await zexa.get("/v1/campaigns?per_page=4")

        second = await zexa.get("/v1/campaigns?per_page=3&page=2")

        ids = {each["id"] for each in first["data"] + second["data"]}
        assert len(ids) == 6

    @pytest.mark.parametrize("per_page", [50, 100])
    async def test_thousand_campaigns_each_once(self, per_page: int, zexa: Caller) -> None:
        """A reader meets each campaign exactly once, whether or not others create more."""
        made = [(await zexa.create(contact_list_id=PROSPECTS))["id"] for _ in range(1_000 - 6)]
        there = {*made, *(each["id"] for each in (await zexa.get("/v1/campaigns?page=11"))["data"])}

        async def nothing() -> None:
            """Nobody else is there."""

        alone = await read_all(zexa, per_page, nothing)
        busy = await read_all(zexa, per_page, lambda: zexa.create(contact_list_id=PROSPECTS))

        assert len(alone) == len(set(alone)) == len(busy) == len(set(busy)) == 1_000
        assert set(alone) == set(busy) >= there


@dataclass(frozen=True)
class Received:
    """A request that a receiver got; headers by lower-case name."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """A user's endpoint: an HTTP server that notes what comes."""

    def __init__(self) -> None:
        self.received: SimpleQueue[Received] = SimpleQueue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.put(Received(headers, body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads a test's access log."""

        return Handler

    def drain(self) -> list[Received]:
        """Everything that has come so far."""
        return [self.received.get() for _ in range(self.received.qsize())]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def signature(key: str, body: bytes) -> str:
    """The documented scheme: HMAC-SHA256 of the raw body in hex, keyed with the API key."""
    return f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"


def payload_faults(event: Any) -> list[Any]:
    """Where an event is not what the document declares for its callback."""
    callback = SERVICE.document.raw["paths"]["/v1/webhooks"]["post"]["callbacks"][event["event"]]
    (operation,) = callback.values()
    schema = operation["post"]["requestBody"]["content"]["application/json"]["schema"]
    return SCHEMAS.compile(schema).diagnose(event, "body")


class TestWebhooks:
    """What the user's server is told."""

    async def test_whole_life_is_told(self, receiver: Receiver, zexa: Caller) -> None:
        """Each confirmation, then that all is sent, then that all is final; nothing else."""
        await zexa.subscribe(receiver.url, "*")
        await zexa.create(scheduled_at=at(HOUR))
        told = []

        for seconds in (HOUR, 1, 1, 1, 1):
            await zexa.shift(seconds)
            told.append(sorted(each.event["event"] for each in receiver.drain()))

        assert told == [
            [],
            [],
            ["message.delivered"] * 2,
            ["campaign.sent", "message.delivered", "message.failed"],
            ["campaign.completed", "message.delivered", "message.undeliverable"],
        ]

    async def test_each_event_is_signed_and_documented(
        self, receiver: Receiver, zexa: Caller
    ) -> None:
        """Every event is JSON as the document declares it, with the HMAC of its raw body."""
        await zexa.subscribe(receiver.url, "*")
        created = await zexa.create()
        await zexa.shift(MINUTE)
        last = (await zexa.messages(created))[-1]
        await zexa.by_hand("opt_out", "messages", last["id"], created["id"])

        received = receiver.drain()

        assert {each.event["event"] for each in received} == {
            *("message.delivered", "message.failed", "message.undeliverable", "message.optout"),
            *("campaign.sent", "campaign.completed"),
        }
        for each in received:
            assert each.headers["x-zexa-signature"] == signature(credential("acme"), each.body)
            assert each.headers["content-type"] == "application/json"
            assert payload_faults(each.event) == []

    async def test_campaign_is_shown_as_it_was(self, receiver: Receiver, zexa: Caller) -> None:
        """`data` is the campaign at the moment of the event, `created_at` that moment."""
        await zexa.subscribe(receiver.url, "campaign.sent", "campaign.completed")
        created = await zexa.create()
        await zexa.shift(3)
        sent = await zexa.show(created)
        await zexa.shift(1)
        completed = await zexa.show(created)

        received = [each.event for each in receiver.drain()]

        assert received == [
            {"event": "campaign.sent", "created_at": at(3), "data": sent},
            {"event": "campaign.completed", "created_at": at(4), "data": completed},
        ]

    async def test_message_is_shown(self, receiver: Receiver, zexa: Caller) -> None:
        """`data` is the message with its final status, to whom it went and since when it is."""
        await zexa.subscribe(receiver.url, "message.undeliverable")
        created = await zexa.create()
        await zexa.shift(MINUTE)

        (received,) = receiver.drain()

        (eva,) = [m for m in await zexa.messages(created) if m["contact_id"] == "cnt_eva005"]
        assert received.event["data"] == {
            "id": eva["id"],
            "status": "undeliverable",
            "channel": "sms",
            "to": "+244923000105",
            "created_at": at(),
        }

    async def test_only_subscribed_events_come(self, receiver: Receiver, zexa: Caller) -> None:
        """A webhook is told of what it names, once, also when it names it twice."""
        await zexa.subscribe(receiver.url, "campaign.sent", "*", "campaign.sent")
        await zexa.subscribe(receiver.url, "campaign.sent")
        await zexa.subscribe(receiver.url, "message.optout")
        await zexa.create(contact_list_id=PROSPECTS)

        await zexa.shift(1)

        assert [each.event["event"] for each in receiver.drain()] == ["campaign.sent"] * 2

    async def test_others_are_not_told(self, receiver: Receiver, zexa: Caller) -> None:
        """Another account's webhook hears nothing."""
        await zexa.subscribe(receiver.url, "*", account="initech")
        await zexa.create()

        await zexa.shift(MINUTE)

        assert receiver.drain() == []

    async def test_failure_by_hand_has_no_event(self, receiver: Receiver, zexa: Caller) -> None:
        """Zexa has no event for a campaign that failed."""
        await zexa.subscribe(receiver.url, "*")
        created = await zexa.create()

        await zexa.by_hand("fail", "campaigns", created["id"])

        assert receiver.drain() == []

    async def test_opting_out_is_for_good(self, receiver: Receiver, zexa: Caller) -> None:
        """Who answers STOP is told to the webhook and not reached again by that sender."""
        await zexa.subscribe(receiver.url, "message.optout")
        created = await zexa.create()
        await zexa.shift(MINUTE)
        first = (await zexa.messages(created))[0]

        await zexa.by_hand("opt_out", "messages", first["id"], created["id"])

        (received,) = receiver.drain()
        assert received.event["data"]["id"] == first["id"]
        assert (await zexa.create())["total_contacts"] == 5
        assert (await zexa.create(sender_id="SHOPAO"))["total_contacts"] == 7

    async def test_deleted_contact_can_opt_out(self, receiver: Receiver, zexa: Caller) -> None:
        """Who is no contact any more still has an answer to give."""
        await zexa.subscribe(receiver.url, "message.optout")
        created = await zexa.create()
        await zexa.send(GOOD["deleteContact"])
        await zexa.shift(MINUTE)
        first = (await zexa.messages(created))[0]

        await zexa.by_hand("opt_out", "messages", first["id"], created["id"])

        (received,) = receiver.drain()
        assert received.event["data"]["to"] == "+244923000101"

    async def test_key_that_registered_signs(self, receiver: Receiver) -> None:
        """With `--auth any` it is the key that the caller sent."""
        app = create_app(replace(ZEXA, auth="any"))
        async for zexa in calling(app):
            mine = {"authorization": "Bearer my-own-key"}
            body = {"url": receiver.url, "events": ["campaign.sent"]}
            await zexa.send(GOOD["createWebhook"], headers=mine, body=body)
            await zexa.create()

            await zexa.shift(3)

            (received,) = receiver.drain()
            assert received.headers["x-zexa-signature"] == signature("my-own-key", received.body)

    async def test_registering_sends_nothing(self, receiver: Receiver, zexa: Caller) -> None:
        """Only the dashboard sends a test event."""
        await zexa.subscribe(receiver.url, "*")

        await zexa.shift(MINUTE)

        assert zexa.deliveries == []

    async def test_foreign_host_is_blocked(self, zexa: Caller) -> None:
        """The seed world's webhook is elsewhere: its events are recorded, and not sent."""
        await zexa.create()

        await zexa.shift(MINUTE)

        assert [(each.event, each.state) for each in zexa.deliveries] == [
            ("campaign.sent", "blocked"),
            ("campaign.completed", "blocked"),
        ]

    @pytest.mark.parametrize(
        ("url", "status"),
        [
            ("https://yourapp.com", 201),
            ("https://yourapp.com:8443/a/b?c=d", 201),
            ("http://localhost:8000/hook", 201),
            ("http://127.0.0.1/hook", 201),
            ("http://[::1]:8000/hook", 201),
            ("http://10.0.0.1/hook", 422),
            ("http://localhost.example.com/hook", 422),
            ("http://127.0.0.1.example.com/hook", 422),
            ("http://localhost@example.com/hook", 422),
            ("ftp://yourapp.com/", 422),
            ("https://", 422),
            ("https://your app.com/", 422),
            ("yourapp.com", 422),
        ],
    )
    async def test_url_is_https_or_this_machine(self, url: str, status: int, zexa: Caller) -> None:
        """HTTPS, as Zexa wants it; plain HTTP where a receiver is developed."""
        reply = await zexa.send(GOOD["createWebhook"], body=webhook(url=url))

        assert reply.status_code == status


class TestRateLimit:
    """A limit for each account; Zexa publishes no number, the mock's is 100 a minute."""

    async def test_hundred_a_minute(self, limited: Caller) -> None:
        """The next one waits for the next minute, and then is taken."""
        passed = {(await limited.send(GOOD["getCredits"])).status_code for _ in range(100)}
        refused = await limited.send(GOOD["getCredits"])

        await limited.shift(int(refused.headers["retry-after"]))

        assert (passed, code(refused)) == ({200}, (429, "rate_limit_exceeded"))
        assert refused.headers["retry-after"] == "60"
        assert (await limited.send(GOOD["getCredits"])).status_code == 200

    async def test_operations_share_it(self, limited: Caller) -> None:
        """It is the account's, whatever the account asks for."""
        await one_too_many(limited, GOOD["getCredits"])

        assert (await limited.send(GOOD["createCampaign"])).status_code == 429

    async def test_accounts_do_not(self, limited: Caller) -> None:
        """Another account is not refused with the first."""
        await one_too_many(limited, GOOD["getCredits"])

        assert (await limited.send(GOOD["getCredits"], account="globex")).status_code == 200

    async def test_off_by_default(self, zexa: Caller) -> None:
        """Without `--rate-limits` nothing is refused."""
        assert (await one_too_many(zexa, GOOD["getCredits"])).status_code == 200


class TestSeedWorld:
    """What there is from the start."""

    async def test_every_status_has_a_campaign(self, zexa: Caller) -> None:
        """A newcomer finds one of each, and they stand still."""
        await zexa.shift(HOUR)

        listed = (await zexa.get("/v1/campaigns"))["data"]

        assert [each["status"] for each in listed] == [
            "processing",
            "sent",
            "scheduled",
            "draft",
            "failed",
            "completed",
        ]

    async def test_counters_agree_with_messages(self, zexa: Caller) -> None:
        """Each seeded campaign with messages has the counters that they add up to."""
        listed = (await zexa.get("/v1/campaigns"))["data"]

        assert [(await census(zexa, each))[0] for each in listed] == [
            each["status"] for each in listed
        ]


@pytest.fixture(scope="module")
def alone() -> Iterator[Live]:
    """This vendor alone behind a real socket."""
    yield from serve(Settings(vendors=("zexa",)))


async def test_documented_request_as_printed(alone: Live) -> None:
    """The published curl, with only its origin and key changed, creates the campaign."""
    origin = f"{alone.url}/@curl-{next(NUMBERS)}/zexa"
    command = DOCUMENTED_CURL.replace("https://api.zexa.ao", origin)
    command = command.replace("YOUR_API_KEY", credential("acme"))
    shell = ["sh", "-c", f"{command.strip()} --silent --fail"]

    run = await anyio.to_thread.run_sync(
        lambda: subprocess.run(shell, capture_output=True, check=True)
    )

    created = json.loads(run.stdout)
    assert OPERATIONS["createCampaign"].responses[201].diagnose(created) == []
    assert (created["name"], created["total_contacts"]) == ("Weekend Sale", 6)


async def test_what_fell_due_is_done_before_the_answer(alone: Live) -> None:
    """Behind a socket a clock that moved on shows in the next answer, each tick at its second."""
    base_url = f"{alone.url}/@shifted-{next(NUMBERS)}/zexa"
    headers = {"authorization": f"Bearer {credential('acme')}"}
    async with httpx.AsyncClient(base_url=base_url, headers=headers) as http:
        created = (await http.post("/v1/campaigns", json=campaign())).json()
        session = base_url.split("/@")[1].split("/")[0]

        alone.app.session(session).clock.shift(10 * SECOND)

        shown = (await http.get(f"/v1/campaigns/{created['id']}")).json()
    assert (shown["status"], shown["delivered"], shown["failed"]) == ("completed", 4, 2)
    assert parse_instant(shown["completed_at"]) >= parse_instant(shown["started_at"]) + 3 * SECOND

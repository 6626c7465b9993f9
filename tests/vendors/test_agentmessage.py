"""AgentMessage: every documented response reached naturally, its rules, a campaign's life."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import re
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

import httpx
import pytest

from tests.calling import create_app, own_session, request_example
from tests.conftest import NOON, Live, serve
from tests.waiting import LONG
from understudy.core.clock import SECOND, parse_instant
from understudy.core.settings import DEFAULT_BODY_LIMIT, Settings
from understudy.engine.registry import open_service
from understudy.openapi.schemas import SchemaCompiler
from understudy.server.app import App
from understudy.session.pagination import write_cursor
from understudy.session.session import Session
from understudy.vendors.agentmessage import review, rules

DAY = 24 * 60 * 60
NUMBERS = itertools.count(1)
SERVICE = open_service("agentmessage")
OPERATIONS = SERVICE.document.operations
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")

ACME = "0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a3b4"
Y3 = "0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a3b5"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
VERIFIED = "6a1b2c3d-4e5f-6789-abcd-ef0123456789"
VETTED = "1bb61461-e5e3-4ebb-8cc6-5b0c37f1b7da"
PENDING_BRAND = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
UNVERIFIED, SELF_DECLARED, DELETED = (
    f"6a1b2c3d-4e5f-6789-abcd-ef01234567{number}" for number in ("01", "02", "03")
)
Y3_BRAND = "6a1b2c3d-4e5f-6789-abcd-ef0123456801"
ACTIVE = "b5d3c4e2-7f7e-44a1-8c12-2bcd9e3f0a01"
ANY = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
PENDING, FILED, REJECTED, EXPIRED, OF_UNVERIFIED = (
    f"7c1f0a2d-9e8b-4c3a-9d2e-1f0a2b3c4d0{digit}" for digit in (1, 2, 3, 4, 5)
)
NUMBER, TOLL_FREE, SHORT_CODE, RELEASED = (
    f"7c1f0a2d-9e8b-4c3a-9d2e-1f0a2b3c4f0{digit}" for digit in (1, 2, 3, 4)
)
Y3_NUMBER = "7c1f0a2d-9e8b-4c3a-9d2e-1f0a2b3c4f11"
Y3_ENDPOINT = "0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a3b4"
FORGOTTEN = "0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a404"
RETRIED = "0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a401"
DELIVERY = "0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a402"
CURL = """curl -X POST "https://example.com/v1/campaigns" \\
  -H "Content-Type: application/json" \\
  -d '{    "brand_id": "1bb61461-e5e3-4ebb-8cc6-5b0c37f1b7da",    "usecase": "string",
    "description": "string",    "message_flow": "string"  }'
"""


@dataclass(frozen=True)
class Ask:
    """One request: `body` goes as JSON, `content` as it stands; `account` None sends no key."""

    method: str
    path: str
    body: Any = None
    content: bytes | None = None
    account: str | None = "acme-admin"
    headers: Mapping[str, str] = field(default_factory=dict)


def bearer(account: str) -> dict[str, str]:
    assert SERVICE.accounts is not None
    return {"authorization": f"Bearer {SERVICE.accounts.named(account).credential}"}


class Caller:
    """AgentMessage as its callers see it, in a session of its own."""

    def __init__(self, app: App, http: httpx.AsyncClient, session: Session) -> None:
        self.app, self.http, self.session = app, http, session

    async def send(self, ask: Ask, **changes: Any) -> httpx.Response:
        ask = replace(ask, **changes)
        key = {} if ask.account is None else bearer(ask.account)
        content = ask.content if ask.body is None else json.dumps(ask.body).encode()
        typed = {} if content is None else {"content-type": "application/json"}
        url = f"/@{self.session.name}/agentmessage{ask.path}"
        headers = {**key, **typed, **ask.headers}
        return await self.http.request(ask.method, url, content=content, headers=headers)

    async def get(self, path: str, **changes: Any) -> Any:
        """What a GET answers: `data` where there is an envelope."""
        return await self.change("GET", path, None, **changes)

    async def change(self, method: str, path: str, body: Any, **changes: Any) -> Any:
        """What a request that must succeed answers: `data` where there is an envelope."""
        reply = await self.send(Ask(method, path, body), **changes)
        assert reply.is_success, reply.text
        return reply.json().get("data", reply.json())

    async def set(self, collection: str, scope: str, id: str, **changes: Any) -> None:
        """Change a stored resource behind the API's back."""
        place = ("agentmessage", collection, scope)
        stored = await self.session.store.read(place, id)
        assert stored is not None
        changed = {**json.loads(stored), **changes}
        await self.session.store.commit({place: {id: json.dumps(changed).encode()}})

    async def register(self, **changes: Any) -> dict[str, Any]:
        """Register a campaign."""
        body = {**documented("createCampaign", "marketing"), **changes}
        return dict(await self.change("POST", "/v1/campaigns", body))

    async def campaign(self, id: str) -> dict[str, Any]:
        return dict(await self.get(f"/v1/campaigns/{id}"))

    async def attach(self, campaign: str, number: str = NUMBER) -> httpx.Response:
        path = f"/v1/phone-numbers/{number}/campaign"
        return await self.send(Ask("POST", path, {"campaign_id": campaign}))

    async def listen(self, url: str, *events: str) -> dict[str, Any]:
        """Create a webhook endpoint."""
        body = {"url": url, "events": list(events)}
        return dict(await self.change("POST", "/v1/webhooks", body))

    async def pass_time(self, seconds: float) -> None:
        """Shift the clock, and let what is under way arrive."""
        await self.app.shift(self.session, int(seconds * SECOND))
        await self.session.webhooks.settle()


@pytest.fixture(scope="module")
def unlimited_app() -> App:
    return create_app(Settings(vendors=("agentmessage",), clock=NOON))


@pytest.fixture(scope="module")
def limited_app() -> App:
    return create_app(Settings(vendors=("agentmessage",), clock=NOON, rate_limits=True))


async def calling(app: App) -> AsyncIterator[Caller]:
    """A caller of the app, in a session that no other test has."""
    async with own_session(app) as (http, session):
        yield Caller(app, http, session)


@pytest.fixture
async def am(unlimited_app: App) -> AsyncIterator[Caller]:
    """AgentMessage at its seed world."""
    async for caller in calling(unlimited_app):
        yield caller


@pytest.fixture
async def limited(limited_app: App) -> AsyncIterator[Caller]:
    """AgentMessage at its seed world, with its rate limits enforced."""
    async for caller in calling(limited_app):
        yield caller


@pytest.fixture(scope="module")
def alone() -> Iterator[Live]:
    """A live server of this vendor, in real time."""
    yield from serve(Settings(vendors=("agentmessage",)))


@dataclass(frozen=True)
class Received:
    """What reached a receiver."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def verified(self, secret: str) -> int:
        """The signed time, when the signature is the documented one."""
        found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", self.headers["x-amcore-signature"])
        assert found is not None
        signed = found[1].encode() + b"\n" + self.body
        expected = hmac.new(base64.b64decode(secret), signed, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(expected, found[2])
        return int(found[1])


class Receiver:
    """A user's endpoint: an HTTP server that notes what comes and answers `statuses` in turn."""

    def __init__(self) -> None:
        self.received: SimpleQueue[Received] = SimpleQueue()
        self.statuses: list[int] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.put(Received(headers, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("content-length", "11")
                self.end_headers()
                self.wfile.write(b'{"ok":true}')

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads a test's access log."""

        return Handler

    def all(self) -> list[Received]:
        """What came so far."""
        return [self.received.get_nowait() for _ in range(self.received.qsize())]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def documented(operation: str, example: str = "documented") -> Any:
    """A documented request body, as a copy."""
    return request_example(OPERATIONS[operation], example)


def campaign(**changes: Any) -> Any:
    """The documented minimal campaign with other members."""
    return {**documented("createCampaign", "minimal"), **changes}


def full_campaign() -> Any:
    """A request with every member that a campaign has."""
    declared = SERVICE.document.schemas["CampaignRequest"]["properties"]
    link = "https://acme.example/page"
    kinds = {"boolean": True, "array": [], "string": "text"}
    full = {name: kinds[each.get("type", "string")] for name, each in declared.items()}
    words = {"optout_keywords": "stop, END", "help_keywords": "Info,help", "mno_ids": [10017]}
    links = {"privacy_policy_link": link, "terms_and_conditions_link": link}
    return {**full, **words, **links, "brand_id": VETTED}


def code(reply: httpx.Response) -> tuple[int, str]:
    """Status and code of an error."""
    return reply.status_code, reply.json()["error"]["code"]


def details(reply: httpx.Response) -> dict[str, str]:
    """What a refusal says by member."""
    assert code(reply)[1] == "VALIDATION_FAILED", reply.text
    return dict(reply.json()["error"]["details"])


COMPANY = {
    "entity_type": "PRIVATE_PROFIT",
    "brand_relationship": "SMALL_ACCOUNT",
    "display_name": "Agentmessage Demo",
    "company_name": "Agentmessage Inc",
    "country": "US",
}
# One request for each operation that succeeds in the seed world.
GOOD = {
    "createCampaign": Ask("POST", "/v1/campaigns", full_campaign()),
    "listCampaigns": Ask("GET", "/v1/campaigns?status=ACTIVE&limit=1"),
    "reviewCampaignDraft": Ask("POST", "/v1/campaigns/review", {}),
    "getCampaign": Ask("GET", f"/v1/campaigns/{ANY}"),
    "createBrand": Ask("POST", "/v1/brands", COMPANY),
    "listBrands": Ask("GET", "/v1/brands?status=ACTIVE&identity_status=VERIFIED"),
    "getBrand": Ask("GET", f"/v1/brands/{PENDING_BRAND}"),
    "listPhoneNumbers": Ask("GET", "/v1/phone-numbers?search=%2B15551112222"),
    "getPhoneNumber": Ask("GET", f"/v1/phone-numbers/{ANY}"),
    "attachCampaignToPhoneNumber": Ask(
        "POST", f"/v1/phone-numbers/{ANY}/campaign", {"campaign_id": ACTIVE}
    ),
    "detachCampaignFromPhoneNumber": Ask("DELETE", f"/v1/phone-numbers/{ANY}/campaign"),
    "getWallet": Ask("GET", "/v1/billing/wallet"),
    "getCatalogFees": Ask("GET", "/v1/billing/catalog/fees"),
    "createWebhookEndpoint": Ask("POST", "/v1/webhooks", documented("createWebhookEndpoint")),
    "listWebhookEndpoints": Ask("GET", "/v1/webhooks", account="y3labs-admin"),
    "patchWebhookEndpoint": Ask(
        "PATCH", f"/v1/webhooks/{Y3_ENDPOINT}", {"active": True}, account="y3labs-admin"
    ),
    "rotateWebhookEndpointSecret": Ask(
        "POST", f"/v1/webhooks/{Y3_ENDPOINT}/rotate-secret", account="y3labs-admin"
    ),
    "testWebhookEndpoint": Ask("POST", f"/v1/webhooks/{ANY}/test"),
    "listWebhookDeliveries": Ask("GET", "/v1/webhooks/deliveries?event_type=campaign.approved"),
    "getWebhookDelivery": Ask("GET", f"/v1/webhooks/deliveries/{DELIVERY}"),
    "replayWebhookDelivery": Ask("POST", f"/v1/webhooks/deliveries/{DELIVERY}/replay", {}),
}
WITH_BODY = [id for id, operation in OPERATIONS.items() if operation.body is not None]
WITH_ID = [id for id, operation in OPERATIONS.items() if "{id}" in operation.path]
LISTS = [id for id in GOOD if id.startswith("list")]
Trigger = Callable[[Caller, Ask], Awaitable[httpx.Response]]


def but(**changes: Any) -> Trigger:
    """The good request with these changes."""

    async def send(am: Caller, ask: Ask) -> httpx.Response:
        return await am.send(ask, **changes)

    return send


def on(id: str, **changes: Any) -> Trigger:
    """The good request on another resource."""

    async def send(am: Caller, ask: Ask) -> httpx.Response:
        path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", id, ask.path)
        return await am.send(ask, path=path, **changes)

    return send


async def at_a_receiver(am: Caller, ask: Ask) -> httpx.Response:
    """A test of an endpoint that answers."""
    receiver = Receiver()
    try:
        endpoint = await am.listen(receiver.url, "campaign.approved")
        return await on(endpoint["id"])(am, ask)
    finally:
        receiver.close()


async def one_endpoint_too_many(am: Caller, ask: Ask) -> httpx.Response:
    for _ in range(rules.ENDPOINTS):
        assert (await am.send(ask)).status_code == 201
    return await am.send(ask)


async def one_replay_too_many(am: Caller, ask: Ask) -> httpx.Response:
    for _ in range(rules.REPLAYS.count):
        assert (await am.send(ask)).status_code == 202
    return await am.send(ask)


def preferring(example: str) -> Trigger:
    """What the service itself never says: samples that a machine made from the vendor's schema."""
    return but(headers={"Prefer": f"example={example}"})


OF_ALL = {
    (401, "missing-key"): but(account=None),
    (401, "invalid-key"): but(account="acme-revoked"),
    (403, "missing-scope"): but(account="acme-sender"),
}
OF_BODIES = {
    (413, "too-large"): but(body=None, content=b" " * (DEFAULT_BODY_LIMIT + 1)),
    (415, "unsupported-media-type"): but(headers={"content-type": "text/plain"}),
    (422, "malformed-body"): but(body=None, content=b"{"),
}
NO_SAMPLE = documented("createCampaign")
NO_KEYWORDS = campaign(subscriber_optout=True, subscriber_help=True, optout_keywords="NONSTOP")
BAD_ENDPOINT = {"url": "http://hooks.example.com", "events": ["campaign.created"]}
OF_ONE: dict[tuple[str, int, str], Trigger] = {
    ("createCampaign", 202, "success"): but(),
    ("createCampaign", 202, "pending"): but(body=campaign()),
    ("createCampaign", 404, "brand-not-found"): but(body=campaign(brand_id=Y3_BRAND)),
    ("createCampaign", 409, "brand-not-verified"): but(body=campaign(brand_id=PENDING_BRAND)),
    ("createCampaign", 409, "schema-sample"): preferring("schema-sample"),
    ("createCampaign", 422, "validation"): but(body={"usecase": "  ", "brand_id": "x"}),
    ("createCampaign", 422, "sample-required"): but(body=NO_SAMPLE),
    ("createCampaign", 422, "keywords-required"): but(body=NO_KEYWORDS),
    ("listCampaigns", 200, "success"): but(),
    ("listCampaigns", 200, "empty"): but(path=f"/v1/campaigns?brand_id={Y3_BRAND}"),
    ("reviewCampaignDraft", 200, "success"): but(),
    ("reviewCampaignDraft", 200, "clean"): but(body=documented("createCampaign", "marketing")),
    ("reviewCampaignDraft", 200, "blocked"): but(
        body=documented("reviewCampaignDraft", "undeclared-link")
    ),
    ("reviewCampaignDraft", 422, "validation"): but(body={"sample1": 1}),
    ("getCampaign", 200, "success"): but(),
    ("getCampaign", 200, "pending"): on(PENDING),
    ("getCampaign", 200, "rejected"): on(REJECTED),
    ("getCampaign", 200, "expired"): on(EXPIRED),
    ("getCampaign", 404, "campaign-not-found"): but(account="y3labs-admin"),
    ("createBrand", 202, "success"): but(),
    ("createBrand", 402, "insufficient-credit"): but(account="globex-admin"),
    ("createBrand", 422, "validation"): but(body={"country": "USA"}),
    ("createBrand", 422, "reseller-required"): but(account="y3labs-admin"),
    ("listBrands", 200, "success"): but(),
    ("listBrands", 200, "empty"): but(account="globex-admin"),
    ("getBrand", 200, "success"): but(),
    ("getBrand", 200, "unverified"): on(UNVERIFIED),
    ("getBrand", 404, "brand-not-found"): on(Y3_BRAND),
    ("listPhoneNumbers", 200, "success"): but(),
    ("listPhoneNumbers", 200, "empty"): but(account="globex-admin"),
    ("getPhoneNumber", 200, "success"): but(),
    ("getPhoneNumber", 200, "free"): on(NUMBER),
    ("getPhoneNumber", 404, "number-not-found"): on(Y3_NUMBER),
    ("attachCampaignToPhoneNumber", 200, "success"): but(),
    ("attachCampaignToPhoneNumber", 200, "propagating"): on(NUMBER),
    ("attachCampaignToPhoneNumber", 404, "campaign-not-found"): but(body={"campaign_id": UNKNOWN}),
    ("attachCampaignToPhoneNumber", 404, "number-not-found"): on(Y3_NUMBER),
    ("attachCampaignToPhoneNumber", 409, "campaign-not-active"): but(body={"campaign_id": FILED}),
    ("attachCampaignToPhoneNumber", 409, "brand-not-verified"): but(
        body={"campaign_id": OF_UNVERIFIED}
    ),
    ("attachCampaignToPhoneNumber", 409, "number-not-assigned"): on(RELEASED),
    ("attachCampaignToPhoneNumber", 422, "validation"): but(body={}),
    ("detachCampaignFromPhoneNumber", 200, "success"): but(),
    ("detachCampaignFromPhoneNumber", 200, "detached"): on(NUMBER),
    ("detachCampaignFromPhoneNumber", 404, "number-not-found"): on(Y3_NUMBER),
    ("detachCampaignFromPhoneNumber", 409, "number-not-assigned"): on(RELEASED),
    ("getWallet", 200, "success"): but(),
    ("getWallet", 200, "no-wallet"): but(account="globex-admin"),
    ("getCatalogFees", 200, "success"): but(),
    ("createWebhookEndpoint", 201, "success"): but(),
    ("createWebhookEndpoint", 409, "limit-exceeded"): one_endpoint_too_many,
    ("createWebhookEndpoint", 422, "validation"): but(body={}),
    ("createWebhookEndpoint", 422, "invalid-endpoint"): but(body=BAD_ENDPOINT),
    ("listWebhookEndpoints", 200, "success"): but(),
    ("patchWebhookEndpoint", 200, "success"): but(),
    ("patchWebhookEndpoint", 422, "validation"): but(body={"active": "yes"}),
    ("patchWebhookEndpoint", 422, "invalid-endpoint"): but(body=BAD_ENDPOINT),
    ("rotateWebhookEndpointSecret", 200, "success"): but(),
    ("testWebhookEndpoint", 200, "success"): at_a_receiver,
    ("testWebhookEndpoint", 200, "unreachable"): but(),
    ("listWebhookDeliveries", 200, "success"): but(),
    ("listWebhookDeliveries", 200, "empty"): but(account="globex-admin"),
    ("getWebhookDelivery", 200, "success"): but(),
    ("replayWebhookDelivery", 202, "success"): but(),
    ("replayWebhookDelivery", 410, "event-expired"): on(FORGOTTEN),
    ("replayWebhookDelivery", 422, "validation"): but(body={"reason": 7}),
    ("replayWebhookDelivery", 429, "rate-limited"): one_replay_too_many,
}
NO_SUCH = {
    "patchWebhookEndpoint": "endpoint",
    "rotateWebhookEndpointSecret": "endpoint",
    "testWebhookEndpoint": "endpoint",
    "getWebhookDelivery": "delivery",
    "replayWebhookDelivery": "delivery",
}
IN_BODY = {"attachCampaignToPhoneNumber", "patchWebhookEndpoint", "replayWebhookDelivery"}


def page(parameters: str) -> Trigger:
    """The good list with another query."""

    async def send(am: Caller, ask: Ask) -> httpx.Response:
        return await am.send(ask, path=f"{ask.path.partition('?')[0]}?{parameters}")

    return send


CASES: dict[tuple[str, int, str], Trigger] = {
    **{(id, *answer): trigger for id in GOOD for answer, trigger in OF_ALL.items()},
    **{(id, *answer): trigger for id in WITH_BODY for answer, trigger in OF_BODIES.items()},
    **{(id, 422 if id in IN_BODY else 400, "invalid-id"): on("not-a-uuid") for id in WITH_ID},
    **{(id, 400, "validation"): on("not-a-uuid") for id in WITH_ID if id not in IN_BODY},
    **{(id, 404, f"{kind}-not-found"): on(UNKNOWN) for id, kind in NO_SUCH.items()},
    **{(id, 422, "validation"): page("limit=0") for id in LISTS},
    **{
        (id, 422, "invalid-cursor"): page("cursor=bm8=")
        for id in LISTS
        if id != "listWebhookEndpoints"
    },
    **OF_ONE,
}
ANSWERS = [
    (operation.id, status, name)
    for operation in OPERATIONS.values()
    for status, response in operation.responses.items()
    for name in response.examples or [""]
]
FAILURES = [answer for answer in ANSWERS if answer[1] >= 500]


def members(body: Any) -> set[str]:
    """The names of the members of what a body shows (of a list's first resource)."""
    shown = body.get("data", body)
    if isinstance(shown, list):
        shown = shown[0] if shown else {}
    return set(shown)


def words(error: Any, example: str) -> Any:
    """What an error says; the shared validation sample is about the members of a message."""
    said = {name: value for name, value in error.items() if name != "request_id"}
    return {**said, "details": bool(said["details"])} if example == "validation" else said


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
        expected = response.examples[example]

        reply = await CASES[operation, status, example](limited, GOOD[operation])

        assert reply.status_code == status, reply.text
        assert response.diagnose(reply.json()) == []
        if status >= 300:
            assert words(reply.json()["error"], example) == words(expected["error"], example)
        elif "error" in expected:
            # Made from the schema: it shows every member at once.
            assert members(reply.json()) <= members(expected)
        else:
            assert members(reply.json()) == members(expected)

    @pytest.mark.parametrize(("operation", "status", "example"), FAILURES)
    async def test_preferred_failure_is_verbatim(
        self, operation: str, status: int, example: str, am: Caller
    ) -> None:
        """`Prefer: code=…, example=…` gives the documented failure word for word."""
        prefer = f"code={status}, example={example}"

        reply = await am.send(GOOD[operation], headers={"Prefer": prefer})

        assert reply.status_code == status
        assert reply.json() == OPERATIONS[operation].responses[status].examples[example]

    @pytest.mark.parametrize(
        ("method", "path", "answer"),
        [
            ("GET", "/v1/nothing", (404, "NOT_FOUND")),
            ("PUT", "/v1/campaigns", (405, "METHOD_NOT_ALLOWED")),
        ],
    )
    async def test_undeclared_request_is_in_the_envelope(
        self, method: str, path: str, answer: tuple[int, str], am: Caller
    ) -> None:
        """What AgentMessage does not have is refused in its envelope."""
        assert code(await am.send(Ask(method, path))) == answer

    @pytest.mark.parametrize("operation", [id for id in GOOD if id not in WITH_BODY])
    async def test_needless_body_is_ignored(self, operation: str, am: Caller) -> None:
        """An operation without a body answers as ever, however large what was sent."""
        reply = await am.send(GOOD[operation], content=b" " * (DEFAULT_BODY_LIMIT + 1))

        assert reply.is_success, reply.text


class TestRequests:
    """What holds for every request."""

    @pytest.mark.parametrize("account", ["acme-admin", None])
    async def test_request_id_is_a_ulid_of_its_instant(
        self, account: str | None, am: Caller
    ) -> None:
        """Every reply has an id whose first ten digits are the session's time."""
        replies = [await am.send(Ask("GET", "/v1/campaigns", account=account)) for _ in "ab"]

        ids = [reply.headers["x-request-id"] for reply in replies]
        assert len(set(ids)) == 2 and all(ULID.fullmatch(id) for id in ids)
        milliseconds = 0
        for digit in ids[0][:10]:
            milliseconds = milliseconds * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(digit)
        assert milliseconds == NOON // 1_000_000

    async def test_error_repeats_the_request_id(self, am: Caller) -> None:
        """The id in an error's body is the one in its header."""
        reply = await am.send(Ask("GET", f"/v1/campaigns/{UNKNOWN}"))

        assert reply.json()["error"]["request_id"] == reply.headers["x-request-id"]

    @pytest.mark.parametrize(
        ("account", "path", "status"),
        [
            ("acme-writer", "/v1/campaigns", 403),
            ("acme-writer", "/v1/brands", 403),
            ("acme-campaigns", "/v1/campaigns", 200),
            ("acme-campaigns", "/v1/phone-numbers", 403),
            ("acme-reader", "/v1/webhooks", 200),
        ],
    )
    async def test_write_does_not_include_read(
        self, account: str, path: str, status: int, am: Caller
    ) -> None:
        """Each operation asks for exactly its scope."""
        assert (await am.send(Ask("GET", path, account=account))).status_code == status

    @pytest.mark.parametrize(("key", "status"), [("am_live_anything", 200), ("sk_live_x", 401)])
    async def test_any_well_formed_key_will_do_when_asked_so(self, key: str, status: int) -> None:
        """With `--auth any` a key is known by its form."""
        app = create_app(Settings(vendors=("agentmessage",), clock=NOON, auth="any"))
        async for caller in calling(app):
            sent = {"authorization": f"Bearer {key}"}
            reply = await caller.send(Ask("GET", "/v1/campaigns", account=None, headers=sent))

            assert reply.status_code == status

    async def test_scope_is_looked_at_before_the_body(self, am: Caller) -> None:
        """A key without the scope learns nothing about its body."""
        reply = await am.send(Ask("POST", "/v1/campaigns", {}, account="acme-reader"))

        assert code(reply) == (403, "FORBIDDEN")

    async def test_replays_are_limited_per_organization(self, limited: Caller) -> None:
        """Another key of the organization finds the ten replays of the minute used up."""
        ask = GOOD["replayWebhookDelivery"]
        await one_replay_too_many(limited, ask)

        reply = await limited.send(ask, account="acme-writer")

        assert code(reply) == (429, "RATE_LIMITED") and int(reply.headers["retry-after"]) > 0
        await limited.pass_time(60)
        assert (await limited.send(ask)).status_code == 202

    async def test_same_requests_give_the_same_bytes(self, unlimited_app: App) -> None:
        """Two sessions that are asked the same answer the same."""
        answers = []
        for _ in range(2):
            async for caller in calling(unlimited_app):
                created = await caller.register()
                await caller.pass_time(7)
                answers.append(await caller.campaign(created["id"]))

        assert answers[0] == answers[1] and answers[0]["status"] == "ACTIVE"


class TestCampaignRequest:
    """What a campaign's request must say."""

    @pytest.mark.parametrize(
        ("changes", "wrong"),
        [
            ({"sample1": "  "}, {"sample1"}),
            ({"sample1": None, "sample4": "Hi"}, {"sample1"}),
            ({"brand_id": "acme"}, {"brand_id"}),
            ({"description": "\n"}, {"description"}),
            ({"subscriber_optout": True}, {"optout_keywords"}),
            ({"subscriber_optout": True, "optout_keywords": "STOPPED"}, {"optout_keywords"}),
            ({"subscriber_help": True, "help_keywords": ""}, {"help_keywords"}),
            ({"usecase": "", "sample1": ""}, {"usecase", "sample1"}),
            ({"tag": ["a", 1], "subscriber_help": True}, {"tag", "help_keywords"}),
        ],
    )
    async def test_every_fault_is_named(
        self, changes: dict[str, Any], wrong: set[str], am: Caller
    ) -> None:
        """One 422 names each member that breaks the schema or a rule."""
        reply = await am.send(Ask("POST", "/v1/campaigns", campaign(**changes)))

        assert (reply.status_code, set(details(reply))) == (422, wrong)

    @pytest.mark.parametrize(
        "changes",
        [
            {"sample1": "", "sample5": "Hi"},
            {"subscriber_optout": True, "optout_keywords": "END, stop "},
            {"subscriber_help": True, "help_keywords": "HELP"},
            {"subscriber_help": False},
            {"usecase": "anything", "unknown": 1, "status": "ACTIVE", "org_id": "me"},
        ],
    )
    async def test_what_no_rule_refuses_is_accepted(
        self, changes: dict[str, Any], am: Caller
    ) -> None:
        """Any sample will do, keywords match as tokens, what only the server sets is ignored."""
        created = await am.change("POST", "/v1/campaigns", campaign(**changes))

        assert (created["status"], created["org_id"]) == ("PENDING", ACME)
        assert "unknown" not in created

    @pytest.mark.parametrize(
        ("brand", "answer"),
        [
            (VERIFIED, 202),
            (VETTED.upper(), 202),
            (PENDING_BRAND, 409),
            (UNVERIFIED, 409),
            (SELF_DECLARED, 409),
            (DELETED, 404),
            (Y3_BRAND, 404),
            (UNKNOWN, 404),
        ],
    )
    async def test_brand_is_a_verified_one_of_the_organization(
        self, brand: str, answer: int, am: Caller
    ) -> None:
        """Foreign and deleted brands are not found, those without verified identity conflict."""
        reply = await am.send(Ask("POST", "/v1/campaigns", campaign(brand_id=brand)))

        assert reply.status_code == answer, reply.text

    async def test_faults_come_before_the_brand(self, am: Caller) -> None:
        """A request that is wrong in itself is not held against the store."""
        body = {**documented("createCampaign"), "brand_id": Y3_BRAND}

        assert (await am.send(Ask("POST", "/v1/campaigns", body))).status_code == 422

    async def test_request_is_shown_as_sent(self, am: Caller) -> None:
        """Whatever the request says the campaign shows, now and when it is read."""
        created = await am.change("POST", "/v1/campaigns", full_campaign())

        assert full_campaign().items() <= created.items()
        assert await am.campaign(created["id"]) == created


class TestLife:
    """A campaign's whole life, by shifting the clock only."""

    async def test_filed_approved_billed_attached_expired(
        self, am: Caller, receiver: Receiver
    ) -> None:
        """A campaign that does not renew goes from PENDING through ACTIVE to EXPIRED."""
        endpoint = await am.listen(receiver.url, "campaign.approved", "campaign.rejected")
        id = (await am.register(auto_renewal=False))["id"]
        await self.is_pending(am, id)
        await am.pass_time(2)
        await self.is_filed(am, id)
        await am.pass_time(5)
        await self.is_active(am, id)

        (told,) = receiver.all()
        assert told.verified(endpoint["secret"]) == NOON // SECOND + 7
        assert told.event["type"] == "campaign.approved"
        assert told.event["data"] == await am.campaign(id)
        assert (await am.attach(id)).json()["data"]["campaign_id"] == id

        await am.pass_time(31 * DAY - 12 * 3600 - 8)
        assert (await am.campaign(id))["status"] == "ACTIVE"
        await am.pass_time(1)
        await self.is_expired(am, id)
        assert receiver.all() == []

    async def is_pending(self, am: Caller, id: str) -> None:
        shown = await am.campaign(id)
        assert (shown["status"], shown["tcr_campaign_id"]) == ("PENDING", None)
        assert (shown["submitted_at"], shown["mno_metadata"]) == (None, {})
        assert code(await am.attach(id)) == (409, "CAMPAIGN_NOT_ACTIVE")

    async def is_filed(self, am: Caller, id: str) -> None:
        shown = await am.campaign(id)
        assert (shown["status"], shown["submitted_at"]) == ("PENDING", "2026-03-11T12:00:02Z")
        assert re.fullmatch(r"C[A-Z0-9]{7}", shown["tcr_campaign_id"])

    async def is_active(self, am: Caller, id: str) -> None:
        shown = await am.campaign(id)
        assert (shown["status"], shown["updated_at"]) == ("ACTIVE", "2026-03-11T12:00:07Z")
        assert (shown["monthly_fee"], shown["billed_date"]) == (10, "2026-03-11T00:00:00Z")
        assert shown["next_renewal_or_expiration_date"] == "2026-04-11"
        rates = {carrier: each["tpm"] for carrier, each in shown["mno_metadata"].items()}
        assert rates == {"10017": 90, "10035": 75}

    async def is_expired(self, am: Caller, id: str) -> None:
        shown = await am.campaign(id)
        assert (shown["status"], shown["expiration_date"]) == ("EXPIRED", "2026-04-11T00:00:00Z")
        assert code(await am.attach(id, TOLL_FREE)) == (409, "CAMPAIGN_NOT_ACTIVE")

    async def test_rejected_with_reasons(self, am: Caller, receiver: Receiver) -> None:
        """What blocks in the review has a filed campaign rejected, for these very reasons."""
        endpoint = await am.listen(receiver.url, "campaign.approved", "campaign.rejected")
        created = await am.register(
            sample1="Agentmessage Demo: club offers at https://bit.ly/2WoClub. Reply STOP",
            privacy_policy_link="https://agentmessage.invalid/privacy",
        )

        await am.pass_time(7)

        rejected = await am.campaign(created["id"])
        seed = await am.campaign(REJECTED)
        assert (rejected["status"], rejected["rejected_at"]) == ("REJECTED", "2026-03-11T12:00:07Z")
        assert rejected["rejection_reasons"] == seed["rejection_reasons"]
        assert (rejected["billed_date"], rejected["mno_metadata"]) == (None, {})
        (told,) = receiver.all()
        assert told.verified(endpoint["secret"]) == NOON // SECOND + 7
        assert (told.event["type"], told.event["data"]) == ("campaign.rejected", rejected)
        assert told.event["org_id"] == ACME and told.event["id"].startswith("evt_")
        assert code(await am.attach(created["id"])) == (409, "CAMPAIGN_NOT_ACTIVE")

    async def test_renews_month_by_month(self, am: Caller) -> None:
        """Without auto_renewal false a campaign is billed again on each renewal day."""
        created = await am.register()
        await am.pass_time(40 * DAY)

        renewed = await am.campaign(created["id"])

        assert (renewed["status"], renewed["expiration_date"]) == ("ACTIVE", None)
        assert renewed["billed_date"] == "2026-04-11T00:00:00Z"
        assert renewed["next_renewal_or_expiration_date"] == "2026-05-11"

    async def test_renewal_keeps_to_its_day_of_the_month(self, am: Caller) -> None:
        """Billed on a 31st, it renews on the last day of short months and on the 31st again."""
        await am.pass_time(20 * DAY)
        created = await am.register()
        await am.pass_time(7)
        days = []
        for _ in range(3):
            shown = await am.campaign(created["id"])
            days.append(shown["next_renewal_or_expiration_date"])
            await am.pass_time(31 * DAY)

        assert days == ["2026-04-30", "2026-05-31", "2026-06-30"]

    @pytest.mark.parametrize(
        ("usecase", "fee"),
        [("MARKETING", 10), ("LOW_VOLUME_MIXED", 1.5), ("AGENTS_FRANCHISES", 30), ("2FA", 10)],
    )
    async def test_fee_is_the_catalogue_rate_in_dollars(
        self, usecase: str, fee: float, am: Caller
    ) -> None:
        """The monthly fee follows the use case."""
        created = await am.register(usecase=usecase)
        await am.pass_time(7)

        assert (await am.campaign(created["id"]))["monthly_fee"] == fee

    async def test_whole_dollars_are_written_as_an_integer(self, am: Caller) -> None:
        """The published fee is `10`, not `10.0`."""
        created = await am.register()
        await am.pass_time(7)

        reply = await am.send(Ask("GET", f"/v1/campaigns/{created['id']}"))

        assert '"monthly_fee":10,' in reply.text

    async def test_only_asked_carriers_answer(self, am: Caller) -> None:
        """A campaign that is filed with one carrier has the metadata of that one."""
        created = await am.register(mno_ids=[10035])
        await am.pass_time(7)

        assert list((await am.campaign(created["id"]))["mno_metadata"]) == ["10035"]

    async def test_no_digit_of_an_integer_is_lost(self, am: Caller) -> None:
        """The document bounds no carrier's id, so one of more than 64 bits comes back exactly."""
        carriers = [2**63, 10254754515915142965755904, 10035]

        created = await am.register(mno_ids=carriers)
        snapshots = f"/@{am.session.name}/__admin/snapshots"
        await am.http.post(f"{snapshots}/saved")
        saved = (await am.http.get(f"{snapshots}/saved")).content
        put = await am.http.put(
            f"{snapshots}/copy", content=saved, headers={"content-type": "application/json"}
        )
        restored = await am.http.post(f"{snapshots}/copy/restore")

        assert (put.status_code, restored.status_code) == (201, 200)
        assert created["mno_ids"] == carriers
        assert (await am.campaign(created["id"]))["mno_ids"] == carriers
        assert str(carriers[1]).encode() in saved

    async def test_what_is_gone_by_then_does_not_happen(self, am: Caller) -> None:
        """A campaign, a brand or a number that the session lost meanwhile is left alone."""
        campaign, brand = await am.register(), await am.change("POST", "/v1/brands", COMPANY)
        await am.attach(ACTIVE)
        gone = {"campaigns": campaign["id"], "brands": brand["id"], "phone_numbers": NUMBER}
        changes = {("agentmessage", name, ACME): {id: None} for name, id in gone.items()}
        await am.session.store.commit(changes)

        await am.pass_time(DAY)

        assert code(await am.send(Ask("GET", f"/v1/campaigns/{campaign['id']}")))[0] == 404
        assert code(await am.send(Ask("GET", f"/v1/brands/{brand['id']}")))[0] == 404

    async def test_seed_campaigns_stay_as_they_are(self, am: Caller) -> None:
        """No time moves what the seed world shows."""
        before = await am.get("/v1/campaigns?limit=100")
        await am.pass_time(400 * DAY)

        assert await am.get("/v1/campaigns?limit=100") == before

    async def test_pace_does_not_bring_a_renewal_nearer(self) -> None:
        """With pace 0 a campaign is approved at once and still renews on its calendar day."""
        app = create_app(Settings(vendors=("agentmessage",), clock=NOON, pace=0))
        async for caller in calling(app):
            created = await caller.register()

            shown = await caller.campaign(created["id"])

            assert (shown["status"], shown["billed_date"]) == ("ACTIVE", "2026-03-11T00:00:00Z")


class TestBrands:
    """Filing a brand and paying for it."""

    async def test_filed_and_vetted(self, am: Caller, receiver: Receiver) -> None:
        """A brand is filed after 2 s and verified 5 s later; then it may run campaigns."""
        await am.listen(receiver.url, "brand.vetted")
        brand = await am.change("POST", "/v1/brands", COMPANY)
        assert (brand["status"], brand["identity_status"]) == ("PENDING", None)

        await am.pass_time(2)
        filed = await am.get(f"/v1/brands/{brand['id']}")
        assert re.fullmatch(r"B[A-Z0-9]{6}", filed["tcr_brand_id"])
        await am.pass_time(5)

        vetted = await am.get(f"/v1/brands/{brand['id']}")
        assert (vetted["status"], vetted["identity_status"]) == ("ACTIVE", "VERIFIED")
        assert vetted["verified_at"] == "2026-03-11T12:00:07Z"
        assert [told.event["data"] for told in receiver.all()] == [vetted]
        assert (await am.register(brand_id=brand["id"]))["brand_id"] == brand["id"]

    @pytest.mark.parametrize(
        "address", [{"website": "https://www.acme.invalid/a"}, {"email": "x@acme.INVALID"}]
    )
    async def test_unreachable_address_fails_vetting(
        self, address: dict[str, str], am: Caller, receiver: Receiver
    ) -> None:
        """A brand whose website or mail host ends in .invalid stays unverified."""
        await am.listen(receiver.url, "brand.vetting_failed")
        brand = await am.change("POST", "/v1/brands", {**COMPANY, **address})
        await am.pass_time(7)

        failed = await am.get(f"/v1/brands/{brand['id']}")

        assert (failed["status"], failed["identity_status"]) == ("ACTIVE", "UNVERIFIED")
        assert failed["verified_at"] is None
        assert [told.event["type"] for told in receiver.all()] == ["brand.vetting_failed"]

    async def test_each_costs_five_dollars_until_the_wallet_is_short(self, am: Caller) -> None:
        """$42.50 pays for eight brands; the ninth is refused and nothing changes."""
        replies = [await am.send(GOOD["createBrand"]) for _ in range(9)]

        wallet = await am.get("/v1/billing/wallet")
        assert [reply.status_code for reply in replies] == [202] * 8 + [402]
        assert (wallet["balance_cents"], wallet["mtd_spend_cents"]) == (250, 17030)
        assert len(await am.get("/v1/brands?limit=100")) == 6 + 8

    @pytest.mark.parametrize(("balance", "status"), [(500, 202), (499, 402)])
    async def test_last_five_dollars_pay(self, balance: int, status: int, am: Caller) -> None:
        """A wallet that holds just the fee pays it."""
        await am.set("wallets", "", ACME, balance_cents=balance)

        assert (await am.send(GOOD["createBrand"])).status_code == status

    async def test_deleted_brand_leaves_service_for_another(self, am: Caller) -> None:
        """An organization that is no reseller may file again once its brand is deleted."""
        await am.set("brands", Y3, Y3_BRAND, status="DELETED")

        reply = await am.send(GOOD["createBrand"], account="y3labs-admin")

        assert reply.status_code == 202


class TestNumbers:
    """Attaching campaigns to numbers."""

    async def test_attachment_reaches_the_carriers_later(
        self, am: Caller, receiver: Receiver
    ) -> None:
        """A new campaign is pending for 3 s, then propagated, and the endpoint is told."""
        await am.listen(receiver.url, "phone_number.campaign.assigned")
        attached = (await am.attach(ACTIVE)).json()["data"]
        assert attached["carrier_line_option_status"] == "pending"

        await am.pass_time(3)

        number = await am.get(f"/v1/phone-numbers/{NUMBER}")
        assert number["carrier_line_option_propagated_at"] == "2026-03-11T12:00:03Z"
        assert "carrier_line_option_status" not in number
        assert [told.event["data"] for told in receiver.all()] == [number]

    async def test_attaching_again_changes_nothing(self, am: Caller, receiver: Receiver) -> None:
        """The campaign that the number carries already is a 200 without change or event."""
        await am.listen(receiver.url, "phone_number.campaign.assigned")
        before = await am.get(f"/v1/phone-numbers/{ANY}")

        again = (await am.attach(ACTIVE, ANY)).json()["data"]

        await am.pass_time(10)
        assert again == before and receiver.all() == []

    async def test_another_campaign_replaces_the_first(self, am: Caller) -> None:
        """A number carries one campaign, the last one."""
        await am.attach(ACTIVE)

        replaced = (await am.attach(ANY)).json()["data"]

        assert replaced["campaign_id"] == ANY

    async def test_replaced_campaign_reaches_no_carrier(
        self, am: Caller, receiver: Receiver
    ) -> None:
        """Only the campaign that the number still carries is propagated, and once."""
        await am.listen(receiver.url, "phone_number.campaign.assigned")
        for campaign in (ANY, ACTIVE, ANY, ACTIVE):
            await am.attach(campaign)
            await am.pass_time(0.5)
        await am.pass_time(60)

        told = [each.event["data"]["campaign_id"] for each in receiver.all()]
        assert told == [ACTIVE]

    async def test_detached_before_it_propagated(self, am: Caller, receiver: Receiver) -> None:
        """What is taken off meanwhile reaches no carrier; taking off again changes nothing."""
        await am.listen(receiver.url, "phone_number.campaign.assigned")
        await am.attach(ACTIVE)
        path = f"/v1/phone-numbers/{NUMBER}/campaign"
        detached = await am.change("DELETE", path, None)
        await am.pass_time(3)

        assert await am.change("DELETE", path, None) == detached
        assert "campaign_id" not in detached and receiver.all() == []

    @pytest.mark.parametrize(
        ("campaign", "number", "answer"),
        [
            ("nobody", RELEASED, (422, "VALIDATION_FAILED")),
            (UNKNOWN, UNKNOWN, (404, "NOT_FOUND")),
            (EXPIRED, UNKNOWN, (409, "CAMPAIGN_NOT_ACTIVE")),
            (REJECTED, UNKNOWN, (409, "CAMPAIGN_NOT_ACTIVE")),
            (OF_UNVERIFIED, UNKNOWN, (409, "BRAND_NOT_VERIFIED")),
            (ACTIVE, UNKNOWN, (404, "NOT_FOUND")),
            (ACTIVE, RELEASED, (409, "NUMBER_NOT_ASSIGNED")),
        ],
    )
    async def test_first_failure_in_the_documented_order(
        self, campaign: str, number: str, answer: tuple[int, str], am: Caller
    ) -> None:
        """The campaign is looked at before the number."""
        assert code(await am.attach(campaign, number)) == answer

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("number_type=toll_free", 1),
            (f"campaign_id={ACTIVE}", 2),
            ("search=ALERTS", 1),
            ("search=5550123&number_type=short_code", 0),
        ],
    )
    async def test_list_is_filtered(self, query: str, count: int, am: Caller) -> None:
        """Numbers are found by kind, campaign and text."""
        assert len(await am.get(f"/v1/phone-numbers?{query}")) == count

    async def test_short_page_still_has_a_successor(self, am: Caller) -> None:
        """A page is cut before it is searched, so it may be empty while more follow."""
        reply = await am.send(Ask("GET", f"/v1/phone-numbers?campaign_id={ACTIVE}&limit=2"))

        assert reply.json()["data"] == [] and reply.json()["meta"]["next_cursor"]
        assert "x-next-cursor" not in reply.headers


async def walk(am: Caller, path: str, between: Callable[[], Awaitable[Any]]) -> list[str]:
    """The ids on all pages, with something happening between them."""
    ids, cursor = [], ""
    while True:
        reply = await am.send(Ask("GET", f"{path}{cursor}"))
        assert reply.status_code == 200, reply.text
        ids += [each["id"] for each in reply.json()["data"]]
        following = reply.headers.get("x-next-cursor") or reply.json()["meta"]["next_cursor"]
        if following is None:
            return ids
        cursor = f"&cursor={following}"
        await between()


async def nothing() -> None:
    """What happens between pages when nothing does."""


class TestPages:
    """Lists, page by page."""

    async def test_thousand_campaigns_are_each_met_once(self, unlimited_app: App) -> None:
        """Every campaign is on exactly one page, newest first, also while new ones come."""
        async for am in calling(unlimited_app):
            created = [(await am.register())["id"] for _ in range(1_000)]

            still = await walk(am, "/v1/campaigns?limit=100", nothing)
            growing = await walk(am, "/v1/campaigns?limit=100", am.register)

            assert still[:1_000] == created[::-1] and len(still) == 1_008
            assert len(set(still)) == 1_008
            assert growing == still

    async def test_filtered_pages_hold_every_match_once(self, am: Caller) -> None:
        """A filter that few pass fills its pages all the same."""
        wanted = {(await am.register(brand_id=VETTED))["id"] for _ in range(9)}
        for _ in range(60):
            await am.register()

        path = f"/v1/campaigns?limit=4&brand_id={VETTED}&status=PENDING"
        ids = await walk(am, path, am.register)

        assert set(ids) == wanted and len(ids) == 9

    async def test_last_page_has_no_header(self, am: Caller) -> None:
        """`X-Next-Cursor` stands on every page but the last; `meta.next_cursor` is null."""
        first = await am.send(Ask("GET", "/v1/campaigns?limit=5"))
        cursor = first.headers["x-next-cursor"]

        last = await am.send(Ask("GET", f"/v1/campaigns?limit=5&cursor={cursor}"))

        assert [len(page.json()["data"]) for page in (first, last)] == [5, 3]
        assert "x-next-cursor" not in last.headers
        assert first.json()["meta"] == {"total": 0, "limit": 5, "offset": 0, "next_cursor": None}

    async def test_cursor_of_a_gone_resource_goes_on_at_its_place(self, am: Caller) -> None:
        """A cursor is a position, not a resource."""
        cursor = write_cursor({"created_at": "2026-04-20T10:00:00Z", "id": "0" * 36})

        older = await am.get(f"/v1/campaigns?cursor={cursor}")

        assert [each["created_at"][:10] for each in older] == [
            "2026-04-19",
            "2026-04-19",
            "2026-01-12",
        ]

    @pytest.mark.parametrize("path", ["/v1/campaigns", "/v1/brands", "/v1/phone-numbers"])
    async def test_pages_of_one_hold_the_whole_list(self, path: str, am: Caller) -> None:
        """The smallest pages together are the largest one."""
        whole = [each["id"] for each in await am.get(f"{path}?limit=100")]

        assert await walk(am, f"{path}?limit=1", nothing) == whole

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "status=active"])
    async def test_bad_query_is_refused(self, query: str, am: Caller) -> None:
        """What is out of range is refused by name, not clamped."""
        reply = await am.send(Ask("GET", f"/v1/campaigns?{query}&page=2"))

        assert list(details(reply)) == [query.partition("=")[0]]

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("outcome=dead", 1),
            ("since=2026-04-21T16:30:00Z&until=2026-04-21T16:30:30Z", 1),
            ("since=2026-04-21T18:30:30%2B02:00", 2),
            ("http_status_min=500", 1),
            ("http_status_max=299", 2),
            (f"endpoint_id={ANY}", 4),
            (f"endpoint_id={UNKNOWN}", 0),
        ],
    )
    async def test_attempts_are_filtered(self, query: str, count: int, am: Caller) -> None:
        """Attempts are found by endpoint, outcome, time and status."""
        assert len(await am.get(f"/v1/webhooks/deliveries?{query}")) == count

    @pytest.mark.parametrize(
        ("query", "member"),
        [
            ("http_status_min=500&http_status_max=400", "http_status_min"),
            ("since=yesterday", "since"),
            ("until=2016-12-31T23:59:60Z", "until"),
            ("event_type=campaign.created", "event_type"),
        ],
    )
    async def test_impossible_filter_is_refused(self, query: str, member: str, am: Caller) -> None:
        """A filter that nothing can pass is a 422."""
        assert list(details(await am.send(Ask("GET", f"/v1/webhooks/deliveries?{query}")))) == [
            member
        ]


async def attempts(am: Caller, endpoint: str) -> list[tuple[int, str, int | None]]:
    """Number, outcome and status of each attempt at an endpoint, oldest first."""
    listed = await am.get(f"/v1/webhooks/deliveries?endpoint_id={endpoint}")
    return [(each["attempt"], each["outcome"], each["response_status"]) for each in listed][::-1]


class TestWebhooks:
    """Endpoints, and what they receive."""

    async def test_two_failures_then_a_success(self, am: Caller, receiver: Receiver) -> None:
        """A receiver that answers 500 twice gets the same event three times, 30 and 120 s apart."""
        receiver.statuses = [500, 500, 200]
        endpoint = await am.listen(receiver.url, "campaign.approved")
        await am.register()
        await am.pass_time(7)
        await am.pass_time(3600)

        received = receiver.all()
        times = [each.verified(endpoint["secret"]) for each in received]
        assert [time - times[0] for time in times] == [0, 30, 150]
        assert len({each.body for each in received}) == 1
        assert await attempts(am, endpoint["id"]) == [
            (1, "retry", 500),
            (2, "retry", 500),
            (3, "success", 200),
        ]

    async def test_given_up_after_five(self, am: Caller, receiver: Receiver) -> None:
        """A receiver that never takes an event gets five attempts; the last one is dead."""
        receiver.statuses = [503] * 9
        endpoint = await am.listen(receiver.url, "campaign.approved")
        await am.register()
        await am.pass_time(DAY)

        outcomes = [outcome for _, outcome, _ in await attempts(am, endpoint["id"])]

        assert outcomes == ["retry"] * 4 + ["dead"] and len(receiver.all()) == 5

    async def test_attempt_tells_what_was_sent(self, am: Caller, receiver: Receiver) -> None:
        """An attempt's record has the event's id, the body's digest and the receiver's answer."""
        endpoint = await am.listen(receiver.url, "campaign.approved")
        await am.register()
        await am.pass_time(7)
        (told,) = receiver.all()

        (shown,) = await am.get(f"/v1/webhooks/deliveries?endpoint_id={endpoint['id']}")

        assert f"evt_{shown['event_id']}" == told.event["id"]
        assert shown["request_body_sha256"] == hashlib.sha256(told.body).hexdigest()
        assert shown["request_headers"]["X-AmCore-Signature"] == told.headers["x-amcore-signature"]
        assert (shown["response_body_excerpt"], shown["error"]) == ('{"ok":true}', None)
        assert await am.get(f"/v1/webhooks/deliveries/{shown['id']}") == shown

    async def test_event_payload_is_the_declared_one(self, am: Caller, receiver: Receiver) -> None:
        """What leaves satisfies the document's callback schema."""
        await am.listen(receiver.url, "campaign.approved")
        await am.register()
        await am.pass_time(7)
        compiler = SchemaCompiler(SERVICE.document.schemas)
        declared = compiler.compile({"$ref": "#/components/schemas/CampaignEvent"})

        (told,) = receiver.all()

        assert declared.diagnose(told.event, "body") == []

    @pytest.mark.parametrize(
        "change", [{"active": False}, {"events": ["campaign.rejected", "brand.vetted"]}]
    )
    async def test_patched_endpoint_is_not_told(
        self, change: dict[str, Any], am: Caller, receiver: Receiver
    ) -> None:
        """A switched-off endpoint, or one that wants other events, receives nothing."""
        endpoint = await am.listen(receiver.url, "campaign.approved")
        await am.change("PATCH", f"/v1/webhooks/{endpoint['id']}", change)
        await am.register()
        await am.pass_time(7)

        assert receiver.all() == []

    async def test_switched_off_endpoint_is_not_tried_again(
        self, am: Caller, receiver: Receiver
    ) -> None:
        """Switching an endpoint off ends the attempts at it."""
        receiver.statuses = [500] * 9
        endpoint = await am.listen(receiver.url, "campaign.approved")
        await am.register()
        await am.pass_time(7)
        await am.change("PATCH", f"/v1/webhooks/{endpoint['id']}", {"active": False})
        await am.pass_time(DAY)

        assert len(receiver.all()) == 1

    async def test_rotated_secret_signs_at_once(self, am: Caller, receiver: Receiver) -> None:
        """After a rotation the new secret signs and is not shown again."""
        endpoint = await am.listen(receiver.url, "campaign.approved")
        path = f"/v1/webhooks/{endpoint['id']}"
        rotated = await am.change("POST", f"{path}/rotate-secret", None)
        await am.register()
        await am.pass_time(7)

        (told,) = receiver.all()
        assert rotated["secret"] != endpoint["secret"] and told.verified(rotated["secret"])
        assert "secret" not in await am.change("PATCH", path, {})

    async def test_test_event_is_sent_at_once(self, am: Caller, receiver: Receiver) -> None:
        """A test reaches even a switched-off endpoint, signed, and is not tried again."""
        receiver.statuses = [418]
        endpoint = await am.listen(receiver.url, "campaign.approved")
        await am.change("PATCH", f"/v1/webhooks/{endpoint['id']}", {"active": False})

        result = await am.change("POST", f"/v1/webhooks/{endpoint['id']}/test", None)

        (told,) = receiver.all()
        assert told.verified(endpoint["secret"]) == NOON // SECOND
        assert (told.event["type"], told.event["id"]) == ("webhook.test", result["event_id"])
        assert (result["outcome"], result["response_status"]) == ("dead", 418)
        await am.pass_time(DAY)
        assert await attempts(am, endpoint["id"]) == [(1, "dead", 418)]

    async def test_blocked_host_is_dead_with_the_reason(self, am: Caller) -> None:
        """What must not leave this machine is recorded and not tried again."""
        endpoint = await am.listen("https://hooks.example.com/x", "campaign.approved")
        await am.register()
        await am.pass_time(DAY)

        (shown,) = await am.get(f"/v1/webhooks/deliveries?endpoint_id={endpoint['id']}")

        assert (shown["outcome"], shown["attempt"]) == ("dead", 1)
        assert "--webhook-host hooks.example.com" in shown["error"]

    async def test_replay_is_a_new_event_with_the_same_data(
        self, am: Caller, receiver: Receiver
    ) -> None:
        """A replay sends the data again under the id that it answered."""
        endpoint = await am.listen(receiver.url, "campaign.approved")
        await am.register()
        await am.pass_time(7)
        (shown,) = await am.get(f"/v1/webhooks/deliveries?endpoint_id={endpoint['id']}")
        path = f"/v1/webhooks/deliveries/{shown['id']}/replay"

        replay = await am.change("POST", path, {"reason": "lost"})

        await am.session.webhooks.settle()
        first, second = receiver.all()
        assert second.event == {**first.event, "id": f"evt_{replay['new_event_id']}"}
        assert second.event["id"] != first.event["id"]
        await am.pass_time(31 * DAY)
        assert code(await am.send(Ask("POST", path))) == (410, "EVENT_EXPIRED")

    async def test_replay_needs_its_endpoint(self, am: Caller) -> None:
        """An attempt at an endpoint that is gone cannot be replayed."""
        path = f"/v1/webhooks/deliveries/{ANY}/replay"

        reply = await am.send(Ask("POST", path, account="y3labs-admin"))

        assert code(reply) == (404, "NOT_FOUND")

    async def test_secret_is_shown_once(self, am: Caller) -> None:
        """Only creation and rotation show the secret; a list has every living endpoint."""
        created = await am.listen("https://hooks.example.com/x", "wallet.balance_low")

        listed = await am.get("/v1/webhooks")

        assert len(base64.b64decode(created["secret"])) == 32
        assert [each["id"] for each in listed] == [created["id"], ANY]
        assert not any("secret" in each for each in listed)

    async def test_empty_description_clears_it(self, am: Caller) -> None:
        """A description is set, kept and cleared by updates."""
        path = f"/v1/webhooks/{ANY}"
        described = await am.change("PATCH", path, {"description": "Desk"})

        cleared = await am.change("PATCH", path, {"description": ""})

        assert described["description"] == "Desk" and "description" not in cleared

    @pytest.mark.parametrize(
        ("change", "member"),
        [
            ({"url": "http://hooks.example.com"}, "url"),
            ({"url": "http://localhost.example.com"}, "url"),
            ({"url": "ftp://127.0.0.1"}, "url"),
            ({"events": []}, "events"),
            ({"events": ["brand.vetted", "brand.vetted"]}, "events"),
            ({"events": ["webhook.test"]}, "events"),
            ({"description": "x" * 201}, "description"),
            ({"api_version": "2020-01-01"}, "api_version"),
        ],
    )
    async def test_bad_endpoint_is_refused(
        self, change: dict[str, Any], member: str, am: Caller
    ) -> None:
        """Each fault of an endpoint's request is told by its member."""
        body = {**documented("createWebhookEndpoint"), **change}

        assert list(details(await am.send(Ask("POST", "/v1/webhooks", body)))) == [member]


CLEAN = documented("createCampaign", "marketing")
STOP = "Acme: your order is on its way. Reply STOP to opt out."


class TestReview:
    """The draft review."""

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, []),
            ({"brand_id": None}, ["missing-brand-id"]),
            ({"usecase": " "}, ["missing-usecase"]),
            ({"description": ""}, ["missing-description"]),
            ({"sample1": "", "sample2": ""}, ["missing-sample"]),
            ({"optout_keywords": "END"}, ["missing-stop-keyword"]),
            ({"help_keywords": "INFO"}, ["missing-help-keyword"]),
            ({"privacy_policy_link": "ftp://acme.example"}, ["privacy-policy-unreachable"]),
            ({"terms_and_conditions_link": "https://a.invalid/t"}, ["terms-unreachable"]),
            ({"sample2": "See www.acme.example today"}, ["undeclared-link"]),
            ({"sample2": "See bit.ly/x"}, ["undeclared-link", "link-shortener"]),
            ({"sample2": "See https://t.co/x", "embedded_link": True}, ["link-shortener"]),
            ({"sample2": "See https://t.com/x", "embedded_link": True}, []),
            ({"sample2": "Call (415) 555-0123 now"}, ["undeclared-phone"]),
            ({"sample2": "Call +14155550123", "embedded_phone": True}, []),
            ({"sample2": "Code 123456 is valid"}, []),
            ({"sample2": "Two beers for one"}, ["age-gate-missing"]),
            ({"sample2": "Two beers for one", "age_gated": True}, []),
            ({"sample2": "Swine flu shots are in"}, []),
            ({"sample2": "CBD oil is in"}, ["prohibited-content"]),
            ({"privacy_policy_link": ""}, ["privacy-policy-missing"]),
            ({"description": "Offers"}, ["vague-description"]),
            (
                {"message_flow": "Message frequency varies, data rates"},
                ["vague-message-flow"],
            ),
            ({"message_flow": "Opt in. " * 9}, ["frequency-missing", "rates-missing"]),
            (
                {"message_flow": "Opt in. " * 9, "optin_message": "Frequency varies. Data rates"},
                [],
            ),
            ({"sample1": "Hi", "sample2": "Ho"}, ["optout-not-in-samples"]),
            ({"sample2": "Your loan is due"}, ["direct-lending-missing"]),
            ({"sample2": "Your loan is due", "direct_lending": True}, []),
            ({"terms_and_conditions_link": ""}, ["terms-missing"]),
            ({"sample1": STOP, "sample2": ""}, ["single-sample"]),
            ({"help_message": ""}, ["help-message-missing"]),
            ({"embedded_link": True}, ["unused-link-toggle"]),
        ],
    )
    async def test_each_check_finds_its_own(
        self, changes: dict[str, Any], expected: list[str], am: Caller
    ) -> None:
        """A draft that is clean but for one thing has the finding of that thing."""
        changed = {**CLEAN, **changes}
        draft = {name: value for name, value in changed.items() if value is not None}

        result = await am.change("POST", "/v1/campaigns/review", draft)

        assert [each["id"] for each in result["findings"]] == expected

    async def test_empty_draft_is_blocked_in_order(self, am: Caller) -> None:
        """Findings come in the order of the checks and are counted by severity."""
        result = await am.change("POST", "/v1/campaigns/review", {})

        order = list(review.CHECKS)
        found = [each["id"] for each in result["findings"]]
        assert found == sorted(found, key=order.index)
        assert (result["can_submit"], result["counts"]) == (
            False,
            {"info": 1, "warn": 3, "block": 5},
        )

    async def test_stores_nothing(self, am: Caller) -> None:
        """A review leaves no campaign behind, even of a foreign brand."""
        before = await am.get("/v1/campaigns?limit=100")
        await am.change("POST", "/v1/campaigns/review", {**CLEAN, "brand_id": Y3_BRAND})

        assert await am.get("/v1/campaigns?limit=100") == before


class TestLive:
    """Behind a socket."""

    @pytest.mark.parametrize(
        ("account", "status", "answer"),
        [(None, "401", "UNAUTHORIZED"), ("acme-admin", "422", "VALIDATION_FAILED")],
    )
    async def test_documented_curl(
        self, account: str | None, status: str, answer: str, alone: Live
    ) -> None:
        """The published curl has no key; with one it still lacks the sample that its text wants."""
        origin = f"{alone.url}/@curl-{next(NUMBERS)}/agentmessage"
        key = "" if account is None else f"-H 'Authorization: {bearer(account)['authorization']}'"
        command = CURL.strip().replace("https://example.com", origin)
        shell = ["sh", "-c", f"{command} {key} --silent --write-out '%{{http_code}}'"]

        run = await asyncio.to_thread(subprocess.run, shell, capture_output=True, check=True)

        body, printed = run.stdout[:-3], run.stdout[-3:].decode()
        assert (printed, json.loads(body)["error"]["code"]) == (status, answer)

    async def test_documented_curl_with_a_sample(self, alone: Live) -> None:
        """With a key and a sample the published request is accepted."""
        body = {**documented("createCampaign"), "sample1": "Hi"}
        base_url = f"{alone.url}/@curl-{next(NUMBERS)}/agentmessage"
        async with httpx.AsyncClient(base_url=base_url, headers=bearer("acme-admin")) as http:
            reply = await http.post("/v1/campaigns", json=body)

        assert (reply.status_code, reply.json()["data"]["status"]) == (202, "PENDING")

    async def test_shifted_clock_delivers(self, alone: Live, receiver: Receiver) -> None:
        """A session whose clock is moved on approves and calls the receiver."""
        name = f"live-{next(NUMBERS)}"
        base_url = f"{alone.url}/@{name}/agentmessage"
        async with httpx.AsyncClient(base_url=base_url, headers=bearer("acme-admin")) as http:
            events = {"url": receiver.url, "events": ["campaign.approved"]}
            endpoint = (await http.post("/v1/webhooks", json=events)).json()
            created = (await http.post("/v1/campaigns", json=CLEAN)).json()["data"]
            alone.app.session(name).clock.shift(7 * SECOND)
            shown = await http.get(f"/v1/campaigns/{created['id']}")

        told = await asyncio.to_thread(receiver.received.get, timeout=LONG)
        assert shown.json()["data"]["status"] == "ACTIVE"
        assert told.verified(endpoint["secret"]) >= parse_instant("2026-01-01T00:00:00Z") // SECOND

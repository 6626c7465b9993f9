"""Sent in-process: every documented response reached naturally, and the rules behind them."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

import httpx
import pytest

from tests.calling import create_app, own_session, request_example
from tests.conftest import NOON
from tests.contents import contents
from tests.waiting import LONG
from understudy.core.clock import SECOND, format_timestamp
from understudy.core.settings import DEFAULT_BODY_LIMIT, Settings
from understudy.engine.registry import open_service
from understudy.server.app import App
from understudy.session.deliveries import Delivery
from understudy.session.session import Session

DAY = 24 * 60 * 60 * SECOND
OPERATIONS = open_service("sent").document.operations
ACCOUNTS = open_service("sent").accounts

ORGANIZATION = "550e8400-e29b-41d4-a716-446655440000"
SALES = "770e8400-e29b-41d4-a716-446655440002"
CARE, MARKETING, SUPPORT, ALERTS, EVENTS, DELIVERY, NORTH, LEGACY, NEW = (
    f"660e8400-e29b-41d4-a716-44665544000{digit}" for digit in (0, 1, 3, 4, 5, 6, 7, 8, 9)
)
GLOBEX = "660e8400-e29b-41d4-a716-446655440100"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
ORGANIZATION_BRAND = "a1b2c3d4-e5f6-4890-abcd-550e84000000"
SALES_BRAND = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
ORGANIZATION_CAMPAIGN = "b2c3d4e5-f6a7-4901-bcde-550e84000000"
CAMPAIGN = "b2c3d4e5-f6a7-8901-bcde-f12345678901"
CARE_CAMPAIGN = "b2c3d4e5-f6a7-4901-bcde-446655440000"
SUBMITTED_CAMPAIGN = "b2c3d4e5-f6a7-4901-bcde-446655440006"
ELSEWHERE = "https://your-app.com/webhook/profile-complete"


@dataclass(frozen=True)
class Ask:
    """One request: `body` goes as JSON, `content` as it stands; `account` None sends no key."""

    method: str
    path: str
    body: Any = None
    content: bytes | None = None
    account: str | None = "acme-admin"
    headers: Mapping[str, str | bytes] = field(default_factory=dict)


class Caller:
    """Sent as its callers see it, in a session of its own."""

    def __init__(self, app: App, http: httpx.AsyncClient, session: Session) -> None:
        self.app, self.http, self.session = app, http, session

    async def send(self, ask: Ask, **changes: Any) -> httpx.Response:
        ask = replace(ask, **changes)
        assert ACCOUNTS is not None
        key = {} if ask.account is None else {"x-api-key": ACCOUNTS.named(ask.account).credential}
        content = ask.content if ask.body is None else json.dumps(ask.body).encode()
        typed = {} if content is None else {"content-type": "application/json"}
        url = f"/@{self.session.name}/sent{ask.path}"
        headers = {**key, **typed, **ask.headers}
        return await self.http.request(ask.method, url, content=content, headers=headers)

    async def get(self, path: str, **changes: Any) -> Any:
        """The `data` that a GET answers."""
        reply = await self.send(Ask("GET", path), **changes)
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]

    async def change(self, method: str, path: str, body: Any, **changes: Any) -> Any:
        """The `data` of a change that must succeed; None where the reply has no body."""
        reply = await self.send(Ask(method, path, body), **changes)
        assert reply.is_success, reply.text
        return reply.json()["data"] if reply.content else None

    async def campaigns(self, profile: str) -> list[Any]:
        return list(await self.get(f"/v3/profiles/{profile}/campaigns"))

    async def accept(self, profile: str, url: str = ELSEWHERE, **changes: Any) -> httpx.Response:
        """Ask for a completion."""
        path = f"/v3/profiles/{profile}/complete"
        return await self.send(Ask("POST", path, {"webHookUrl": url}), **changes)

    async def settle(self, seconds: int = 2) -> list[Delivery]:
        """Let time pass; every delivery of the session so far."""
        await self.app.shift(self.session, seconds * SECOND)
        await self.session.webhooks.settle()
        return list(self.session.webhooks.deliveries)

    async def complete(self, profile: str) -> dict[str, Any]:
        """Complete a profile; what its callback says."""
        reply = await self.accept(profile)
        assert reply.status_code == 202, reply.text
        return dict(json.loads((await self.settle())[-1].body))

    def stored(self) -> dict[Any, dict[str, bytes]]:
        """Everything in the store."""
        shelves = contents(self.session)
        return {place: dict(shelf) for place, shelf in shelves.items()}


@pytest.fixture(scope="module")
def unlimited_app() -> App:
    return create_app(Settings(clock=NOON))


@pytest.fixture(scope="module")
def limited_app() -> App:
    return create_app(Settings(clock=NOON, rate_limits=True))


async def calling(app: App) -> AsyncIterator[Caller]:
    """A caller of the app, in a session that no other test has."""
    async with own_session(app) as (http, session):
        yield Caller(app, http, session)


@pytest.fixture
async def sent(unlimited_app: App) -> AsyncIterator[Caller]:
    """Sent at its seed world."""
    async for caller in calling(unlimited_app):
        yield caller


@pytest.fixture
async def limited(limited_app: App) -> AsyncIterator[Caller]:
    """Sent at its seed world, with its rate limits enforced."""
    async for caller in calling(limited_app):
        yield caller


def documented(operation: str, example: str = "documented") -> Any:
    """A documented request body, as a copy."""
    return request_example(OPERATIONS[operation], example)


def campaign(**changes: Any) -> Any:
    """The documented create request with another campaign's members."""
    return {"campaign": {**documented("createCampaign")["campaign"], **changes}}


def brand(**compliance: Any) -> Any:
    """The documented brand with other compliance."""
    body = documented("createProfile")["brand"]
    return {**body, "compliance": {**body["compliance"], **compliance}}


def problem(reply: httpx.Response) -> tuple[int, str]:
    """Status and message of an error."""
    return reply.status_code, reply.json()["error"]["message"]


def code(reply: httpx.Response) -> tuple[int, str]:
    """Status and code of an error."""
    return reply.status_code, reply.json()["error"]["code"]


# One request for each operation that succeeds in the seed world.
GOOD = {
    "listCampaigns": Ask("GET", f"/v3/profiles/{SALES}/campaigns"),
    "createCampaign": Ask("POST", f"/v3/profiles/{SALES}/campaigns", documented("createCampaign")),
    "updateCampaign": Ask(
        "PUT", f"/v3/profiles/{SALES}/campaigns/{CAMPAIGN}", documented("updateCampaign")
    ),
    "deleteCampaign": Ask(
        "DELETE", f"/v3/profiles/{SALES}/campaigns/{CAMPAIGN}", documented("deleteCampaign")
    ),
    "completeProfile": Ask("POST", f"/v3/profiles/{CARE}/complete", documented("completeProfile")),
    "listProfiles": Ask("GET", "/v3/profiles"),
    "createProfile": Ask("POST", "/v3/profiles", documented("createProfile")),
    "getProfile": Ask("GET", f"/v3/profiles/{SALES}"),
    "updateProfile": Ask("PATCH", f"/v3/profiles/{SALES}", documented("updateProfile")),
    "deleteProfile": Ask("DELETE", f"/v3/profiles/{SALES}", documented("deleteProfile")),
}
CHANGES = [id for id, ask in GOOD.items() if ask.method != "GET"]
WITH_ID = [id for id, ask in GOOD.items() if ask.path != "/v3/profiles"]
ON_CAMPAIGNS = [id for id in GOOD if "ampaign" in id]

Trigger = Callable[[Caller, Ask], Awaitable[httpx.Response]]


def but(**changes: Any) -> Trigger:
    """The good request with these changes."""

    async def send(sent: Caller, ask: Ask) -> httpx.Response:
        return await sent.send(ask, **changes)

    return send


def to(profile: str, campaign: str = UNKNOWN, **changes: Any) -> Trigger:
    """The good request on another profile (and campaign)."""

    async def send(sent: Caller, ask: Ask) -> httpx.Response:
        path = re.sub(r"(?<=profiles/)[^/]+", profile, ask.path)
        path = re.sub(r"(?<=campaigns/)[^/]+", campaign, path)
        return await sent.send(ask, path=path, **changes)

    return send


async def in_flight(sent: Caller, ask: Ask) -> httpx.Response:
    """The second of two requests at once with one key."""
    key = {"Idempotency-Key": "one-key"}
    first = sent.send(ask, headers={**key, "Prefer": "delay=500"})
    replies = await asyncio.gather(first, sent.send(ask, headers=key))
    assert replies[0].is_success
    return replies[1]


async def one_too_many(sent: Caller, ask: Ask) -> httpx.Response:
    """One request more than a second allows."""
    for _ in range(5 if ask.path.endswith("/complete") else 50):
        await sent.send(ask)
    return await sent.send(ask)


OF_ALL = {
    (400, "invalid-profile-header"): but(headers={"x-profile-id": "not-a-uuid"}),
    (401, "missing-key"): but(account=None),
    (401, "invalid-key"): but(account="acme-revoked"),
    (403, "not-activated"): but(account="acme-pending"),
    (403, "kyc-incomplete"): but(account="acme-kyc"),
    (404, "profile-not-found"): but(headers={"x-profile-id": UNKNOWN}),
    (429, "rate-limited"): one_too_many,
}
OF_CHANGES = {
    (400, "invalid-idempotency-key"): but(headers={"Idempotency-Key": "not valid"}),
    (400, "malformed-body"): but(body=None, content=b"{"),
    (403, "insufficient-permissions"): but(account="acme-reader"),
    (409, "in-flight"): in_flight,
    (413, "too-large"): but(body=None, content=b" " * (DEFAULT_BODY_LIMIT + 1)),
    (415, "unsupported-media-type"): but(headers={"content-type": "text/plain"}),
}
OF_READS = {
    (403, "insufficient-permissions"): but(account="acme-profile", headers={"x-profile-id": SALES})
}
SILENT_USE_CASE = {"messagingUseCaseUs": "MIXED", "sampleMessages": []}
LOWER_CASE_USE_CASE = {"messagingUseCaseUs": "mixed", "sampleMessages": ["Hi"]}
OF_ONE: dict[tuple[str, int, str], Trigger] = {
    ("listCampaigns", 200, "success"): but(),
    ("listCampaigns", 404, "brand-not-found"): to(EVENTS),
    ("createCampaign", 201, "success"): but(),
    ("createCampaign", 400, "inherits-campaigns"): to(MARKETING),
    ("createCampaign", 400, "validation"): but(body=campaign(useCases=[SILENT_USE_CASE])),
    ("createCampaign", 404, "brand-not-found"): to(EVENTS),
    ("updateCampaign", 200, "success"): but(),
    ("updateCampaign", 400, "already-submitted"): to(DELIVERY, SUBMITTED_CAMPAIGN),
    ("updateCampaign", 400, "inherits-campaigns"): to(MARKETING, ORGANIZATION_CAMPAIGN),
    ("updateCampaign", 400, "validation"): but(body=campaign(useCases=[LOWER_CASE_USE_CASE])),
    ("updateCampaign", 404, "brand-not-found"): to(EVENTS),
    ("updateCampaign", 404, "campaign-not-found"): to(SALES),
    ("deleteCampaign", 204, ""): but(),
    ("deleteCampaign", 400, "validation"): but(body={"sandbox": "yes"}),
    ("deleteCampaign", 404, "brand-not-found"): to(EVENTS),
    ("deleteCampaign", 404, "campaign-not-found"): to(SALES),
    ("completeProfile", 200, "already-completed"): to(ALERTS),
    ("completeProfile", 202, "in-progress"): but(),
    ("completeProfile", 400, "prerequisites-unmet"): to(NEW),
    ("completeProfile", 400, "validation"): but(body={"sandbox": False}),
    ("listProfiles", 200, "success"): but(),
    ("createProfile", 201, "success"): but(),
    ("createProfile", 400, "validation"): but(body={"short_name": "AB"}),
    ("createProfile", 400, "brand-inherited"): but(
        body={"name": "Team", "inherit_tcr_brand": True, "brand": brand()}
    ),
    ("createProfile", 400, "payment-details-not-allowed"): but(
        body={**documented("createProfile"), "billing_model": "organization"}
    ),
    ("createProfile", 400, "billing-contact-required"): but(
        body={"name": "Team", "billing_model": "profile_and_organization"}
    ),
    ("getProfile", 200, "success"): but(),
    ("updateProfile", 200, "success"): but(),
    ("updateProfile", 400, "validation"): but(body={"short_name": "AB"}),
    ("updateProfile", 400, "brand-submitted"): to(DELIVERY, body={"brand": brand()}),
    ("updateProfile", 400, "brand-inherited"): but(
        body={"inherit_tcr_brand": True, "brand": brand()}
    ),
    ("updateProfile", 400, "payment-details-not-allowed"): to(
        ALERTS, body={"payment_details": documented("createProfile")["payment_details"]}
    ),
    ("updateProfile", 400, "billing-contact-required"): to(
        ALERTS, body={"billing_model": "profile"}
    ),
    ("deleteProfile", 204, ""): but(),
    ("deleteProfile", 400, "validation"): but(body={"sandbox": "yes"}),
}
CASES: dict[tuple[str, int, str], Trigger] = {
    **{(id, *answer): trigger for id in GOOD for answer, trigger in OF_ALL.items()},
    **{(id, *answer): trigger for id in CHANGES for answer, trigger in OF_CHANGES.items()},
    **{
        (id, *answer): trigger
        for id in GOOD
        if id not in CHANGES
        for answer, trigger in OF_READS.items()
    },
    **{(id, 400, "invalid-id"): to("not-a-uuid", "not-a-uuid") for id in WITH_ID},
    **OF_ONE,
}
ANSWERS = [
    (operation.id, status, name)
    for operation in OPERATIONS.values()
    for status, response in operation.responses.items()
    for name in response.examples or [""]
]
FAILURES = [answer for answer in ANSWERS if answer[1] >= 500]


def words(error: Any) -> Any:
    """What an error says; of its details, which members they are about."""
    details = error["details"] and sorted(error["details"])
    # The prerequisites that a text names are those of the profile at hand.
    message = re.sub(r"(?<=prerequisites: ).*", "", error["message"])
    return {**error, "details": details, "message": message}


def members(data: Any) -> Any:
    """The names of an object's members, or of those of a list's first object."""
    return list(data[0]) if isinstance(data, list) else list(data)


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
            assert members(reply.json()["data"]) == members(response.examples[example]["data"])
        else:
            assert response.diagnose(reply.json()) == []
            assert words(reply.json()["error"]) == words(response.examples[example]["error"])

    @pytest.mark.parametrize(("operation", "status", "example"), FAILURES)
    async def test_preferred_failure_is_verbatim(
        self, operation: str, status: int, example: str, sent: Caller
    ) -> None:
        """`Prefer: code=…, example=…` gives the documented failure word for word."""
        prefer = f"code={status}, example={example}"

        reply = await sent.send(GOOD[operation], headers={"Prefer": prefer})

        assert reply.status_code == status
        assert reply.json() == OPERATIONS[operation].responses[status].examples[example]
        assert reply.headers["preference-applied"] == prefer

    @pytest.mark.parametrize("operation", GOOD)
    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    async def test_preferred_code_alone_is_its_first_example(
        self, status: int, operation: str, sent: Caller
    ) -> None:
        """`Prefer: code=…` gives the first documented body of that status."""
        examples = OPERATIONS[operation].responses[status].examples

        reply = await sent.send(GOOD[operation], headers={"Prefer": f"code={status}"})

        assert (reply.status_code, reply.json()) == (status, next(iter(examples.values())))

    async def test_preferred_example_alone_finds_its_status(self, sent: Caller) -> None:
        """`Prefer: example=…` finds a failure by name alone."""
        reply = await sent.send(
            GOOD["createCampaign"], headers={"Prefer": "example=cache-unavailable"}
        )

        assert code(reply) == (503, "SERVICE_001")

    async def test_unknown_path_is_in_the_envelope(self, sent: Caller) -> None:
        """A path that Sent does not have is a 404 in Sent's envelope."""
        reply = await sent.send(Ask("GET", "/v3/nothing"))

        assert reply.status_code == 404
        assert list(reply.json()) == ["success", "data", "error", "meta"]

    async def test_undeclared_method_names_the_others(self, sent: Caller) -> None:
        """A method that the path does not have is a 405 with every method that it has."""
        reply = await sent.send(Ask("PUT", f"/v3/profiles/{SALES}"))

        assert (reply.status_code, reply.headers["allow"]) == (405, "DELETE, GET, PATCH")


class TestReplyHeaders:
    """The headers of every reply."""

    @pytest.mark.parametrize(
        "ask",
        [
            GOOD["listCampaigns"],
            GOOD["deleteCampaign"],
            replace(GOOD["listCampaigns"], account=None),
            replace(GOOD["createCampaign"], body={}),
            Ask("GET", "/v3/nothing"),
        ],
        ids=["200", "204", "401", "400", "404"],
    )
    async def test_each_names_request_time_and_version(self, ask: Ask, sent: Caller) -> None:
        """Every reply carries the request's id, the time it took and the API's version."""
        reply = await sent.send(ask)

        assert re.fullmatch(r"req_[A-Za-z0-9]{10}", reply.headers["x-request-id"])
        assert re.fullmatch(r"\d+ms", reply.headers["x-response-time"])
        assert reply.headers["x-api-version"] == "v3"

    async def test_request_id_is_the_bodys(self, sent: Caller) -> None:
        """X-Request-Id is `meta.request_id`."""
        reply = await sent.send(GOOD["listCampaigns"])

        assert reply.headers["x-request-id"] == reply.json()["meta"]["request_id"]

    async def test_meta_tells_time_and_version(self, sent: Caller) -> None:
        """`meta.timestamp` is the session's time with seven digits and an explicit offset."""
        reply = await sent.send(GOOD["listCampaigns"])

        assert reply.json()["meta"]["timestamp"] == "2026-03-11T12:00:00.0000000+00:00"
        assert reply.json()["meta"]["version"] == "v3"

    async def test_scoped_request_is_told_its_profile(self, sent: Caller) -> None:
        """X-Profile-Id echoes `x-profile-id`, and is not there without it."""
        scoped = await sent.send(GOOD["listCampaigns"], headers={"x-profile-id": SALES})
        plain = await sent.send(GOOD["listCampaigns"])

        assert scoped.headers["x-profile-id"] == SALES
        assert "x-profile-id" not in plain.headers

    @pytest.mark.parametrize(
        ("operation", "limit", "remaining"),
        [("listCampaigns", "200", "199"), ("completeProfile", "10", "9")],
    )
    async def test_rate_limit_is_told_on_success(
        self, operation: str, limit: str, remaining: str, sent: Caller
    ) -> None:
        """The limit of the operation's tier, what is left of it, and when it begins anew."""
        reply = await sent.send(GOOD[operation])

        assert reply.headers["x-ratelimit-limit"] == limit
        assert reply.headers["x-ratelimit-remaining"] == remaining
        assert int(reply.headers["x-ratelimit-reset"]) == NOON // SECOND + 60


class TestCampaigns:
    """What is stored and shown."""

    async def test_created_campaign_echoes_what_was_sent(self, sent: Caller) -> None:
        """Every member of the request is shown as it was sent."""
        asked = documented("createCampaign")["campaign"]

        created = await sent.change("POST", f"/v3/profiles/{SALES}/campaigns", campaign())

        cases = [
            {name: case[name] for name in ("messagingUseCaseUs", "sampleMessages")}
            for case in created["useCases"]
        ]
        assert {**{name: created[name] for name in asked}, "useCases": cases} == asked

    async def test_created_campaign_is_not_submitted(self, sent: Caller) -> None:
        """A new campaign has no status and was not filed."""
        created = await sent.change("POST", f"/v3/profiles/{SALES}/campaigns", campaign())

        assert (created["status"], created["submittedToTCR"]) == (None, False)
        assert (created["submittedAt"], created["tcrCampaignId"]) == (None, None)

    async def test_created_campaign_belongs_to_its_profile(self, sent: Caller) -> None:
        """`customerId` is the profile, `brandId` its brand, `createdAt` now; use cases alike."""
        created = await sent.change("POST", f"/v3/profiles/{SALES}/campaigns", campaign())

        (case,) = created["useCases"]
        assert (created["customerId"], created["brandId"]) == (SALES, SALES_BRAND)
        assert (case["customerId"], case["campaignId"]) == (SALES, created["id"])
        assert created["createdAt"] == case["createdAt"] == format_timestamp(NOON)

    async def test_list_is_by_creation(self, sent: Caller) -> None:
        """The list is ordered by `createdAt`; an update does not move a campaign."""
        path = f"/v3/profiles/{NORTH}/campaigns"
        first = (await sent.campaigns(NORTH))[0]
        created = await sent.change("POST", path, campaign())

        await sent.change("PUT", f"{path}/{first['id']}", campaign())

        listed = await sent.campaigns(NORTH)
        assert [listed[0]["id"], listed[-1]["id"]] == [first["id"], created["id"]]
        assert [each["createdAt"] for each in listed] == sorted(
            each["createdAt"] for each in listed
        )

    async def test_names_may_repeat(self, sent: Caller) -> None:
        """Two campaigns of one brand may have one name."""
        for _ in range(2):
            await sent.change("POST", f"/v3/profiles/{SALES}/campaigns", campaign(name="Twin"))

        assert [each["name"] for each in await sent.campaigns(SALES)].count("Twin") == 2

    async def test_unknown_members_are_ignored(self, sent: Caller) -> None:
        """A member that Sent does not know is accepted and dropped."""
        body = campaign(volume="5000")

        created = await sent.change("POST", f"/v3/profiles/{SALES}/campaigns", body)

        assert "volume" not in created

    async def test_every_fault_of_a_body_is_told(self, sent: Caller) -> None:
        """`details` names each faulty member by its path in the request."""
        case = {"messagingUseCaseUs": "mixed", "sampleMessages": ["x" * 1025]}
        body = campaign(name="", useCases=[case], privacyPolicyLink="http://acme.com")

        reply = await sent.send(GOOD["createCampaign"], body=body)

        assert sorted(reply.json()["error"]["details"]) == [
            "campaign.name",
            "campaign.privacyPolicyLink",
            "campaign.useCases[0].messagingUseCaseUs",
            "campaign.useCases[0].sampleMessages[0]",
        ]

    @pytest.mark.parametrize(
        "changes",
        [
            {"useCases": []},
            {"useCases": [{"messagingUseCaseUs": "MIXED", "sampleMessages": ["Hi"] * 6}]},
            {"description": ""},
            {"type": None},
            {"optinKeywords": "x" * 256},
            {"termsAndConditionsLink": "not a link"},
        ],
    )
    async def test_invalid_campaign_is_refused(self, changes: Any, sent: Caller) -> None:
        """Each documented constraint of a campaign holds."""
        reply = await sent.send(GOOD["createCampaign"], body=campaign(**changes))

        assert problem(reply) == (400, "Request validation failed")

    async def test_update_replaces_the_whole_campaign(self, sent: Caller) -> None:
        """What an update leaves out becomes null."""
        body = documented("createCampaign", "minimal")
        path = f"/v3/profiles/{NORTH}/campaigns/{(await sent.campaigns(NORTH))[1]['id']}"

        updated = await sent.change("PUT", path, body)

        assert updated["name"] == body["campaign"]["name"]
        assert {updated["messageFlow"], updated["privacyPolicyLink"], updated["optinMessage"]} == {
            None
        }

    async def test_update_replaces_use_cases(self, sent: Caller) -> None:
        """An update's use cases are new ones, with new ids."""
        before = (await sent.campaigns(SALES))[0]

        updated = await sent.change(
            "PUT", GOOD["updateCampaign"].path, documented("createCampaign", "minimal")
        )

        assert [case["messagingUseCaseUs"] for case in updated["useCases"]] == ["TWO_FA"]
        assert updated["useCases"][0]["id"] != before["useCases"][0]["id"]
        assert updated["useCases"][0]["campaignId"] == CAMPAIGN

    async def test_update_keeps_identity(self, sent: Caller) -> None:
        """Id, customer and creation stay, `updatedAt` is now; the list shows the reply's data."""
        before = (await sent.campaigns(SALES))[0]
        await sent.settle(60)

        updated = await sent.change("PUT", GOOD["updateCampaign"].path, campaign())

        for name in ("id", "customerId", "createdAt"):
            assert updated[name] == before[name]
        assert updated["updatedAt"] == format_timestamp(NOON + 60 * SECOND)
        assert await sent.campaigns(SALES) == [updated]

    async def test_deleted_campaign_is_gone(self, sent: Caller) -> None:
        """A deleted campaign is not listed and cannot be deleted again."""
        first = await sent.send(GOOD["deleteCampaign"])

        again = await sent.send(GOOD["deleteCampaign"])

        assert (first.status_code, code(again)) == (204, (404, "RESOURCE_010"))
        assert await sent.campaigns(SALES) == []

    async def test_delete_needs_no_body(self, sent: Caller) -> None:
        """The body of a DELETE is optional."""
        reply = await sent.send(GOOD["deleteCampaign"], body=None)

        assert reply.status_code == 204


class TestSubmitted:
    """What was submitted to the registry stays as it is."""

    async def test_campaign_is_not_updated(self, sent: Caller) -> None:
        """A refused update leaves a submitted campaign as it was."""
        before = await sent.campaigns(DELIVERY)
        path = f"/v3/profiles/{DELIVERY}/campaigns/{SUBMITTED_CAMPAIGN}"

        reply = await sent.send(GOOD["updateCampaign"], path=path)

        assert problem(reply) == (
            400,
            "Cannot update campaign that has already been submitted to TCR",
        )
        assert await sent.campaigns(DELIVERY) == before

    async def test_campaign_may_be_deleted(self, sent: Caller) -> None:
        """A submitted campaign can still be deleted."""
        await sent.change("DELETE", f"/v3/profiles/{DELIVERY}/campaigns/{SUBMITTED_CAMPAIGN}", None)

        assert await sent.campaigns(DELIVERY) == []

    async def test_brand_is_not_updated(self, sent: Caller) -> None:
        """A refused brand keeps the rest of its update from happening too."""
        path = f"/v3/profiles/{DELIVERY}"
        before = await sent.get(path)

        reply = await sent.send(Ask("PATCH", path, {"name": "Other", "brand": brand()}))

        assert problem(reply) == (400, "Cannot update brand that has already been submitted to TCR")
        assert await sent.get(path) == before

    async def test_rest_of_the_profile_may_change(self, sent: Caller) -> None:
        """A submitted brand does not keep its profile from being renamed."""
        updated = await sent.change("PATCH", f"/v3/profiles/{DELIVERY}", {"name": "Other"})

        assert updated["name"] == "Other"


INHERITANCE = [
    # inherit_tcr_brand, inherit_tcr_campaign, brand used, campaign listed
    (True, True, ORGANIZATION_BRAND, ORGANIZATION_CAMPAIGN),
    (True, False, ORGANIZATION_BRAND, CAMPAIGN),
    (False, False, SALES_BRAND, CAMPAIGN),
    (False, True, SALES_BRAND, ORGANIZATION_CAMPAIGN),
]


class TestInheritance:
    """Whose brand and whose campaigns a profile has."""

    @pytest.mark.parametrize(("from_brand", "from_campaign", "used", "listed"), INHERITANCE)
    async def test_matrix_of_what_is_seen(
        self, from_brand: bool, from_campaign: bool, used: str, listed: str, sent: Caller
    ) -> None:
        """Each flag decides by itself whose brand and whose campaigns are shown."""
        flags = {"inherit_tcr_brand": from_brand, "inherit_tcr_campaign": from_campaign}

        profile = await sent.change("PATCH", f"/v3/profiles/{SALES}", flags)

        assert (profile["brand"]["id"], profile["brand"]["is_inherited"]) == (used, from_brand)
        assert [each["id"] for each in await sent.campaigns(SALES)] == [listed]

    @pytest.mark.parametrize("from_brand", [True, False])
    @pytest.mark.parametrize("operation", ["createCampaign", "updateCampaign"])
    async def test_inherited_campaigns_are_read_only(
        self, operation: str, from_brand: bool, sent: Caller
    ) -> None:
        """Whosever the brand is, a profile that inherits campaigns has none of its own."""
        flags = {"inherit_tcr_brand": from_brand, "inherit_tcr_campaign": True}
        await sent.change("PATCH", f"/v3/profiles/{SALES}", flags)

        reply = await sent.send(GOOD[operation])

        assert code(reply) == (400, "VALIDATION_001")
        assert "inherit_tcr_campaign=true" in problem(reply)[1]

    @pytest.mark.parametrize(
        ("from_brand", "used"), [(True, ORGANIZATION_BRAND), (False, SALES_BRAND)]
    )
    @pytest.mark.parametrize("operation", ["createCampaign", "updateCampaign"])
    async def test_own_campaigns_run_under_the_brand_used(
        self, operation: str, from_brand: bool, used: str, sent: Caller
    ) -> None:
        """A profile with campaigns of its own creates and updates them under either brand."""
        flags = {"inherit_tcr_brand": from_brand, "inherit_tcr_campaign": False}
        await sent.change("PATCH", f"/v3/profiles/{SALES}", flags)

        reply = await sent.send(GOOD[operation])

        assert (reply.is_success, reply.json()["data"]["brandId"]) == (True, used)

    async def test_inherited_campaign_is_not_deleted(self, sent: Caller) -> None:
        """An inherited campaign is not under the profile: 404, and it stays."""
        path = f"/v3/profiles/{MARKETING}/campaigns/{ORGANIZATION_CAMPAIGN}"

        reply = await sent.send(Ask("DELETE", path))

        assert code(reply) == (404, "RESOURCE_010")
        assert [each["id"] for each in await sent.campaigns(MARKETING)] == [ORGANIZATION_CAMPAIGN]

    @pytest.mark.parametrize("operation", ON_CAMPAIGNS)
    async def test_inheriting_from_nobody_finds_no_brand(
        self, operation: str, sent: Caller
    ) -> None:
        """Where the organization has no brand either, every campaign request is a 404."""
        flags = {"inherit_tcr_brand": True}
        await sent.change("PATCH", f"/v3/profiles/{GLOBEX}", flags, account="globex-admin")

        reply = await to(GLOBEX, account="globex-admin")(sent, GOOD[operation])

        assert code(reply) == (404, "RESOURCE_009")

    async def test_new_profile_creates_campaigns_once_it_inherits_none(self, sent: Caller) -> None:
        """A bare profile inherits; switching that off lets it create, under the same brand."""
        created = await sent.change("POST", "/v3/profiles", {"name": "Bare"})
        profile = f"/v3/profiles/{created['id']}"
        refused = await sent.send(Ask("POST", f"{profile}/campaigns", campaign()))

        await sent.change("PATCH", profile, documented("updateProfile", "own-campaigns"))

        own = await sent.change("POST", f"{profile}/campaigns", campaign())
        assert (refused.status_code, own["brandId"]) == (400, ORGANIZATION_BRAND)


# Every fault at once; each step mends the one that is found first.
FAULTY = Ask(
    "PUT",
    "/v3/profiles/not-a-uuid/campaigns/not-a-uuid",
    {"sandbox": "yes"},
    account=None,
    headers={"x-profile-id": "not-a-uuid", "Idempotency-Key": "not valid"},
)
STEPS: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({}, (401, "User is not authenticated")),
    ({"account": "acme-pending"}, (403, "Your account is not yet activated")),
    ({"account": "acme-reader"}, (403, "Insufficient permissions")),
    ({"account": "acme-admin"}, (400, "Invalid GUID format")),
    (
        {"headers": {"x-profile-id": UNKNOWN, "Idempotency-Key": "not valid"}},
        (404, "Profile not found"),
    ),
    ({"headers": {"Idempotency-Key": "not valid"}}, (400, "Invalid Idempotency-Key format")),
    ({"headers": {}}, (400, "Invalid profile or campaign ID format")),
    ({"path": f"/v3/profiles/{UNKNOWN}/campaigns/{UNKNOWN}"}, (400, "Request validation failed")),
    ({"body": {**campaign(), "sandbox": True}}, (404, "Profile not found")),
    ({"path": "inheriting"}, (400, "Cannot update campaigns when inherit_tcr_campaign=true")),
    ({"path": f"/v3/profiles/{EVENTS}/campaigns/{UNKNOWN}"}, (404, "Brand not found")),
    ({"path": f"/v3/profiles/{DELIVERY}/campaigns/{UNKNOWN}"}, (404, "Campaign not found")),
    (
        {"path": f"/v3/profiles/{DELIVERY}/campaigns/{SUBMITTED_CAMPAIGN}"},
        (400, "Cannot update campaign that has already been submitted"),
    ),
]


class TestOrderOfChecks:
    """Which of several faults is told."""

    async def test_first_fault_is_told(self, sent: Caller) -> None:
        """Mending the fault that was told brings the next one, in Sent's order."""
        flags = {"name": "Bare", "inherit_tcr_brand": False, "inherit_tcr_campaign": True}
        bare = (await sent.change("POST", "/v3/profiles", flags))["id"]
        ask, told = FAULTY, []

        for mended, (_, message) in STEPS:
            ask = replace(ask, **mended)
            path = ask.path.replace("inheriting", f"/v3/profiles/{bare}/campaigns/{UNKNOWN}")
            status, text = problem(await sent.send(ask, path=path))
            told.append((status, text[: len(message)]))

        assert told == [expected for _, expected in STEPS]

    async def test_sandbox_comes_last(self, sent: Caller) -> None:
        """With every fault mended the sandbox answers as production would."""
        body = {**campaign(), "sandbox": True}

        reply = await sent.send(GOOD["updateCampaign"], body=body)

        assert (reply.status_code, reply.headers["x-sandbox"]) == (200, "true")

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"account": "acme-reader"}, (403, "AUTH_004")),
            ({"headers": {"x-profile-id": "not-a-uuid"}}, (400, "VALIDATION_003")),
            ({"headers": {"Idempotency-Key": "not valid"}}, (400, "VALIDATION_007")),
            ({"path": "/v3/profiles/not-a-uuid/campaigns"}, (400, "VALIDATION_001")),
            ({"headers": {"Idempotency-Key": "used"}}, (429, "BUSINESS_002")),
            ({"body": {}}, (429, "BUSINESS_002")),
        ],
    )
    async def test_rate_limit_is_between_ids_and_replay(
        self, changes: Any, expected: tuple[int, str], limited: Caller
    ) -> None:
        """A used-up pool is told after malformed ids and before a replay or a faulty body."""
        await limited.send(GOOD["createCampaign"], headers={"Idempotency-Key": "used"})
        for account in ("acme-admin", "acme-reader"):
            for _ in range(50):
                await limited.send(GOOD["listProfiles"], account=account)

        reply = await limited.send(GOOD["createCampaign"], **changes)

        assert code(reply) == expected

    async def test_replay_comes_before_the_body(self, sent: Caller) -> None:
        """A known key replays its reply however faulty the new body is."""
        key = {"Idempotency-Key": "used"}
        await sent.send(GOOD["createCampaign"], headers=key)

        reply = await sent.send(GOOD["createCampaign"], headers=key, body={})

        assert (reply.status_code, reply.headers["idempotent-replayed"]) == (201, "true")


class TestProfileScope:
    """Profile keys, and organization keys that act for a profile."""

    async def test_profile_key_works_on_its_own_campaigns(self, sent: Caller) -> None:
        """A profile's key lists, creates, updates and deletes the profile's campaigns."""
        replies = [
            await sent.send(GOOD[operation], account="acme-profile")
            for operation in ("listCampaigns", "createCampaign", "updateCampaign", "deleteCampaign")
        ]

        assert [reply.status_code for reply in replies] == [200, 201, 200, 204]

    @pytest.mark.parametrize("operation", WITH_ID)
    async def test_profile_key_sees_no_other_profile(self, operation: str, sent: Caller) -> None:
        """Another profile of the same organization is not found with a profile's key."""
        reply = await to(MARKETING, account="acme-profile")(sent, GOOD[operation])

        assert code(reply) == (404, "RESOURCE_014")

    async def test_profile_key_lists_itself(self, sent: Caller) -> None:
        """The profiles that a profile's key lists are that one."""
        listed = await sent.get("/v3/profiles", account="acme-profile")

        assert [profile["id"] for profile in listed["profiles"]] == [SALES]

    async def test_profile_key_creates_no_profile(self, sent: Caller) -> None:
        """Only an organization creates profiles."""
        reply = await sent.send(GOOD["createProfile"], account="acme-profile")

        assert code(reply) == (403, "AUTH_004")

    async def test_profile_key_may_not_send_the_header(self, sent: Caller) -> None:
        """`x-profile-id` is for organization keys, even with the profile's own id."""
        reply = await sent.send(
            GOOD["listCampaigns"], account="acme-profile", headers={"x-profile-id": SALES}
        )

        assert problem(reply) == (403, "Insufficient permissions for this operation")

    @pytest.mark.parametrize("profile", [UNKNOWN, GLOBEX, LEGACY, ORGANIZATION])
    async def test_header_names_a_profile_of_the_organization(
        self, profile: str, sent: Caller
    ) -> None:
        """An unknown, foreign or deleted profile in the header is a 404."""
        reply = await sent.send(GOOD["listProfiles"], headers={"x-profile-id": profile})

        assert code(reply) == (404, "RESOURCE_014")

    @pytest.mark.parametrize("operation", WITH_ID)
    async def test_header_and_path_must_agree(self, operation: str, sent: Caller) -> None:
        """Acting for one profile, another one in the path is not found."""
        reply = await sent.send(GOOD[operation], headers={"x-profile-id": MARKETING})

        assert code(reply) == (404, "RESOURCE_014")

    async def test_header_that_agrees_is_fine(self, sent: Caller) -> None:
        """The same profile in header and path changes nothing."""
        scoped = await sent.get(GOOD["listCampaigns"].path, headers={"x-profile-id": SALES})

        assert scoped == await sent.campaigns(SALES)

    async def test_header_narrows_the_list(self, sent: Caller) -> None:
        """Acting for a profile, it is the only one listed."""
        listed = await sent.get("/v3/profiles", headers={"x-profile-id": MARKETING})

        assert [profile["id"] for profile in listed["profiles"]] == [MARKETING]

    async def test_acting_for_a_profile_creates_none(self, sent: Caller) -> None:
        """Acting for a profile is acting as one: it creates no profile."""
        reply = await sent.send(GOOD["createProfile"], headers={"x-profile-id": SALES})

        assert code(reply) == (403, "AUTH_004")

    @pytest.mark.parametrize("profile", [UNKNOWN, GLOBEX, LEGACY])
    @pytest.mark.parametrize("operation", WITH_ID)
    async def test_path_names_a_profile_of_the_organization(
        self, operation: str, profile: str, sent: Caller
    ) -> None:
        """An unknown, foreign or deleted profile in the path is a 404."""
        reply = await to(profile)(sent, GOOD[operation])

        assert code(reply) == (404, "RESOURCE_014")

    @pytest.mark.parametrize(
        ("operation", "status"),
        [("createCampaign", 201), ("updateCampaign", 200), ("deleteCampaign", 204)],
    )
    async def test_developer_changes_campaigns(
        self, operation: str, status: int, sent: Caller
    ) -> None:
        """The developer role changes campaigns."""
        reply = await sent.send(GOOD[operation], account="acme-developer")

        assert reply.status_code == status

    @pytest.mark.parametrize(
        "operation", ["createProfile", "updateProfile", "deleteProfile", "completeProfile"]
    )
    async def test_developer_changes_no_profile(self, operation: str, sent: Caller) -> None:
        """Changing profiles takes the admin role."""
        reply = await sent.send(GOOD[operation], account="acme-developer")

        assert code(reply) == (403, "AUTH_004")

    @pytest.mark.parametrize("operation", ["listCampaigns", "listProfiles", "getProfile"])
    async def test_reader_reads(self, operation: str, sent: Caller) -> None:
        """The reading role is enough for reading."""
        reply = await sent.send(GOOD[operation], account="acme-reader")

        assert reply.status_code == 200

    async def test_organizations_share_nothing(self, sent: Caller) -> None:
        """Globex lists its own profile and none of Acme's."""
        listed = await sent.get("/v3/profiles", account="globex-admin")

        assert [profile["id"] for profile in listed["profiles"]] == [GLOBEX]


class TestProfiles:
    """What a profile's requests may say."""

    async def test_new_profile_starts_with_defaults(self, sent: Caller) -> None:
        """A profile of which only the name is told inherits all and is incomplete."""
        created = await sent.change(
            "POST", "/v3/profiles", documented("createProfile", "name-only")
        )

        assert (created["status"], created["organization_id"]) == ("incomplete", ORGANIZATION)
        assert (created["inherit_tcr_brand"], created["inherit_tcr_campaign"]) == (True, True)
        assert (created["inherit_contacts"], created["inherit_templates"]) == (True, True)
        assert (created["allow_contact_sharing"], created["billing_model"]) == (False, "profile")
        assert created["brand"]["id"] == ORGANIZATION_BRAND

    async def test_created_profile_is_found(self, sent: Caller) -> None:
        """What a create answers is what a read shows, alone and in the list."""
        created = await sent.change("POST", "/v3/profiles", documented("createProfile"))

        assert await sent.get(f"/v3/profiles/{created['id']}") == created
        assert created in (await sent.get("/v3/profiles"))["profiles"]

    async def test_brand_is_shown_in_snake_case(self, sent: Caller) -> None:
        """A brand sent in camelCase comes back in snake_case, `isMain` excepted."""
        created = await sent.change("POST", "/v3/profiles", documented("createProfile"))

        shown = created["brand"]
        assert shown["contact"]["phone_country_code"] == "1"
        assert shown["business"]["legal_name"] == "Acme Corporation LLC"
        assert shown["compliance"]["is_tcr_application"] is True
        assert shown["compliance"]["destination_countries"] == [{"id": "US", "isMain": False}]

    @pytest.mark.parametrize("secret", ["EAAxxxxxxxxxxxxxxx", "4111111111111111"])
    async def test_secrets_are_neither_shown_nor_stored(self, secret: str, sent: Caller) -> None:
        """The WhatsApp token and the card number go nowhere."""
        reply = await sent.send(GOOD["createProfile"])

        stored = b"".join(each for shelf in sent.stored().values() for each in shelf.values())
        assert reply.status_code == 201
        assert secret in json.dumps(documented("createProfile"))
        assert secret not in reply.text
        assert secret.encode() not in stored

    async def test_whatsapp_account_is_shown_by_its_id(self, sent: Caller) -> None:
        """`waba_id` comes from the WhatsApp account of the request."""
        created = await sent.change("POST", "/v3/profiles", documented("createProfile"))

        assert created["waba_id"] == "123456789012345"

    @pytest.mark.parametrize("body", [{"name": None}, {}], ids=["null", "absent"])
    async def test_update_leaves_what_it_does_not_state(self, body: Any, sent: Caller) -> None:
        """An absent member and a null one both stay as they were."""
        before = await sent.get(f"/v3/profiles/{SALES}")

        updated = await sent.change("PATCH", f"/v3/profiles/{SALES}", body)

        assert updated == {**before, "updated_at": format_timestamp(NOON)}

    async def test_update_is_stored(self, sent: Caller) -> None:
        """What an update answers is what a read shows."""
        body = {"name": "Other", "sending_phone_number": "+12025550111"}

        updated = await sent.change("PATCH", f"/v3/profiles/{SALES}", body)

        assert (updated["name"], updated["sending_phone_number"]) == ("Other", "+12025550111")
        assert await sent.get(f"/v3/profiles/{SALES}") == updated

    async def test_sent_brand_ends_inheritance(self, sent: Caller) -> None:
        """A profile that is given a brand stops inheriting one."""
        updated = await sent.change("PATCH", f"/v3/profiles/{MARKETING}", {"brand": brand()})

        assert updated["inherit_tcr_brand"] is False
        assert updated["brand"]["is_inherited"] is False
        assert updated["brand"]["id"] != ORGANIZATION_BRAND

    async def test_brand_update_keeps_its_identity(self, sent: Caller) -> None:
        """A brand that is sent again is the same brand with other content."""
        before = (await sent.get(f"/v3/profiles/{SALES}"))["brand"]
        body = {"brand": brand(vertical="RETAIL")}

        after = (await sent.change("PATCH", f"/v3/profiles/{SALES}", body))["brand"]

        assert (after["id"], after["created_at"]) == (before["id"], before["created_at"])
        assert (after["compliance"]["vertical"], after["updated_at"]) == (
            "RETAIL",
            format_timestamp(NOON),
        )

    async def test_payment_details_depend_on_the_stored_model(self, sent: Caller) -> None:
        """Payment details are taken where the profile pays for itself."""
        body = {"payment_details": documented("createProfile")["payment_details"]}

        updated = await sent.change("PATCH", f"/v3/profiles/{CARE}", body)

        assert updated["billing_model"] == "profile"

    async def test_known_billing_contact_suffices(self, sent: Caller) -> None:
        """A billing contact that is stored need not be sent again."""
        body = {"billing_model": "profile_and_organization"}

        updated = await sent.change("PATCH", f"/v3/profiles/{CARE}", body)

        assert updated["billing_contact"]["email"] == "billing@acmecorp.com"

    @pytest.mark.parametrize(
        "changes",
        [
            {"short_name": "AB"},
            {"short_name": "123"},
            {"short_name": "Too long by 1"},
            {"short_name": "Mkt-2"},
            {"billing_model": "nobody"},
            {"billing_contact": {"name": "Acme Corp"}},
            {"payment_details": {"card_number": "4111", "expiry": "09/27", "cvc": "123"}},
            {"whatsapp_business_account": {"waba_id": "1"}},
            {"brand": {"contact": {"name": "John"}}},
        ],
    )
    async def test_invalid_profile_is_refused(self, changes: Any, sent: Caller) -> None:
        """Each documented constraint of a profile holds."""
        reply = await sent.send(GOOD["createProfile"], body={"name": "Team", **changes})

        assert problem(reply) == (400, "Request validation failed")


class TestSoftDelete:
    """A deleted profile is out of reach, not out of storage."""

    async def test_deleted_profile_is_unreachable(self, sent: Caller) -> None:
        """After its deletion no operation finds the profile, another deletion neither."""
        await sent.send(GOOD["deleteProfile"])

        replies = [
            await to(SALES, CAMPAIGN)(sent, GOOD[operation])
            for operation in ("getProfile", "deleteProfile", *ON_CAMPAIGNS)
        ]

        assert {code(reply) for reply in replies} == {(404, "RESOURCE_014")}

    async def test_deleted_profile_is_not_listed(self, sent: Caller) -> None:
        """Deleted profiles are missing from the list."""
        await sent.send(GOOD["deleteProfile"])

        listed = (await sent.get("/v3/profiles"))["profiles"]

        assert {SALES, LEGACY} & {profile["id"] for profile in listed} == set()

    async def test_its_key_finds_nothing(self, sent: Caller) -> None:
        """The key of a deleted profile lists nothing any more."""
        await sent.send(GOOD["deleteProfile"])

        listed = await sent.get("/v3/profiles", account="acme-profile")

        assert listed["profiles"] == []

    async def test_data_is_kept(self, sent: Caller) -> None:
        """Profile, brand and campaigns stay in storage."""
        before = sent.stored()

        await sent.send(GOOD["deleteProfile"])

        after = sent.stored()
        kept = after["sent", "profiles", ORGANIZATION][SALES]
        assert json.loads(kept)["deleted_at"] == format_timestamp(NOON)
        for collection in ("brands", "campaigns"):
            assert after["sent", collection, SALES] == before["sent", collection, SALES]


class TestSandbox:
    """`"sandbox": true` runs everything and keeps nothing."""

    @pytest.mark.parametrize("operation", CHANGES)
    async def test_nothing_happens(self, operation: str, sent: Caller) -> None:
        """Store, due calls and deliveries stay as they were, and the reply says why."""
        ask, before = GOOD[operation], sent.stored()

        reply = await sent.send(ask, body={**ask.body, "sandbox": True})

        assert (reply.is_success, reply.headers["x-sandbox"]) == (True, "true")
        assert sent.stored() == before
        assert await sent.settle(3600) == []

    @pytest.mark.parametrize("operation", CHANGES)
    async def test_status_is_productions(self, operation: str, sent: Caller) -> None:
        """The rehearsal answers with the status of the real request."""
        ask = GOOD[operation]

        rehearsed = await sent.send(ask, body={**ask.body, "sandbox": True})

        real = await sent.send(ask)
        assert (real.is_success, rehearsed.status_code) == (True, real.status_code)

    @pytest.mark.parametrize("operation", CHANGES)
    async def test_header_is_for_the_sandbox_alone(self, operation: str, sent: Caller) -> None:
        """A real change does not carry X-Sandbox."""
        ask = GOOD[operation]

        reply = await sent.send(ask, body={**ask.body, "sandbox": False})

        assert reply.is_success
        assert "x-sandbox" not in reply.headers

    async def test_reply_is_realistic(self, sent: Caller) -> None:
        """A campaign created in the sandbox has an id of its own that nobody finds later."""
        body = {**campaign(name="Rehearsed"), "sandbox": True}

        created = await sent.change("POST", GOOD["createCampaign"].path, body)

        assert created["name"] == "Rehearsed"
        assert created["id"] not in [each["id"] for each in await sent.campaigns(SALES)]

    @pytest.mark.parametrize(
        ("trigger", "expected"),
        [
            (to(MARKETING), (400, "VALIDATION_001")),
            (to(EVENTS), (404, "RESOURCE_009")),
            (to(SALES), (404, "RESOURCE_010")),
            (to(UNKNOWN), (404, "RESOURCE_014")),
            (to(DELIVERY, SUBMITTED_CAMPAIGN), (400, "VALIDATION_001")),
        ],
        ids=["inherits", "brand", "campaign", "profile", "submitted"],
    )
    async def test_rules_still_hold(
        self, trigger: Trigger, expected: tuple[int, str], sent: Caller
    ) -> None:
        """The sandbox refuses what production would refuse."""
        body = {**campaign(), "sandbox": True}

        reply = await trigger(sent, replace(GOOD["updateCampaign"], body=body))

        assert code(reply) == expected


def team(**changes: Any) -> Any:
    """A create request with everything that completion asks of the profile itself."""
    return {"name": "Team", "short_name": "TEAM", "description": "A team", **changes}


NUMBER = {"sending_phone_number": "+12025550111"}
WABA = {"whatsapp_business_account": {"waba_id": "1022901293404", "access_token": "EAAx"}}
OWN_TCR = {"brand": brand(isTcrApplication=True)}
OWN_ABROAD = {"brand": brand(isTcrApplication=False, destinationCountries=[])}
OWN_MAIN = {
    "brand": brand(
        isTcrApplication=False,
        destinationCountries=[{"id": "FR"}, {"id": "DE", "isMain": True}],
    )
}
OWN_CAMPAIGNS = {"inherit_tcr_campaign": False}
OUTCOMES = {
    "no channel": (team(), {}, "SUBMITTED"),
    "no channel, not TCR": (team(**OWN_ABROAD), {}, "SUBMITTED"),
    "TCR, nothing inherited": (team(**OWN_TCR, **OWN_CAMPAIGNS), NUMBER, "SUBMITTED"),
    "TCR, campaigns not inherited": (team(**OWN_CAMPAIGNS), NUMBER, "SUBMITTED"),
    "TCR, brand not inherited": (team(**OWN_TCR), NUMBER, "SUBMITTED"),
    "not TCR, main country": (team(**OWN_MAIN), NUMBER, "SUBMITTED"),
    "TCR, all inherited": (team(), NUMBER, "COMPLETED"),
    "not TCR, no main country": (team(**OWN_ABROAD), NUMBER, "COMPLETED"),
    "WhatsApp account": (team(**WABA), {}, "COMPLETED"),
    "WhatsApp number": (team(), {"whatsapp_phone_number": "+12025550112"}, "COMPLETED"),
}
PUBLIC = {"SUBMITTED": "pending_review", "COMPLETED": "approved"}


class TestCompletion:
    """The last step of a profile's setup."""

    @pytest.mark.parametrize(("request_", "patch", "outcome"), OUTCOMES.values(), ids=OUTCOMES)
    async def test_outcome(self, request_: Any, patch: Any, outcome: str, sent: Caller) -> None:
        """Channels, registration and inheritance decide the status, in this order."""
        id = (await sent.change("POST", "/v3/profiles", request_))["id"]
        await sent.change("PATCH", f"/v3/profiles/{id}", patch)
        if request_.get("inherit_tcr_campaign") is False:
            await sent.change("POST", f"/v3/profiles/{id}/campaigns", campaign())

        told = await sent.complete(id)

        assert (told["status"], told["success"]) == (outcome, True)
        assert (await sent.get(f"/v3/profiles/{id}"))["status"] == PUBLIC[outcome]

    @pytest.mark.parametrize(
        ("account", "request_", "unmet"),
        [
            ("acme-admin", {"name": "Team"}, "short_name, description"),
            ("acme-admin", team(description=None), "description"),
            ("acme-admin", team(inherit_tcr_brand=False), "brand"),
            ("acme-admin", team(**OWN_TCR, **OWN_CAMPAIGNS), "campaign"),
            ("globex-admin", team(), "organization brand, organization campaign"),
            ("globex-admin", team(**OWN_TCR), "organization campaign"),
            ("globex-admin", team(**OWN_ABROAD), "organization campaign"),
        ],
    )
    async def test_unmet_prerequisites_are_named(
        self, account: str, request_: Any, unmet: str, sent: Caller
    ) -> None:
        """A completion that lacks something names all of it and starts nothing."""
        created = await sent.change("POST", "/v3/profiles", request_, account=account)

        reply = await sent.accept(created["id"], account=account)

        text = f"Cannot complete profile. Unmet prerequisites: {unmet}"
        assert problem(reply) == (400, text)
        assert reply.json()["error"]["details"] is None
        assert await sent.settle() == []

    async def test_campaigns_are_for_registration_only(self, sent: Caller) -> None:
        """A profile outside the registry completes without any campaign."""
        request_ = team(**OWN_ABROAD, **OWN_CAMPAIGNS)
        created = await sent.change("POST", "/v3/profiles", request_)

        reply = await sent.accept(created["id"])

        assert reply.status_code == 202

    @pytest.mark.parametrize("url", [None, "", "ftp://example.com", "not a url", 7])
    async def test_url_is_checked(self, url: Any, sent: Caller) -> None:
        """A missing or unusable `webHookUrl` is told in the details."""
        reply = await sent.accept(CARE, url)

        assert code(reply) == (400, "VALIDATION_001")
        assert list(reply.json()["error"]["details"]) == ["webHookUrl"]

    async def test_it_takes_time(self, sent: Caller) -> None:
        """A completion is under review until its time has passed, and tells nobody before."""
        await sent.accept(CARE)
        early = await sent.settle(1)
        meanwhile = await sent.get(f"/v3/profiles/{CARE}")

        late = await sent.settle(1)

        assert (len(early), meanwhile["status"], len(late)) == (0, "pending_review", 1)

    async def test_submitted_completion_files_campaigns(self, sent: Caller) -> None:
        """Own campaigns are filed at the instant at which the completion ends."""
        told = await sent.complete(CARE)

        (filed,) = await sent.campaigns(CARE)
        assert (told["status"], filed["submittedToTCR"]) == ("SUBMITTED", True)
        assert (filed["status"], filed["submittedAt"]) == ("SENT_CREATED", told["timestamp"])
        assert told["timestamp"] == format_timestamp(NOON + 2 * SECOND)

    async def test_filed_campaign_is_not_updated(self, sent: Caller) -> None:
        """What a completion filed can no longer be updated."""
        await sent.complete(CARE)

        reply = await to(CARE, CARE_CAMPAIGN)(sent, GOOD["updateCampaign"])

        assert problem(reply) == (
            400,
            "Cannot update campaign that has already been submitted to TCR",
        )

    @pytest.mark.parametrize(
        ("request_", "own"),
        [(team(**OWN_TCR), False), (team(**OWN_MAIN, **OWN_CAMPAIGNS), True), (team(), False)],
        ids=["inherited", "outside the registry", "completed"],
    )
    async def test_other_completions_file_nothing(
        self, request_: Any, own: bool, sent: Caller
    ) -> None:
        """Inherited campaigns, and those outside the registry, are left as they are."""
        id = (await sent.change("POST", "/v3/profiles", request_))["id"]
        await sent.change("PATCH", f"/v3/profiles/{id}", NUMBER)
        if own:
            await sent.change("POST", f"/v3/profiles/{id}/campaigns", campaign())
        before = await sent.campaigns(id)

        await sent.complete(id)

        assert before != []
        assert await sent.campaigns(id) == before

    async def test_own_campaigns_of_an_inheriting_profile_are_not_filed(self, sent: Caller) -> None:
        """Campaigns that inheritance hides are not what the profile was completed with."""
        await sent.change("PATCH", f"/v3/profiles/{CARE}", {"inherit_tcr_campaign": True})
        told = await sent.complete(CARE)

        await sent.change("PATCH", f"/v3/profiles/{CARE}", OWN_CAMPAIGNS)

        (hidden,) = await sent.campaigns(CARE)
        assert (told["status"], hidden["id"]) == ("SUBMITTED", CARE_CAMPAIGN)
        assert (hidden["submittedToTCR"], hidden["status"]) == (False, None)

    async def test_repeat_while_it_runs_starts_nothing(self, sent: Caller) -> None:
        """A second request meanwhile is accepted alike, and there is one callback."""
        first = await sent.accept(CARE)

        second = await sent.accept(CARE, "https://example.com/other")

        assert (first.status_code, second.status_code) == (202, 202)
        assert first.json()["data"] == second.json()["data"]
        assert [delivery.url for delivery in await sent.settle()] == [ELSEWHERE]

    async def test_repeat_after_completed_does_nothing(self, sent: Caller) -> None:
        """A completed profile is done: 200, and no other callback."""
        await sent.complete(SUPPORT)

        again = await sent.accept(SUPPORT)

        assert (again.status_code, again.json()["data"]["status"]) == (200, "completed")
        assert len(await sent.settle()) == 1

    async def test_repeat_after_submitted_starts_again(self, sent: Caller) -> None:
        """A submitted profile starts over, with a callback; filed campaigns stay as they are."""
        await sent.complete(CARE)
        filed = await sent.campaigns(CARE)

        told = await sent.complete(CARE)

        assert (told["status"], len(await sent.settle())) == ("SUBMITTED", 2)
        assert await sent.campaigns(CARE) == filed

    async def test_failure_gives_the_status_back(self, sent: Caller) -> None:
        """What is lost meanwhile fails the completion; the callback says why."""
        await sent.accept(CARE)
        await sent.change("DELETE", f"/v3/profiles/{CARE}/campaigns/{CARE_CAMPAIGN}", None)

        (delivery,) = await sent.settle()

        told = json.loads(delivery.body)
        assert (told["success"], told["status"]) == (False, "failed")
        assert told["error"] == "unmet prerequisites: campaign"
        assert (await sent.get(f"/v3/profiles/{CARE}"))["status"] == "incomplete"

    async def test_failure_can_be_mended(self, sent: Caller) -> None:
        """After a failure the profile can be completed like any other."""
        await sent.accept(CARE)
        await sent.change("DELETE", f"/v3/profiles/{CARE}/campaigns/{CARE_CAMPAIGN}", None)
        await sent.settle()
        await sent.change("POST", f"/v3/profiles/{CARE}/campaigns", campaign())

        told = await sent.complete(CARE)

        assert told["status"] == "SUBMITTED"

    async def test_deleted_profile_fails(self, sent: Caller) -> None:
        """A profile deleted meanwhile stays deleted, and its callback says that it failed."""
        await sent.accept(CARE)
        await sent.change("DELETE", f"/v3/profiles/{CARE}", None)

        (delivery,) = await sent.settle()

        told = json.loads(delivery.body)
        assert (told["profileId"], told["success"], told["status"]) == (CARE, False, "failed")
        assert told["error"] == "the profile was deleted"
        assert (await sent.send(Ask("GET", f"/v3/profiles/{CARE}"))).status_code == 404

    async def test_profile_key_completes_its_profile(self, sent: Caller) -> None:
        """A profile's own admin key may complete it; here it is done already."""
        reply = await sent.accept(SALES, account="acme-profile")

        assert reply.status_code == 200


@dataclass(frozen=True)
class Received:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """A user's endpoint: an HTTP server that notes what comes and answers `status`."""

    def __init__(self) -> None:
        self.received: SimpleQueue[Received] = SimpleQueue()
        self.status = 200
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
                receiver.received.put(Received(self.path, headers, body))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads a test's access log."""

        return Handler

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


class TestCallback:
    """The request that a completion makes to its user."""

    async def test_it_arrives(self, receiver: Receiver, sent: Caller) -> None:
        """The user's server gets the four documented members as JSON."""
        await sent.accept(CARE, receiver.url)

        (delivery,) = await sent.settle()

        got = receiver.received.get(timeout=LONG)
        assert delivery.state == "delivered"
        assert (got.path, got.headers["content-type"]) == ("/hook", "application/json")
        assert json.loads(got.body) == {
            "profileId": CARE,
            "success": True,
            "status": "SUBMITTED",
            "timestamp": format_timestamp(NOON + 2 * SECOND),
        }

    async def test_it_is_unsigned(self, receiver: Receiver, sent: Caller) -> None:
        """The callback carries none of the headers of subscribed webhooks."""
        await sent.accept(CARE, receiver.url)

        await sent.settle()

        got = receiver.received.get(timeout=LONG)
        assert [name for name in got.headers if name.startswith("x-webhook")] == []

    async def test_it_is_sent_once(self, receiver: Receiver, sent: Caller) -> None:
        """A refused callback is not repeated, however long one waits."""
        receiver.status = 500
        await sent.accept(CARE, receiver.url)

        await sent.settle()
        (delivery,) = await sent.settle(7 * 24 * 3600)

        assert (delivery.state, len(delivery.attempts)) == ("failed", 1)
        assert delivery.attempts[0].status == 500
        assert receiver.received.get(timeout=LONG)
        assert receiver.received.empty()

    async def test_failure_arrives_too(self, receiver: Receiver, sent: Caller) -> None:
        """The user's server is told of a failure, with its reason."""
        await sent.accept(CARE, receiver.url)
        await sent.change("DELETE", f"/v3/profiles/{CARE}", None)

        await sent.settle()

        told = json.loads(receiver.received.get(timeout=LONG).body)
        assert (told["success"], told["status"]) == (False, "failed")
        assert told["error"] == "the profile was deleted"

    async def test_foreign_host_is_blocked(self, sent: Caller) -> None:
        """A callback to another machine is recorded with its body, and not sent."""
        await sent.accept(CARE, ELSEWHERE)

        (delivery,) = await sent.settle()

        assert (delivery.state, delivery.url, delivery.attempts) == ("blocked", ELSEWHERE, [])
        assert "your-app.com" in delivery.reason
        assert json.loads(delivery.body)["status"] == "SUBMITTED"
        assert (await sent.get(f"/v3/profiles/{CARE}"))["status"] == "pending_review"


KEY = {"Idempotency-Key": "order-66"}


def replayed(reply: httpx.Response) -> bool:
    return reply.headers.get("idempotent-replayed") == "true"


class TestIdempotency:
    """One key, one effect."""

    async def test_replay_is_the_first_reply(self, sent: Caller) -> None:
        """A repeated request gets the first reply's status and bytes, and says so."""
        first = await sent.send(GOOD["createCampaign"], headers=KEY)

        again = await sent.send(GOOD["createCampaign"], headers=KEY)

        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert (replayed(first), replayed(again)) == (False, True)
        assert again.headers["x-original-request-id"] == first.headers["x-request-id"]
        assert again.headers["x-request-id"] != first.headers["x-request-id"]

    @pytest.mark.parametrize("operation", CHANGES)
    async def test_every_change_is_replayed(self, operation: str, sent: Caller) -> None:
        """Every changing operation honours a key, and happens once."""
        first = await sent.send(GOOD[operation], headers=KEY)
        after = sent.stored()

        again = await sent.send(GOOD[operation], headers=KEY)

        assert first.is_success
        assert replayed(again)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert sent.stored() == after

    async def test_reads_ignore_the_key(self, sent: Caller) -> None:
        """A GET with a key is answered anew."""
        await sent.send(GOOD["listCampaigns"], headers=KEY)

        again = await sent.send(GOOD["listCampaigns"], headers=KEY)

        assert not replayed(again)

    @pytest.mark.parametrize(("passed", "expected"), [(DAY - SECOND, True), (DAY, False)])
    async def test_key_lives_a_day(self, passed: int, expected: bool, sent: Caller) -> None:
        """A key is known for 24 hours on the session's clock."""
        await sent.send(GOOD["createCampaign"], headers=KEY)
        await sent.app.shift(sent.session, passed)

        again = await sent.send(GOOD["createCampaign"], headers=KEY)

        assert replayed(again) is expected

    @pytest.mark.parametrize(
        ("account", "headers", "expected"),
        [
            ("acme-developer", {}, True),
            ("globex-admin", {}, False),
            ("acme-profile", {}, False),
            ("acme-admin", {"x-profile-id": SALES}, False),
        ],
    )
    async def test_key_belongs_to_the_customer(
        self, account: str, headers: dict[str, str], expected: bool, sent: Caller
    ) -> None:
        """Keys of one organization share, other organizations and profiles have their own."""
        await sent.send(GOOD["createCampaign"], headers=KEY)

        again = await sent.send(GOOD["createCampaign"], account=account, headers={**KEY, **headers})

        assert replayed(again) is expected

    async def test_acting_for_a_profile_is_being_it(self, sent: Caller) -> None:
        """A profile's key and its organization's with the header are one customer."""
        await sent.send(GOOD["createCampaign"], account="acme-profile", headers=KEY)

        again = await sent.send(GOOD["createCampaign"], headers={**KEY, "x-profile-id": SALES})

        assert replayed(again)

    async def test_replay_repeats_the_scope(self, sent: Caller) -> None:
        """The replay of a scoped reply names its profile."""
        headers = {**KEY, "x-profile-id": SALES}
        await sent.send(GOOD["createCampaign"], headers=headers)

        again = await sent.send(GOOD["createCampaign"], headers=headers)

        assert (replayed(again), again.headers["x-profile-id"]) == (True, SALES)

    @pytest.mark.parametrize(
        "ask",
        [
            replace(GOOD["createCampaign"], body=campaign(name="Another")),
            GOOD["createProfile"],
            GOOD["deleteCampaign"],
        ],
        ids=["body", "path", "method"],
    )
    async def test_key_alone_counts(self, ask: Ask, sent: Caller) -> None:
        """Another body, path or method with a known key replays the first reply."""
        first = await sent.send(GOOD["createCampaign"], headers=KEY)
        after = sent.stored()

        again = await sent.send(ask, headers=KEY)

        assert (replayed(again), again.content) == (True, first.content)
        assert sent.stored() == after

    async def test_sandbox_reply_is_kept(self, sent: Caller) -> None:
        """A rehearsal uses its key up: the real request replays it, X-Sandbox included."""
        await sent.send(GOOD["createCampaign"], body={**campaign(), "sandbox": True}, headers=KEY)
        before = sent.stored()

        again = await sent.send(GOOD["createCampaign"], headers=KEY)

        assert (replayed(again), again.headers["x-sandbox"]) == (True, "true")
        assert sent.stored() == before

    async def test_refusal_is_kept(self, sent: Caller) -> None:
        """A rule's refusal is replayed even after its cause is gone."""
        ask = replace(GOOD["createCampaign"], path=f"/v3/profiles/{MARKETING}/campaigns")
        first = await sent.send(ask, headers=KEY)
        await sent.change("PATCH", f"/v3/profiles/{MARKETING}", OWN_CAMPAIGNS)

        again = await sent.send(ask, headers=KEY)

        assert (first.status_code, replayed(again)) == (400, True)
        assert again.content == first.content

    async def test_not_found_is_kept(self, sent: Caller) -> None:
        """A 404 is replayed."""
        ask = replace(GOOD["createCampaign"], path=f"/v3/profiles/{UNKNOWN}/campaigns")
        await sent.send(ask, headers=KEY)

        again = await sent.send(ask, headers=KEY)

        assert (again.status_code, replayed(again)) == (404, True)

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"body": {}}, 400),
            ({"body": None, "content": b"{"}, 400),
            ({"body": None, "content": b" " * (DEFAULT_BODY_LIMIT + 1)}, 413),
            ({"headers": {**KEY, "content-type": "text/plain"}}, 415),
        ],
        ids=["invalid", "malformed", "large", "type"],
    )
    async def test_unreadable_body_is_not_kept(
        self, changes: Any, status: int, sent: Caller
    ) -> None:
        """Only replies from beyond the body's check are kept: a mended body is a first one."""
        ask = replace(GOOD["createCampaign"], headers=KEY)
        first = await sent.send(ask, **changes)

        again = await sent.send(ask)

        assert (first.status_code, again.status_code) == (status, 201)
        assert not replayed(again)

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"account": "acme-reader"}, 403),
            ({"account": None}, 401),
            ({"headers": {**KEY, "Prefer": "example=internal"}}, 500),
            ({"headers": {**KEY, "Prefer": "code=503"}}, 503),
            ({"headers": {**KEY, "Prefer": "code=429"}}, 429),
            ({"headers": {**KEY, "Prefer": "code=409"}}, 409),
        ],
    )
    async def test_passing_failure_is_not_kept(
        self, changes: Any, status: int, sent: Caller
    ) -> None:
        """What may pass is not remembered: the next request with the key is a first one."""
        ask = replace(GOOD["createCampaign"], headers=KEY)
        first = await sent.send(ask, **changes)

        again = await sent.send(ask)

        assert (first.status_code, again.status_code) == (status, 201)
        assert not replayed(again)

    async def test_unmet_preference_is_not_kept(self, sent: Caller) -> None:
        """What the mock says in its own name does not use up a key."""
        prefer = {**KEY, "Prefer": "example=no-such-example"}
        first = await sent.send(GOOD["createCampaign"], headers=prefer)

        again = await sent.send(GOOD["createCampaign"], headers=KEY)

        assert (first.status_code, again.status_code, replayed(again)) == (422, 201, False)

    async def test_key_is_free_after_the_first_reply(self, sent: Caller) -> None:
        """The request refused in flight finds the first one's reply when it comes again."""
        refused = await in_flight(sent, GOOD["createCampaign"])

        again = await sent.send(GOOD["createCampaign"], headers={"Idempotency-Key": "one-key"})

        assert (code(refused), replayed(again)) == ((409, "CONFLICT_001"), True)
        assert len(await sent.campaigns(SALES)) == 2

    @pytest.mark.parametrize("key", ["", "a" * 256, "with space", "ü", "a.b"])
    async def test_key_has_a_form(self, key: str, sent: Caller) -> None:
        """A key is 1 to 255 letters, digits, hyphens and underscores."""
        headers = {"Idempotency-Key": key.encode("latin-1")}

        reply = await sent.send(GOOD["createCampaign"], headers=headers)

        assert code(reply) == (400, "VALIDATION_007")

    async def test_longest_key_is_taken(self, sent: Caller) -> None:
        """255 characters are a key."""
        reply = await sent.send(GOOD["createCampaign"], headers={"Idempotency-Key": "a" * 255})

        assert reply.status_code == 201


async def spend(sent: Caller, count: int, ask: Ask = GOOD["listProfiles"]) -> list[int]:
    """Send a request so many times; the statuses."""
    return [(await sent.send(ask)).status_code for _ in range(count)]


class TestRateLimits:
    """The documented limits, where they are enforced."""

    async def test_burst_is_limited(self, limited: Caller) -> None:
        """Fifty requests within a second pass, the next one waits for the next second."""
        passed = await spend(limited, 50)

        refused = await limited.send(GOOD["listProfiles"])

        assert set(passed) == {200}
        assert (code(refused), refused.headers["retry-after"]) == ((429, "BUSINESS_002"), "1")

    async def test_burst_passes_with_its_second(self, limited: Caller) -> None:
        """After Retry-After the request is taken."""
        await spend(limited, 51)
        await limited.app.shift(limited.session, SECOND)

        reply = await limited.send(GOOD["listProfiles"])

        assert reply.status_code == 200

    async def test_minute_is_limited(self, limited: Caller) -> None:
        """Two hundred requests within a minute pass, the next one waits for the next minute."""
        for _ in range(4):
            assert set(await spend(limited, 50)) == {200}
            await limited.app.shift(limited.session, SECOND)

        refused = await limited.send(GOOD["listProfiles"])

        assert (refused.status_code, refused.headers["retry-after"]) == (429, "56")
        assert int(refused.headers["x-ratelimit-reset"]) == NOON // SECOND + 60

    async def test_minute_passes(self, limited: Caller) -> None:
        """With the next minute the pool is full again."""
        for _ in range(4):
            await spend(limited, 50)
            await limited.app.shift(limited.session, SECOND)
        await limited.app.shift(limited.session, 56 * SECOND)

        reply = await limited.send(GOOD["listProfiles"])

        assert (reply.status_code, reply.headers["x-ratelimit-remaining"]) == (200, "199")

    async def test_nothing_remains_when_refused(self, limited: Caller) -> None:
        """A 429 says that nothing remains."""
        reply = await one_too_many(limited, GOOD["listProfiles"])

        assert reply.headers["x-ratelimit-remaining"] == "0"

    async def test_completion_is_sensitive(self, limited: Caller) -> None:
        """Five completions within a second pass, ten within a minute."""
        ask = GOOD["completeProfile"]
        first = await spend(limited, 6, ask)
        await limited.app.shift(limited.session, SECOND)

        second = await spend(limited, 5, ask)

        # The refused sixth one counts, as it does at Sent.
        assert (first, second) == ([202] * 5 + [429], [202] * 4 + [429])

    async def test_tiers_are_apart(self, limited: Caller) -> None:
        """A used-up sensitive pool leaves the standard one alone."""
        await one_too_many(limited, GOOD["completeProfile"])

        reply = await limited.send(GOOD["listProfiles"])

        assert (reply.status_code, reply.headers["x-ratelimit-remaining"]) == (200, "199")

    async def test_profile_scope_uses_the_organizations_pool(self, limited: Caller) -> None:
        """`x-profile-id` does not open another pool."""
        await spend(limited, 50)

        reply = await limited.send(GOOD["listProfiles"], headers={"x-profile-id": SALES})

        assert reply.status_code == 429

    async def test_keys_have_pools_of_their_own(self, limited: Caller) -> None:
        """Another key is not refused with the first."""
        await spend(limited, 51)

        reply = await limited.send(GOOD["listProfiles"], account="globex-admin")

        assert reply.status_code == 200

    async def test_limits_are_off_by_default(self, sent: Caller) -> None:
        """Without `--rate-limits` nothing is refused, and the headers still count."""
        statuses = await spend(sent, 201)

        reply = await sent.send(GOOD["listProfiles"])

        assert set(statuses) == {200}
        assert (reply.status_code, reply.headers["x-ratelimit-remaining"]) == (200, "0")

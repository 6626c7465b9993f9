"""Tether in-process: every documented response, the rules, the quota, whole lives."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import httpx
import pytest

from tests.calling import create_app, own_session, request_example
from tests.conftest import Live, serve
from understudy.core.clock import SECOND, format_timestamp, parse_instant
from understudy.core.settings import DEFAULT_BODY_LIMIT, Settings
from understudy.engine.registry import open_service
from understudy.server.app import App
from understudy.service.unit_of_work import UnitOfWork
from understudy.session.session import Session
from understudy.vendors.tether import rules, serializers

SERVICE = open_service("tether")
OPERATIONS = SERVICE.document.operations
NUMBERS = itertools.count(1)
MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
# The time of the published campaign: a Monday morning in Toronto.
MONDAY = parse_instant("2026-05-18T12:34:56Z")
TETHER = Settings(clock=MONDAY, vendors=("tether",))
MAPLE, HARBOUR = "64ee9a8b1e7f2a0011223344", "507f1f77bcf86cd799439012"
SUMMIT, BIRCH = "64ee9a8b1e7f2a0011225500", "64ee9a8b1e7f2a0011226600"
ALEX, DANA = "64ee9a8b1e7f2a0011223399", "64ee9a8b1e7f2a0011223398"
Q2, SUMMER, SENDING, COMPLETED, FAILED, CANCELLED = (
    f"665f1a0c0e0a4b001a2c9f{end}" for end in ("10", "11", "12", "13", "14", "15")
)
SAM, MORGAN, CASEY, ROBIN, KIM, KIMBERLY = (
    f"665f1a0c0e0a4b001a2c9f{end}" for end in ("01", "02", "03", "09", "0a", "0b")
)
NOBODY = "000000000000000000000000"
DOCUMENTED_CURL = """
curl --request POST \\
  --url https://your-instance.example.com/api/campaigns \\
  --header 'Authorization: Bearer <token>' \\
  --header 'Content-Type: application/json' \\
  --data '
{
  "name": "Q2 Lead Gen",
  "message": "Hi {{firstName}}, are you still interested?",
  "newContacts": [
    {
      "firstName": "Jamie",
      "phoneNumber": "+14155550133"
    }
  ],
  "selectedExistingContacts": [
    {
      "_id": "665f1a0c0e0a4b001a2c9f01",
      "firstName": "Sam",
      "lastName": "Patel",
      "phoneNumber": "+14165550100"
    },
    {
      "_id": "665f1a0c0e0a4b001a2c9f02",
      "firstName": "Alex",
      "lastName": "Morgan",
      "phoneNumber": "+14165550101"
    }
  ],
  "scheduleDate": "2026-05-20T15:00:00.000Z",
  "isAutopilot": false,
  "type": "sms"
}
'
"""


@dataclass(frozen=True)
class Ask:
    """One request: `body` goes as JSON, `content` as it stands; `account` None sends no token."""

    method: str
    path: str
    body: Any = None
    content: bytes | None = None
    account: str | None = "maple-alex"
    headers: Mapping[str, str] = field(default_factory=dict)


def credential(account: str) -> str:
    """The token of an account of the seed world."""
    assert SERVICE.accounts is not None
    return SERVICE.accounts.named(account).credential


class Caller:
    """Tether as its callers see it, in a session of its own."""

    def __init__(self, app: App, http: httpx.AsyncClient, session: Session) -> None:
        self.app, self.http, self.session = app, http, session

    async def send(self, ask: Ask, **changes: Any) -> httpx.Response:
        ask = replace(ask, **changes)
        key = {}
        if ask.account is not None:
            key = {"authorization": f"Bearer {credential(ask.account)}"}
        content = ask.content if ask.body is None else json.dumps(ask.body).encode()
        typed = {} if content is None else {"content-type": "application/json"}
        url = f"/@{self.session.name}/tether{ask.path}"
        headers = {**key, **typed, **ask.headers}
        return await self.http.request(ask.method, url, content=content, headers=headers)

    async def get(self, path: str, account: str = "maple-alex") -> Any:
        """What a GET that must succeed answers."""
        return await self.ok(Ask("GET", path, account=account))

    async def ok(self, ask: Ask, **changes: Any) -> Any:
        """What a request that must succeed answers."""
        reply = await self.send(ask, **changes)
        assert reply.is_success, reply.text
        return reply.json()

    async def create(self, account: str = "maple-alex", **changes: Any) -> Any:
        """A new campaign for nobody, or for whom the changes name."""
        body = {"name": "A name", "message": "A message", **changes}
        return (await self.ok(GOOD["createCampaign"], account=account, body=body))["data"]

    async def change(self, created: Any, account: str = "maple-alex", **changes: Any) -> Any:
        """A campaign after an update."""
        ask = Ask("PATCH", f"/api/campaigns/{created['_id']}", changes, account=account)
        return (await self.ok(ask))["data"]

    async def post(self, created: Any, verb: str, account: str = "maple-alex") -> Any:
        """A campaign after it is cancelled, or sent."""
        path = f"/api/campaigns/{created['_id']}/{verb}"
        return (await self.ok(Ask("POST", path, account=account)))["data"]

    async def show(self, created: Any, account: str = "maple-alex") -> Any:
        """A campaign as it is now."""
        return (await self.get(f"/api/campaigns/{created['_id']}", account))["data"]

    async def day(self, day: str, account: str = "maple-alex") -> Any:
        """A day of the usage calendar; None when there is nothing on it."""
        path = f"/api/campaigns/usage-calendar?from={day}&to={day}"
        return (await self.get(path, account))["data"]["dates"].get(day)

    async def slot(self, count: int, account: str = "maple-alex") -> Any:
        """The next day with room for so many."""
        return await self.get(f"/api/campaigns/next-available-slot?contactCount={count}", account)

    async def plan(self, account: str, **body: Any) -> Any:
        """Contacts spread over days."""
        return await self.ok(GOOD["autoSegment"], account=account, body=body)

    async def shift(self, seconds: float) -> list[str]:
        """Let time pass; the actions that fired."""
        fired = await self.app.shift(self.session, int(seconds * SECOND))
        return [due.action for due in fired]

    def work(self) -> UnitOfWork:
        """A way to look at the store and to change it."""
        return UnitOfWork(self.session, SERVICE.vendor, self.session.clock.now())

    async def messages(self, created: Any) -> list[str]:
        """The texts that a campaign has sent."""
        return [each["content"] for each in await self.work().store.messages.list(created["_id"])]

    async def contact(self, id: str, organization: str = MAPLE) -> Any:
        """A contact, as stored."""
        return await self.work().store.contacts.get(id, organization)

    async def put(self, collection: str, scope: str, **resource: Any) -> None:
        """Store a resource, or change one that is stored."""
        work = self.work()
        stored = work.collection(collection)
        found = await stored.find(resource["_id"], scope) or {}
        await stored.put({**found, **resource}, scope)
        await work.commit()


@pytest.fixture
def settings() -> Settings:
    """This vendor alone: a neighbour's service is no matter here."""
    return TETHER


@pytest.fixture(scope="module")
def unlimited_app() -> App:
    return create_app(TETHER)


@pytest.fixture(scope="module")
def limited_app() -> App:
    return create_app(replace(TETHER, rate_limits=True))


async def calling(app: App) -> AsyncIterator[Caller]:
    """A caller of the app, in a session that no other test has."""
    async with own_session(app) as (http, session):
        yield Caller(app, http, session)


@pytest.fixture
async def tether(unlimited_app: App) -> AsyncIterator[Caller]:
    """Tether at its seed world."""
    async for caller in calling(unlimited_app):
        yield caller


@pytest.fixture
async def limited(limited_app: App) -> AsyncIterator[Caller]:
    """Tether at its seed world, with the mock's rate limit enforced."""
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


def at(seconds: float = 0) -> str:
    """So many seconds after the session began, as Tether writes it."""
    return format_timestamp(MONDAY + int(seconds * SECOND), 3, "Z")


def text(reply: httpx.Response) -> tuple[int, str]:
    """Status and text of an error."""
    body = reply.json()
    return reply.status_code, body["error"] if isinstance(body["error"], str) else body["message"]


def of(campaign_id: str, verb: str = "") -> str:
    """The path of a campaign."""
    return f"/api/campaigns/{campaign_id}{verb}"


# One request for each operation that succeeds in the seed world.
GOOD = {
    "listCampaigns": Ask("GET", "/api/campaigns"),
    "createCampaign": Ask("POST", "/api/campaigns", documented("createCampaign")),
    "getCampaign": Ask("GET", of(Q2)),
    "updateCampaign": Ask("PATCH", of(Q2), documented("updateCampaign", "reschedule")),
    "deleteCampaign": Ask("DELETE", of(Q2)),
    "cancelCampaign": Ask("POST", of(Q2, "/cancel")),
    "sendCampaign": Ask("POST", of(Q2, "/send")),
    "listScheduledCampaigns": Ask("GET", "/api/campaigns/scheduled"),
    "listUpcomingCampaigns": Ask("GET", "/api/campaigns/upcoming"),
    "autoSegment": Ask("POST", "/api/campaigns/auto-segment", documented("autoSegment")),
    "validateDate": Ask("POST", "/api/campaigns/validate-date", documented("validateDate")),
    "getNextAvailableSlot": Ask("GET", "/api/campaigns/next-available-slot?contactCount=100"),
    "getUsageCalendar": Ask("GET", "/api/campaigns/usage-calendar?from=2026-05-01&to=2026-05-31"),
    "validateContacts": Ask(
        "POST", "/api/campaigns/validate-contacts", documented("validateContacts")
    ),
    "logIn": Ask("POST", "/api/auth/login", documented("logIn"), account=None),
}
SECURED = [id for id in GOOD if id != "logIn"]
WITH_BODY = [id for id, ask in GOOD.items() if ask.body is not None]
WITH_ID = [id for id, ask in GOOD.items() if Q2 in ask.path]
LISTS = ["listCampaigns", "listScheduledCampaigns", "listUpcomingCampaigns"]

Trigger = Callable[[Caller, Ask], Awaitable[httpx.Response]]


def but(**changes: Any) -> Trigger:
    """The good request with these changes."""

    async def send(tether: Caller, ask: Ask) -> httpx.Response:
        return await tether.send(ask, **changes)

    return send


def instead(id: str) -> Trigger:
    """The good request for another campaign."""

    async def send(tether: Caller, ask: Ask) -> httpx.Response:
        return await tether.send(ask, path=ask.path.replace(Q2, id))

    return send


def query(text: str) -> Trigger:
    """The good request with another query."""

    async def send(tether: Caller, ask: Ask) -> httpx.Response:
        return await tether.send(ask, path=f"{ask.path.partition('?')[0]}?{text}")

    return send


async def one_too_many(tether: Caller, ask: Ask) -> httpx.Response:
    """One request more than a minute allows."""
    for _ in range(100):
        await tether.send(ask)
    return await tether.send(ask)


FULL_MONDAY = "2030-06-03T14:00:00.000Z"
RANGE = "/api/campaigns/usage-calendar?from=2026-05-01&to=2026-05-31"
SLOT = "/api/campaigns/next-available-slot?contactCount=1"
JAMIE = {"firstName": "Jamie", "phoneNumber": "+14155550133"}
OF_ALL: dict[tuple[int, str], Trigger] = {
    (401, "missing-key"): but(account=None),
    (403, "insufficient-permissions"): but(account="maple-guest"),
    (401, "invalid-key"): but(account="maple-former"),
}
OF_BODIES: dict[tuple[int, str], Trigger] = {
    (400, "malformed-body"): but(body=None, content=b"{"),
    (413, "too-large"): but(body=None, content=b" " * (DEFAULT_BODY_LIMIT + 1)),
    (415, "unsupported-media-type"): but(headers={"content-type": "text/plain"}),
}
OF_LISTS: dict[tuple[int, str], Trigger] = {
    (200, "success"): but(),
    (400, "validation"): query("page=0"),
}
OF_ONE: dict[tuple[str, int, str], Trigger] = {
    ("listCampaigns", 200, "empty"): query("search=nothing like it"),
    ("createCampaign", 201, "success"): but(),
    ("createCampaign", 201, "whole"): but(body=campaign(process="64eea1110000000000000001")),
    ("createCampaign", 400, "validation"): but(body=without(campaign(), "name")),
    ("createCampaign", 400, "missing-message"): but(body=without(campaign(), "message")),
    ("createCampaign", 400, "invalid-schedule-date"): but(body=campaign(scheduleDate="soon")),
    ("createCampaign", 400, "quota-exceeded"): but(
        account="birch-omar", body=campaign(scheduleDate=FULL_MONDAY)
    ),
    ("getCampaign", 200, "success"): but(),
    ("getCampaign", 200, "completed"): instead(COMPLETED),
    ("updateCampaign", 200, "success"): but(),
    ("updateCampaign", 400, "validation"): but(body={"name": 7}),
    ("updateCampaign", 400, "invalid-schedule-date"): but(body={"scheduleDate": "soon"}),
    ("updateCampaign", 400, "not-scheduled"): instead(CANCELLED),
    ("updateCampaign", 400, "quota-exceeded"): but(
        account="birch-omar",
        path=of("64ee9a8b1e7f2a0011226641"),
        body={"scheduleDate": FULL_MONDAY},
    ),
    ("deleteCampaign", 200, "success"): but(),
    ("deleteCampaign", 400, "campaign-sending"): instead(SENDING),
    ("cancelCampaign", 200, "success"): but(),
    ("cancelCampaign", 400, "not-scheduled"): instead(COMPLETED),
    ("sendCampaign", 200, "success"): but(),
    ("sendCampaign", 400, "not-scheduled"): instead(FAILED),
    ("autoSegment", 200, "success"): but(account="summit-nia"),
    ("autoSegment", 200, "day-skipped"): but(
        account="birch-omar", body={"totalContacts": 7, "firstSegmentDate": "2030-06-03"}
    ),
    ("autoSegment", 400, "validation"): but(body={"totalContacts": 0}),
    ("validateDate", 200, "success"): but(),
    ("validateDate", 200, "shortage"): but(
        body={**documented("validateDate"), "contactCount": 400}
    ),
    ("validateDate", 200, "unlimited"): but(account="summit-nia"),
    ("validateDate", 400, "validation"): but(
        body={**documented("validateDate"), "contactCount": -1}
    ),
    ("getNextAvailableSlot", 200, "success"): but(),
    ("getNextAvailableSlot", 200, "today"): query("contactCount=20"),
    ("getNextAvailableSlot", 200, "nothing-free"): query("contactCount=501"),
    ("getNextAvailableSlot", 200, "unlimited"): but(account="summit-nia"),
    ("getNextAvailableSlot", 400, "validation"): query("contactCount=-1"),
    ("getUsageCalendar", 200, "success"): but(account="harbour-john"),
    ("getUsageCalendar", 200, "unlimited"): but(account="summit-nia"),
    ("getUsageCalendar", 400, "validation"): query(""),
    ("validateContacts", 200, "success"): but(body={"contacts": [JAMIE]}),
    ("validateContacts", 200, "existing-contact"): but(),
    ("validateContacts", 400, "validation"): but(body={"contacts": [{"firstName": "Jamie"}]}),
    ("logIn", 200, "success"): but(),
    ("logIn", 400, "validation"): but(body={"password": "password-harbour-john"}),
    ("logIn", 401, "invalid-credentials"): but(
        body={"email": "user@example.com", "password": "wrong"}
    ),
}
CASES: dict[tuple[str, int, str], Trigger] = {
    **{(id, *answer): trigger for id in SECURED for answer, trigger in OF_ALL.items()},
    **{(id, 429, "rate-limited"): one_too_many for id in GOOD},
    **{(id, *answer): trigger for id in WITH_BODY for answer, trigger in OF_BODIES.items()},
    **{(id, 404, "campaign-not-found"): instead(NOBODY) for id in WITH_ID},
    **{(id, *answer): trigger for id in LISTS for answer, trigger in OF_LISTS.items()},
    **OF_ONE,
}
ANSWERS = [
    (operation.id, status, name)
    for operation in OPERATIONS.values()
    for status, response in operation.responses.items()
    for name in response.examples
]
PREFERRED = [answer for answer in ANSWERS if answer[1] in (500, 503)]


def gist(body: Any) -> Any:
    """A documented success without what belongs to its world: ids, and most of a campaign."""
    data = body.get("data")
    if isinstance(data, list):
        return list(body), [each["status"] for each in data[:1]]
    if isinstance(data, dict) and "status" in data:
        return body.get("message"), data["status"], len(data.get("failedDetails", []))
    shown = {**body, "segments": body["segments"][:2]} if "segments" in body else body
    return json.loads(re.sub(r"[0-9a-f]{24}", "ID", json.dumps(shown)))


class TestDocumentedResponses:
    """Each answer that the document declares."""

    def test_each_has_a_case(self) -> None:
        """No documented answer goes untested, and no case is undocumented."""
        assert {*CASES, *PREFERRED} == set(ANSWERS)
        assert set(CASES).isdisjoint(PREFERRED)

    @pytest.mark.parametrize(("operation", "status", "example"), CASES)
    async def test_natural_request_reaches_it(
        self, operation: str, status: int, example: str, limited: Caller
    ) -> None:
        """A request as it would come from a client gets the documented status and body."""
        response = OPERATIONS[operation].responses[status]

        reply = await CASES[operation, status, example](limited, GOOD[operation])

        assert reply.status_code == status, reply.text
        assert response.diagnose(reply.json()) == []
        if status < 300:
            assert gist(reply.json()) == gist(response.examples[example])
        else:
            assert reply.json() == response.examples[example]

    @pytest.mark.parametrize(("operation", "status", "example"), PREFERRED)
    async def test_preferred_failure_is_verbatim(
        self, operation: str, status: int, example: str, tether: Caller
    ) -> None:
        """`Prefer: code=…, example=…` gives the documented failure word for word."""
        prefer = f"code={status}, example={example}"

        reply = await tether.send(GOOD[operation], headers={"Prefer": prefer})

        assert reply.status_code == status
        assert reply.json() == OPERATIONS[operation].responses[status].examples[example]

    @pytest.mark.parametrize(("id", "example"), [(Q2, "success"), (COMPLETED, "completed")])
    async def test_published_campaign_is_in_the_world(
        self, id: str, example: str, tether: Caller
    ) -> None:
        """The documented campaigns are there to the last member."""
        published = OPERATIONS["getCampaign"].responses[200].examples[example]

        assert await tether.get(of(id)) == published

    async def test_published_update_is_answered_in_full(self, tether: Caller) -> None:
        """The documented update gives the documented campaign; only its time is now."""
        published = OPERATIONS["updateCampaign"].success.examples["success"]["data"]

        data = (await tether.ok(GOOD["updateCampaign"]))["data"]

        assert data == {**published, "updatedAt": at()}


class TestOutsideOperations:
    """Requests that reach no operation."""

    @pytest.mark.parametrize(
        "path",
        [
            "/api/nothing",
            "/api/campaigns/",
            "/api/campaigns/analytics/more",
            f"/api/campaigns/{Q2}/pause",
            "/api/contacts",
            "/",
        ],
    )
    async def test_unknown_path_is_not_found(self, path: str, tether: Caller) -> None:
        """A path that is not covered is a 404 in the envelope, with or without a token."""
        replies = [await tether.send(Ask("GET", path, account=key)) for key in ("maple-alex", None)]

        for reply in replies:
            assert text(reply) == (404, "Endpoint not found")
            assert reply.json()["error"]["code"] == "not_found"

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("/api/campaigns", "GET, POST"),
            (of(Q2), "DELETE, GET, PATCH"),
            (of(Q2, "/cancel"), "POST"),
            ("/api/campaigns/scheduled", "GET"),
            ("/api/campaigns/validate-date", "POST"),
            ("/api/auth/login", "POST"),
        ],
    )
    async def test_undeclared_method_is_refused(
        self, path: str, allowed: str, tether: Caller
    ) -> None:
        """A method that the path does not have is a 405 that names those that it has."""
        reply = await tether.send(Ask("PUT", path))

        assert text(reply) == (405, "Method not allowed")
        assert reply.headers["allow"] == allowed

    @pytest.mark.parametrize("name", ["scheduled", "upcoming", "usage-calendar"])
    async def test_literal_segments_are_no_ids(self, name: str, tether: Caller) -> None:
        """The words below campaigns are never taken for an id."""
        assert (await tether.send(Ask("DELETE", of(name)))).status_code == 405


class TestErrors:
    """What an error says of the request."""

    @pytest.mark.parametrize(
        ("operation", "body", "told"),
        [
            ("createCampaign", {}, "Missing required field: name"),
            ("createCampaign", {"name": 7}, "Missing required field: message"),
            ("createCampaign", campaign(name=None), "Invalid name"),
            ("createCampaign", campaign(userIds="x"), "Invalid userIds"),
            ("createCampaign", campaign(userIds=[SAM, "x"]), "Invalid userIds"),
            ("createCampaign", campaign(newContacts=[{"phoneNumber": 1}]), "Invalid phoneNumber"),
            ("createCampaign", campaign(newContacts=[{"_id": "x"}]), "Invalid _id"),
            ("createCampaign", campaign(scheduleDate="2026-05-20"), "Invalid scheduleDate"),
            ("createCampaign", campaign(scheduleDate=None), "Invalid scheduleDate"),
            ("createCampaign", campaign(segmentation=[]), "Invalid segmentation"),
            ("updateCampaign", {"isAutopilot": "yes"}, "Invalid isAutopilot"),
            ("updateCampaign", {"segmentSchedules": [1]}, "Invalid segmentSchedules"),
            ("autoSegment", {}, "Missing required field: totalContacts"),
            ("autoSegment", {"totalContacts": 2.5}, "Invalid totalContacts"),
            ("autoSegment", {"totalContacts": 100_001}, "totalContacts must be <= 100000"),
            ("autoSegment", {"totalContacts": 10**300}, "totalContacts must be <= 100000"),
            (
                "autoSegment",
                {"totalContacts": 1, "firstSegmentTime": "25:00"},
                "Invalid firstSegmentTime",
            ),
            (
                "autoSegment",
                {"totalContacts": 1, "firstSegmentDate": "2026-02-30"},
                "Invalid firstSegmentDate",
            ),
            ("validateDate", {"contactCount": 1}, "Missing required field: scheduledISO"),
            ("validateContacts", {}, "Missing required field: contacts"),
            ("validateContacts", {"contacts": [7, {}]}, "Missing required field: phoneNumber"),
            ("validateContacts", {"contacts": [7]}, "Invalid contacts"),
            ("logIn", {}, "Missing required field: email"),
            ("logIn", {"email": "user@example.com"}, "Missing required field: password"),
            ("logIn", {"email": 7, "password": ""}, "Invalid email"),
        ],
    )
    async def test_body_fault_names_the_member(
        self, operation: str, body: Any, told: str, tether: Caller
    ) -> None:
        """What is missing goes first; then the member that is wrong, by its own name."""
        assert text(await tether.send(GOOD[operation], body=body)) == (400, told)

    @pytest.mark.parametrize(
        ("operation", "sent", "told"),
        [
            ("listCampaigns", "page=-1", "page must be >= 1"),
            ("listCampaigns", "limit=0", "limit must be >= 1"),
            ("listCampaigns", "limit=101", "limit must be <= 100"),
            ("listScheduledCampaigns", "page=two", "Invalid page"),
            ("listUpcomingCampaigns", "page=1&page=2", "Invalid page"),
            ("getNextAvailableSlot", "contactCount=", "Invalid contactCount"),
            ("getUsageCalendar", "from=2026-05-01", "from and to are required"),
            ("getUsageCalendar", "to=2026-05-01", "from and to are required"),
            ("getUsageCalendar", "from=2026-05-01&to=May", "Invalid to"),
            ("getUsageCalendar", "from=2026-02-30&to=2026-03-01", "Invalid from"),
        ],
    )
    async def test_query_fault_names_the_parameter(
        self, operation: str, sent: str, told: str, tether: Caller
    ) -> None:
        """A parameter that is missing or out of range is a 400, not cut down."""
        assert text(await query(sent)(tether, GOOD[operation])) == (400, told)

    @pytest.mark.parametrize("operation", WITH_BODY)
    @pytest.mark.parametrize("content", [b"", b"[]", b'"text"', b"null", b"\xff", b'{"a":1,"a":2}'])
    async def test_body_that_is_no_object_is_malformed(
        self, content: bytes, operation: str, tether: Caller
    ) -> None:
        """Whatever is not one JSON object is malformed as a whole."""
        reply = await tether.send(GOOD[operation], body=None, content=content)

        assert text(reply) == (400, "Request body is not valid JSON")

    @pytest.mark.parametrize("id", ["x", "665f1a0c0e0a4b001a2c9f1", "665f1a0c0e0a4b001a2c9f1%0A"])
    @pytest.mark.parametrize("operation", WITH_ID)
    async def test_id_of_another_form_names_nothing(
        self, operation: str, id: str, tether: Caller
    ) -> None:
        """An id that is no id is a 404, like any other unknown one."""
        assert text(await instead(id)(tether, GOOD[operation])) == (404, "Campaign not found")

    async def test_unknown_members_are_ignored(self, tether: Caller) -> None:
        """A member that Tether does not know is accepted and dropped."""
        assert "subject" not in await tether.create(subject="Hello")


class TestOrderOfChecks:
    """When several rules fail, the first one decides."""

    async def test_token_before_limit(self, limited: Caller) -> None:
        """Without a token there is no account whose limit could be used up."""
        await one_too_many(limited, GOOD["listCampaigns"])

        reply = await limited.send(GOOD["listCampaigns"], account=None)

        assert reply.status_code == 401

    async def test_limit_before_id(self, limited: Caller) -> None:
        """A used-up limit is told whatever was asked for."""
        await one_too_many(limited, GOOD["listCampaigns"])

        assert (await limited.send(Ask("GET", of("x")))).status_code == 429

    async def test_id_before_body(self, tether: Caller) -> None:
        """An id that is no id is told before the body is read."""
        reply = await tether.send(Ask("PATCH", of("x"), content=b"{"))

        assert text(reply) == (404, "Campaign not found")

    async def test_body_before_state(self, tether: Caller) -> None:
        """What is wrong with the request is told before what the campaign allows."""
        reply = await tether.send(Ask("PATCH", of(CANCELLED), {"name": 7}))

        assert text(reply) == (400, "Invalid name")

    async def test_state_before_quota(self, tether: Caller) -> None:
        """A campaign that is not scheduled is told so, however full the new day is."""
        cancelled = await tether.create("birch-omar", scheduleDate="2030-07-01T14:00:00Z")
        await tether.post(cancelled, "cancel", "birch-omar")
        ask = Ask("PATCH", of(cancelled["_id"]), {"scheduleDate": FULL_MONDAY})

        reply = await tether.send(ask, account="birch-omar")

        assert text(reply) == (400, "Only scheduled campaigns can be updated")


class TestBrokenWorld:
    """A world that somebody has set up wrongly."""

    async def test_missing_organization_is_an_internal_error(self, tether: Caller) -> None:
        """What the document has no words for is a 500 in Tether's envelope."""
        work = tether.work()
        await work.store.organizations.delete(MAPLE)
        await work.commit()

        reply = await tether.send(GOOD["getUsageCalendar"])

        assert text(reply) == (500, "Internal server error")


class TestAccounts:
    """A token acts for its user's organization."""

    @pytest.mark.parametrize("operation", WITH_ID)
    async def test_other_organizations_do_not_exist(self, operation: str, tether: Caller) -> None:
        """Another organization's campaign is a 404."""
        reply = await tether.send(GOOD[operation], account="summit-nia")

        assert text(reply) == (404, "Campaign not found")

    async def test_lists_show_the_own_organization(self, tether: Caller) -> None:
        """Each list has the organization's campaigns only."""
        totals = {
            account: [
                (await tether.get(GOOD[id].path, account))["total"]
                for id in ("listCampaigns", "listScheduledCampaigns", "listUpcomingCampaigns")
            ]
            for account in ("maple-alex", "maple-dana", "harbour-john", "summit-nia", "birch-omar")
        }

        assert totals == {
            "maple-alex": [7, 2, 2],
            "maple-dana": [7, 2, 2],
            "harbour-john": [2, 1, 1],
            "summit-nia": [1, 1, 1],
            "birch-omar": [2, 2, 2],
        }

    async def test_colleague_may_do_everything(self, tether: Caller) -> None:
        """A user of any role changes what a colleague has created, whose name stays on it."""
        created = await tether.create(scheduleDate=at(HOUR))

        cancelled = await tether.post(created, "cancel", "maple-dana")

        assert (cancelled["status"], cancelled["createdBy"]["fullName"]) == (
            "cancelled",
            "Alex Rep",
        )


class TestLogin:
    """From email and password to a token."""

    @pytest.mark.parametrize(
        ("email", "password", "status"),
        [
            ("user@example.com", "password-harbour-john", 200),
            ("USER@Example.com", "password-harbour-john", 200),
            ("user@example.com", "PASSWORD-harbour-john", 401),
            ("user@example.com", "password-maple-alex", 401),
            ("nobody@example.com", "password-harbour-john", 401),
            ("lee.stone@maple.example.com", "password-maple-former", 401),
            ("", "", 401),
        ],
    )
    async def test_email_and_password_belong_together(
        self, email: str, password: str, status: int, tether: Caller
    ) -> None:
        """Only an active user's own password opens."""
        reply = await tether.send(GOOD["logIn"], body={"email": email, "password": password})

        assert reply.status_code == status

    async def test_token_works(self, tether: Caller) -> None:
        """The token that is answered is taken by the other operations."""
        token = (await tether.ok(GOOD["logIn"]))["token"]
        headers = {"authorization": f"Bearer {token}"}

        listed = await tether.ok(GOOD["listCampaigns"], account=None, headers=headers)

        assert {each["organizationId"] for each in listed["data"]} == {HARBOUR}


class TestCreate:
    """What a new campaign is."""

    async def test_documented_request(self, tether: Caller) -> None:
        """The whole campaign is answered, and is what a GET shows."""
        created = (await tether.ok(GOOD["createCampaign"]))["data"]

        assert await tether.show(created) == created
        assert without(created, "_id", "userIds") == {
            "organizationId": MAPLE,
            "name": "Q2 Lead Gen",
            "message": "Hi {{firstName}}, are you still interested?",
            "scheduleDate": "2026-05-20T15:00:00.000Z",
            "contactStatus": "New Lead",
            "isAutopilot": False,
            "type": "sms",
            "status": "scheduled",
            "createdBy": {"_id": ALEX, "fullName": "Alex Rep"},
            "failedUserIds": [],
            "failedDetails": [],
            "stats": {"total": 3, "sent": 0, "failed": 0, "successRate": "0%"},
            "createdAt": at(),
            "updatedAt": at(),
        }

    async def test_minimal_request_starts_for_nobody(self, tether: Caller) -> None:
        """Without a date it starts now; without contacts it has none."""
        created = await tether.create()

        assert (created["status"], created["scheduleDate"]) == ("sending", at())
        assert (created["userIds"], created["stats"]["total"]) == ([], 0)
        assert (created["type"], created["isAutopilot"]) == ("sms", False)
        assert "process" not in created

    async def test_everything_else_is_kept(self, tether: Caller) -> None:
        """Process, type and the open objects come back as they were sent."""
        kept = {
            "process": "Sales Agent",
            "type": "whatsapp",
            "isAutopilot": True,
            "segmentation": {"enabled": True, "contactDistribution": [1, None]},
            "assignment": {},
            "rawCsvData": {"rows": {"a": "b"}},
        }

        created = await tether.create(**kept)

        assert {name: created[name] for name in kept} == kept

    async def test_requested_status_is_the_contacts(self, tether: Caller) -> None:
        """`status` is the pipeline status of the contacts and never moves the campaign."""
        created = await tether.create(status="cancelled", newContacts=[JAMIE])

        assert (created["contactStatus"], created["status"]) == ("cancelled", "sending")
        assert (await tether.contact(created["userIds"][0]))["status"] == "cancelled"

    @pytest.mark.parametrize(
        ("sent", "status", "kept"),
        [
            ("2026-05-18T12:34:57Z", "scheduled", "2026-05-18T12:34:57.000Z"),
            ("2026-05-18T12:34:56.001Z", "scheduled", "2026-05-18T12:34:56.001Z"),
            ("2026-05-18T14:34:56.5+01:00", "scheduled", "2026-05-18T13:34:56.500Z"),
            ("2099-12-31T23:59:59-23:59", "scheduled", "2100-01-01T23:58:59.000Z"),
            ("2026-05-18T12:34:56Z", "sending", "2026-05-18T12:34:56.000Z"),
            ("2026-05-18T12:34:56.000999Z", "sending", "2026-05-18T12:34:56.000Z"),
            ("2000-01-01T00:00:00+23:59", "sending", "2026-05-18T12:34:56.000Z"),
        ],
    )
    async def test_date_decides(self, sent: str, status: str, kept: str, tether: Caller) -> None:
        """A date ahead is waited for, to the millisecond; a past one is now."""
        created = await tether.create(scheduleDate=sent)

        assert (created["status"], created["scheduleDate"]) == (status, kept)

    async def test_refused_campaign_leaves_no_trace(self, tether: Caller) -> None:
        """A refusal stores neither campaign nor contact, and leaves nothing to do later."""
        body = campaign(scheduleDate=FULL_MONDAY)

        reply = await tether.send(GOOD["createCampaign"], account="birch-omar", body=body)

        assert reply.status_code == 400
        assert (await tether.get("/api/campaigns", "birch-omar"))["total"] == 2
        assert await tether.work().store.contacts.count(BIRCH) == 5
        assert tether.session.clock.pending() == []


class TestRecipients:
    """Whom a campaign is for: each contact and each phone number once."""

    async def test_new_contact_is_stored(self, tether: Caller) -> None:
        """A new number makes a contact of the caller, with whatever was told of it."""
        created = await tether.create(newContacts=[{**JAMIE, "city": "Oakland", "userId": DANA}])

        stored = await tether.contact(created["userIds"][0])
        assert (stored["firstName"], stored["phoneNumber"], stored["city"]) == (
            "Jamie",
            "+14155550133",
            "Oakland",
        )
        assert (stored["userId"], stored["assignees"], stored["lastName"]) == (ALEX, [], None)

    @pytest.mark.parametrize("number", ["+14165550100", "+1 (416) 555-0100", " +1.416.555.0100 "])
    async def test_known_number_reuses_its_contact(self, number: str, tether: Caller) -> None:
        """A new contact whose number is known is that contact, however the number is written."""
        created = await tether.create(newContacts=[{"firstName": "S", "phoneNumber": number}])

        assert created["userIds"] == [SAM]
        assert await tether.work().store.contacts.count(MAPLE) == 13

    async def test_other_organizations_number_is_new(self, tether: Caller) -> None:
        """Contacts are the organization's own."""
        known = {"newContacts": [{"phoneNumber": "+14165550100"}]}

        created = await tether.create("summit-nia", **known)

        assert created["userIds"] != [SAM]
        assert await tether.work().store.contacts.count(SUMMIT) == 3

    @pytest.mark.parametrize(
        ("sent", "ids"),
        [
            ({"userIds": [SAM, MORGAN, SAM]}, [SAM, MORGAN]),
            ({"selectedExistingContacts": [{"_id": SAM}], "userIds": [SAM]}, [SAM]),
            (
                {"newContacts": [{"phoneNumber": "+14165550100"}], "userIds": [MORGAN, SAM]},
                [SAM, MORGAN],
            ),
            ({"userIds": [KIM, KIMBERLY]}, [KIM]),
            ({"newContacts": [{"phoneNumber": "+14165550120"}]}, [KIM]),
            ({"userIds": [ROBIN, NOBODY]}, [ROBIN, NOBODY]),
            ({"selectedExistingContacts": [{"_id": NOBODY, "phoneNumber": "+1"}]}, [NOBODY]),
        ],
    )
    async def test_nobody_twice(self, sent: Any, ids: list[str], tether: Caller) -> None:
        """Who is named again, by id or by number, is dropped; who has no number is not."""
        created = await tether.create(**sent)

        assert created["userIds"] == ids
        assert created["stats"]["total"] == len(ids)

    async def test_new_numbers_count_once(self, tether: Caller) -> None:
        """One new number is one contact; contacts without a number are each their own."""
        sent = [JAMIE, {**JAMIE, "phoneNumber": "+1 415 555 0133"}, {}, {"phoneNumber": None}]

        created = await tether.create(newContacts=sent)

        assert (created["stats"]["total"], len(set(created["userIds"]))) == (3, 3)

    async def test_selected_contact_without_id_is_new(self, tether: Caller) -> None:
        """What makes a contact new is that it has no id, not the list it came in."""
        created = await tether.create(selectedExistingContacts=[JAMIE])

        assert (await tether.contact(created["userIds"][0]))["firstName"] == "Jamie"


class TestUpdate:
    """What can be changed of a scheduled campaign."""

    async def test_only_what_is_named_changes(self, tether: Caller) -> None:
        """The rest stays, but for the time of the change."""
        created = await tether.create(scheduleDate=at(HOUR), process="Old", userIds=[SAM])
        await tether.shift(MINUTE)

        changed = await tether.change(created, name="New", isAutopilot=True, status="Contacted")

        expected = {"name": "New", "isAutopilot": True, "contactStatus": "Contacted"}
        assert changed == {**created, **expected, "updatedAt": at(MINUTE)}
        assert await tether.show(created) == changed

    async def test_segments_are_kept(self, tether: Caller) -> None:
        """The three lists of segments come back as they were sent."""
        created = await tether.create(scheduleDate=at(HOUR))
        segments: Any = {
            "segmentProcesses": [{"id": "seg-1", "process": "Sales Agent"}],
            "segmentStatuses": [{}],
            "segmentSchedules": [],
        }

        changed = await tether.change(created, process="New", **segments)

        assert {name: changed[name] for name in segments} == segments
        assert changed["process"] == "New"

    async def test_contacts_stay(self, tether: Caller) -> None:
        """An update cannot change whom the campaign is for, nor its type."""
        created = await tether.create(scheduleDate=at(HOUR), userIds=[SAM])

        changed = await tether.change(created, userIds=[MORGAN], type="email")

        assert (changed["userIds"], changed["type"]) == ([SAM], "sms")

    async def test_empty_update_is_one(self, tether: Caller) -> None:
        """Nothing named, nothing changed."""
        created = await tether.create(scheduleDate=at(HOUR))

        assert await tether.change(created) == created

    async def test_past_date_starts_it(self, tether: Caller) -> None:
        """A date that has passed is now."""
        created = await tether.create(scheduleDate=at(HOUR))
        await tether.shift(MINUTE)

        changed = await tether.change(created, scheduleDate=at())

        assert (changed["status"], changed["scheduleDate"]) == ("sending", at(MINUTE))
        assert await tether.shift(2 * HOUR) == ["dispatch", "start"]
        assert (await tether.show(created))["updatedAt"] == at(MINUTE + 5)

    @pytest.mark.parametrize("id", [SENDING, COMPLETED, FAILED, CANCELLED])
    @pytest.mark.parametrize(
        ("ask", "told"),
        [
            (Ask("PATCH", of(Q2), {"name": "New"}), "updated"),
            (Ask("POST", of(Q2, "/cancel")), "cancelled"),
            (Ask("POST", of(Q2, "/send")), "sent"),
        ],
        ids=["update", "cancel", "send"],
    )
    async def test_only_scheduled_campaigns_move(
        self, ask: Ask, told: str, id: str, tether: Caller
    ) -> None:
        """In every other state the campaign stays as it is."""
        before = await tether.get(of(id))

        reply = await instead(id)(tether, ask)

        assert text(reply) == (400, f"Only scheduled campaigns can be {told}")
        assert await tether.get(of(id)) == before


class TestDelete:
    """A campaign can go in every state but one."""

    @pytest.mark.parametrize("id", [Q2, COMPLETED, FAILED, CANCELLED])
    async def test_deleted_campaign_is_gone(self, id: str, tether: Caller) -> None:
        """It is not found any more, nor in a list, nor its recipients in the store."""
        answer = await tether.ok(Ask("DELETE", of(id)))

        assert answer == {"success": True, "message": "Campaign deleted"}
        assert (await tether.send(Ask("GET", of(id)))).status_code == 404
        listed = await tether.get("/api/campaigns?limit=100")
        assert (listed["total"], id in [each["_id"] for each in listed["data"]]) == (6, False)
        assert await tether.work().store.recipients.count(id) == 0

    async def test_deleted_campaign_is_not_sent(self, tether: Caller) -> None:
        """Its date comes, and nothing happens."""
        created = await tether.create(scheduleDate=at(HOUR), userIds=[SAM])
        await tether.ok(Ask("DELETE", of(created["_id"])))

        assert await tether.shift(DAY) == ["start"]
        assert await tether.messages(created) == []

    async def test_sending_campaign_can_be_deleted_afterwards(self, tether: Caller) -> None:
        """While it is sending it stays; once it is completed it can go."""
        created = await tether.create(userIds=[SAM])
        ask = Ask("DELETE", of(created["_id"]))
        early = await tether.send(ask)

        await tether.shift(5)

        assert text(early) == (400, "Campaigns that are sending cannot be deleted")
        assert (await tether.send(ask)).status_code == 200


# Sam can be reached; of the others one has no number, one none that anybody could dial.
ONE_OF_EACH = {
    "userIds": [SAM, ROBIN],
    "newContacts": [{"firstName": "Wes", "phoneNumber": "5550100"}],
}


class TestLife:
    """From creation to the end, by nothing but time."""

    async def test_scheduled_rescheduled_sent(self, tether: Caller) -> None:
        """It waits for its second date, goes out, and tells whom it did not reach."""
        created = await tether.create(scheduleDate=at(HOUR), userIds=[SAM, MORGAN, ROBIN])
        await tether.change(created, scheduleDate=at(2 * HOUR))
        seen = []

        for seconds in (HOUR, HOUR - 1, 1, 4, 1):
            await tether.shift(seconds)
            seen.append((await tether.show(created))["status"])

        assert seen == ["scheduled", "scheduled", "sending", "sending", "completed"]
        assert await tether.show(created) == {
            **created,
            "status": "completed",
            "scheduleDate": at(2 * HOUR),
            "failedUserIds": [ROBIN],
            "failedDetails": [
                {"contactId": ROBIN, "phoneNumber": None, "reason": "Missing phone number"}
            ],
            "stats": {"total": 3, "sent": 2, "failed": 1, "successRate": "67%"},
            "updatedAt": at(2 * HOUR + 5),
        }

    async def test_start_is_a_change(self, tether: Caller) -> None:
        """When its date comes, the campaign is updated."""
        created = await tether.create(scheduleDate=at(HOUR))

        await tether.shift(HOUR)

        started = {"status": "sending", "updatedAt": at(HOUR)}
        assert await tether.show(created) == {**created, **started}

    async def test_cancelled(self, tether: Caller) -> None:
        """A cancelled campaign stays as it is when its date comes."""
        created = await tether.create(scheduleDate=at(HOUR), userIds=[SAM])
        await tether.shift(MINUTE)
        cancelled = await tether.post(created, "cancel")

        await tether.shift(DAY)

        assert cancelled == {**created, "status": "cancelled", "updatedAt": at(MINUTE)}
        assert await tether.show(created) == cancelled
        assert await tether.messages(created) == []

    async def test_sent_by_hand(self, tether: Caller) -> None:
        """Its date becomes that of the start; the old date comes, and nothing happens."""
        created = await tether.create(scheduleDate=at(HOUR), userIds=[SAM])
        await tether.shift(MINUTE)

        sending = await tether.post(created, "send")

        now = {"scheduleDate": at(MINUTE), "updatedAt": at(MINUTE)}
        assert sending == {**created, "status": "sending", **now}
        assert await tether.shift(DAY) == ["dispatch", "start"]
        assert len(await tether.messages(created)) == 1

    async def test_begun_at_once(self, tether: Caller) -> None:
        """Without a date it is under way when the answer comes, and done five seconds later."""
        created = await tether.create(userIds=[SAM])
        seen = [created["status"]]

        for seconds in (4.9, 0.1):
            await tether.shift(seconds)
            seen.append((await tether.show(created))["status"])

        assert seen == ["sending", "sending", "completed"]

    async def test_nobody_reached_is_failed(self, tether: Caller) -> None:
        """A campaign that reaches none of its contacts has failed."""
        created = await tether.create(userIds=[ROBIN, NOBODY])

        await tether.shift(5)

        shown = await tether.show(created)
        assert (shown["status"], shown["failedUserIds"]) == ("failed", [ROBIN, NOBODY])
        assert shown["stats"] == {"total": 2, "sent": 0, "failed": 2, "successRate": "0%"}

    async def test_nobody_to_reach_is_completed(self, tether: Caller) -> None:
        """A campaign for nobody does what it was asked to."""
        created = await tether.create()

        await tether.shift(5)

        shown = await tether.show(created)
        assert (shown["status"], shown["stats"]["successRate"]) == ("completed", "0%")

    async def test_campaign_taken_away_by_hand_is_not_sent(self, tether: Caller) -> None:
        """Whoever changes the store under a campaign that is sending stops it."""
        created = await tether.create(userIds=[SAM])
        await tether.put("campaigns", MAPLE, _id=created["_id"], status="cancelled")

        await tether.shift(MINUTE)

        assert (await tether.show(created))["status"] == "cancelled"
        assert await tether.messages(created) == []

    async def test_date_there_and_back_sends_once(self, tether: Caller) -> None:
        """Rescheduled to another date and back, it goes out one time."""
        created = await tether.create(scheduleDate=at(HOUR), userIds=[SAM])
        for hours in (3, 1):
            await tether.change(created, scheduleDate=at(hours * HOUR))

        fired = await tether.shift(DAY)

        assert fired == ["start", "start", "dispatch", "start"]
        assert len(await tether.messages(created)) == 1

    async def test_schedule_keeps_no_pace(self) -> None:
        """At pace 0 sending takes no time, but a date is a promise."""
        app = create_app(replace(TETHER, pace=0))
        async for tether in calling(app):
            at_once, later = await tether.create(), await tether.create(scheduleDate=at(HOUR))

            assert (await tether.show(at_once))["status"] == "completed"
            assert (await tether.show(later))["status"] == "scheduled"


class TestDispatch:
    """What happens when a campaign goes out."""

    async def test_failures_tell_why(self, tether: Caller) -> None:
        """No number, or none in E.164, with the number as it was sent."""
        created = await tether.create(**ONE_OF_EACH)

        await tether.shift(5)

        shown = await tether.show(created)
        wes, sam, robin = shown["userIds"]
        assert (sam, shown["failedUserIds"]) == (SAM, [wes, robin])
        assert shown["failedDetails"] == [
            {"contactId": wes, "phoneNumber": "5550100", "reason": "Invalid phone number"},
            {"contactId": robin, "phoneNumber": None, "reason": "Missing phone number"},
        ]
        assert shown["stats"]["successRate"] == "33%"

    @pytest.mark.parametrize(
        ("number", "reason"),
        [
            ("+14165550100", None),
            ("+1 (416) 555-0100", None),
            ("+12", None),
            ("+123456789012345", None),
            ("+1234567890123456", "Invalid phone number"),
            ("+1", "Invalid phone number"),
            ("+04165550100", "Invalid phone number"),
            ("14165550100", "Invalid phone number"),
            ("+1416555O1OO", "Invalid phone number"),
            ("+١٤١٦٥٥٥٠١٠٠", "Invalid phone number"),
            ("--", "Invalid phone number"),
            ("", "Missing phone number"),
            (" ", "Missing phone number"),
            (None, "Missing phone number"),
        ],
    )
    def test_number_must_be_e164(self, number: str | None, reason: str | None) -> None:
        """Plus, country and up to fifteen digits; spaces and punctuation do not matter."""
        assert rules.unreachable({"phoneNumber": number}) == reason

    @pytest.mark.parametrize(
        ("total", "failed", "rate"),
        [
            (0, 0, "0%"),
            (1, 0, "100%"),
            (3, 1, "67%"),
            (8, 7, "13%"),
            (200, 199, "1%"),
            (201, 200, "0%"),
        ],
    )
    def test_rate_is_rounded(self, total: int, failed: int, rate: str) -> None:
        """The share of contacts that were reached, as text; halves go up."""
        told = {"total": total, "sent": total - failed, "failed": failed, "successRate": rate}

        assert serializers.stats(total, failed, finished=True) == told

    @pytest.mark.parametrize(
        ("message", "expected"),
        [
            ("Hi {{firstName}}!", "Hi Sam!"),
            ("{{ firstName }} {{lastName}}", "Sam Patel"),
            ("{{nickname}}{{email}}", ""),
            ("{{age}} {{vip}}", "7 true"),
            ("{{firstName}", "{{firstName}"),
            ("{{first name}} {{}}", "{{first name}} {{}}"),
            ("{{tag}}", "{{firstName}}"),
        ],
    )
    def test_tags_are_filled_in(self, message: str, expected: str) -> None:
        """Any member of the contact, once; what it lacks is empty, what is no tag stays."""
        sam = {"firstName": "Sam", "lastName": "Patel", "email": None, "age": 7, "vip": True}

        assert serializers.rendered(message, {**sam, "tag": "{{firstName}}"}) == expected

    async def test_each_contact_gets_its_text(self, tether: Caller) -> None:
        """The text as it is when it goes out, with each contact's own members."""
        new = {**JAMIE, "city": "Oakland"}
        created = await tether.create(
            scheduleDate=at(HOUR), newContacts=[new], userIds=[SAM, NOBODY, ROBIN]
        )
        await tether.change(created, message="{{firstName}} {{lastName}} of {{city}}, {{status}}")

        await tether.shift(2 * HOUR)

        assert await tether.messages(created) == [
            "Jamie  of Oakland, New Lead",
            "Sam Patel of , New Lead",
        ]

    async def test_message_is_an_outbound_one(self, tether: Caller) -> None:
        """The members that Tether's messages have."""
        created = await tether.create("maple-dana", userIds=[SAM], type="whatsapp")
        await tether.shift(5)

        (message,) = await tether.work().store.messages.list(created["_id"])

        assert without(message, "_id", "conversationId") == {
            "contactId": SAM,
            "content": "A message",
            "direction": "outbound",
            "channelType": "whatsapp",
            "status": "sent",
            "sentBy": DANA,
            "isAIGenerated": False,
            "createdAt": at(5),
        }

    async def test_reached_contact_is_protected(self, tether: Caller) -> None:
        """For the organization's thirty days; who was not reached is not."""
        await tether.create(userIds=[SAM, ROBIN])

        await tether.shift(5)

        sam, robin = await tether.contact(SAM), await tether.contact(ROBIN)
        assert (sam["lastOutboundAt"], sam["protectedUntil"]) == (at(5), at(5 + 30 * DAY))
        assert sam["updatedAt"] == at(5)
        assert (robin["lastOutboundAt"], robin["protectedUntil"]) == (None, None)

    async def test_seeded_contact_is_known_in_full(self, tether: Caller) -> None:
        """What the seed's recipients leave out is looked up in the contact."""
        await tether.change({"_id": SUMMER}, message="{{firstName}}, {{status}}")
        await tether.post({"_id": SUMMER}, "send")

        await tether.shift(5)

        assert await tether.messages({"_id": SUMMER}) == ["Sam, New Lead", "Alex, New Lead"]

    async def test_contact_may_be_gone(self, tether: Caller) -> None:
        """Who is no contact any more is sent what was promised."""
        created = await tether.create(scheduleDate=at(HOUR), userIds=[SAM], message="{{firstName}}")
        work = tether.work()
        await work.store.contacts.delete(SAM, MAPLE)
        await work.commit()

        await tether.shift(2 * HOUR)

        assert await tether.messages(created) == ["Sam"]
        assert await tether.work().store.contacts.find(SAM, MAPLE) is None

    async def test_unknown_contact_is_reached_by_what_was_sent(self, tether: Caller) -> None:
        """An id that nobody has comes with its own number."""
        sent = {"_id": NOBODY, "firstName": "Kit", "phoneNumber": "+14155550199"}
        created = await tether.create(selectedExistingContacts=[sent], message="{{firstName}}")

        await tether.shift(5)

        assert await tether.messages(created) == ["Kit"]


class TestQuota:
    """What the days of an organization hold."""

    async def test_reservation_becomes_use(self, tether: Caller) -> None:
        """Scheduled and sending contacts are reserved; what went out is sent, failures are not."""
        created = await tether.create(
            scheduleDate="2026-06-01T15:00:00Z", userIds=[SAM, MORGAN, ROBIN]
        )
        ahead = parse_instant("2026-06-01T15:00:00Z") - MONDAY
        seen = []

        for seconds in (0, ahead / SECOND, 5):
            await tether.shift(seconds)
            day = await tether.day("2026-06-01")
            seen.append((day["sent"], day["reserved"], day["total"], day["availableQuota"]))

        assert seen == [(0, 3, 3, 497), (0, 3, 3, 497), (2, 0, 2, 498)]
        assert day["campaigns"] == [
            {
                "campaignId": created["_id"],
                "campaignName": "A name",
                "contactCount": 3,
                "status": "completed",
            }
        ]

    async def test_use_adds_up(self, tether: Caller) -> None:
        """What goes out today comes on top of what has."""
        await tether.create(userIds=[SAM, MORGAN])

        await tether.shift(5)

        assert (await tether.day("2026-05-18"))["sent"] == 482

    async def test_use_stays_on_the_day_of_the_campaign(self, tether: Caller) -> None:
        """Sending that runs over midnight counts on the day on which it began."""
        midnight = parse_instant("2026-05-19T04:00:00Z")
        await tether.create(scheduleDate="2026-05-19T03:59:58Z", userIds=[SAM])

        await tether.shift((midnight - MONDAY) / SECOND + MINUTE)

        assert (await tether.day("2026-05-18"))["sent"] == 481
        assert await tether.day("2026-05-19") is None

    @pytest.mark.parametrize(
        ("instant", "day"),
        [
            ("2026-07-01T03:59:59.999Z", "2026-06-30"),
            ("2026-07-01T04:00:00Z", "2026-07-01"),
            ("2026-12-01T04:59:59Z", "2026-11-30"),
            ("2026-12-01T05:00:00Z", "2026-12-01"),
        ],
    )
    async def test_days_are_local(self, instant: str, day: str, tether: Caller) -> None:
        """A day is the organization's, in summer as in winter, whatever the user's timezone."""
        await tether.create("maple-dana", scheduleDate=instant, userIds=[SAM])

        assert (await tether.day(day))["reserved"] == 1

    async def test_reschedule_moves_the_reservation(self, tether: Caller) -> None:
        """The new day has it, the old one not."""
        created = await tether.create(scheduleDate="2026-06-01T15:00:00Z", userIds=[SAM])

        await tether.change(created, scheduleDate="2026-06-02T15:00:00Z")

        assert await tether.day("2026-06-01") is None
        assert (await tether.day("2026-06-02"))["reserved"] == 1

    @pytest.mark.parametrize("verb", ["cancel", "send", "delete"])
    async def test_reservation_is_given_back(self, verb: str, tether: Caller) -> None:
        """A campaign that will not go out on that day holds nothing there."""
        ask = Ask("DELETE", of(Q2)) if verb == "delete" else Ask("POST", of(Q2, f"/{verb}"))

        await tether.ok(ask)

        assert await tether.day("2026-05-20") is None

    async def test_calendar_is_sparse_and_sorted(self, tether: Caller) -> None:
        """Days with anything, in order, without what was cancelled."""
        dates = (await tether.get(RANGE))["data"]["dates"]

        assert {
            day: [each["campaignName"] for each in shown["campaigns"]]
            for day, shown in dates.items()
        } == {
            "2026-05-04": [],
            "2026-05-09": ["Missed Call"],
            "2026-05-11": ["Rate Drop Alert"],
            "2026-05-12": ["Open House"],
            "2026-05-15": ["Spring Check-in"],
            "2026-05-18": [],
            "2026-05-20": ["Q2 Lead Gen"],
        }
        assert list(dates) == sorted(dates)

    @pytest.mark.parametrize(
        ("first", "last", "count"),
        [
            ("2026-05-09", "2026-05-12", 3),
            ("2026-05-20", "2026-05-20", 1),
            ("2026-05-12", "2026-05-09", 0),
            ("2000-01-01", "2099-12-31", 8),
        ],
    )
    async def test_range_includes_its_ends(
        self, first: str, last: str, count: int, tether: Caller
    ) -> None:
        """Both days belong to it; one that ends before it begins is empty."""
        answer = await tether.get(f"/api/campaigns/usage-calendar?from={first}&to={last}")

        assert len(answer["data"]["dates"]) == count

    async def test_day_on_which_nothing_arrived_is_left_out(self, tether: Caller) -> None:
        """Once the campaign that failed is deleted, its day has nothing on it."""
        created = await tether.create(scheduleDate="2026-06-01T15:00:00Z", userIds=[ROBIN])
        await tether.shift(30 * DAY)
        await tether.ok(Ask("DELETE", of(created["_id"])))

        assert await tether.day("2026-06-01") is None

    async def test_helpers_count_what_creation_does_not_refuse(self, tether: Caller) -> None:
        """By default more can be scheduled than a day holds; nothing is left then, never less."""
        await tether.put("organizations", "", _id=MAPLE, dailyLimit=2)

        await tether.create(
            scheduleDate="2026-06-01T15:00:00Z", userIds=[SAM, MORGAN, CASEY, ROBIN]
        )

        assert (await tether.day("2026-06-01"))["availableQuota"] == 0


class TestEnforcedQuota:
    """Birch refuses campaigns that its five SMS a day do not cover."""

    FIVE = tuple(f"64ee9a8b1e7f2a001122661{number}" for number in range(5))

    @pytest.mark.parametrize(
        ("date", "count", "status"),
        [
            (FULL_MONDAY, 1, 400),
            (FULL_MONDAY, 0, 201),
            ("2030-06-05T02:30:00Z", 2, 201),
            ("2030-06-05T02:30:00Z", 3, 400),
            ("2030-06-05T14:00:00Z", 5, 201),
            (None, 5, 201),
        ],
    )
    async def test_creation_needs_service(
        self, date: str | None, count: int, status: int, tether: Caller
    ) -> None:
        """Exactly enough is enough, on the day in the organization's timezone."""
        dated = {} if date is None else {"scheduleDate": date}
        body = {"name": "a", "message": "b", "userIds": self.FIVE[:count], **dated}

        reply = await tether.send(GOOD["createCampaign"], account="birch-omar", body=body)

        assert reply.status_code == status

    async def test_today_can_be_full(self, tether: Caller) -> None:
        """A campaign without a date needs room today; what was sent counts as what is reserved."""
        await tether.create("birch-omar", userIds=self.FIVE[:3])
        await tether.shift(MINUTE)
        body = {"name": "a", "message": "b", "userIds": self.FIVE[:3]}

        reply = await tether.send(GOOD["createCampaign"], account="birch-omar", body=body)

        assert text(reply) == (400, "Daily SMS quota exceeded")

    async def test_own_reservation_does_not_count(self, tether: Caller) -> None:
        """A campaign that fills its day can be moved within it."""
        monday = {"_id": "64ee9a8b1e7f2a0011226640"}

        moved = await tether.change(monday, "birch-omar", scheduleDate="2030-06-03T20:00:00Z")

        assert moved["scheduleDate"] == "2030-06-03T20:00:00.000Z"

    async def test_refused_move_changes_nothing(self, tether: Caller) -> None:
        """The campaign keeps its date and its name."""
        tuesday = {"_id": "64ee9a8b1e7f2a0011226641"}
        before = await tether.show(tuesday, "birch-omar")
        ask = Ask("PATCH", of(tuesday["_id"]), {"scheduleDate": FULL_MONDAY, "name": "New"})

        reply = await tether.send(ask, account="birch-omar")

        assert text(reply) == (400, "Daily SMS quota exceeded")
        assert await tether.show(tuesday, "birch-omar") == before

    async def test_update_without_a_date_is_not_refused(self, tether: Caller) -> None:
        """Only a new date asks for service, however overbooked the day became."""
        await tether.put("organizations", "", _id=BIRCH, dailyLimit=1)

        changed = await tether.change({"_id": "64ee9a8b1e7f2a0011226640"}, "birch-omar", name="New")

        assert changed["name"] == "New"

    async def test_unlimited_plan_refuses_nothing(self, tether: Caller) -> None:
        """Without a limit there is nothing to enforce."""
        await tether.put("organizations", "", _id=BIRCH, dailyLimit=None)

        created = await tether.create(
            "birch-omar", scheduleDate=FULL_MONDAY, userIds=list(self.FIVE)
        )

        assert created["status"] == "scheduled"


class TestValidateDate:
    """Whether a day still has room."""

    @pytest.mark.parametrize(
        ("body", "available", "remaining"),
        [
            ({"contactCount": 250}, True, 250),
            ({"contactCount": 251}, False, 250),
            ({"contactCount": 0}, True, 250),
            ({"contactCount": 5e2, "excludeCampaignId": Q2}, True, 500),
            ({"contactCount": 501, "excludeCampaignId": Q2}, False, 500),
            ({"contactCount": 251, "excludeCampaignId": SUMMER}, False, 250),
            ({"contactCount": 251, "excludeCampaignId": "no id"}, False, 250),
            ({"contactCount": 21, "scheduledISO": "2026-05-18T15:00:00Z"}, False, 20),
            ({"contactCount": 500, "scheduledISO": "2026-05-19T04:00:00Z"}, True, 500),
            ({"contactCount": 500, "scheduledISO": "2026-05-19T03:59:59Z"}, False, 20),
        ],
    )
    async def test_day_has_what_is_left(
        self, body: Any, available: bool, remaining: int, tether: Caller
    ) -> None:
        """The limit without what is sent and reserved; one's own reservation can be left out."""
        asked = {"scheduledISO": "2026-05-20T15:00:00.000Z", **body}

        answer = await tether.ok(GOOD["validateDate"], body=asked)

        assert (answer["available"], answer["remaining"]) == (available, remaining)
        assert ("message" in answer) is not available


class TestNextSlot:
    """The next day with room."""

    @pytest.mark.parametrize(
        ("count", "day", "ahead", "quota", "told"),
        [
            (0, "2026-05-18", 0, 20, "Enough quota is available today."),
            (21, "2026-05-19", 1, 500, "Next slot with full daily quota is tomorrow."),
        ],
    )
    async def test_first_day_with_service(
        self, count: int, day: str, ahead: int, quota: int, told: str, tether: Caller
    ) -> None:
        """Today, when it has room; else the next one that has."""
        slot = await tether.slot(count)

        assert (slot["nextAvailableDate"], slot["daysUntilAvailable"]) == (day, ahead)
        assert (slot["availableQuota"], slot["message"]) == (quota, told)

    async def test_full_days_are_passed_over(self, tether: Caller) -> None:
        """A day that is booked has no room, and one that holds less than usual is told apart."""
        for day in ("2026-05-18", "2026-05-19"):
            await tether.put("days", BIRCH, _id=day, sent=5)
        await tether.put("days", BIRCH, _id="2026-05-20", sent=1)

        slot = await tether.slot(3, "birch-omar")

        assert (slot["nextAvailableDate"], slot["availableQuota"]) == ("2026-05-20", 4)
        assert slot["message"] == "Next slot with enough quota is in 2 days."

    @pytest.mark.parametrize(("full", "ahead"), [(60, 60), (61, None)])
    async def test_horizon_is_sixty_days(
        self, full: int, ahead: int | None, tether: Caller
    ) -> None:
        """The sixtieth day counts, the one behind it does not."""
        for number in range(full):
            day = format_timestamp(MONDAY + number * DAY * SECOND, 0)[:10]
            await tether.put("days", BIRCH, _id=day, sent=5)

        slot = await tether.slot(1, "birch-omar")

        assert (slot["nextAvailableDate"] is None) is (ahead is None)
        assert slot["daysUntilAvailable"] == 60

    async def test_today_is_local(self, tether: Caller) -> None:
        """At 04:00 UTC it is yesterday in Vancouver, and today in Toronto."""
        await tether.shift((parse_instant("2026-05-19T04:00:00Z") - MONDAY) / SECOND)

        days = [(await tether.slot(0, each))["todayDate"] for each in ("summit-nia", "maple-alex")]

        assert days == ["2026-05-18", "2026-05-19"]


class TestSegments:
    """Contacts spread over days."""

    @pytest.mark.parametrize(
        ("total", "sizes"),
        [(1, [1]), (100, [100]), (101, [100, 1]), (250.0, [100, 100, 50])],
    )
    async def test_hundred_a_day(self, total: float, sizes: list[int], tether: Caller) -> None:
        """An unlimited plan takes a hundred a day, and the rest on the last one."""
        plan = await tether.plan("summit-nia", totalContacts=total)

        assert [each["contactCount"] for each in plan["segments"]] == sizes
        assert [each["id"] for each in plan["segments"]] == [
            f"seg-{number}" for number in range(1, len(sizes) + 1)
        ]
        assert (plan["totalSegments"], plan["warnings"]) == (len(sizes), [])

    async def test_begins_today_at_ten(self, tether: Caller) -> None:
        """Without a date and a time, on the user's clocks: at 05:00 UTC Vancouver is a day back."""
        await tether.shift((parse_instant("2026-05-19T05:00:00Z") - MONDAY) / SECOND)

        plans = [
            await tether.plan(account, totalContacts=1) for account in ("maple-alex", "maple-dana")
        ]

        dates = [plan["segments"][0]["scheduledDate"] for plan in plans]
        assert dates == ["2026-05-19T14:00:00.000Z", "2026-05-18T17:00:00.000Z"]

    async def test_local_time_stays(self, tether: Caller) -> None:
        """Over the change of the clocks it is the same hour of the user's day."""
        plan = await tether.plan(
            "summit-nia",
            totalContacts=200,
            firstSegmentDate="2026-10-31",
            firstSegmentTime="23:05",
        )

        dates = [each["scheduledDate"] for each in plan["segments"]]
        assert dates == ["2026-11-01T06:05:00.000Z", "2026-11-02T07:05:00.000Z"]

    async def test_quota_is_of_the_organizations_day(self, tether: Caller) -> None:
        """23:00 in Vancouver is tomorrow in Toronto, whose quota counts and whose day is named."""
        await tether.put("days", MAPLE, _id="2026-06-02", sent=500)
        await tether.put("days", MAPLE, _id="2026-06-03", sent=460)

        plan = await tether.plan(
            "maple-dana", totalContacts=50, firstSegmentDate="2026-06-01", firstSegmentTime="23:00"
        )

        assert [each["contactCount"] for each in plan["segments"]] == [40, 10]
        assert plan["segments"][0]["scheduledDate"] == "2026-06-03T06:00:00.000Z"
        assert plan["warnings"] == ["2026-06-02 is fully booked and was skipped"]

    async def test_two_segments_of_one_day_share_it(self, tether: Caller) -> None:
        """Where clocks change apart, one of the organization's days can come twice."""
        calendar = await rules.calendar(tether.work(), BIRCH)
        lisbon = datetime(2027, 3, 27, 4, 30, tzinfo=ZoneInfo("Europe/Lisbon"))

        found, skipped = rules.segments(calendar, 7, lisbon)

        assert [(calendar.day(at), size) for at, size in found] == [
            ("2027-03-27", 5),
            ("2027-03-28", 2),
        ]
        assert skipped == ["2027-03-27"]

    async def test_nothing_is_reserved(self, tether: Caller) -> None:
        """A plan is only a plan."""
        asked = {"totalContacts": 5, "firstSegmentDate": "2030-07-01"}

        plans = [await tether.plan("birch-omar", **asked) for _ in range(2)]

        assert plans[0] == plans[1]

    async def test_plan_without_any_sms_has_no_segments(self, tether: Caller) -> None:
        """A limit of 0 is full for ever, and told in a warning."""
        await tether.put("organizations", "", _id=BIRCH, dailyLimit=0)

        plan = await tether.plan("birch-omar", totalContacts=1)

        assert (plan["segments"], plan["totalSegments"]) == ([], 0)
        assert plan["warnings"] == ["The plan holds no SMS on any day"]

    async def test_most_contacts_at_the_smallest_limit_end(self, tether: Caller) -> None:
        """The longest plan there is, at a hundred thousand days, is found."""
        calendar = replace(await rules.calendar(tether.work(), BIRCH), limit=1)
        begin = datetime(2099, 12, 31, 10, tzinfo=calendar.zone)

        found, skipped = rules.segments(calendar, 100_000, begin)

        assert (len(found), skipped) == (100_000, [])


class TestValidateContacts:
    """Contacts sorted before a campaign."""

    async def buckets(self, tether: Caller, account: str, *numbers: str) -> Any:
        """The buckets that are not empty, with numbers for contacts."""
        contacts = [{"phoneNumber": number} for number in numbers]
        answer = await tether.ok(
            GOOD["validateContacts"], account=account, body={"contacts": contacts}
        )
        return {
            bucket: [contact["phoneNumber"] for contact in found]
            for bucket, found in answer["data"].items()
            if found
        }

    @pytest.mark.parametrize(
        ("end", "of_alex", "of_dana"),
        [
            ("00", "existingContacts", "existingContacts"),
            ("04", "assignedToOtherUsers", "existingContacts"),
            ("05", "alreadyMessagedOutbound", "protectedContacts"),
            ("06", "alreadyMessagedInbound", "protectedContacts"),
            ("07", "assignedToYouNotOwned", "existingContacts"),
            ("08", "protectedContacts", "alreadyMessagedOutbound"),
            ("20", "existingContacts", "existingContacts"),
            ("21", "protectedContacts", "alreadyMessagedOutbound"),
            ("99", "newContacts", "newContacts"),
        ],
    )
    async def test_first_match_wins(
        self, end: str, of_alex: str, of_dana: str, tether: Caller
    ) -> None:
        """Each contact is in one bucket, which depends on who asks."""
        number = f"+141655501{end}"

        found = [
            await self.buckets(tether, account, number) for account in ("maple-alex", "maple-dana")
        ]

        assert found == [{of_alex: [number]}, {of_dana: [number]}]

    async def test_protection_ends(self, tether: Caller) -> None:
        """When the period is over, the next reason counts."""
        until = parse_instant("2026-06-11T13:00:05Z")
        seen = []

        for seconds in ((until - MONDAY) / SECOND - 1, 1):
            await tether.shift(seconds)
            seen += await self.buckets(tether, "maple-alex", "+14165550121")

        assert seen == ["protectedContacts", "assignedToOtherUsers"]

    async def test_number_is_placed_once(self, tether: Caller) -> None:
        """Sent again, however it is written, it is dropped; known ones show the stored number."""
        found = await self.buckets(
            tether,
            "maple-alex",
            *("+14155550133", "+1 416 555 0100", "+1 (415) 555-0133", "+14165550100"),
        )

        assert found == {"newContacts": ["+14155550133"], "existingContacts": ["+14165550100"]}

    async def test_new_contact_comes_back_as_sent(self, tether: Caller) -> None:
        """With every member, also those that Tether does not know."""
        sent = {"firstName": "Jo", "phoneNumber": "12", "city": None, "tags": [1]}

        answer = await tether.ok(GOOD["validateContacts"], body={"contacts": [sent]})

        assert answer["data"]["newContacts"] == [sent]

    async def test_nothing_is_stored(self, tether: Caller) -> None:
        """Sorting is only looking; nobody sorted is nobody found."""
        await tether.ok(GOOD["validateContacts"])

        assert await tether.work().store.contacts.count(MAPLE) == 13
        assert await self.buckets(tether, "maple-alex") == {}

    async def test_sent_contact_is_protected_from_colleagues(self, tether: Caller) -> None:
        """What a campaign did to a contact is seen here."""
        await tether.create(userIds=[SAM])
        await tether.shift(5)

        found = [
            await self.buckets(tether, account, "+14165550100")
            for account in ("maple-alex", "maple-dana")
        ]

        assert found == [
            {"alreadyMessagedOutbound": ["+14165550100"]},
            {"protectedContacts": ["+14165550100"]},
        ]


async def read_all(
    tether: Caller, path: str, limit: int, between: Callable[[], Awaitable[Any]]
) -> list[str]:
    """The ids on all pages; something happens after each of them."""
    ids: list[str] = []
    sign = "&" if "?" in path else "?"
    for number in itertools.count(1):
        listed = await tether.get(f"{path}{sign}page={number}&limit={limit}")
        if not listed["data"]:
            return ids
        ids += [each["_id"] for each in listed["data"]]
        await between()
    raise AssertionError("the pages never end")


async def nothing() -> None:
    """Nobody else is there."""


class TestPages:
    """Numbered pages of campaigns."""

    async def test_defaults(self, tether: Caller) -> None:
        """The first page of ten, newest first."""
        listed = await tether.get("/api/campaigns")

        assert (listed["total"], listed["page"], listed["limit"]) == (7, 1, 10)
        times = [each["createdAt"] for each in listed["data"]]
        assert times == sorted(times, reverse=True)

    async def test_newest_is_first(self, tether: Caller) -> None:
        """A new campaign heads the list, shown as it is when asked for."""
        created = await tether.create()

        assert (await tether.get("/api/campaigns"))["data"][0] == await tether.show(created)

    async def test_change_does_not_move_it(self, tether: Caller) -> None:
        """The order is that of creation."""
        before = await read_all(tether, "/api/campaigns", 100, nothing)

        await tether.change({"_id": SUMMER}, name="New")

        assert await read_all(tether, "/api/campaigns", 100, nothing) == before

    @pytest.mark.parametrize("operation", LISTS)
    async def test_page_past_the_end_is_empty(self, operation: str, tether: Caller) -> None:
        """There is no last page to be beyond of, however far one goes."""
        listed = await tether.get(f"{GOOD[operation].path}?page=2147483647&limit=100")

        assert listed["data"] == []
        assert listed["total"] > 0

    @pytest.mark.parametrize(
        ("sent", "names"),
        [
            ("status=scheduled", ["Q2 Lead Gen", "Summer Open House"]),
            ("status=completed", ["Open House", "Rate Drop Alert"]),
            ("status=Scheduled", []),
            ("status=", []),
            ("search=OPEN+house", ["Summer Open House", "Open House"]),
            ("search=open&status=completed", ["Open House"]),
            ("search=&status=failed", ["Missed Call"]),
        ],
    )
    async def test_filters(self, sent: str, names: list[str], tether: Caller) -> None:
        """By status to the letter, by a part of the name whatever its case."""
        listed = await tether.get(f"/api/campaigns?{sent}")

        assert [each["name"] for each in listed["data"]] == names
        assert listed["total"] == len(names)

    async def test_empty_search_finds_all(self, tether: Caller) -> None:
        """Nothing is in every name."""
        assert (await tether.get("/api/campaigns?search="))["total"] == 7

    async def test_scheduled_list_filters(self, tether: Caller) -> None:
        """Scheduled campaigns, also those whose date has passed, newest first."""
        await tether.shift(30 * DAY)

        listed = await tether.get("/api/campaigns/scheduled")
        searched = await tether.get("/api/campaigns/scheduled?search=lead")

        assert [each["_id"] for each in listed["data"]] == [Q2, SUMMER]
        assert [each["_id"] for each in searched["data"]] == [Q2]

    async def test_upcoming_are_ahead_and_ascending(self, tether: Caller) -> None:
        """The next one first; what was cancelled or has come is not among them."""
        later, sooner, same, cancelled = [
            await tether.create(scheduleDate=at(hours * HOUR)) for hours in (3, 1, 3, 2)
        ]
        await tether.post(cancelled, "cancel")

        before = await tether.get("/api/campaigns/upcoming")
        await tether.shift(HOUR)
        after = await tether.get("/api/campaigns/upcoming?limit=2&page=2")

        order = [sooner["_id"], *sorted([later["_id"], same["_id"]]), Q2, SUMMER]
        assert [each["_id"] for each in before["data"]] == order
        assert [each["_id"] for each in after["data"]] == order[3:]
        assert after["total"] == 4

    async def test_passed_date_is_not_upcoming(self, tether: Caller) -> None:
        """The seed's campaigns stand still; one whose date has passed is not ahead any more."""
        await tether.shift(30 * DAY)

        listed = await tether.get("/api/campaigns/upcoming")

        assert [each["_id"] for each in listed["data"]] == [SUMMER]

    async def test_upcoming_pages_go_on(self, tether: Caller) -> None:
        """A campaign that joins behind the first page takes nobody from the second."""
        first = await tether.get("/api/campaigns/upcoming?limit=1")
        await tether.create(scheduleDate="2031-01-01T00:00:00Z")

        second = await tether.get("/api/campaigns/upcoming?limit=1&page=2")

        assert [each["_id"] for each in first["data"] + second["data"]] == [Q2, SUMMER]

    async def test_filtered_pages_go_on(self, tether: Caller) -> None:
        """The pages of a filter together are its campaigns, also when one joins between them."""
        for _ in range(9):
            await tether.create(scheduleDate=at(HOUR))

        ids = await read_all(
            tether,
            "/api/campaigns?status=scheduled",
            5,
            lambda: tether.create(scheduleDate=at(HOUR)),
        )

        assert (len(ids), len(set(ids))) == (11, 11)

    async def test_readings_are_apart(self, tether: Caller) -> None:
        """Another filter or size, or another list, does not move the pages of the first reader."""
        first = await tether.get("/api/campaigns?limit=4")
        await tether.create()
        for other in ("?limit=5", "?limit=4&status=sending", "/upcoming?limit=4"):
            await tether.get(f"/api/campaigns{other}")

        second = await tether.get("/api/campaigns?limit=4&page=2")

        ids = [each["_id"] for each in first["data"] + second["data"]]
        assert (len(ids), len(set(ids))) == (7, 7)

    async def test_two_ways_to_one_list_are_apart(self, tether: Caller) -> None:
        """Whoever begins anew by the filter does not move the pages of the list of its own."""
        first = await tether.get("/api/campaigns/scheduled?limit=1")
        await tether.create(scheduleDate=at(HOUR))
        await tether.get("/api/campaigns?status=scheduled&limit=1")

        second = await tether.get("/api/campaigns/scheduled?limit=1&page=2")

        assert [each["_id"] for each in first["data"] + second["data"]] == [Q2, SUMMER]

    @pytest.mark.parametrize("limit", [50, 100])
    async def test_thousand_campaigns_each_once(self, limit: int, tether: Caller) -> None:
        """A reader meets each campaign exactly once, whether or not others create more."""
        made = [(await tether.create())["_id"] for _ in range(1_000 - 7)]

        alone = await read_all(tether, "/api/campaigns", limit, nothing)
        busy = await read_all(tether, "/api/campaigns", limit, tether.create)

        assert len(alone) == len(set(alone)) == len(busy) == len(set(busy)) == 1_000
        assert alone[: len(made)] == busy[: len(made)] == made[::-1]

    async def test_page_costs_the_page(self, tether: Caller) -> None:
        """The plain list reads no campaign that it does not show."""
        place = ("tether", "campaigns", MAPLE)
        await tether.session.store.commit({place: {"unreadable": b"{"}})

        listed = await tether.get("/api/campaigns?limit=1&page=2")

        assert [each["_id"] for each in listed["data"]] == [Q2]


class TestRateLimit:
    """Tether documents no limit; the mock's is 100 a minute for each organization."""

    async def test_hundred_a_minute(self, limited: Caller) -> None:
        """The next one is refused, and in the next minute is taken."""
        passed = {(await limited.send(GOOD["getCampaign"])).status_code for _ in range(100)}
        refused = await limited.send(GOOD["getCampaign"])

        await limited.shift(MINUTE)

        assert (passed, text(refused)) == ({200}, (429, "Too many requests"))
        assert (await limited.send(GOOD["getCampaign"])).status_code == 200

    async def test_organization_shares_it(self, limited: Caller) -> None:
        """Colleagues count together, other organizations and logins apart."""
        await one_too_many(limited, GOOD["listCampaigns"])

        answers = [
            (await limited.send(GOOD["listCampaigns"], account=account)).status_code
            for account in ("maple-dana", "harbour-john")
        ]

        assert answers == [429, 200]
        assert (await limited.send(GOOD["logIn"])).status_code == 200

    async def test_off_by_default(self, tether: Caller) -> None:
        """Without `--rate-limits` nothing is refused."""
        assert (await one_too_many(tether, GOOD["logIn"])).status_code == 200


class TestSeedWorld:
    """What there is from the start."""

    async def test_every_status_has_a_campaign(self, tether: Caller) -> None:
        """A newcomer finds one of each, and they stand still."""
        await tether.shift(10 * DAY)

        listed = (await tether.get("/api/campaigns"))["data"]

        assert {each["status"] for each in listed} == {
            *("scheduled", "sending", "completed", "failed", "cancelled")
        }
        shown = OPERATIONS["getCampaign"].responses[200]
        assert [shown.diagnose({"success": True, "data": each}) for each in listed] == [[]] * 7

    @pytest.mark.parametrize("verb", ["send", "reschedule"])
    async def test_published_campaign_can_be_played(self, verb: str, tether: Caller) -> None:
        """The published campaign goes out when somebody moves it, with its published total."""
        if verb == "send":
            await tether.post({"_id": Q2}, "send")
        else:
            await tether.change({"_id": Q2}, scheduleDate="2026-05-18T13:00:00Z")

        await tether.shift(HOUR)

        shown = await tether.show({"_id": Q2})
        assert (shown["status"], shown["stats"]["successRate"]) == ("completed", "100%")
        assert await tether.messages(shown) == ["Hi Alex, are you still interested in a quote?"]
        assert (await tether.day("2026-05-18"))["sent"] == 480 + 250


@pytest.fixture(scope="module")
def alone() -> Iterator[Live]:
    """This vendor alone behind a real socket, at the time of the published campaign."""
    yield from serve(TETHER)


async def test_documented_request_as_printed(alone: Live) -> None:
    """The published curl, with only its origin and token changed, answers as published."""
    origin = f"{alone.url}/@curl-{next(NUMBERS)}/tether"
    command = DOCUMENTED_CURL.replace("https://your-instance.example.com", origin)
    command = command.replace("<token>", credential("maple-alex"))
    shell = ["sh", "-c", f"{command.strip()} --silent --fail"]

    run = await anyio.to_thread.run_sync(
        lambda: subprocess.run(shell, capture_output=True, check=True)
    )

    created, published = json.loads(run.stdout), OPERATIONS["createCampaign"].success.examples
    assert without(created, "data") == without(published["success"], "data")
    short = without(published["success"]["data"], "_id")
    assert {name: created["data"][name] for name in short} == short


async def test_what_fell_due_is_done_before_the_answer(alone: Live) -> None:
    """Behind a socket a clock that moved on shows in the next answer."""
    session = f"shifted-{next(NUMBERS)}"
    headers = {"authorization": f"Bearer {credential('maple-alex')}"}
    base_url = f"{alone.url}/@{session}/tether"
    async with httpx.AsyncClient(base_url=base_url, headers=headers) as http:
        created = (await http.post("/api/campaigns", json=campaign())).json()["data"]

        alone.app.session(session).clock.shift(3 * DAY * SECOND)

        shown = (await http.get(of(created["_id"]))).json()["data"]
    assert (shown["status"], shown["stats"]["sent"]) == ("completed", 3)

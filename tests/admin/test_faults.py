"""Planned failures over HTTP: planning them, whom they meet, and what they leave behind."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.conftest import NOON, problem_of
from understudy.core.settings import Settings
from understudy.engine.registry import data_folder, open_service
from understudy.openapi.document import read_source
from understudy.server.app import App, create_app
from understudy.server.log_lines import format_exchange
from understudy.session.faults import (
    DELAY_FAULTS,
    DELIVERY_FAULTS,
    MAX_BODY,
    MAX_FAULTS,
    REQUEST_FAULTS,
)
from understudy.session.journal import Exchange
from understudy.vendors import vendor_names

FAULTS = "/__admin/faults"
KEY = {"x-api-key": "sk_test_acme_admin"}
RETRY = {**KEY, "idempotency-key": "order-66"}
CAMPAIGNS = "/sent/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns"
SEED = ["Customer Notifications"]
CASE = {"messagingUseCaseUs": "TWO_FA", "sampleMessages": ["Your code is {code}."]}
CAMPAIGN = {"campaign": {"name": "Codes", "description": "d", "type": "KYC", "useCases": [CASE]}}

# Every kind with every member that it knows; a bad signature needs a vendor that signs.
NARROWED = {"vendor": "sent", "times": 3, "probability": 0.5, "seed": 7}
MEMBERS: dict[str, dict[str, Any]] = {
    "status": {"status": 429, "retry_after": 9, "after": True, "body": {"no": 1}},
    "rate-limit": {"retry_after": 9, "after": True},
    "delay": {"delay": 5, "sigma": 0.5},
    "reset": {"after": True},
    "empty": {"after": True},
    "truncated": {},
    "malformed": {},
    "content-type": {},
    "trickle": {"delay": 5},
    "webhook-duplicate": {},
    "webhook-late": {"delay": 5},
    "webhook-out-of-order": {"delay": 5},
    "webhook-never": {},
}


def test_the_document_lists_the_kinds_that_strike() -> None:
    """A kind that only the document knew would be taken with 201, and would never strike."""
    document = read_source(data_folder("specs") / "admin.yaml")

    kinds = document["components"]["schemas"]["FaultKind"]["enum"]

    assert sorted(kinds) == sorted([*REQUEST_FAULTS, *DELIVERY_FAULTS])


NUMBERS = itertools.count(1)
SESSION = "x-understudy-session"


@pytest.fixture(scope="module")
def app() -> App:
    """One app for all: each test has a session of its own."""
    return create_app(Settings(clock=NOON))


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the in-process mock in a session that no other test has."""
    transport = httpx.ASGITransport(app)
    own = {SESSION: f"faults-{next(NUMBERS)}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://mock", headers=own
    ) as client:
        yield client


def beside(client: httpx.AsyncClient, word: str) -> str:
    """Another session of the same test."""
    return f"{client.headers[SESSION]}-{word}"


async def plan(client: httpx.AsyncClient, kind: str, **members: Any) -> dict[str, Any]:
    """Plan a fault in the client's session."""
    reply = await client.post(FAULTS, json={"kind": kind, **members})
    assert reply.status_code == 201, reply.text
    planned: dict[str, Any] = reply.json()
    return planned


async def refusal(client: httpx.AsyncClient, members: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What is wrong with a fault: pointer, message and hint of each misfit."""
    reply = await client.post(FAULTS, json=members)
    assert reply.status_code == 422, reply.text
    return [
        (each["pointer"], each["message"], each["hint"]) for each in problem_of(reply)["errors"]
    ]


async def names(client: httpx.AsyncClient) -> list[str]:
    """The names of the campaigns that are stored, past every fault."""
    url = "/__admin/resources/sent/campaigns"
    stored = (await client.get(url, params={"limit": 1000})).json()["resources"]
    return [each["resource"]["name"] for each in stored]


async def create(client: httpx.AsyncClient, headers: dict[str, str] = KEY) -> httpx.Response:
    return await client.post(CAMPAIGNS, json=CAMPAIGN, headers=headers)


async def shown(client: httpx.AsyncClient) -> dict[str, Any]:
    """The only fault that is planned."""
    [fault] = (await client.get(FAULTS)).json()["faults"]
    members: dict[str, Any] = fault
    return members


@pytest.mark.parametrize("kind", MEMBERS)
async def test_every_kind_is_planned_with_its_members(client: httpx.AsyncClient, kind: str) -> None:
    """What was asked for is what is planned, and what is shown later."""
    whom = {"event": "e"} if kind in DELIVERY_FAULTS else {"operation": "listCampaigns"}
    asked = {**NARROWED, **whom, **MEMBERS[kind]}

    planned = await plan(client, kind, **asked)

    assert {name: planned[name] for name in asked} == asked
    assert (planned["kind"], planned["struck"], planned["used_up"]) == (kind, 0, False)
    assert (await client.get(f"{FAULTS}/{planned['id']}")).json() == planned


@pytest.mark.parametrize("kind", MEMBERS)
async def test_what_is_left_out_has_a_default(client: httpx.AsyncClient, kind: str) -> None:
    """A kind by itself meets everybody, always, after its own delay."""
    planned = await plan(client, kind, **({"status": 503} if kind == "status" else {}))

    unset = ("vendor", "operation", "event", "times", "example")
    assert [planned[name] for name in unset] == [None] * 5
    assert (planned["probability"], planned["seed"], planned["retry_after"]) == (1, 0, 1)
    assert (planned["delay"], planned["after"]) == (DELAY_FAULTS.get(kind, 0), False)
    assert "body" not in planned


@pytest.mark.parametrize("member", ["operation", "status", "delay", "retry_after", "after"])
@pytest.mark.parametrize("kind", DELIVERY_FAULTS)
async def test_a_stranger_among_a_deliverys_members(
    client: httpx.AsyncClient, kind: str, member: str
) -> None:
    """What means nothing to the kind is refused, and the hint lists what it takes."""
    if member in MEMBERS.get(kind, {}):
        return
    value = {"operation": "listCampaigns", "status": 503, "after": True}.get(member, 5)

    misfits = await refusal(client, {"kind": kind, "vendor": "sent", member: value})

    found = next(each for each in misfits if each[0] == f"/{member}")
    assert found[1] == f"{member} means nothing to the kind {kind}"
    assert found[2].startswith("it takes: ")
    assert "event, " in found[2]


@pytest.mark.parametrize("kind", REQUEST_FAULTS)
async def test_a_stranger_among_a_requests_members(client: httpx.AsyncClient, kind: str) -> None:
    """Every member that another kind has is refused at once, each by its pointer."""
    everything = {"event": "e", "status": 503, "delay": 5, "sigma": 0.5, "after": True}
    strangers = {name: value for name, value in everything.items() if name not in MEMBERS[kind]}

    misfits = await refusal(client, {"kind": kind, **strangers})

    told = {pointer for pointer, message, _ in misfits if "means nothing to the kind" in message}
    assert told == {f"/{name}" for name in strangers}


@pytest.mark.parametrize(
    ("members", "pointer", "message", "hint"),
    [
        (
            {"kind": "reset", "operation": "createCampain"},
            "/operation",
            'there is no operation "createCampain"',
            "createCampaign",
        ),
        (
            {"kind": "reset", "vendor": "zexa", "operation": "deleteCampaigns"},
            "/operation",
            'there is no operation "deleteCampaigns"',
            "operations: ",
        ),
        ({"kind": "status"}, "/status", "the kind status needs one", "200 to 599"),
        (
            {"kind": "status", "status": 503, "retry_after": 5},
            "/retry_after",
            "retry_after means nothing to a 503",
            "",
        ),
        (
            {"kind": "status", "status": 404, "example": "nope", "vendor": "sent"},
            "/example",
            'no reply 404 has an example "nope"',
            "brand-not-found",
        ),
        (
            {"kind": "status", "status": 418, "example": "nope"},
            "/example",
            'no reply 418 has an example "nope"',
            "examples: none",
        ),
        (
            {"kind": "status", "status": 404, "example": "brand-not-found", "body": {}},
            "/example",
            "an example and a body were given",
            "choose one of them",
        ),
        (
            {"kind": "status", "status": 204, "body": {}},
            "/body",
            "a reply 204 has no body",
            "leave it out",
        ),
        (
            {"kind": "status", "status": 500, "body": "x" * MAX_BODY},
            "/body",
            f"it has {MAX_BODY + 2} bytes",
            f"it may have {MAX_BODY}",
        ),
        (
            {"kind": "webhook-bad-signature", "vendor": "tether"},
            "/vendor",
            "tether signs no deliveries",
            "choose another vendor",
        ),
    ],
)
async def test_a_fault_that_could_not_strike_is_refused(
    client: httpx.AsyncClient, members: dict[str, Any], pointer: str, message: str, hint: str
) -> None:
    """The answer says what, with which value, and what to write instead; nothing is planned."""
    misfits = await refusal(client, members)

    [found] = [each for each in misfits if each[1] == message]
    assert found[0] == pointer
    assert hint in found[2]
    assert (await client.get(FAULTS)).json() == {"faults": []}


async def test_every_misfit_is_told_at_once(client: httpx.AsyncClient) -> None:
    """Nobody mends them one by one."""
    asked = {"kind": "status", "operation": "nope", "sigma": 1}

    misfits = await refusal(client, asked)

    assert {pointer for pointer, _, _ in misfits} == {"/operation", "/sigma", "/status"}


async def test_an_unknown_vendor_is_not_found(client: httpx.AsyncClient) -> None:
    """The hint names those that are served."""
    reply = await client.post(FAULTS, json={"kind": "reset", "vendor": "zent"})

    assert (reply.status_code, problem_of(reply)["detail"]) == (404, 'there is no vendor "zent"')
    assert "zexa" in problem_of(reply)["errors"][0]["hint"]


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"kind": "nope"},
        {"kind": "reset", "more": 1},
        {"kind": "reset", "times": 0},
        {"kind": "reset", "probability": 1.5},
        {"kind": "status", "status": 199},
        {"kind": "status", "status": 600},
        {"kind": "delay", "delay": 60_001},
        {"kind": "delay", "sigma": 3.1},
        {"kind": "rate-limit", "retry_after": 0},
        {"kind": "reset", "times": "3"},
    ],
)
async def test_what_the_document_does_not_allow_is_a_400(
    client: httpx.AsyncClient, members: dict[str, Any]
) -> None:
    """Form is checked before sense."""
    reply = await client.post(FAULTS, json=members)

    assert reply.status_code == 400
    assert problem_of(reply)["errors"]


async def test_whole_numbers_are_whole(client: httpx.AsyncClient) -> None:
    """JSON's 5.0 is an integer; neither the journal nor Retry-After shows a fraction."""
    content = '{"kind": "status", "status": 429.0, "retry_after": 5.0, "times": 1.0}'
    await client.post(FAULTS, content=content, headers={"content-type": "application/json"})

    reply = await client.get(CAMPAIGNS, headers=KEY)

    assert (reply.headers["retry-after"], (await shown(client))["times"]) == ("5", 1)
    assert repr((await client.get("/__admin/requests")).json()["requests"][0]["status"]) == "429"


async def test_a_fault_counts_until_it_is_used_up(client: httpx.AsyncClient) -> None:
    """`struck` goes up to `times`; then requests are answered as ever."""
    await plan(client, "status", status=503, times=2)

    statuses = [(await client.get(CAMPAIGNS, headers=KEY)).status_code for _ in range(3)]

    fault = await shown(client)
    assert statuses == [503, 503, 200]
    assert (fault["struck"], fault["used_up"]) == (2, True)


async def test_a_deleted_fault_strikes_no_more(client: httpx.AsyncClient) -> None:
    """It is gone from the list, too, and the next one is the first."""
    await plan(client, "status", status=503)
    await plan(client, "status", status=500)

    deleted = await client.delete(f"{FAULTS}/1")

    assert (deleted.status_code, (await shown(client))["id"]) == (204, "2")
    assert (await client.get(CAMPAIGNS, headers=KEY)).status_code == 500


async def test_all_faults_are_deleted_at_once(client: httpx.AsyncClient) -> None:
    """What is planned is over."""
    await plan(client, "status", status=503)

    deleted = await client.delete(FAULTS)

    assert (deleted.status_code, (await client.get(FAULTS)).json()) == (204, {"faults": []})
    assert (await client.get(CAMPAIGNS, headers=KEY)).status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_fault_that_is_not_there(client: httpx.AsyncClient, method: str) -> None:
    """An unknown id is a 404 that says where the known ones are."""
    reply = await client.request(method, f"{FAULTS}/7")

    assert (reply.status_code, problem_of(reply)["detail"]) == (404, 'there is no fault "7"')


async def test_faults_have_a_bound(client: httpx.AsyncClient) -> None:
    """One more than may be is a conflict, and the session still answers."""
    for _ in range(MAX_FAULTS):
        await plan(client, "reset", probability=0)

    refused = await client.post(FAULTS, json={"kind": "reset"})

    assert refused.status_code == 409
    assert problem_of(refused)["detail"] == f"there are {MAX_FAULTS} faults already"
    assert (await client.get(CAMPAIGNS, headers=KEY)).status_code == 200


async def test_other_sessions_are_untouched(client: httpx.AsyncClient) -> None:
    """A fault belongs to the session in which it was planned."""
    session = beside(client, "other")
    await plan(client, "status", status=503)

    mine = await client.get(CAMPAIGNS, headers=KEY)
    other = await client.get(f"/@{session}{CAMPAIGNS}", headers=KEY)

    assert (mine.status_code, other.status_code) == (503, 200)
    assert (await client.get(f"/@{session}{FAULTS}")).json() == {"faults": []}


async def test_other_operations_and_vendors_are_untouched(client: httpx.AsyncClient) -> None:
    """Only whom the fault names meets it."""
    await plan(client, "status", status=503, vendor="sent", operation="createCampaign")

    created = await create(client)
    listed = await client.get(CAMPAIGNS, headers=KEY)
    elsewhere = await first(client, "zexa")

    assert [each.status_code for each in (created, listed, elsewhere)] == [503, 200, 200]


async def test_the_admin_plane_meets_no_fault(client: httpx.AsyncClient) -> None:
    """What was planned can always be taken back."""
    await plan(client, "status", status=503)

    assert (await client.get(FAULTS)).status_code == 200
    assert (await shown(client))["struck"] == 0


async def test_a_reset_ends_what_was_planned(client: httpx.AsyncClient) -> None:
    """A session that begins anew has no faults; ids go on, so that nobody takes back another's."""
    await plan(client, "status", status=503)
    await client.post(f"/__admin/sessions/{client.headers[SESSION]}/reset")

    planned = await plan(client, "reset")

    assert planned["id"] == "2"


async def test_a_restored_world_leaves_what_was_planned(client: httpx.AsyncClient) -> None:
    """What is to break is the test's, not the world's."""
    await client.post("/__admin/snapshots/before")
    await plan(client, "status", status=503)

    await client.post("/__admin/snapshots/before/restore")

    assert (await client.get(CAMPAIGNS, headers=KEY)).status_code == 503


async def test_who_is_not_let_in_meets_no_fault(client: httpx.AsyncClient) -> None:
    """Authentication comes first."""
    await plan(client, "status", status=503)

    reply = await client.get(CAMPAIGNS)

    assert (reply.status_code, (await shown(client))["struck"]) == (401, 0)


async def test_a_broken_request_meets_no_fault(client: httpx.AsyncClient) -> None:
    """Validation comes first."""
    await plan(client, "status", status=503)

    reply = await client.post(CAMPAIGNS, json={}, headers=KEY)

    assert (reply.status_code, (await shown(client))["struck"]) == (400, 0)


BEFORE: list[dict[str, Any]] = [
    {"kind": "status", "status": 503},
    {"kind": "rate-limit"},
    {"kind": "reset"},
    {"kind": "empty"},
]
AFTER: list[dict[str, Any]] = [
    *({**each, "after": True} for each in BEFORE),
    *({"kind": kind} for kind in ("truncated", "malformed", "content-type", "trickle", "delay")),
]


def label(members: dict[str, Any]) -> str:
    return "-".join(["after"] * members.get("after", False) + [members["kind"]])


async def lose(client: httpx.AsyncClient, members: dict[str, Any]) -> None:
    """Create a campaign and lose the reply to a fault, whatever the caller meets."""
    slow = {"delay": 0} if members["kind"] in ("trickle", "delay") else {}
    await plan(client, **{**members, **slow, "times": 1})
    try:
        await create(client, RETRY)
    except ConnectionError:
        return


@pytest.mark.parametrize("members", BEFORE, ids=label)
async def test_a_fault_before_the_effect_leaves_no_trace(
    client: httpx.AsyncClient, members: dict[str, Any]
) -> None:
    """Nothing is stored, and the retry with the same key is a first request."""
    await lose(client, members)
    stored = await names(client)

    retried = await create(client, RETRY)

    assert "Codes" not in stored
    assert (retried.status_code, (await names(client)).count("Codes")) == (201, 1)
    assert "idempotent-replayed" not in retried.headers


@pytest.mark.parametrize("members", AFTER, ids=label)
async def test_a_fault_after_the_effect_loses_only_the_reply(
    client: httpx.AsyncClient, members: dict[str, Any]
) -> None:
    """The campaign is stored once; the retry with the same key gets the real reply."""
    await lose(client, members)
    stored = await names(client)

    retried = await create(client, RETRY)

    assert stored.count("Codes") == 1
    assert (retried.status_code, retried.headers["idempotent-replayed"]) == (201, "true")
    assert retried.json()["data"]["name"] == "Codes"
    assert (await names(client)).count("Codes") == 1


@pytest.mark.parametrize("members", AFTER, ids=label)
async def test_the_retry_gets_the_bytes_that_were_lost(
    client: httpx.AsyncClient, members: dict[str, Any]
) -> None:
    """What is replayed is what a session without the fault was told."""
    url = f"/@{beside(client, 'whole')}{CAMPAIGNS}"
    first = await client.post(url, json=CAMPAIGN, headers=RETRY)
    await lose(client, members)

    retried = await create(client, RETRY)

    assert retried.content == first.content


UNSTRUCK: list[dict[str, Any]] = [
    {"kind": "reset", "probability": 0},
    {"kind": "reset", "vendor": "zexa"},
    {"kind": "reset", "operation": "deleteCampaign"},
    {"kind": "webhook-never"},
    {"kind": "delay", "delay": 0, "sigma": 1.0},
]


@pytest.mark.parametrize("members", UNSTRUCK)
async def test_faults_do_not_move_ids(client: httpx.AsyncClient, members: dict[str, Any]) -> None:
    """The same requests get the same bytes with a fault that does not strike and without."""
    await plan(client, **members)
    plain = f"/@{beside(client, 'plain')}{CAMPAIGNS}"

    faulty, without = [
        [(await client.post(url, json=CAMPAIGN, headers=KEY)).content for _ in range(3)]
        for url in (CAMPAIGNS, plain)
    ]

    assert faulty == without
    assert len(set(faulty)) == 3


def credential(vendor: str) -> dict[str, str]:
    """The header by which a vendor's default account is known."""
    accounts = open_service(vendor).accounts
    assert accounts is not None
    key = accounts.default.credential
    return {"x-api-key": key, "authorization": f"Bearer {key}"}


async def first(client: httpx.AsyncClient, vendor: str) -> httpx.Response:
    """The GET that a vendor's seed world answers."""
    return await client.get(
        f"/{vendor}{open_service(vendor).vendor.first_request}", headers=credential(vendor)
    )


@pytest.mark.parametrize("status", [200, 302, 418, 599])
@pytest.mark.parametrize("vendor", vendor_names())
async def test_an_undocumented_status_comes_in_the_vendors_envelope(
    client: httpx.AsyncClient, vendor: str, status: int
) -> None:
    """The body has the members that the vendor's errors have, or is the documented one."""
    wrong = (await client.get(f"/{vendor}/nothing", headers=credential(vendor))).json()
    right = (await first(client, vendor)).json()
    await plan(client, "status", status=status)

    reply = await first(client, vendor)

    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/json"
    assert reply.json().keys() == (right if status == 200 else wrong).keys()


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_a_status_without_a_body_has_none(client: httpx.AsyncClient, status: int) -> None:
    """HTTP gives these no body, so the envelope is left out."""
    await plan(client, "status", status=status)

    reply = await client.get(CAMPAIGNS, headers=KEY)

    assert (reply.status_code, reply.content) == (status, b"")
    assert "content-type" not in reply.headers


async def test_a_documented_status_comes_with_its_documented_body(
    client: httpx.AsyncClient,
) -> None:
    """The first example of the operation's own reply, word for word."""
    await plan(client, "status", status=503)

    reply = await client.get(CAMPAIGNS, headers=KEY)

    declared = open_service("sent").document.operations["listCampaigns"].responses[503]
    assert reply.json() == next(iter(declared.examples.values()))


async def test_an_example_is_picked_by_name(client: httpx.AsyncClient) -> None:
    """Of several documented bodies, the one that was named; the first where it is not known."""
    responses = open_service("sent").document.operations["listCampaigns"].responses
    *_, example = responses[404].examples
    await plan(client, "status", status=404, example=example)

    reply = await client.get(CAMPAIGNS, headers=KEY)

    assert reply.json() == responses[404].examples[example]


@pytest.mark.parametrize("body", [None, 1, "text", [], {"a": {"b": [None]}}, {"é": "🙂"}])
async def test_a_body_of_ones_own(client: httpx.AsyncClient, body: Any) -> None:
    """Whatever JSON it is, it is sent, and shown with the fault."""
    await plan(client, "status", status=502, body=body)

    replies = [await client.get(CAMPAIGNS, headers=KEY) for _ in range(2)]

    assert [(each.status_code, each.json()) for each in replies] == [(502, body)] * 2
    assert (await shown(client))["body"] == body


@pytest.mark.parametrize(
    ("members", "seconds"),
    [
        ({"kind": "rate-limit"}, "1"),
        ({"kind": "rate-limit", "retry_after": 30}, "30"),
        ({"kind": "status", "status": 429}, "1"),
        ({"kind": "status", "status": 429, "retry_after": 30}, "30"),
        ({"kind": "status", "status": 429, "body": {}}, "1"),
        ({"kind": "status", "status": 429, "after": True}, "1"),
        ({"kind": "status", "status": 503}, None),
    ],
)
async def test_a_429_says_when_to_come_back(
    client: httpx.AsyncClient, members: dict[str, Any], seconds: str | None
) -> None:
    """Retry-After goes with 429, whoever answers it."""
    await plan(client, **members)

    reply = await client.get(CAMPAIGNS, headers=KEY)

    assert reply.status_code == members.get("status", 429)
    assert reply.headers.get("retry-after") == seconds


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"kind": "status", "status": 503}, "status 503"),
        ({"kind": "rate-limit"}, "rate-limit"),
        ({"kind": "malformed"}, "malformed"),
        ({"kind": "content-type"}, "content-type"),
    ],
)
async def test_the_diagnosis_names_the_fault(
    client: httpx.AsyncClient, members: dict[str, Any], name: str
) -> None:
    """Nobody looks for a defect where a failure was planned: header and journal tell it."""
    await plan(client, **members)

    reply = await client.get(CAMPAIGNS, headers=KEY)

    [diagnosis] = json.loads(reply.headers["x-understudy-diagnosis"])
    [told] = (await client.get("/__admin/requests")).json()["requests"]
    assert (diagnosis["code"], diagnosis["hint"]) == ("fault", "see /__admin/faults/1")
    assert diagnosis["message"].startswith("a planned fault struck: ")
    assert (told["fault"], told["codes"]) == (name, ["fault"])


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", ["reset", "empty"])
async def test_a_reply_that_nobody_saw_has_no_status(
    client: httpx.AsyncClient, kind: str, after: bool
) -> None:
    """The journal says 0, counts it under 0, and coverage is still told."""
    await plan(client, kind, after=after)

    with pytest.raises(ConnectionError):
        await client.get(CAMPAIGNS, headers=KEY)

    [told] = (await client.get("/__admin/requests", params={"status": "0"})).json()["requests"]
    assert (told["status"], told["fault"], told["codes"]) == (0, kind, ["fault"])
    assert (await client.get("/__admin/coverage")).status_code == 200


async def test_the_log_names_the_fault() -> None:
    """A line of the log says that the failure was planned, and a dash that nobody saw a status."""
    lines: list[str] = []

    def log(entry: Any) -> None:
        if isinstance(entry, Exchange):
            lines.append(format_exchange(entry).split("\n")[0])

    app = create_app(Settings(clock=NOON), log)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock") as one:
        await plan(one, "status", status=503, times=1)
        await one.get(CAMPAIGNS, headers=KEY)
        await plan(one, "empty")
        with pytest.raises(ConnectionError):
            await one.get(CAMPAIGNS, headers=KEY)

    told = [line.partition("campaigns ")[2] for line in lines if "listCampaigns" in line]
    assert told == [
        "503 listCampaigns (fault: status 503)",
        "--- listCampaigns (fault: empty)",
    ]


async def test_static_replies_meet_faults_too() -> None:
    """Without state there is still a connection to break."""
    app = create_app(Settings(static=True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock") as one:
        await plan(one, "status", status=503, times=1)

        statuses = [(await one.get(CAMPAIGNS, headers=KEY)).status_code for _ in range(2)]

    assert statuses == [503, 200]


async def test_a_rehearsed_request_meets_faults_too(client: httpx.AsyncClient) -> None:
    """Sent's `sandbox` runs every check; the fault comes after them, and nothing is kept."""
    await plan(client, "status", status=503, times=1)
    rehearsal = {**CAMPAIGN, "sandbox": True}

    statuses = [
        (await client.post(CAMPAIGNS, json=rehearsal, headers=KEY)).status_code for _ in range(2)
    ]

    assert (statuses, "Codes" in await names(client)) == ([503, 201], False)


async def test_a_page_may_read_a_planned_failure(client: httpx.AsyncClient) -> None:
    """A browser's request is answered with CORS whatever strikes it."""
    await plan(client, "content-type")

    reply = await client.get(CAMPAIGNS, headers={**KEY, "origin": "http://page.test"})

    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["content-type"] == "text/html; charset=utf-8"


async def test_a_replayed_reply_meets_no_fault(client: httpx.AsyncClient) -> None:
    """A retry that is answered from memory does not reach the handler, nor the fault before it."""
    await create(client, RETRY)
    await plan(client, "status", status=503)

    again = await create(client, RETRY)

    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert (await shown(client))["struck"] == 0

"""The journal over HTTP: listed, filtered, counted, shown; what a lost request was meant for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.admin.requests import ADMIN, Ask, ask, credential, hint, mock, refused
from tests.conftest import NOON
from understudy.core.settings import Settings
from understudy.engine.registry import open_services
from understudy.openapi.document import Operation
from understudy.redaction.masks import REDACTED
from understudy.server.app import App
from understudy.service.service import Service
from understudy.session.journal import MAX_KEPT_BODY

REQUESTS = f"{ADMIN}/requests"
CREATE = "/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns"
TEAM = Ask("sent", "POST", "/v3/profiles", {"name": "Team", "tags": [1, True, None]})
LIST = Ask("sent", "GET", "/v3/profiles")
CREDITS = Ask("zexa", "GET", "/v1/credits")
REFUSED = Ask("sent", "POST", CREATE, {"campaign": {"name": ""}})


@pytest.fixture
async def day(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Five requests: 1 and 2 at noon, 3 and 4 an hour later, 5 of another vendor."""
    await ask(client, LIST)
    await ask(client, TEAM)
    await client.patch(f"{ADMIN}/clock", json={"shift": "PT1H"})
    await ask(client, REFUSED)
    await client.get("/nobody/v3")
    await ask(client, CREDITS)
    return client


async def ids(client: httpx.AsyncClient, **query: Any) -> list[str]:
    """The ids of what a query finds."""
    response = await client.get(REQUESTS, params=query)
    assert response.status_code == 200, response.text
    found = response.json()
    assert found["total"] >= len(found["requests"])
    return [each["id"] for each in found["requests"]]


async def test_requests_are_listed_oldest_first(day: httpx.AsyncClient) -> None:
    """Those that reached nobody, too."""
    assert await ids(day) == ["1", "2", "3", "4", "5"]


async def test_a_summary_says_what_became_of_a_request(day: httpx.AsyncClient) -> None:
    """One line for each: who, what, when, and what was wrong."""
    [summary] = (await day.get(REQUESTS, params={"operation": "createCampaign"})).json()["requests"]

    assert summary == {
        "id": "3",
        "at": "2026-03-11T13:00:00.000000000Z",
        "vendor": "sent",
        "operation": "createCampaign",
        "method": "POST",
        "path": CREATE,
        "query": "",
        "status": 400,
        "milliseconds": 0,
        "account": "acme-admin",
        "preference": "",
        "fault": "",
        "codes": summary["codes"],
    }
    assert "required" in summary["codes"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"vendor": "zexa"}, ["5"]),
        ({"operation": "createProfile"}, ["2"]),
        ({"method": "POST"}, ["2", "3"]),
        ({"method": "post"}, ["2", "3"]),
        ({"path": "/v3/profiles"}, ["1", "2"]),
        ({"path": "/nobody/v3"}, ["4"]),
        ({"status": "400"}, ["3"]),
        ({"status": "4xx"}, ["3", "4"]),
        ({"status": "2xx", "vendor": "sent"}, ["1", "2"]),
        ({"status": "0"}, []),
        ({"since": "2026-03-11T13:00:00Z"}, ["3", "4", "5"]),
        ({"since": "2026-03-11T14:00:00.000000001+01:00"}, []),
        ({"until": "2026-03-11T13:00:00Z"}, ["1", "2"]),
        ({"since": "2026-03-11T12:00:00Z", "until": "2026-03-11T12:00:00.000000001Z"}, ["1", "2"]),
        ({"after": "3"}, ["4", "5"]),
        ({"after": "99"}, []),
        ({"limit": "2"}, ["1", "2"]),
        ({"pointer": "/name"}, ["2"]),
        ({"pointer": "/name", "value": "Team"}, ["2"]),
        ({"pointer": "/name", "value": '"Team"'}, ["2"]),
        ({"pointer": "/name", "value": "Tea"}, []),
        ({"pointer": "/tags/0", "value": "1"}, ["2"]),
        ({"pointer": "/tags/1", "value": "1"}, []),
        ({"pointer": "/tags/1", "value": "true"}, ["2"]),
        ({"pointer": "/tags/2", "value": "null"}, ["2"]),
        ({"pointer": "/tags/3"}, []),
        ({"pointer": "/tags", "value": "[1, true, null]"}, ["2"]),
        ({"pointer": "/tags", "value": "[true, 1, null]"}, []),
        ({"pointer": "/campaign/name", "value": ""}, ["3"]),
        ({"pointer": ""}, ["2", "3"]),
        ({"value": "Team"}, ["1", "2", "3", "4", "5"]),
    ],
)
async def test_requests_are_filtered(
    day: httpx.AsyncClient, query: dict[str, str], found: list[str]
) -> None:
    """Every filter that is given must be met; listing, counting and showing agree."""
    assert await ids(day, **query) == found

    shown = (await day.get(f"{REQUESTS}/find", params=query)).json()
    counted = (await day.get(f"{REQUESTS}/count", params=query)).json()

    assert [each["id"] for each in shown["exchanges"]] == found
    assert counted["count"] == shown["total"]


@pytest.mark.parametrize("query", [{"vendor": "nobody"}, {"operation": "createProfil"}])
@pytest.mark.parametrize("way", ["", "/find", "/count"])
async def test_an_unknown_name_is_not_found(
    day: httpx.AsyncClient, way: str, query: dict[str, str]
) -> None:
    """A typo must not look like a request that was never made."""
    answer = await day.get(f"{REQUESTS}{way}", params=query)

    assert (answer.status_code, "createProfile" in answer.text) == (404, "operation" in query)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ({}, ["1", "2", "3", "4", "5"]),
        ({"vendor": "sent", "status": "2xx"}, ["1", "2"]),
        ({"body": {"/name": "Team", "/tags/0": 1}}, ["2"]),
        ({"body": {"/name": "Team", "/tags/0": True}}, []),
        ({"body": {"/tags": [1, True, None]}}, ["2"]),
        ({"body": {"/tags": [1, 1, None]}}, []),
        ({"body": {"": {"campaign": {"name": ""}}}}, ["3"]),
        ({"body": {"/name": "Team", "/missing": None}}, []),
        ({"body": {}}, ["1", "2", "3", "4", "5"]),
        ({"since": "2026-03-11T13:00:00Z", "method": "GET", "limit": 1}, ["4"]),
        ({"after": 4}, ["5"]),
    ],
)
async def test_a_pattern_names_any_number_of_members(
    day: httpx.AsyncClient, pattern: dict[str, Any], found: list[str]
) -> None:
    """What a query says of one member, a pattern says of many."""
    shown = (await day.post(f"{REQUESTS}/find", json=pattern)).json()
    counted = (await day.post(f"{REQUESTS}/count", json=pattern)).json()

    assert [each["id"] for each in shown["exchanges"]] == found
    assert counted["count"] == shown["total"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"status": "600"}, "status"),
        ({"status": "4XX"}, "status"),
        ({"status": "40"}, "status"),
        ({"pointer": "name"}, "pointer"),
        ({"pointer": "/a~2"}, "pointer"),
        ({"since": "noon"}, "since"),
        ({"since": "2026-06-30T23:59:60Z"}, "since"),
        ({"until": "0001-01-01T00:00:00Z"}, "until"),
        ({"after": "-1"}, "after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
    ],
)
@pytest.mark.parametrize("path", ["", "/count", "/find"])
async def test_a_bad_filter_is_refused(
    client: httpx.AsyncClient, path: str, query: dict[str, str], pointer: str
) -> None:
    """The answer names the parameter."""
    response = await client.get(f"{REQUESTS}{path}", params=query)

    assert refused(response, 400)["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "pattern",
    [{"status": 400}, {"since": "noon"}, {"since": "2026-06-30T23:59:60Z"}, {"name": "x"}, []],
)
async def test_a_bad_pattern_is_refused(client: httpx.AsyncClient, pattern: Any) -> None:
    """A pattern breaks the document, or names no time."""
    refused(await client.post(f"{REQUESTS}/find", json=pattern), 400)
    refused(await client.post(f"{REQUESTS}/count", json=pattern), 400)


async def test_a_request_is_shown_with_its_reply(client: httpx.AsyncClient) -> None:
    """Headers, bodies as text and as JSON, diagnoses; by the id that its reply carried."""
    reply = await ask(client, REFUSED)

    shown = (await client.get(f"{REQUESTS}/{reply.headers['x-understudy-exchange']}")).json()

    assert shown["request"]["json"] == REFUSED.body
    assert shown["response"]["body"] == reply.text
    assert shown["response"]["json"] == reply.json()
    assert shown["response"]["headers"]["content-type"] == "application/json"
    assert {each["pointer"] for each in shown["diagnoses"]} >= {"/campaign/name"}


async def test_a_key_is_not_shown(client: httpx.AsyncClient) -> None:
    """What lets a caller in stays with the caller."""
    reply = await ask(client, LIST)

    shown = await client.get(f"{REQUESTS}/{reply.headers['x-understudy-exchange']}")

    assert shown.json()["request"]["headers"]["x-api-key"] == REDACTED
    assert credential("sent")["x-api-key"] not in shown.text


async def test_what_is_no_json_is_shown_as_text(client: httpx.AsyncClient) -> None:
    """A body that cannot be read is shown as far as it is text."""
    headers = {**credential("sent"), "content-type": "application/json"}
    await client.post(f"/sent{CREATE}", content=b"{\xff", headers=headers)

    shown = (await client.get(f"{REQUESTS}/1")).json()["request"]

    assert shown["body"] == "{\N{REPLACEMENT CHARACTER}"
    assert "json" not in shown


async def test_a_long_body_is_shown_from_its_beginning(client: httpx.AsyncClient) -> None:
    """64 KiB of it; what is cut off is no JSON and not found by its members."""
    await ask(client, Ask("sent", "POST", "/v3/profiles", {"name": "x" * 100_000}))

    shown = (await client.get(f"{REQUESTS}/1")).json()["request"]

    assert len(shown["body"]) == MAX_KEPT_BODY
    assert await ids(client, pointer="/name") == []


async def test_an_unknown_request_is_not_there(client: httpx.AsyncClient) -> None:
    """It may have been forgotten."""
    assert "--journal-size" in hint(await client.get(f"{REQUESTS}/7"), 404)


async def test_the_journal_forgets_its_oldest() -> None:
    """What is no longer kept is neither listed nor counted."""
    async with mock(Settings(clock=NOON, journal_size=2)) as (_, client):
        for _ in range(3):
            await ask(client, LIST)

        assert await ids(client) == ["2", "3"]
        assert (await client.get(f"{REQUESTS}/1")).status_code == 404


async def test_the_journal_is_emptied(day: httpx.AsyncClient) -> None:
    """The next request still has a new id."""
    deleted = await day.delete(REQUESTS)

    assert deleted.status_code == 204
    assert await ids(day) == []
    assert (await ask(day, LIST)).headers["x-understudy-exchange"] == "6"


async def test_what_prefer_asked_for_is_told(client: httpx.AsyncClient) -> None:
    """A reply that was ordered is no evidence of what the mock would do."""
    await ask(client, Ask("sent", "GET", "/v3/profiles", headers={"prefer": "code=500"}))

    [summary] = (await client.get(REQUESTS)).json()["requests"]

    assert (summary["preference"], summary["status"]) == ("code=500", 500)


async def test_only_unmatched_requests_are_unmatched(day: httpx.AsyncClient) -> None:
    """A refused body met its operation; a wrong prefix met none."""
    found = (await day.get(f"{REQUESTS}/unmatched")).json()

    assert found["total"] == 1
    assert [each["request"]["id"] for each in found["unmatched"]] == ["4"]


async def test_the_latest_unmatched_ones_are_shown(client: httpx.AsyncClient) -> None:
    """`limit` leaves out the oldest, and all are counted."""
    for number in range(5):
        await client.get(f"/nobody/{number}")

    found = (await client.get(f"{REQUESTS}/unmatched?limit=2")).json()

    assert found["total"] == 5
    assert [each["request"]["path"] for each in found["unmatched"]] == ["/nobody/3", "/nobody/4"]


async def nearest(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The operations that the only unmatched request is nearest to."""
    found = (await client.get(f"{REQUESTS}/unmatched")).json()
    [unmatched] = found["unmatched"]
    near: list[dict[str, Any]] = unmatched["nearest"]
    return near


def some_operations() -> Iterator[tuple[Service, Operation]]:
    """Every third operation of every vendor."""
    for service in open_services():
        for operation in list(service.document.operations.values())[::3]:
            yield service, operation


SOME = [
    pytest.param(service, operation, id=f"{service.name}-{operation.id}")
    for service, operation in some_operations()
]


@pytest.mark.parametrize(("service", "operation"), SOME)
async def test_a_typo_is_told(
    client: httpx.AsyncClient, service: Service, operation: Operation
) -> None:
    """The operation is named first, with the word that differs and what it should be."""
    words = operation.path.split("/")
    # Not the last word: with a typo it might be somebody's id.
    at = next(index for index, word in enumerate(words) if len(word) > len("v1"))
    typo = f"{words[at][:-1]}zz"
    path = "/".join([*words[:at], typo, *words[at + 1 :]])
    await client.request(
        operation.method, f"/{service.name}{path}", headers=credential(service.name)
    )

    near = await nearest(client)

    assert (near[0]["vendor"], near[0]["operation"]) == (service.name, operation.id)
    assert near[0]["differences"] == [{"in": "path", "expected": words[at], "got": typo}]


@pytest.mark.parametrize(("service", "operation"), SOME)
async def test_a_missing_prefix_is_told(
    client: httpx.AsyncClient, service: Service, operation: Operation
) -> None:
    """The prefix is what differs; where two vendors have the path, both are named."""
    await client.request(operation.method, operation.path, headers=credential(service.name))

    near = await nearest(client)

    missing = {"in": "path", "expected": service.name, "got": ""}
    candidate = next(each for each in near[:2] if each["vendor"] == service.name)
    assert (candidate["operation"], candidate["differences"]) == (operation.id, [missing])


async def test_a_wrong_method_is_told(client: httpx.AsyncClient) -> None:
    """The operation of the path is named, with the method that it has."""
    await client.put("/zexa/v1/credits", headers=credential("zexa"))

    near = await nearest(client)

    assert near[0]["operation"] == "getCredits"
    assert near[0]["differences"] == [{"in": "method", "expected": "GET", "got": "PUT"}]


async def test_a_wrong_content_type_is_told(client: httpx.AsyncClient) -> None:
    """The operation was found, and only how its body was sent is wrong."""
    headers = {**credential("zexa"), "content-type": "text/plain"}
    await client.post("/zexa/v1/contacts", content=b"{}", headers=headers)

    near = await nearest(client)

    expected = {"expected": "content-type: application/json", "got": "content-type: text/plain"}
    assert (near[0]["vendor"], near[0]["operation"]) == ("zexa", "createContact")
    assert near[0]["differences"] == [{"in": "header", **expected}]


async def test_the_prefix_shown_is_the_one_to_use(client: httpx.AsyncClient) -> None:
    """The path of a candidate is what to call, vendor and all."""
    await client.get("/setn/v3/profiles")

    near = await nearest(client)

    assert near[0]["path"] == "/sent/v3/profiles"


async def test_a_journal_full_of_strange_paths_is_answered(
    client: httpx.AsyncClient, app: App
) -> None:
    """However long they are, somebody else's request is answered meanwhile."""
    for number in range(20):
        await client.get("/x" * 2_000 + str(number))
        await client.get("/" + "y" * 20_000 + str(number))

    response = await client.get(f"{REQUESTS}/unmatched")

    assert response.json()["total"] == 40


async def test_an_empty_journal_finds_nothing(client: httpx.AsyncClient) -> None:
    """Nothing was asked, so nothing is there."""
    assert (await client.get(f"{REQUESTS}/count")).json() == {"count": 0}
    assert (await client.get(f"{REQUESTS}/find")).json() == {"total": 0, "exchanges": []}
    assert (await client.get(f"{REQUESTS}/unmatched")).json() == {"total": 0, "unmatched": []}

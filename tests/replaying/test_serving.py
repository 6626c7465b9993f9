"""A recording that answers over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from understudy.live import LiveServer
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from understudy.replaying.serving import replay_app

CAMPAIGN = "https://api.zexa.ao/v1/campaigns/cmp_1"
CONTACTS = "https://api.zexa.ao/v1/contacts"


def exchange(
    method: str, url: str, status: int, answered: bytes, operation: str, sent: bytes = b""
) -> RecordedExchange:
    headers = (("Content-Type", "application/json"), ("X-Twice", "a"), ("X-Twice", "b"))
    request, response = (
        RecordedRequest(method, url, (), sent),
        RecordedResponse(status, headers, answered),
    )
    return RecordedExchange(request, response, vendor="zexa", operation=operation)


RECORDING = Recording(
    "r",
    (
        exchange("GET", CAMPAIGN, 200, b'{"status":"draft"}', "getCampaign"),
        exchange("GET", CAMPAIGN, 200, b'{"status":"sent"}', "getCampaign"),
        exchange("DELETE", f"{CONTACTS}/c", 204, b"", "deleteContact"),
        exchange(
            "POST", "https://api.zexa.ao/v1/contacts", 201, b"\xff", "createContact", b'{"a":1}'
        ),
        exchange("GET", "https://api.zexa.ao/v1/credits", 0, b"", "getCredits"),
    ),
)


def served(by_operation: bool) -> Iterator[httpx.Client]:
    with (
        LiveServer(replay_app(RECORDING, by_operation=by_operation)) as server,
        httpx.Client(base_url=server.url, trust_env=False) as http,
    ):
        yield http


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    yield from served(by_operation=False)


@pytest.fixture
def by_operation() -> Iterator[httpx.Client]:
    yield from served(by_operation=True)


def test_reply_is_the_recorded_one(http: httpx.Client) -> None:
    """Status, headers and the very bytes."""
    reply = http.post("/zexa/v1/contacts", json={"a": 1})

    assert (reply.status_code, reply.content) == (201, b"\xff")
    assert reply.headers.get_list("x-twice") == ["a", "b"]


def test_repeated_request_is_answered_in_turn(http: httpx.Client) -> None:
    """The last answer stays; another session begins anew, and so does a reset."""
    path = "/zexa/v1/campaigns/cmp_1"
    seen = [http.get(path).json()["status"] for _ in range(3)]
    elsewhere = http.get(f"/@other{path}").json()["status"]
    http.post("/__admin/reset")

    assert seen == ["draft", "sent", "sent"]
    assert (elsewhere, http.get(path).json()["status"]) == ("draft", "draft")


def test_reply_without_a_body(http: httpx.Client) -> None:
    """A 204 has no Content-Length."""
    reply = http.delete("/zexa/v1/contacts/c")

    assert (reply.status_code, reply.content) == (204, b"")
    assert "content-length" not in reply.headers


def test_request_that_was_not_recorded(http: httpx.Client) -> None:
    """A problem that tells where the nearest recorded request differs."""
    reply = http.post("/zexa/v1/contacts", json={"a": 2})

    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    (told,) = json.loads(reply.headers["x-understudy-diagnosis"])
    assert (told["code"], told["in"], told["pointer"]) == ("not-recorded", "body", "/a")


@pytest.mark.parametrize("path", ["/zexa/v1/credits", "/zexa/v1/nothing", "/zexa"])
def test_nothing_to_answer_with(http: httpx.Client, path: str) -> None:
    """Not recorded, recorded without a reply, not even documented: a problem each."""
    reply = http.get(path)

    assert (reply.status_code, reply.json()["title"]) == (404, "Not recorded")


def test_match_by_operation(by_operation: httpx.Client) -> None:
    """Another id is answered as the recorded one was."""
    assert by_operation.get("/zexa/v1/campaigns/cmp_2").json() == {"status": "draft"}


def test_journal_and_pages_work(http: httpx.Client) -> None:
    """What a recording answers is journalled, and a page of any origin may ask it."""
    reply = http.get("/zexa/v1/campaigns/cmp_1", headers={"Origin": "http://page.example"})
    (noted,) = http.get("/__admin/requests").json()["requests"]

    assert reply.headers["access-control-allow-origin"] == "*"
    assert (noted["operation"], noted["status"]) == ("getCampaign", 200)

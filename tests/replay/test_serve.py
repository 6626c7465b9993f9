"""A recording that answers over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from understudy.inprocess.live_server import LiveServer
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from understudy.replay.serve import make_replay_app

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


ODD = (
    ("X-Note", "café → there"),
    ("X-Latin", "café"),
    ("X → Y", "no name for HTTP"),
    ("Content-Length", "77"),
    ("Transfer-Encoding", "chunked"),
)


def with_headers(recorded: RecordedExchange, *headers: tuple[str, str]) -> RecordedExchange:
    """The exchange, answered with these headers."""
    return replace(recorded, response=replace(recorded.response, headers=headers))


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
        exchange("GET", f"{CONTACTS}/early", 103, b"{}", "getContact"),
        exchange("GET", f"{CONTACTS}/gone", 204, b"body", "getContact"),
        exchange("GET", f"{CONTACTS}/same", 304, b"body", "getContact"),
        exchange("GET", f"{CONTACTS}/g~h?q", 200, b"{}", "getContact"),
        with_headers(exchange("HEAD", CONTACTS, 200, b"", ""), ("Content-Length", "123")),
        with_headers(exchange("GET", f"{CONTACTS}/odd", 200, b"{}", "getContact"), *ODD),
    ),
)


def served(by_operation: bool) -> Iterator[httpx.Client]:
    with (
        LiveServer(make_replay_app(RECORDING, by_operation=by_operation)) as server,
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


@pytest.mark.parametrize(("name", "status"), [("gone", 204), ("same", 304)])
def test_body_where_there_can_be_none(http: httpx.Client, name: str, status: int) -> None:
    """It stays away, and the connection is good for the next request."""
    reply = http.get(f"/zexa/v1/contacts/{name}")

    assert (reply.status_code, reply.content) == (status, b"")
    assert http.get("/zexa/v1/campaigns/cmp_1").status_code == 200


def test_headers_that_http_can_carry(http: httpx.Client) -> None:
    """Beyond Latin-1 as UTF-8; without names that are none, and framed by the server alone."""
    reply = http.get("/zexa/v1/contacts/odd")
    sent = {name: value for name, value in reply.headers.raw if name.startswith(b"x-")}

    assert (sent[b"x-note"], sent[b"x-latin"]) == ("café → there".encode(), b"caf\xe9")
    assert not any(b"y" in name for name in sent if b"understudy" not in name)
    assert reply.headers.get_list("content-length") == ["2"]
    assert "transfer-encoding" not in reply.headers


def test_head_of_a_recorded_get(http: httpx.Client) -> None:
    """Its length without its body; whoever asks for the whole still gets the first answer."""
    path = "/zexa/v1/campaigns/cmp_1"
    reply = http.head(path)

    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["content-length"] == str(len(b'{"status":"draft"}'))
    assert http.get(path).json() == {"status": "draft"}


def test_recorded_head(http: httpx.Client) -> None:
    """The length is the one that was recorded."""
    reply = http.head("/zexa/v1/contacts")

    assert (reply.status_code, reply.headers["content-length"]) == (200, "123")


def test_path_spelled_otherwise(http: httpx.Client) -> None:
    """What needs no escape may have one."""
    assert http.get("/zexa/v1/contacts/g%7Eh?q=").status_code == 200


@pytest.mark.parametrize("body", [{"a": 1}, {"a": 2}])
def test_match_by_operation_is_advised_where_it_helps(
    http: httpx.Client, by_operation: httpx.Client, body: dict[str, int]
) -> None:
    """With the recorded body at another place, and once; nowhere else."""
    query = "?b=1&c=2&d=3"
    told = http.post(f"/zexa/v1/contacts{query}", json=body).json()["hints"]
    then = by_operation.post(f"/zexa/v1/contacts{query}", json=body)

    advice = ", or serve with --match operation" if body == {"a": 1} else ""
    assert told == [f"send it as it was recorded{advice}"]
    assert then.status_code == (201 if advice else 404)
    assert advice or then.json()["hints"] == ["send it as it was recorded"]


def test_request_that_was_not_recorded(http: httpx.Client) -> None:
    """A problem that tells where the nearest recorded request differs."""
    reply = http.post("/zexa/v1/contacts", json={"a": 2})

    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    (told,) = json.loads(reply.headers["x-understudy-diagnosis"])
    assert (told["code"], told["in"], told["pointer"]) == ("not-recorded", "body", "/a")


@pytest.mark.parametrize(
    "path", ["/zexa/v1/credits", "/zexa/v1/nothing", "/zexa", "/zexa/v1/contacts/early"]
)
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

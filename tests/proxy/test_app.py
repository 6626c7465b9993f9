"""The proxy between a client and the vendor: forwarding, diagnoses, refusals."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Live, problem_of
from tests.server.front import (
    KEYS,
    answering,
    exchange,
    fronted,
    in_header,
    in_journal,
    kept,
    ok,
    playing,
)
from understudy.core.settings import Settings
from understudy.inprocess.live_server import LiveServer
from understudy.proxy.options import ProxyOptions

SALES = "/v3/profiles/770e8400-e29b-41d4-a716-446655440002"
KEY = KEYS["zexa"]
CREDITS = b'{"credits":1,"currency":"USD"}'
BAD_ID = [("format", "path", "profileId"), ("pattern", "path", "profileId")]
SALE: dict[str, Any] = {"name": "Sale", "channel": "sms", "sender_id": "MYBRAND", "body": "Buy"}


@pytest.fixture(scope="module")
def vendors() -> Iterator[Live]:
    """Vendors that answer as their documents say."""
    with playing({}) as vendors:
        yield vendors


@pytest.fixture(scope="module")
def sent(vendors: Live) -> Iterator[LiveServer]:
    """A proxy to Sent."""
    with fronted("sent", f"{vendors.url}/sent") as proxy:
        yield proxy


@pytest.fixture(scope="module")
def strict(vendors: Live) -> Iterator[LiveServer]:
    """A proxy to Zexa that answers differences with errors."""
    with fronted("zexa", f"{vendors.url}/zexa", ProxyOptions(errors=True)) as proxy:
        yield proxy


@pytest.mark.parametrize("prefix", ["", "/sent", "/@mine/sent", "/@mine"])
def test_every_address_of_a_mock_leads_to_the_vendor(sent: LiveServer, prefix: str) -> None:
    """Root, prefix and session in the path are the proxy's; the vendor sees its own path."""
    reply = httpx.get(f"{sent.url}{prefix}/v3/profiles", headers=KEYS["sent"])

    assert (reply.status_code, in_header(reply)) == (200, [])
    assert reply.headers["x-understudy-session"] == ("mine" if "@" in prefix else "default")


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "found"),
    [
        ("GET", "/v3/profiles", {}, None, [("missing-credential", "header", "x-api-key")]),
        ("GET", "/v3/nothing", KEYS["sent"], None, [("unknown-path", "path", "")]),
        ("PATCH", "/v3/profiles", KEYS["sent"], None, [("method-not-allowed", "path", "")]),
        ("GET", "/v3/profiles/7", KEYS["sent"], None, BAD_ID),
        ("POST", "/v3/profiles", KEYS["sent"], None, [("required", "body", "")]),
        (
            "POST",
            "/v3/profiles",
            {**KEYS["sent"], "content-type": "text/plain"},
            b"{}",
            [("unsupported-media-type", "header", "")],
        ),
        (
            "POST",
            "/v3/profiles",
            {**KEYS["sent"], "content-type": "application/json"},
            b'{"name": ',
            [("malformed-body", "body", "")],
        ),
        (
            "POST",
            f"{SALES}/campaigns",
            {"content-type": "application/json", "idempotency-key": "x" * 300},
            b'{"campaign": {"name": 7, "description": "d", "type": "App"}}',
            [
                ("missing-credential", "header", "x-api-key"),
                ("maxLength", "header", "Idempotency-Key"),
                ("type", "body", "/campaign/name"),
                ("required", "body", "/campaign/useCases"),
            ],
        ),
    ],
)
def test_a_request_is_diagnosed_and_the_vendor_decides(
    sent: LiveServer,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None,
    found: list[tuple[str, str, str]],
) -> None:
    """Every difference is reported beside the vendor's own refusal."""
    reply = httpx.request(method, f"{sent.url}{path}", headers=headers, content=body)

    assert sorted(in_header(reply)) == sorted(in_journal(sent, reply)) == sorted(found)
    assert reply.json()["success"] is False


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (ok(CREDITS), []),
        (ok(b'{"credits": "1", "currency": 1}'), ["type", "type"]),
        (ok(CREDITS).replace(b"application/json", b"text/html"), ["undocumented-content-type"]),
        (ok(CREDITS).replace(b"application/json", b"Application/JSON; charset=utf-8"), []),
        (ok(CREDITS).replace(b"content-type", b"x-type"), ["undocumented-content-type"]),
        (ok(b'{"credits":'), ["malformed-json"]),
        (ok(b'{"credits":1,"credits":2,"currency":"USD"}'), ["malformed-json"]),
        (ok(b"\xff\xfe"), ["malformed-json"]),
        (ok(b""), ["missing-body"]),
        (ok(CREDITS, b"content-encoding: br"), ["unreadable-body"]),
        (ok(CREDITS, b"content-encoding: gzip"), ["unreadable-body"]),
        (ok(b"", status=b"304 Not Modified"), ["undocumented-status"]),
        (ok(CREDITS, status=b"299 Odd"), ["undocumented-status"]),
        (ok(CREDITS, status=b"599 Odd"), ["server-error"]),
    ],
)
def test_a_reply_is_diagnosed_and_passed_on(reply: bytes, found: list[str]) -> None:
    """The client gets status and body byte for byte, whatever is wrong with them."""
    with answering(reply) as vendor, fronted("zexa", vendor.url) as proxy:
        raw = exchange(proxy.url, request_bytes("GET", "/v1/credits"))
        [kept] = proxy.client().requests.find()

    assert [(each.code, each.in_) for each in kept.diagnoses] == [
        (code, "response") for code in found
    ]
    assert raw.startswith(reply[:12])
    assert raw.partition(b"\r\n\r\n")[2] == reply.partition(b"\r\n\r\n")[2]


def request_bytes(method: str, target: str, *lines: str) -> bytes:
    """A request as bytes, with a credential; the connection ends with its reply."""
    own = ("host: proxy", "connection: close", "authorization: Bearer zexa_test_acme")
    return "\r\n".join([f"{method} {target} HTTP/1.1", *own, *lines, "", ""]).encode("latin-1")


def test_a_reply_without_a_body_may_be_declared() -> None:
    """A 204 without a body has no difference."""
    reply = ok(b"", status=b"204 No Content").replace(b"content-length: 0\r\n", b"")
    with answering(reply) as vendor, fronted("zexa", vendor.url) as proxy:
        got = httpx.delete(f"{proxy.url}/v1/contacts/cnt_ivo009", headers=KEY)

    assert (got.status_code, in_header(got), got.content) == (204, [], b"")


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate"])
def test_an_encoded_reply_is_decoded(coding: str) -> None:
    """A vendor that ignores `Accept-Encoding: identity` is passed on without a coding."""
    pack = zlib.compress if coding == "deflate" else gzip.compress
    reply = ok(pack(CREDITS), f"content-encoding: {coding}".encode())
    with answering(reply) as vendor, fronted("zexa", vendor.url) as proxy:
        got = httpx.get(f"{proxy.url}/v1/credits", headers=KEY)
        assert kept(proxy, got)["response"]["json"] == json.loads(CREDITS)

    assert (got.content, in_header(got)) == (CREDITS, [])
    assert "content-encoding" not in got.headers
    assert b"accept-encoding: identity" in vendor.received[0]


def test_an_encoded_request_is_checked_and_forwarded_unchanged() -> None:
    """The decoded body is checked, the encoded one is forwarded byte for byte."""
    body = gzip.compress(json.dumps({**SALE, "contact_list_id": 7}).encode())
    headers = {**KEY, "content-type": "application/json", "content-encoding": "gzip"}
    with answering(ok()) as vendor, fronted("zexa", vendor.url) as proxy:
        got = httpx.post(f"{proxy.url}/v1/campaigns", headers=headers, content=body)
        journal = kept(proxy, got)

    assert vendor.received[0].partition(b"\r\n\r\n")[2] == body
    assert ("type", "body", "/contact_list_id") in in_header(got)
    assert journal["request"]["json"]["name"] == "Sale"


def test_an_unreadable_request_is_diagnosed_and_forwarded() -> None:
    """An unknown coding is a diagnosis, not a refusal."""
    headers = {**KEY, "content-type": "application/json", "content-encoding": "br"}
    with answering(ok()) as vendor, fronted("zexa", vendor.url) as proxy:
        got = httpx.post(f"{proxy.url}/v1/campaigns", headers=headers, content=b"\x0b")

    assert ("malformed-body", "body", "") in in_header(got)
    assert vendor.received[0].endswith(b"\r\n\r\n\x0b")


def test_headers_pass_but_for_those_of_one_hop() -> None:
    """Repeated headers, cookies and Prefer reach the vendor; headers for the proxy do not."""
    lines = [
        *("x-twice: 1", "x-twice: 2", "cookie: a=b", "prefer: wait=5", "user-agent: me"),
        *("x-understudy-session: mine", "keep-alive: 5", "te: trailers", "x-hop: 1"),
        *("proxy-authorization: Basic eDp5", "accept-encoding: br", "upgrade: h2c"),
        *("proxy-connection: x", "trailer: x", "expect: 100-continue"),
    ]
    request = request_bytes("GET", "/v1/credits", *lines)
    request = request.replace(b"connection: close", b"connection: close, x-hop")
    with answering(ok(CREDITS)) as vendor, fronted("zexa", vendor.url) as proxy:
        exchange(proxy.url, request)

    sent_on = vendor.received[0].decode().split("\r\n")[:-2]
    assert sorted(sent_on) == sorted(
        [
            "GET /v1/credits HTTP/1.1",
            f"Host: {vendor.url.removeprefix('http://')}",
            "authorization: Bearer zexa_test_acme",
            *lines[:5],
            "accept-encoding: identity",
        ]
    )


def test_a_replys_headers_pass_but_for_those_of_one_hop() -> None:
    """Repeated headers are kept; those of an upstream mock are dropped."""
    reply = ok(
        CREDITS,
        *(b"set-cookie: a=1", b"set-cookie: b=2", b"server: theirs", b"date: then"),
        *(b"connection: close, x-hop", b"x-hop: 1", b"keep-alive: 5", b"x-understudy-session: y"),
    )
    with answering(reply) as vendor, fronted("zexa", vendor.url) as proxy:
        raw = exchange(proxy.url, request_bytes("GET", "/v1/credits"))

    lines = raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    assert [each for each in lines if not each.startswith(("x-understudy-", "connection"))] == [
        "content-type: application/json",
        *("set-cookie: a=1", "set-cookie: b=2", "server: theirs", "date: then"),
        f"content-length: {len(CREDITS)}",
    ]
    assert [each for each in lines if each.startswith("x-understudy-session")] == [
        "x-understudy-session: default"
    ]


def test_a_redirect_is_the_clients_to_follow() -> None:
    """The proxy sends requests only to the upstream."""
    with answering(ok()) as elsewhere:
        reply = ok(b"", f"location: {elsewhere.url}/v1/credits".encode(), status=b"302 Found")
        with answering(reply) as vendor, fronted("zexa", vendor.url) as proxy:
            got = httpx.get(f"{proxy.url}/v1/credits", headers=KEY)

        assert got.headers["location"] == f"{elsewhere.url}/v1/credits"
        assert elsewhere.received == []


def test_no_cookie_is_kept() -> None:
    """A cookie of one reply is not sent with the next request."""
    with answering(ok(CREDITS, b"set-cookie: a=1")) as vendor, fronted("zexa", vendor.url) as proxy:
        for _ in range(2):
            httpx.get(f"{proxy.url}/v1/credits", headers=KEY)

    assert len(vendor.received) == 2
    assert b"cookie" not in vendor.received[1]


def test_head_has_the_headers_and_no_body() -> None:
    """The length is the vendor's, and the reply ends after its head."""
    head = ok(CREDITS).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    with answering(head) as vendor, fronted("zexa", vendor.url) as proxy:
        raw = exchange(proxy.url, request_bytes("HEAD", "/v1/credits"))

    assert f"content-length: {len(CREDITS)}".encode() in raw
    assert raw.endswith(b"\r\n\r\n")


def test_a_chunked_reply_is_passed_on_whole() -> None:
    """The client gets it with a Content-Length."""
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    chunks = b"5\r\n" + CREDITS[:5] + b"\r\n%x\r\n" % (len(CREDITS) - 5) + CREDITS[5:]
    with (
        answering(head + chunks + b"\r\n0\r\n\r\n") as vendor,
        fronted("zexa", vendor.url) as proxy,
    ):
        got = httpx.get(f"{proxy.url}/v1/credits", headers=KEY)

    assert (got.content, got.headers["content-length"]) == (CREDITS, str(len(CREDITS)))


def test_a_preflight_is_answered_here(sent: LiveServer) -> None:
    """The proxy answers it, whatever the vendor allows."""
    asking = {"origin": "http://shop.example", "access-control-request-method": "GET"}

    reply = httpx.options(f"{sent.url}/v3/profiles", headers=asking)

    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, "*")


def test_cors_headers_are_not_doubled() -> None:
    """The vendor allows one origin, the proxy all of them, in one header."""
    reply = ok(CREDITS, b"access-control-allow-origin: http://shop.example")
    with answering(reply) as vendor, fronted("zexa", vendor.url) as proxy:
        got = httpx.get(f"{proxy.url}/v1/credits", headers={**KEY, "origin": "http://shop.example"})

    assert got.headers.get_list("access-control-allow-origin") == ["*"]


def test_errors_refuse_a_request_that_differs(strict: LiveServer, vendors: Live) -> None:
    """422 with every diagnosis; the vendor gets no request."""
    before = len(vendors.app.session().journal)

    reply = httpx.post(f"{strict.url}/v1/campaigns", headers=KEY, json=SALE)

    problem = problem_of(reply)
    assert (reply.status_code, problem["diagnoses"][0]["code"]) == (422, "required")
    assert in_header(reply) == in_journal(strict, reply)
    assert len(vendors.app.session().journal) == before
    assert kept(strict, reply)["fault"] == "the proxy's own reply"


def test_errors_refuse_a_reply_that_differs() -> None:
    """502 with the vendor's status; the reply itself is in the journal."""
    body = b'{"credits":"many","currency":"USD"}'
    with (
        answering(ok(body)) as vendor,
        fronted("zexa", vendor.url, ProxyOptions(errors=True)) as proxy,
    ):
        reply = httpx.get(f"{proxy.url}/v1/credits", headers=KEY)
        journal = kept(proxy, reply)

    problem = problem_of(reply)
    assert (reply.status_code, problem["upstream_status"]) == (502, 200)
    assert problem["diagnoses"][0]["pointer"] == "/credits"
    assert (journal["status"], journal["response"]["body"].encode()) == (200, body)
    assert journal["fault"] == "the client got 502 instead"


def test_errors_let_everything_else_pass(strict: LiveServer) -> None:
    """An exchange without differences is passed on."""
    reply = httpx.get(f"{strict.url}/v1/credits", headers=KEY)

    assert (reply.status_code, in_header(reply)) == (200, [])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_read_only_refuses_what_may_change_something(method: str) -> None:
    """403 from the mock; the vendor gets no request."""
    with (
        answering(ok()) as vendor,
        fronted("zexa", vendor.url, ProxyOptions(read_only=True)) as proxy,
    ):
        reply = httpx.request(method, f"{proxy.url}/v1/contacts/cnt_ivo009", headers=KEY)

    assert (reply.status_code, vendor.received) == (403, [])
    assert "without --read-only" in problem_of(reply)["hints"][-1]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_read_only_lets_reading_pass(method: str) -> None:
    """A request that changes nothing reaches the vendor."""
    with (
        answering(ok(b"")) as vendor,
        fronted("zexa", vendor.url, ProxyOptions(read_only=True)) as proxy,
    ):
        httpx.request(method, f"{proxy.url}/v1/credits", headers=KEY)

    assert len(vendor.received) == 1


def test_a_large_request_is_not_forwarded() -> None:
    """413 from the mock, with the limit."""
    with (
        answering(ok()) as vendor,
        fronted("zexa", vendor.url, settings=Settings(body_limit=1_000)) as proxy,
    ):
        reply = httpx.post(f"{proxy.url}/v1/campaigns", headers=KEY, content=b"x" * 1_001)

    assert (reply.status_code, vendor.received) == (413, [])
    assert "larger than 1000 bytes" in problem_of(reply)["detail"]
    assert in_header(reply) == [("body-too-large", "body", "")]


def test_the_admin_plane_works_in_front_of_the_vendor(vendors: Live) -> None:
    """Finding, counting, coverage and near misses work as with a mock."""
    with fronted("sent", f"{vendors.url}/sent") as proxy:
        for path in ("/v3/profiles", "/v3/profile", "/v3/profiles?x=1"):
            httpx.get(f"{proxy.url}{path}", headers=KEYS["sent"])
        mock = proxy.client()

        assert mock.requests.count(operation="listProfiles", status=200) == 2
        [lost] = mock.requests.unmatched()
        assert lost.nearest[0].operation == "listProfiles"
        coverage = httpx.get(f"{proxy.url}/__admin/coverage").json()["vendors"][0]
        assert coverage["operations"]["exercised"] == 1


def test_a_session_has_its_own_journal(sent: LiveServer) -> None:
    """A request is in the journal of its session only; all sessions use the same vendor."""
    httpx.get(f"{sent.url}/@one/sent/v3/profiles", headers=KEYS["sent"])

    assert sent.client("one").requests.count() == 1
    assert sent.client("other").requests.count() == 0


def test_the_account_is_recorded_when_the_seed_data_has_it(sent: LiveServer) -> None:
    """In front of another mock the journal has the account."""
    reply = httpx.get(f"{sent.url}/v3/profiles", headers=KEYS["sent"])

    assert kept(sent, reply)["account"] == "acme-admin"

"""What a disturbance makes of one reply, message by message, and in-process."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.conftest import NOON
from tests.toy import toy_service
from understudy.core.errors import Internal
from understudy.core.settings import Settings
from understudy.engine.connection_faults import PIECES, ConnectionFault
from understudy.server.app import App
from understudy.service.reply import Reply
from understudy.session.faults import CONNECTION_FAULTS, Fault

BODY = b'{"toy":"kite"}'
BREAKING = {
    "reset": (ConnectionResetError, "a planned fault reset the connection"),
    "empty": (ConnectionAbortedError, "a planned fault closed the connection without a reply"),
    "truncated": (ConnectionAbortedError, "a planned fault cut the reply in the middle"),
}
MANGLING = sorted(set(CONNECTION_FAULTS) - set(BREAKING))


async def never() -> Any:
    raise AssertionError("without a connection there is nothing to wait for")


class Sent:
    """What passes a disturbance on its way out."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def __call__(self, message: Any) -> None:
        self.messages.append(message)

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def pieces(self) -> list[bytes]:
        return [each["body"] for each in self.messages[1:]]

    @property
    def more(self) -> list[bool]:
        return [each["more_body"] for each in self.messages[1:]]


async def disturbed(kind: str, body: bytes = BODY) -> tuple[Sent, ConnectionFault]:
    """What becomes of a reply with this body, without a connection."""
    sent = Sent()
    disturbance = ConnectionFault(Fault("1", kind), {}, never, sent)
    headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
    await disturbance({"type": "http.response.start", "status": 200, "headers": headers})
    await disturbance({"type": "http.response.body", "body": body})
    return sent, disturbance


@pytest.mark.parametrize("kind", ["reset", "empty"])
async def test_a_broken_connection_sends_nothing(kind: str) -> None:
    """Neither status nor headers leave."""
    sent, disturbance = await disturbed(kind)

    error, message = BREAKING[kind]
    assert sent.messages == []
    assert (type(disturbance.broken), str(disturbance.broken)) == (error, message)


async def test_a_truncated_reply_promises_all_and_sends_half() -> None:
    """The length is that of the whole; more is announced and does not come."""
    sent, disturbance = await disturbed("truncated")

    assert sent.headers[b"content-length"] == b"14"
    assert (sent.pieces, sent.more) == ([BODY[:7]], [True])
    assert isinstance(disturbance.broken, ConnectionAbortedError)


async def test_a_malformed_reply_is_whole_as_http_and_broken_as_json() -> None:
    """The length is that of what is sent."""
    sent, disturbance = await disturbed("malformed")

    assert sent.headers[b"content-length"] == b"13"
    assert (sent.pieces, sent.more, disturbance.broken) == ([BODY[:-1]], [False], None)


async def test_a_mislabelled_reply_keeps_its_body() -> None:
    """Only the type is another one."""
    sent, disturbance = await disturbed("content-type")

    assert sent.headers[b"content-type"] == b"text/html; charset=utf-8"
    assert (sent.pieces, sent.more, disturbance.broken) == ([BODY], [False], None)


async def test_a_trickle_comes_in_pieces() -> None:
    """All of it comes, in at most so many pieces, and only the last message ends it."""
    sent, _ = await disturbed("trickle", BODY * 10)

    *pieces, last = sent.pieces
    assert (b"".join(pieces), last) == (BODY * 10, b"")
    assert 10 < len(pieces) <= PIECES
    assert sent.more == [True] * len(pieces) + [False]


@pytest.mark.parametrize("kind", MANGLING)
@pytest.mark.parametrize("body", [b"", b"1"])
async def test_a_small_body_is_mangled_like_a_large_one(kind: str, body: bytes) -> None:
    """With no byte, or one, the reply still ends, and its length is true."""
    sent, _ = await disturbed(kind, body)

    assert int(sent.headers[b"content-length"]) == len(b"".join(sent.pieces))
    assert sent.more[-1] is False


@pytest.mark.parametrize("body", [b"", b"1"])
async def test_a_small_body_is_truncated_to_nothing(body: bytes) -> None:
    """Half of a byte is none."""
    sent, _ = await disturbed("truncated", body)

    assert (sent.pieces, sent.more) == ([b""], [True])


async def test_a_reply_without_headers_gets_none() -> None:
    """A 204 has neither length nor type that could be changed."""
    sent = Sent()
    disturbance = ConnectionFault(Fault("1", "content-type"), {}, never, sent)

    await disturbance({"type": "http.response.start", "status": 204, "headers": []})
    await disturbance({"type": "http.response.body", "body": b""})

    assert [each["type"] for each in sent.messages] == ["http.response.start", "http.response.body"]
    assert (sent.headers, sent.pieces) == ({}, [b""])


async def ask(app: App, prefer: str) -> httpx.Response:
    """Call the toy vendor's one operation in-process."""
    headers = {"authorization": "Bearer let-me-in", "prefer": prefer}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        return await client.get("http://mock/toys/toys", headers=headers)


def toys(answer: Any = None) -> App:
    reply = answer or Reply(200, {"toy": "kite"})
    return App([toy_service(reply)], Settings(clock=NOON), None)


@pytest.mark.parametrize("kind", BREAKING)
async def test_in_process_a_broken_connection_is_an_exception(kind: str) -> None:
    """The caller meets what a socket would have told, and not an error of the mock."""
    error, message = BREAKING[kind]

    with pytest.raises(error, match=message):
        await ask(toys(), f"fault={kind}")


@pytest.mark.parametrize("kind", BREAKING)
async def test_in_process_a_broken_connection_is_in_the_journal(kind: str) -> None:
    """The exchange is closed although its reply did not arrive."""
    app = toys()

    with pytest.raises(ConnectionError):
        await ask(app, f"fault={kind}")

    [exchange] = app.session().journal
    assert (exchange.fault, exchange.ended) == (kind, NOON)
    assert exchange.status == (200 if kind == "truncated" else 0)


async def test_in_process_a_mangled_reply_arrives() -> None:
    """What a client can read of it is read."""
    malformed = await ask(toys(), "fault=malformed")
    mislabelled = await ask(toys(), "fault=content-type")

    assert malformed.content == b'{"toy":"kite"'
    assert mislabelled.headers["content-type"] == "text/html; charset=utf-8"
    assert json.loads(mislabelled.content) == {"toy": "kite"}


@pytest.mark.parametrize("answer", [Internal("lost"), LookupError("a defect")])
async def test_an_error_is_disturbed_like_a_reply(answer: Exception) -> None:
    """Also when the handler fails, its 500 arrives as the fault says, and the journal tells it."""
    app = toys(answer)

    reply = await ask(app, "fault=content-type")

    [exchange] = app.session().journal
    assert (reply.status_code, reply.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert exchange.fault == "content-type"

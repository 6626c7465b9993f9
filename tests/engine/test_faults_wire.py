"""Faults of requests on the wire: resets, ends, pipelines and small bodies, in both event loops."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

import pytest

from tests.toy import toy_service
from tests.waiting import LONG, wait_until
from understudy.core.settings import Settings
from understudy.server.app import App, create_app
from understudy.server.http_server import Listening, Server, bind, make_server
from understudy.service.reply import Reply

PATH = "/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns"
CAMPAIGN = f"{PATH}/b2c3d4e5-f6a7-8901-bcde-f12345678901"
STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")
KEEPING = ["rate-limit", "malformed", "content-type", "trickle"]
CLOSING = ["reset", "empty", "truncated"]


@dataclass(frozen=True)
class Served:
    """An app behind a real socket, and the server in front of it."""

    app: App
    server: Server
    address: tuple[str, int]

    def wire(self, *requests: bytes) -> bytes:
        """What comes back for these bytes until the connection ends.

        Raises:
            ConnectionResetError: when it ends by a reset.
        """
        with socket.create_connection(self.address, timeout=LONG) as wire:
            wire.sendall(b"".join(requests))
            parts = list(iter(lambda: wire.recv(65_536), b""))
        return b"".join(parts)

    def becomes_idle(self) -> bool:
        """Wait until nothing is under way any more."""
        wait_until(lambda: not self.server.server_state.tasks)
        return True


@contextmanager
def served(app: App, loop: Literal["uvloop", "asyncio"]) -> Iterator[Served]:
    """Serve an app from a thread, in an event loop of this kind."""
    listener = bind("127.0.0.1", 0)
    ready = threading.Event()
    server = make_server(app, Listening(log=None), ready.set)
    server.config.loop = loop
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert ready.wait(LONG), "the server did not start"
    try:
        yield Served(app, server, listener.getsockname())
    finally:
        server.should_exit = True
        thread.join(LONG)
        listener.close()


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def sent(request: pytest.FixtureRequest) -> Iterator[Served]:
    """The mock in each of the two event loops."""
    with served(create_app(Settings(vendors=("sent",))), request.param) as mock:
        yield mock


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def toys(request: pytest.FixtureRequest) -> Iterator[Callable[[Reply], Served]]:
    """A server whose one reply the test chooses, in each of the two event loops."""
    chosen = Reply(200, {"toy": "kite"})
    app = App([toy_service(chosen)], Settings(check_responses=False), None)
    with served(app, request.param) as mock:

        def answering(reply: Reply) -> Served:
            chosen.status, chosen.document, chosen.body = reply.status, reply.document, reply.body
            return mock

        yield answering


def request(
    prefer: str = "", *, method: str = "GET", path: str = PATH, last: bool = False
) -> bytes:
    """A request as bytes; the last one of a connection closes it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: mock", "x-api-key: sk_test_acme_admin"]
    lines += ["Authorization: Bearer let-me-in"]
    lines += [f"Prefer: {prefer}"] if prefer else []
    lines += ["Connection: close"] if last else []
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_reset_is_a_reset(sent: Served) -> None:
    """The kernel sends RST: the client's read fails with ECONNRESET and not with an end."""
    with pytest.raises(ConnectionResetError):
        sent.wire(request("fault=reset"))

    assert sent.becomes_idle()


def test_an_empty_reply_is_an_orderly_end(sent: Served) -> None:
    """The connection ends by FIN, without a byte."""
    assert sent.wire(request("fault=empty")) == b""
    assert sent.becomes_idle()


@pytest.mark.parametrize("kind", KEEPING)
def test_pipelined_requests_are_answered_in_order(sent: Served, kind: str) -> None:
    """A reply that is whole lets those behind it through."""
    replies = sent.wire(request(f"fault={kind}, delay=20"), request(), request(last=True))

    first = 429 if kind == "rate-limit" else 200
    assert [int(each) for each in STATUS.findall(replies)] == [first, 200, 200]
    assert sent.becomes_idle()


@pytest.mark.parametrize("kind", CLOSING)
def test_what_is_pipelined_behind_a_broken_connection_ends_with_it(sent: Served, kind: str) -> None:
    """Nothing waits for ever for a client that is gone; the fault is in the journal."""
    session = f"wire-{uuid4()}"
    path = f"/@{session}{PATH}"

    try:
        replies = sent.wire(request(f"fault={kind}", path=path), request(path=path))
    except ConnectionResetError:
        replies = b""

    assert STATUS.findall(replies) == ([b"200"] if kind == "truncated" else [])
    assert sent.becomes_idle()
    assert [each.fault for each in sent.app.session(session).journal] == [kind]


def test_who_leaves_during_a_delay_leaves_nothing_behind(sent: Served) -> None:
    """A client that pipelines and goes away is noticed when its delay is over."""
    with socket.create_connection(sent.address) as wire:
        wire.sendall(request("delay=500") + request("delay=500"))
        wait_until(lambda: sent.server.server_state.tasks)

    assert sent.becomes_idle()


@pytest.mark.parametrize("kind", [*KEEPING, *CLOSING])
def test_head_is_refused_as_ever(sent: Served, kind: str) -> None:
    """No vendor documents HEAD, so it meets no fault and has no body."""
    reply = sent.wire(request(f"fault={kind}", method="HEAD", last=True))

    assert reply.startswith(b"HTTP/1.1 405 ")
    assert reply.endswith(b"\r\n\r\n")


BODIES = {
    "none": Reply(204),
    "empty": Reply(200),
    "one byte": Reply(200, body=b"1"),
    "two bytes": Reply(200, body=b"12"),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["truncated", "malformed", "content-type", "trickle"])
def test_a_small_body_is_mangled_without_a_hitch(
    toys: Callable[[Reply], Served], kind: str, body: str
) -> None:
    """The reply ends, whatever there is to mangle, and the server has nothing left to do."""
    mock, whole = toys(BODIES[body]), BODIES[body].body
    get = request(f"fault={kind}, delay=20", path="/toys/toys", last=True)

    reply = mock.wire(get)

    expected = {"truncated": whole[: len(whole) // 2], "malformed": whole[:-1]}.get(kind, whole)
    assert reply.startswith(b"HTTP/1.1 %d " % BODIES[body].status)
    assert reply.partition(b"\r\n\r\n")[2] == expected
    assert mock.becomes_idle()


@pytest.mark.parametrize("kind", ["truncated", "malformed", "content-type", "trickle"])
def test_a_deletion_is_mangled_and_takes_effect(sent: Served, kind: str) -> None:
    """A 204 has no body to mangle; the campaign is gone."""
    path = f"/@wire-{uuid4()}{CAMPAIGN}"

    reply = sent.wire(request(f"fault={kind}, delay=20", method="DELETE", path=path, last=True))

    again = sent.wire(request(method="DELETE", path=path, last=True))
    assert (reply[:13], again[:13]) == (b"HTTP/1.1 204 ", b"HTTP/1.1 404 ")


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_server_with_slow_faults_stops_in_time(loop: Literal["uvloop", "asyncio"]) -> None:
    """Nobody waits for a minute's delay to stop the mock; who waits for it is told."""
    app = create_app(Settings(vendors=("sent",)))
    with served(app, loop) as mock, socket.create_connection(mock.address, timeout=LONG) as wire:
        wire.sendall(request("delay=60000"))
        wait_until(lambda: mock.server.server_state.tasks)
        mock.server.should_exit = True
        reply = wire.recv(65_536)

    assert reply.startswith(b"HTTP/1.1 503 ")

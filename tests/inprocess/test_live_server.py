"""`understudy.serve()`: a live server in a thread of the test's own process."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import understudy
from understudy.core.errors import StartError
from understudy.core.settings_parsing import make_settings
from understudy.inprocess.httpx_transports import SyncTransport
from understudy.inprocess.live_server import LiveServer
from understudy.inprocess.startup import start_app
from understudy.server.http_server import bind

NOON = "2026-03-11T12:00:00Z"
KEY = {"x-api-key": "sk_test_acme_admin"}
LIST = "/sent/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns"


def test_it_answers_while_it_is_open() -> None:
    """Another process reaches the server; after the context nobody does."""
    ask = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()"

    with understudy.serve() as server:
        command = [sys.executable, "-c", ask, f"{server.url}/__admin/health"]
        subprocess.run(command, check=True)

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/__admin/health")


def test_a_server_that_fails_says_so() -> None:
    """Nobody waits for one that cannot begin, such as on a socket that is closed."""
    server = LiveServer(start_app(make_settings()))
    server.stop()

    with pytest.raises(RuntimeError, match="failed at its start"):
        server.start()


def test_it_takes_the_keywords_of_a_mock() -> None:
    """Vendors and clock are chosen as `mock` takes them."""
    with understudy.serve(vendors="sent", clock=NOON) as server:
        health = server.client().health()
        now = server.client("other").clock.get().now

    assert (health.vendors, now) == (("sent",), "2026-03-11T12:00:00.000000000Z")


def test_clients_of_the_socket_and_of_the_process_share_sessions() -> None:
    """A resource that one stores, the other lists."""
    with understudy.serve() as server:
        server.client("one").populate("sent", "campaigns", 3)
        with httpx.Client(transport=SyncTransport(server.app), base_url="http://mock") as http:
            listed = http.get("/__admin/sessions/one/resources/sent/campaigns").json()

    assert listed["total"] == len(seeded_resources("campaigns")) + 3


def seeded_resources(collection: str) -> list[Any]:
    """The resources that every session begins with."""
    with understudy.serve() as server:
        return list(server.client("seeded").resources.list("sent", collection))


def test_two_servers_run_side_by_side() -> None:
    """Each has a port and sessions of its own."""
    with understudy.serve() as one, understudy.serve() as other:
        one.client().clock.freeze()

        assert one.port != other.port and not other.client().clock.get().frozen


def test_a_taken_port_is_reported() -> None:
    """The error names the address."""
    with (
        understudy.serve() as server,
        pytest.raises(StartError, match=f"cannot listen on 127.0.0.1:{server.port}"),
    ):
        understudy.serve(port=server.port)


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ({"clock": "noon"}, 'clock: "noon" is not a time'),
        ({"pace": -1}, "pace: -1 is not a factor"),
        ({"auth": "lax"}, 'auth: "lax" is not "strict" or "any"'),
    ],
)
def test_an_invalid_value_is_reported(choices: dict[str, Any], reason: str) -> None:
    """The error names the value, and valid ones."""
    with pytest.raises(ValueError, match=reason):
        make_settings(**choices)


def test_an_unknown_keyword_is_reported() -> None:
    """The error lists the known ones."""
    with pytest.raises(TypeError, match="unknown setting sed; known settings: auth, body_limit"):
        make_settings(**{"sed": 7})  # type: ignore[typeddict-unknown-key]


def test_a_datetime_is_a_clock() -> None:
    """A datetime means the same as its text."""
    chosen = make_settings(clock=datetime(2026, 3, 11, 12, tzinfo=UTC))

    assert chosen == make_settings(clock=NOON)


def test_one_vendor_may_be_a_string() -> None:
    """A single name needs no list."""
    assert make_settings(vendors="zexa") == make_settings(vendors=["zexa"])


def test_requests_are_answered_over_the_socket() -> None:
    """The vendor answers with its own envelope."""
    with understudy.serve() as server:
        answer = httpx.get(f"{server.url}{LIST}", headers=KEY)

    assert answer.json()["success"] is True


def test_a_small_reply_leaves_at_once() -> None:
    """asyncio sets TCP_NODELAY only on a socket whose protocol is TCP."""
    with contextlib.closing(bind("127.0.0.1", 0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP

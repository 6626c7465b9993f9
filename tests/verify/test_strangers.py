"""Servers that mean no good: replies without end, deep ones, and echoes of what was sent."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Thread
from urllib.parse import quote

import httpx
import pytest

from tests.verify.runs import ZEXA, verified
from tests.waiting import LONG
from understudy.engine.registry import open_service
from understudy.recording.model import RecordedRequest, RecordedResponse
from understudy.verify.curl import Curl
from understudy.verify.exchange_check import ExchangeChecker
from understudy.verify.fuzz import FuzzOptions
from understudy.verify.reply_reader import NoReplyError
from understudy.verify.transport import ORIGIN, Sender

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
JSON = ("Content-Type", "application/json")
SECRET = 'gate/"way key\\é'
LATE = "did not end within 0.5 s"

# Says something on a connection whose request has been read.
Saying = Callable[[socket.socket], None]


@contextmanager
def stranger(say: Saying) -> Iterator[tuple[str, list[bytes]]]:
    """The URL of a server that answers each connection once, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=_serve, args=(listening, say, asked), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        listening.shutdown(socket.SHUT_RDWR)


def _serve(listening: socket.socket, say: Saying, asked: list[bytes]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                asked.append(connection.recv(65_536))
                say(connection)


def saying(body: bytes) -> Saying:
    length = f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
    return lambda connection: connection.sendall(HEAD + length + body)


def endless(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b"x" * 1_000_000)


def drip(begun: bytes) -> Saying:
    def say(connection: socket.socket) -> None:
        connection.sendall(begun)
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.1)

    return say


def asked_once(url: str, method: str = "GET", timeout: float = LONG) -> None:
    """Send one request, with so many seconds for its reply."""
    with httpx.Client(timeout=timeout, trust_env=False) as http:
        sender = Sender(http, url, replace(ZEXA, writes=True))
        sender.send(sender.address(RecordedRequest(method, f"{ORIGIN}/v1/credits")))


@pytest.mark.parametrize(
    ("say", "timeout", "told"),
    [
        (endless, LONG, "more than 10 MB"),
        (drip(HEAD + b"content-length: 1000\r\n\r\n"), 0.5, LATE),
        (drip(HEAD), 0.5, LATE),
    ],
    ids=["endless", "body", "head"],
)
def test_a_reply_has_an_end(say: Saying, timeout: float, told: str) -> None:
    """After so many bytes, or so many seconds: a drip in between does not count."""
    with stranger(say) as (url, _), pytest.raises(NoReplyError, match=re.escape(told)):
        asked_once(url, timeout=timeout)


@pytest.mark.parametrize("say", [endless, drip(HEAD + b"\r\n")], ids=["endless", "drip"])
def test_the_first_questions_end_too(say: Saying) -> None:
    """Whether anybody listens, and whether it is this mock."""
    with stranger(say) as (url, _), httpx.Client(timeout=0.5, trust_env=False) as http:
        sender = Sender(http, url, ZEXA)
        sender.reach()

        assert not sender.is_understudy()


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("HEAD", 2), ("POST", 1), ("DELETE", 1)])
def test_what_may_change_something_is_sent_once(method: str, times: int) -> None:
    """When a connection breaks, only what reads is sent again."""
    with stranger(lambda connection: None) as (url, asked):
        with pytest.raises(NoReplyError, match="the connection ended without a reply"):
            asked_once(url, method)

        assert len(asked) == times


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 900 + b"]" * 900,
        b'{"id":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"data":' + b"[" * 700 + b"]" * 700 + b"}",
    ],
    ids=["list", "deepest", "data"],
)
def test_deep_replies_are_findings(body: bytes) -> None:
    """Nothing that reads them breaks."""
    with stranger(saying(body)) as (url, _), httpx.Client(trust_env=False) as http:
        assert not Sender(http, url, ZEXA).is_understudy()

        outcome = verified(url, fuzzing=FuzzOptions(examples=0))

    codes = {each.code for each in outcome.findings.of("getCredits")}
    assert codes & {"type", "malformed-json", "required"}


@pytest.mark.parametrize("secret", [SECRET, "plain-and-simple"])
@pytest.mark.parametrize(
    "spelled",
    [
        str,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False).replace("/", "\\/"),
        lambda text: quote(text, safe=""),
        lambda text: quote(text).lower().replace("%20", "+"),
        lambda text: "".join(f"\\u{ord(each):04X}" for each in text),
        lambda text: f'"{text[:9]}... is wrong',
    ],
    ids=["plain", "json", "json with slashes", "url", "form", "escapes", "cut off"],
)
def test_no_spelling_of_a_secret_is_told(secret: str, spelled: Callable[[str], str]) -> None:
    """Neither the credential's nor an extra header's."""
    echo = spelled(secret)
    for access in (replace(ZEXA, credential=secret), replace(ZEXA, extra=(("X-Gate", secret),))):
        curl = Curl(access, bytes)
        request = RecordedRequest("POST", f"{ORIGIN}/{echo}", (("X", echo),), echo.encode())

        for told in (curl.line(request), curl.text(f"got {echo}"), curl.reply(echo.encode())):
            assert echo not in told and secret[:6] not in told


def test_a_secret_at_the_end_of_what_is_shown_is_masked() -> None:
    """It is not cut in two first."""
    access = replace(ZEXA, extra=(("Authorization", "Bearer hidden-token"),))

    told = Curl(access, bytes).reply(b"x" * 292 + b"hidden-token")

    assert "hidden" not in told


def test_public_headers_are_no_secrets() -> None:
    """`application/json` stands in many a message."""
    curl = Curl(replace(ZEXA, extra=(("Accept", "application/json"),)), bytes)

    assert curl.text("it is application/json") == "it is application/json"


def test_a_finding_points_at_the_member_that_may_not_be() -> None:
    """Each is a finding of its own."""
    service = open_service("zexa")
    request = RecordedRequest("GET", f"{ORIGIN}/v1/credits")
    reply = RecordedResponse(200, (JSON,), b'{"credits": "1.00", "bonus": 1, "a/b, \'c": 2}')

    found = ExchangeChecker(service.document).find_faults(
        service.document.operations["getCredits"], request, reply
    )

    unexpected = {each.pointer for each in found if each.code == "additionalProperties"}
    assert unexpected == {"/bonus", "/a~1b, 'c"}

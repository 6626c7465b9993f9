"""MSW itself, from npm, answers Node's fetch from the written handlers; both supported majors."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.recording.npm import HERE, installed
from tests.recording.recordings import VENDORS, exchange, made_of, take
from tests.tools import needs
from understudy.recording.compare import strip_transport_headers
from understudy.recording.formats import msw
from understudy.recording.model import RecordedExchange, RecordedRequest, Recording

CREDITS = "https://api.zexa.ao/v1/credits"
REWIND = RecordedRequest("REWIND", CREDITS)
# Beside GET without a query and with page 2, and POST of a list of 1 and 2.
NOT_RECORDED = [
    RecordedRequest("GET", f"{CREDITS}?page=3"),
    RecordedRequest("GET", f"{CREDITS}?page=2&page=2"),
    RecordedRequest("GET", "https://api.zexa.ao/v1/Credits"),
    RecordedRequest("GET", f"{CREDITS}/"),
    RecordedRequest("GET", "https://apixzexa.ao/v1/credits"),
    RecordedRequest("DELETE", CREDITS),
    RecordedRequest("POST", CREDITS),
    RecordedRequest("POST", CREDITS, (), b'{"list": [2, 1]}'),
    RecordedRequest("POST", CREDITS, (), b'{"list": [1, 2], "more": true}'),
    RecordedRequest("POST", CREDITS, (), b'{"list": {"0": 1, "1": 2}}'),
    RecordedRequest("POST", CREDITS, (), b"not json"),
]
# What was recorded, and what is sent.
KNOWN_AGAIN = [
    (b'{"a":1,"b":[1.0]}', b'{"b": [1], "a": 1}'),
    (b'"text"', b'"text"'),
    (b"a=1&b=2", b"a=1&b=2"),
    (b"\xff\x00", b"\xff\x00"),
    (b"{not json", b"{not json"),
    (b'{"__proto__": {"a": 1}}', b'{"__proto__": {"a": 1}}'),
    (b"[9007199254740993]", b"[9007199254740993]"),
    (b'{"code":"[redacted]","b":1}', b'{"code": "s3cret", "b": 1}'),
    (b'{"at":"x.[redacted acme].y"}', b'{"at": "x.s3cret.y"}'),
]
BODIES = [
    b'{"a":[1,null,"\xc3\xa9"]}',
    b"",
    b"null",
    b"plain",
    b"\xef\xbb\xbfmarked",
    b"\xff\x00",
    b'{"a":1,"a":2}',
    b'{"__proto__":{"a":1}}',
    b"[9007199254740993]",
    b'["</script><!-- ${1} `\xe2\x80\xa8"]',
]
TARGETS = [
    "/v1/a%2Fb%20c/(x)?q=a+b%2B%C3%A9&q=&r",
    "/v1/:id/*/x+y/{z}|$.^",
    "/v1/50%25?a=%",
]


@dataclass(frozen=True)
class Reply:
    status: int
    phrase: str
    headers: list[list[str]]
    body: bytes


@dataclass(frozen=True)
class Player:
    """Node with one major of MSW."""

    node: str
    folder: Path

    def answers(
        self, recording: Recording, requests: Sequence[RecordedRequest]
    ) -> list[Reply | None]:
        """What the handlers of a recording answer in turn; None to what they do not know."""
        (self.folder / "handlers.mjs").write_bytes(msw.write(recording))
        shutil.copy(HERE / "ask_msw.mjs", self.folder)
        asked = json.dumps([shown(each) for each in requests]).encode()
        command = [self.node, "ask_msw.mjs"]
        done = subprocess.run(command, cwd=self.folder, input=asked, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        return [each and reply_of(each) for each in json.loads(done.stdout)]

    def answer(self, recording: Recording, request: RecordedRequest) -> Reply | None:
        """What the handlers answer to one request."""
        return self.answers(recording, [request])[0]


def shown(request: RecordedRequest) -> dict[str, Any]:
    """A request as Node is told of it."""
    body = base64.b64encode(request.body).decode()
    headers = [list(each) for each in request.headers]
    return {"method": request.method, "url": request.url, "headers": headers, "body": body}


def reply_of(told: dict[str, Any]) -> Reply:
    body = base64.b64decode(told["body"])
    return Reply(told["status"], told["statusText"], sorted(told["headers"]), body)


def recorded(each: RecordedExchange) -> Reply:
    """What was recorded, as fetch shows it."""
    response = each.response
    headers = sorted(
        [name.lower(), value] for name, value in strip_transport_headers(response.headers)
    )
    return Reply(response.status, response.phrase, headers, response.body)


@pytest.fixture(scope="module", params=["msw2", "msw3"])
def player(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Player:
    folder = installed(request.param, tmp_path_factory.mktemp(request.param))
    # MSW 3 asks for a newer Node than many have; it comes as a package, too.
    own = folder / "node_modules" / "node" / "bin" / "node"
    return Player(str(own) if own.exists() else "node", folder)


@needs("node", "npm")
class TestPlayed:
    """Node runs, and asks."""

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_the_same_requests_get_the_recorded_replies(self, player: Player, vendor: str) -> None:
        """Status, phrase, headers and bytes of every exchange come back, in their order."""
        recording = take(vendor)

        replies = player.answers(recording, [each.request for each in recording.exchanges])

        assert replies == [recorded(each) for each in recording.exchanges]

    def test_all_vendors_play_side_by_side(self, player: Player) -> None:
        """Their hosts tell them apart."""
        recording = take(*VENDORS)

        replies = player.answers(recording, [each.request for each in recording.exchanges])

        assert replies == [recorded(each) for each in recording.exchanges]

    def test_the_last_reply_stays_until_it_is_rewound(self, player: Player) -> None:
        """A test that begins anew calls `rewind()`."""
        first, last = exchange(), exchange(answered=b'{"a":2}')
        asked = [first.request] * 3 + [REWIND, first.request]

        replies = player.answers(made_of(first, last), asked)

        assert [each and each.body for each in replies] == [
            b'{"a":1}',
            b'{"a":2}',
            b'{"a":2}',
            None,
            b'{"a":1}',
        ]

    def test_what_was_not_recorded_falls_through(self, player: Player) -> None:
        """Another page, path, host, method or body is left to other handlers."""
        recording = made_of(
            exchange(),
            exchange(url=f"{CREDITS}?page=2"),
            exchange("POST", asked=b'{"list": [1, 2]}'),
        )

        replies = player.answers(recording, NOT_RECORDED)

        assert replies == [None] * len(NOT_RECORDED)

    def test_bodies_are_known_again(self, player: Player) -> None:
        """JSON by what it says, the rest by its bytes; any secret does where one was hidden."""
        met = [
            exchange("POST", asked=each, answered=b"%d" % at)
            for at, (each, _) in enumerate(KNOWN_AGAIN)
        ]
        asked = [RecordedRequest("POST", CREDITS, (), each) for _, each in KNOWN_AGAIN]

        replies = player.answers(made_of(*met), asked)

        assert [each and each.body for each in replies] == [each.response.body for each in met]

    def test_every_body_comes_back_byte_by_byte(self, player: Player) -> None:
        """Whatever a body is; and no content type is added."""
        met = [
            exchange(url=f"{CREDITS}/{number}", answered=each, answer_headers=())
            for number, each in enumerate(BODIES)
        ]

        replies = player.answers(made_of(*met), [each.request for each in met])

        assert replies == [Reply(200, "OK", [], each) for each in BODIES]

    def test_no_character_of_an_address_is_a_pattern(self, player: Player) -> None:
        """Encoded or not."""
        met = [exchange(url=f"https://api.zexa.ao:8443{each}") for each in TARGETS]

        replies = player.answers(made_of(*met), [each.request for each in met])

        assert None not in replies

    @pytest.mark.parametrize("status", [204, 304])
    def test_a_reply_that_can_have_no_body_has_none(self, player: Player, status: int) -> None:
        """Even where something was recorded."""
        met = exchange(status=status, answer_headers=())

        reply = player.answer(made_of(met), met.request)

        assert reply is not None
        assert (reply.status, reply.body) == (status, b"")

    def test_repeated_headers_come_back(self, player: Player) -> None:
        """Two cookies are two headers."""
        cookies = (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
        met = exchange(answer_headers=cookies)

        reply = player.answer(made_of(met), met.request)

        assert reply is not None
        assert reply.headers == [["set-cookie", "a=1"], ["set-cookie", "b=2"]]

    def test_any_method_is_answered(self, player: Player) -> None:
        """Also one that MSW has no name for, and one that every object of JavaScript has."""
        met = exchange("PROPFIND")

        assert player.answer(made_of(exchange("constructor"), met), met.request) is not None

    def test_a_preference_goes_before_the_plain_request(self, player: Player) -> None:
        """Whatever came first in the recording."""
        plain, preferred = exchange(), exchange(headers=(("Prefer", "code=409"),), status=409)

        replies = player.answers(made_of(plain, preferred), [preferred.request, plain.request])

        assert [each and each.status for each in replies] == [409, 200]


def test_no_text_of_a_recording_leaves_its_place() -> None:
    """Neither a line comment nor a script element ends early."""
    recording = replace(made_of(exchange(answered=b'["</script>"]')), title="a\u2028b\nc </script>")

    code = msw.write(recording).decode()

    assert code.splitlines()[0] == r"// made-up: a b c <\/script>"
    assert "</script" not in code


@pytest.mark.parametrize("status", [0, 199, 600])
def test_what_fetch_cannot_answer_is_left_out(status: int) -> None:
    """A Response has a status between 200 and 599."""
    assert "const recorded = [];" in msw.write(made_of(exchange(status=status))).decode()


def test_the_same_recording_is_the_same_file() -> None:
    """Nothing in it depends on the run."""
    assert msw.write(take("sent")) == msw.write(take("sent"))

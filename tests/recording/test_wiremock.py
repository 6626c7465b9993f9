"""WireMock itself, from npm, plays recordings back over real HTTP."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.recording.npm import installed
from tests.recording.recordings import VENDORS, exchange, made_of, take
from tests.scenarios.shipped import NAMES, shipped
from tests.tools import needs
from tests.waiting import LONG, wait_until
from understudy.recording.compare import strip_transport_headers
from understudy.recording.formats import wiremock
from understudy.recording.model import RecordedExchange, RecordedRequest, Recording

PORT = re.compile(r"^port:\s+(\d+)", re.MULTILINE)
# What WireMock, or the connection to it, adds to a recorded reply.
ADDED = ("matched-stub-id", "matched-stub-name")
CREDITS = "https://api.zexa.ao/v1/credits"


def port_of(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port that WireMock says it listens on."""
    wait_until(lambda: PORT.search(log.read_text()) or process.poll() is not None)
    found = PORT.search(log.read_text())
    assert found, f"WireMock did not start: {log.read_text()}"
    return int(found[1])


@dataclass(frozen=True)
class WireMock:
    """A running WireMock, which `http` reaches."""

    http: httpx.Client

    def plays(self, recording: Recording) -> None:
        """Forget everything else, and play this."""
        self.http.delete("/__admin/mappings").raise_for_status()
        self.http.post("/__admin/scenarios/reset").raise_for_status()
        mappings = wiremock.write(recording)
        self.http.post("/__admin/mappings/import", content=mappings).raise_for_status()

    def answer(self, request: RecordedRequest) -> httpx.Response:
        """What it answers to a recorded request."""
        parts = urlsplit(request.url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {"host": parts.netloc} | dict(request.headers)
        return self.http.request(request.method, target, headers=headers, content=request.body)


@contextmanager
def started(jar: Path, folder: Path) -> Iterator[httpx.Client]:
    """A client of a WireMock on a free port whose root is this folder."""
    log = folder / "log.txt"
    # The jar that the package carries: its own starter would leave Java behind when it is ended.
    command = ["java", "-jar", jar, "--port", "0", "--root-dir", folder]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        base_url = f"http://127.0.0.1:{port_of(process, log)}"
        with httpx.Client(base_url=base_url, trust_env=False, timeout=LONG) as http:
            yield http
    finally:
        process.terminate()
        process.wait(LONG)


@pytest.fixture(scope="module")
def jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = installed("wiremock", tmp_path_factory.mktemp("wiremock"))
    (found,) = folder.glob("node_modules/wiremock/build/*.jar")
    return found


@pytest.fixture(scope="module")
def running(jar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireMock]:
    """One WireMock for all tests."""
    with started(jar, tmp_path_factory.mktemp("root")) as http:
        yield WireMock(http)


def said(reply: httpx.Response) -> tuple[int, list[tuple[str, str]], Any]:
    """What a reply says: status, headers, and its document or text."""
    headers = [
        each
        for each in strip_transport_headers(reply.headers.multi_items())
        if each[0] not in ADDED
    ]
    return reply.status_code, sorted(headers), document(reply.content)


def recorded(each: RecordedExchange) -> tuple[int, list[tuple[str, str]], Any]:
    """What was recorded, as `said` has it."""
    headers = strip_transport_headers(each.response.headers)
    lower = sorted((name.lower(), value) for name, value in headers)
    return each.response.status, lower, document(each.response.body)


def document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def mappings_of(*exchanges: RecordedExchange) -> list[Any]:
    mappings: list[Any] = json.loads(wiremock.write(made_of(*exchanges)))["mappings"]
    return mappings


@needs("node", "npm", "java")
class TestPlayed:
    """WireMock runs, and is asked."""

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_the_same_requests_get_the_recorded_replies(
        self, running: WireMock, vendor: str
    ) -> None:
        """Status, headers and body of every exchange come back, in their order."""
        recording = take(vendor)
        running.plays(recording)

        replies = [said(running.answer(each.request)) for each in recording.exchanges]

        assert replies == [recorded(each) for each in recording.exchanges]

    @pytest.mark.parametrize("name", NAMES)
    def test_what_ships_is_played(self, running: WireMock, name: str) -> None:
        """Every recording of every vendor, from its first exchange to its last."""
        running.plays(shipped(name))

        replies = [said(running.answer(each.request)) for each in shipped(name).exchanges]

        assert replies == [recorded(each) for each in shipped(name).exchanges]

    def test_vendors_with_the_same_paths_are_told_apart_by_host(self, running: WireMock) -> None:
        """AgentMessage and Zexa both have /v1/campaigns."""
        recording = take("agentmessage", "zexa")
        running.plays(recording)

        replies = [said(running.answer(each.request)) for each in recording.exchanges]

        assert replies == [recorded(each) for each in recording.exchanges]

    def test_a_recording_at_another_address_is_played_there(self, running: WireMock) -> None:
        """Prefixes keep the vendors apart at one address."""
        origins = {name: f"http://localhost/{name}" for name in VENDORS}
        recording = take(*VENDORS).move_to_origins(origins)
        running.plays(recording)

        replies = [said(running.answer(each.request)) for each in recording.exchanges]

        assert replies == [recorded(each) for each in recording.exchanges]

    def test_the_file_loads_from_the_mappings_folder(self, jar: Path, tmp_path: Path) -> None:
        """As it stands, several mappings in one file."""
        content = wiremock.write(take("zexa"))
        (tmp_path / "mappings").mkdir()
        (tmp_path / "mappings" / "take.json").write_bytes(content)

        with started(jar, tmp_path) as http:
            loaded = http.get("/__admin/mappings").json()["mappings"]

        written = json.loads(content)["mappings"]
        assert {each["id"] for each in loaded} == {each["id"] for each in written}

    def test_the_last_reply_stays(self, running: WireMock) -> None:
        """Whoever asks once more than was recorded gets the last answer again."""
        first, last = exchange(), exchange(answered=b'{"a":2}')
        running.plays(made_of(first, last))

        replies = [running.answer(first.request).json()["a"] for _ in range(4)]

        assert replies == [1, 2, 2, 2]

    @pytest.mark.parametrize(
        ("method", "target", "body"),
        [
            ("GET", "/v1/credits?page=3", b""),
            ("GET", "/v1/credits?page=2&size=2&size=4", b""),
            ("GET", "/v1/credits?page=2", b""),
            ("GET", "/v1/Credits", b""),
            ("POST", "/v1/credits", b""),
            ("PUT", "/v1/credits", b"{}"),
            ("POST", "/v1/credits", b'{"list": [2, 1]}'),
            ("POST", "/v1/credits", b'{"list": [1, 2], "more": true}'),
        ],
    )
    def test_what_was_not_recorded_is_not_answered(
        self, running: WireMock, method: str, target: str, body: bytes
    ) -> None:
        """Another page, an order of items, a member more: WireMock says 404."""
        running.plays(
            made_of(
                exchange(),
                exchange(url=f"{CREDITS}?page=2&size=2&size=3"),
                exchange(url=f"{CREDITS}?other=1"),
                exchange("POST", asked=b'{"list": [1, 2]}'),
                exchange("PUT"),
                exchange("PUT", asked=b"text"),
            )
        )

        reply = running.http.request(method, target, content=body)

        assert reply.status_code == 404

    @pytest.mark.parametrize(
        ("recorded_as", "asked"),
        [
            (b'{"a": 1, "b": [1.0]}', b'{"b":[1],"a":1}'),
            (b'"text"', b'"text"'),
            (b"a=1&b=2", b"a=1&b=2"),
            (b"\xff\x00", b"\xff\x00"),
            (b"{not json", b"{not json"),
            (b'{"code": "[redacted]", "b": 1}', b'{"code": "s3cret", "b": 1}'),
            (b'{"at": "x/[redacted acme]/y"}', b'{"at": "x/s3cret/y"}'),
        ],
    )
    def test_bodies_are_known_again(
        self, running: WireMock, recorded_as: bytes, asked: bytes
    ) -> None:
        """JSON by what it says, the rest by its bytes; any secret does where one was hidden."""
        met = exchange("POST", asked=recorded_as)
        running.plays(made_of(met, exchange("POST", asked=b"other", status=409)))

        reply = running.answer(replace(met.request, body=asked))

        assert reply.status_code == 200

    @pytest.mark.parametrize(
        "body",
        [b'{"a":[1,null,"\xc3\xa9"]}', b"", b"null", b"plain", b"\xff\x00", b'{"a":1,"a":2}'],
    )
    def test_every_body_comes_back_byte_by_byte(self, running: WireMock, body: bytes) -> None:
        """Whatever a body is."""
        met = exchange(answered=body, answer_headers=())
        running.plays(made_of(met))

        assert running.answer(met.request).content == body

    def test_addresses_are_matched_as_they_were_encoded(self, running: WireMock) -> None:
        """Slashes, spaces, plus signs, repeated and empty values."""
        met = exchange(url="https://api.zexa.ao/v1/a%2Fb%20c/(x)?q=a+b%2B%C3%A9&q=1&r")
        running.plays(made_of(met))

        assert running.answer(met.request).status_code == 200

    def test_a_key_hidden_in_an_address_matches_any(self, running: WireMock) -> None:
        """In the path and in the query."""
        running.plays(made_of(exchange(url="https://api.zexa.ao/x/[redacted]?key=[redacted acme]")))

        assert running.http.get("/x/abc?key=def").status_code == 200
        assert running.http.get("/y/abc?key=def").status_code == 404

    def test_repeated_headers_and_odd_phrases_come_back(self, running: WireMock) -> None:
        """Two cookies are two headers."""
        cookies = (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
        met = exchange(status=299, answer_headers=cookies)
        odd = replace(met, response=replace(met.response, reason="Quite Odd"))
        running.plays(made_of(odd))

        reply = running.answer(met.request)

        assert reply.reason_phrase == "Quite Odd"
        assert reply.headers.get_list("set-cookie") == ["a=1", "b=2"]

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ("reset", httpx.ReadError),
            ("empty", httpx.RemoteProtocolError),
            (None, httpx.RemoteProtocolError),
        ],
    )
    def test_a_broken_connection_breaks_again(
        self, running: WireMock, fault: str | None, error: type[Exception]
    ) -> None:
        """What had no response is a fault of WireMock."""
        met = exchange(status=0, answered=b"", fault=fault)
        running.plays(made_of(met))

        with pytest.raises(error):
            running.answer(met.request)


def test_a_preference_and_a_key_are_matched_and_no_credential() -> None:
    """The other headers of a request say nothing of its answer."""
    headers = (
        ("Prefer", "code=409"),
        ("Idempotency-Key", "k"),
        ("Authorization", "Bearer [redacted]"),
    )

    (mapping,) = mappings_of(exchange(headers=headers))

    assert mapping["request"]["headers"] == {
        "idempotency-key": {"equalTo": "k"},
        "prefer": {"equalTo": "code=409"},
    }


def test_what_says_more_is_looked_at_first() -> None:
    """A request with a preference before the one without, and none before WireMock's default."""
    plain = exchange()
    preferred = exchange(headers=(("prefer", "code=409"),))

    assert [each["priority"] for each in mappings_of(plain, preferred)] == [6, 5]


def test_equal_answers_are_one_mapping() -> None:
    """No scenario is needed where nothing changes."""
    assert len(mappings_of(exchange(), exchange())) == 1


def test_the_same_recording_is_the_same_file() -> None:
    """Ids derive from the content and its position."""
    recording = take("sent")

    assert wiremock.write(recording) == wiremock.write(recording)
    ids = [each["id"] for each in json.loads(wiremock.write(recording))["mappings"]]
    assert len(set(ids)) == len(ids)

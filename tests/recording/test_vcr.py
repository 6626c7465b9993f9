"""Cassettes: what stands in the file, what vcrpy makes of it, and what is read of its own."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import vcr as vcrpy
import yaml

from tests.conftest import NOON, Live
from tests.recording.samples import VENDORS, scene
from tests.scenarios.shipped import NAMES, shipped
from understudy.recording.formats.registry import read_recording, vcr
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
    UnreadableRecording,
)

URL = "https://api.zexa.ao/v1/campaigns"
ASK = RecordedRequest("POST", URL, (("A", "1"), ("A", "3"), ("b", "2")), b'{"a": 1}')
ANSWER = RecordedResponse(201, (("Content-Type", "text/plain"),), b"one\ntwo\n")
ONE = RecordedExchange(ASK, ANSWER, vendor="zexa", at=NOON, took=1_500_000)
KEY = {"Authorization": "Bearer zexa_test_acme"}
# As vcrpy tells requests apart, with the body, which it does not look at unless it is told to.
STRICT = ("method", "uri", "body")


def answered(**changes: Any) -> Recording:
    """A recording of one exchange with another response."""
    return Recording("a", (replace(ONE, response=replace(ANSWER, **changes)),))


def read(cassette: Any) -> Recording:
    """The recording in a document."""
    return vcr.read(yaml.safe_dump(cassette).encode(), "given")


def foreign(request: Any = None, response: Any = None) -> RecordedExchange:
    """The exchange of another tool, with these members beside the necessary ones."""
    asked = {"method": "GET", "uri": URL, **(request or {})}
    sentence = {"status": {"code": 200, "message": "OK"}} if response is None else response
    return read({"interactions": [{"request": asked, "response": sentence}]}).exchanges[0]


def test_a_cassette_is_read_by_people() -> None:
    """Keys in vcrpy's order, values of one name together, text as text, ours last."""
    assert (
        vcr.write(Recording("sale", (ONE,), seed=7)).decode()
        == f"""\
interactions:
- request:
    method: POST
    uri: {URL}
    body: '{{"a": 1}}'
    headers:
      A:
      - '1'
      - '3'
      b:
      - '2'
  response:
    status:
      code: 201
      message: Created
    headers:
      Content-Type:
      - text/plain
    body:
      string: |
        one
        two
  understudy:
    vendor: zexa
    at: '2026-03-11T12:00:00Z'
    took: 1.5
version: 1
understudy:
  name: sale
  session: default
  clock: null
  seed: 7
"""
    )


def test_bytes_that_are_no_text_are_binary() -> None:
    """YAML has a tag for them."""
    assert b"string: !!binary |" in vcr.write(answered(body=b"\xff"))


def test_a_cassette_is_ascii() -> None:
    """vcrpy opens it in the encoding of the machine, whatever that is."""
    assert vcr.write(answered(body="é🎭".encode())).isascii()


def test_what_had_no_response_is_left_out() -> None:
    """A cassette has no place for it."""
    lost = replace(ONE, response=RecordedResponse(0))

    assert vcr.read(vcr.write(Recording("a", (lost, ONE)))).exchanges == (ONE,)


def test_a_phrase_that_vcrpy_cannot_play_stands_beside() -> None:
    """It is ours to keep; vcrpy tells the usual one."""
    recording = answered(reason="Señor")

    cassette = yaml.safe_load(vcr.write(recording))

    assert cassette["interactions"][0]["response"]["status"]["message"] == ""
    assert vcr.read(vcr.write(recording)) == recording


# With vcrpy.


def asked_again(client: httpx.Client, exchange: RecordedExchange) -> httpx.Response:
    """A recorded request, sent by httpx."""
    request = exchange.request
    headers = list(request.headers)
    return client.request(request.method, request.url, headers=headers, content=request.body)


def played(recording: Recording, file: Path) -> list[httpx.Response]:
    """What vcrpy answers to each request of a recording from its cassette."""
    file.write_bytes(vcr.write(recording))
    with (
        vcrpy.use_cassette(str(file), record_mode="none", match_on=STRICT) as cassette,
        httpx.Client() as client,
    ):
        replies = [asked_again(client, each) for each in recording.answered]
    assert cassette.all_played
    return replies


@pytest.mark.parametrize("vendor", VENDORS)
def test_vcrpy_plays_it(vendor: str, tmp_path: Path) -> None:
    """Status, phrase, headers and body as recorded; a request that stands twice in its order."""
    replies = played(scene(vendor), tmp_path / "scene.yaml")

    for reply, exchange in zip(replies, scene(vendor).exchanges, strict=True):
        recorded = exchange.response
        assert (reply.status_code, reply.reason_phrase) == (recorded.status, recorded.phrase)
        assert reply.headers.multi_items() == list(recorded.headers)
        assert reply.content == recorded.body


@pytest.mark.parametrize("name", NAMES)
def test_vcrpy_plays_what_ships(name: str, tmp_path: Path) -> None:
    """Every recording of every vendor, from its first exchange to its last."""
    replies = played(shipped(name), tmp_path / "shipped.yaml")

    assert [(each.status_code, each.content) for each in replies] == [
        (each.response.status, each.response.body) for each in shipped(name).exchanges
    ]


def test_vcrpy_plays_bytes_and_doubled_headers(tmp_path: Path) -> None:
    """Whatever a reply is made of."""
    headers = (("Set-Cookie", "a"), ("X", ""), ("Set-Cookie", "b"))
    body = b"\xef\xbb\xbf\r\n\x00\xff \n"

    reply = played(answered(headers=headers, body=body), tmp_path / "a.yaml")[0]

    assert reply.headers.get_list("set-cookie") == ["a", "b"] and reply.headers["x"] == ""
    assert reply.content == body


@pytest.mark.parametrize("serializer", ["yaml", "json"])
def test_a_recording_by_vcrpy_is_read(serializer: str, live: Live, tmp_path: Path) -> None:
    """What it took down of httpx at a live server, in either spelling."""
    file = tmp_path / f"theirs.{serializer}"
    url = f"{live.url}/@vcrpy-{serializer}/zexa/v1/campaigns"
    with vcrpy.use_cassette(str(file), serializer=serializer), httpx.Client() as client:
        replies = [client.get(url, headers=KEY), client.post(url, headers=KEY, json={"a": "é"})]

    recording = read_recording(file)

    assert recording.name == "theirs" and recording.vendors == []
    assert [each.request.body for each in recording.exchanges] == [b"", '{"a":"é"}'.encode()]
    for reply, exchange in zip(replies, recording.exchanges, strict=True):
        assert exchange.request.url == url and exchange.response.reason == ""
        assert exchange.response.status == reply.status_code
        # vcrpy sorts them in YAML.
        assert sorted(exchange.response.headers) == sorted(reply.headers.multi_items())
        assert exchange.response.body == reply.content


async def test_what_aiohttp_was_handed_is_read(live: Live, tmp_path: Path) -> None:
    """vcrpy takes down the document itself; it was sent as JSON."""
    file = tmp_path / "theirs.yaml"
    url = f"{live.url}/@vcrpy-aiohttp/zexa/v1/campaigns"
    with vcrpy.use_cassette(str(file)):
        async with aiohttp.ClientSession(headers=KEY) as client:
            await client.post(url, json={"name": "é"})

    exchange = read_recording(file).exchanges[0]

    assert exchange.request.body == '{"name":"é"}'.encode()
    assert exchange.response.status == 400 and b"channel" in exchange.response.body


@pytest.fixture
def packing() -> Iterator[str]:
    """The URL of a server on this machine that packs what it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            packed = gzip.compress(b'{"packed":true}')
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads a test's access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("get", [httpx.get, requests.get], ids=["httpx", "requests"])
def test_packed_bodies_are_unpacked(get: Any, packing: str, tmp_path: Path) -> None:
    """vcrpy keeps some as they came, some not; nothing says any more that they were packed."""
    file = tmp_path / "theirs.yaml"
    with vcrpy.use_cassette(str(file)):
        get(packing)

    response = read_recording(file).exchanges[0].response

    assert response.body == b'{"packed":true}'
    assert [name.lower() for name, _ in response.headers] == ["date", "server"]


# Cassettes of other tools and of other times.


@pytest.mark.parametrize("packed", [zlib.compress(b"plain"), zlib.compress(b"plain", wbits=-15)])
def test_deflate_is_unpacked_either_way(packed: bytes) -> None:
    """Servers never agreed on what it is."""
    headers = {"content-encoding": ["Deflate"]}

    exchange = foreign(
        response={"status": {"code": 200}, "headers": headers, "body": {"string": packed}}
    )

    assert exchange.response.body == b"plain"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"\xff"),
        ("gzip", gzip.compress(b"cut")[:-9]),
        ("gzip", gzip.compress(bytes(vcr.MAX_DECODED + 1))),
        ("br", b"\xff"),
    ],
    ids=["none", "cut", "enormous", "unknown"],
)
def test_what_cannot_be_unpacked_stays_as_it_is(encoding: str, body: bytes) -> None:
    """With the header that says how it is packed."""
    headers = {"Content-Encoding": encoding}

    exchange = foreign(
        response={"status": {"code": 200}, "headers": headers, "body": {"string": body}}
    )

    assert exchange.response.body == body
    assert exchange.response.headers == (("Content-Encoding", encoding),)


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ("null", b""),
        ("''", b""),
        ("2026-03-11", b"2026-03-11"),
        ("!!binary /w==", b"\xff"),
        ("!!python/unicode 'a'", b"a"),
        ("!!python/str 'a'", b"a"),
        ("!!python/object/new:_io.BytesIO {state: !!python/tuple [!!binary /w==, 0]}", b"\xff"),
        ("!!python/object/new:_io.BytesIO {state: !!python/tuple ['a', 0, null]}", b"a"),
        ("!!python/object/new:_io.BytesIO {}", b""),
        ("!!python/object/apply:builtins.iter {args: [[a, !!binary Yg==]]}", b"ab"),
        ("{a: [1, true, x]}", b'{"a":[1,true,"x"]}'),
    ],
)
def test_a_requests_body_has_many_shapes(body: str, read: bytes) -> None:
    """Whatever vcrpy has written over the years; a time is text."""
    text = f"interactions: [{{request: {{method: GET, uri: '{URL}', body: {body}}}, "

    recording = vcr.read(f"{text} response: {{status: {{code: 200}}}}}}]".encode())

    assert recording.exchanges[0].request.body == read


def test_what_older_vcrpy_wrote_of_httpx_is_read() -> None:
    """The status and the content stood in the response itself."""
    response = {"status_code": 404, "http_version": "HTTP/1.1", "headers": {"a": ["b"]}}

    read = foreign(response={**response, "content": "gone"}).response

    assert read == RecordedResponse(404, (("a", "b"),), b"gone")


@pytest.mark.parametrize("body", ["text", b"text", {"string": "text"}, {"string": b"text"}])
def test_a_responses_body_has_many_shapes(body: Any) -> None:
    """Alone, or as vcrpy has it; text or bytes."""
    assert foreign(response={"status": {"code": 200}, "body": body}).response.body == b"text"


@pytest.mark.parametrize("value", ["b", ["b"], b"b", [b"b"]])
def test_a_header_has_many_shapes(value: Any) -> None:
    """One value or a list of them, text or bytes."""
    assert foreign({"headers": {"A": value}}).request.headers == (("A", "b"),)


@pytest.mark.parametrize("message", ["OK", "", None])
def test_the_usual_phrase_is_no_reason(message: str | None) -> None:
    """Nor is none at all, which some versions wrote."""
    response = foreign(response={"status": {"code": 200, "message": message}}).response

    assert response.reason == "" and response.phrase == "OK"


def test_references_are_followed() -> None:
    """vcrpy writes them where one object stands twice."""
    headers = {"A": ["b"]}
    shared = {"interactions": [{"request": {"method": "GET", "uri": URL, "headers": headers}}]}
    shared["interactions"][0]["response"] = {"status": {"code": 200}, "headers": headers}
    assert b"&id001" in yaml.safe_dump(shared).encode()

    assert read(shared).exchanges[0].response.headers == (("A", "b"),)


DEEP = b"[" * 50_000 + b"]" * 50_000
# Nine times nine times nine...: a few lines that stand for gigabytes.
BOMB = b"[&x0 [x]" + b"".join(b", &x%d [%s]" % (at, b"*x%d," % (at - 1) * 9) for at in range(1, 12))
BOMB += b"]"
FIRST = "/interactions/0"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty; record into it first"),
        (b"~", "must be an object, not null"),
        (b"a: b: c", "is not YAML: mapping values are not allowed "),
        (b"{a: !x}", "is not JSON"),
        (b"a: \xff", "is not text; a recording is JSON or YAML in UTF-8"),
        (b"a: &a [*a]", "is not YAML: what begins at line 1, column 4 refers to itself"),
        (b"a: &a {b: c}\nd: " + BOMB, "is not YAML: its references (such as to line 2, column "),
        (b"a: " + DEEP, "is not YAML: it nests deeper than 200 levels"),
        (b"a: !!python/object/apply:os.system [x]", "is not YAML: could not determine a constr"),
        (b"a: !!int x", "is not YAML: invalid literal for int()"),
        (b'{"interactions": [}', "is not JSON: Expecting value: line 1 column 19 (char 18)"),
        (b"[{request: {}}]", "is a cassette from before vcrpy 1.0; bring it up to date with"),
        (b"version: 1", 'has no "interactions"'),
        (b"interactions: {}", "/interactions must be a list, not an object"),
        (b"interactions: [{}]", f'{FIRST} has no "response"'),
        (
            b"interactions: [{request: {method: A, uri: http://x}, response: {}}]",
            f'{FIRST}/response has no "status"',
        ),
        (
            b"interactions: [{request: {}, response: {status: {}}}]",
            f'{FIRST}/request has no "method"; {FIRST}/request has no "uri"; {FIRST}/response/st',
        ),
    ],
)
def test_a_broken_cassette_is_one_sentence(content: bytes, sentence: str) -> None:
    """It says what is wrong, and where."""
    with pytest.raises(UnreadableRecording) as refused:
        vcr.read(content)

    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"uri": None}, f"{FIRST}/request/uri must be a URL with scheme and host, "),
        ({"uri": "/x"}, f"{FIRST}/request/uri must be a URL with scheme and host, "),
        ({"body": 7}, f"{FIRST}/request/body must be text, bytes or JSON, not 7"),
        ({"body": {"a": b"b"}}, f"{FIRST}/request/body/a is bytes, which JSON cannot hold"),
        ({"headers": ["a"]}, f"{FIRST}/request/headers must be an object, not a list"),
        (
            {"headers": {"a": [7]}},
            f"{FIRST}/request/headers/a/0 must be text without line breaks and NULs",
        ),
        (
            {"headers": {7: []}},
            f"{FIRST}/request/headers has the key 7, which is not text; put it in quotes",
        ),
    ],
)
def test_a_broken_request_is_one_sentence(request_: Any, sentence: str) -> None:
    """It says where, and what is wrong there."""
    with pytest.raises(UnreadableRecording) as refused:
        foreign(request_)

    assert str(refused.value).startswith(sentence)


def test_our_own_members_survive_a_cassette_as_json() -> None:
    """Whoever turns the YAML into JSON loses nothing."""
    recording = scene("tether")

    as_json = json.dumps(yaml.safe_load(vcr.write(replace(recording, exchanges=(ONE,)))))

    assert vcr.read(as_json.encode()) == replace(recording, exchanges=(ONE,))

"""HAR: what stands in the file, what a real browser makes of it, and what is read of others'."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NOON, Live
from tests.recording.browsing import Answered, Browser, needs_browser
from tests.recording.samples import PATHS, VENDORS, scene
from tests.scenarios.shipped import shipped
from understudy.core.clock import MILLISECOND, parse_instant
from understudy.recording.formats import har
from understudy.recording.formats.registry import read_recording
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
    UnreadableRecording,
    decode_body,
)

ASK = RecordedRequest("POST", "https://api.zexa.ao/v1/x?a=1&b=%20&a", (("A", "1"),), b'{"a":1}')
ANSWER = RecordedResponse(201, (("Content-Type", "text/plain"),), b"done")
ONE = RecordedExchange(ASK, ANSWER, at=NOON, took=1_500_000)
# What HAR 1.2 requires of each object.
REQUIRED = {
    "log": "version creator entries",
    "creator": "name version",
    "entry": "startedDateTime time request response cache timings",
    "request": "method url httpVersion cookies headers queryString headersSize bodySize",
    "response": "status statusText httpVersion cookies headers content redirectURL headersSize "
    "bodySize",
    "content": "size mimeType",
    "timings": "send wait receive",
    "postData": "mimeType text",
}


def log_of(*exchanges: RecordedExchange) -> Any:
    """The `log` of a recording of these."""
    return json.loads(har.write(Recording("a", exchanges)))["log"]


def entry_of(exchange: RecordedExchange = ONE, **changes: Any) -> Any:
    """The one entry of a recording of this, with other members in its request or response."""
    message = replace(exchange.request if "method" in changes else exchange.response, **changes)
    name = "request" if "method" in changes else "response"
    return log_of(replace(exchange, **{name: message}))["entries"][0]


def read(document: Any) -> Recording:
    """The recording in a document."""
    return har.read(json.dumps(document).encode(), "given")


def foreign(request: Any = None, response: Any = None, **entry: Any) -> RecordedExchange:
    """The exchange in an entry of another tool, with these members beside the necessary ones."""
    asked = {"method": "GET", "url": "https://a.example/x", **(request or {})}
    answered = {"status": 200, **(response or {})}
    entries = [{"request": asked, "response": answered, **entry}]
    return read({"log": {"entries": entries}}).exchanges[0]


def header(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


@pytest.mark.parametrize("name", REQUIRED)
def test_what_har_requires_is_there(name: str) -> None:
    """Each object of the file has every member that HAR 1.2 does not call optional."""
    log = log_of(ONE)
    entry = log["entries"][0]
    objects = {"log": log, "creator": log["creator"], "entry": entry, **entry}
    objects |= {**entry["response"], "postData": entry["request"]["postData"]}
    objects |= {"request": entry["request"], "response": entry["response"]}

    missing = set(REQUIRED[name].split()) - set(objects[name])

    assert not missing


def test_a_request_is_taken_apart() -> None:
    """Query and cookies are listed; a name may stand twice, and a value may be empty."""
    headers = (("Cookie", "a=1; b=x=y"), ("Cookie", "c=3"))

    request = entry_of(method="PUT", headers=headers)["request"]

    query = [(each["name"], each["value"]) for each in request["queryString"]]
    assert query == [("a", "1"), ("b", " "), ("a", "")]
    assert [each["value"] for each in request["cookies"]] == ["1", "x=y", "3"]


def test_a_response_tells_type_place_and_cookies() -> None:
    """What its headers say stands in the members that HAR has for it."""
    headers = (("content-type", "text/x"), ("Location", "/y"), ("Set-Cookie", "a=b; Path=/"))

    response = entry_of(status=302, headers=headers)["response"]

    assert response["statusText"] == "Found" and response["redirectURL"] == "/y"
    assert response["content"]["mimeType"] == "text/x"
    assert response["cookies"] == [header("a", "b")]


def test_bytes_that_are_no_text_are_base64() -> None:
    """HAR has a member for that in a response; in a request it is one of our own."""
    spelled = base64.b64encode(b"\xff").decode()

    asked = entry_of(method="POST", body=b"\xff")["request"]["postData"]
    answered = entry_of(body=b"\xff")["response"]["content"]

    assert asked == {"mimeType": "x-unknown", "text": spelled, "_encoding": "base64"}
    assert answered == {"size": 1, "mimeType": "text/plain", "text": spelled, "encoding": "base64"}


def test_times_are_in_milliseconds() -> None:
    """Browsers read them; what is more exact stands beside."""
    entry = log_of(replace(ONE, at=NOON + 1))["entries"][0]

    assert entry["startedDateTime"] == "2026-03-11T12:00:00.000Z"
    assert entry["time"] == entry["timings"]["wait"] == 1.5
    assert entry["_understudy"]["at"] == "2026-03-11T12:00:00.000000001Z"


def test_an_unknown_time_stays_unknown() -> None:
    """HAR demands one; it is a fixed one, and not believed when it is read."""
    log = log_of(replace(ONE, at=None))

    assert log["entries"][0]["startedDateTime"] == "1970-01-01T00:00:00.000Z"
    assert read({"log": log}).exchanges[0].at is None


def test_a_request_without_a_response_is_kept() -> None:
    """HAR has the status 0 for it."""
    lost = replace(ONE, response=RecordedResponse(0))

    log = log_of(lost)

    assert log["entries"][0]["response"]["status"] == 0
    assert read({"log": log}).exchanges == (lost,)


# Files of other tools.


def test_a_foreign_file_says_what_it_says() -> None:
    """Time, duration, reason and bodies; nothing is known of a vendor, and the file names it."""
    recording = read({"log": {"entries": []}})
    exchange = foreign(
        {"method": "POST", "postData": {"mimeType": "text/plain", "text": "é"}},
        {"statusText": "Fine", "content": {"text": "/w==", "encoding": "base64"}},
        startedDateTime="2026-03-11T13:00:00.5+01:00",
        time=12.5,
    )

    assert recording.name == "given" and exchange.vendor == ""
    assert exchange.request.body == "é".encode() and exchange.response.body == b"\xff"
    assert exchange.response.reason == "Fine" and exchange.took == 12.5 * MILLISECOND
    assert exchange.at == parse_instant("2026-03-11T12:00:00.5Z")


def test_headers_of_other_tools_become_those_of_http() -> None:
    """Pseudo headers go, lines are values, and what tells of packing does not fit the body."""
    response = {
        "headers": [
            *(header("Content-Encoding", "gzip"), header("content-length", "9")),
            *(header("Set-Cookie", "a=1\nb=2"), header("etag", "x")),
        ],
        "content": {"text": "unpacked"},
    }

    exchange = foreign({"headers": [header(":method", "GET"), header("a", "b")]}, response)

    assert exchange.request.headers == (("a", "b"),)
    assert exchange.response.headers == (
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("etag", "x"),
    )


def test_a_form_is_put_together_from_its_fields() -> None:
    """Some tools list the fields and leave out the text."""
    fields = [header("a", "1 2"), {"name": "b"}]
    data = {"mimeType": "application/x-www-form-urlencoded; charset=utf-8", "params": fields}

    exchange = foreign({"method": "POST", "postData": data})

    assert exchange.request.body == b"a=1+2&b="


@pytest.mark.parametrize("spelled", ["encoding", "_encoding"])
def test_a_requests_body_may_be_base64(spelled: str) -> None:
    """Whichever member says so, and broken into lines or not."""
    data = {"mimeType": "", "text": "/w\n==", spelled: "base64"}

    assert foreign({"postData": data}).request.body == b"\xff"


@pytest.mark.parametrize("url", ["data:text/plain,x", "wss://a.example/", "blob:https://a/b"])
def test_what_is_no_http_is_passed_over(url: str) -> None:
    """Browsers list what they loaded from anywhere."""
    entry = {"request": {"method": "GET", "url": url}, "response": {"status": 200}}

    assert read({"log": {"entries": [entry]}}).exchanges == ()


def test_a_fragment_is_no_part_of_a_url() -> None:
    """Servers are never told of it."""
    assert foreign({"url": "https://a.example/x?y#z"}).request.url == "https://a.example/x?y"


@pytest.mark.parametrize("status", [0, -1])
def test_a_failed_request_has_no_status(status: int) -> None:
    """Browsers write 0 for it, Playwright -1."""
    assert foreign(response={"status": status}).response.status == 0


def test_a_byte_order_mark_is_passed_over() -> None:
    """Some tools on Windows begin their files with one."""
    assert har.read(b'\xef\xbb\xbf{"log": {"entries": []}}').exchanges == ()


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        ("request/url", None, "/request/url must be a URL with scheme and host, white space and"),
        ("request/url", "/x", 'control characters encoded, not "/x"'),
        ("request/url", "http://[x", "/request/url must be a URL"),
        ("request/method", 7, "/request/method must be text without line breaks and NULs"),
        ("request/method", "\ud800", "/request/method holds half a character"),
        ("request/headers", {}, "/request/headers must be a list, not an object"),
        ("request/headers", [{}], '/request/headers/0 has no "name"'),
        ("request/postData", "x", '/request/postData must be an object, not "x"'),
        ("response", [], "/response must be an object, not a list"),
        (
            "response/status",
            None,
            "/response/status must be a status from 100 to 599 (0: no response), not null",
        ),
        (
            "response/status",
            "OK",
            '/response/status must be a status from 100 to 599 (0: no response), not "OK"',
        ),
        (
            "response/status",
            1.5,
            "/response/status must be a status from 100 to 599 (0: no response), not 1.5",
        ),
        (
            "response/content",
            {"text": "!", "encoding": "base64"},
            '/content/text must be base64, not "!"',
        ),
        (
            "response/content",
            {"encoding": "gzip"},
            '/encoding must be base64, the only encoding that can be read, not "gzip"',
        ),
        (
            "response/content",
            {"_file": "a"},
            "_file is another file, which has the body; record the HAR with its",
        ),
        ("startedDateTime", "noon", "/startedDateTime must be a time such as 2026-"),
        ("time", True, "/time must be a number up to 1e+40, not true"),
        (
            "_understudy",
            {"at": 1},
            "/_understudy/at must be a time such as 2026-03-11T12:00:00.000Z, not 1",
        ),
        ("_understudy", {"diagnoses": [{"a": "\ud800"}]}, "/diagnoses/0/a holds half a character"),
    ],
)
def test_a_broken_entry_is_one_sentence(place: str, value: Any, sentence: str) -> None:
    """It says where, and what is wrong there."""
    *parents, name = place.split("/")
    entry = {**entry_of(), "_understudy": None}
    (entry[parents[0]] if parents else entry)[name] = value

    with pytest.raises(UnreadableRecording) as refused:
        read({"log": {"entries": [entry]}})

    assert str(refused.value).startswith("/log/entries/0/") and sentence in str(refused.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty; record into it first"),
        (b'{"log": NaN}', "is not JSON: it has no NaN"),
        (b"\xff", "is not text; a recording is JSON or YAML in UTF-8"),
        (b"[" * 100_000, "is not JSON: it nests deeper than 200 levels"),
        (b"[]", "must be an object, not a list"),
        (b"{}", 'has no "log"'),
        (b'{"log": {}}', '/log has no "entries"'),
        (b'{"log": {"entries": [1]}}', "/log/entries/0 must be an object, not 1"),
    ],
)
def test_a_broken_file_is_one_sentence(content: bytes, sentence: str) -> None:
    """It says what is wrong with the whole."""
    with pytest.raises(UnreadableRecording) as refused:
        har.read(content)

    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize("mime", ["application/json", "application/problem+json", "text/plain"])
def test_body_that_was_left_out_is_told(mime: str) -> None:
    """A recording of an API without its bodies would answer with nothing."""
    with pytest.raises(UnreadableRecording, match="/response/content has no text, though its size"):
        foreign(response={"content": {"size": 123, "mimeType": mime}})


@pytest.mark.parametrize(
    "content",
    [
        {"size": 123, "mimeType": "image/png"},
        {"size": 0, "mimeType": "application/json"},
        {"size": -1, "mimeType": "application/json"},
        {"size": 2, "mimeType": "application/json", "text": ""},
    ],
)
def test_body_that_need_not_be_there(content: Any) -> None:
    """Pictures are commonly left out, and some answers have none."""
    assert foreign(response={"content": content}).response.body == b""


def test_header_that_would_become_two_is_refused() -> None:
    """A browser's lines are values of one name; what else breaks a line is none."""
    with pytest.raises(UnreadableRecording, match="/response/headers/0/value must be text without"):
        foreign(response={"headers": [header("X-A", "b\r\nSet-Cookie: evil=1")]})


# With a real browser.


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Playwright from npm, with the Chromium of this machine."""
    return Browser(tmp_path_factory.mktemp("playwright"))


def ask_of(exchange: RecordedExchange) -> dict[str, Any]:
    """A recorded request as `fetch` takes it."""
    request = exchange.request
    ask = {"url": request.url, "method": request.method}
    if not request.body:
        return ask
    return {
        **ask,
        "body": decode_body(request.body),
        "headers": {"Content-Type": "application/json"},
    }


def playable(recording: Recording) -> list[RecordedExchange]:
    """What Playwright can find: the first of each method, URL and (of a POST) body, as text."""
    found = {
        (each.request.method, each.request.url, told_body(each)): each
        for each in reversed(recording.exchanges)
        if decode_body(each.request.body) is not None
    }
    return list(found.values())


def told_body(exchange: RecordedExchange) -> bytes:
    """The body that tells requests apart."""
    return exchange.request.body if exchange.request.method == "POST" else b""


def replayed(browser: Browser, recording: Recording, page: str, folder: Path) -> list[Answered]:
    """What a page is answered from the HAR of a recording."""
    file = folder / "played.har"
    file.write_bytes(har.write(recording))
    return browser.run("replay.mjs", file, page, [ask_of(each) for each in playable(recording)])


@needs_browser
@pytest.mark.parametrize("vendor", VENDORS)
def test_playwright_plays_it(vendor: str, browser: Browser, tmp_path: Path) -> None:
    """At the vendor's own origin a page's `fetch` gets status, headers and body as recorded."""
    origin = scene(vendor).exchanges[0].request.url.removesuffix(PATHS[vendor])

    answers = replayed(browser, scene(vendor), f"{origin}/", tmp_path)

    for answer, exchange in zip(answers, playable(scene(vendor)), strict=True):
        recorded = exchange.response
        assert (answer.status, answer.body) == (recorded.status, recorded.body)
        assert dict(recorded.headers).items() <= answer.headers.items()


@needs_browser
@pytest.mark.parametrize("vendor", VENDORS)
def test_playwright_plays_what_ships(vendor: str, browser: Browser, tmp_path: Path) -> None:
    """The life of a campaign, as every vendor's recordings have it."""
    recording = shipped(f"{vendor}/campaign-life")
    recorded = [each.response for each in playable(recording)]

    answers = replayed(browser, recording, "https://shop.example/", tmp_path)

    assert len(answers) > 6
    assert [(each.status, each.body) for each in answers] == [
        (each.status, each.body) for each in recorded
    ]


@needs_browser
def test_playwright_plays_it_to_a_page_elsewhere(browser: Browser, tmp_path: Path) -> None:
    """Playwright allows any page to ask, preflights included."""
    answers = replayed(browser, scene("sent"), "https://shop.example/", tmp_path)

    recorded = [each.response for each in playable(scene("sent"))]
    assert [each.status for each in answers] == [each.status for each in recorded]
    assert [each.body for each in answers] == [each.body for each in recorded]


@needs_browser
def test_what_was_not_recorded_fails(browser: Browser, tmp_path: Path) -> None:
    """Nothing else is answered, and nothing leaves the machine."""
    file = tmp_path / "scene.har"
    file.write_bytes(har.write(scene("zexa")))
    unknown = [{"url": "https://api.zexa.ao/v1/other"}]

    answers = browser.run("replay.mjs", file, "https://api.zexa.ao/", unknown)

    assert answers[0].status == 0


def recorded_by(browser: Browser, live: Live, file: Path, content: str) -> list[Answered]:
    """What a page is answered by a live server while Playwright records."""
    url = f"{live.url}/@{content}-{file.stem}/zexa/v1/campaigns"
    key = {"Authorization": "Bearer zexa_test_acme"}
    sale = {"headers": {**key, "Content-Type": "application/json"}, "body": '{"name": "é"}'}
    asks = [{"url": url, "headers": key}, {"url": url, "method": "POST", **sale}]
    return browser.run("record.mjs", file, f"{live.url}/", asks, content=content)


@needs_browser
def test_a_recording_by_playwright_is_read(browser: Browser, live: Live, tmp_path: Path) -> None:
    """What Chromium really asked a live server, and what it was answered."""
    answers = recorded_by(browser, live, tmp_path / "theirs.har", "embed")

    recording = read_recording(tmp_path / "theirs.har")

    page, listed, created = recording.exchanges
    assert page.request.url == f"{live.url}/"
    assert listed.request.method == "GET" and created.request.body == '{"name": "é"}'.encode()
    for exchange, answer in zip((listed, created), answers, strict=True):
        assert exchange.at is not None and exchange.took > 0
        assert exchange.response.status == answer.status
        assert exchange.response.body == answer.body


@needs_browser
def test_bodies_in_other_files_are_refused(browser: Browser, live: Live, tmp_path: Path) -> None:
    """Playwright may put them beside the HAR; the sentence says how to record it instead."""
    recorded_by(browser, live, tmp_path / "theirs.har", "attach")

    with pytest.raises(UnreadableRecording, match="record the HAR with its contents embedded"):
        read_recording(tmp_path / "theirs.har")

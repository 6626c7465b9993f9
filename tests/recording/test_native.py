"""The project's own format holds everything, and says what is wrong with a file."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given

from tests.recording.generated import recordings
from understudy.recording.formats import native
from understudy.recording.model import Recording, UnreadableRecording


@given(recordings)
def test_nothing_is_lost(recording: Recording) -> None:
    """What is written is read again as it was."""
    assert native.read(native.write(recording)) == recording


@given(recordings)
def test_the_file_is_json_for_everybody(recording: Recording) -> None:
    """No NaN, no bytes that are not UTF-8, whatever the bodies were."""
    json.loads(native.write(recording), parse_constant=pytest.fail)


def test_body_is_readable_where_it_can_be() -> None:
    """Compact JSON as JSON, other text as text, the rest as base64."""
    shown = [native.write_body(each) for each in (b'{"a":1}', b'{"a": 1}', b"\xff", b"NaN", b"")]

    assert shown == [
        {"json": {"a": 1}},
        {"text": '{"a": 1}'},
        {"base64": "/w=="},
        {"text": "NaN"},
        {},
    ]


def test_body_deeper_than_the_mock_reads_is_text() -> None:
    """What is made of documents calls itself for each level."""
    deep = b"[" * 150 + b"]" * 150

    assert native.write_body(deep) == {"text": deep.decode()}


def broken(**members: Any) -> bytes:
    return json.dumps({"format": native.FORMAT_ID, "exchanges": [], **members}).encode()


REQUEST = {"method": "GET", "url": "https://x/"}


def with_one(**members: Any) -> bytes:
    """A recording of one exchange with these members."""
    return broken(exchanges=[{"request": REQUEST, "response": {"status": 200}, **members}])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "is not JSON"),
        (b"[]", '"format" must be "understudy-recording/1"'),
        (b"{}", '"format" must be "understudy-recording/1"'),
        (b"[" * 100_000, "is not JSON: it nests deeper than 200 levels"),
        (broken(exchanges={}), "/exchanges must be a list, not an object"),
        (broken(exchanges=[3]), "/exchanges/0 must be an object, not 3"),
        (broken(exchanges=[{}]), '/exchanges/0 has no "request"'),
        (broken(exchanges=[{"request": REQUEST}]), '/exchanges/0 has no "response"'),
        (with_one(request={}), '/exchanges/0/request has no "method"'),
        (with_one(request={**REQUEST, "url": "x"}), "/exchanges/0/request/url must be a URL"),
        (
            with_one(request={**REQUEST, "url": "http://[x"}),
            "/exchanges/0/request/url must be a URL",
        ),
        (with_one(request={**REQUEST, "headers": [["a"]]}), "/request/headers/0 must be a header"),
        (with_one(response={"status": "x"}), "/exchanges/0/response/status must be a status from"),
        (
            with_one(response={"status": 200, "base64": "?"}),
            '/response/base64 must be base64, not "?"',
        ),
        (with_one(vendor=3), "/exchanges/0/vendor must be text, not 3"),
        (with_one(operation=[]), "/exchanges/0/operation must be text, not a list"),
        (with_one(at="noon"), "/exchanges/0/at must be a time"),
        (with_one(vendor="\ud800"), "/exchanges/0/vendor holds half a character"),
        (with_one(vendor=None, took=10**400), "/exchanges/0/took must be a number up to 1e+40"),
        (with_one(response={"status": 999}), "/response/status must be a status from 100 to 599"),
        (with_one(response={"status": -1}), "/response/status must be a status from 100 to 599"),
        (
            with_one(request={**REQUEST, "method": "A\r\nB"}),
            "/request/method must be text without line breaks",
        ),
        (
            with_one(request={**REQUEST, "url": "https://x/\x01"}),
            "/exchanges/0/request/url must be a URL with scheme and host, white space and control",
        ),
        (
            with_one(request={**REQUEST, "url": "https://x/a b"}),
            "/exchanges/0/request/url must be a URL with scheme and host, white space and control",
        ),
        (with_one(request={**REQUEST, "url": "https://x:99999/"}), "url must be a URL"),
        (
            with_one(request={**REQUEST, "headers": {"a": "b\r\nc: d"}}),
            "/headers/a must be text without line",
        ),
        (
            with_one(request={**REQUEST, "headers": {"a\0": ""}}),
            '/headers has the key "a\\u0000", which must be text without',
        ),
        (
            with_one(request={**REQUEST, "headers": [["a", "\n"]]}),
            "/headers/0/1 must be text without",
        ),
        (with_one(request={**REQUEST, "headers": {"\ud800": ""}}), "/headers/\\ud800 holds half a"),
        (broken(vendors={"\ud800": "1"}), "/vendors/\\ud800 holds half a character"),
        (
            broken(settings={"pace": "abc"}),
            '/settings/pace must be a factor from 0 to 1000000 or "manual"',
        ),
        (broken(settings={"auth": 5}), '/settings/auth must be "strict" or "any", not 5'),
        (broken(settings={"body_limit": -5}), "/settings/body_limit must be a number of bytes"),
        (broken(settings={"seeds": 1}), "/settings cannot have seeds; it may have: auth, "),
        (broken(clock="noon"), "/clock must be a time"),
        (broken(deliveries=3), "/deliveries must be a list, not 3"),
        (broken(events=[3]), "/events/0 must be an object, not 3"),
    ],
)
def test_broken_file_says_what_and_where(content: bytes, sentence: str) -> None:
    """One sentence, no traceback."""
    with pytest.raises(UnreadableRecording, match=re.escape(sentence)):
        native.read(content)

"""The project's own format holds everything, and says what is wrong with a file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.errors import Diagnosis
from understudy.recording import own_json
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
    UnreadableRecording,
)

names = st.text("abcxyz-", min_size=1, max_size=8)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
headers = st.lists(st.tuples(names, texts), max_size=4).map(tuple)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
bodies = (
    st.binary(max_size=30)
    | texts.map(str.encode)
    | documents.map(lambda each: json.dumps(each).encode())
    | documents.map(lambda each: own_json.compact(each))
)
instants = st.integers(0, 4_000_000_000 * 10**9)
exchanges = st.builds(
    RecordedExchange,
    request=st.builds(RecordedRequest, names, texts, headers, bodies),
    response=st.builds(RecordedResponse, st.integers(0, 599), headers, bodies, texts),
    vendor=names | st.just(""),
    operation=st.none() | names,
    account=st.none() | names,
    at=st.none() | instants,
    took=st.integers(0, 10**6).map(lambda ms: ms * 1_000_000),
    diagnoses=st.lists(st.builds(Diagnosis, names, names, texts, texts, texts), max_size=2).map(
        tuple
    ),
)
recordings = st.builds(
    Recording,
    name=names,
    exchanges=st.lists(exchanges, max_size=3).map(tuple),
    title=texts,
    session=names,
    clock=st.none() | instants,
    seed=st.integers(0, 1000),
    settings=st.dictionaries(names, documents.filter(bool), max_size=2),
    versions=st.dictionaries(names, names, max_size=2),
)


@given(recordings)
def test_nothing_is_lost(recording: Recording) -> None:
    """What is written is read again as it was."""
    assert own_json.read(own_json.write(recording)) == recording


@given(recordings)
def test_the_file_is_json_for_everybody(recording: Recording) -> None:
    """No NaN, no bytes that are not UTF-8, whatever the bodies were."""
    json.loads(own_json.write(recording), parse_constant=pytest.fail)


def test_body_is_readable_where_it_can_be() -> None:
    """Compact JSON as JSON, other text as text, the rest as base64."""
    shown = [own_json.body(each) for each in (b'{"a":1}', b'{"a": 1}', b"\xff", b"NaN", b"")]

    assert shown == [
        {"json": {"a": 1}},
        {"text": '{"a": 1}'},
        {"base64": "/w=="},
        {"text": "NaN"},
        {},
    ]


def broken(**members: Any) -> bytes:
    return json.dumps({"format": own_json.FORMAT, "exchanges": [], **members}).encode()


REQUEST = {"method": "GET", "url": "https://x/"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "is not JSON"),
        (b"[]", '"format" must be "understudy-recording/1"'),
        (b"{}", '"format" must be "understudy-recording/1"'),
        (broken(exchanges={}), '"exchanges" must be a list'),
        (broken(exchanges=[3]), "/exchanges/0 is broken"),
        (broken(exchanges=[{}]), "/exchanges/0 has no 'request'"),
        (broken(exchanges=[{"request": REQUEST}]), "/exchanges/0 has no 'response'"),
        (broken(exchanges=[{"request": {}, "response": {}}]), "/exchanges/0 has no 'method'"),
        (
            broken(exchanges=[{"request": REQUEST, "response": {"status": "x"}}]),
            "/exchanges/0 is broken: invalid literal",
        ),
        (
            broken(exchanges=[{"request": REQUEST, "response": {"status": 200, "base64": "?"}}]),
            "/exchanges/0 is broken: its base64 cannot be read",
        ),
        (broken(clock="noon"), "is broken"),
        (broken(deliveries=3), "is broken"),
    ],
)
def test_broken_file_says_what_and_where(content: bytes, told: str) -> None:
    """One sentence, no traceback."""
    with pytest.raises(UnreadableRecording, match=told.replace("[", r"\[")):
        own_json.read(content)

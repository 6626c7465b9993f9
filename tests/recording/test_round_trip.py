"""What one format wrote, another holds: nothing is lost but what a format has no place for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recording.generated import bodies, json_values, recordings
from tests.recording.samples import VENDORS, scene
from understudy.recording.formats import har, native, vcr
from understudy.recording.formats.registry import FORMATS, read_recording, write_recording
from understudy.recording.formats.vcr_yaml import read_yaml_document as document_in
from understudy.recording.model import (
    Headers,
    RecordedExchange,
    Recording,
    UnreadableRecording,
)

# What one example takes says nothing of the next one.
unhurried = settings(deadline=None)


def grouped(headers: Headers) -> Headers:
    """Headers with the values of one name together, as a cassette has them."""
    names = dict.fromkeys(name for name, _ in headers)
    return tuple((name, value) for wanted in names for name, value in headers if name == wanted)


def in_a_cassette(recording: Recording) -> Recording:
    """What of a recording a cassette can hold."""

    def held(exchange: RecordedExchange) -> RecordedExchange:
        request, response = exchange.request, exchange.response
        return replace(
            exchange,
            request=replace(request, headers=grouped(request.headers)),
            response=replace(response, headers=grouped(response.headers)),
        )

    return replace(recording, exchanges=tuple(map(held, recording.answered)))


@unhurried
@given(recordings)
def test_har_loses_nothing(recording: Recording) -> None:
    """Whatever the model holds comes back from HAR."""
    read = har.read(har.write(recording))

    assert read == recording


@unhurried
@given(recordings)
def test_a_cassette_keeps_what_it_can_hold(recording: Recording) -> None:
    """From HAR to the model to a cassette and back: all but unanswered and shuffled headers."""
    from_har = har.read(har.write(recording))

    read = vcr.read(vcr.write(from_har))

    assert read == in_a_cassette(recording)


@unhurried
@given(recordings)
def test_the_same_recording_gives_the_same_bytes(recording: Recording) -> None:
    """Writing what was read writes the same file."""
    for each in (har, vcr):
        written = each.write(recording)

        assert each.write(each.read(written)) == written


@pytest.mark.parametrize("name", ["har", "vcr", "json"])
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendors_scene_comes_back(vendor: str, name: str, tmp_path: Path) -> None:
    """What a service answered is read from its file as it was taken down."""
    format = FORMATS[name]
    file = tmp_path / f"scene{format.suffix}"

    write_recording(scene(vendor), format, file)

    assert read_recording(file) == scene(vendor)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    below = [
        place
        for key, each in inner
        if isinstance(each, (dict, list))
        for place in places(each, (*at, key))
    ]
    keys = value if isinstance(value, dict) else range(len(value))
    return [*below, *((*at, key) for key in keys)]


def without(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy of a document with something else at a place."""
    copy = json.loads(json.dumps(document))
    target = copy
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    return copy


def small(name: str) -> Any:
    """A recording of two exchanges as the document of a format."""
    recording = replace(scene("zexa"), exchanges=scene("zexa").exchanges[5:7])
    if name == "har":
        return json.loads(har.write(recording))
    cassette = document_in(vcr.write(recording))
    cassette["interactions"][1]["request"]["body"] = "binary"
    return cassette


def refusal(read: Any, content: bytes) -> str:
    """Why a file is not read; "" when it is, and when what was read can be written again."""
    try:
        native.write(read(content, "broken"))
    except UnreadableRecording as error:
        return str(error)
    return ""


@pytest.mark.parametrize("read", [har.read, vcr.read], ids=["har", "vcr"])
@unhurried
@given(data=st.data())
def test_a_broken_file_is_refused_in_one_sentence(read: Any, data: st.DataObject) -> None:
    """Whatever stands wherever: a recording is read, or one sentence says why not."""
    document = small("har" if read is har.read else "vcr")
    place = data.draw(st.sampled_from(places(document)))
    broken = without(document, place, data.draw(json_values))

    assert "\n" not in refusal(read, json.dumps(broken).encode())


@pytest.mark.parametrize("format", [har, vcr], ids=["har", "vcr"])
@unhurried
@given(
    cut=st.tuples(st.integers(0, 3000), st.integers(0, 20)), text=st.binary(max_size=20) | bodies
)
def test_a_damaged_file_is_refused_in_one_sentence(
    format: Any, cut: tuple[int, int], text: bytes
) -> None:
    """Whatever bytes stand wherever: a recording is read, or one sentence says why not."""
    start, length = cut
    written = format.write(replace(scene("zexa"), exchanges=scene("zexa").exchanges[5:7]))
    damaged = written[:start] + text + written[start + length :]

    assert "\n" not in refusal(format.read, damaged)

"""The folder of plain JSON: where each document stands, and that none stands outside."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from tests.recording.recordings import VENDORS, exchange, made_of, take
from understudy.recording.formats.registry import FORMATS, json_folder, write_recording
from understudy.recording.model import RecordedExchange

HOSTILE = [
    "../../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    ".hidden",
    "a\\..\\b",
    "a\x00b\n",
    "C:stream",
    "con",
    "NUL.txt",
    "é☂",
    "x" * 500,
    "unmatched",
]


def files(*exchanges: RecordedExchange) -> list[str]:
    return list(json_folder.write(made_of(*exchanges)))


def test_a_document_stands_under_vendor_operation_and_status() -> None:
    """With the request that was answered so beside it."""
    met = exchange("POST", asked=b'{"b":1}', status=201, operation="createThing")

    written = json_folder.write(made_of(met))

    assert written == {
        "zexa/createThing/201.json": b'{\n  "a": 1\n}\n',
        "zexa/createThing/201.request.json": b'{\n  "b": 1\n}\n',
    }


def test_several_answers_are_numbered_and_equal_ones_written_once() -> None:
    """The requests keep the number of their answer."""
    exchanges = [
        exchange("POST", asked=asked, answered=answered, operation="do")
        for asked, answered in [(b"1", b"[1]"), (b"2", b"[ 1 ]"), (b"3", b"[2]"), (b"1", b"[1]")]
    ]

    written = json_folder.write(made_of(*exchanges))

    assert {path: json.loads(body) for path, body in written.items()} == {
        "zexa/do/200.json": [1],
        "zexa/do/200.request.json": 1,
        "zexa/do/200.request-2.json": 2,
        "zexa/do/200-2.json": [2],
        "zexa/do/200-2.request.json": 3,
    }


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://a.b/c?__example=too-late", ()),
        ("https://a.b/c", (("Prefer", "example=too-late"),)),
    ],
)
def test_an_example_that_was_asked_for_names_the_file(
    url: str, headers: tuple[tuple[str, str], ...]
) -> None:
    """By the header or in the query."""
    met = exchange(url=url, headers=headers, operation="do", status=409)

    assert files(met) == ["zexa/do/409-too-late.json"]


def test_a_preference_that_cannot_be_read_names_nothing() -> None:
    """It was refused, too."""
    met = exchange(headers=(("Prefer", "code=x, example=y"),), operation="do", status=422)

    assert files(met) == ["zexa/do/422.json"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"<html>", "zexa/do/200.txt"),
        (b'{"a":1,"a":2}', "zexa/do/200.txt"),
        (b"\xff\x00", "zexa/do/200.bin"),
    ],
)
def test_a_body_that_is_not_json_keeps_its_bytes(body: bytes, path: str) -> None:
    """As text where it is text."""
    assert json_folder.write(made_of(exchange(answered=body, operation="do"))) == {path: body}


def test_what_met_no_operation_is_unmatched() -> None:
    """An operation of that very name is another one."""
    exchanges = [exchange(status=404), exchange(operation="unmatched"), exchange(vendor="")]

    assert files(*exchanges) == [
        "zexa/unmatched/404.json",
        "zexa/unmatched-2/200.json",
        "other/unmatched/200.json",
    ]


def test_nothing_is_written_of_what_had_no_body_or_no_response() -> None:
    """A 204, and a connection that ended."""
    nothing = exchange(answered=b"", status=204, operation="do")
    broken = exchange("POST", asked=b"{}", answered=b"", status=0)

    assert files(nothing, broken) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leaves_the_folder(name: str, tmp_path: Path) -> None:
    """Vendors, operations and examples are named in files that anybody may write."""
    query = "https://a.b/c?__example=" + name.encode().hex()
    prefer = (("Prefer", f"example={name}"),)
    met = exchange(vendor=name, operation=name, headers=prefer, url=query)

    (file,) = write_recording(made_of(met), FORMATS["examples"], tmp_path)

    assert file.resolve().is_relative_to(tmp_path)
    path = PurePosixPath(file.relative_to(tmp_path).as_posix())
    assert len(path.parts) == 3
    for part in path.parts:
        assert part.isascii() and len(part) <= 100
        assert not part.startswith((".", "-")) and "\\" not in part and ":" not in part
        assert part.partition(".")[0].lower() not in ("con", "nul")


def test_names_that_some_systems_take_for_one_stay_apart() -> None:
    """Case does not tell files apart everywhere, and safe names may meet."""
    exchanges = [
        exchange(vendor=vendor, operation=operation)
        for vendor, operation in [("a/b", "do"), ("a-b", "do"), ("A-B", "Do"), ("A-B", "do")]
    ]

    paths = files(*exchanges)

    assert len({path.lower() for path in paths}) == len(exchanges)


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_document_of_a_take_is_there(vendor: str) -> None:
    """And each file holds a document that was recorded."""
    recording = take(vendor)
    answers = [json.loads(each.response.body) for each in recording.exchanges if each.response.body]

    written = json_folder.write(recording)

    documents = [json.loads(body) for path, body in written.items() if ".request" not in path]
    assert all(each in documents for each in answers)
    assert all(each in answers for each in documents)


def test_the_same_recording_is_the_same_folder() -> None:
    """Files in the same order, too."""
    assert list(json_folder.write(take("sent")).items()) == list(
        json_folder.write(take("sent")).items()
    )

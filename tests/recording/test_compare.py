"""Replies member by member; ids and times by their first appearance."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.recording.compare import (
    ABSENT,
    IdMapping,
    compare_json,
    find_differences,
    strip_transport_headers,
)
from understudy.recording.model import RecordedRequest, RecordedResponse, dump_compact

ONE, TWO = "a1b2c3d4-e5f6-4890-abcd-ef1234567890", "b2c3d4e5-f6a7-4901-bcde-f12345678901"
THREE = "c3d4e5f6-a7b8-4012-8def-123456789012"
NOON, LATER = "2026-03-11T12:00:00Z", "2026-03-11T12:00:05Z"


def found(recorded: Any, current: Any) -> list[tuple[str, Any, Any]]:
    """Pointer, recorded and current value of each difference."""
    return [
        (each.pointer, each.recorded, each.current)
        for each in compare_json(recorded, current, IdMapping())
    ]


@pytest.mark.parametrize(
    ("recorded", "current", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("/a", 1, 2)]),
        ({"a": 1}, {"a": True}, [("/a", 1, True)]),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": None}, {}, [("/a", None, ABSENT)]),
        ({}, {"a/b": ""}, [("/a~1b", ABSENT, "")]),
        ([1, 2], [1], [("/1", 2, ABSENT)]),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}, [("/a/0/b", "x", "y")]),
        ({"a": {}}, {"a": []}, [("/a", {}, [])]),
        ({"id": ONE}, {"id": TWO}, []),
        ({"id": ONE}, {"id": "text"}, [("/id", ONE, "text")]),
        ([ONE, ONE], [TWO, THREE], [("/1", ONE, THREE)]),
        ([ONE, TWO], [THREE, THREE], [("/1", TWO, THREE)]),
        ([NOON, LATER], [NOON, NOON], []),
        ([NOON, NOON], [NOON, LATER], [("/1", NOON, LATER)]),
        (f"no {ONE} here", f"no {TWO} here", []),
        (f"no {ONE} here", f"none {TWO} here", [("", f"no {ONE} here", f"none {TWO} here")]),
    ],
)
def test_differences_of_documents(
    recorded: Any, current: Any, expected: list[tuple[str, Any, Any]]
) -> None:
    """Each member that differs is told, by its pointer, with both values."""
    assert found(recorded, current) == expected


def test_times_are_exact_where_the_clock_stands() -> None:
    """A time that is another one now is a difference, however often it is."""
    told = compare_json([NOON, LATER], [NOON, NOON], IdMapping(timeless=False))

    assert [(each.recorded, each.current) for each in told] == [(LATER, NOON)]


def test_an_id_of_another_length_is_another_kind() -> None:
    """A generator makes ids that are as long as each other."""
    assert found({"id": "cmp_a1b2c3d4"}, {"id": "cmp_a1b2c3d4e5"}) != []
    assert found("a1" * 32, "b2" * 16) != []


def test_what_pages_are_told_is_no_difference() -> None:
    """A browser's recording has CORS headers, and what asks again is no page."""
    recorded = RecordedResponse(200, (("Access-Control-Allow-Origin", "*"),))

    assert find_differences(recorded, RecordedResponse(200), IdMapping()) == []


def test_ids_of_replies_go_into_later_requests() -> None:
    """A request asks for the resource of now, wherever it names the recorded one."""
    twins = IdMapping()
    assert list(compare_json({"id": ONE}, {"id": TWO}, twins)) == []

    asked = twins.request(
        RecordedRequest("POST", f"https://x/{ONE}/y", (("If-Match", ONE),), ONE.encode())
    )

    assert asked == RecordedRequest(
        "POST", f"https://x/{TWO}/y", (("If-Match", TWO),), TWO.encode()
    )


def test_ids_of_requests_stand_for_themselves() -> None:
    """What the client brought must come back as it was."""
    twins = IdMapping()
    twins.request(RecordedRequest("GET", f"https://x/{ONE}"))

    assert [each.current for each in compare_json(ONE, TWO, twins)] == [TWO]


def test_status_headers_and_text_are_compared() -> None:
    """A body that is no JSON is compared as text."""
    recorded = RecordedResponse(200, (("X-A", "1"), ("Date", "now")), b"text")
    current = RecordedResponse(201, (("x-a", "2"), ("x-b", "3")), b"other")

    told = find_differences(recorded, current, IdMapping())

    assert [(each.where, each.pointer, each.recorded, each.current) for each in told] == [
        ("status", "", 200, 201),
        ("header", "x-a", "1", "2"),
        ("header", "x-b", ABSENT, "3"),
        ("body", "", "text", "other"),
    ]


def test_same_document_in_other_bytes_is_the_same() -> None:
    """White space and the order of members say nothing."""
    recorded = RecordedResponse(200, (), dump_compact({"a": 1, "b": 2}))

    assert (
        find_differences(recorded, RecordedResponse(200, (), b'{ "b": 2, "a": 1 }'), IdMapping())
        == []
    )


def test_headers_of_the_transport_are_not_told() -> None:
    """Nor those of the mock itself."""
    headers = [("Host", "x"), ("X-Understudy-Session", "a"), ("Content-Length", "1"), ("X-A", "1")]

    assert strip_transport_headers(headers) == (("X-A", "1"),)

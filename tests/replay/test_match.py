"""Which recorded exchange answers a request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from understudy.recording.model import RecordedExchange, RecordedRequest, RecordedResponse
from understudy.replay.match import ReplayRequest, ReplayScript, read_recorded_request

ID, OTHER = "a1b2c3d4-e5f6-4890-abcd-ef1234567890", "b2c3d4e5-f6a7-4901-bcde-f12345678901"
RECORDED = RecordedExchange(
    RecordedRequest(
        "POST", f"https://x/v1/things/{ID}?a=1&b=2", (("Prefer", "code=201"),), b'{"n":1,"id":"x"}'
    ),
    RecordedResponse(201),
    vendor="zexa",
    operation="createThing",
)
NOW = read_recorded_request(RECORDED)


def found(now: ReplayRequest, by_operation: bool = False) -> bool:
    return ReplayScript([RECORDED], by_operation).find(now) == [RECORDED]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW, True),
        (replace(NOW, query="b=2&a=1"), True),
        (replace(NOW, body=b'{ "id": "x", "n": 1.0 }'), True),
        (replace(NOW, headers=(("prefer", "code=201"), ("X-New", "1"))), True),
        (replace(NOW, path=f"/v1/%74hings/{ID.replace('-', '%2D')}"), True),
        (replace(NOW, path=f"/v1%2Fthings/{ID}"), False),
        (replace(NOW, query="%61=1&b=%32"), True),
        (replace(NOW, method="HEAD"), False),
        (replace(NOW, headers=()), False),
        (replace(NOW, query="a=1"), False),
        (replace(NOW, query="a=1&b=2&b=2"), False),
        (replace(NOW, path=f"/v1/things/{OTHER}"), False),
        (replace(NOW, method="PUT"), False),
        (replace(NOW, vendor="sent"), False),
        (replace(NOW, body=b'{"n":true,"id":"x"}'), False),
        (replace(NOW, body=b"\xff"), False),
        (replace(NOW, body=b""), False),
    ],
)
def test_exact_match(now: ReplayRequest, expected: bool) -> None:
    """Order says nothing; everything else that is said counts."""
    assert found(now) is expected


MASKED = replace(
    RECORDED,
    request=replace(
        RECORDED.request,
        url="https://x/v1/login?api_key=[redacted]&a=1",
        body=b'{"password":"[redacted]","user":"[redacted bob]"}',
    ),
)


@pytest.mark.parametrize(
    ("query", "body", "expected"),
    [
        ("a=1&api_key=abc", b'{"password":"abc","user":"[redacted bob]"}', True),
        ("a=1&api_key=abc", b'{"password":"abc","user":"[redacted eve]"}', False),
        ("a=1&api_key=abc", b'{"password":"[redacted eve]","user":"[redacted bob]"}', False),
        ("a=2&api_key=abc", b'{"password":"abc","user":"[redacted bob]"}', False),
        ("a=1", b'{"password":"abc","user":"[redacted bob]"}', False),
        ("a=1&api_key=abc", b'{"user":"[redacted bob]"}', False),
    ],
)
def test_any_secret_is_the_one_that_was_masked(query: str, body: bytes, expected: bool) -> None:
    """A recording does not have it; whose it was is told, where the seed world knows."""
    now = replace(read_recorded_request(MASKED), query=query, body=body)

    assert (ReplayScript([MASKED]).find(now) == [MASKED]) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (replace(NOW, path=f"/v1/things/{OTHER}", query=""), True),
        (replace(NOW, operation="other", path="/"), False),
        (replace(NOW, operation=None, path="/"), False),
        (replace(NOW, path="/", body=b'{"n":2,"id":"x"}'), False),
        (replace(NOW, path="/", headers=(("Prefer", "code=500"),)), False),
    ],
)
def test_match_by_operation_and_body(now: ReplayRequest, expected: bool) -> None:
    """Path and query are not looked at."""
    assert found(now, by_operation=True) is expected


def test_ids_in_a_body_may_be_others() -> None:
    """When matched by operation; a client makes new ones in each run."""
    recorded = replace(RECORDED, request=replace(RECORDED.request, body=f'"{ID}"'.encode()))
    now = replace(read_recorded_request(recorded), path="/", body=f'"{OTHER}"'.encode())

    assert ReplayScript([recorded], by_operation=True).find(now) == [recorded]


def test_same_request_wins_over_one_alike() -> None:
    """The fallback is for requests that were not recorded."""
    alike = replace(RECORDED, request=replace(RECORDED.request, url="https://x/v1/things/2"))

    assert ReplayScript([alike, RECORDED], by_operation=True).find(NOW) == [RECORDED]


def test_nearest_tells_where_a_request_differs() -> None:
    """Each part by its name, with what was recorded and what was asked."""
    now = replace(NOW, path="/v1/things/2", query="a=1&c=3", body=b'{"n":2,"id":"x"}')

    nearest = ReplayScript([RECORDED]).find_nearest(now)

    assert nearest is not None
    told = [(each.where, each.pointer) for each in nearest[1]]
    assert told == [("path", ""), ("query", "b"), ("query", "c"), ("body", "/n")]


@pytest.mark.parametrize(("recorded", "now"), [("q", "q="), ("q=", "q"), ("q=a%20b", "q=a+b")])
def test_spelling_of_a_query_says_nothing(recorded: str, now: str) -> None:
    """A parameter without a value has an empty one."""
    exchange = replace(RECORDED, request=RecordedRequest("GET", f"https://x/?{recorded}"))

    assert ReplayScript([exchange]).find(replace(read_recorded_request(exchange), query=now)) == [
        exchange
    ]


def test_bytes_that_are_no_text_differ() -> None:
    """Two queries that cannot be decoded are not the same for that."""
    exchange = replace(RECORDED, request=RecordedRequest("GET", "https://x/?q=%FF"))

    assert (
        ReplayScript([exchange]).find(replace(read_recorded_request(exchange), query="q=%FE")) == []
    )


def test_a_get_answers_a_head() -> None:
    """Unless the HEAD was recorded itself."""
    get = replace(RECORDED, request=RecordedRequest("GET", "https://x/"))
    head = replace(RECORDED, request=RecordedRequest("HEAD", "https://x/"))

    assert ReplayScript([get]).find(read_recorded_request(head)) == [get]
    assert ReplayScript([get, head]).find(read_recorded_request(head)) == [head]


def test_bodies_that_nest_deeply_are_compared_as_they_are() -> None:
    """Whatever a client sends, the nearest request is told."""
    now = replace(NOW, body=b"[" * 5_000 + b"]" * 5_000)

    nearest = ReplayScript([RECORDED]).find_nearest(now)

    assert nearest is not None
    assert [(each.where, each.pointer) for each in nearest[1]] == [("body", "")]


def test_nothing_is_near_another_operation() -> None:
    """What was never called has no nearest request."""
    assert ReplayScript([RECORDED]).find_nearest(replace(NOW, operation="other")) is None

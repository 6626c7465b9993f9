"""What differs from run to run is brought into one form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from understudy.core.clock import SECOND, format_timestamp, parse_instant
from understudy.engine.registry import open_service
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from understudy.recording.normalize import find_known_tokens, make_plain_id, normalize
from understudy.recording.tokens import classify, find_tokens

NOON = parse_instant("2026-03-11T12:00:00Z")
ONE, TWO = "a1b2c3d4-e5f6-4890-abcd-ef1234567890", "b2c3d4e5-f6a7-4901-bcde-f12345678901"
FIRST, SECOND_ID = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"


def run(
    sent: str, answered: str, clock: int | None = NOON, at: int = NOON, began: int = NOON
) -> RecordedExchange:
    """One exchange of a run, in normal form; nothing is known of its ids."""
    request = RecordedRequest("POST", "https://x/", (("Idempotency-Key", sent),), sent.encode())
    response = RecordedResponse(200, (), answered.encode())
    exchange = RecordedExchange(request, response, at=at, took=5)
    recording = Recording("r", (exchange,), clock=clock)
    return normalize(recording, frozenset(), began).exchanges[0]


def test_ids_that_the_client_makes_up_become_plain_ones() -> None:
    """Everywhere the same one, also where the reply repeats it."""
    found = run(ONE, f"{ONE} and {TWO}")

    assert found.request.headers == (("Idempotency-Key", FIRST),)
    assert found.request.body == FIRST.encode()
    assert found.response.body == f"{FIRST} and {TWO}".encode()


def test_ids_of_replies_are_replaced_where_they_are_not_the_mocks_own() -> None:
    """In real time, and from a real vendor, they differ from run to run."""
    found = run("", f"{ONE} {TWO} {ONE}", clock=None)

    assert found.response.body == f"{FIRST} {SECOND_ID} {FIRST}".encode()
    assert found.took == 0


def test_known_ids_stay() -> None:
    """What the seed world names must be found again."""
    service = open_service("sent")
    profile = "770e8400-e29b-41d4-a716-446655440002"
    request = RecordedRequest("GET", f"https://x/{profile}")
    recording = Recording("r", (RecordedExchange(request, RecordedResponse(200)),))

    assert normalize(recording, find_known_tokens([service]), NOON).exchanges == recording.exchanges


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("2026-11-21T10:00:07.123456+00:00", "2026-03-11T13:01:00.000000+00:00"),
        ("2026-11-21T10:00:58Z", "2026-03-11T13:01:00Z"),
        ("2026-11-21T11:00:07.5+02:00", "2026-03-11T12:00:00.0+00:00"),
        ("2026-11-21T09:00:20Z", "2026-03-11T12:01:00Z"),
        ("2026-11-21T08:59:59.5Z", "2026-03-11T12:00:00.0Z"),
        ("2026-03-20T10:00:30Z", "2026-03-20T10:00:30Z"),
        ("2026-12-24T10:00:00.000Z", "2026-12-24T10:00:00.000Z"),
        ("2026-12-24T10:00:00Z", "2026-12-24T10:00:00Z"),
        ("2026-11-21T99:00:07Z", "2026-11-21T99:00:07Z"),
    ],
)
def test_times_that_the_client_computes_keep_their_distance(sent: str, expected: str) -> None:
    """In minutes; what somebody wrote down, or knows of the mock's own time, stays."""
    began = parse_instant("2026-11-21T09:00:00Z")

    assert run(sent, "", began=began).request.body.decode() == expected


def test_real_time_begins_at_noon() -> None:
    """A run's exchanges keep their distance in minutes."""
    began = parse_instant("2026-11-21T09:00:00.5Z")

    assert run("", "", None, began + 110 * SECOND, began).at == NOON + 120 * SECOND


@pytest.mark.parametrize(
    ("clock", "names"), [(None, ["X-A"]), (NOON, ["X-RateLimit-Reset", "X-Response-Time", "X-A"])]
)
def test_what_is_left_of_a_limit_is_not_told(clock: int | None, names: list[str]) -> None:
    """In real time it depends on the second; by the mock's clock it is always the same."""
    told = (("X-RateLimit-Reset", "1795269900"), ("X-Response-Time", "3ms"), ("X-A", "1"))
    response = RecordedResponse(429, told)
    exchange = RecordedExchange(RecordedRequest("GET", "https://x/"), response)
    recording = Recording("r", (exchange,), clock=clock)

    (found,) = normalize(recording, frozenset(), NOON).exchanges

    assert [name for name, _ in found.response.headers] == names


def test_ports_of_this_machine_are_numbered() -> None:
    """A receiver listens on another port in each run."""
    found = run('"http://127.0.0.1:39123/hook" "http://localhost:4"', "http://127.0.0.1:39123/")

    assert found.request.body == b'"http://127.0.0.1:50000/hook" "http://localhost:50001"'
    assert found.response.body == b"http://127.0.0.1:50000/"


def test_two_runs_give_the_same() -> None:
    """Other ids, other times, the same form."""
    first = run(f"{ONE} {format_timestamp(NOON + SECOND, 3)}", ONE)
    second = run(
        f"{TWO} {format_timestamp(NOON + 3601 * SECOND, 3)}", TWO, began=NOON + 3600 * SECOND
    )

    assert replace(first, took=0) == replace(second, took=0)


@pytest.mark.parametrize(
    "text",
    [
        ONE,
        "01HV8ZK3M2N4P5Q6R7S8T9VWXY",
        "64ee9a8b1e7f2a0011223399",
        "req_7X9zKp2jDw",
        f"evt_{ONE}",
        "b" * 64,
    ],
)
@pytest.mark.parametrize("number", [1, 33, 1_000_000])
def test_plain_id_is_of_the_same_kind(text: str, number: int) -> None:
    """Its form still satisfies the schema that the first one did."""
    (token,) = find_tokens(text)

    plain = make_plain_id(token, number)

    assert classify(plain) == token.kind and len(plain) == len(text)

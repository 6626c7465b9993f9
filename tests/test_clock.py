"""A session's clock: where it stands, how it is moved, what falls due; and instants as text."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.clock import MILLISECOND, SECOND, Clock, DueCall, Stopwatch, instant, timestamp

NOON = instant("2026-03-11T12:00:00Z")
YEAR_9999 = 253_402_300_799 * SECOND
instants = st.integers(0, YEAR_9999)


def ticking(start: int = NOON) -> Clock:
    """A clock in real time whose wall is one second further on each time it is read."""
    return Clock(wall=itertools.count(start, SECOND).__next__)


def test_a_clock_follows_the_wall() -> None:
    """Without a start the clock shows real time."""
    clock = Clock(wall=lambda: 42)

    assert clock.now() == 42
    assert not clock.frozen


def test_a_clock_with_a_start_stands_there() -> None:
    """A start freezes the clock."""
    clock = Clock(NOON, wall=lambda: 42)

    assert clock.now() == NOON
    assert clock.frozen


def test_a_start_at_the_epoch_is_a_start() -> None:
    """Instant 0 is a place to stand, and to be moved from, not a missing one."""
    clock = Clock(0, wall=lambda: 42)

    assert (clock.now(), clock.frozen) == (0, True)
    clock.shift(5)
    assert clock.now() == 5


def test_a_shifted_clock_goes_on_from_there() -> None:
    """In real time a shift is an offset to the wall."""
    clock = ticking()

    clock.shift(60 * SECOND)

    assert clock.now() == NOON + 60 * SECOND
    assert clock.now() == NOON + 61 * SECOND


def test_shifts_of_a_frozen_clock_add_up() -> None:
    """Each shift moves a frozen clock by exactly so much."""
    clock = Clock(NOON)

    clock.shift(SECOND)
    clock.shift(MILLISECOND)

    assert clock.now() == NOON + SECOND + MILLISECOND


@pytest.mark.parametrize("clock", [Clock(NOON), ticking()], ids=["frozen", "real"])
def test_a_clock_is_not_shifted_back(clock: Clock) -> None:
    """Going back in time is refused."""
    with pytest.raises(ValueError, match="shifted forward; reset the session"):
        clock.shift(-1)


def test_a_clock_moves_to_an_instant() -> None:
    """A frozen clock stands at the instant that it was moved to."""
    clock = Clock(NOON)

    clock.move_to(NOON + 5)

    assert clock.now() == NOON + 5


def test_a_running_clock_moves_to_an_instant_and_goes_on() -> None:
    """A running clock reads the wall once to move and goes on from the instant."""
    clock = ticking()

    clock.move_to(NOON + 3_600 * SECOND)

    assert clock.now() == NOON + 3_601 * SECOND


def test_a_clock_does_not_move_to_the_past() -> None:
    """An earlier instant is refused."""
    clock = Clock(NOON)

    with pytest.raises(ValueError, match="forward"):
        clock.move_to(NOON - 1)


def test_freezing_stops_a_running_clock() -> None:
    """A frozen clock no longer follows the wall."""
    clock = ticking()

    clock.freeze()

    assert clock.frozen
    assert clock.now() == clock.now() == NOON


def test_freezing_keeps_what_was_shifted() -> None:
    """The clock stands where it was seen, shifts included."""
    clock = Clock(wall=lambda: NOON)
    clock.shift(SECOND)

    clock.freeze()

    assert clock.now() == NOON + SECOND


def test_a_scheduled_call_is_handed_back() -> None:
    """A call knows its instant, its room's action and its arguments."""
    clock = Clock(NOON)

    call = clock.schedule(NOON + 1, "sent", "finish", b"{}")

    assert call == DueCall(NOON + 1, 1, "sent", "finish", b"{}")
    assert (call.vendor, call.action, call.arguments) == ("sent", "finish", b"{}")


@given(st.lists(st.integers(0, 5)))
def test_calls_fall_due_in_time_order(delays: list[int]) -> None:
    """Calls come by instant, those of one instant in the order of scheduling."""
    clock = Clock(NOON)
    calls = [clock.schedule(NOON + delay, "sent", "act", b"{}") for delay in delays]
    clock.shift(5)

    popped = list(iter(clock.pop_due, None))

    assert popped == sorted(calls, key=lambda call: call.at)


def test_a_call_is_due_at_its_very_instant() -> None:
    """Nothing is due a nanosecond early, and everything is due on time."""
    clock = Clock(NOON)
    call = clock.schedule(NOON + 1, "sent", "act", b"{}")

    early = clock.pop_due()
    clock.shift(1)

    assert (early, clock.pop_due()) == (None, call)


def test_a_call_falls_due_once() -> None:
    """What was taken does not wait any more."""
    clock = Clock(NOON)
    clock.schedule(NOON, "sent", "act", b"{}")

    clock.pop_due()

    assert (clock.pop_due(), clock.next_due(), clock.pending()) == (None, None, [])


def test_pending_calls_are_listed_earliest_first() -> None:
    """Looking at what waits takes nothing away."""
    clock = Clock(NOON)
    calls = [clock.schedule(NOON + at, "sent", "act", b"{}") for at in (3, 1, 2)]

    pending = clock.pending()

    assert pending == [calls[1], calls[2], calls[0]]
    assert (clock.pending(), clock.next_due()) == (pending, NOON + 1)


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        (0, "2026-03-11T12:00:00+00:00"),
        (3, "2026-03-11T12:00:00.012+00:00"),
        (7, "2026-03-11T12:00:00.0123456+00:00"),
        (9, "2026-03-11T12:00:00.012345678+00:00"),
    ],
)
def test_a_timestamp_has_as_many_digits_as_asked_for(digits: int, text: str) -> None:
    """The fraction is cut, never rounded up, and keeps its zeros."""
    assert timestamp(NOON + 12_345_678, digits) == text


def test_a_timestamp_has_seven_digits_by_default() -> None:
    """Sent's own precision is the default."""
    assert timestamp(NOON) == "2026-03-11T12:00:00.0000000+00:00"


@given(instants)
def test_a_timestamp_is_read_back(at: int) -> None:
    """Reading what was written gives the instant, to the microsecond."""
    assert instant(timestamp(at, 6)) == at // 1_000 * 1_000


@given(instants, instants)
def test_timestamps_sort_as_their_instants(one: int, other: int) -> None:
    """At full precision the order of the texts is the order in time."""
    earlier, later = sorted((one, other))

    assert timestamp(earlier, 9) <= timestamp(later, 9)


@pytest.mark.parametrize(
    "text", ["0999-12-31T00:00:00Z", "1000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"]
)
def test_a_year_of_other_than_four_digits_is_refused(text: str) -> None:
    """What could not be shown as a time again is not taken."""
    with pytest.raises(ValueError, match=text[:10]):
        instant(text)


@given(
    st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_an_offset_is_taken_into_account(local: datetime, minutes: int) -> None:
    """A time with an offset is the instant that it is in UTC."""
    sign, ahead = "+-"[minutes < 0], abs(minutes)
    offset = f"{sign}{ahead // 60:02d}:{ahead % 60:02d}"

    read = instant(f"{local.isoformat()}{offset}")

    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    passed = (local.replace(tzinfo=UTC) - epoch) - timedelta(minutes=minutes)
    assert read == passed // timedelta(microseconds=1) * 1_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-11T12:00:00",
        "2026-03-11T12:00:00Z",
        "2026-03-11T12:00:00.0000000+00:00",
        "2026-03-11T14:00:00+02:00",
        "2026-03-11 12:00",
    ],
)
def test_noon_in_many_spellings(text: str) -> None:
    """A time without an offset is UTC, and any precision is read."""
    assert instant(text) == NOON


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_the_time_zone_of_the_machine_does_not_matter(zone: str) -> None:
    """Reading and writing a time give the same wherever the mock runs."""
    script = (
        "from understudy.clock import *; at = instant('2026-03-11T12:00:00'); "
        "print(at, timestamp(at, 0))"
    )

    finished = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout == f"{NOON} 2026-03-11T12:00:00+00:00\n"


def test_a_date_is_its_midnight() -> None:
    """A date alone is its first instant."""
    assert instant("1970-01-02") == 86_400 * SECOND


@pytest.mark.parametrize("text", ["", "noon", "12:00", "2026-02-30T00:00:00Z", "1773230400"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """A text that is not a time is a ValueError."""
    with pytest.raises(ValueError, match=r"Invalid isoformat string|day is out of range|month"):
        instant(text)


def test_a_stopwatch_counts_from_its_making() -> None:
    """It shows the seconds since it was made, each time it is read."""
    readings = iter([10.0, 10.5, 12.0])

    stopwatch = Stopwatch(lambda: next(readings))

    assert [stopwatch.seconds(), stopwatch.seconds()] == [0.5, 2.0]

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

from understudy.core.clock import (
    MILLISECOND,
    SECOND,
    Clock,
    ClockState,
    DueAction,
    Stopwatch,
    format_timestamp,
    parse_duration,
    parse_instant,
)

NOON = parse_instant("2026-03-11T12:00:00Z")
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
    """A call knows its instant, its service's action and its arguments."""
    clock = Clock(NOON)

    call = clock.schedule(NOON + 1, "sent", "finish", b"{}")

    assert call == DueAction(NOON + 1, 1, "sent", "finish", b"{}")
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
    assert format_timestamp(NOON + 12_345_678, digits) == text


def test_a_timestamp_has_seven_digits_by_default() -> None:
    """Sent's own precision is the default."""
    assert format_timestamp(NOON) == "2026-03-11T12:00:00.0000000+00:00"


@given(instants, st.integers(1, 9))
def test_a_timestamp_is_read_back(at: int, digits: int) -> None:
    """Reading what was written gives the instant, to the last digit, which may be a nanosecond."""
    unit = 10 ** (9 - digits)

    assert parse_instant(format_timestamp(at, digits)) == at // unit * unit


@pytest.mark.parametrize(
    ("fraction", "nanoseconds"),
    [
        (".1", 100_000_000),
        (".000000001", 1),
        (",5", 500_000_000),
        (".123456789", 123_456_789),
        (".1234567899", 123_456_789),
        (".0000000009", 0),
    ],
)
@pytest.mark.parametrize("zone", ["", "Z", "+00:00"])
def test_a_fraction_is_read_to_the_nanosecond(fraction: str, nanoseconds: int, zone: str) -> None:
    """Any number of digits; those beyond the ninth are cut, as those that are written."""
    assert parse_instant(f"2026-03-11T12:00:00{fraction}{zone}") == NOON + nanoseconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1H", 3_600),
        ("P1D", 86_400),
        ("P2W", 14 * 86_400),
        ("P1DT1H", 90_000),
        ("PT1H30M", 5_400),
        ("P1W2DT3H4M5S", 7 * 86_400 + 2 * 86_400 + 3 * 3_600 + 4 * 60 + 5),
        ("PT0S", 0),
        ("PT90M", 5_400),
        ("P400D", 400 * 86_400),
    ],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    """Weeks, days, hours, minutes and seconds, of any number."""
    assert parse_duration(text) == seconds * SECOND


@pytest.mark.parametrize(
    ("text", "nanoseconds"), [("PT0.5S", 500_000_000), ("PT1.000000001S", SECOND + 1)]
)
def test_a_duration_has_a_fraction_of_seconds(text: str, nanoseconds: int) -> None:
    """To the nanosecond."""
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "P", "PT", "P1DT", "1H", "PT1", "P1H", "PT1D", "-PT1H", "PT-1H", "pt1h"),
        *("P1Y", "P1M", "PT1.5H", "PT1,5S", "PT.5S", "PT1S ", "PT1S\n", "PT0.0000000001S"),
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Years and months, too: they have no fixed length."""
    with pytest.raises(ValueError, match="is not a duration such as P30D or PT1H30M"):
        parse_duration(text)


@given(st.integers(0, 99_999), st.integers(0, 86_399))
def test_a_duration_adds_up(days: int, seconds: int) -> None:
    """Its parts are added, whatever they are."""
    assert parse_duration(f"P{days}DT{seconds}S") == (days * 86_400 + seconds) * SECOND


def test_a_started_clock_goes_on_from_where_it_stood() -> None:
    """However long it stood still, and however far it was shifted."""
    clock = Clock(NOON, wall=itertools.count(5 * SECOND, SECOND).__next__)
    clock.shift(60 * SECOND)

    clock.run()

    assert not clock.frozen
    assert [clock.now(), clock.now()] == [NOON + 61 * SECOND, NOON + 62 * SECOND]


def test_starting_a_running_clock_changes_nothing() -> None:
    """It runs already; what it was shifted stays."""
    clock = Clock(wall=lambda: NOON)
    clock.shift(SECOND)

    clock.run()

    assert clock.now() == NOON + SECOND


def test_a_clock_is_stopped_and_started() -> None:
    """The time in between is not made up for."""
    clock = ticking()
    clock.freeze()
    stood = clock.now()

    clock.run()

    assert clock.now() == stood + SECOND


def test_a_snapshot_is_where_a_clock_stood() -> None:
    """With what waits, earliest first, and how much was ever scheduled."""
    clock = Clock(NOON)
    later = clock.schedule(NOON + 2, "sent", "act", b"{}")
    sooner = clock.schedule(NOON + 1, "sent", "act", b"{}")

    assert clock.snapshot() == ClockState(NOON, True, (sooner, later), 2)


def test_a_restored_clock_stands_where_it_stood() -> None:
    """What was scheduled, fired and shifted since is undone."""
    clock = Clock(NOON)
    waiting = clock.schedule(NOON + 1, "sent", "act", b"{}")
    state = clock.snapshot()
    clock.shift(SECOND)
    clock.pop_due()
    clock.schedule(NOON + 2, "sent", "act", b"{}")

    clock.restore(state)

    assert (clock.now(), clock.frozen, clock.pending()) == (NOON, True, [waiting])
    assert clock.snapshot() == state


def test_a_restored_clock_goes_on_counting() -> None:
    """Calls of one instant fire in the order of scheduling, across a restore."""
    clock = Clock(NOON)
    first = clock.schedule(NOON, "sent", "act", b"{}")
    clock.restore(clock.snapshot())

    second = clock.schedule(NOON, "sent", "act", b"{}")

    assert [clock.pop_due(), clock.pop_due()] == [first, second]


def test_a_snapshot_is_not_changed_by_what_comes() -> None:
    """It can be restored again and again."""
    clock = Clock(NOON)
    call = clock.schedule(NOON, "sent", "act", b"{}")
    state = clock.snapshot()

    for _ in range(2):
        clock.restore(state)
        assert clock.pop_due() == call

    assert state.due == (call,)


def test_a_restored_clock_that_ran_runs_on() -> None:
    """From the instant at which it was saved, as fast as real time."""
    clock = ticking()
    state = clock.snapshot()
    clock.shift(3_600 * SECOND)

    clock.restore(state)

    assert not clock.frozen
    assert clock.now() == state.now + SECOND


@given(st.lists(st.integers(0, 5)))
def test_a_restored_heap_is_in_order(delays: list[int]) -> None:
    """Calls still fall due by instant and number."""
    clock = Clock(NOON)
    calls = [clock.schedule(NOON + delay, "sent", "act", b"{}") for delay in delays]
    other = Clock(NOON)

    other.restore(clock.snapshot())
    other.shift(5)

    assert list(iter(other.pop_due, None)) == sorted(calls)


@given(instants, instants)
def test_timestamps_sort_as_their_instants(one: int, other: int) -> None:
    """At full precision the order of the texts is the order in time."""
    earlier, later = sorted((one, other))

    assert format_timestamp(earlier, 9) <= format_timestamp(later, 9)


@pytest.mark.parametrize(
    "text", ["0999-12-31T00:00:00Z", "1000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"]
)
def test_a_year_of_other_than_four_digits_is_refused(text: str) -> None:
    """What could not be shown as a time again is not taken."""
    with pytest.raises(ValueError, match=text[:10]):
        parse_instant(text)


@given(
    st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_an_offset_is_taken_into_account(local: datetime, minutes: int) -> None:
    """A time with an offset is the instant that it is in UTC."""
    sign, ahead = "+-"[minutes < 0], abs(minutes)
    offset = f"{sign}{ahead // 60:02d}:{ahead % 60:02d}"

    read = parse_instant(f"{local.isoformat()}{offset}")

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
    assert parse_instant(text) == NOON


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_the_time_zone_of_the_machine_does_not_matter(zone: str) -> None:
    """Reading and writing a time give the same wherever the mock runs."""
    script = (
        "from understudy.core.clock import *; at = parse_instant('2026-03-11T12:00:00'); "
        "print(at, format_timestamp(at, 0))"
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
    assert parse_instant("1970-01-02") == 86_400 * SECOND


@pytest.mark.parametrize("text", ["", "noon", "12:00", "2026-02-30T00:00:00Z", "1773230400"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """A text that is not a time is a ValueError."""
    with pytest.raises(ValueError, match=r"Invalid isoformat string|day is out of range|month"):
        parse_instant(text)


def test_a_stopwatch_counts_from_its_making() -> None:
    """It shows the seconds since it was made, each time it is read."""
    readings = iter([10.0, 10.5, 12.0])

    stopwatch = Stopwatch(lambda: next(readings))

    assert [stopwatch.seconds(), stopwatch.seconds()] == [0.5, 2.0]

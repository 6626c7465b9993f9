"""Rate windows: numbers and instants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.clock import SECOND, parse_instant
from understudy.session.rate_limits import FixedWindowLimiter, Limit, RateLimitStatus

NOON = parse_instant("2026-03-11T12:00:00Z")
UNIX_NOON = NOON // SECOND
LIMIT = Limit("standard", count=3, seconds=60, burst=2)
STEADY = Limit("steady", count=3, seconds=60, burst=100)


def taken(windows: FixedWindowLimiter, limit: Limit, *seconds: float) -> list[RateLimitStatus]:
    """Where the pool stands after a request at each of these seconds past noon."""
    return [windows.take("acme", limit, NOON + int(at * SECOND)) for at in seconds]


def test_a_request_uses_one_of_its_window() -> None:
    """The first request leaves one less than the limit, until the window ends."""
    standing = taken(FixedWindowLimiter(), LIMIT, 0)[0]

    assert standing == RateLimitStatus(limit=3, remaining=2, reset=UNIX_NOON + 60, retry_after=0)
    assert not standing.exceeded


def test_the_window_is_used_up() -> None:
    """The request after the last one allowed is told to wait for the window's end."""
    *allowed, refused = taken(FixedWindowLimiter(), STEADY, 0, 10, 20, 45)

    assert [each.remaining for each in allowed] == [2, 1, 0]
    assert not any(each.exceeded for each in allowed)
    assert refused == RateLimitStatus(limit=3, remaining=0, reset=UNIX_NOON + 60, retry_after=15)
    assert refused.exceeded


@pytest.mark.parametrize(("at", "wait"), [(59, 1), (59.999, 1), (45.5, 15)])
def test_the_wait_is_in_whole_seconds(at: float, wait: int) -> None:
    """Who waits as told comes back in the next window."""
    refused = taken(FixedWindowLimiter(), STEADY, 0, 0, 0, at)[-1]

    assert refused.retry_after == wait


def test_a_new_window_begins_full() -> None:
    """Nothing is carried over into the next window."""
    fresh = taken(FixedWindowLimiter(), STEADY, 0, 1, 2, 3, 60)[-1]

    assert fresh == RateLimitStatus(limit=3, remaining=2, reset=UNIX_NOON + 120, retry_after=0)


def test_windows_are_fixed() -> None:
    """A window begins at a multiple of its length, not with the first request."""
    late = taken(FixedWindowLimiter(), STEADY, 59, 60)

    assert [each.reset for each in late] == [UNIX_NOON + 60, UNIX_NOON + 120]
    assert [each.remaining for each in late] == [2, 2]


def test_a_burst_is_refused_for_a_second() -> None:
    """More than the burst within one second waits for the next second."""
    *allowed, refused = taken(FixedWindowLimiter(), LIMIT, 0, 0.5, 0.9)

    assert not any(each.exceeded for each in allowed)
    assert (refused.remaining, refused.retry_after) == (0, 1)


def test_the_next_second_allows_another_burst() -> None:
    """A second later the burst is free again."""
    limit = Limit("bursty", count=100, seconds=60, burst=1)

    standings = taken(FixedWindowLimiter(), limit, 0, 0.5, 1)

    assert [each.exceeded for each in standings] == [False, True, False]


@given(st.integers(1, 9), st.integers(1, 9))
def test_a_window_of_one_second_counts_each_request_once(count: int, burst: int) -> None:
    """In a one-second window the smaller of limit and burst is what is allowed."""
    limit = Limit("brief", count=count, seconds=1, burst=burst)

    standings = taken(FixedWindowLimiter(), limit, *[0] * 10)

    assert [each.exceeded for each in standings].index(True) == min(count, burst)
    assert standings[0].remaining == count - 1


def test_pools_are_apart() -> None:
    """One account's requests leave another's window full."""
    windows = FixedWindowLimiter()
    taken(windows, LIMIT, 0, 0)

    other = windows.take("globex", LIMIT, NOON)

    assert other.remaining == 2


def test_limits_are_apart() -> None:
    """Requests of one tier are not counted in another."""
    windows = FixedWindowLimiter()
    taken(windows, STEADY, 0, 0)

    other = taken(windows, LIMIT, 0)[0]

    assert other.remaining == 2


@given(st.lists(st.integers(0, 200 * SECOND)).map(sorted))
def test_a_window_never_allows_more_than_its_limit(offsets: list[int]) -> None:
    """However requests come, no window lets more than its count through."""
    windows = FixedWindowLimiter()

    standings = [windows.take("acme", STEADY, NOON + offset) for offset in offsets]

    allowed = [each.reset for each in standings if not each.exceeded]
    assert all(allowed.count(reset) <= STEADY.count for reset in allowed)


def test_a_restored_window_counts_on() -> None:
    """What was used up then is used up again; what was used since is not."""
    windows = FixedWindowLimiter()
    taken(windows, STEADY, 0, 1)
    state = windows.snapshot()
    taken(windows, STEADY, 2, 3)

    windows.restore(state)

    assert [each.remaining for each in taken(windows, STEADY, 4, 5)] == [0, 0]
    assert windows.snapshot() != state


def test_a_window_that_began_later_is_forgotten() -> None:
    """A restore begins it anew."""
    windows = FixedWindowLimiter()
    state = windows.snapshot()
    taken(windows, LIMIT, 0)

    windows.restore(state)

    assert windows.snapshot() == {}


def test_a_snapshot_tells_when_a_window_began() -> None:
    """In unix seconds, with how many it counted: of the limit, and of its burst."""
    windows = FixedWindowLimiter()
    taken(windows, LIMIT, 61, 62)

    assert windows.snapshot() == {
        ("acme", "standard", 60): (UNIX_NOON + 60, 2),
        ("acme", "standard", 1): (UNIX_NOON + 62, 1),
    }

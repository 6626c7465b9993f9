"""Rate limits: fixed windows that count requests; no HTTP here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from understudy.core.clock import SECOND

# Pool, name of the limit, length in seconds.
Window = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` requests in a window of `seconds`, and at most `burst` within one second."""

    name: str
    count: int
    seconds: int
    burst: int


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """The state of a caller's window after one more request.

    Attributes:
        reset: when the window ends, in unix seconds.
        retry_after: in seconds from now; 0 when the request is allowed.
    """

    limit: int
    remaining: int
    reset: int
    retry_after: int

    @property
    def exceeded(self) -> bool:
        return self.retry_after > 0


class FixedWindowLimiter:
    """The counters of one session, by pool and limit."""

    def __init__(self) -> None:
        self._counters: dict[Window, list[int]] = {}

    def take(self, pool: str, limit: Limit, now: int) -> RateLimitStatus:
        """Count one request of a pool at an instant (ns)."""
        used, ends = self._count(pool, limit.name, limit.seconds, now)
        # A window of one second is its own burst; counted twice, it would be half as long.
        same = limit.seconds == 1
        burst_used, burst_ends = (used, ends) if same else self._count(pool, limit.name, 1, now)
        retry_after = 0
        if used > limit.count:
            retry_after = max(1, ends - now // SECOND)
        elif burst_used > limit.burst:
            retry_after = max(1, burst_ends - now // SECOND)
        return RateLimitStatus(limit.count, max(0, limit.count - used), ends, retry_after)

    def snapshot(self) -> dict[Window, tuple[int, int]]:
        """The counters: the start of each window, in unix seconds, and its number of requests."""
        return {window: (begun, used) for window, (begun, used) in self._counters.items()}

    def restore(self, counters: Mapping[Window, tuple[int, int]]) -> None:
        """Replace the counters."""
        self._counters = {window: list(counter) for window, counter in counters.items()}

    def _count(self, pool: str, name: str, seconds: int, now: int) -> tuple[int, int]:
        """Requests in the window so far, this one included, and its end in unix seconds."""
        begins = now // SECOND // seconds * seconds
        counter = self._counters.setdefault((pool, name, seconds), [begins, 0])
        if counter[0] < begins:
            counter[:] = [begins, 0]
        counter[1] += 1
        return counter[1], begins + seconds

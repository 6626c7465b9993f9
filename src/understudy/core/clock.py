"""A session's clock: its time, how it is moved, and the calls that are due later.

Instants are integers: nanoseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
FIRST_YEAR = 1000
# 9999-01-01T00:00:00Z: the vendors' times have years of four digits.
LAST = 253_370_764_800 * SECOND
FRACTION = re.compile(r"(?<=:[0-9]{2})[.,]([0-9]+)")
# Seconds of a duration's units; months and years have no fixed length.
PARTS = {"W": 604_800, "D": 86_400, "H": 3_600, "M": 60, "S": 1}
DURATION = re.compile(
    r"P(?:(?P<W>[0-9]{1,5})W)?(?:(?P<D>[0-9]{1,6})D)?"
    r"(?:T(?:(?P<H>[0-9]{1,7})H)?(?:(?P<M>[0-9]{1,9})M)?(?:(?P<S>[0-9]{1,10}(?:\.[0-9]{1,9})?)S)?)?"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Due:
    """Something that happens later.

    Attributes:
        at: its instant, in nanoseconds.
        order: of scheduling; of one instant, the call that was scheduled first comes first.
    """

    at: int
    order: int
    vendor: str

    def __lt__(self, other: Due) -> bool:
        return (self.at, self.order) < (other.at, other.order)


@dataclass(frozen=True, slots=True)
class DueAction(Due):
    """What a vendor does later: its `action` of this name, with JSON `arguments`."""

    action: str
    arguments: bytes


@dataclass(frozen=True, slots=True)
class HeldDelivery(Due):
    """A delivery, as JSON, that a planned fault holds back until then."""

    delivery: bytes


DueCall = DueAction | HeldDelivery


@dataclass(frozen=True, slots=True)
class ClockState:
    """A clock at one moment: its time, whether it was frozen, and the calls that waited."""

    now: int
    frozen: bool
    due: tuple[DueCall, ...] = ()
    scheduled: int = 0


class Clock:
    """The virtual clock of one session.

    Args:
        start: instant (ns) at which the clock is frozen from the beginning; None for real time.
        wall: the real time it follows while it is not frozen.
    """

    def __init__(self, start: int | None = None, wall: Callable[[], int] = time.time_ns) -> None:
        self._wall = wall
        self._offset = 0
        self._stands_at = start
        self._due: list[DueCall] = []
        self._scheduled = 0

    @property
    def frozen(self) -> bool:
        return self._stands_at is not None

    def now(self) -> int:
        """Nanoseconds since the epoch."""
        if self._stands_at is not None:
            return self._stands_at
        return self._wall() + self._offset

    def shift(self, nanoseconds: int) -> None:
        """Move forward; the scheduler fires the calls that become due.

        Raises:
            ValueError: when asked to go back in time.
        """
        if nanoseconds < 0:
            raise ValueError("a clock is shifted forward; reset the session to go back")
        if self._stands_at is not None:
            self._stands_at += nanoseconds
        else:
            self._offset += nanoseconds

    def move_to(self, instant: int) -> None:
        """Set the clock to a later instant (ns); a frozen clock stays frozen there.

        Raises:
            ValueError: when the instant is in the past.
        """
        self.shift(instant - self.now())

    def freeze(self) -> None:
        """Stop; only `shift` and `move_to` move a frozen clock."""
        self._stands_at = self.now()

    def run(self) -> None:
        """Run on from the present time, as fast as real time."""
        if self._stands_at is not None:
            self._offset = self._stands_at - self._wall()
            self._stands_at = None

    def snapshot(self) -> ClockState:
        """The clock's state."""
        return ClockState(self.now(), self.frozen, tuple(self.pending()), self._scheduled)

    def restore(self, state: ClockState) -> None:
        """Return to a state; a clock that ran goes on from there."""
        self._stands_at = state.now
        if not state.frozen:
            self.run()
        # A sorted list is a heap.
        self._due = list(state.due)
        self._scheduled = state.scheduled

    def schedule(self, at: int, vendor: str, action: str, arguments: bytes) -> DueAction:
        """Schedule a vendor's action; calls of one instant fire in the order of scheduling."""
        call = DueAction(at, self._next_order(), vendor, action, arguments)
        heapq.heappush(self._due, call)
        return call

    def hold(self, at: int, vendor: str, delivery: bytes) -> HeldDelivery:
        """Have a delivery (JSON) sent at an instant (ns)."""
        call = HeldDelivery(at, self._next_order(), vendor, delivery)
        heapq.heappush(self._due, call)
        return call

    def take_over(self, other: Clock) -> None:
        """Schedule everything that waits in another clock."""
        for call in other.pending():
            heapq.heappush(self._due, replace(call, order=self._next_order()))

    def _next_order(self) -> int:
        self._scheduled += 1
        return self._scheduled

    def next_due(self) -> int | None:
        """The instant of the earliest call that waits, or None."""
        return self._due[0].at if self._due else None

    def pop_due(self) -> DueCall | None:
        """Take the earliest call that is due by now, or None."""
        if self._due and self._due[0].at <= self.now():
            return heapq.heappop(self._due)
        return None

    def __len__(self) -> int:
        """How many calls wait."""
        return len(self._due)

    def pending(self) -> list[DueCall]:
        """The calls that wait, earliest first."""
        return sorted(self._due)


@lru_cache(maxsize=256)
def _to_the_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def format_timestamp(instant: int, digits: int = 7, zone: str = "+00:00") -> str:
    """An instant as RFC 3339 with `digits` of fraction; the zone is UTC, written as `zone`."""
    seconds, fraction = divmod(instant, SECOND)
    if not digits:
        return f"{_to_the_second(seconds)}{zone}"
    return f"{_to_the_second(seconds)}.{fraction // 10 ** (9 - digits):0{digits}d}{zone}"


def parse_instant(text: str) -> int:
    """Read an RFC 3339 time; one without an offset is taken as UTC.

    Raises:
        ValueError: when the text is not a time, or its year in UTC has not four digits.
    """
    fraction = FRACTION.search(text)
    whole = FRACTION.sub("", text, count=1)
    moment = datetime.fromisoformat(whole)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text} is out of range") from error
    if moment.year < FIRST_YEAR:
        raise ValueError(f"{text} is before the year {FIRST_YEAR}")
    since = moment - EPOCH
    # Python parses no more than microseconds.
    nanoseconds = int(fraction[1][:9].ljust(9, "0")) if fraction else 0
    return (since.days * 86_400 + since.seconds) * SECOND + nanoseconds


def parse_duration(text: str) -> int:
    """Nanoseconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds.

    Raises:
        ValueError: when the text is not such a duration.
    """
    found = DURATION.fullmatch(text)
    parts = {name: value for name, value in (found.groupdict() if found else {}).items() if value}
    if not parts or text.endswith("T"):
        raise ValueError(f'"{text}" is not a duration such as P30D or PT1H30M')
    fraction = parts.get("S", "").partition(".")[2]
    seconds = sum(int(value.partition(".")[0]) * PARTS[name] for name, value in parts.items())
    return seconds * SECOND + int(fraction.ljust(9, "0"))


class Stopwatch:
    """Real seconds since it was made, such as a server's uptime."""

    def __init__(self, read: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._begun = read()

    def seconds(self) -> float:
        return self._read() - self._begun


def format_instant(instant: int, trimmed: bool = False) -> str:
    """An instant as RFC 3339 in UTC, to the nanosecond.

    Args:
        trimmed: with as many digits of fraction as it needs, instead of nine.
    """
    text = format_timestamp(instant, 9, "")
    return f"{text.rstrip('0').rstrip('.') if trimmed else text}Z"

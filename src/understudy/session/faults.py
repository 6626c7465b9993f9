"""Planned faults: what goes wrong, for which requests or deliveries, how often; no HTTP here.

A fault strikes requests that would otherwise reach their handler, or deliveries that are about to
be sent. Each draws from a seed of its own, so that ids do not depend on faults.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAX_FAULTS = 1_000
MAX_DELAY = 60_000
# Bytes of a body that the user gives: a thousand faults must not fill the memory.
MAX_BODY = 65_536
# Statuses whose replies have no body, by RFC 9110.
BODILESS_STATUSES = frozenset({204, 205, 304})

# Faults of requests. Those of CONNECTION_FAULTS happen to the reply on its way, whatever it is.
CONNECTION_FAULTS = {
    "reset": "the connection is reset and no reply comes",
    "empty": "the connection is closed and no reply comes",
    "truncated": "the reply ends in the middle of its body",
    "malformed": "the reply's body lacks its last character, so it is not JSON",
    "content-type": "the reply says that it is text/html",
    "trickle": "the reply's body comes in small pieces over `delay` milliseconds",
}
REQUEST_FAULTS = {
    "status": "the documented reply of `status`, or one made up where the document has none",
    "rate-limit": "a 429 with Retry-After of `retry_after` seconds",
    "delay": "the reply comes `delay` milliseconds later (with `sigma`: log-normal, that median)",
    **CONNECTION_FAULTS,
}
# Faults of deliveries.
DELIVERY_FAULTS = {
    "webhook-duplicate": "the delivery comes twice",
    "webhook-late": "the delivery comes `delay` milliseconds later, by the session's clock",
    "webhook-out-of-order": "the delivery comes after the next one of its subscription",
    "webhook-bad-signature": "the delivery's signature does not fit its body",
    "webhook-never": "the delivery does not come",
}
# Kinds that change the real reply, so their request always takes effect.
AFTER_REPLY_FAULTS = frozenset({"truncated", "malformed", "content-type", "trickle"})
DELAY_FAULTS = {
    "delay": 1_000,
    "trickle": 1_000,
    "webhook-late": 60_000,
    "webhook-out-of-order": 60_000,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned failure.

    Attributes:
        vendor, operation, event: what it strikes; None for any.
        times: how often it strikes before it is used up; None for no end.
        probability: that it strikes when it could.
        seed: of its random draws.
        status, example, body: of the reply of kind `status`; the body is JSON.
        delay: in milliseconds; with `sigma`, the median of a log-normal distribution.
        retry_after: in seconds.
        after: whether the request takes effect before its reply is lost or replaced.
    """

    id: str
    kind: str
    vendor: str | None = None
    operation: str | None = None
    event: str | None = None
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    status: int | None = None
    example: str | None = None
    body: bytes | None = None
    delay: int = 0
    sigma: float = 0.0
    retry_after: int = 1
    after: bool = False

    @property
    def takes_effect(self) -> bool:
        """Whether a request that it strikes is carried out."""
        return self.after or self.kind in AFTER_REPLY_FAULTS

    def __str__(self) -> str:
        return f"{self.kind} {self.status}" if self.status is not None else self.kind


@dataclass(slots=True)
class PlannedFault:
    """A fault and how often it has struck."""

    fault: Fault
    random: random.Random
    struck: int = 0

    @property
    def used_up(self) -> bool:
        return self.fault.times is not None and self.struck >= self.fault.times

    def strikes(self) -> bool:
        """Decide whether it strikes now, and count it when it does."""
        if self.used_up:
            return False
        if self.fault.probability < 1 and self.random.random() >= self.fault.probability:
            return False
        self.struck += 1
        return True

    def milliseconds(self) -> int:
        """Draw the length of its delay."""
        fault = self.fault
        if not fault.sigma:
            return fault.delay
        drawn = fault.delay * math.exp(self.random.gauss(0.0, fault.sigma))
        return min(MAX_DELAY, round(drawn))


@dataclass(slots=True)
class FaultHit:
    """What strikes one request: a wait in milliseconds, and at most one fault."""

    wait: int = 0
    fault: Fault | None = None


@dataclass(slots=True)
class Faults:
    """The planned faults of one session, in the order in which they were planned."""

    _planned: dict[str, PlannedFault] = field(default_factory=dict)
    _count: int = 0

    def next_id(self) -> str:
        """Return a new id for a fault."""
        self._count += 1
        return str(self._count)

    def plan(self, fault: Fault) -> PlannedFault:
        """Add a fault.

        Raises:
            ValueError: when there are too many.
        """
        if len(self._planned) >= MAX_FAULTS:
            raise ValueError(f"there are {MAX_FAULTS} faults already; delete some first")
        # Not seeded by its id: the same fault, planned again, strikes in the same way.
        words = (fault.seed, str(fault), fault.vendor, fault.operation, fault.event)
        # Not for secrets: the draws must be repeatable.
        planned = PlannedFault(fault, random.Random(repr(words)))
        self._planned[fault.id] = planned
        return planned

    def find(self, id: str) -> PlannedFault | None:
        return self._planned.get(id)

    def drop(self, id: str) -> bool:
        """Remove a fault; returns whether there was one."""
        return self._planned.pop(id, None) is not None

    def clear(self) -> None:
        """Remove all faults; ids are not used again."""
        self._planned.clear()

    def __len__(self) -> int:
        return len(self._planned)

    def __iter__(self) -> Iterator[PlannedFault]:
        return iter(self._planned.values())

    def meet_request(self, vendor: str, operation: str, struck: bool = False) -> FaultHit:
        """Decide what strikes a request: every delay, and the first other fault.

        Args:
            struck: whether a fault strikes it anyway; then only delays are used.
        """
        hit = FaultHit()
        for planned in self._of_kind(vendor, REQUEST_FAULTS):
            fault = planned.fault
            if fault.operation not in (None, operation):
                continue
            if fault.kind == "delay":
                hit.wait += planned.milliseconds() if planned.strikes() else 0
            elif not struck and hit.fault is None and planned.strikes():
                hit.fault = fault
        hit.wait = min(hit.wait, MAX_DELAY)
        return hit

    def meet_delivery(self, vendor: str, event: str, signed: bool) -> PlannedFault | None:
        """Decide which fault strikes a delivery, if any: the first that can."""
        for planned in self._of_kind(vendor, DELIVERY_FAULTS):
            fault = planned.fault
            if fault.event not in (None, event):
                continue
            if fault.kind == "webhook-bad-signature" and not signed:
                continue
            if planned.strikes():
                return planned
        return None

    def _of_kind(self, vendor: str, kinds: Iterable[str]) -> list[PlannedFault]:
        return [
            planned
            for planned in self._planned.values()
            if planned.fault.kind in kinds and planned.fault.vendor in (None, vendor)
        ]

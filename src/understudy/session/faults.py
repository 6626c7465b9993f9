"""Planned failures: what is to go wrong, where, how often; rules only, no HTTP.

A fault meets requests that would otherwise reach their handler, and deliveries that are about to
leave. Whether it strikes is drawn from a seed of its own, so that ids do not depend on faults.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAX_FAULTS = 1_000
MAX_DELAY = 60_000
# Bytes of a body of the user's own: a thousand faults must not fill the memory.
MAX_BODY = 65_536
# Statuses whose replies have no body, by RFC 9110.
BODILESS_STATUSES = frozenset({204, 205, 304})

# What a client meets. Those of CONNECTION_FAULTS happen to the reply on its way, whatever it is.
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
# What a receiver of deliveries meets.
DELIVERY_FAULTS = {
    "webhook-duplicate": "the delivery comes twice",
    "webhook-late": "the delivery comes `delay` milliseconds later, by the session's clock",
    "webhook-out-of-order": "the delivery comes after the next one of its subscription",
    "webhook-bad-signature": "the delivery's signature does not fit its body",
    "webhook-never": "the delivery does not come",
}
# Kinds whose request has always taken effect: they need the reply that it made.
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
        vendor, operation, event: whom it meets; None for any.
        times: how often it strikes before it is used up; None for always.
        probability: that it strikes when it could.
        seed: of its own draws.
        status, example, body: of the answer of kind `status`; the body is JSON.
        delay: milliseconds; `sigma` spreads them log-normally around that median.
        retry_after: seconds.
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
        """Whether the request that it strikes is carried out."""
        return self.after or self.kind in AFTER_REPLY_FAULTS

    def __str__(self) -> str:
        return f"{self.kind} {self.status}" if self.status is not None else self.kind


@dataclass(slots=True)
class PlannedFault:
    """A fault and what became of it: how often it struck."""

    fault: Fault
    random: random.Random
    struck: int = 0

    @property
    def used_up(self) -> bool:
        return self.fault.times is not None and self.struck >= self.fault.times

    def strikes(self) -> bool:
        """Whether it strikes now; counts."""
        if self.used_up:
            return False
        if self.fault.probability < 1 and self.random.random() >= self.fault.probability:
            return False
        self.struck += 1
        return True

    def milliseconds(self) -> int:
        """How long its delay is this time."""
        fault = self.fault
        if not fault.sigma:
            return fault.delay
        drawn = fault.delay * math.exp(self.random.gauss(0.0, fault.sigma))
        return min(MAX_DELAY, round(drawn))


@dataclass(slots=True)
class FaultHit:
    """What strikes one request: a wait (in milliseconds) and at most one fault."""

    wait: int = 0
    fault: Fault | None = None


@dataclass(slots=True)
class Faults:
    """The planned faults of one session, in the order in which they were planned."""

    _planned: dict[str, PlannedFault] = field(default_factory=dict)
    _count: int = 0

    def next_id(self) -> str:
        """An id for a fault to be planned."""
        self._count += 1
        return str(self._count)

    def plan(self, fault: Fault) -> PlannedFault:
        """Have a fault strike from now on.

        Raises:
            ValueError: when there are too many.
        """
        if len(self._planned) >= MAX_FAULTS:
            raise ValueError(f"there are {MAX_FAULTS} faults already; delete some first")
        # By its words and not by its id: planned again, later, it strikes the same way.
        words = (fault.seed, str(fault), fault.vendor, fault.operation, fault.event)
        # Not for secrets: the draws are to be repeatable.
        planned = PlannedFault(fault, random.Random(repr(words)))
        self._planned[fault.id] = planned
        return planned

    def find(self, id: str) -> PlannedFault | None:
        return self._planned.get(id)

    def drop(self, id: str) -> bool:
        """Forget a fault; whether there was one."""
        return self._planned.pop(id, None) is not None

    def clear(self) -> None:
        """Forget all of them; ids are not used again."""
        self._planned.clear()

    def __len__(self) -> int:
        return len(self._planned)

    def __iter__(self) -> Iterator[PlannedFault]:
        return iter(self._planned.values())

    def meet_request(self, vendor: str, operation: str, struck: bool = False) -> FaultHit:
        """What strikes a request to an operation: every delay, and the first other fault.

        Args:
            struck: whether a fault strikes it anyway; then only delays are added.
        """
        strike = FaultHit()
        for planned in self._meeting(vendor, REQUEST_FAULTS):
            fault = planned.fault
            if fault.operation not in (None, operation):
                continue
            if fault.kind == "delay":
                strike.wait += planned.milliseconds() if planned.strikes() else 0
            elif not struck and strike.fault is None and planned.strikes():
                strike.fault = fault
        strike.wait = min(strike.wait, MAX_DELAY)
        return strike

    def meet_delivery(self, vendor: str, event: str, signed: bool) -> PlannedFault | None:
        """The first fault that strikes a delivery, if any."""
        for planned in self._meeting(vendor, DELIVERY_FAULTS):
            fault = planned.fault
            if fault.event not in (None, event):
                continue
            if fault.kind == "webhook-bad-signature" and not signed:
                continue
            if planned.strikes():
                return planned
        return None

    def _meeting(self, vendor: str, kinds: Iterable[str]) -> list[PlannedFault]:
        return [
            planned
            for planned in self._planned.values()
            if planned.fault.kind in kinds and planned.fault.vendor in (None, vendor)
        ]

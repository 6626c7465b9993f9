"""Deliveries: requests that the mock makes to its user, the way a vendor would.

They leave for loopback only, unless a host was allowed; a blocked one is recorded. Deliveries of
one subscription leave in order, one at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

DeliveryState = Literal["pending", "held", "withheld", "delivered", "failed", "blocked"]
MAX_DELIVERIES = 1_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a delivery.

    Attributes:
        at: when it began, in nanoseconds; `milliseconds` is what it took, by the same clock.
        status: of the receiver's answer; None when there was none.
        excerpt: how the answer's body begins.
        error: what went wrong; "" when there was an answer.
        headers: what it was sent with, the signature among them; `answered` came back.
    """

    at: int
    status: int | None
    error: str = ""
    excerpt: str = ""
    milliseconds: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    answered: Mapping[str, str] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class Delivery:
    """One event on its way to one URL.

    Attributes:
        timeout: in seconds.
        report: the service's action that is told of the attempt, if any.
        about: what the service wants to find again when it is told.
        subscription: whose deliveries leave one after the other.
        signature: the header that signs it, in lower case; "" when it is not signed.
        fault: the planned fault that struck it, if any.
        repeats: whether it is a further attempt at what was sent under its id before.
    """

    id: str
    vendor: str
    event: str
    url: str
    body: bytes
    headers: dict[str, str]
    timeout: float
    created: int
    report: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    subscription: str = ""
    signature: str = ""
    state: DeliveryState = "pending"
    attempts: list[Attempt] = field(default_factory=list)
    reason: str = ""
    fault: str = ""
    repeats: bool = False


# What of a delivery is carried to the time when it leaves, beside its body.
HELD_FIELDS = (
    *("id", "vendor", "event", "url", "headers", "timeout", "created", "report"),
    *("about", "subscription", "signature", "fault"),
)

TEXT_FIELDS = {"type": "string"}
# What a held delivery is as JSON.
HELD_FIELD_TYPES = {
    "type": "object",
    "additionalProperties": False,
    "required": [*HELD_FIELDS, "body"],
    "properties": {
        **dict.fromkeys(("id", "vendor", "event", "url", "subscription", "signature"), TEXT_FIELDS),
        **dict.fromkeys(("fault", "body"), TEXT_FIELDS),
        "headers": {"type": "object", "additionalProperties": TEXT_FIELDS},
        "timeout": {"type": "number", "exclusiveMinimum": 0},
        "created": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
        "report": {"type": ["string", "null"]},
        "about": {"type": "object"},
    },
}


def pack_delivery(delivery: Delivery) -> bytes:
    """A held delivery as JSON, so that it survives in a due call."""
    members = {name: getattr(delivery, name) for name in HELD_FIELDS}
    return orjson.dumps({**members, "body": delivery.body.decode()})


def unpack_delivery(parcel: bytes) -> Delivery:
    """The delivery that was packed; what others wrote is held against HELD_FIELD_TYPES before."""
    members = orjson.loads(parcel)
    return Delivery(**{**members, "body": members["body"].encode()})

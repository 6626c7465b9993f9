"""Deliveries: the webhooks that the mock sends to its user, as a vendor would.

They are sent to loopback only, unless a host was allowed; a blocked one is recorded. Deliveries of
one subscription are sent in order, one at a time.
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
        at: when it began, in nanoseconds.
        status: of the receiver's reply; None when there was none.
        error: what went wrong; "" when there was a reply.
        excerpt: the beginning of the reply's body.
        milliseconds: how long it took, by the session's clock.
        headers: of the request, the signature among them.
        answered: the headers of the reply.
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
        created: when the vendor decided to send it, in nanoseconds.
        report: name of the vendor's action that is called with the outcome, if any.
        about: kept with the delivery, for that action.
        subscription: an id; deliveries of one subscription are sent one after the other.
        signature: the header that signs it, in lower case; "" when it is not signed.
        reason: why it failed, is held, withheld or blocked.
        fault: the kind of the planned fault that struck it; "" when none did.
        repeats: whether it is a further attempt at an earlier delivery of this id.
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


# The fields of a held delivery that are serialised, beside its body.
HELD_FIELDS = (
    *("id", "vendor", "event", "url", "headers", "timeout", "created", "report"),
    *("about", "subscription", "signature", "fault"),
)

TEXT_FIELDS = {"type": "string"}
# The JSON Schema of a serialised delivery.
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
    """Serialise a delivery as JSON, so that snapshots can hold it."""
    fields = {name: getattr(delivery, name) for name in HELD_FIELDS}
    return orjson.dumps({**fields, "body": delivery.body.decode()})


def unpack_delivery(packed: bytes) -> Delivery:
    """Read a serialised delivery; one from outside is checked by HELD_FIELD_TYPES before."""
    fields = orjson.loads(packed)
    return Delivery(**{**fields, "body": fields["body"].encode()})

"""What is served, and what the authors of vendor packages program against.

The names exported here are the extension API, and stay what they are between minor versions. A
vendor package, in this project or in another, needs no other module of it but the errors that it
raises (`understudy.core.errors`) and, for times and random values, `understudy.core.clock` and
`understudy.core.fakes`.

A package declares one `Vendor` (its attributes say what each part does and may raise), and one
class of `Collections` that handlers see, typed, as `call.store`:

    class AcmeStore(Collections):
        things = Stored("thing")

    Call = service.Call[AcmeStore]

    async def get_thing(call: Call, thing_id: str) -> Reply:
        return Reply(200, await call.store.things.get(thing_id, call.customer))
"""

from __future__ import annotations

from understudy.service import checks
from understudy.service.accounts import Account
from understudy.service.call import Action, Call, Check, EventAction
from understudy.service.collections import Collections, Stored, StoreT
from understudy.service.declaration import Sample, Vendor, View
from understudy.service.error_examples import STANDARD_NAMES, ErrorBody, ErrorExamples
from understudy.service.lifecycle import Lifecycle
from understudy.service.reply import Handler, Reply
from understudy.service.signatures import Signature
from understudy.service.unit_of_work import Resource, UnitOfWork
from understudy.session.deliveries import Attempt, Delivery
from understudy.session.idempotency import IdempotencyRule
from understudy.session.rate_limits import Limit

__all__ = [
    "STANDARD_NAMES",
    "Account",
    "Action",
    "Attempt",
    "Call",
    "Check",
    "Collections",
    "Delivery",
    "ErrorBody",
    "ErrorExamples",
    "EventAction",
    "Handler",
    "IdempotencyRule",
    "Lifecycle",
    "Limit",
    "Reply",
    "Resource",
    "Sample",
    "Signature",
    "StoreT",
    "Stored",
    "UnitOfWork",
    "Vendor",
    "View",
    "checks",
]

"""What is served, and what the authors of vendor packages program against.

The names exported here are the extension API: a vendor package, in this one or in another, needs
no other module of the machinery, but for errors (`understudy.core.errors`).
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

"""What planned faults put in the place of a reply."""

from __future__ import annotations

import copy

from understudy.core.errors import Diagnosis, Internal
from understudy.engine.delays import delay_call
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.session.faults import (
    AFTER_REPLY_FAULTS,
    BODILESS_STATUSES,
    CONNECTION_FAULTS,
    Fault,
)


async def meet_faults(call: Call) -> None:
    """Find out what strikes the request, and wait as long as a planned delay says."""
    if call.vendor.internal:
        return
    # What the request itself asked for goes first, and uses up none that was planned.
    asked = call.fault is not None
    strike = call.session.faults.meet_request(call.vendor.name, call.operation.id, asked)
    if strike.wait:
        await delay_call(call, strike.wait)
    call.fault = call.fault or strike.fault


def make_fault_reply(call: Call, fault: Fault) -> Reply | None:
    """The reply that a fault puts in the place of the real one, if it does."""
    preferred_one = fault.id == "preferred"
    what = f"a {'preferred' if preferred_one else 'planned'} fault struck: {fault}"
    hint = "the request asked for it" if preferred_one else f"see /__admin/faults/{fault.id}"
    call.diagnoses += (Diagnosis("fault", "rule", "", what, hint),)
    if fault.kind in AFTER_REPLY_FAULTS:
        return None
    if fault.kind in CONNECTION_FAULTS:
        # It will not be seen; what disturbs the connection takes its place.
        return Reply(500)
    status = 429 if fault.kind == "rate-limit" else fault.status or 500
    reply = _choose_reply(call, fault, status)
    if status == 429:
        reply.headers["Retry-After"] = str(fault.retry_after)
    return reply


def _choose_reply(call: Call, fault: Fault, status: int) -> Reply:
    """The documented reply of a status; where there is none, the vendor's envelope under it."""
    if status in BODILESS_STATUSES:
        return Reply(status)
    if fault.body is not None:
        return Reply(status, body=fault.body)
    declared = call.operation.responses.get(status)
    examples = declared.examples if declared is not None else {}
    if declared is not None and (examples or declared.media_type is None):
        body = examples.get(fault.example or "", next(iter(examples.values()), None))
        return Reply(
            status, copy.deepcopy(body), media_type=declared.media_type or "application/json"
        )
    reply = call.vendor.render_error(call, Internal("a planned fault"))
    return Reply(status, reply.document, reply.headers, reply.media_type)

"""The way of one routed request to its handler and back, as one vendor's innermost ASGI app."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
from functools import lru_cache
from typing import Any

from starlette.types import Receive, Scope, Send

from understudy.core.errors import (
    ApiError,
    Diagnosis,
    Internal,
    MethodNotAllowed,
    PreferenceUnmet,
    ResponseMismatch,
    TooManyRequests,
)
from understudy.prefer import first_example, preferred
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.service import Service
from understudy.session.faults import (
    AFTER_REPLY_FAULTS,
    BODILESS_STATUSES,
    CONNECTION_FAULTS,
    Fault,
)

logger = logging.getLogger(__name__)

CALL = "understudy.call"


class Dispatch:
    """Checks, preference or handler, unit of work, response check."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call: Call = scope[CALL]
        try:
            reply = await self._reply(call)
        except BaseException:
            _forget(call)
            raise
        reply = finished(call, reply)
        _remember(call, reply)
        if call.fault is not None and call.fault.takes_effect:
            # What is remembered is the reply that was lost: the retry gets it.
            reply = finished(call, faulty(call, call.fault) or reply)
        await send_reply(reply, send)

    async def _reply(self, call: Call) -> Reply:
        try:
            return await self._answer(call)
        except (PreferenceUnmet, ResponseMismatch) as error:
            # The mock's own trouble, whether or not the vendor's document declares its status.
            return spelled(call, error)
        except ApiError as error:
            return self._conforming(call, spelled(call, error))

    async def _answer(self, call: Call) -> Reply:
        for check in self.service.vendor.checks:
            reply = await check(call)
            if reply is not None:
                return reply
        reply = await preferred(call)
        await _meet_faults(call)
        if call.fault is not None and not call.fault.takes_effect:
            reply = faulty(call, call.fault) or reply
        if reply is not None:
            return reply
        call.examined = True
        if call.settings.static and call.vendor.journaled:
            response, body = first_example(call.operation.success)
            return Reply(response.status, body, media_type=response.media_type or "")
        reply = await self.service.handlers[call.operation.id](call, **call.arguments)
        reply = self._conforming(call, reply)
        await call.commit()
        return reply

    def _conforming(self, call: Call, reply: Reply) -> Reply:
        """The reply, when the document declares it.

        Raises:
            ResponseMismatch: when it does not.
        """
        if not call.settings.check_responses:
            return reply
        declared = call.operation.responses.get(reply.status)
        if declared is None:
            message = f"{call.operation.id} declares no response {reply.status}"
            raise ResponseMismatch(message, hint="declare it in the document")
        validator = declared.validator
        if validator is None or validator.accepts(reply.document):
            return reply
        faults = validator.diagnose(reply.document, "response")
        message = f"the reply {reply.status} of {call.operation.id} breaks the document"
        logger.error("%s: %s", message, "; ".join(f"{f.pointer}: {f.message}" for f in faults))
        raise ResponseMismatch(message, faults)


async def _meet_faults(call: Call) -> None:
    """Find out what strikes the request, and wait as long as a planned delay says."""
    if not (call.session.faults and call.vendor.journaled):
        return
    # What the request itself asked for goes first, and uses up none that was planned.
    asked = call.fault is not None
    strike = call.session.faults.meet_request(call.vendor.name, call.operation.id, asked)
    if strike.wait:
        # As with a preferred delay, the purpose is to make a client wait in real time.
        await asyncio.sleep(strike.wait / 1000)
    call.fault = call.fault or strike.fault


def faulty(call: Call, fault: Fault) -> Reply | None:
    """The reply that a fault puts in the place of the real one, if it does."""
    preferred_one = fault.id == "preferred"
    what = f"a {'preferred' if preferred_one else 'planned'} fault struck: {fault}"
    hint = "the request asked for it" if preferred_one else f"see /__admin/faults/{fault.id}"
    call.exchange.fault = str(fault)
    call.exchange.diagnoses += (Diagnosis("fault", "rule", "", what, hint),)
    if fault.kind in AFTER_REPLY_FAULTS:
        return None
    if fault.kind in CONNECTION_FAULTS:
        # It will not be seen; what disturbs the connection takes its place.
        return Reply(500)
    status = 429 if fault.kind == "rate-limit" else fault.status or 500
    reply = _planned_reply(call, fault, status)
    if status == 429:
        reply.headers["Retry-After"] = str(fault.retry_after)
    return reply


def _planned_reply(call: Call, fault: Fault, status: int) -> Reply:
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
    reply = call.vendor.spell(call, Internal("a planned fault"))
    return Reply(status, reply.document, reply.headers, reply.media_type)


def spelled(call: Call, error: Exception) -> Reply:
    """Any error in the vendor's envelope; its diagnoses go to the exchange."""
    if not isinstance(error, ApiError):
        logger.error("%s failed", call.exchange.path, exc_info=error)
        error = Internal(f"{type(error).__name__}: {error}", hint="this is a defect of the mock")
    call.exchange.diagnoses = error.diagnoses
    if isinstance(error, PreferenceUnmet):
        return problem(error.status, "Preference cannot be met", error.message, error.diagnoses)
    reply = call.vendor.spell(call, error)
    # What HTTP itself says of these errors is the same at every vendor.
    if isinstance(error, MethodNotAllowed):
        reply.headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, TooManyRequests):
        reply.headers["Retry-After"] = str(error.retry_after)
    return reply


def finished(call: Call, reply: Reply) -> Reply:
    """The reply with the headers that all replies of its vendor carry."""
    if call.reply_headers:
        reply.headers = {**call.reply_headers, **reply.headers}
    call.vendor.finish(call, reply)
    return reply


def problem(status: int, title: str, detail: str, diagnoses: tuple[Diagnosis, ...] = ()) -> Reply:
    """What the mock says in its own name (RFC 9457)."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
    }
    hints = [diagnosis.hint for diagnosis in diagnoses if diagnosis.hint]
    if hints:
        document["hints"] = hints
    return Reply(status, document, media_type="application/problem+json")


async def send_reply(reply: Reply, send: Send) -> None:
    """Put a reply on the wire."""
    body = reply.encode()
    headers = [(_on_wire(name), value.encode("latin-1")) for name, value in reply.headers.items()]
    if body:
        headers.append((b"content-type", reply.media_type.encode("latin-1")))
    if reply.status != 204:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=256)
def _on_wire(name: str) -> bytes:
    return name.lower().encode("latin-1")


def _remember(call: Call, reply: Reply) -> None:
    rule, owner = call.vendor.idempotency, call.remembered_as
    if rule is None or owner is None:
        return
    if call.examined and rule.keeps(reply.status):
        headers = {name: value for name, value in reply.headers.items() if name in rule.repeated}
        call.session.idempotency.keep(owner, reply.status, headers, reply.encode())
    else:
        call.session.idempotency.forget(owner)


def _forget(call: Call) -> None:
    if call.remembered_as is not None:
        call.session.idempotency.forget(call.remembered_as)


def diagnosis_header(diagnoses: tuple[Diagnosis, ...], limit: int = 4_000) -> bytes:
    """The diagnoses as one ASCII header value; as many of them as fit."""
    parts: list[str] = []
    length = 2
    for diagnosis in diagnoses:
        # ASCII only, and DEL escaped: a header may hold no control character.
        part = json.dumps(diagnosis.as_json(), separators=(",", ":")).replace("\x7f", "\\u007f")
        length += len(part) + 1
        if length > limit:
            break
        parts.append(part)
    return f"[{','.join(parts)}]".encode()

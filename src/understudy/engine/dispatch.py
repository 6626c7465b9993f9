"""The way of one routed request to its handler and back, as one vendor's innermost ASGI app."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from understudy.core.errors import ApiError, Internal, PreferenceUnmet, ResponseMismatch
from understudy.engine.planned_faults import make_fault_reply, meet_faults
from understudy.engine.prefer import choose_first_example, choose_preferred, has_preferences
from understudy.engine.replies import CALL_KEY, add_vendor_headers, logger, render_error, send_reply
from understudy.openapi.conformance import find_document_faults
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.service import Service


class Dispatch:
    """Checks, preference or handler, unit of work."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call: Call = scope[CALL_KEY]
        answer: Reply | Exception
        try:
            answer = await self._answer(call)
        except Exception as error:
            answer = error
        except BaseException:
            _forget(call)
            raise
        await send_reply(finish_call(call, answer), send)

    async def _answer(self, call: Call) -> Reply:
        for check in self.service.vendor.checks:
            reply = await check(call)
            if reply is not None:
                return reply
        # Few requests choose their answer, and few sessions have faults: the others pay nothing.
        reply = await choose_preferred(call) if has_preferences(call) else None
        if call.session.faults:
            await meet_faults(call)
        if call.fault is not None and not call.fault.takes_effect:
            reply = make_fault_reply(call, call.fault) or reply
        if reply is not None:
            return reply
        call.examined = True
        if call.settings.static:
            response, body = choose_first_example(call.operation.success)
            return Reply(response.status, body, media_type=response.media_type or "")
        return await call.perform(self._handle, call)

    async def _handle(self, call: Call) -> Reply:
        reply = await self.service.handlers[call.operation.id](call, **call.arguments)
        return require_documented(call, reply)


def finish_call(call: Call, answer: Reply | Exception, documented: bool = True) -> Reply:
    """The reply that leaves; the one exit for answers and for errors.

    Args:
        documented: whether the document must declare an error; one from before the service's own
            checks is sent either way.
    """
    if isinstance(answer, Exception):
        answer = _render(call, answer, documented)
    reply = add_vendor_headers(call, answer)
    _remember(call, reply)
    if call.fault is not None and call.fault.takes_effect:
        # What is remembered is the reply that was lost: the retry gets it.
        reply = add_vendor_headers(call, make_fault_reply(call, call.fault) or reply)
    return reply


def _render(call: Call, error: Exception, documented: bool) -> Reply:
    reply = render_error(call, error)
    # The mock's own trouble is told whether or not the document declares its status.
    own = not isinstance(error, ApiError) or isinstance(error, PreferenceUnmet | Internal)
    if own or not documented:
        return reply
    try:
        return require_documented(call, reply)
    except ResponseMismatch as mismatch:
        return render_error(call, mismatch)


def require_documented(call: Call, reply: Reply) -> Reply:
    """Return the reply when the document declares it.

    Raises:
        ResponseMismatch: when it does not.
    """
    if not call.settings.check_responses:
        return reply
    declared = call.operation.responses.get(reply.status)
    if declared is not None and declared.accepts(reply.document):
        return reply
    faults = find_document_faults(call.operation, reply.status, reply.document)
    message = f"the reply {reply.status} of {call.operation.id} breaks the document"
    logger.error("%s: %s", message, "; ".join(f"{f.pointer} {f.message}".lstrip() for f in faults))
    raise ResponseMismatch(message, faults)


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

"""Sends requests that should be refused: bad credentials, undeclared methods."""

from __future__ import annotations

from understudy.core.errors import Diagnosis
from understudy.openapi.document import Operation
from understudy.recording.model import RecordedRequest
from understudy.verify.context import RunContext
from understudy.verify.known_ids import fill_path
from understudy.verify.reply_reader import NoReplyError
from understudy.verify.transport import ORIGIN, UnsendableError

# No vendor's credentials look like this.
FALSE_CREDENTIAL = "not-a-credential"


def probe(context: RunContext) -> None:
    """Send requests that should be refused.

    Raises:
        Unreachable: when nobody listens.
    """
    for operation in context.allowed:
        good = context.good.get(operation.id)
        if good is not None and context.service.document.security.is_required(operation.id):
            _ask_without_credential(context, operation, good)
    _ask_undeclared_methods(context)


def _ask_without_credential(
    context: RunContext, operation: Operation, good: RecordedRequest
) -> None:
    scheme = context.access.scheme
    ways = {"without a credential": "", "with a false credential": FALSE_CREDENTIAL}
    for how, credential in ways.items():
        request = context.access.sign(good, credential)
        reply = context.ask(operation, request)
        if reply is not None and 200 <= reply.status < 300:
            message = f"a request {how} was accepted"
            fault = Diagnosis("auth-ignored", scheme.place, scheme.key, message, "answer 401")
            context.add(operation, context.sender.address(request), reply, fault)


def _ask_undeclared_methods(context: RunContext) -> None:
    """Send GET to each path that declares only other methods; others might change something."""
    by_path: dict[str, list[Operation]] = {}
    for operation in context.outcome.operations:
        by_path.setdefault(operation.path, []).append(operation)
    for path, operations in by_path.items():
        if all(each.method != "GET" for each in operations):
            _ask_undeclared_get(context, path, operations[0])


def _ask_undeclared_get(context: RunContext, path: str, operation: Operation) -> None:
    for values in context.known.paths(operation)[:1]:
        url = f"{ORIGIN}{fill_path(path, values)}"
        request = context.access.sign(RecordedRequest("GET", url))
        if context.checker.find_operation(request) is not None:
            return
        placed = context.sender.address(request)
        try:
            reply = context.sender.send(placed)
        except (NoReplyError, UnsendableError):
            return
        context.outcome.probes += 1
        if 200 <= reply.status < 300:
            message = f"GET {path} is answered, which the document does not declare"
            fault = Diagnosis("unsupported-method", "response", "", message, "answer 405")
            context.add(operation, placed, reply, fault)

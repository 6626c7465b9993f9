"""Asks what should be refused: without a credential, with a false one, what is not declared."""

from __future__ import annotations

from dataclasses import replace

from understudy.openapi.document import Operation
from understudy.recording.model import Headers, RecordedRequest
from understudy.verify.context import RunContext
from understudy.verify.findings import Breach
from understudy.verify.known_ids import fill_path
from understudy.verify.reply_reader import NoReplyError
from understudy.verify.transport import ORIGIN, UnsendableError

# No vendor's credentials look like this.
FALSE = "not-a-credential"


def probe(examination: RunContext) -> None:
    """Ask for what should be refused.

    Raises:
        Unreachable: when nobody listens.
    """
    for operation in examination.allowed:
        good = examination.good.get(operation.id)
        if good is not None and examination.judge.is_secured(operation):
            _ask_as_nobody(examination, operation, good)
    _ask_undeclared(examination)


def _ask_as_nobody(examination: RunContext, operation: Operation, good: RecordedRequest) -> None:
    access = examination.access
    told: Headers = tuple(each for each in good.headers if each[0].lower() != access.header.lower())
    ways = {"without a credential": (), "with a false credential": access.headers(FALSE)}
    for how, headers in ways.items():
        request = replace(good, headers=(*headers, *told))
        reply = examination.ask(operation, request)
        if reply is not None and 200 <= reply.status < 300:
            message = f"a request {how} was accepted"
            breach = Breach("auth-ignored", "header", access.header, message, "answer 401")
            examination.add(operation, examination.sender.placed(request), reply, breach)


def _ask_undeclared(examination: RunContext) -> None:
    """GET where the document has other methods only; others might change something."""
    by_path: dict[str, list[Operation]] = {}
    for operation in examination.outcome.operations:
        by_path.setdefault(operation.path, []).append(operation)
    for path, operations in by_path.items():
        if all(each.method != "GET" for each in operations):
            _ask_for(examination, path, operations[0])


def _ask_for(examination: RunContext, path: str, operation: Operation) -> None:
    for values in examination.known.paths(operation)[:1]:
        url = f"{ORIGIN}{fill_path(path, values)}"
        request = RecordedRequest("GET", url, examination.access.headers())
        if examination.judge.operation(request) is not None:
            return
        placed = examination.sender.placed(request)
        try:
            reply = examination.sender.send(placed)
        except (NoReplyError, UnsendableError):
            return
        examination.outcome.probes += 1
        if 200 <= reply.status < 300:
            message = f"GET {path} is answered, which the document does not declare"
            breach = Breach("unsupported-method", "response", "", message, "answer 405")
            examination.add(operation, placed, reply, breach)

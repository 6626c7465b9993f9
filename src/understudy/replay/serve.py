"""Serves a recording: each request gets the recorded reply, in the recorded order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.core.errors import Diagnosis
from understudy.core.settings import Settings
from understudy.engine.exchange_recorder import Log, make_exchange
from understudy.engine.registry import open_services
from understudy.engine.replies import CALL_KEY, make_problem, send_reply
from understudy.openapi.document import Operation
from understudy.recording.compare import Difference
from understudy.recording.model import RecordedExchange, RecordedResponse, Recording, header
from understudy.replay.match import GET, HEAD, ReplayRequest, ReplayScript
from understudy.replay.report import format_value
from understudy.server.app import App, Backend
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.service import Service
from understudy.session.session import Session

MAX_DIFFERENCES = 5
# Lower ones (103: early hints) are followed by the real reply.
FIRST_FINAL_STATUS = 200
BODILESS_STATUSES = (204, 304)
# They say how a body is transferred, which is up to the server.
FRAMING_HEADERS = frozenset(
    {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"}
)
# What HTTP allows as the name of a header.
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def make_replay_app(
    recording: Recording,
    settings: Settings | None = None,
    by_operation: bool = False,
    log: Log | None = None,
) -> App:
    """Make an app that answers as the vendors in a recording did.

    Args:
        by_operation: answer a request that was not recorded like one with the same operation and
            body, whatever its path and query.

    Raises:
        StartError: for an unknown vendor.
    """
    vendors = tuple(recording.vendors)
    services = open_services(vendors)
    chosen = replace(settings or Settings(), vendors=vendors)
    return App(services, chosen, log, backend=_make_backend(recording, by_operation))


def _make_backend(recording: Recording, by_operation: bool) -> Backend:
    def backend(service: Service) -> ASGIApp:
        answered = [
            each
            for each in recording.answered
            if each.vendor == service.name and each.response.status >= FIRST_FINAL_STATUS
        ]
        return ReplayApp(service, answered, by_operation)

    return backend


class ReplayApp:
    """Answers requests with a vendor's recorded replies.

    A request that was recorded several times gets the replies in turn, then the last one again and
    again. Each session starts from the beginning, also when it is reset.
    """

    def __init__(
        self, service: Service, exchanges: Sequence[RecordedExchange], by_operation: bool
    ) -> None:
        self._script = ReplayScript(exchanges, by_operation)
        self._router = service.document.router
        # By session: its epoch, and how often it has sent each request since that began.
        self._counts: WeakKeyDictionary[Session, tuple[int, Counter[tuple[str, int]]]]
        self._counts = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call: Call = scope[CALL_KEY]
        match = self._router.match(call.request.path)
        if match is not None:
            call.routed = _find_operation(match[0].operations, call.request.method)
        now = read_call(call)
        found = self._script.find(now)
        if found:
            recorded = self._choose_reply(call.session, now.method, found)
            await _send_reply(recorded.response, now.method, send)
        else:
            await send_reply(self._refuse(call, now), send)

    def _choose_reply(
        self, session: Session, method: str, found: list[RecordedExchange]
    ) -> RecordedExchange:
        """Choose the next of the exchanges that answer a request."""
        epoch, sent = self._counts.get(session, (None, Counter()))
        if epoch != session.epoch:
            sent = Counter()
            self._counts[session] = (session.epoch, sent)
        # HEAD counts separately, so that it does not consume the next reply of the GET.
        key = (method, id(found[0]))
        turn = sent[key]
        sent[key] += 1
        return found[min(turn, len(found) - 1)]

    def _refuse(self, call: Call, now: ReplayRequest) -> Reply:
        what = f"{now.method} {now.path} was not recorded like this"
        nearest = self._script.find_nearest(now)
        if nearest is None:
            hint = "record it, or send what was recorded: understudy export FILE --format examples"
            diagnoses = [Diagnosis("not-recorded", "path", "", what, hint)]
        else:
            hint = "send it as it was recorded"
            if self._script.matches_by_operation(now):
                hint += ", or serve with --match operation"
            # The same hint holds for all differences, so only the first has it.
            hints = [hint, *[""] * MAX_DIFFERENCES]
            diagnoses = [
                _to_diagnosis(each, hint)
                for each, hint in zip(nearest[1][:MAX_DIFFERENCES], hints, strict=False)
            ]
        call.diagnoses = tuple(diagnoses)
        return make_problem(404, "Not recorded", what, call.diagnoses)


def read_call(call: Call) -> ReplayRequest:
    """The parts of a request that choose its reply; secrets are masked, as in recordings."""
    it = make_exchange(call)
    headers = tuple(it.request_headers.items())
    return ReplayRequest(
        it.vendor, it.operation, it.method, it.path, it.query, headers, it.request_body
    )


def _find_operation(operations: Mapping[str, Operation], method: str) -> Operation | None:
    """The operation that a method calls; HEAD calls that of GET."""
    return operations.get(method) or (operations.get(GET) if method == HEAD else None)


def _to_diagnosis(each: Difference, hint: str) -> Diagnosis:
    then, now = format_value(each.recorded), format_value(each.current)
    message = f"the nearest recorded request has {then} there, this one {now}"
    return Diagnosis("not-recorded", each.where, each.pointer, message, hint)


async def _send_reply(response: RecordedResponse, method: str, send: Send) -> None:
    has_body = response.status not in BODILESS_STATUSES
    headers = [
        (name.lower().encode(), _encode_value(value))
        for name, value in response.headers
        if HEADER_NAME.fullmatch(name) and name.lower() not in FRAMING_HEADERS
    ]
    if has_body:
        headers.append((b"content-length", _content_length(response, method)))
    body = response.body if has_body and method != HEAD else b""
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _content_length(response: RecordedResponse, method: str) -> bytes:
    """The content length: of a body that HEAD left out, as it was recorded."""
    said = header(response.headers, "content-length") or ""
    if method == HEAD and not response.body and said.isascii() and said.isdecimal():
        return said.encode()
    return b"%d" % len(response.body)


def _encode_value(value: str) -> bytes:
    """Encode a header's value: Latin-1 where possible, else UTF-8, as most clients do."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()

"""Serves a recording: each request is answered as the recorded one was, in the recorded order."""

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

MOST_TOLD = 5
# What comes before it (103: early hints) answers nobody.
FIRST_FINAL = 200
BODILESS = (204, 304)
# They tell how a body was carried, which is for the server to say.
FRAMING = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})
# What HTTP takes for the name of a header.
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def make_replay_app(
    recording: Recording,
    settings: Settings | None = None,
    by_operation: bool = False,
    log: Log | None = None,
) -> App:
    """An app that answers as the vendors of a recording did.

    Args:
        by_operation: a request that was not recorded is answered as one of the same operation and
            body was, whatever its path and query say.

    Raises:
        StartError: for a vendor that is none.
    """
    vendors = tuple(recording.vendors)
    services = open_services(vendors)
    chosen = replace(settings or Settings(), vendors=vendors)
    return App(services, chosen, log, backend=_make_backend(recording, by_operation))


def _make_backend(recording: Recording, by_operation: bool) -> Backend:
    def backend(service: Service) -> ASGIApp:
        theirs = [
            each
            for each in recording.answered
            if each.vendor == service.name and each.response.status >= FIRST_FINAL
        ]
        return ReplayApp(service, theirs, by_operation)

    return backend


class ReplayApp:
    """A vendor's recorded exchanges as an app.

    A request that was recorded several times is answered in turn, the last answer again and again.
    Each session begins anew, and so does one that is reset.
    """

    def __init__(
        self, service: Service, exchanges: Sequence[RecordedExchange], by_operation: bool
    ) -> None:
        self._script = ReplayScript(exchanges, by_operation)
        self._router = service.document.router
        # By session: its epoch, and how often it has asked each request since that began.
        self._asked: WeakKeyDictionary[Session, tuple[int, Counter[tuple[str, int]]]]
        self._asked = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call: Call = scope[CALL_KEY]
        match = self._router.match(call.request.path)
        if match is not None:
            call.routed = _operation(match[0].operations, call.request.method)
        now = asked_by(call)
        found = self._script.find(now)
        if found:
            recorded = self._next(call.session, now.method, found)
            await _send(recorded.response, now.method, send)
        else:
            await send_reply(self._missing(call, now), send)

    def _next(
        self, session: Session, method: str, found: list[RecordedExchange]
    ) -> RecordedExchange:
        """The exchange whose turn it is among those that answer a request."""
        epoch, asked = self._asked.get(session, (None, Counter()))
        if epoch != session.epoch:
            asked = Counter()
            self._asked[session] = (session.epoch, asked)
        # A HEAD that a recorded GET answers takes nothing away from whoever asks for that.
        key = (method, id(found[0]))
        turn = asked[key]
        asked[key] += 1
        return found[min(turn, len(found) - 1)]

    def _missing(self, call: Call, now: ReplayRequest) -> Reply:
        what = f"{now.method} {now.path} was not recorded like this"
        nearest = self._script.nearest(now)
        if nearest is None:
            hint = "record it, or ask what was: understudy export FILE --format examples"
            diagnoses = [Diagnosis("not-recorded", "path", "", what, hint)]
        else:
            hint = "ask as it was recorded"
            if self._script.would_match_by_operation(now):
                hint += ", or serve with --match operation"
            # Each says where; what to do is the same for all, and said once.
            hints = [hint, *[""] * MOST_TOLD]
            diagnoses = [
                _told(each, hint) for each, hint in zip(nearest[1][:MOST_TOLD], hints, strict=False)
            ]
        call.diagnoses = tuple(diagnoses)
        return make_problem(404, "Not recorded", what, call.diagnoses)


def asked_by(call: Call) -> ReplayRequest:
    """What a request says; its secrets are masked, as they are in recordings."""
    it = make_exchange(call)
    headers = tuple(it.request_headers.items())
    return ReplayRequest(
        it.vendor, it.operation, it.method, it.path, it.query, headers, it.request_body
    )


def _operation(operations: Mapping[str, Operation], method: str) -> Operation | None:
    """The operation that a method calls; HEAD stands for the GET whose head it wants."""
    return operations.get(method) or (operations.get(GET) if method == HEAD else None)


def _told(each: Difference, hint: str) -> Diagnosis:
    then, now = format_value(each.recorded), format_value(each.current)
    message = f"the nearest recorded request has {then} there, this one {now}"
    return Diagnosis("not-recorded", each.where, each.pointer, message, hint)


async def _send(response: RecordedResponse, method: str, send: Send) -> None:
    has_body = response.status not in BODILESS
    headers = [
        (name.lower().encode(), _encoded(value))
        for name, value in response.headers
        if TOKEN.fullmatch(name) and name.lower() not in FRAMING
    ]
    if has_body:
        headers.append((b"content-length", _length(response, method)))
    body = response.body if has_body and method != HEAD else b""
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _length(response: RecordedResponse, method: str) -> bytes:
    """The length of the body; of one that was left out, what was said of it."""
    said = header(response.headers, "content-length") or ""
    if method == HEAD and not response.body and said.isascii() and said.isdecimal():
        return said.encode()
    return b"%d" % len(response.body)


def _encoded(value: str) -> bytes:
    """A header's value as it goes over the wire; beyond Latin-1 nearly everybody sends UTF-8."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()

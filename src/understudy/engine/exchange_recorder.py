"""The middleware that writes each exchange into the journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from understudy.core.settings import Settings
from understudy.engine.connection_faults import ConnectionFault
from understudy.engine.replies import CALL_KEY, encode_diagnoses, make_problem, send_reply
from understudy.redaction.finders import JSON
from understudy.redaction.redactor import Redactor
from understudy.service.call import Call
from understudy.service.request import Request
from understudy.service.service import Service, make_redactor
from understudy.session.deliveries import Delivery
from understudy.session.faults import CONNECTION_FAULTS, Fault
from understudy.session.journal import Exchange, redact_request, redact_target
from understudy.session.session import FRESH_SESSION, Session

Log = Callable[[Exchange | Delivery], None]


# How many bytes of a request to a path, with these headers, are read.
Limit = Callable[[str, Mapping[str, str]], int]
SESSION_KEY = "understudy.session"
PATH_KEY = "understudy.path"
logger = logging.getLogger(__name__)


def guard_log(log: Log | None) -> Log:
    """A log that never raises; a failure of the one that is given is reported and ends there."""
    if log is None:
        return lambda entry: None

    def write(entry: Exchange | Delivery) -> None:
        try:
            log(entry)
        except Exception:
            logger.exception("the log failed")

    return write


class DisconnectedError(Exception):
    """The client went away in the middle of its request, which therefore never happened."""


class JournalMiddleware:
    """Reads the request within the limit, and keeps the exchange when it is over.

    Args:
        log: is handed each exchange.
        limit: how many bytes of a body are read.
    """

    def __init__(
        self, app: ASGIApp, service: Service, settings: Settings, log: Log, limit: Limit
    ) -> None:
        self._limit = limit
        self._app = app
        self._service = service
        self._journaled = not service.vendor.internal
        self._settings = settings
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        session: Session = scope[SESSION_KEY]
        path, headers = scope[PATH_KEY], join_headers(scope["headers"])
        try:
            content, too_large = await read_body(receive, self._limit(path, headers))
        except DisconnectedError:
            return
        query = scope["query_string"].decode("latin-1")
        # Time is taken now that the request is whole: a slow body must not act in the past.
        received = session.clock.now()
        request = Request(scope["method"], path, query, headers, received, content, too_large)
        exchange_id = session.journal.next_id() if self._journaled else ""
        call = scope[CALL_KEY] = Call(self._service, session, self._settings, request, exchange_id)
        tap = ReplyTap(call, scope, receive, send)
        try:
            await self._app(scope, receive, tap)
        except asyncio.CancelledError:
            if tap.started:
                raise
            await send_reply(make_problem(503, "Shutting down", "the mock was stopped"), tap)
        finally:
            self._close(call, tap)
        if tap.broken is not None:
            # Not raised where it happens: there it would be rendered as an error of the vendor.
            raise tap.broken

    def _close(self, call: Call, tap: ReplyTap) -> None:
        exchange = complete_exchange(call, tap)
        # First, because the journal keeps only the beginning of a long body.
        self._log(exchange)
        session = call.session
        if session.name != FRESH_SESSION and self._journaled:
            session.journal.add(exchange)
            if exchange.operation is not None:
                session.coverage[exchange.vendor, exchange.operation, exchange.status] += 1


def make_exchange(call: Call, redactor: Redactor | None = None) -> Exchange:
    """The exchange of a call without its reply; the secrets of the request are masked."""
    request, service = call.request, call.service
    exchange = Exchange(
        id=call.exchange_id,
        session=call.session.name,
        vendor=service.name,
        method=request.method,
        path=request.path,
        query=request.query,
        started=request.received,
        request_headers=request.headers,
        request_body=request.content,
        operation=call.routed.id if call.routed is not None else None,
        account=call.caller,
        preference=call.preference,
        fault=str(call.fault) if call.fault is not None else "",
        proxied=call.proxied,
        diagnoses=call.diagnoses,
    )
    redact_request(exchange, redactor or make_redactor(service), trusted=True)
    return exchange


def complete_exchange(call: Call, tap: ReplyTap) -> Exchange:
    """The exchange of a call that is over, as the log and the journal are given it."""
    service, redactor = call.service, make_redactor(call.service)
    exchange = make_exchange(call, redactor)
    exchange.status, exchange.ended = tap.status, call.session.clock.now()
    exchange.response_headers, exchange.response_body = tap.headers, tap.body
    if call.revise is not None:
        call.revise(exchange)
    redact_target(exchange, redactor)
    # The mock's own replies hold what the document declares, which says what is secret there.
    # What the request carried is searched for, whatever the names of the fields.
    replies = Redactor(service.declared_secret_names, redactor.values)
    exchange.response_body = replies.body(exchange.response_body, JSON, trusted=True)
    return exchange


# Faults after which the client has seen no status.
UNSEEN_FAULTS = frozenset({"reset", "empty"})


class ReplyTap:
    """A `send` that notes the reply, adds the mock's own headers, and has the reply pass through
    its connection fault, if there is one.

    Attributes:
        status: that the client saw; 0 when it saw none.
        headers, body: of the reply, without the mock's own headers.
    """

    __slots__ = ("_call", "_fault", "_receive", "_scope", "_send", "body", "headers", "status")

    def __init__(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        self._call = call
        self._scope, self._receive = scope, receive
        self._send = send
        self._fault: ConnectionFault | None = None
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    @property
    def started(self) -> bool:
        """Whether the reply is on its way."""
        return bool(self.headers)

    @property
    def broken(self) -> ConnectionError | None:
        """What the caller is to meet instead of the reply, in-process."""
        return self._fault.broken if self._fault else None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._call.fault is not None:
                self._insert_fault(self._call.fault)
            self.headers = list(message["headers"])
            message["headers"] = [*message["headers"], *self._own_headers()]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
        await self._send(message)

    def _insert_fault(self, fault: Fault) -> None:
        if fault.kind not in CONNECTION_FAULTS:
            return
        self._fault = ConnectionFault(fault, self._scope, self._receive, self._send)
        self._send = self._fault
        if fault.kind in UNSEEN_FAULTS:
            self.status = 0

    def _own_headers(self) -> list[tuple[bytes, bytes]]:
        call = self._call
        headers = [(b"x-understudy-session", call.session.name.encode("latin-1"))]
        if call.exchange_id:
            headers.append((b"x-understudy-exchange", call.exchange_id.encode("latin-1")))
        if call.diagnoses:
            headers.append((b"x-understudy-diagnosis", encode_diagnoses(call.diagnoses)))
        return headers


def join_headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; those sent more than once are joined, as RFC 9110 says."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


async def read_body(receive: Receive, limit: int) -> tuple[bytes, bool]:
    """The request's body, and whether it was larger than the limit (then the rest is not read).

    Raises:
        DisconnectedError: when the client went away before the body was whole.
    """
    message = await receive()
    body = bytearray(message.get("body", b""))
    while message["type"] != "http.disconnect":
        if len(body) > limit:
            return b"", True
        if not message.get("more_body", False):
            return bytes(body), False
        message = await receive()
        body += message.get("body", b"")
    raise DisconnectedError

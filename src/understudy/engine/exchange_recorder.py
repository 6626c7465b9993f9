"""The middleware that writes each exchange into the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from understudy.core.settings import Settings
from understudy.engine.connection_faults import ConnectionFault
from understudy.engine.replies import CALL_KEY, encode_diagnoses, make_problem, send_reply
from understudy.redaction.finders import JSON
from understudy.redaction.redactor import Redactor
from understudy.service.call import Call
from understudy.service.service import Service, make_redactor
from understudy.session.deliveries import Delivery
from understudy.session.faults import CONNECTION_FAULTS
from understudy.session.journal import Exchange, redact_request, redact_target
from understudy.session.session import FRESH_SESSION, Session

Log = Callable[[Exchange | Delivery], None]


# How many bytes of a request to a path, with these headers, are read.
Limit = Callable[[str, Mapping[str, str]], int]


SESSION_KEY = "understudy.session"


PATH_KEY = "understudy.path"


class DisconnectedError(Exception):
    """The client went away in the middle of its request, which therefore never happened."""


class JournalMiddleware:
    """Opens the exchange, reads the body within the limit, and closes the exchange."""

    def __init__(
        self, app: ASGIApp, service: Service, settings: Settings, log: Log | None, limit: Limit
    ) -> None:
        self._limit = limit
        self._app = app
        self._service = service
        self._settings = settings
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        session: Session = scope[SESSION_KEY]
        headers = join_headers(scope["headers"])
        # Time is taken when the request is whole: a slow body must not act in the past.
        try:
            content, too_large = await read_body(receive, self._limit(scope[PATH_KEY], headers))
        except DisconnectedError:
            return
        exchange = Exchange(
            id=session.journal.next_id() if self._service.vendor.journaled else "",
            session=session.name,
            vendor=self._service.name,
            method=scope["method"],
            path=scope[PATH_KEY],
            query=scope["query_string"].decode("latin-1"),
            started=session.clock.now(),
            request_headers=headers,
        )
        call = scope[CALL_KEY] = Call(self._service, session, self._settings, exchange)
        call.content, call.too_large = content, too_large
        exchange.request_body = content
        redactor = make_redactor(self._service)
        redact_request(exchange, redactor, trusted=True)
        try:
            recording = ReplyTap(call, scope, receive, send)
            await self._answer(scope, receive, recording)
            if recording.broken is not None:
                # Not raised where it happens: there it would be spelled as an error of the service.
                raise recording.broken
        finally:
            self._close(exchange, session, redactor)

    async def _answer(self, scope: Scope, receive: Receive, recording: ReplyTap) -> None:
        try:
            await self._app(scope, receive, recording)
        except asyncio.CancelledError:
            if recording.started:
                raise
            await send_reply(make_problem(503, "Shutting down", "the mock was stopped"), recording)

    def _close(self, exchange: Exchange, session: Session, redactor: Redactor) -> None:
        exchange.ended = session.clock.now()
        redact_target(exchange, redactor)
        # The mock's own replies hold what the document declares, which says what is secret there.
        # What the request carried is searched for, whatever the names of the fields.
        replies = Redactor(self._service.declared_secret_names, redactor.values)
        exchange.response_body = replies.body(exchange.response_body, JSON, trusted=True)
        # First, because the journal keeps only the beginning of a long body.
        if self._log is not None:
            self._log(exchange)
        if session.name != FRESH_SESSION and self._service.vendor.journaled:
            session.journal.add(exchange)
            if exchange.operation is not None:
                session.coverage[exchange.vendor, exchange.operation, exchange.status] += 1


# Faults after which the client has seen no status.
UNSEEN_FAULTS = frozenset({"reset", "empty"})


class ReplyTap:
    """A `send` that notes the reply in its exchange, adds the mock's own headers, and disturbs
    the reply when a fault says so.
    """

    __slots__ = ("_call", "_disturbance", "_exchange", "_receive", "_scope", "_send")

    def __init__(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        self._call = call
        self._exchange = call.exchange
        self._scope, self._receive = scope, receive
        self._send = send
        self._disturbance: ConnectionFault | None = None

    @property
    def started(self) -> bool:
        """Whether the reply is on its way."""
        return bool(self._exchange.response_headers)

    @property
    def broken(self) -> ConnectionError | None:
        """What the caller is to meet instead of the reply, in-process."""
        return self._disturbance.broken if self._disturbance else None

    async def __call__(self, message: Message) -> None:
        exchange = self._exchange
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            self._disturb()
            exchange.response_headers = list(message["headers"])
            message["headers"] = [*message["headers"], *self._own_headers()]
        elif message["type"] == "http.response.body":
            exchange.response_body += message.get("body", b"")
        await self._send(message)

    def _disturb(self) -> None:
        """Have the reply pass through its fault, if there is one."""
        fault = self._call.fault
        if fault is None or fault.kind not in CONNECTION_FAULTS:
            return
        self._disturbance = ConnectionFault(fault, self._scope, self._receive, self._send)
        self._send = self._disturbance
        self._exchange.fault = str(fault)
        if fault.kind in UNSEEN_FAULTS:
            self._exchange.status = 0

    def _own_headers(self) -> list[tuple[bytes, bytes]]:
        exchange = self._exchange
        headers = [(b"x-understudy-session", exchange.session.encode("latin-1"))]
        if exchange.id:
            headers.append((b"x-understudy-exchange", exchange.id.encode("latin-1")))
        if exchange.diagnoses:
            headers.append((b"x-understudy-diagnosis", encode_diagnoses(exchange.diagnoses)))
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
        Disconnected: when the client went away before the body was whole.
    """
    body = bytearray()
    more = True
    while more and len(body) <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return (bytes(body), False) if len(body) <= limit else (b"", True)

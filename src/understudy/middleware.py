"""The ASGI side around the services: addresses, sessions, body limit, journal."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from understudy.core.errors import Diagnosis
from understudy.core.settings import Settings
from understudy.dispatch import CALL, diagnosis_header, problem, send_reply
from understudy.disturbance import Disturbance
from understudy.due import DueCalls
from understudy.redaction.masks import redact_body, redact_headers
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.service import Service
from understudy.session.deliveries import Delivery
from understudy.session.faults import CONNECTION_FAULTS
from understudy.session.journal import Exchange
from understudy.session.session import DEFAULT_SESSION, FRESH_SESSION, Session, Sessions

Log = Callable[[Exchange | Delivery], None]
# How many bytes of a request to a path, with these headers, are read.
Limit = Callable[[str, Mapping[str, str]], int]
SESSION = "understudy.session"
NEAREST = "see /__admin/requests/unmatched for the nearest operation"
IN_SESSION = re.compile(r"/sessions/(?P<session>[^/]+)(?P<path>/.+)")
PATH = "understudy.path"


class Disconnected(Exception):
    """The client went away in the middle of its request, which therefore never happened."""


class Unaddressed(Exception):
    """A request that reaches no vendor; carries the reply that says why.

    Attributes:
        public: whether it was no request to the mock's own paths.
    """

    def __init__(self, reply: Reply, session: str = "", public: bool = True) -> None:
        super().__init__(reply.document["detail"])
        self.reply = reply
        self.session = session
        self.public = public


@dataclass(frozen=True)
class Stage:
    """A service's ASGI app, and the same app with CORS around it for requests from a page."""

    service: Service
    app: ASGIApp
    cors: ASGIApp


class Addresses:
    """Which vendor, session and path a request means.

    Args:
        stages: the served services by the first segment of their addresses.
        admin: the stage of the mock's own paths, which begin with `prefix`.
        root: the stage whose paths also stand at the root, if any.
    """

    def __init__(
        self, stages: Mapping[str, Stage], admin: Stage, prefix: str, root: Stage | None
    ) -> None:
        self._stages = stages
        self._admin = admin
        self._prefix = prefix
        self._root = root
        self._hosts = {
            host: stage for stage in stages.values() for host in stage.service.vendor.hosts
        }

    def find(self, path: str, host: str, named: str | None) -> tuple[Stage, str, str]:
        """The stage, the session's name and the path at the vendor.

        Args:
            path: encoded, from the request line.
            host: of the Host header, without port.
            named: the session that a header names.

        Raises:
            Unaddressed: when no vendor has this address.
        """
        session = named or DEFAULT_SESSION
        if path.startswith("/@"):
            session, _, path = path[2:].partition("/")
            path = f"/{path}"
        if f"{path}/".startswith(f"{self._prefix}/"):
            return self._find_admin(path.removeprefix(self._prefix), session)
        stage = self._hosts.get(host)
        if stage is not None:
            return stage, session, path
        first, _, rest = path[1:].partition("/")
        stage = self._stages.get(first)
        if stage is not None:
            return stage, session, f"/{rest}"
        if self._root is not None:
            return self._root, session, path
        raise Unaddressed(self._nothing_at(path), session)

    def _find_admin(self, path: str, session: str) -> tuple[Stage, str, str]:
        """`/sessions/NAME/clock` is `/clock` in the session NAME."""
        within = IN_SESSION.fullmatch(path)
        if within is None:
            return self._admin, session, path
        return self._admin, unquote(within["session"]), within["path"]

    def _nothing_at(self, path: str) -> Reply:
        vendors = ", ".join(f"/{first}" for first in self._stages)
        detail = f"nothing is served at {path}: the first segment names the vendor ({vendors})"
        return problem(404, "No such vendor", detail)


class Edge:
    """The outermost app: finds the stage and the session, keeps the session's due calls up."""

    def __init__(
        self, addresses: Addresses, sessions: Sessions, due: DueCalls, log: Log | None
    ) -> None:
        self._log = log
        self._addresses = addresses
        self._sessions = sessions
        self._due = due

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            stage, session = self._enter(scope)
        except Unaddressed as error:
            if error.public:
                # Pages of any origin may read it, as they may read every vendor's reply.
                error.reply.headers["Access-Control-Allow-Origin"] = "*"
            self._note(scope, error)
            await send_reply(error.reply, send)
            return
        scope[SESSION] = session
        await self._due.catch_up(session)
        app = stage.cors if any(name == b"origin" for name, _ in scope["headers"]) else stage.app
        try:
            await app(scope, receive, send)
        finally:
            await self._due.catch_up(session)

    def _note(self, scope: Scope, error: Unaddressed) -> None:
        """Keep a request that reached nobody where its sender will look for it."""
        try:
            session = self._sessions.get(error.session)
        except ValueError:
            return
        now = session.clock.now()
        exchange = Exchange(
            id=session.journal.next_id(),
            session=session.name,
            vendor="",
            method=scope["method"],
            path=_path(scope),
            query=scope["query_string"].decode("latin-1"),
            started=now,
            request_headers=redact_headers(joined(scope["headers"])),
            status=error.reply.status,
            ended=now,
            response_body=error.reply.encode(),
            diagnoses=(Diagnosis("unknown-path", "path", "", str(error), NEAREST),),
        )
        if session.name != FRESH_SESSION:
            session.journal.add(exchange)
        if self._log is not None:
            self._log(exchange)

    def _enter(self, scope: Scope) -> tuple[Stage, Session]:
        named = host = None
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"x-understudy-session":
                named = value.decode("latin-1")
        hostname = (host or b"").decode("latin-1").partition(":")[0].lower().rstrip(".")
        stage, name, scope[PATH] = self._addresses.find(_path(scope), hostname, named)
        try:
            return stage, self._sessions.get(name)
        except ValueError as error:
            reply = problem(400, "Bad session name", str(error))
            raise Unaddressed(reply, public=stage.service.vendor.journaled) from error


def _path(scope: Scope) -> str:
    """The encoded path of the request line."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path.partition(b"?")[0].decode("latin-1")


class Recorder:
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
        session: Session = scope[SESSION]
        headers = joined(scope["headers"])
        # Time is taken when the request is whole: a slow body must not act in the past.
        try:
            content, too_large = await read_body(receive, self._limit(scope[PATH], headers))
        except Disconnected:
            return
        exchange = Exchange(
            id=session.journal.next_id() if self._service.vendor.journaled else "",
            session=session.name,
            vendor=self._service.name,
            method=scope["method"],
            path=scope[PATH],
            query=scope["query_string"].decode("latin-1"),
            started=session.clock.now(),
            request_headers=headers,
        )
        call = scope[CALL] = Call(self._service, session, self._settings, exchange)
        exchange.request_headers = redact_headers(headers)
        call.content, call.too_large = content, too_large
        exchange.request_body = self._redacted(content)
        try:
            recording = Recording(call, scope, receive, send)
            await self._answer(scope, receive, recording)
            if recording.broken is not None:
                # Not raised where it happens: there it would be spelled as an error of the service.
                raise recording.broken
        finally:
            self._close(exchange, session)

    async def _answer(self, scope: Scope, receive: Receive, recording: Recording) -> None:
        try:
            await self._app(scope, receive, recording)
        except asyncio.CancelledError:
            if recording.started:
                raise
            await send_reply(problem(503, "Shutting down", "the mock was stopped"), recording)

    def _redacted(self, body: bytes) -> bytes:
        return redact_body(body, self._service.document.secrets, self._service.owners)

    def _close(self, exchange: Exchange, session: Session) -> None:
        exchange.ended = session.clock.now()
        exchange.response_body = self._redacted(exchange.response_body)
        # First, because the journal keeps only the beginning of a long body.
        if self._log is not None:
            self._log(exchange)
        if session.name != FRESH_SESSION and self._service.vendor.journaled:
            session.journal.add(exchange)
            if exchange.operation is not None:
                session.coverage[exchange.vendor, exchange.operation, exchange.status] += 1


# Faults after which the client has seen no status.
UNSEEN = frozenset({"reset", "empty"})


class Recording:
    """A `send` that notes the reply in its exchange, adds the mock's own headers, and disturbs
    the reply when a fault says so.
    """

    __slots__ = ("_call", "_disturbance", "_exchange", "_receive", "_scope", "_send")

    def __init__(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        self._call = call
        self._exchange = call.exchange
        self._scope, self._receive = scope, receive
        self._send = send
        self._disturbance: Disturbance | None = None

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
        self._disturbance = Disturbance(fault, self._scope, self._receive, self._send)
        self._send = self._disturbance
        self._exchange.fault = str(fault)
        if fault.kind in UNSEEN:
            self._exchange.status = 0

    def _own_headers(self) -> list[tuple[bytes, bytes]]:
        exchange = self._exchange
        headers = [(b"x-understudy-session", exchange.session.encode("latin-1"))]
        if exchange.id:
            headers.append((b"x-understudy-exchange", exchange.id.encode("latin-1")))
        if exchange.diagnoses:
            headers.append((b"x-understudy-diagnosis", diagnosis_header(exchange.diagnoses)))
        return headers


def joined(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
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
            raise Disconnected
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return (bytes(body), False) if len(body) <= limit else (b"", True)

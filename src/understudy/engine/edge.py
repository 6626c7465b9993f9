"""The ASGI side around the services: addresses, sessions, body limit, journal."""

from __future__ import annotations

from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.core.errors import Diagnosis
from understudy.engine.addressing import Router, UnaddressedError
from understudy.engine.exchange_recorder import PATH_KEY, SESSION_KEY, Log, join_headers
from understudy.engine.replies import make_problem, send_reply
from understudy.engine.scheduler import Scheduler
from understudy.redaction.redactor import Redactor
from understudy.redaction.secret_names import SecretNames
from understudy.redaction.secret_values import SecretValues
from understudy.session.journal import Exchange, redact_request, redact_target
from understudy.session.session import FRESH_SESSION, Session, Sessions

NEAREST = "see /__admin/requests/unmatched for the nearest operation"


class Gateway:
    """The outermost app: finds the service and the session, and fires what is due in it."""

    def __init__(
        self, addresses: Router, sessions: Sessions, scheduler: Scheduler, log: Log
    ) -> None:
        self._log = log
        self._addresses = addresses
        self._sessions = sessions
        self._scheduler = scheduler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            app, session = self._enter(scope)
        except UnaddressedError as error:
            if error.public:
                # Pages of any origin may read it, as they may read every vendor's reply.
                error.reply.headers["Access-Control-Allow-Origin"] = "*"
            self._note(scope, error)
            await send_reply(error.reply, send)
            return
        scope[SESSION_KEY] = session
        # Asked here, too: most sessions have nothing to catch up with.
        if len(session.clock):
            await self._scheduler.catch_up(session)
        try:
            await app(scope, receive, send)
        finally:
            if len(session.clock):
                await self._scheduler.catch_up(session)

    def _note(self, scope: Scope, error: UnaddressedError) -> None:
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
            request_headers=join_headers(scope["headers"]),
            status=error.reply.status,
            ended=now,
            response_body=error.reply.encode(),
            diagnoses=(Diagnosis("unknown-path", "path", "", str(error), NEAREST),),
        )
        redactor = Redactor(SecretNames(), SecretValues())
        redact_request(exchange, redactor)
        redact_target(exchange, redactor)
        exchange.response_body = redactor.body(exchange.response_body)
        if session.name != FRESH_SESSION:
            session.journal.add(exchange)
        self._log(exchange)

    def _enter(self, scope: Scope) -> tuple[ASGIApp, Session]:
        """The app that a request means, and its session.

        Raises:
            UnaddressedError: when it means none.
        """
        named = origin = None
        host = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"x-understudy-session":
                named = value.decode("latin-1")
            elif name == b"origin":
                origin = value
        found = self._addresses.find(_path(scope), _read_hostname(host), named)
        mount, name, scope[PATH_KEY] = found
        try:
            return mount.app if origin is None else mount.cors, self._sessions.get(name)
        except ValueError as error:
            reply = make_problem(400, "Bad session name", str(error))
            raise UnaddressedError(reply, public=not mount.service.vendor.internal) from error


@lru_cache(maxsize=64)
def _read_hostname(host: bytes) -> str:
    """The name in a Host header, in lower case and without its port."""
    return host.decode("latin-1").partition(":")[0].lower().rstrip(".")


def _path(scope: Scope) -> str:
    """The encoded path of the request line."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path.partition(b"?")[0].decode("latin-1")

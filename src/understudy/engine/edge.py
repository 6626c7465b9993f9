"""The ASGI side around the services: addresses, sessions, body limit, journal."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from understudy.core.errors import Diagnosis
from understudy.engine.addressing import Mount, Router, UnaddressedError
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
    """The outermost app: finds the stage and the session, keeps the session's due calls up."""

    def __init__(
        self, addresses: Router, sessions: Sessions, due: Scheduler, log: Log | None
    ) -> None:
        self._log = log
        self._addresses = addresses
        self._sessions = sessions
        self._due = due

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            mount, session = self._enter(scope)
        except UnaddressedError as error:
            if error.public:
                # Pages of any origin may read it, as they may read every vendor's reply.
                error.reply.headers["Access-Control-Allow-Origin"] = "*"
            self._note(scope, error)
            await send_reply(error.reply, send)
            return
        scope[SESSION_KEY] = session
        await self._due.catch_up(session)
        app = mount.cors if any(name == b"origin" for name, _ in scope["headers"]) else mount.app
        try:
            await app(scope, receive, send)
        finally:
            await self._due.catch_up(session)

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
        if self._log is not None:
            self._log(exchange)

    def _enter(self, scope: Scope) -> tuple[Mount, Session]:
        named = host = None
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"x-understudy-session":
                named = value.decode("latin-1")
        hostname = (host or b"").decode("latin-1").partition(":")[0].lower().rstrip(".")
        mount, name, scope[PATH_KEY] = self._addresses.find(_path(scope), hostname, named)
        try:
            return mount, self._sessions.get(name)
        except ValueError as error:
            reply = make_problem(400, "Bad session name", str(error))
            raise UnaddressedError(reply, public=mount.service.vendor.journaled) from error


def _path(scope: Scope) -> str:
    """The encoded path of the request line."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path.partition(b"?")[0].decode("latin-1")

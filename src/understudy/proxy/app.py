"""What stands behind a service's address in a proxy: the real vendor, asked and checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from starlette.types import Receive, Scope, Send

from understudy.core.content_coding import DecodedTooLargeError, decode_content
from understudy.core.errors import ApiError, BodyTooLarge, Diagnosis, ReadOnly
from understudy.core.settings import Settings
from understudy.engine.exchange_recorder import PATH_KEY, Log
from understudy.engine.replies import CALL_KEY, make_problem, send_reply
from understudy.openapi.path_router import PathRouter
from understudy.proxy.client import UpstreamClient, UpstreamReply
from understudy.proxy.differences import find_reply_differences, find_request_differences
from understudy.proxy.options import ProxyOptions
from understudy.proxy.upstream import Upstream, read_upstream
from understudy.redaction.finders import decode_headers, is_form
from understudy.redaction.masks import REDACTED
from understudy.redaction.redactor import KnownSecrets, Redactor
from understudy.server.app import App, create_app
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.service import Service, make_redactor
from understudy.session.journal import Exchange

READING = frozenset({"GET", "HEAD", "OPTIONS"})
TITLES = {
    "unforwardable": "Cannot be forwarded",
    "read-only": "Read only",
    "body-too-large": "Body too large",
    "no-reply": "No reply from the upstream",
    "late-reply": "No reply in time",
}


class Proxy:
    """Asks the upstream in a service's place, and holds both sides against its document."""

    def __init__(self, service: Service, upstream: Upstream, terms: ProxyOptions) -> None:
        self.service = service
        self.upstream = upstream
        self.terms = terms
        self._tree = PathRouter(service.document.operations.values())
        self._connections = UpstreamClient(upstream, terms)
        self.known = KnownSecrets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await ProxiedExchange(self, scope[CALL_KEY], scope).through(send)

    async def ask(self, call: Call, target: bytes, scope: Scope, body: bytes) -> UpstreamReply:
        """The upstream's reply to a request."""
        return await self._connections.ask(call.request.method, target, scope["headers"], body)

    async def differences(self, call: Call, readable: bool) -> list[Diagnosis]:
        """What is wrong with a request; finds its operation."""
        return await find_request_differences(self._tree, call, readable)

    async def aclose(self) -> None:
        """Close the connections to the upstream."""
        await self._connections.aclose()


class ProxiedExchange:
    """One exchange on its way through the proxy."""

    def __init__(self, proxy: Proxy, call: Call, scope: Scope) -> None:
        self._proxy = proxy
        self._call = call
        self._scope = scope
        self._secrets = make_redactor(proxy.service, proxy.known)
        self._readable = True
        self._decoded = True
        self._replaced: UpstreamReply | None = None

    async def through(self, send: Send) -> None:
        """Answer the request, and leave no secret in its exchange."""
        self._call.proxied = "own-reply"
        self._call.revise = self._revise
        try:
            await self._pass(send)
        except ApiError as error:
            self._note(error.diagnoses)
            title = TITLES.get(error.code, "Refused")
            detail = self._secrets.text(error.message)
            await send_reply(self._problem(error.status, title, detail), send)

    def _revise(self, exchange: Exchange) -> None:
        """Put the vendor's reply into the exchange, and take the secrets out of it."""
        if self._replaced is not None:
            exchange.status = self._replaced.status
            exchange.response_headers = self._replaced.headers
            exchange.response_body = self._replaced.body
        exchange.request_body = self._call.request.content if self._decoded else REDACTED.encode()
        _redact_exchange(self._secrets, exchange, self._readable)

    async def _pass(self, send: Send) -> None:
        sent = self._call.request.content
        await self._examine()
        target = self._admit()
        if self._proxy.terms.errors and self._call.diagnoses:
            detail = "the request is not what the document declares; it was not forwarded"
            await send_reply(self._problem(422, "Request differs", detail), send)
            return
        answer = await self._proxy.ask(self._call, target, self._scope, sent)
        self._call.proxied = ""
        if self._differs(answer) and self._proxy.terms.errors:
            await self._turn(answer, send)
        else:
            await _send(answer, send)

    async def _examine(self) -> None:
        """Diagnose the request as it came, without content coding."""
        call = self._call
        content = self._unpacked(call)
        self._decoded = content is not None
        call.request = call.request._replace(content=content or b"")
        headers = decode_headers(self._scope["headers"])
        self._secrets.meet(headers, call.request.content, call.request.query)
        self._note(await self._proxy.differences(call, self._decoded))
        call.caller = self._owner()

    def _unpacked(self, call: Call) -> bytes | None:
        """The request's body without content coding; None when it cannot be read."""
        try:
            coding = call.headers.get("content-encoding", "")
            return decode_content(call.request.content, coding, call.settings.body_limit)
        except DecodedTooLargeError:
            return None

    def _owner(self) -> str | None:
        """The seed world's account whose credential the request carries, if it is one."""
        owners = self._proxy.service.owners
        carried = (value.rpartition(" ")[2] for value in self._call.headers.values())
        return next((owners[each] for each in carried if each in owners), None)

    def _admit(self) -> bytes:
        """The target at the upstream of a request that may be forwarded.

        Raises:
            ReadOnly, BodyTooLarge, Unforwardable: when it may not.
        """
        call, method = self._call, self._call.request.method
        if self._proxy.terms.read_only and method not in READING:
            raise ReadOnly(method)
        if call.request.too_large:
            limit = call.settings.body_limit
            hint = "send a smaller body, or run the proxy with a larger --body-limit"
            raise BodyTooLarge(f"the body is larger than {limit} bytes", hint=hint)
        return self._proxy.upstream.target(self._scope[PATH_KEY], self._scope["query_string"])

    def _differs(self, answer: UpstreamReply) -> bool:
        """Diagnose the reply; whether anything is wrong with it."""
        self._readable = answer.readable
        self._secrets.meet(decode_headers(answer.headers), answer.body if answer.readable else b"")
        operation = self._call.routed
        found = find_reply_differences(operation, answer) if operation is not None else []
        self._note(found)
        return bool(found)

    def _note(self, found: Iterable[Diagnosis]) -> None:
        self._call.diagnoses = self._secrets.diagnoses([*self._call.diagnoses, *found])

    async def _turn(self, answer: UpstreamReply, send: Send) -> None:
        """Answer with an error in the reply's place; the journal has the reply."""
        detail = (
            f"{self._proxy.upstream.host} answered {answer.status}, which is not what the document "
            f"declares; the reply is in the journal, exchange {self._call.exchange_id}"
        )
        reply = self._problem(502, "Response differs", detail)
        reply.document["upstream_status"] = answer.status
        await send_reply(reply, send)
        self._call.proxied, self._replaced = "replaced", answer

    def _problem(self, status: int, title: str, detail: str) -> Reply:
        diagnoses = self._call.diagnoses
        reply = make_problem(status, title, detail, diagnoses)
        reply.document["diagnoses"] = [each.as_json() for each in diagnoses]
        return reply


def _redact_exchange(redactor: Redactor, exchange: Exchange, readable: bool) -> None:
    """Take the secrets out of an exchange, as far as it has come; again, if need be.

    Args:
        readable: whether the reply's body is without content coding.
    """
    asked, answered = (
        exchange.request_headers.items(),
        decode_headers(exchange.response_headers),
    )
    exchange.path = redactor.text(exchange.path)
    exchange.query = redactor.query(exchange.query)
    exchange.request_body = redactor.body(exchange.request_body, is_form(asked))
    exchange.request_headers = dict(redactor.headers(asked))
    exchange.response_headers = [
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in redactor.headers(answered)
    ]
    body, form = exchange.response_body, is_form(answered)
    exchange.response_body = redactor.body(body, form) if readable else REDACTED.encode()
    exchange.diagnoses = redactor.diagnoses(exchange.diagnoses)


async def _send(answer: UpstreamReply, send: Send) -> None:
    start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
    await send(start)
    await send({"type": "http.response.body", "body": answer.body})


def make_proxy_app(
    vendor: str,
    upstream: str,
    terms: ProxyOptions | None = None,
    settings: Settings | None = None,
    log: Log | None = None,
) -> App:
    """A proxy to a vendor, with the sessions, the journal and the admin plane of a mock.

    Args:
        upstream: the vendor's origin, or another server that plays it, as a URL.
        settings: of them, those count that say how exchanges are kept.
        log: is handed every exchange when it is over.

    Raises:
        StartError: when the vendor, its document or the upstream cannot be used.
    """
    target, agreed = read_upstream(upstream), terms or ProxyOptions()
    chosen = replace(settings or Settings(), vendors=(vendor,))
    return create_app(chosen, log, lambda service: Proxy(service, target, agreed))

"""The backend of a service in a proxy: forwards to the real vendor, and checks both sides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from starlette.types import Receive, Scope, Send

from understudy.core.content_coding import DecodedTooLargeError, decode_content
from understudy.core.errors import ApiError, BodyTooLarge, Diagnosis, ReadOnly
from understudy.core.settings import Settings
from understudy.engine.exchange_recorder import PATH_KEY, Log
from understudy.engine.replies import CALL_KEY, make_problem, send_reply
from understudy.proxy.client import UpstreamClient, UpstreamReply
from understudy.proxy.differences import find_reply_differences, find_request_differences
from understudy.proxy.options import ProxyOptions
from understudy.proxy.upstream import Upstream, parse_upstream
from understudy.redaction.finders import content_type_of, decode_headers
from understudy.redaction.masks import REDACTED
from understudy.redaction.redactor import Redactor
from understudy.redaction.secret_values import KnownSecrets
from understudy.server.app import App, create_app
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.service import Service, make_redactor
from understudy.session.journal import Exchange, redact_request, redact_target

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What the journal shows as the fault of an exchange whose client did not get the vendor's reply.
OWN_REPLY = "the proxy's own reply"
REPLACED_REPLY = "the client got 502 instead"
TITLES = {
    "unforwardable": "Cannot be forwarded",
    "read-only": "Read only",
    "body-too-large": "Body too large",
    "no-reply": "No reply from the upstream",
    "late-reply": "No reply in time",
}


class Proxy:
    """Answers a service's requests with the upstream's replies, and checks both (an ASGI app)."""

    def __init__(self, service: Service, upstream: Upstream, options: ProxyOptions) -> None:
        self.service = service
        self.upstream = upstream
        self.options = options
        self.known_secrets = KnownSecrets()
        self._client = UpstreamClient(upstream, options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await ProxiedExchange(self, scope[CALL_KEY], scope).run(send)

    async def forward(self, call: Call, target: bytes, scope: Scope, body: bytes) -> UpstreamReply:
        """Send a request to the upstream and return its reply."""
        return await self._client.send(call.exchange.method, target, scope["headers"], body)

    async def aclose(self) -> None:
        """Close the connections to the upstream."""
        await self._client.aclose()


class ProxiedExchange:
    """One exchange on its way through the proxy.

    It is diagnosed and redacted in steps, so that no secret stays in the journal wherever it fails.
    """

    def __init__(self, proxy: Proxy, call: Call, scope: Scope) -> None:
        self._proxy = proxy
        self._call = call
        self._exchange = call.exchange
        self._scope = scope
        self._redactor = make_redactor(proxy.service, proxy.known_secrets)
        self._readable = True

    async def run(self, send: Send) -> None:
        """Answer the request, and redact its exchange."""
        self._exchange.fault = OWN_REPLY
        try:
            await self._answer(send)
        except ApiError as error:
            self._add_diagnoses(error.diagnoses)
            title = TITLES.get(error.code, "Refused")
            detail = self._redactor.text(error.message)
            await send_reply(self._make_problem(error.status, title, detail), send)
        finally:
            _redact_exchange(self._redactor, self._exchange, self._readable)

    async def _answer(self, send: Send) -> None:
        body = self._call.content
        self._check_request()
        self._require_forwardable()
        target = self._proxy.upstream.make_target(
            self._scope[PATH_KEY], self._scope["query_string"]
        )
        if self._proxy.options.errors and self._exchange.diagnoses:
            detail = "the request differs from the document; it was not forwarded"
            await send_reply(self._make_problem(422, "Request differs", detail), send)
            return
        reply = await self._proxy.forward(self._call, target, self._scope, body)
        self._exchange.fault = ""
        if self._check_reply(reply) and self._proxy.options.errors:
            await self._send_error_instead(reply, send)
        else:
            await _send_upstream_reply(reply, send)

    def _check_request(self) -> None:
        """Diagnose the request as it was received, then redact it."""
        call, exchange = self._call, self._exchange
        decoded = self._decode_body(call)
        call.content = decoded or b""
        exchange.request_body = REDACTED.encode() if decoded is None else decoded
        self._redactor.learn(decode_headers(self._scope["headers"]), call.content, exchange.query)
        self._add_diagnoses(find_request_differences(call, decoded is not None))
        exchange.account = self._find_account()
        _redact_exchange(self._redactor, exchange, readable=True)

    def _decode_body(self, call: Call) -> bytes | None:
        """Decode the content coding of the request's body; None when it cannot be decoded."""
        try:
            coding = call.headers.get("content-encoding", "")
            return decode_content(call.content, coding, call.settings.body_limit)
        except DecodedTooLargeError:
            return None

    def _find_account(self) -> str | None:
        """Find the account of the seed data whose credential the request has; None without one."""
        owners = self._proxy.service.owners
        values = (value.rpartition(" ")[2] for value in self._call.headers.values())
        return next((owners[each] for each in values if each in owners), None)

    def _require_forwardable(self) -> None:
        """Raise ReadOnly or BodyTooLarge for a request that is not forwarded."""
        call, method = self._call, self._exchange.method
        if self._proxy.options.read_only and method not in SAFE_METHODS:
            raise ReadOnly(method)
        if call.too_large:
            limit = call.settings.body_limit
            hint = "send a smaller body, or run the proxy with a larger --body-limit"
            raise BodyTooLarge(f"the body is larger than {limit} bytes", hint=hint)

    def _check_reply(self, reply: UpstreamReply) -> bool:
        """Diagnose the reply; returns whether it differs from the document."""
        self._readable = reply.readable
        self._redactor.learn(decode_headers(reply.headers), reply.body if reply.readable else b"")
        operation = self._call.routed
        differences = find_reply_differences(operation, reply) if operation is not None else []
        self._add_diagnoses(differences)
        return bool(differences)

    def _add_diagnoses(self, more: Iterable[Diagnosis]) -> None:
        self._exchange.diagnoses = self._redactor.diagnoses([*self._exchange.diagnoses, *more])

    async def _send_error_instead(self, upstream_reply: UpstreamReply, send: Send) -> None:
        """Answer with an error instead of the reply, which only the journal gets."""
        exchange = self._exchange
        detail = (
            f"{self._proxy.upstream.host} answered {upstream_reply.status}, and the reply "
            f"differs from the document; it is in the journal, exchange {exchange.id}"
        )
        reply = self._make_problem(502, "Response differs", detail)
        reply.document["upstream_status"] = upstream_reply.status
        await send_reply(reply, send)
        exchange.fault, exchange.status = REPLACED_REPLY, upstream_reply.status
        exchange.response_headers = upstream_reply.headers
        exchange.response_body = upstream_reply.body

    def _make_problem(self, status: int, title: str, detail: str) -> Reply:
        diagnoses = self._exchange.diagnoses
        reply = make_problem(status, title, detail, diagnoses)
        reply.document["diagnoses"] = [each.as_json() for each in diagnoses]
        return reply


def _redact_exchange(redactor: Redactor, exchange: Exchange, readable: bool) -> None:
    """Redact the secrets of an exchange; may be called again when the exchange has got further.

    Args:
        readable: whether the reply's body is without content coding.
    """
    redact_request(exchange, redactor)
    redact_target(exchange, redactor)
    headers = decode_headers(exchange.response_headers)
    exchange.response_headers = [
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in redactor.headers(headers)
    ]
    body = exchange.response_body
    exchange.response_body = (
        redactor.body(body, content_type_of(headers)) if readable else REDACTED.encode()
    )


async def _send_upstream_reply(reply: UpstreamReply, send: Send) -> None:
    start = {"type": "http.response.start", "status": reply.status, "headers": reply.headers}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body})


def make_proxy_app(
    vendor: str,
    upstream: str,
    options: ProxyOptions | None = None,
    settings: Settings | None = None,
    log: Log | None = None,
) -> App:
    """Make a proxy to a vendor, with the sessions, the journal and the admin plane of a mock.

    Args:
        upstream: URL of the vendor's origin, or of another server in its place.
        settings: only the settings of the journal and the limits have an effect.
        log: receives every exchange when it is over.

    Raises:
        StartError: when the vendor, its document or the upstream cannot be used.
    """
    parsed, chosen = parse_upstream(upstream), options or ProxyOptions()
    for_vendor = replace(settings or Settings(), vendors=(vendor,))
    return create_app(for_vendor, log, lambda service: Proxy(service, parsed, chosen))

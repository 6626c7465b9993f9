"""The HTTP client of a proxy: sends one request to the upstream and reads its complete reply."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from understudy.core.content_coding import DecodedTooLargeError, decode_content
from understudy.core.errors import ApiError, LateReply, NoReply, Unforwardable
from understudy.proxy.options import ProxyOptions
from understudy.proxy.upstream import Upstream

RawHeaders = list[tuple[bytes, bytes]]
# Headers for the next hop only (RFC 9110, 7.6.1 and 11.7); Connection may name more.
HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"proxy-connection", b"keep-alive", b"te", b"trailer", b"upgrade"),
        *(b"transfer-encoding", b"proxy-authorization", b"proxy-authenticate"),
    }
)
# Headers that the proxy sets itself: it has read the whole body, and has to read the reply.
REPLACED_HEADERS = frozenset({b"host", b"content-length", b"expect", b"accept-encoding"})
OWN_HEADER_PREFIX = b"x-understudy-"
BODILESS_STATUSES = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class UpstreamReply:
    """The upstream's reply as the client gets it; header names are in lower case.

    Attributes:
        body: the body, without content coding where the proxy could decode it.
        readable: whether the body is without content coding.
    """

    status: int
    headers: RawHeaders
    body: bytes
    readable: bool = True


class UpstreamClient:
    """Sends requests to one upstream, over connections that are kept for the next request."""

    def __init__(self, upstream: Upstream, options: ProxyOptions) -> None:
        self._upstream = upstream
        self._options = options
        self._transport: httpx.AsyncHTTPTransport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(
        self, method: str, target: bytes, headers: RawHeaders, body: bytes
    ) -> UpstreamReply:
        """Send a request to the upstream and return its reply.

        Args:
            target: target of the request line; the connection goes to the upstream in any case.
            headers: as the client sent them, names in lower case.

        Raises:
            Unforwardable: when it is not a valid HTTP request.
            NoReply, LateReply: when there is no reply that can be passed on.
        """
        seconds = self._options.timeout
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        request = httpx.Request(
            method,
            self._upstream.origin,
            headers=select_request_headers(headers),
            content=body,
            extensions={"target": target, "timeout": timeouts},
        )
        try:
            # The transport's timeouts restart with every byte; this one is for the whole reply.
            async with asyncio.timeout(seconds):
                return await self._send(request)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise LateReply(self._upstream.host, seconds) from error
        except (httpx.HTTPError, DecodedTooLargeError) as error:
            raise self._translate_error(error) from error

    async def _send(self, request: httpx.Request) -> UpstreamReply:
        # A transport, not a client: it keeps no cookies, follows no redirects and adds no headers.
        reply = await self._open_transport().handle_async_request(request)
        try:
            body = await self._read_body(reply)
        finally:
            await reply.aclose()
        return self._make_reply(reply, body, request.method == "HEAD")

    async def _read_body(self, reply: httpx.Response) -> bytes:
        body = bytearray()
        async for part in reply.aiter_raw():
            body += part
            if len(body) > self._options.response_limit:
                raise DecodedTooLargeError
        return bytes(body)

    def _make_reply(self, reply: httpx.Response, body: bytes, is_head: bool) -> UpstreamReply:
        headers = select_reply_headers(reply.headers.raw)
        if not 200 <= reply.status_code <= 599 or any(b"\x7f" in value for _, value in headers):
            message = (
                f"{self._upstream.host} answered {reply.status_code} in a way that is not HTTP"
            )
            raise NoReply(message, hint="ask the upstream without the proxy to see what it sends")
        coding = ", ".join(reply.headers.get_list("content-encoding"))
        decoded = decode_content(body, coding, self._options.response_limit)
        if decoded is not None and body:
            headers = [each for each in headers if each[0] != b"content-encoding"]
        if not is_head:
            headers = [each for each in headers if each[0] != b"content-length"]
            if reply.status_code not in BODILESS_STATUSES:
                length = len(body if decoded is None else decoded)
                headers.append((b"content-length", b"%d" % length))
        return UpstreamReply(
            reply.status_code,
            headers,
            body if decoded is None else decoded,
            decoded is not None,
        )

    def _translate_error(self, error: Exception) -> ApiError:
        """Make the mock's own error; of the upstream it names only the host."""
        host = self._upstream.host
        if isinstance(error, DecodedTooLargeError):
            limit = self._options.response_limit
            message = f"the reply of {host} is larger than {limit} bytes"
            return NoReply(message, hint="allow more with --response-limit")
        if isinstance(error, httpx.LocalProtocolError):
            hint = "send only what HTTP/1.1 allows in a request line and in headers"
            return Unforwardable(f"the request cannot be forwarded ({error})", hint=hint)
        if _is_tls(error):
            hint = (
                "check that the upstream speaks https, with a certificate that this machine trusts"
            )
            return NoReply(f"no TLS connection to {host} ({error})", hint=hint)
        if isinstance(error, httpx.ConnectError):
            hint = "check that it runs, and that --upstream is right"
            return NoReply(f"{host} cannot be reached ({error})", hint=hint)
        message = f"{host} broke off its reply ({error or type(error).__name__})"
        return NoReply(message, hint="the request may have taken effect; check before repeating it")

    def _open_transport(self) -> httpx.AsyncHTTPTransport:
        """Return the transport of the running loop; that of another loop cannot be used in it."""
        loop = asyncio.get_running_loop()
        if self._transport is None or self._loop is not loop:
            secure = self._upstream.origin.scheme == "https"
            self._transport = httpx.AsyncHTTPTransport(
                verify=ssl.create_default_context() if secure else False,
                trust_env=False,
                # Shorter than servers keep them, so that no request meets a closing connection.
                limits=httpx.Limits(max_keepalive_connections=20, keepalive_expiry=2.0),
            )
            self._loop = loop
        return self._transport

    async def aclose(self) -> None:
        """Close every connection; the next request opens new ones."""
        transport, self._transport = self._transport, None
        if transport is not None and self._loop is asyncio.get_running_loop():
            await transport.aclose()


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def select_request_headers(headers: RawHeaders) -> RawHeaders:
    """Select the headers of a request for the upstream; Host and Content-Length are added later."""
    kept = [each for each in _select_end_to_end(headers) if each[0] not in REPLACED_HEADERS]
    return [*kept, (b"accept-encoding", b"identity")]


def select_reply_headers(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Select the headers of a reply for the client; names become lower case."""
    return _select_end_to_end([(name.lower(), value) for name, value in headers])


def _select_end_to_end(headers: RawHeaders) -> RawHeaders:
    named = b",".join(value for name, value in headers if name == b"connection")
    dropped = HOP_BY_HOP | {each.strip().lower() for each in named.split(b",")}
    return [
        (name, value)
        for name, value in headers
        if name not in dropped and not name.startswith(OWN_HEADER_PREFIX)
    ]

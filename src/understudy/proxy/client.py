"""Connections to the upstream: one request and its reply, whole or not at all."""

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
# Headers that are for the next hop alone (RFC 9110, 7.6.1 and 11.7); Connection may name more.
HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"proxy-connection", b"keep-alive", b"te", b"trailer", b"upgrade"),
        *(b"transfer-encoding", b"proxy-authorization", b"proxy-authenticate"),
    }
)
# Headers that are made anew: the body is whole by now, and to be read by the proxy.
SET_ANEW = frozenset({b"host", b"content-length", b"expect", b"accept-encoding"})
OWN_HEADERS = b"x-understudy-"
BODILESS_METHODS = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class UpstreamReply:
    """The upstream's reply as its client is to get it; header names are in lower case.

    Attributes:
        body: the bytes that the client gets; unpacked, where they came packed.
        readable: whether the body says something to who knows no content coding.
    """

    status: int
    headers: RawHeaders
    body: bytes
    readable: bool = True


class UpstreamClient:
    """Connections to one upstream, opened by whoever asks first and then used again."""

    def __init__(self, upstream: Upstream, terms: ProxyOptions) -> None:
        self._upstream = upstream
        self._terms = terms
        self._pool: httpx.AsyncHTTPTransport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def ask(
        self, method: str, target: bytes, headers: RawHeaders, body: bytes
    ) -> UpstreamReply:
        """The upstream's reply.

        Args:
            target: as it stands in the request line; it has no say in where the request goes.
            headers: as the client sent them, names in lower case.

        Raises:
            Unforwardable: when HTTP has no way to say it.
            NoReply, LateReply: when there was none that could be passed on.
        """
        seconds = self._terms.timeout
        each = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        request = httpx.Request(
            method,
            self._upstream.origin,
            headers=select_request_headers(headers),
            content=body,
            extensions={"target": target, "timeout": each},
        )
        try:
            # The transport's own timeouts start anew with every byte; this one is for the whole.
            async with asyncio.timeout(seconds):
                return await self._ask(request)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise LateReply(self._upstream.host, seconds) from error
        except (httpx.HTTPError, DecodedTooLargeError) as error:
            raise self._told(error) from error

    async def _ask(self, request: httpx.Request) -> UpstreamReply:
        # The transport, not a client: it keeps no cookies, follows nothing, adds no header.
        reply = await self._open().handle_async_request(request)
        try:
            body = await self._read(reply)
        finally:
            await reply.aclose()
        return self._answer(reply, body, request.method == "HEAD")

    async def _read(self, reply: httpx.Response) -> bytes:
        body = bytearray()
        async for part in reply.aiter_raw():
            body += part
            if len(body) > self._terms.response_limit:
                raise DecodedTooLargeError
        return bytes(body)

    def _answer(self, reply: httpx.Response, body: bytes, headless: bool) -> UpstreamReply:
        headers = select_reply_headers(reply.headers.raw)
        if not 200 <= reply.status_code <= 599 or any(b"\x7f" in value for _, value in headers):
            what = f"{self._upstream.host} answered {reply.status_code} in a way that is no HTTP"
            raise NoReply(what, hint="ask the upstream without the proxy to see what it sends")
        coding = ", ".join(reply.headers.get_list("content-encoding"))
        said = decode_content(body, coding, self._terms.response_limit)
        if said is not None and body:
            headers = [each for each in headers if each[0] != b"content-encoding"]
        if not headless:
            headers = [each for each in headers if each[0] != b"content-length"]
            if reply.status_code not in BODILESS_METHODS:
                length = len(body if said is None else said)
                headers.append((b"content-length", b"%d" % length))
        return UpstreamReply(
            reply.status_code, headers, body if said is None else said, said is not None
        )

    def _told(self, error: Exception) -> ApiError:
        """What went wrong, in the mock's own words; of the upstream its host alone is named."""
        host = self._upstream.host
        if isinstance(error, DecodedTooLargeError):
            most = self._terms.response_limit
            what = f"the reply of {host} is larger than {most} bytes"
            return NoReply(what, hint="allow more with --response-limit")
        if isinstance(error, httpx.LocalProtocolError):
            hint = "send only what HTTP/1.1 allows in a request line and in headers"
            return Unforwardable(f"the request cannot be forwarded ({error})", hint=hint)
        if _is_tls(error):
            hint = "see whether the upstream speaks https, with a certificate that is trusted here"
            return NoReply(f"no TLS connection to {host} ({error})", hint=hint)
        if isinstance(error, httpx.ConnectError):
            hint = "see whether it runs, and whether --upstream names it rightly"
            return NoReply(f"{host} cannot be reached ({error})", hint=hint)
        what = f"{host} broke off its reply ({error or type(error).__name__})"
        return NoReply(what, hint="the request may have taken effect; look before repeating it")

    def _open(self) -> httpx.AsyncHTTPTransport:
        """The connections of the running loop; those of another one are of no use in it."""
        loop = asyncio.get_running_loop()
        if self._pool is None or self._loop is not loop:
            secure = self._upstream.origin.scheme == "https"
            self._pool = httpx.AsyncHTTPTransport(
                verify=ssl.create_default_context() if secure else False,
                trust_env=False,
                # Given up before most servers do: a request must not meet a closing connection.
                limits=httpx.Limits(max_keepalive_connections=20, keepalive_expiry=2.0),
            )
            self._loop = loop
        return self._pool

    async def aclose(self) -> None:
        """Close every connection; the next request opens new ones."""
        pool, self._pool = self._pool, None
        if pool is not None and self._loop is asyncio.get_running_loop():
            await pool.aclose()


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def select_request_headers(headers: RawHeaders) -> RawHeaders:
    """The headers of a request as the upstream gets them; Host and Content-Length are added."""
    kept = [each for each in _for_all_hops(headers) if each[0] not in SET_ANEW]
    return [*kept, (b"accept-encoding", b"identity")]


def select_reply_headers(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """The headers of a reply as its client gets them."""
    return _for_all_hops([(name.lower(), value) for name, value in headers])


def _for_all_hops(headers: RawHeaders) -> RawHeaders:
    named = b",".join(value for name, value in headers if name == b"connection")
    dropped = HOP_BY_HOP | {each.strip().lower() for each in named.split(b",")}
    return [
        (name, value)
        for name, value in headers
        if name not in dropped and not name.startswith(OWN_HEADERS)
    ]

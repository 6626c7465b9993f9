"""One way to ask through each HTTP client, so that a test can state its fact for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import aiohttp
import httpx
import httpx_aiohttp
import pytest
import requests
import urllib3

from tests.waiting import LONG
from understudy.intercept.process_state import process_state
from understudy.intercept.routes import Address

KEY = {"x-api-key": "sk_test_acme_admin"}
SALES = "/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns"
SENT = "https://api.sent.dm"
CODES = {
    "campaign": {
        "name": "Codes",
        "description": "Sign-in codes",
        "type": "KYC",
        "useCases": [{"messagingUseCaseUs": "TWO_FA", "sampleMessages": ["Code {code}."]}],
    }
}


@dataclass(frozen=True)
class Answer:
    """What a client made of a reply."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for each, value in self.headers if each.lower() == name]


Ask = Callable[..., Awaitable[Answer]]


async def by_httpx(
    method: str, url: str, headers: Any = None, body: Any = None, timeout: float = LONG
) -> Answer:
    with httpx.Client(follow_redirects=True, timeout=timeout) as client:
        reply = client.request(method, url, headers=headers, content=body)
    return Answer(reply.status_code, reply.headers.multi_items(), reply.content)


async def _by(client: httpx.AsyncClient, method: str, url: str, headers: Any, body: Any) -> Answer:
    async with client:
        reply = await client.request(method, url, headers=headers, content=_async(body))
    return Answer(reply.status_code, reply.headers.multi_items(), reply.content)


async def by_httpx_async(
    method: str, url: str, headers: Any = None, body: Any = None, timeout: float = LONG
) -> Answer:
    client = httpx.AsyncClient(follow_redirects=True, timeout=timeout)
    return await _by(client, method, url, headers, body)


async def by_httpx_aiohttp(
    method: str, url: str, headers: Any = None, body: Any = None, timeout: float = LONG
) -> Answer:
    client = httpx_aiohttp.HttpxAiohttpClient(follow_redirects=True, timeout=timeout)
    return await _by(client, method, url, headers, body)


async def by_requests(
    method: str, url: str, headers: Any = None, body: Any = None, timeout: float = LONG
) -> Answer:
    with requests.Session() as session:
        reply = session.request(method, url, headers=headers, data=body, timeout=timeout)
    return Answer(reply.status_code, list(reply.raw.headers.items()), reply.content)


async def by_urllib3(
    method: str, url: str, headers: Any = None, body: Any = None, timeout: float = LONG
) -> Answer:
    with urllib3.PoolManager(retries=urllib3.Retry(connect=0, read=False)) as pool:
        reply = pool.request(method, url, headers=headers, body=body, timeout=timeout)
    return Answer(reply.status, list(reply.headers.items()), reply.data)


async def by_aiohttp(
    method: str, url: str, headers: Any = None, body: Any = None, timeout: float = LONG
) -> Answer:
    patience = aiohttp.ClientTimeout(sock_read=timeout)
    async with (
        aiohttp.ClientSession(timeout=patience) as session,
        session.request(method, url, headers=headers, data=_async(body)) as reply,
    ):
        return Answer(reply.status, list(reply.headers.items()), await reply.read())


def _async(body: Any) -> Any:
    """A generator as asynchronous clients want it."""

    async def pieces() -> AsyncIterator[bytes]:
        for piece in body:
            yield piece

    return pieces() if isinstance(body, Iterator) else body


ASKS: dict[str, Ask] = {
    "httpx": by_httpx,
    "httpx-async": by_httpx_async,
    "httpx-aiohttp": by_httpx_aiohttp,
    "requests": by_requests,
    "urllib3": by_urllib3,
    "aiohttp": by_aiohttp,
}
# What each raises when a connection cannot be made, is reset, is closed, is closed in the middle
# of a reply, and when it has waited long enough: what it raises on a socket.
REFUSED: dict[str, Any] = {
    "httpx": httpx.ConnectError,
    "httpx-async": httpx.ConnectError,
    # The bridge has one name for whatever a connection may suffer.
    "httpx-aiohttp": httpx.ConnectTimeout,
    "requests": requests.ConnectionError,
    "urllib3": urllib3.exceptions.MaxRetryError,
    "aiohttp": aiohttp.ClientConnectorError,
}
RESET = {
    **REFUSED,
    "httpx": httpx.ReadError,
    "httpx-async": httpx.ReadError,
    "urllib3": urllib3.exceptions.ProtocolError,
    "aiohttp": aiohttp.ClientOSError,
}
CLOSED = {
    **RESET,
    "httpx": httpx.RemoteProtocolError,
    "httpx-async": httpx.RemoteProtocolError,
    "aiohttp": aiohttp.ServerDisconnectedError,
}
CUT = {
    **CLOSED,
    "httpx-aiohttp": httpx.ReadError,
    "requests": requests.exceptions.ChunkedEncodingError,
    "aiohttp": aiohttp.ClientPayloadError,
}
LATE: dict[str, Any] = {
    "httpx": httpx.ReadTimeout,
    "httpx-async": httpx.ReadTimeout,
    "httpx-aiohttp": httpx.ReadTimeout,
    "requests": requests.ReadTimeout,
    "urllib3": urllib3.exceptions.ReadTimeoutError,
    "aiohttp": aiohttp.SocketTimeoutError,
}

each_client = pytest.mark.parametrize("client", list(ASKS))


class Everything:
    """Stands for a mock whose app answers every request to one host."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.session = ""

    def find(self, address: Address) -> Any:
        return self.app if address.host == "api.sent.dm" else None

    def refusal(self, address: Address) -> str:
        return ""


@contextmanager
def answered_by(app: Any) -> Iterator[None]:
    """Requests to api.sent.dm go to this ASGI app."""
    routes: Any = Everything(app)
    process_state().active_mocks.enter(routes)
    try:
        yield
    finally:
        process_state().active_mocks.leave(routes)


def replying(status: int = 200, headers: Any = (), body: bytes = b"") -> Any:
    """An app that always says the same."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raw = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    return app


class Echo:
    """An app that keeps what it was asked."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.body = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        message = await receive()
        self.body += message["body"]
        await replying(headers=[("content-length", "2")], body=b"ok")(scope, receive, send)

    def all(self, name: str) -> list[str]:
        """Every value of a header of the last request."""
        headers = self.scopes[-1]["headers"]
        return [value.decode() for each, value in headers if each == name.encode()]


@contextmanager
def listening() -> Iterator[str]:
    """The URL of a server on this machine that answers "here"."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "4")
            self.end_headers()
            self.wfile.write(b"here")

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads a test's access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

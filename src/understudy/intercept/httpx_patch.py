"""The patches of httpx: its own transports hand a request to the mock instead of a connection.

Other transports (`ASGITransport`, `MockTransport`) are left alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING

import httpx

from understudy.inprocess.httpx_transports import AsyncTransport, SyncTransport
from understudy.intercept.patches import Find, Patch
from understudy.intercept.routes import Address, RefusedError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

Send = Callable[[httpx.HTTPTransport, httpx.Request], httpx.Response]
AsyncSend = Callable[[httpx.AsyncHTTPTransport, httpx.Request], Awaitable[httpx.Response]]


def list_patches(find: Find) -> list[Patch]:
    """List the patches of the synchronous and the asynchronous transport."""

    def wrap_sync(original: Send) -> Send:
        @wraps(original)
        def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            app = _find_app(find, request)
            return SyncTransport(app).handle_request(request) if app else original(self, request)

        return handle_request

    def wrap_async(original: AsyncSend) -> AsyncSend:
        @wraps(original)
        async def handle_async_request(
            self: httpx.AsyncHTTPTransport, request: httpx.Request
        ) -> httpx.Response:
            app = _find_app(find, request)
            if app is None:
                return await original(self, request)
            return await AsyncTransport(app).handle_async_request(request)

        return handle_async_request

    return [
        Patch(httpx.HTTPTransport, "handle_request", wrap_sync),
        Patch(httpx.AsyncHTTPTransport, "handle_async_request", wrap_async),
    ]


def _find_app(find: Find, request: httpx.Request) -> ASGIApp | None:
    url = request.url
    host = url.raw_host.decode("ascii")
    path = url.raw_path.decode("ascii")
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    try:
        return find(Address(host, port, path, request.headers.get("host", "")))
    except RefusedError as error:
        raise httpx.ConnectError(str(error), request=request) from None

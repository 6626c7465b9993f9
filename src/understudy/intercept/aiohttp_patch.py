"""aiohttp: a connector's `connect` runs on a connector whose connections lead to the mock.

Everything above (sessions, middlewares, redirects, cookies, tracing, timeouts) and the reading of
the reply stay aiohttp's. Connectors to Unix sockets and named pipes are never asked.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

from aiohttp import BaseConnector, ClientConnectorError, ClientRequest, TCPConnector
from aiohttp.client_proto import ResponseHandler

from understudy.inprocess.loop import Head, Part, shared_loop
from understudy.intercept.http1 import CONTINUE, Incoming, head_bytes, unreadable
from understudy.intercept.patches import Find, Patch
from understudy.intercept.routes import Address, RefusedError

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def patches(find: Find) -> list[Patch]:
    """The one method through which every request gets its connection."""

    def wrap(original: Any) -> Any:
        @wraps(original)
        async def connect(
            self: BaseConnector, req: ClientRequest, traces: Any, timeout: Any
        ) -> Any:
            app = _answering(find, req) if isinstance(self, TCPConnector) else None
            connector = self if app is None else Connector(app)
            return await original(connector, req, traces, timeout)

        return connect

    return [Patch(BaseConnector, "connect", wrap)]


def _answering(find: Find, req: ClientRequest) -> ASGIApp | None:
    url = req.url
    address = Address(url.raw_host or "", url.port, url.raw_path, req.headers.get("Host", ""))
    try:
        return find(address)
    except RefusedError as error:
        cause = OSError(errno.ECONNREFUSED, str(error))
        raise ClientConnectorError(req.connection_key, cause) from None


class Connector(BaseConnector):
    """A connector for one connection to the mock."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def _create_connection(
        self, req: ClientRequest, traces: Any, timeout: Any
    ) -> ResponseHandler:
        loop = asyncio.get_running_loop()
        protocol = ResponseHandler(loop)
        # It serves one request; kept, it would outlive the mock.
        protocol.force_close()
        url = req.url
        incoming = Incoming(url.scheme, url.raw_host or "", url.port)
        protocol.connection_made(Transport(self._app, incoming, loop, protocol))
        return protocol


class Transport(asyncio.Transport):
    """What aiohttp writes its request to; the parts of the reply go to its protocol."""

    def __init__(
        self,
        app: ASGIApp,
        incoming: Incoming,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.Protocol,
    ) -> None:
        super().__init__()
        self._app = app
        self._incoming = incoming
        self._loop = loop
        self._protocol = protocol
        self._end: Callable[[bool], None] | None = None
        self._told_to_go_on = False
        self._closed = False

    def write(self, data: Any) -> None:
        incoming = self._incoming
        incoming.feed(bytes(data))
        if incoming.waits and not self._told_to_go_on:
            self._told_to_go_on = True
            self._loop.call_soon(self._protocol.data_received, CONTINUE)
        if incoming.complete and self._end is None:
            app = unreadable if incoming.broken else self._app
            self._end = shared_loop().call(app, incoming.scope(), incoming.body, self._tell)

    def _tell(self, part: Part) -> None:
        # Nobody listens any more once the client's loop is closed.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._hear, part)

    def _hear(self, part: Part) -> None:
        if self._closed:
            return
        if isinstance(part, Head):
            self._protocol.data_received(head_bytes(part))
        elif isinstance(part, bytes):
            self._protocol.data_received(part)
        else:
            self._closed = True
            self._protocol.eof_received()
            # Closed is not reset: a socket's protocol is told no reason, either.
            closed = part is None or isinstance(part, ConnectionAbortedError)
            self._protocol.connection_lost(None if closed else part)

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._end is not None:
            task = asyncio.current_task()
            self._end(task is not None and task.cancelling() > 0)
        self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        """The reply is in memory already."""

    def resume_reading(self) -> None:
        """It was never paused."""

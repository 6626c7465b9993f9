"""The patch of aiohttp: `connect` of a connector makes a connection to the mock.

Everything above (sessions, middlewares, redirects, cookies, tracing, timeouts) and the parsing of
the reply is aiohttp's own code. Connectors to Unix sockets and named pipes are left alone.
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
from understudy.intercept.http1 import CONTINUE, RequestReader, answer_not_http, encode_head
from understudy.intercept.patches import Find, Patch
from understudy.intercept.routes import Address, RefusedError

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def list_patches(find: Find) -> list[Patch]:
    """List the patch of the one method that gets every request its connection."""

    def wrap(original: Any) -> Any:
        @wraps(original)
        async def connect(
            self: BaseConnector, req: ClientRequest, traces: Any, timeout: Any
        ) -> Any:
            app = _find_app(find, req) if isinstance(self, TCPConnector) else None
            connector = self if app is None else Connector(app)
            return await original(connector, req, traces, timeout)

        return connect

    return [Patch(BaseConnector, "connect", wrap)]


def _find_app(find: Find, req: ClientRequest) -> ASGIApp | None:
    url = req.url
    address = Address(url.raw_host or "", url.port, url.raw_path, req.headers.get("Host", ""))
    try:
        return find(address)
    except RefusedError as error:
        cause = OSError(errno.ECONNREFUSED, str(error))
        raise ClientConnectorError(req.connection_key, cause) from None


class Connector(BaseConnector):
    """A connector that makes one connection to the mock."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def _create_connection(
        self, req: ClientRequest, traces: Any, timeout: Any
    ) -> ResponseHandler:
        loop = asyncio.get_running_loop()
        protocol = ResponseHandler(loop)
        # A connection that is kept alive would outlive the mock.
        protocol.force_close()
        url = req.url
        reader = RequestReader(url.scheme, url.raw_host or "", url.port)
        protocol.connection_made(Transport(self._app, reader, loop, protocol))
        return protocol


class Transport(asyncio.Transport):
    """The transport of one connection: aiohttp writes the request to it, and it feeds the reply to
    aiohttp's protocol.
    """

    def __init__(
        self,
        app: ASGIApp,
        reader: RequestReader,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.Protocol,
    ) -> None:
        super().__init__()
        self._app = app
        self._reader = reader
        self._loop = loop
        self._protocol = protocol
        self._end: Callable[[bool], None] | None = None
        self._sent_continue = False
        self._closed = False

    def write(self, data: Any) -> None:
        reader = self._reader
        reader.feed(bytes(data))
        if reader.expects_continue and not self._sent_continue:
            self._sent_continue = True
            self._loop.call_soon(self._protocol.data_received, CONTINUE)
        if reader.complete and self._end is None:
            app = answer_not_http if reader.broken else self._app
            self._end = shared_loop().call(app, reader.scope(), reader.body, self._on_part)

    def _on_part(self, part: Part) -> None:
        # When the client's loop is closed, nobody reads the reply any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._receive_part, part)

    def _receive_part(self, part: Part) -> None:
        if self._closed:
            return
        if isinstance(part, Head):
            self._protocol.data_received(encode_head(part))
        elif isinstance(part, bytes):
            self._protocol.data_received(part)
        else:
            self._closed = True
            self._protocol.eof_received()
            # The protocol of a socket gets an error for a reset, and none for a close.
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
        """Do nothing: the reply is in memory."""

    def resume_reading(self) -> None:
        """Do nothing: reading is never paused."""

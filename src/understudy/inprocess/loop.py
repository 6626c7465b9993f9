"""The loop thread: one event loop, in one thread, that runs the ASGI apps of this process.

The timers and deliveries of a session live in an event loop, and must not end with the loop of the
test that started them. The loop thread is therefore begun once and never stopped; this is also why
it is not an `anyio` blocking portal, which is a context that has to be left before the process
ends, and which makes every caller wait until its task has been scheduled.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import Context
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Scope

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Head:
    """The status and headers of a reply."""

    status: int
    headers: Headers


# The parts of a reply: its head, the pieces of its body, then None, or the error that ended it.
Part = Head | bytes | Exception | None


def scope_of(
    method: str, scheme: str, server: tuple[str, int | None], target: bytes, headers: Headers
) -> Scope:
    """Make the ASGI scope of a request.

    Args:
        server: host and port of the URL.
        target: path and query, percent-encoded, as in the request line.
        headers: as the client sends them; their names may have any case.
    """
    path, _, query = target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": server,
        "client": ("127.0.0.1", 0),
        "scheme": scheme,
        "method": method.upper(),
        "root_path": "",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in headers],
        "state": {},
    }


class Conversation:
    """One request to an app and its reply; lives on the loop thread.

    Args:
        on_part: is called with each part of the reply, on the loop thread.
    """

    def __init__(
        self, app: ASGIApp, scope: Scope, body: bytes, on_part: Callable[[Part], None]
    ) -> None:
        self._app = app
        self._scope = scope
        self._incoming = [body]
        self._on_part = on_part
        self._disconnected = asyncio.Event()
        self._last_piece: bytes | None = None

    async def run(self) -> None:
        """Call the app.

        The last piece of the body is held back until the app has returned, so that everything that
        the request causes has happened when the client sees the end of the reply.
        """
        try:
            await self._app(self._scope, self._receive, self._send)
        except Exception as error:
            if self._last_piece is None:
                self._on_part(_find_connection_error(error))
                return
            logger.exception("the app failed after its reply")
        if self._last_piece is None:
            self._on_part(
                ConnectionAbortedError("the connection was closed before the reply ended")
            )
            return
        if self._last_piece:
            self._on_part(self._last_piece)
        self._on_part(None)

    def disconnect(self) -> None:
        """Report from `receive` that the client has disconnected; the app may still finish."""
        self._disconnected.set()

    async def _receive(self) -> Message:
        if self._incoming:
            return {"type": "http.request", "body": self._incoming.pop(), "more_body": False}
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._on_part(Head(message["status"], list(message.get("headers", []))))
            return
        # A reply to HEAD has the headers of a body, but no body.
        body = b"" if self._scope["method"] == "HEAD" else message.get("body", b"")
        if not message.get("more_body", False):
            self._last_piece = body
            self._disconnected.set()
        elif body:
            self._on_part(body)


def _find_connection_error(error: Exception) -> Exception:
    """Return the connection error that a framework may have wrapped in errors of its own."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ConnectionError):
        cause = cause.__cause__
    return error if cause is None else cause


class LoopThread:
    """An event loop in a daemon thread, for as long as the process lives."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._tasks: dict[Conversation, asyncio.Task[None]] = {}
        # What runs here must not depend on the context variables of the first caller.
        self._context = Context()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="understudy-loop", daemon=True
        )
        self._thread.start()

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this thread, where waiting for a result would never end."""
        return threading.get_ident() == self._thread.ident

    def run(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Start a coroutine on the loop thread.

        Raises:
            RuntimeError: when called on the loop thread, where waiting for the result would block
                the loop that has to produce it.
        """
        if self.is_here:
            work.close()
            raise RuntimeError("this is the mock's own thread already; await it instead")
        return Context().run(asyncio.run_coroutine_threadsafe, work, self._loop)

    def do(self, work: Callable[[], Result]) -> Result:
        """Call a function on the loop thread and return its result."""
        if self.is_here:
            return work()

        async def call_work() -> Result:
            return work()

        return self.run(call_work()).result()

    def call(
        self, app: ASGIApp, scope: Scope, body: bytes, on_part: Callable[[Part], None]
    ) -> Callable[[bool], None]:
        """Send a request to an app; may be called on any thread, and does not wait.

        Args:
            on_part: is called with each part of the reply, on the loop thread.

        Returns:
            A function that ends the call early: `end(False)` when the client has disconnected (the
            app may finish, as behind a socket), `end(True)` to cancel the app.
        """
        conversation = Conversation(app, scope, body, on_part)
        self._call_soon(self._start, conversation)
        return lambda cancel: self._call_soon(self._end, conversation, cancel)

    def _call_soon(self, work: Callable[..., None], *arguments: Any) -> None:
        self._loop.call_soon_threadsafe(work, *arguments, context=self._context)

    def _start(self, conversation: Conversation) -> None:
        task = self._tasks[conversation] = self._loop.create_task(conversation.run())
        task.add_done_callback(lambda _: self._tasks.pop(conversation))

    def _end(self, conversation: Conversation, cancel: bool) -> None:
        conversation.disconnect()
        task = self._tasks.get(conversation)
        if cancel and task is not None:
            task.cancel()


def shared_loop() -> LoopThread:
    """Return the loop thread of this process; a forked process gets one of its own."""
    return _loop_of_process(os.getpid())


@cache
def _loop_of_process(process: int) -> LoopThread:
    return LoopThread()

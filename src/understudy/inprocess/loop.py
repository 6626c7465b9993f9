"""Runs ASGI apps of this process without a socket, whoever asks and from whichever thread.

One event loop in one thread carries every call: the timers and deliveries of a session live in a
loop, and must not end with the loop of the test that happened to start them.
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
    """How a reply begins."""

    status: int
    headers: Headers


# A reply comes in parts: its head, its body in pieces, then None; or what cut it short.
Part = Head | bytes | Exception | None


def scope_of(
    method: str, scheme: str, server: tuple[str, int | None], target: bytes, headers: Headers
) -> Scope:
    """The ASGI scope of a request.

    Args:
        target: path and query, encoded, as they stand in the request line.
        headers: as the client sends them.
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
    """One request to an app and its reply, on the stage's loop.

    Args:
        tell: is handed each part of the reply, on the stage's thread.
    """

    def __init__(
        self, app: ASGIApp, scope: Scope, body: bytes, tell: Callable[[Part], None]
    ) -> None:
        self._app = app
        self._scope = scope
        self._incoming = [body]
        self._tell = tell
        self._gone = asyncio.Event()
        self._rest: bytes | None = None

    async def run(self) -> None:
        """Have the app answer.

        The last piece of the body waits until the app is done, so that what falls due with the
        reply has happened when the client sees it.
        """
        try:
            await self._app(self._scope, self._receive, self._send)
        except Exception as error:
            if self._rest is None:
                self._tell(_what_ended(error))
                return
            logger.exception("the app failed after its reply")
        if self._rest is None:
            self._tell(ConnectionAbortedError("the connection was closed before the reply ended"))
            return
        if self._rest:
            self._tell(self._rest)
        self._tell(None)

    def leave(self) -> None:
        """The client is gone; the app learns it from `receive`, and may finish."""
        self._gone.set()

    async def _receive(self) -> Message:
        if self._incoming:
            return {"type": "http.request", "body": self._incoming.pop(), "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._tell(Head(message["status"], list(message.get("headers", []))))
            return
        # The reply to HEAD has the headers of a body, and none.
        body = b"" if self._scope["method"] == "HEAD" else message.get("body", b"")
        if not message.get("more_body", False):
            self._rest = body
            self._gone.set()
        elif body:
            self._tell(body)


def _what_ended(error: Exception) -> Exception:
    """A connection's end; frameworks between the app and us may wrap it in errors of their own."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ConnectionError):
        cause = cause.__cause__
    return error if cause is None else cause


class LoopThread:
    """An event loop in a thread of its own, for as long as the process lives."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._tasks: dict[Conversation, asyncio.Task[None]] = {}
        # What runs here must not depend on who asked first.
        self._context = Context()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="understudy-stage", daemon=True
        )
        self._thread.start()

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this thread, where waiting for it would never end."""
        return threading.get_ident() == self._thread.ident

    def run(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Start a coroutine here.

        Raises:
            RuntimeError: when asked from this thread: whoever waited would wait for himself.
        """
        if self.is_here:
            work.close()
            raise RuntimeError("this is the mock's own thread already; await it instead")
        return Context().run(asyncio.run_coroutine_threadsafe, work, self._loop)

    def do(self, work: Callable[[], Result]) -> Result:
        """Call a function here, and wait for what it returns."""
        if self.is_here:
            return work()

        async def once() -> Result:
            return work()

        return self.run(once()).result()

    def call(
        self, app: ASGIApp, scope: Scope, body: bytes, tell: Callable[[Part], None]
    ) -> Callable[[bool], None]:
        """Begin a conversation; `tell` is handed the parts of the reply, on this thread.

        Returns:
            What ends it early: `end(False)` when the client is gone (the app may finish what it
            does, as behind a socket), `end(True)` to cancel the app.
        """
        conversation = Conversation(app, scope, body, tell)
        self._soon(self._begin, conversation)
        return lambda cancel: self._soon(self._cut, conversation, cancel)

    def _soon(self, work: Callable[..., None], *arguments: Any) -> None:
        self._loop.call_soon_threadsafe(work, *arguments, context=self._context)

    def _begin(self, conversation: Conversation) -> None:
        task = self._tasks[conversation] = self._loop.create_task(conversation.run())
        task.add_done_callback(lambda _: self._tasks.pop(conversation))

    def _cut(self, conversation: Conversation, cancel: bool) -> None:
        conversation.leave()
        task = self._tasks.get(conversation)
        if cancel and task is not None:
            task.cancel()


def shared_loop() -> LoopThread:
    """The stage of this process; begun when first asked for, and anew in a forked process."""
    return _loop_of_process(os.getpid())


@cache
def _loop_of_process(process: int) -> LoopThread:
    return LoopThread()

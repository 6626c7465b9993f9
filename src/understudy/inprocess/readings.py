"""Replies of an in-process app, read part by part by a thread or by a task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from understudy.inprocess.loop import Head, Part, shared_loop

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Scope


class Reading:
    """A request that is under way, and the parts of its reply, for a thread that waits for them.

    Args:
        timeout: seconds to wait for each part; None to wait without end.

    Raises:
        RuntimeError: on the loop thread, which would wait for itself.
    """

    def __init__(self, app: ASGIApp, scope: Scope, body: bytes, timeout: float | None) -> None:
        loop_thread = shared_loop()
        if loop_thread.is_here:
            raise RuntimeError("the mock's own thread cannot wait for the mock; await the request")
        self._timeout = timeout
        self._parts: SimpleQueue[Part] = SimpleQueue()
        self._ended = False
        self._end = loop_thread.call(app, scope, body, self._parts.put)

    def head(self) -> Head:
        """Return the head of the reply; has to be called first.

        Raises:
            TimeoutError: when nothing arrives in time.
            ConnectionError: when the connection is reset or closed.
        """
        head = self._next()
        assert isinstance(head, Head)
        return head

    def body(self) -> Iterator[bytes]:
        """Yield the pieces of the body; raises as `head` does."""
        while isinstance(part := self._next(), bytes):
            yield part

    def _next(self) -> Part:
        try:
            part = self._parts.get(timeout=self._timeout)
        except Empty:
            self.close()
            raise TimeoutError(f"no answer within {self._timeout:g} s") from None
        except BaseException:
            self.close(cancel=True)
            raise
        self._ended = part is None or isinstance(part, Exception)
        if isinstance(part, Exception):
            raise part
        return part

    def close(self, cancel: bool = False) -> None:
        """Disconnect, or cancel the app, unless the reply has ended."""
        if not self._ended:
            self._ended = True
            self._end(cancel)


class AsyncReading:
    """As `Reading`, for a task of the caller's own loop; cancelling the task cancels the app."""

    def __init__(self, app: ASGIApp, scope: Scope, body: bytes, timeout: float | None) -> None:
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._parts: asyncio.Queue[Part] = asyncio.Queue()
        self._ended = False
        self._end = shared_loop().call(app, scope, body, self._on_part)

    def _on_part(self, part: Part) -> None:
        # When the client's loop is closed, nobody reads the reply any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._parts.put_nowait, part)

    async def head(self) -> Head:
        """Return the head of the reply; has to be called first. Raises as `Reading.head` does."""
        head = await self._next()
        assert isinstance(head, Head)
        return head

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the pieces of the body; raises as `head` does."""
        while isinstance(part := await self._next(), bytes):
            yield part

    async def _next(self) -> Part:
        try:
            async with asyncio.timeout(self._timeout):
                part = await self._parts.get()
        except TimeoutError:
            self.close()
            raise TimeoutError(f"no answer within {self._timeout:g} s") from None
        except asyncio.CancelledError:
            self.close(cancel=True)
            raise
        self._ended = part is None or isinstance(part, Exception)
        if isinstance(part, Exception):
            raise part
        return part

    def close(self, cancel: bool = False) -> None:
        """Disconnect, or cancel the app, unless the reply has ended."""
        if not self._ended:
            self._ended = True
            self._end(cancel)

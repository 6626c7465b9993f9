"""Replies of an in-process app, read piece by piece."""

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
    """The parts of a reply, for a thread that waits for them.

    Args:
        seconds: how long it waits for each part; None for as long as it takes.

    Raises:
        RuntimeError: on the stage's own thread, which would wait for itself.
    """

    def __init__(self, app: ASGIApp, scope: Scope, body: bytes, seconds: float | None) -> None:
        home = shared_loop()
        if home.is_here:
            raise RuntimeError("the mock's own thread cannot wait for the mock; await the request")
        self._seconds = seconds
        self._parts: SimpleQueue[Part] = SimpleQueue()
        self._over = False
        self._end = home.call(app, scope, body, self._parts.put)

    def head(self) -> Head:
        """The head of the reply; asked for first.

        Raises:
            TimeoutError: when nothing came in time.
            ConnectionError: when the connection is reset or closed.
        """
        head = self._next()
        assert isinstance(head, Head)
        return head

    def body(self) -> Iterator[bytes]:
        """The pieces of the body; raises as `head` does."""
        while isinstance(part := self._next(), bytes):
            yield part

    def _next(self) -> Part:
        try:
            part = self._parts.get(timeout=self._seconds)
        except Empty:
            self.close()
            raise TimeoutError(f"no answer within {self._seconds:g} s") from None
        except BaseException:
            self.close(cancel=True)
            raise
        self._over = part is None or isinstance(part, Exception)
        if isinstance(part, Exception):
            raise part
        return part

    def close(self, cancel: bool = False) -> None:
        """Hang up, if the reply is not over."""
        if not self._over:
            self._over = True
            self._end(cancel)


class AsyncReading:
    """The parts of a reply, for a task that waits for them; a cancelled task cancels the app."""

    def __init__(self, app: ASGIApp, scope: Scope, body: bytes, seconds: float | None) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._parts: asyncio.Queue[Part] = asyncio.Queue()
        self._over = False
        self._end = shared_loop().call(app, scope, body, self._tell)

    def _tell(self, part: Part) -> None:
        # Nobody listens any more once the client's loop is closed.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._parts.put_nowait, part)

    async def head(self) -> Head:
        """The head of the reply; asked for first. Raises as `Reading.head` does."""
        head = await self._next()
        assert isinstance(head, Head)
        return head

    async def body(self) -> AsyncIterator[bytes]:
        """The pieces of the body; raises as `head` does."""
        while isinstance(part := await self._next(), bytes):
            yield part

    async def _next(self) -> Part:
        try:
            async with asyncio.timeout(self._seconds):
                part = await self._parts.get()
        except TimeoutError:
            self.close()
            raise TimeoutError(f"no answer within {self._seconds:g} s") from None
        except asyncio.CancelledError:
            self.close(cancel=True)
            raise
        self._over = part is None or isinstance(part, Exception)
        if isinstance(part, Exception):
            raise part
        return part

    def close(self, cancel: bool = False) -> None:
        """Hang up, if the reply is not over."""
        if not self._over:
            self._over = True
            self._end(cancel)

"""What goes wrong between a finished reply and its client: the connection, the body, its type."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from understudy.session.faults import Fault

CONNECTION_KEY = "understudy.connection"
PIECES = 20


class ConnectionFault:
    """A `send` through which one reply passes, or does not.

    A server that puts its transport under `CONNECTION_KEY` into the scope's extensions has its
    connection reset or closed. In-process there is no connection to break: `broken` is then the
    exception in which the call is to end.

    Args:
        fault: of one of the kinds in `faults.DISTURBANCES`.
    """

    def __init__(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        self._fault = fault
        self._transport = scope.get("extensions", {}).get(CONNECTION_KEY)
        self._receive = receive
        self._send = send
        self._start: Message = {}
        self.broken: ConnectionError | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        body = message.get("body", b"")
        kinds = {
            "reset": self._reset,
            "empty": self._close,
            "truncated": self._truncate,
            "malformed": self._malform,
            "content-type": self._mislabel,
            "trickle": self._trickle,
        }
        await kinds[self._fault.kind](body)

    async def _reset(self, body: bytes) -> None:
        if self._transport is None:
            self.broken = ConnectionResetError("a planned fault reset the connection")
            return
        # With no time to linger, closing sends RST instead of FIN.
        linger = struct.pack("ii", 1, 0)
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._transport.abort()
        await self._gone()

    async def _close(self, body: bytes) -> None:
        if self._transport is None:
            message = "a planned fault closed the connection without a reply"
            self.broken = ConnectionAbortedError(message)
            return
        self._transport.close()
        await self._gone()

    async def _truncate(self, body: bytes) -> None:
        await self._send(self._start)
        await self._send(_part(body[: len(body) // 2], more=True))
        if self._transport is None:
            self.broken = ConnectionAbortedError("a planned fault cut the reply in the middle")
            return
        self._transport.close()
        await self._gone()

    async def _malform(self, body: bytes) -> None:
        await self._whole(self._headers({b"content-length": b"%d" % len(body[:-1])}), body[:-1])

    async def _mislabel(self, body: bytes) -> None:
        await self._whole(self._headers({b"content-type": b"text/html; charset=utf-8"}), body)

    async def _trickle(self, body: bytes) -> None:
        await self._send(self._start)
        length = max(1, -(-len(body) // PIECES))
        pieces = [body[at : at + length] for at in range(0, len(body), length)]
        for piece in pieces:
            await asyncio.sleep(self._fault.delay / 1000 / len(pieces))
            await self._send(_part(piece, more=True))
        await self._send(_part(b"", more=False))

    async def _whole(self, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        await self._send({**self._start, "headers": headers})
        await self._send(_part(body, more=False))

    def _headers(self, changed: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        return [(name, changed.get(name, value)) for name, value in self._start["headers"]]

    async def _gone(self) -> None:
        """Wait until the server knows; else it would complain of a reply that never ended."""
        while (await self._receive())["type"] != "http.disconnect":
            continue


def _part(body: bytes, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}

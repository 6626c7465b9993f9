"""A receiver of webhooks that lives in the test's own event loop, so that it may ask the mock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Receiver:
    """Where it listens, and what it was sent: headers and body of each delivery."""

    url: str = ""
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


async def accept() -> int:
    """What a good receiver answers."""
    return 200


@asynccontextmanager
async def receiving(answer: Callable[[], Awaitable[int]] = accept) -> AsyncIterator[Receiver]:
    """A receiver that answers each delivery with a status."""
    receiver = Receiver()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()[1:-1]
        headers = dict(line.lower().split(": ", 1) for line in head)
        receiver.headers.append(headers)
        receiver.bodies.append(await reader.readexactly(int(headers["content-length"])))
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nok" % await answer())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        yield receiver

"""httpx transports that call an ASGI app in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from understudy.inprocess.loop import Head, scope_of
from understudy.inprocess.readings import AsyncReading, Reading

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Scope


class SyncTransport(httpx.BaseTransport):
    """An httpx transport for synchronous clients, whose requests an ASGI app answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        reading = Reading(
            self._app, _make_scope(request), b"".join(request.stream), _read_timeout(request)
        )
        with _to_httpx_error(request):
            head = reading.head()
        return _make_response(head, _SyncBody(reading, request))


class AsyncTransport(httpx.AsyncBaseTransport):
    """An httpx transport for clients under asyncio, whose requests an ASGI app answers.

    Unlike with `httpx.ASGITransport`, the app runs on the loop thread: its timers and deliveries go
    on after the client's loop has ended.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        content = b"".join([part async for part in request.stream])
        reading = AsyncReading(self._app, _make_scope(request), content, _read_timeout(request))
        with _to_httpx_error(request):
            head = await reading.head()
        return _make_response(head, _AsyncBody(reading, request))


class _SyncBody(httpx.SyncByteStream):
    def __init__(self, reading: Reading, request: httpx.Request) -> None:
        self._reading = reading
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        with _to_httpx_error(self._request):
            yield from self._reading.body()

    def close(self) -> None:
        self._reading.close()


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(self, reading: AsyncReading, request: httpx.Request) -> None:
        self._reading = reading
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _to_httpx_error(self._request):
            async for part in self._reading.body():
                yield part

    async def aclose(self) -> None:
        self._reading.close()


def _make_scope(request: httpx.Request) -> Scope:
    url = request.url
    host = url.raw_host.decode("ascii")
    # httpcore knows this extension, too: a request target that is sent as it is.
    target = request.extensions.get("target", url.raw_path)
    return scope_of(request.method, url.scheme, (host, url.port), target, request.headers.raw)


def _read_timeout(request: httpx.Request) -> float | None:
    """Return the seconds that the client waits for a part of the reply."""
    seconds: float | None = request.extensions.get("timeout", {}).get("read")
    return seconds


def _make_response(
    head: Head, body: httpx.SyncByteStream | httpx.AsyncByteStream
) -> httpx.Response:
    return httpx.Response(
        head.status, headers=head.headers, stream=body, extensions={"http_version": b"HTTP/1.1"}
    )


@contextmanager
def _to_httpx_error(request: httpx.Request) -> Iterator[None]:
    """Raise what httpx raises when the same happens on a socket."""
    try:
        yield
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except ConnectionResetError as error:
        raise httpx.ReadError(str(error), request=request) from error
    except ConnectionError as error:
        raise httpx.RemoteProtocolError(str(error), request=request) from error

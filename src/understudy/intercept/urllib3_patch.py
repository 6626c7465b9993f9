"""The patch of urllib3, and so of requests: `urlopen` of a pool uses a pool without sockets.

Only the connections differ. Retries, redirects, timeouts, chunked uploads and the parsing of the
reply are urllib3's own code, as sessions, hooks and cookies are that of requests.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, cast

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError
from urllib3.util import Url, parse_url

from understudy.inprocess.readings import Reading
from understudy.intercept.http1 import RequestReader, answer_not_http, encode_head
from understudy.intercept.patches import Find, Patch
from understudy.intercept.routes import Address, RefusedError

if TYPE_CHECKING:
    from starlette.types import ASGIApp


DEFAULT_PORTS = {"http": 80, "https": 443}


def list_patches(find: Find) -> list[Patch]:
    """List the patch of the one method that sends every request of every pool."""

    def wrap(original: Any) -> Any:
        @wraps(original)
        def urlopen(
            self: HTTPConnectionPool, method: str, url: str, *arguments: Any, **options: Any
        ) -> Any:
            target = _find_target(self, url)
            try:
                app = find(_make_address(target, arguments, options))
            except RefusedError as error:
                raise _make_refusal(self, url, str(error), options.get("retries")) from None
            pool = self if app is None else _make_pool(self, target, app)
            return original(pool, method, url, *arguments, **options)

        return urlopen

    return [Patch(HTTPConnectionPool, "urlopen", wrap)]


def _find_target(pool: HTTPConnectionPool, url: str) -> Url:
    """Find the URL that is requested; a pool of connections to a proxy gets it whole."""
    target = parse_url(url)
    if target.host is not None:
        return target
    return Url(pool.scheme, None, pool.host, pool.port, target.path, target.query)


def _make_address(target: Url, arguments: tuple[Any, ...], options: dict[str, Any]) -> Address:
    # `urlopen(method, url, body, headers, ...)`
    headers = (arguments[1] if len(arguments) > 1 else options.get("headers")) or {}
    named = next((value for name, value in headers.items() if name.lower() == "host"), "")
    text = named.decode("latin-1") if isinstance(named, bytes) else str(named)
    return Address(target.host or "", _port(target), target.request_uri, text)


def _port(target: Url) -> int:
    return target.port or DEFAULT_PORTS[target.scheme or "http"]


def _make_refusal(pool: HTTPConnectionPool, url: str, message: str, retries: Any) -> Exception:
    """Make the error that urllib3 raises for a refused connection, without retries."""
    # Only the text of the error is used; there is no connection to name.
    reason = NewConnectionError(cast(HTTPConnection, pool), message)
    return reason if retries is False else MaxRetryError(pool, url, reason)


def _make_pool(pool: HTTPConnectionPool, target: Url, app: ASGIApp) -> HTTPConnectionPool:
    """Make a pool like another one, whose connections lead to the mock."""
    secure = target.scheme == "https"
    pool_class = HTTPSConnectionPool if secure else HTTPConnectionPool
    mock_pool = pool_class(
        target.host or "",
        _port(target),
        timeout=pool.timeout,
        headers=pool.headers,
        retries=pool.retries,
    )
    connect = partial(Connection, app=app, scheme=target.scheme or "http")
    mock_pool.ConnectionCls = cast(Any, connect)
    return mock_pool


class Connection(HTTPConnection):
    """A connection to the mock; it counts as verified, so that urllib3 warns of nothing."""

    is_verified = True

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        app: ASGIApp,
        scheme: str,
        timeout: Any = None,
        **ignored: Any,
    ) -> None:
        super().__init__(host, port, timeout=timeout)
        self._app = app
        self._scheme = scheme
        # Decides whether the Host header names the port.
        self.default_port = DEFAULT_PORTS[scheme]  # type: ignore[misc]

    def connect(self) -> None:
        self.sock = cast(Any, Socket(self._app, RequestReader(self._scheme, self.host, self.port)))

    @property
    def is_connected(self) -> bool:
        """False: a connection is not used for a second request."""
        return False

    def close(self) -> None:
        super().close()
        self.is_verified = True


class Socket:
    """The part of a socket's interface that `http.client` uses."""

    def __init__(self, app: ASGIApp, reader: RequestReader) -> None:
        self._app = app
        self._reader = reader
        self._timeout: float | None = None

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def sendall(self, data: bytes) -> None:
        self._reader.feed(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return the reply as a file; the first read calls the app."""
        return io.BufferedReader(ReplyStream(self._call_app))

    def close(self) -> None:
        """Do nothing: the reply may still be read."""

    def _call_app(self) -> Reading:
        reader = self._reader
        if not reader.complete:
            raise ConnectionAbortedError("the request's body ended before its Content-Length")
        app = answer_not_http if reader.broken else self._app
        return Reading(app, reader.scope(), reader.body, self._timeout)


class ReplyStream(io.RawIOBase):
    """The bytes of a reply; they just end when the connection is closed early, as on a socket."""

    def __init__(self, call_app: Callable[[], Reading]) -> None:
        self._call_app = call_app
        self._reading: Reading | None = None
        self._pieces: Iterator[bytes] = self._read_pieces()
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._pieces, b"")
        piece = self._rest[: len(buffer)]
        self._rest = self._rest[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def _read_pieces(self) -> Iterator[bytes]:
        self._reading = reading = self._call_app()
        try:
            yield encode_head(reading.head())
            yield from reading.body()
        except ConnectionAbortedError:
            return

    def close(self) -> None:
        if self._reading is not None:
            self._reading.close()
        super().close()

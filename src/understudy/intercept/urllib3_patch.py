"""urllib3, and with it requests: a pool's `urlopen` runs on a pool without sockets.

Only its connections differ. Retries, redirects, timeouts, chunked uploads and the reading of the
reply are urllib3's, and what requests adds (sessions, hooks, cookies) stays above.
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
from understudy.intercept.http1 import Incoming, head_bytes, unreadable
from understudy.intercept.patches import Find, Patch
from understudy.intercept.routes import Address, RefusedError

if TYPE_CHECKING:
    from starlette.types import ASGIApp


DEFAULT_PORTS = {"http": 80, "https": 443}


def patches(find: Find) -> list[Patch]:
    """The one method through which every request of every pool goes."""

    def wrap(original: Any) -> Any:
        @wraps(original)
        def urlopen(
            self: HTTPConnectionPool, method: str, url: str, *arguments: Any, **options: Any
        ) -> Any:
            target = _target(self, url)
            try:
                app = find(_address(target, arguments, options))
            except RefusedError as error:
                raise _refused(self, url, str(error), options.get("retries")) from None
            pool = self if app is None else _without_sockets(self, target, app)
            return original(pool, method, url, *arguments, **options)

        return urlopen

    return [Patch(HTTPConnectionPool, "urlopen", wrap)]


def _target(pool: HTTPConnectionPool, url: str) -> Url:
    """Where a request goes in the end; a pool of connections to a proxy gets whole URLs."""
    target = parse_url(url)
    if target.host is not None:
        return target
    return Url(pool.scheme, None, pool.host, pool.port, target.path, target.query)


def _address(target: Url, arguments: tuple[Any, ...], options: dict[str, Any]) -> Address:
    # `urlopen(method, url, body, headers, ...)`
    headers = (arguments[1] if len(arguments) > 1 else options.get("headers")) or {}
    named = next((value for name, value in headers.items() if name.lower() == "host"), "")
    text = named.decode("latin-1") if isinstance(named, bytes) else str(named)
    return Address(target.host or "", _port(target), target.request_uri, text)


def _port(target: Url) -> int:
    return target.port or DEFAULT_PORTS[target.scheme or "http"]


def _refused(pool: HTTPConnectionPool, url: str, message: str, retries: Any) -> Exception:
    """What urllib3 raises when nobody listens, without trying again."""
    # Only its text is used; there is no connection that could be named.
    reason = NewConnectionError(cast(HTTPConnection, pool), message)
    return reason if retries is False else MaxRetryError(pool, url, reason)


def _without_sockets(pool: HTTPConnectionPool, target: Url, app: ASGIApp) -> HTTPConnectionPool:
    secure = target.scheme == "https"
    kind = HTTPSConnectionPool if secure else HTTPConnectionPool
    stand_in = kind(
        target.host or "",
        _port(target),
        timeout=pool.timeout,
        headers=pool.headers,
        retries=pool.retries,
    )
    connect = partial(Connection, app=app, scheme=target.scheme or "http")
    stand_in.ConnectionCls = cast(Any, connect)
    return stand_in


class Connection(HTTPConnection):
    """A connection to the mock; knows of TLS only that there is nothing to warn of."""

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
        # It decides whether the Host header names the port.
        self.default_port = DEFAULT_PORTS[scheme]  # type: ignore[misc]

    def connect(self) -> None:
        self.sock = cast(Any, Socket(self._app, Incoming(self._scheme, self.host, self.port)))

    @property
    def is_connected(self) -> bool:
        """A connection serves one request."""
        return False

    def close(self) -> None:
        super().close()
        self.is_verified = True


class Socket:
    """What `http.client` uses of a socket."""

    def __init__(self, app: ASGIApp, incoming: Incoming) -> None:
        self._app = app
        self._incoming = incoming
        self._seconds: float | None = None

    def settimeout(self, seconds: float | None) -> None:
        self._seconds = seconds

    def sendall(self, data: bytes) -> None:
        self._incoming.feed(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """The reply; the app is asked when it is first read."""
        return io.BufferedReader(Replied(self._reading))

    def close(self) -> None:
        """The reply may still be read."""

    def _reading(self) -> Reading:
        incoming = self._incoming
        if not incoming.complete:
            raise ConnectionAbortedError("the request's body ended before its Content-Length")
        app = unreadable if incoming.broken else self._app
        return Reading(app, incoming.scope(), incoming.body, self._seconds)


class Replied(io.RawIOBase):
    """The bytes of a reply. A connection that is closed early just ends, as on a socket."""

    def __init__(self, ask: Callable[[], Reading]) -> None:
        self._ask = ask
        self._reading: Reading | None = None
        self._pieces: Iterator[bytes] = self._all()
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

    def _all(self) -> Iterator[bytes]:
        self._reading = reading = self._ask()
        try:
            yield head_bytes(reading.head())
            yield from reading.body()
        except ConnectionAbortedError:
            return

    def close(self) -> None:
        if self._reading is not None:
            self._reading.close()
        super().close()

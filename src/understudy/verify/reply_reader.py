"""Reads replies of unknown servers, with a limit on their size and time."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

import httpx

from understudy.core.clock import Stopwatch
from understudy.recording.compare import strip_transport_headers
from understudy.recording.model import RecordedResponse

MAX_BYTES = 10_000_000
# Extra seconds before the socket is shut down, so that httpx's own timeout fires first for a
# silent server.
SHUTDOWN_DELAY = 0.25


class NoReplyError(Exception):
    """The request was sent and no whole reply came; the message says why."""


class ReplyReader:
    """Sends requests of one client, and reads each reply within its timeout.

    Args:
        http: its read timeout holds for the whole reply.
    """

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._timeout = http.timeout.read or math.inf
        # The connection that was opened last; the client uses one at a time.
        self._connection: Any = None

    def reply(self, request: httpx.Request) -> RecordedResponse:
        """The whole reply to a request.

        Raises:
            NoReplyError: when it is too long, or takes too long.
            httpx.HTTPError: when there is no reply.
        """
        with self._limit_time(request) as watch, self._open_reply(request) as reply:
            return RecordedResponse(
                status=reply.status_code,
                headers=strip_transport_headers(reply.headers.multi_items()),
                body=self._body(reply, watch),
            )

    def status(self, request: httpx.Request) -> int:
        """The status of a reply; its body is not read.

        Raises:
            NoReplyError: when it takes too long.
            httpx.HTTPError: when there is none.
        """
        with self._limit_time(request), self._open_reply(request) as reply:
            return reply.status_code

    @contextmanager
    def _open_reply(self, request: httpx.Request) -> Iterator[httpx.Response]:
        reply = self._http.send(request, stream=True)
        try:
            yield reply
        finally:
            reply.close()

    @contextmanager
    def _limit_time(self, request: httpx.Request) -> Iterator[Stopwatch]:
        """Shut the connection down when the time is over: a read only waits for the next bytes."""
        watch = Stopwatch()
        request.extensions = {**request.extensions, "trace": self._trace}
        timer = Timer(min(self._timeout + SHUTDOWN_DELAY, 1e6), self._shut_down)
        timer.daemon = True
        timer.start()
        try:
            yield watch
        except (httpx.RemoteProtocolError, httpx.ReadError) as error:
            if watch.seconds() > self._timeout:
                raise self._late_reply() from error
            raise
        finally:
            timer.cancel()

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._connection = info["return_value"]

    def _shut_down(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _body(self, reply: httpx.Response, watch: Stopwatch) -> bytes:
        body = bytearray()
        for part in reply.iter_bytes():
            body += part
            if len(body) > MAX_BYTES:
                raise NoReplyError(f"the reply has more than {MAX_BYTES // 1_000_000} MB")
            if watch.seconds() > self._timeout:
                raise self._late_reply()
        return bytes(body)

    def _late_reply(self) -> NoReplyError:
        return NoReplyError(f"the reply did not end within {self._timeout:g} s")

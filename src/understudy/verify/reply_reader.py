"""Reads replies of strangers: neither without end nor for ever."""

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

MOST_BYTES = 10_000_000
# By so much a reply's connection outlives its time: who says nothing at all is told apart.
GRACE = 0.25


class NoReplyError(Exception):
    """The request was sent, and no reply came; says what happened instead."""


class ReplyReader:
    """Sends what is made for one client, and reads each reply while its time lasts.

    Args:
        http: its timeout is for the whole of a reply.
    """

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._patience = http.timeout.read or math.inf
        # The connection that was opened last; the client needs no more than one.
        self._line: Any = None

    def reply(self, made: httpx.Request) -> RecordedResponse:
        """The whole reply to a request.

        Raises:
            NoReplyError: when it is too long, or takes too long.
            httpx.HTTPError: when there is none.
        """
        with self._within_time(made) as watch, self._begun(made) as reply:
            return RecordedResponse(
                status=reply.status_code,
                headers=strip_transport_headers(reply.headers.multi_items()),
                body=self._body(reply, watch),
            )

    def status(self, made: httpx.Request) -> int:
        """The status of a reply, whatever its body is.

        Raises:
            NoReplyError: when it takes too long.
            httpx.HTTPError: when there is none.
        """
        with self._within_time(made), self._begun(made) as reply:
            return reply.status_code

    @contextmanager
    def _begun(self, made: httpx.Request) -> Iterator[httpx.Response]:
        reply = self._http.send(made, stream=True)
        try:
            yield reply
        finally:
            reply.close()

    @contextmanager
    def _within_time(self, made: httpx.Request) -> Iterator[Stopwatch]:
        """Whoever reads waits for some bytes only, so that a drip could keep it for ever."""
        watch = Stopwatch()
        made.extensions = {**made.extensions, "trace": self._note}
        timer = Timer(min(self._patience + GRACE, 1e6), self._hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield watch
        except (httpx.RemoteProtocolError, httpx.ReadError) as error:
            if watch.seconds() > self._patience:
                raise self._late() from error
            raise
        finally:
            timer.cancel()

    def _note(self, event: str, told: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._line = told["return_value"]

    def _hang_up(self) -> None:
        if self._line is not None:
            with suppress(OSError):
                self._line.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _body(self, reply: httpx.Response, watch: Stopwatch) -> bytes:
        body = bytearray()
        for part in reply.iter_bytes():
            body += part
            if len(body) > MOST_BYTES:
                raise NoReplyError(f"the reply has more than {MOST_BYTES // 1_000_000} MB")
            if watch.seconds() > self._patience:
                raise self._late()
        return bytes(body)

    def _late(self) -> NoReplyError:
        return NoReplyError(f"the reply did not end within {self._patience:g} s")

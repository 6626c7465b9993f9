"""A webhook receiver for tests: one HTTP server, an inbox for each test."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

GONE = 410


class Inbox(Protocol):
    """Receives the webhooks of one test; `take` returns the status to answer with."""

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> int: ...


class Receiver:
    """Listens on this machine, from the first call of `open` on.

    A webhook that arrives after the end of its test is answered with 410.
    """

    def __init__(self) -> None:
        self._inboxes: dict[str, Inbox] = {}

    @cached_property
    def _server(self) -> WebhookServer:
        server = WebhookServer(self._take)
        threading.Thread(
            target=server.serve_forever, args=(0.02,), name="understudy-receiver", daemon=True
        ).start()
        return server

    @property
    def started(self) -> bool:
        return "_server" in self.__dict__

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def open(self, name: str, inbox: Inbox) -> str:
        """Open an inbox; return its URL."""
        self._inboxes[name] = inbox
        return f"{self.origin}/{name}"

    def shut(self, name: str) -> None:
        """Close an inbox."""
        self._inboxes.pop(name, None)

    def close(self) -> None:
        if self.started:
            self._server.shutdown()
            self._server.server_close()

    def _take(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        inbox = self._inboxes.get(path[1:].partition("/")[0])
        return GONE if inbox is None else inbox.take(path, headers, body)


class WebhookServer(ThreadingHTTPServer):
    """Passes every POST to `take`."""

    request_queue_size = 512
    daemon_threads = True

    def __init__(self, take: Any) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.take = take


class Handler(BaseHTTPRequestHandler):
    """Answers a POST with the status that `take` returns, and with nothing that varies."""

    server: WebhookServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.server.take(self.path, headers, body)
        # `send_response` would add the real time, and the version of Python.
        self.send_response_only(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log; the requests are in the test's inbox."""

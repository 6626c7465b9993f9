"""A live server in this process, for clients that need a socket."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Unpack

from understudy.client import Client
from understudy.core.settings_parsing import SettingKeywords, make_settings
from understudy.inprocess.loop import shared_loop
from understudy.inprocess.startup import start_app
from understudy.server.http_server import Listening, bind, format_url, guard, make_server

if TYPE_CHECKING:
    from understudy.server.app import App

# Seconds that a server may take to start, and to stop.
START_TIMEOUT = 10.0


class LiveServer:
    """An app behind a real socket, on the loop thread.

    In-process clients of the same app share its sessions with clients of the socket.

    Attributes:
        app: the app that answers.
        port: the port that it listens on.
        url: origin of the server, without a path.
    """

    def __init__(self, app: App, port: int = 0, host: str = "127.0.0.1") -> None:
        self.app = app
        self._host = host
        self._listener = bind(host, port)
        self.port: int = self._listener.getsockname()[1]
        self.url = format_url(host, self.port)
        self._ready = threading.Event()
        self._server = make_server(app, Listening(log=None), self._ready.set, lifespan=False)
        self._running: Future[None] | None = None
        self._clients: list[Client] = []

    def start(self) -> LiveServer:
        """Start serving.

        Raises:
            RuntimeError: when the server fails, or does not start in time.
        """
        running = shared_loop().run(self._server.serve(sockets=[self._listener]))
        # A server that fails is never ready; nobody is to wait for it.
        running.add_done_callback(lambda _: self._ready.set())
        if not self._ready.wait(START_TIMEOUT):
            raise RuntimeError(f"the server did not start within {START_TIMEOUT:g} s")
        if running.done():
            raise RuntimeError("the server failed at its start") from running.exception()
        self._running = running
        return self

    def stop(self) -> None:
        """Stop serving, and close the connections that are still open."""
        if self._running is not None:
            self._server.should_exit = True
            self._running.result(START_TIMEOUT)
            self._running = None
            shared_loop().run(self.app.aclose()).result(START_TIMEOUT)
        self._listener.close()
        while self._clients:
            self._clients.pop().close()

    def client(self, session: str | None = None) -> Client:
        """Return a client of the admin plane in a session, which is closed with the server.

        Args:
            session: name of the session; `default` when it is None.
        """
        token = self.app.settings.admin_token or None
        client = Client(self.url, session=session, token=token)
        self._clients.append(client)
        return client

    def __enter__(self) -> LiveServer:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()


def serve(port: int = 0, host: str = "127.0.0.1", **choices: Unpack[SettingKeywords]) -> LiveServer:
    """Make a live server to use with `with`, or through `start` and `stop`.

        with understudy.serve(vendors=["sent"]) as server:
            subprocess.run(["node", "test.mjs"], env={**os.environ, "BASE": server.url})

    Args:
        port: 0 for any free port.
        choices: the keywords of `understudy.mock` (vendors, seed, clock, pace, auth ...).

    Raises:
        StartError: when a vendor or the address cannot be served.
        ValueError: for an invalid value.
        TypeError: for an unknown keyword.
    """
    settings = guard(make_settings(**choices), host)
    return LiveServer(start_app(settings), port, host)

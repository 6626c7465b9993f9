"""A live server in a thread of this process: for clients that need a socket, in the same test."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Unpack

from understudy.client import Client
from understudy.core.settings_parsing import SettingKeywords, make_settings
from understudy.inprocess.loop import shared_loop
from understudy.inprocess.startup import start_app
from understudy.server.http_server import Listening, bind, format_url, guard, make_server

if TYPE_CHECKING:
    from understudy.server.app import App

# Seconds that a server may take to begin, and to end.
START_TIMEOUT = 10.0


class LiveServer:
    """An app behind a real socket, on the stage's loop: what asks it in-process meets one world.

    Attributes:
        url: where it listens.
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
        """Serve from now on.

        Raises:
            RuntimeError: when it fails, or does not begin in time.
        """
        running = shared_loop().run(self._server.serve(sockets=[self._listener]))
        # A server that fails is never ready; nobody is to wait for it.
        running.add_done_callback(lambda _: self._ready.set())
        if not self._ready.wait(START_TIMEOUT):
            raise RuntimeError(f"the server did not begin within {START_TIMEOUT:g} s")
        if running.done():
            raise RuntimeError("the server failed at its start") from running.exception()
        self._running = running
        return self

    def stop(self) -> None:
        """Stop serving; connections that are still open are closed."""
        if self._running is not None:
            self._server.should_exit = True
            self._running.result(START_TIMEOUT)
            self._running = None
            shared_loop().run(self.app.aclose()).result(START_TIMEOUT)
        self._listener.close()
        while self._clients:
            self._clients.pop().close()

    def client(self, session: str | None = None) -> Client:
        """A client of the admin plane, in a session (`default` when none is named).

        It is closed with the server.
        """
        token = self.app.settings.admin_token or None
        client = Client(self.url, session=session, token=token)
        self._clients.append(client)
        return client

    def __enter__(self) -> LiveServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def serve(port: int = 0, host: str = "127.0.0.1", **choices: Unpack[SettingKeywords]) -> LiveServer:
    """A live server to use with `with`, or through `start` and `stop`.

        with understudy.serve(vendors=["sent"]) as server:
            subprocess.run(["node", "test.mjs"], env={**os.environ, "BASE": server.url})

    Args:
        port: 0 for any free one.
        choices: as `understudy.mock` takes them (vendors, seed, clock, pace, auth ...).

    Raises:
        StartError: when a vendor or the address cannot be served.
        ValueError, TypeError: for a choice that is none.
    """
    settings = guard(make_settings(**choices), host)
    return LiveServer(start_app(settings), port, host)

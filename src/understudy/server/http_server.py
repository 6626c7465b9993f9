"""Serves the app over HTTP: a bound socket, a banner when ready, a line for each exchange."""

from __future__ import annotations

import os
import queue
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from understudy.core.clock import Stopwatch
from understudy.core.errors import StartError
from understudy.core.hosts import is_loopback
from understudy.core.output_files import require_writable
from understudy.core.settings import Settings
from understudy.core.version import __version__
from understudy.engine.connection_faults import CONNECTION_KEY
from understudy.engine.exchange_recorder import Log
from understudy.engine.registry import PACKAGE, data_folder, require_vendors
from understudy.server.app import App, create_app
from understudy.server.banner import format_banner
from understudy.server.log_lines import (
    delivery_to_json,
    exchange_to_json,
    format_delivery,
    format_exchange,
)
from understudy.server.reload import run_reloading
from understudy.session.deliveries import Delivery
from understudy.session.journal import Exchange


@dataclass(frozen=True)
class Listening:
    """Where to listen, and what to print.

    Attributes:
        port: 0 for any free one.
        port_file: the port is written there as text once the server is ready.
        reload: restart when a document, a seed world or a source file changes.
        log: `text` or `json` for a banner and a line per exchange on standard error; None for
            neither. Defects of the mock are reported either way.
        color: whether lines of text have colours.
    """

    host: str = "127.0.0.1"
    port: int = 4010
    port_file: Path | None = None
    reload: bool = False
    log: str | None = "text"
    color: bool = False


def bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        StartError: when the address is taken or does not belong to this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY for this protocol only; without it small replies wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        hint = "choose another with --port, or any free one with --port 0"
        raise StartError(f"cannot listen on {host}:{port} ({error.strerror}); {hint}") from error
    return listener


def guard(settings: Settings, host: str) -> Settings:
    """The settings with a token for the admin plane, if other machines can reach it."""
    if settings.admin_token or is_loopback(host):
        return settings
    return replace(settings, admin_token=secrets.token_urlsafe(24))


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 whose connections the mock can disturb, for connection faults."""

    _unanswered: tuple[RequestResponseCycle, ...] = ()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = cast(Any, {CONNECTION_KEY: self.transport})

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.cycle is not None:
            waiting = (each for each in self._unanswered if not each.response_complete)
            self._unanswered = (*waiting, self.cycle)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # Of pipelined requests uvicorn notifies only the latest; the others would wait for ever.
        for cycle in self._unanswered:
            cycle.disconnected = cycle.disconnected or not cycle.response_complete
            cycle.message_event.set()


# Signals that end a server; a system may lack some.
STOP_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


def _ignore(number: int, frame: object) -> None:
    """Ignore a signal that comes while a server ends."""


class Server(uvicorn.Server):
    """A uvicorn server that reports when it is ready; further signals do not cut its end short."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End at a signal, without raising it again afterwards as uvicorn does."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        # Keep ignoring SIGHUP when started under nohup.
        ending = [each for each in STOP_SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
        for each in ending:
            signal.signal(each, self.handle_exit)
        try:
            yield
        finally:
            for each in ending:
                signal.signal(each, _ignore)

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    def handle_exit(self, sig: int, frame: object) -> None:
        """End gracefully, also at a second signal; that takes a bounded time and loses nothing."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def make_server(
    app: App, listening: Listening, ready: Callable[[], None], lifespan: bool = True
) -> Server:
    """The server for an app; it runs in one process and one event loop.

    Args:
        lifespan: whether the app's sessions end with the server.
    """
    config = uvicorn.Config(
        app,
        http=Protocol,
        lifespan="on" if lifespan else "off",
        access_log=False,
        # Requests that are not HTTP are warnings: clients' mistakes, which --quiet leaves out.
        log_level="warning" if listening.log else "error",
        # Headers are the vendor's: no Date of this machine, no Server.
        date_header=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        backlog=2048,
    )
    return Server(config, ready)


MakeApp = Callable[[Settings, Log | None], App]
# The text to print when the server is ready, made from the app and its URL.
Announce = Callable[[App, str], str]


def format_app_banner(app: App, url: str) -> str:
    """The vendors' banner."""
    return format_banner(list(app.services.values()), url, __version__)


def run(
    settings: Settings,
    listening: Listening,
    make: MakeApp = create_app,
    announce: Announce = format_app_banner,
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        make: makes the app that is served.
        announce: the text to print when the server is ready.

    Raises:
        StartError: when a document, a service, a setting or the address cannot be used.
    """
    if listening.port_file is not None:
        require_writable("--port-file", listening.port_file)
    require_vendors(settings.vendors)
    job = ServerJob(
        guard(settings, listening.host), listening, make, announce, not settings.admin_token
    )
    with bind(listening.host, listening.port) as listener:
        if listening.reload:
            folders = (PACKAGE, data_folder("specs"), data_folder("fixtures"))
            with _keep_handlers(), suppress(KeyboardInterrupt):
                run_reloading(folders, job.run, listener)
        else:
            job.run(listener)


@dataclass(frozen=True)
class ServerJob:
    """What a server process needs; it can be pickled when `make` and `announce` can.

    Attributes:
        settings: with the token of the admin plane, if it has one.
        show_token: whether that token is unknown to the user.
    """

    settings: Settings
    listening: Listening
    make: MakeApp
    announce: Announce
    show_token: bool

    def run(self, listener: socket.socket) -> None:
        """Serve on a socket until a signal ends the server.

        Raises:
            StartError: when a document, a service or a setting cannot be used.
        """
        file = self.listening.port_file
        write = LineWriter()
        app = self.make(self.settings, make_logger(self.listening, write))
        server = make_server(app, self.listening, lambda: self._report_ready(app, listener))
        try:
            with _keep_handlers(), suppress(KeyboardInterrupt):
                server.run(sockets=[listener])
            write.flush()
        finally:
            if file is not None:
                # A script that waits for the file must not find the port of a stopped server.
                file.unlink(missing_ok=True)

    def _report_ready(self, app: App, listener: socket.socket) -> None:
        port = listener.getsockname()[1]
        if self.listening.port_file is not None:
            self.listening.port_file.write_text(f"{port}\n")
        url = format_url(self.listening.host, port)
        if self.listening.log == "text":
            _print(self.announce(app, url) + "\n")
        elif self.listening.log == "json":
            _print(f"understudy {__version__} is ready on {url}")
        if self.show_token and self.settings.admin_token:
            # Also with --quiet: nobody knows it yet.
            _print(f"/__admin requires Authorization: Bearer {self.settings.admin_token}")


@contextmanager
def _keep_handlers() -> Iterator[None]:
    """End at SIGTERM as at Ctrl-C, and leave the handlers of signals as they were."""
    before = {each: signal.getsignal(each) for each in STOP_SIGNALS}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def format_url(host: str, port: int) -> str:
    """The base URL of a server that listens there; IPv6 addresses are in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _print(text: str) -> None:
    """Print to standard output, if anybody reads it."""
    with suppress(OSError, AttributeError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


class LineWriter:
    """Writes lines to standard error from a thread: a reader that stalls must not stall the mock.

    Lines that do not fit the queue are dropped, and so are all lines once nobody can read them.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._lines: queue.Queue[str] = queue.Queue(size)
        threading.Thread(target=self._run, daemon=True).start()

    def __call__(self, line: str) -> None:
        with suppress(queue.Full):
            self._lines.put_nowait(line)

    def flush(self, seconds: float = 0.5) -> None:
        """Wait up to so many seconds until the queued lines are written."""
        until = Stopwatch()
        while self._lines.unfinished_tasks and until.seconds() < seconds:
            threading.Event().wait(0.01)

    def _run(self) -> None:
        while True:
            line = self._lines.get()
            # Unbuffered: a thread that is stuck in a buffer's lock would keep Python from ending.
            with suppress(OSError):
                os.write(2, f"{line}\n".encode(errors="backslashreplace"))
            self._lines.task_done()


def make_logger(listening: Listening, write: LineWriter) -> Log | None:
    """A function that writes a line for each exchange and each delivery; None without a log."""
    if listening.log is None:
        return None
    return partial(_log_json if listening.log == "json" else _log_text, listening, write)


def _log_text(listening: Listening, write: LineWriter, entry: Exchange | Delivery) -> None:
    if isinstance(entry, Delivery):
        write(format_delivery(entry))
    else:
        write(format_exchange(entry, listening.color))


def _log_json(listening: Listening, write: LineWriter, entry: Exchange | Delivery) -> None:
    write(delivery_to_json(entry) if isinstance(entry, Delivery) else exchange_to_json(entry))

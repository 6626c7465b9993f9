"""Serves the app over HTTP: a bound socket, a banner when ready, a line for each exchange."""

from __future__ import annotations

import logging
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
from understudy.core.settings import Settings
from understudy.core.version import __version__
from understudy.engine.connection_faults import CONNECTION_KEY
from understudy.engine.exchange_recorder import Log
from understudy.engine.registry import PACKAGE, data_folder
from understudy.server.app import App, create_app
from understudy.server.banner import format_banner
from understudy.server.log_lines import (
    delivery_to_json,
    exchange_to_json,
    format_delivery,
    format_exchange,
)
from understudy.server.reload import Watch, restart
from understudy.session.deliveries import Delivery
from understudy.session.journal import Exchange


@dataclass(frozen=True)
class Listening:
    """Where to listen and what to say.

    Attributes:
        port: 0 for any free one.
        port_file: gets the port as text once the server is ready.
        reload: start anew when a document, a seed world or a source file changes.
        log: `text` or `json` for a line per exchange on standard error; None for silence.
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
        StartError: when the address is taken or is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio lets small replies wait (40 ms) unless their socket says that it is TCP.
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
    """The settings with a token for the admin plane, where others than this machine reach it."""
    if settings.admin_token or is_loopback(host):
        return settings
    return replace(settings, admin_token=secrets.token_urlsafe(24))


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 that lets the mock disturb a connection."""

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
        # Of pipelined requests uvicorn tells only the latest; the others would wait for ever.
        for cycle in self._unanswered:
            cycle.disconnected = cycle.disconnected or not cycle.response_complete
            cycle.message_event.set()


# Signals that end a server; a system may lack some.
STOPPING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


def _pass_over(number: int, frame: object) -> None:
    """What comes while a server ends says nothing new."""


class Server(uvicorn.Server):
    """A uvicorn server that says when it is ready, and that any number of signals end once."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End by a signal; do not raise it again, as uvicorn does, in the midst of what follows."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        # Who was told to outlive its terminal (nohup) does.
        ending = [each for each in STOPPING if signal.getsignal(each) is not signal.SIG_IGN]
        for each in ending:
            signal.signal(each, self.handle_exit)
        try:
            yield
        finally:
            for each in ending:
                signal.signal(each, _pass_over)

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    def handle_exit(self, sig: int, frame: object) -> None:
        """End gracefully, however often one asks: that is bounded, and nothing is lost by it."""
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
        log_level="warning",
        # What goes on the wire is the vendor's: no Date of this machine's, no Server.
        date_header=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        backlog=2048,
    )
    return Server(config, ready)


MakeApp = Callable[[Settings, Log | None], App]
# What is announced when the server is ready: of an app and its URL.
Announce = Callable[[App, str], str]


def run(
    settings: Settings,
    listening: Listening,
    make: MakeApp = create_app,
    announce: Announce | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        make: makes the app that is served.
        announce: what is said of it, in the place of the vendors' banner.

    Raises:
        StartError: when a document, a service, a setting or the address cannot be used.
    """
    file = listening.port_file
    if file is not None and not file.parent.is_dir():
        raise StartError(f"--port-file {file}: there is no folder {file.parent}")
    listener = bind(listening.host, listening.port)
    write = LineWriter()
    guarded = guard(settings, listening.host)
    app = make(guarded, make_logger(listening, write))
    port = listener.getsockname()[1]

    def ready() -> None:
        if listening.port_file is not None:
            listening.port_file.write_text(f"{port}\n")
        _announce(app, listening, format_url(listening.host, port), announce or _banner)
        if guarded.admin_token != settings.admin_token:
            # Even with --quiet: nobody else knows it.
            _say(f"/__admin demands Authorization: Bearer {guarded.admin_token}")

    server = make_server(app, listening, ready)
    with _keep_handlers(), suppress(KeyboardInterrupt):
        if listening.reload:
            _run_reloading(server, listener, write)
        else:
            server.run(sockets=[listener])
        write.flush()
    if file is not None:
        # A script that waits for the file must not find the port of a server that is gone.
        file.unlink(missing_ok=True)


@contextmanager
def _keep_handlers() -> Iterator[None]:
    """Leave the handlers of signals as they were."""
    before = {each: signal.getsignal(each) for each in STOPPING}
    # Until the server listens to it, and after it has ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _banner(app: App, url: str) -> str:
    return format_banner(list(app.services.values()), url, __version__)


def _announce(app: App, listening: Listening, url: str, announce: Announce) -> None:
    if listening.log == "text":
        _say(announce(app, url) + "\n")
    elif listening.log == "json":
        _say(f"understudy {__version__} is ready on {url}")


def format_url(host: str, port: int) -> str:
    """The base URL of a server that listens there; IPv6 addresses stand in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _say(text: str) -> None:
    """Print to standard output, if there is somebody who reads it."""
    with suppress(OSError, AttributeError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def _run_reloading(server: Server, listener: socket.socket, write: LineWriter) -> None:
    changed: list[Path] = []

    def stop(file: Path) -> None:
        changed.append(file)
        server.should_exit = True

    watch = Watch((PACKAGE, data_folder("specs"), data_folder("fixtures")), stop)
    watch.start()
    server.run(sockets=[listener])
    listener.close()
    watch.stop()
    if changed:
        write(f"{changed[0].name} changed, starting anew")
        write.flush()
        restart()


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
        """Wait a little for what was said to be written."""
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
    """What writes a line for each exchange and each delivery, or None."""
    if listening.log is None:
        logging.disable(logging.ERROR)
        return None
    return partial(_log_json if listening.log == "json" else _log_text, listening, write)


def _log_text(listening: Listening, write: LineWriter, entry: Exchange | Delivery) -> None:
    if isinstance(entry, Delivery):
        write(format_delivery(entry))
    else:
        write(format_exchange(entry, listening.color))


def _log_json(listening: Listening, write: LineWriter, entry: Exchange | Delivery) -> None:
    write(delivery_to_json(entry) if isinstance(entry, Delivery) else exchange_to_json(entry))

"""Serves the app over HTTP: a bound socket, a banner when ready, a line for each exchange."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from understudy import __version__
from understudy.app import App, create_app
from understudy.errors import StartError
from understudy.exchange_log import json_line, text_line
from understudy.journal import Exchange
from understudy.listing import banner
from understudy.reload import Watch, start_anew
from understudy.rooms import PACKAGE, data_folder
from understudy.settings import Settings


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
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        hint = "choose another with --port, or any free one with --port 0"
        raise StartError(f"cannot listen on {host}:{port} ({error.strerror}); {hint}") from error
    return listener


class Server(uvicorn.Server):
    """A uvicorn server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def make_server(app: App, listening: Listening, ready: Callable[[], None]) -> Server:
    """The server for an app; it runs in one process and one event loop."""
    config = uvicorn.Config(
        app,
        lifespan="on",
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


def run(settings: Settings, listening: Listening) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Raises:
        StartError: when a document, a room, a setting or the address cannot be used.
    """
    listener = bind(listening.host, listening.port)
    app = create_app(settings, log=logger_of(listening))
    port = listener.getsockname()[1]
    host = f"[{listening.host}]" if ":" in listening.host else listening.host
    base_url = f"http://{host}:{port}"

    def ready() -> None:
        if listening.port_file is not None:
            listening.port_file.write_text(f"{port}\n")
        if listening.log == "text":
            sys.stdout.write(banner(list(app.rooms.values()), base_url, __version__) + "\n\n")
            sys.stdout.flush()

    server = make_server(app, listening, ready)
    if listening.reload:
        _run_reloading(server, listener)
    else:
        server.run(sockets=[listener])


def _run_reloading(server: Server, listener: socket.socket) -> None:
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
        _write(f"{changed[0].name} changed, starting anew")
        start_anew()


def logger_of(listening: Listening) -> Callable[[Exchange], None] | None:
    """What writes a line for each exchange, or None."""
    if listening.log is None:
        logging.disable(logging.ERROR)
        return None
    if listening.log == "json":
        return lambda exchange: _write(json_line(exchange))
    return lambda exchange: _write(text_line(exchange, listening.color))


def _write(line: str) -> None:
    sys.stderr.write(f"{line}\n")

"""The flags of the commands that run a server: serve, proxy, replay."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from understudy.cli.options import add_options, option, setting_option, use_color
from understudy.server.http_server import Listening

SERVER_OPTIONS = (
    option(
        "-p",
        "--port",
        type=click.IntRange(0, 65535),
        default=Listening.port,
        help="Port to listen on; 0 for any free port.",
    ),
    option("-H", "--host", default=Listening.host, help="Address to listen on."),
    option(
        "--port-file",
        type=click.Path(path_type=Path),
        help="File to write the port to once the server is ready.",
    ),
    setting_option("admin_token"),
    option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="Format of the log on standard error, one line for each exchange.",
    ),
    option("--quiet", is_flag=True, help="No banner and no log of exchanges."),
    option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same)."),
)


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the server's flags; the command is called with `listening` and `admin_token`."""

    @wraps(command)
    def called(
        *args: Any,
        host: str,
        port: int,
        port_file: Path | None,
        log_format: str,
        quiet: bool,
        no_color: bool,
        **others: Any,
    ) -> Any:
        listening = Listening(
            host,
            port,
            port_file,
            log=None if quiet else log_format,
            color=use_color(no_color, sys.stderr),
        )
        return command(*args, listening=listening, **others)

    return add_options(called, SERVER_OPTIONS)

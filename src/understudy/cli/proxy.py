"""The command `understudy proxy`: a proxy that runs until it is stopped, and its recording."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.cli.options import option
from understudy.core.errors import StartError
from understudy.core.settings import DEFAULT_BODY_LIMIT, Settings

if TYPE_CHECKING:
    from understudy.engine.exchange_recorder import Log
    from understudy.proxy.options import ProxyOptions
    from understudy.proxy.recorder import ProxyRecorder
    from understudy.server.app import App

# Seconds that somebody may want to wait for a reply.
MOST_TIMEOUT = 86_400


@click.command()
@click.argument("vendor")
@option("--upstream", required=True, metavar="URL", help="The real vendor's origin.")
@option("-p", "--port", type=click.IntRange(0, 65535), default=4010, help="0: any free port.")
@option("-H", "--host", default="127.0.0.1", help="Address to listen on.")
@option("--port-file", type=click.Path(path_type=Path), help="Write the port here when ready.")
@option("--errors", is_flag=True, help="Answer 422 or 502 where something differs.")
@option("--read-only", is_flag=True, help="Let only GET, HEAD and OPTIONS pass.")
@option(
    "--timeout",
    type=click.FloatRange(0, MOST_TIMEOUT, min_open=True),
    default=30.0,
    help="Seconds for a whole reply.",
)
@option("--response-limit", type=click.IntRange(1), default=10_485_760, help="In bytes.")
@option("--body-limit", type=click.IntRange(1), default=DEFAULT_BODY_LIMIT, help="In bytes.")
@option("--out", type=click.Path(path_type=Path), help="Write a recording here at the end.")
@option("--format", "format_name", default=None, help="Of the recording; told by --out, else json.")
@option("--admin-token", default="", help="What /__admin demands; made up beyond loopback.")
@option("--log-format", type=click.Choice(["text", "json"]), default="text", help="On stderr.")
@option("--quiet", is_flag=True, help="No banner, no log.")
@option("--no-color", is_flag=True, help="Plain text (NO_COLOR does the same).")
def proxy(
    vendor: str,
    upstream: str,
    port: int,
    host: str,
    port_file: Path | None,
    out: Path | None,
    format_name: str | None,
    body_limit: int,
    admin_token: str,
    log_format: str,
    quiet: bool,
    no_color: bool,
    **terms: Any,
) -> None:
    """Pass requests to the real VENDOR; tell where they and the replies break its document."""
    from understudy.proxy.options import ProxyOptions
    from understudy.server.http_server import Listening, run

    color = not (no_color or os.environ.get("NO_COLOR")) and sys.stderr.isatty()
    log = None if quiet else log_format
    settings = Settings(vendors=(vendor,), body_limit=body_limit, admin_token=admin_token)
    told = Proxying(vendor, upstream, ProxyOptions(**terms), _tape(vendor, out, format_name), port)
    with _written(told, settings, quiet):
        run(settings, Listening(host, port, port_file, log=log, color=color), told.make, told.say)


@dataclass(frozen=True)
class Proxying:
    """What the command was told to do."""

    vendor: str
    upstream: str
    terms: ProxyOptions
    tape: ProxyRecorder | None
    port: int

    def make(self, settings: Settings, log: Log | None) -> App:
        """The proxy as an app.

        Raises:
            StartError: when the upstream cannot be used, or is this proxy itself.
        """
        from understudy.core.hosts import is_loopback
        from understudy.proxy.app import make_proxy_app
        from understudy.proxy.upstream import parse_upstream

        origin = parse_upstream(self.upstream).origin
        if is_loopback(origin.host) and origin.port == self.port:
            raise StartError(f"--upstream {origin}: the proxy would ask itself; take another port")
        noted = log if self.tape is None else self.tape.log(log)
        return make_proxy_app(self.vendor, self.upstream, self.terms, settings, noted)

    def say(self, app: App, url: str) -> str:
        """What people are told when the proxy is ready."""
        from understudy.core.version import __version__

        service = app.services[self.vendor]
        recorded = f", recorded to {self.tape.file} at the end" if self.tape is not None else ""
        return (
            f"understudy {__version__} is ready on {url} and asks {self.upstream}{recorded}\n"
            f"{service.vendor.title} also stands at {url}{service.prefix}; what differs from its "
            f"document is told in X-Understudy-Diagnosis and at {url}/__admin/requests/find"
        )


def _tape(vendor: str, out: Path | None, format_name: str | None) -> ProxyRecorder | None:
    from understudy.engine.registry import open_services
    from understudy.proxy.recorder import ProxyRecorder

    if out is None and format_name is not None:
        raise StartError("--format says how a recording is written; say where with --out")
    return None if out is None else ProxyRecorder(out, format_name, open_services([vendor]))


@contextmanager
def _written(told: Proxying, settings: Settings, quiet: bool) -> Iterator[None]:
    """Write the recording in the end, whatever the end was."""
    begun = True
    try:
        yield
    except KeyboardInterrupt:
        pass
    except StartError:
        # What stands in the file is from an earlier time.
        begun = False
        raise
    finally:
        if begun:
            _write(told, settings, quiet)


def _write(told: Proxying, settings: Settings, quiet: bool) -> None:
    if told.tape is None:
        return
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        # Whoever is in a hurry must not end up with half a file.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    from understudy.core.terminal import format_count

    count = told.tape.write(replace(settings, vendors=()), f"{told.vendor}, through the proxy")
    if not quiet:
        what = format_count(count, "exchange")
        click.echo(f"wrote {told.tape.file} ({what})", err=True)

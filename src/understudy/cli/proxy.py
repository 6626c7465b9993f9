"""The command `understudy proxy`: a proxy that runs until it is stopped, and its recording."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from understudy.cli.options import option, setting_option
from understudy.cli.server_options import server_options
from understudy.core.errors import StartError
from understudy.core.hosts import is_this_machine
from understudy.core.settings import Settings
from understudy.core.terminal import format_count
from understudy.core.version import __version__
from understudy.engine.exchange_recorder import Log
from understudy.engine.registry import open_services
from understudy.proxy.app import make_proxy_app
from understudy.proxy.options import DEFAULT_RESPONSE_LIMIT, DEFAULT_TIMEOUT, ProxyOptions
from understudy.proxy.recorder import ProxyRecorder
from understudy.proxy.upstream import parse_upstream
from understudy.server.app import App
from understudy.server.http_server import Listening, run

# Seconds.
MAX_TIMEOUT = 86_400


@click.command()
@click.argument("vendor")
@option("--upstream", required=True, metavar="URL", help="Base URL of the real vendor.")
@option("--errors", is_flag=True, help="Answer 422 or 502 where something differs.")
@option("--read-only", is_flag=True, help="Pass only GET, HEAD and OPTIONS.")
@option(
    "--timeout",
    type=click.FloatRange(0, MAX_TIMEOUT, min_open=True),
    default=DEFAULT_TIMEOUT,
    help="Seconds that the vendor may take for a whole reply.",
)
@option(
    "--response-limit",
    type=click.IntRange(1),
    default=DEFAULT_RESPONSE_LIMIT,
    help="Largest reply, in bytes.",
)
@setting_option("body_limit")
@option("--out", type=click.Path(path_type=Path), help="File or folder to write a recording to.")
@option(
    "--format",
    "format_name",
    default=None,
    metavar="NAME",
    help="Format of the recording; by default the one of --out's suffix, else json.",
)
@server_options
def proxy(
    vendor: str,
    upstream: str,
    out: Path | None,
    format_name: str | None,
    body_limit: int,
    listening: Listening,
    admin_token: str,
    **options: Any,
) -> None:
    """Pass requests to a real vendor and report differences from its document.

    Differences of requests and replies are in the header X-Understudy-Diagnosis, in the log and in
    the journal; with --out, the exchanges are recorded.
    """
    recorder = _make_recorder(vendor, out, format_name)
    settings = Settings(vendors=(vendor,), body_limit=body_limit, admin_token=admin_token)
    job = ProxyJob(vendor, upstream, ProxyOptions(**options), recorder, listening)
    with _write_at_end(job, settings):
        run(settings, listening, job.make, job.announce)


@dataclass(frozen=True)
class ProxyJob:
    """One run of the command."""

    vendor: str
    upstream: str
    options: ProxyOptions
    recorder: ProxyRecorder | None
    listening: Listening

    def make(self, settings: Settings, log: Log | None) -> App:
        """The proxy as an app.

        Raises:
            StartError: when the upstream cannot be used, or is this proxy itself.
        """
        origin = parse_upstream(self.upstream).origin
        if is_this_machine(origin.host) and origin.port == self.listening.port:
            raise StartError(
                f"--upstream {origin}: the proxy would call itself; choose another --port"
            )
        if self.recorder is not None:
            log = self.recorder.log(log)
        return make_proxy_app(self.vendor, self.upstream, self.options, settings, log)

    def announce(self, app: App, url: str) -> str:
        """The banner."""
        service = app.services[self.vendor]
        recording = f" and records to {self.recorder.file}" if self.recorder is not None else ""
        return (
            f"understudy {__version__} is ready on {url}, passes requests to {self.upstream}"
            f"{recording}\n{service.vendor.title} is also at {url}{service.prefix}; differences "
            f"from its document are in X-Understudy-Diagnosis and at {url}/__admin/requests/find"
        )


def _make_recorder(vendor: str, out: Path | None, format_name: str | None) -> ProxyRecorder | None:
    if out is None and format_name is not None:
        raise StartError("--format is for a recording; name its file with --out")
    return None if out is None else ProxyRecorder(out, format_name, open_services([vendor]))


@contextmanager
def _write_at_end(job: ProxyJob, settings: Settings) -> Iterator[None]:
    """Write the recording in the end, however the proxy ended."""
    started = True
    try:
        yield
    except KeyboardInterrupt:
        pass
    except StartError:
        # An earlier recording in the file must stay.
        started = False
        raise
    finally:
        if started and job.recorder is not None:
            _write(job, job.recorder, settings)


def _write(job: ProxyJob, recorder: ProxyRecorder, settings: Settings) -> None:
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        # A second signal must not leave half a file.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    count = recorder.write(replace(settings, vendors=()), f"{job.vendor}, through the proxy")
    if job.listening.log is not None:
        click.echo(f"wrote {recorder.file} ({format_count(count, 'exchange')})", err=True)

"""Commands that check a running API against a document: verify, check."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import httpx

from understudy.cli.options import Command, add_options, option, setting_option, use_color
from understudy.core.base_url import parse_base_url
from understudy.core.errors import StartError
from understudy.core.output_files import require_writable, unwritable
from understudy.engine.registry import open_services
from understudy.service.service import Service
from understudy.verify.findings import Outcome
from understudy.verify.fuzz import FuzzOptions, require_schemathesis
from understudy.verify.in_process import open_in_process
from understudy.verify.junit import render_junit
from understudy.verify.report import render
from understudy.verify.run import Plan, read_recordings
from understudy.verify.run import verify as run_plan
from understudy.verify.transport import Access, Sender, UnreachableError

# Compressions with which a small reply cannot unpack to a very large one.
CLIENT_HEADERS = {"user-agent": "understudy verify", "accept-encoding": "gzip, deflate"}
# Seconds; a connection that is kept for longer may be closed by the server as it is used.
KEEPALIVE = 1.0
INTERRUPTED = 130


class Header(click.ParamType):  # type: ignore[type-arg]  # none before click 8.4
    """`NAME:VALUE`."""

    name = "NAME:VALUE"
    # In the environment each header is on a line of its own: values have spaces.
    envvar_list_splitter = "\n"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, colon, text = str(value).partition(":")
        if not colon or not name.strip().isascii() or not name.strip():
            self.fail(f'"{value}" is not a header such as "X-Tenant: acme"')
        return name.strip(), text.strip()


RUN_OPTIONS = (
    option(
        "--max-examples",
        type=click.IntRange(0),
        default=50,
        help="Requests to generate for each operation.",
    ),
    setting_option("seed", help="Number from which generated requests are derived."),
    option(
        "--recordings",
        type=click.Path(path_type=Path, exists=True),
        multiple=True,
        help="File or folder of recordings to send again (repeatable; default: the shipped ones).",
    ),
    option("--compare", is_flag=True, help="Report differences from recordings as findings."),
    option("--junit", type=click.Path(path_type=Path), help="File to write as JUnit XML."),
    option(
        "--timeout",
        type=click.FloatRange(0, min_open=True),
        default=10.0,
        help="Seconds to wait for a reply.",
    ),
    option("--quiet", is_flag=True, help="Print only findings and totals."),
    option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same)."),
)


@dataclass(frozen=True)
class RunOptions:
    """The options that both commands have."""

    max_examples: int
    seed: int
    recordings: tuple[Path, ...]
    compare: bool
    junit: Path | None
    timeout: float
    quiet: bool
    no_color: bool

    @property
    def fuzzing(self) -> FuzzOptions:
        return FuzzOptions(self.max_examples, self.seed)


def run_options(command: Command) -> Command:
    """Add the flags that both commands have."""
    return add_options(command, RUN_OPTIONS)


@click.command()
@click.argument("vendor")
@option(
    "--base-url", required=True, metavar="URL", help="URL of the API, without the vendor's paths."
)
@option(
    "--credential",
    default=None,
    help="Credential to send; by default that of the seed world's default account.",
)
@option(
    "--header",
    "headers",
    type=Header(),
    multiple=True,
    help="Header to send with every request (repeatable).",
)
@option("--allow-writes", is_flag=True, help="Send methods other than GET and HEAD, too.")
@option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=None,
    help="Most requests to send per second.",
)
@run_options
def verify(
    vendor: str,
    base_url: str,
    credential: str | None,
    headers: tuple[tuple[str, str], ...],
    allow_writes: bool,
    rate: float | None,
    **options: Any,
) -> int:
    """Check a running API against its vendor's document.

    Exit codes: 0 when it conforms, 1 when it does not, 2 when it could not be verified, 130 when
    interrupted.
    """
    chosen = RunOptions(**options)
    (service,) = open_services([vendor])
    require_schemathesis()
    url = parse_base_url(base_url, "--base-url", "http://127.0.0.1:4010/sent").text
    _require_junit(chosen)
    access = replace(_access(service, credential), extra=headers, writes=allow_writes, rate=rate)
    limits = httpx.Limits(keepalive_expiry=KEEPALIVE)
    # Proxies and passwords of the environment must not change what is sent.
    with httpx.Client(
        timeout=chosen.timeout, headers=CLIENT_HEADERS, limits=limits, trust_env=False
    ) as http:
        outcome = _verify_api(service, Sender(http, url, access), credential is None, chosen)
    return _report([outcome], chosen)


@click.command()
@click.argument("vendors", nargs=-1, metavar="[VENDOR]...")
@run_options
def check(vendors: tuple[str, ...], **options: Any) -> int:
    """Check this mock itself against the vendors' documents.

    Writes are included, and no server is started. Exit codes: 0 when the mock conforms, 1 when it
    does not, 2 when it could not be verified, 130 when interrupted.
    """
    chosen = RunOptions(**options)
    services = open_services(vendors)
    require_schemathesis()
    _require_junit(chosen)
    outcomes: list[Outcome] = []
    for service in services:
        outcomes.append(_check_mock(service, chosen))
        if outcomes[-1].interrupted:
            break
    return _report(outcomes, chosen)


def _access(service: Service, credential: str | None) -> Access:
    default = service.accounts.default.credential if service.accounts is not None else ""
    return Access(service.document.security.first, default if credential is None else credential)


def _require_junit(options: RunOptions) -> None:
    if options.junit is not None:
        require_writable("--junit", options.junit)


def _verify_api(
    service: Service, sender: Sender, default_credential: bool, options: RunOptions
) -> Outcome:
    recordings = read_recordings(options.recordings, service)
    try:
        sender.reach()
        understudy = sender.is_understudy()
        return run_plan(
            Plan(
                service=service,
                sender=sender,
                fuzzing=options.fuzzing,
                recordings=recordings,
                understudy=understudy,
                own_accounts=understudy and default_credential,
                compare=options.compare,
            )
        )
    except UnreachableError as error:
        raise StartError(str(error)) from error


def _check_mock(service: Service, options: RunOptions) -> Outcome:
    access = replace(_access(service, None), writes=True)
    with open_in_process(service, access, options.timeout) as mock:
        return run_plan(
            Plan(
                service=service,
                sender=mock.sender(),
                fuzzing=options.fuzzing,
                recordings=read_recordings(options.recordings, service),
                understudy=True,
                own_accounts=True,
                compare=options.compare,
                place=mock.place,
            )
        )


def _report(outcomes: Sequence[Outcome], options: RunOptions) -> int:
    """Print the report and write the file; the exit code."""
    color = use_color(options.no_color, sys.stdout)
    click.echo("\n\n".join(render(each, color, options.quiet) for each in outcomes))
    if options.junit is not None:
        try:
            options.junit.write_bytes(render_junit(outcomes))
        except OSError as error:
            raise unwritable("--junit", options.junit, error) from error
    return _exit_code(outcomes)


def _exit_code(outcomes: Sequence[Outcome]) -> int:
    """The exit code.

    Raises:
        StartError: when nothing was verified.
    """
    if any(each.interrupted for each in outcomes):
        return INTERRUPTED
    inconclusive = next((each.inconclusive for each in outcomes if each.inconclusive), "")
    if inconclusive:
        raise StartError(inconclusive)
    return 1 if any(len(each.findings) for each in outcomes) else 0

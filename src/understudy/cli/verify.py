"""Commands that hold a running API against a document: verify, check."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from understudy.cli.options import option
from understudy.core.errors import StartError

if TYPE_CHECKING:
    from understudy.service.service import Service
    from understudy.verify.findings import Outcome
    from understudy.verify.transport import Access

# Encodings that cannot hide very much in very little.
AGENT = {"user-agent": "understudy verify", "accept-encoding": "gzip, deflate"}
KEPT_RECORDINGS = 1.0
INTERRUPTED = 130
Command = TypeVar("Command", bound=Callable[..., Any])


class Header(click.ParamType):  # type: ignore[type-arg]  # none before click 8.4
    """`NAME:VALUE`."""

    name = "NAME:VALUE"
    # In the environment each stands in a line of its own: values have spaces.
    envvar_list_splitter = "\n"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, colon, text = str(value).partition(":")
        if not colon or not name.strip().isascii() or not name.strip():
            self.fail(f'"{value}" is no header such as "X-Tenant: acme"')
        return name.strip(), text.strip()


SHARED = (
    option("--max-examples", type=click.IntRange(0), default=50, help="Made up per operation."),
    option("--seed", type=int, default=0, help="What requests derive from."),
    option(
        "--recordings",
        type=click.Path(path_type=Path, exists=True),
        multiple=True,
        help="File or folder of recordings to send again (repeatable; default: the shipped ones).",
    ),
    option("--compare", is_flag=True, help="What differs from a recording is a finding, too."),
    option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML here."),
    option(
        "--timeout",
        type=click.FloatRange(0, min_open=True),
        default=10.0,
        help="Seconds to wait for a reply.",
    ),
    option("--quiet", is_flag=True, help="Only findings and totals."),
    option("--no-color", is_flag=True, help="Plain text (NO_COLOR does the same)."),
)


def shared(command: Command) -> Command:
    """The flags that both commands have."""
    return reduce(lambda decorated, flag: flag(decorated), reversed(SHARED), command)


@click.command()
@click.argument("vendor")
@option("--base-url", required=True, help="Where the API stands: what precedes the vendor's path.")
@option("--credential", default=None, help="As whom; default: the seed world's default account.")
@option("--header", "headers", type=Header(), multiple=True, help="Sent with all (repeatable).")
@option("--allow-writes", is_flag=True, help="Send more than GET and HEAD.")
@option(
    "--rate", type=click.FloatRange(0, min_open=True), default=None, help="Requests per second."
)
@shared
def verify(
    vendor: str,
    base_url: str,
    credential: str | None,
    headers: tuple[tuple[str, str], ...],
    allow_writes: bool,
    rate: float | None,
    timeout: float,
    **chosen: Any,
) -> int:
    """Hold the API of VENDOR that runs at a base URL against the vendor's document.

    Exit codes: 0 when it conforms, 1 when it does not, 2 when it could not be verified, 130 when
    interrupted.
    """
    from dataclasses import replace

    import httpx

    from understudy.engine.registry import open_services
    from understudy.verify.fuzz import require_schemathesis
    from understudy.verify.target import read_base_url
    from understudy.verify.transport import Sender

    (service,) = open_services([vendor])
    require_schemathesis()
    base_url = read_base_url(base_url)
    _require_junit(chosen)
    access = replace(_access(service, credential), extra=headers, writes=allow_writes, rate=rate)
    # Neither proxies nor passwords of the environment have a say: what is given is what is sent.
    # A connection that is kept for long may be closed just when it is used.
    limits = httpx.Limits(keepalive_expiry=KEPT_RECORDINGS)
    with httpx.Client(timeout=timeout, headers=AGENT, limits=limits, trust_env=False) as http:
        sender = Sender(http, base_url, access)
        outcome = _verified(service, sender, credential is None, chosen)
    return _tell([outcome], **_telling(chosen))


@click.command()
@click.argument("vendors", nargs=-1, metavar="[VENDOR]...")
@shared
def check(vendors: tuple[str, ...], timeout: float, **chosen: Any) -> int:
    """Hold this mock itself against the vendors' documents, writes included, without a server.

    Exit codes: 0 when it conforms, 1 when it does not, 2 when it could not be verified, 130 when
    interrupted.
    """
    from understudy.engine.registry import open_services
    from understudy.verify.fuzz import require_schemathesis

    services = open_services(vendors)
    require_schemathesis()
    _require_junit(chosen)
    outcomes: list[Outcome] = []
    for service in services:
        outcomes.append(_checked_itself(service, timeout, chosen))
        if outcomes[-1].interrupted:
            break
    return _tell(outcomes, **_telling(chosen))


def _access(service: Service, credential: str | None) -> Access:
    from understudy.openapi.security import credential_header
    from understudy.verify.transport import Access

    header, before = credential_header(service.document)
    usual = service.accounts.default.credential if service.accounts is not None else ""
    return Access(header, before, usual if credential is None else credential)


def _require_junit(chosen: dict[str, Any]) -> None:
    from understudy.verify.target import require_writable

    if chosen["junit"] is not None:
        require_writable(chosen["junit"])


def _verified(
    service: Service, sender: Any, usual_credential: bool, chosen: dict[str, Any]
) -> Outcome:
    from understudy.verify.fuzz import FuzzOptions
    from understudy.verify.run import Plan, read_recordings, verify
    from understudy.verify.transport import UnreachableError

    recordings = read_recordings(chosen["recordings"], service)
    try:
        sender.reach()
        understudy = sender.is_understudy()
        return verify(
            Plan(
                service=service,
                sender=sender,
                fuzzing=FuzzOptions(chosen["max_examples"], chosen["seed"]),
                recordings=recordings,
                understudy=understudy,
                own_accounts=understudy and usual_credential,
                compare=chosen["compare"],
            )
        )
    except UnreachableError as error:
        raise StartError(str(error)) from error


def _checked_itself(service: Service, timeout: float, chosen: dict[str, Any]) -> Outcome:
    from dataclasses import replace

    from understudy.verify.fuzz import FuzzOptions
    from understudy.verify.in_process import open_in_process
    from understudy.verify.run import Plan, read_recordings, verify

    access = replace(_access(service, None), writes=True)
    with open_in_process(service, access, timeout) as mock:
        return verify(
            Plan(
                service=service,
                sender=mock.sender(),
                fuzzing=FuzzOptions(chosen["max_examples"], chosen["seed"]),
                recordings=read_recordings(chosen["recordings"], service),
                understudy=True,
                own_accounts=True,
                compare=chosen["compare"],
                place=mock.place,
            )
        )


def _telling(chosen: dict[str, Any]) -> dict[str, Any]:
    return {name: chosen[name] for name in ("junit", "quiet", "no_color")}


def _tell(outcomes: Sequence[Outcome], junit: Path | None, quiet: bool, no_color: bool) -> int:
    """Print the report and write the file; the exit code."""
    from understudy.verify.junit import render_junit as as_junit
    from understudy.verify.report import render
    from understudy.verify.target import unwritable

    color = not (no_color or os.environ.get("NO_COLOR")) and sys.stdout.isatty()
    click.echo("\n\n".join(render(each, color, quiet) for each in outcomes))
    if junit is not None:
        try:
            junit.write_bytes(as_junit(outcomes))
        except OSError as error:
            raise unwritable(junit, error) from error
    return _exit_code(outcomes)


def _exit_code(outcomes: Sequence[Outcome]) -> int:
    """The exit code.

    Raises:
        StartError: when nothing was verified.
    """
    if any(each.interrupted for each in outcomes):
        return INTERRUPTED
    void = next((each.void for each in outcomes if each.void), "")
    if void:
        raise StartError(void)
    return 1 if any(len(each.findings) for each in outcomes) else 0

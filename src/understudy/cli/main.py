"""The command line: its group, and the commands that are about the mock itself."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from understudy.cli.options import Instant, Pace, option
from understudy.cli.proxy import proxy
from understudy.cli.recording import export, record, replay
from understudy.cli.verify import check, verify
from understudy.core.errors import StartError
from understudy.core.settings import DEFAULT_BODY_LIMIT, DEFAULT_SNAPSHOT_LIMIT, Settings
from understudy.core.version import __version__

USAGE = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit codes: 0 fine, 1 findings, 2 usage or document error."""
    try:
        status = commands.main(arguments, prog_name="understudy", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        sys.exit(USAGE)
    except click.ClickException as error:
        _stop(error.format_message())
    except StartError as error:
        _stop(str(error))
    sys.exit(status if isinstance(status, int) else 0)


def _stop(reason: str) -> None:
    click.echo(f"understudy: {reason}", err=True)
    sys.exit(USAGE)


def read_defaults(folder: Path) -> dict[str, Any]:
    """The settings in `[tool.understudy]` of a folder's pyproject.toml, by flag name.

    Raises:
        StartError: when the file is not TOML, or names what no flag does.
    """
    file = folder / "pyproject.toml"
    try:
        table = tomllib.loads(file.read_text()).get("tool", {}).get("understudy", {})
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartError(f"{file} cannot be read: {error}") from error
    if not isinstance(table, dict):
        raise StartError(f"{file}: tool.understudy is no table; write [tool.understudy]")
    flags = {option.removeprefix("--"): each for each in serve.params for option in each.opts}
    defaults = {}
    for name, value in table.items():
        if len(name) == 1 or name not in flags:
            raise StartError(
                f"{file}: [tool.understudy] has no key {name}; see understudy serve -h"
            )
        defaults[str(flags[name].name)] = _as_typed(value)
    return defaults


def _as_typed(value: Any) -> Any:
    """A TOML value as it would be typed behind its flag, so that it is checked the same way."""
    if isinstance(value, list):
        return [str(each) for each in value]
    return value if isinstance(value, bool) else str(value)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="understudy %(version)s")
@click.pass_context
def commands(context: click.Context) -> None:
    """A stateful mock of messaging vendors' campaign APIs, driven by their OpenAPI documents."""
    if context.invoked_subcommand == "serve":
        context.default_map = {"serve": read_defaults(Path.cwd())}


@commands.command()
@option("-p", "--port", type=click.IntRange(0, 65535), default=4010, help="0: any free port.")
@option("-H", "--host", default="127.0.0.1", help="Address to listen on.")
@option("--port-file", type=click.Path(path_type=Path), help="Write the port here when ready.")
@option("--vendor", "vendors", multiple=True, help="Serve only this one (repeatable).")
@option("--seed", type=int, default=0, help="What ids and example data derive from.")
@option(
    "--clock",
    type=Instant(),
    default="real",
    metavar="real|TIME",
    help="Sessions stand still at TIME.",
)
@option(
    "--pace",
    type=Pace(),
    default="1",
    metavar="FACTOR|manual",
    help="Scales delays; 0: at once.",
)
@option("--auth", type=click.Choice(["strict", "any"]), default="strict", help="Which keys count.")
@option("--static", is_flag=True, help="No state: answer with the documented examples.")
@option("--rate-limits", is_flag=True, help="Refuse what exceeds the documented limits.")
@option("--max-sessions", type=click.IntRange(1), default=10_000, help="Least used one goes first.")
@option("--journal-size", type=click.IntRange(0), default=1_000, help="Exchanges kept per session.")
@option("--body-limit", type=click.IntRange(1), default=DEFAULT_BODY_LIMIT, help="In bytes.")
@option(
    "--snapshot-limit", type=click.IntRange(1), default=DEFAULT_SNAPSHOT_LIMIT, help="In bytes."
)
@option("--admin-token", default="", help="What /__admin demands; made up beyond loopback.")
@option("--webhook-host", "webhook_hosts", multiple=True, help="May receive deliveries, too.")
@option("--reload", is_flag=True, help="Start anew when documents or sources change.")
@option("--log-format", type=click.Choice(["text", "json"]), default="text", help="On stderr.")
@option("--quiet", is_flag=True, help="No banner, no log.")
@option("--no-color", is_flag=True, help="Plain text (NO_COLOR does the same).")
def serve(
    port: int,
    host: str,
    port_file: Path | None,
    reload: bool,
    log_format: str,
    quiet: bool,
    no_color: bool,
    **chosen: Any,
) -> None:
    """Serve the vendors until Ctrl-C."""
    from understudy.server.http_server import Listening, run

    settings = Settings(
        **{**chosen, "webhook_hosts": frozenset(chosen["webhook_hosts"])},
    )
    color = not (no_color or os.environ.get("NO_COLOR")) and sys.stderr.isatty()
    log = None if quiet else log_format
    run(settings, Listening(host, port, port_file, reload, log, color))


@commands.command()
@click.argument("name", required=False)
def vendors(name: str | None) -> None:
    """List the vendors, or one vendor's operations, responses and keys."""
    from understudy.engine.registry import open_services
    from understudy.server.banner import describe_service, list_services

    services = open_services([name] if name else [])
    click.echo(describe_service(services[0]) if name else list_services(services))


@commands.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def lint(files: tuple[Path, ...]) -> int:
    """Check documents (the project's own, or FILES): specification, examples, fidelity."""
    from understudy.engine.registry import own_documents
    from understudy.openapi.lint import lint_file

    findings = 0
    checked = files or own_documents()
    for file in checked:
        for finding in lint_file(file):
            findings += 1
            click.echo(f"{file.name}: {finding}")
    click.echo(f"{len(checked)} documents, {findings} findings")
    return 1 if findings else 0


@commands.command()
@click.argument("code", required=False)
@option("--vendor", "names", multiple=True, help="Only what this one says (repeatable).")
def explain(code: str | None, names: tuple[str, ...]) -> None:
    """Say what an error's CODE means and how to satisfy its rule, or list all codes."""
    from understudy.cli import explain as explaining
    from understudy.core.terminal import format_table
    from understudy.engine.registry import open_services

    services = open_services(names)
    if code is None:
        click.echo(format_table(explaining.rows(services)))
    else:
        click.echo(explaining.render(explaining.explain(services, code)))


@commands.command()
@click.argument("name")
def new(name: str) -> None:
    """Write an empty vendor package NAME into the checkout in the current folder."""
    from understudy.cli.scaffold import write_vendor_package

    here = Path.cwd()
    for file in write_vendor_package(name, here):
        click.echo(f"wrote {file.relative_to(here)}")
    click.echo("next: describe the vendor in the document, then write its rules and handlers")


for command in (record, export, replay, proxy, verify, check):
    commands.add_command(command)


@commands.command()
def version() -> None:
    """Print the version."""
    click.echo(f"understudy {__version__}")

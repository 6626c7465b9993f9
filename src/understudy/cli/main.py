"""The command line: its group of commands, and how it ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from understudy.cli.lazy_group import LazyCommand, LazyGroup
from understudy.core.errors import StartError
from understudy.core.version import __version__

USAGE_ERROR = 2
INTERRUPTED = 130

COMMANDS = {
    "serve": LazyCommand("understudy.cli.serve:serve", "Serve the vendors until Ctrl-C."),
    "vendors": LazyCommand(
        "understudy.cli.documents:vendors",
        "List the vendors, or one vendor's operations, responses and keys.",
    ),
    "lint": LazyCommand(
        "understudy.cli.documents:lint",
        "Check documents: specification, examples, fidelity.",
    ),
    "explain": LazyCommand(
        "understudy.cli.documents:explain",
        "Explain an error code and how to avoid the error, or list all codes.",
    ),
    "record": LazyCommand(
        "understudy.cli.recording:record", "Record scenarios, or the requests of a command."
    ),
    "export": LazyCommand("understudy.cli.recording:export", "Write recordings in another format."),
    "replay": LazyCommand(
        "understudy.cli.recording:replay", "Serve recordings, or compare them with the mock."
    ),
    "proxy": LazyCommand(
        "understudy.cli.proxy:proxy",
        "Pass requests to a real vendor and report differences from its document.",
    ),
    "verify": LazyCommand(
        "understudy.cli.verify:verify", "Check a running API against its vendor's document."
    ),
    "check": LazyCommand(
        "understudy.cli.verify:check", "Check this mock itself against the vendors' documents."
    ),
    "new": LazyCommand(
        "understudy.cli.scaffold:new", "Write an empty vendor package into a checkout."
    ),
    "version": LazyCommand("understudy.cli.main:version", "Print the version."),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit codes: 0 fine, 1 findings, 2 usage or document error."""
    try:
        status = commands.main(arguments, prog_name="understudy", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        sys.exit(USAGE_ERROR)
    except click.ClickException as error:
        _stop(error.format_message())
    except StartError as error:
        _stop(str(error))
    sys.exit(status if isinstance(status, int) else 0)


def _stop(reason: str) -> None:
    click.echo(f"understudy: {reason}", err=True)
    sys.exit(USAGE_ERROR)


@click.group(
    cls=LazyGroup,
    lazy_commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="understudy %(version)s")
def commands() -> None:
    """A stateful mock of messaging vendors' campaign APIs, driven by their OpenAPI documents."""


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"understudy {__version__}")

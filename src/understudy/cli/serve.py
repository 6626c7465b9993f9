"""The command `understudy serve`, and the settings in pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from understudy.cli.options import option, setting_option
from understudy.cli.server_options import server_options
from understudy.core.errors import StartError
from understudy.core.settings import Settings
from understudy.core.settings_parsing import require_known
from understudy.server.http_server import Listening, run


class ProjectCommand(click.Command):
    """A command whose flags have defaults in `[tool.understudy]` of the current folder."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.default_map = read_defaults(Path.cwd(), self)
        return super().parse_args(ctx, args)


def read_defaults(folder: Path, command: click.Command) -> dict[str, Any]:
    """The settings in `[tool.understudy]` of a folder's pyproject.toml, by parameter.

    Args:
        command: the one whose flags may be set; a key is a flag without its dashes.

    Raises:
        StartError: when the file is not TOML, or has an unknown key.
    """
    file = folder / "pyproject.toml"
    try:
        table = tomllib.loads(file.read_text()).get("tool", {}).get("understudy", {})
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartError(f"{file} cannot be read: {error}") from error
    if not isinstance(table, dict):
        raise StartError(f"{file}: tool.understudy is not a table; write [tool.understudy]")
    names = {
        flag.removeprefix("--"): str(parameter.name)
        for parameter in command.params
        for flag in parameter.opts
        if flag.startswith("--")
    }
    try:
        require_known("setting", table, names)
    except ValueError as error:
        raise StartError(f"{file}: [tool.understudy]: {error}") from None
    return {names[key]: _to_flag_value(value) for key, value in table.items()}


def _to_flag_value(value: Any) -> Any:
    """A TOML value as it would be typed after its flag, so that it is checked the same way."""
    if isinstance(value, list):
        return [str(each) for each in value]
    return value if isinstance(value, bool) else str(value)


@click.command(cls=ProjectCommand)
@setting_option("vendors")
@setting_option("seed")
@setting_option("clock")
@setting_option("pace")
@setting_option("auth")
@setting_option("static")
@setting_option("rate_limits")
@setting_option("max_sessions")
@setting_option("journal_size")
@setting_option("body_limit")
@setting_option("snapshot_limit")
@setting_option("webhook_hosts")
@option(
    "--reload", is_flag=True, help="Restart when a document, a seed world or a source file changes."
)
@server_options
def serve(listening: Listening, reload: bool, **settings: Any) -> None:
    """Serve the vendors until Ctrl-C."""
    run(Settings(**settings), replace(listening, reload=reload))

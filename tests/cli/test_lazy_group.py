"""The group of commands: fast to start, and its help is that of the commands."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from understudy.cli.main import COMMANDS, commands


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_the_group_is_that_of_the_command(name: str) -> None:
    """The line that is shown without importing the command is the command's own."""
    command = commands.get_command(click.Context(commands), name)

    assert command is not None and command.name == name
    assert command.get_short_help_str(limit=200) == COMMANDS[name].help


@pytest.mark.parametrize("arguments", [["version"], ["--help"], ["--version"]])
def test_what_serves_nothing_imports_no_server(arguments: list[str]) -> None:
    """Neither the version nor the help waits for the mock."""
    code = (
        "import sys; from understudy.cli.main import main\n"
        f"try: main({arguments})\n"
        "except SystemExit: pass\n"
        "heavy = {'httpx', 'faker', 'connexion', 'starlette', 'uvicorn', 'orjson', 'watchfiles'}\n"
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr)"
    )

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert shown.stderr == "[]\n"

"""Flags of the command line: each has an environment variable; their types say what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from understudy.core.clock import parse_instant
from understudy.core.settings_parsing import MAX_PACE

Command = TypeVar("Command", bound=Callable[..., Any])


class Instant(click.ParamType):  # type: ignore[type-arg]  # none before click 8.4
    """`real`, or an RFC 3339 time."""

    name = "real|TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value is None or isinstance(value, int) or value == "real":
            return None if value == "real" else value
        try:
            return parse_instant(str(value))
        except ValueError:
            self.fail(f'"{value}" is neither "real" nor a time such as 2026-03-11T21:50:50Z')


class Pace(click.ParamType):  # type: ignore[type-arg]  # none before click 8.4
    """`manual`, or a factor that is not negative."""

    name = "FACTOR|manual"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value is None or value == "manual":
            return None
        try:
            pace = float(value)
        except ValueError:
            self.fail(f'"{value}" is neither "manual" nor a number')
        if not 0 <= pace <= MAX_PACE:
            self.fail(f"a pace is not negative and at most {MAX_PACE}; 0 means at once")
        return pace


def option(*flags: str, **settings: Any) -> Callable[[Command], Command]:
    """A flag with its environment variable: `--journal-size` is UNDERSTUDY_JOURNAL_SIZE."""
    name = next(flag for flag in flags if flag.startswith("--")).partition("/")[0]
    variable = f"UNDERSTUDY_{name[2:].replace('-', '_').upper()}"
    return click.option(*flags, envvar=variable, show_default=True, **settings)

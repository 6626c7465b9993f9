"""Flags of the command line: those of the settings, and what all flags have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import reduce
from typing import IO, Any, TypeVar

import click

from understudy.core.setting_kinds import SWITCH, Kind
from understudy.core.settings import Settings
from understudy.core.settings_parsing import SETTINGS, flag_variable

Command = TypeVar("Command", bound=Callable[..., Any])
# How a flag spells the default of a setting whose value is read from a text.
DEFAULT_TEXTS = {"clock": "real", "pace": "1"}


class SettingType(click.ParamType):  # type: ignore[type-arg]  # none before click 8.4
    """The type of a setting's flag."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.name = kind.metavar or "TEXT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._kind.read(self._kind.read_text(value) if isinstance(value, str) else value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def option(*flags: str, **attributes: Any) -> Callable[[Command], Command]:
    """A flag with its environment variable: `--journal-size` is UNDERSTUDY_JOURNAL_SIZE."""
    name = next(flag for flag in flags if flag.startswith("--")).partition("/")[0]
    attributes = {"show_default": True, "envvar": flag_variable(name), **attributes}
    return click.option(*flags, **attributes)


def setting_option(name: str, **attributes: Any) -> Callable[[Command], Command]:
    """The flag of a setting; the attributes are those in which this command differs."""
    setting = SETTINGS[name]
    kind = setting.kind
    own: dict[str, Any] = {"help": setting.help, "metavar": kind.metavar}
    if kind is SWITCH:
        own |= {"is_flag": True}
    elif kind.repeated:
        own |= {
            "multiple": True,
            "callback": lambda ctx, param, value: kind.read(value),
        }
    else:
        default = DEFAULT_TEXTS.get(name, getattr(Settings(), name))
        own |= {
            "type": click.Choice(kind.choices) if kind.choices else SettingType(kind),
            "default": default,
            "show_default": default != "",
        }
    return option(setting.flag, name, **{**own, **attributes})


def add_options(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    """Add flags to a command, in the order in which its help shows them."""
    return reduce(lambda decorated, add: add(decorated), reversed(options), command)


def use_color(no_color: bool, stream: IO[str]) -> bool:
    """Whether to write in colour: to a terminal, unless --no-color or NO_COLOR says otherwise."""
    return not (no_color or os.environ.get("NO_COLOR")) and stream.isatty()

"""Kinds of settings: which values each allows, and how it is read from a text or a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from understudy.core.clock import parse_instant

MAX_PACE = 1_000_000
MAX_VALUE_SHOWN = 60
SWITCH_TEXTS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Kind:
    """What values a setting can have.

    Attributes:
        allowed: the values, for people: "VALUE is not ALLOWED" is a sentence.
        parse: of a value as Python, JSON or TOML has it, the field of `Settings`; raises ValueError
            (no message needed) when the value is not allowed.
        from_text: of a text, the value that `parse` takes; raises ValueError as well.
        metavar: how a flag's help names the value.
        choices: every allowed text, where they can be listed.
        repeated: whether a flag may be given several times.
    """

    allowed: str
    parse: Callable[[Any], Any]
    from_text: Callable[[Any], Any] = str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    repeated: bool = False

    def read(self, value: Any, where: str = "") -> Any:
        """The setting for a value.

        Args:
            where: names the value in the error, such as a keyword or a key of a file.

        Raises:
            ValueError: when it is not allowed; says what is.
        """
        try:
            return self.parse(value)
        except ValueError:
            raise self.refuse(value, where) from None

    def read_text(self, text: Any, where: str = "") -> Any:
        """What `read` takes, for a text (for texts, where the flag may be repeated).

        Raises:
            ValueError: when it is not allowed; says what is.
        """
        try:
            value = self.from_text(text)
            self.parse(value)
        except ValueError:
            raise self.refuse(" ".join(text) if self.repeated else text, where) from None
        return value

    def refuse(self, value: Any, where: str = "") -> ValueError:
        """The error for a value that is not allowed."""
        place = f"{where}: " if where else ""
        return ValueError(f"{place}{format_value(value)} is not {self.allowed}")


def format_value(value: Any) -> str:
    """A value as JSON shows it, shortened."""
    text = json.dumps(value, default=repr)
    return text if len(text) <= MAX_VALUE_SHOWN else f"{text[:MAX_VALUE_SHOWN]}..."


def one_of(literal: Any) -> Kind:
    """The kind of a setting that is one of a Literal's texts."""
    texts = get_args(literal)

    def parse(value: Any) -> str:
        if value not in texts:
            raise ValueError
        return str(value)

    allowed = " or ".join((", ".join(f'"{each}"' for each in texts[:-1]), f'"{texts[-1]}"'))
    return Kind(allowed, parse, metavar="|".join(texts), choices=texts)


def whole_number(minimum: int | None = None) -> Kind:
    """The kind of a setting that is a whole number, from a minimum if there is one."""

    def parse(value: Any) -> int:
        # To JSON, 2.0 is a whole number; to Python, true is one.
        if isinstance(value, float) and value.is_integer():
            return parse(int(value))
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError
        if minimum is not None and value < minimum:
            raise ValueError
        return value

    allowed = "a whole number" if minimum is None else f"a whole number from {minimum}"
    return Kind(allowed, parse, int, metavar="N")


def _parse_switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _read_switch(text: str) -> bool:
    if text.lower() not in SWITCH_TEXTS:
        raise ValueError
    return SWITCH_TEXTS[text.lower()]


def _parse_clock(value: Any) -> int | None:
    if value is None or value == "real":
        return None
    text = value.isoformat() if isinstance(value, datetime) else value
    if not isinstance(text, str):
        raise ValueError
    return parse_instant(text)


def _parse_pace(value: Any) -> float | None:
    if value is None or value == "manual":
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= MAX_PACE:
        raise ValueError
    return float(value)


def _parse_names(value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    if not all(isinstance(each, str) for each in names):
        raise ValueError
    return names


def _read_names(texts: Iterable[str]) -> tuple[str, ...]:
    """Names that are separated by commas or spaces."""
    return tuple(name for text in texts for name in text.replace(",", " ").split())


SWITCH = Kind("true or false", _parse_switch, _read_switch)
INSTANT = Kind('a time such as 2026-03-11T21:50:50Z or "real"', _parse_clock, metavar="real|TIME")
PACE = Kind(
    f'a factor from 0 to {MAX_PACE} or "manual"',
    _parse_pace,
    lambda text: text if text == "manual" else float(text),
    metavar="FACTOR|manual",
)
NAMES = Kind("a list of names", _parse_names, _read_names, metavar="NAME", repeated=True)
HOSTS = Kind(
    "a list of hosts",
    lambda value: frozenset(_parse_names(value)),
    _read_names,
    metavar="NAME",
    repeated=True,
)
TEXT = Kind("a text", str)

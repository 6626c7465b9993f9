"""The report of `replay --check`: each change once, with the exchanges that have it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from understudy.core.terminal import escape_unprintable, format_count
from understudy.recording.compare import Absent, Difference
from understudy.recording.model import Recording
from understudy.replay.check import Change

MAX_VALUE_LENGTH = 200
MAX_NUMBERS = 8


def format_report(recording: Recording, found: Sequence[Change]) -> list[str]:
    """One line for each change, and a line with the totals."""
    lines = [_format_change(change) for change in found]
    what = format_count(len(found), "difference") if found else "no difference"
    return [
        *lines,
        f"{recording.name}: {format_count(len(recording.exchanges), 'exchange')}, {what}",
    ]


def _format_change(change: Change) -> str:
    it = change.difference
    return (
        f"{change.operation}: {describe_place(it)}: recorded {format_value(it.recorded)}, "
        f"now {format_value(it.current)} (exchange {_format_numbers(change.numbers)})"
    )


def describe_place(difference: Difference) -> str:
    """Where a difference is, for people."""
    return f"{difference.where} {difference.pointer}".strip()


def format_value(value: Any) -> str:
    """A value as JSON on one line, truncated."""
    if isinstance(value, Absent):
        return "nothing"
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    whole = escape_unprintable(json.dumps(text, ensure_ascii=False))
    return whole if len(whole) <= MAX_VALUE_LENGTH else f"{whole[:MAX_VALUE_LENGTH]}..."


def _format_numbers(numbers: Sequence[int]) -> str:
    lines = ", ".join(map(str, numbers[:MAX_NUMBERS]))
    rest = len(numbers) - MAX_NUMBERS
    return f"{lines} and {rest} more" if rest > 0 else lines

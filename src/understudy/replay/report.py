"""What `replay --check` says: each change once, with the exchanges in which it was met."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from understudy.core.terminal import escape_unprintable, format_count
from understudy.recording.compare import Absent, Difference
from understudy.recording.model import Recording
from understudy.replay.check import Change

LONGEST = 200
MOST_NUMBERS = 8


def format_report(recording: Recording, found: Sequence[Change]) -> list[str]:
    """A line for each change, and one that counts."""
    told = [_line(change) for change in found]
    what = format_count(len(found), "difference") if found else "no difference"
    return [
        *told,
        f"{recording.name}: {format_count(len(recording.exchanges), 'exchange')}, {what}",
    ]


def _line(change: Change) -> str:
    it = change.difference
    return (
        f"{change.operation}: {format_place(it)}: recorded {format_value(it.recorded)}, "
        f"now {format_value(it.current)} (exchange {_numbers(change.numbers)})"
    )


def format_place(difference: Difference) -> str:
    """Where a difference is, in words."""
    return f"{difference.where} {difference.pointer}".strip()


def format_value(value: Any) -> str:
    """A value as a line shows it: JSON, shortened."""
    if isinstance(value, Absent):
        return "nothing"
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    whole = escape_unprintable(json.dumps(text, ensure_ascii=False))
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]}..."


def _numbers(numbers: Sequence[int]) -> str:
    told = ", ".join(map(str, numbers[:MOST_NUMBERS]))
    rest = len(numbers) - MOST_NUMBERS
    return f"{told} and {rest} more" if rest > 0 else told

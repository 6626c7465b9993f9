"""Text for terminals."""

from __future__ import annotations

import pytest

from understudy.core.terminal import escape_unprintable


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("größe 尺寸 \\ 🙂", "größe 尺寸 \\ 🙂"),
        ("a\nb\r\x1b[2J\x9b", "a\\x0ab\\x0d\\x1b[2J\\x9b"),
        # Characters that turn the direction of text around, or are not seen.
        ("a\u202eb\u200b", "a\\u202eb\\u200b"),
        ("\ud800\U000e0001", "\\ud800\\U000e0001"),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, escaped: str) -> None:
    """So that a text neither ends a line nor controls the terminal."""
    assert escape_unprintable(text) == escaped


def test_lines_can_be_kept() -> None:
    """Where a text has lines of its own."""
    assert escape_unprintable("a\nb\r", keep_lines=True) == "a\nb\\x0d"

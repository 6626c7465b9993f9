"""Text for terminals: colours, tables, counts, escapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

RED, YELLOW, GREEN, DIM, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[2m", "\x1b[0m"
MAX_SHOWN = 300


def paint(color: str, text: str) -> str:
    """Text in a colour."""
    return f"{color}{text}{PLAIN}"


def format_table(rows: Iterable[Sequence[str]]) -> str:
    """Rows with their columns aligned."""
    listed = [list(row) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*listed, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in listed
    )
    return "\n".join(lines)


def format_count(number: int, noun: str) -> str:
    """`1 exchange`, `2 exchanges`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def escape_unprintable(text: str, keep_lines: bool = False) -> str:
    """Text with an escape for every character that is not printable.

    What a request contains must neither end a line nor control the terminal.

    Args:
        keep_lines: whether newlines stay.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or (keep_lines and each == "\n") else _escape(each)
        for each in text
    )


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def truncate(text: str, most: int = MAX_SHOWN) -> str:
    """The beginning of a text, and its length when that is not all."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"

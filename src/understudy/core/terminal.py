"""Text for terminals: colours, tables, counts, and what must be escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# What a request may smuggle in must neither end a line nor speak to the terminal.
CONTROL_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}


RED, YELLOW, GREEN, DIM, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[2m", "\x1b[0m"


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


MAX_SHOWN = 300


def escape_unprintable(text: str) -> str:
    """Text with every character that is not printable as its escape; lines stay lines."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else _escape(each) for each in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def truncate(text: str, most: int = MAX_SHOWN) -> str:
    """The beginning of a text, and how much there is when that is not all."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"

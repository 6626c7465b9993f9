"""Text of strangers, as terminals and XML can show it."""

from __future__ import annotations

SHOWN = 300


def plain(text: str) -> str:
    """Text with every character that is not printable as its escape; lines stay lines."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def beginning(text: str, most: int = SHOWN) -> str:
    """The beginning of a text, and how much there is when that is not all."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"

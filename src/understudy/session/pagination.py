"""Pagination of lists that grow while a client reads them: numbered pages and keyset cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson


class PageAnchors:
    """How many resources there were when readers of numbered, newest-first pages began.

    A resource created meanwhile moves all older ones down by one, so that a reader would get the
    last one of each page twice. So the first page notes the count, and later pages skip what was
    created since.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], int] = {}

    def newer(self, reader: tuple[str, ...], page: int, count: int) -> int:
        """How many resources a page skips because they are newer than the reader's first page.

        Args:
            reader: identifies one reading: customer, operation, filters, page size.
            page: counted from 1.
            count: how many resources there are now.
        """
        if page <= 1:
            self._counts[reader] = count
        return max(0, count - self._counts.get(reader, count))

    def snapshot(self) -> dict[tuple[str, ...], int]:
        """The counts by reader."""
        return dict(self._counts)

    def restore(self, counts: Mapping[tuple[str, ...], int]) -> None:
        """Replace the counts."""
        self._counts = dict(counts)


def write_cursor(position: dict[str, Any]) -> str:
    """A keyset position as standard base64 of compact JSON."""
    return base64.b64encode(orjson.dumps(position)).decode()


def read_cursor(cursor: str, fields: frozenset[str]) -> dict[str, Any] | None:
    """Read the position in a cursor; None when no such cursor was handed out.

    Args:
        fields: the names that a position has, all of them text.
    """
    try:
        position = orjson.loads(base64.b64decode(cursor, validate=True))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(position, dict) or position.keys() != fields:
        return None
    return position if all(isinstance(value, str) for value in position.values()) else None

"""Pages of lists that grow while somebody reads them: numbered pages and keyset cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson


class PageAnchors:
    """Where the readers of numbered, newest-first pages began.

    A resource created while somebody reads moves all older ones down by one; a reader who goes on
    by number would meet the last one of each page again. So the first page notes how many there
    were, and later pages skip what came since.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], int] = {}

    def newer(self, reader: tuple[str, ...], page: int, count: int) -> int:
        """How many resources a page of this reader skips because they are newer than its first.

        Args:
            reader: what makes one reading: the customer, the operation, the filters, the page size.
            page: counted from 1.
            count: how many resources there are now.
        """
        if page <= 1:
            self._counts[reader] = count
        return max(0, count - self._counts.get(reader, count))

    def snapshot(self) -> dict[tuple[str, ...], int]:
        """Where each reader began."""
        return dict(self._counts)

    def restore(self, counts: Mapping[tuple[str, ...], int]) -> None:
        """Back to where readers began."""
        self._counts = dict(counts)


def write_cursor(position: dict[str, Any]) -> str:
    """A keyset position as standard base64 of compact JSON."""
    return base64.b64encode(orjson.dumps(position)).decode()


def read_cursor(cursor: str, members: frozenset[str]) -> dict[str, Any] | None:
    """The position that a cursor stands for; None when it is not one that was handed out.

    Args:
        members: the names that a position has, all of them text.
    """
    try:
        position = orjson.loads(base64.b64decode(cursor, validate=True))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(position, dict) or position.keys() != members:
        return None
    return position if all(isinstance(value, str) for value in position.values()) else None

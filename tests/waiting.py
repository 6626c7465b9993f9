"""Waiting for what other threads, tasks and processes do, however busy the machine is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

# In seconds. Whatever takes so long hangs; nothing that works is held to it.
LONG = 60.0
# In seconds, between two looks.
SHORT = 0.005


def wait_until(happened: Callable[[], object]) -> None:
    """Block until something has happened."""
    for _ in _looks(happened):
        time.sleep(SHORT)


async def until(happened: Callable[[], object]) -> None:
    """Wait, while the loop goes on, until something has happened."""
    for _ in _looks(happened):
        await asyncio.sleep(SHORT)


def _looks(happened: Callable[[], object]) -> Iterator[None]:
    end = time.monotonic() + LONG
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        yield

"""Starts the server anew when a document, a seed world or a source file changes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

INTERVAL = 0.5


def fingerprint(folders: Iterable[Path]) -> dict[Path, int]:
    """When each document, seed file and source file below these folders last changed."""
    return {
        file: file.stat().st_mtime_ns
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.suffix in (".yaml", ".json", ".py")
    }


class Watch:
    """Calls back once, from a thread of its own, when something below the folders changed.

    Args:
        folders: where to look.
        changed: is called with the first file found changed, added or removed.
        interval: seconds between two looks.
    """

    def __init__(
        self, folders: Iterable[Path], changed: Callable[[Path], None], interval: float = INTERVAL
    ) -> None:
        self._folders = list(folders)
        self._changed = changed
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._known = fingerprint(self._folders)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            now = fingerprint(self._folders)
            different = now.items() ^ self._known.items()
            if different:
                self._changed(min(file for file, _ in different))
                return


def restart() -> None:
    """Replace this process by a new one with the same command line."""
    os.execv(sys.executable, [sys.executable, "-m", "understudy", *sys.argv[1:]])

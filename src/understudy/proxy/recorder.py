"""What a proxy writes down: the exchanges that the vendor itself answered, as a recording."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from understudy.core.errors import StartError
from understudy.core.settings import Settings
from understudy.engine.exchange_recorder import Log
from understudy.recording.capture import Capture
from understudy.recording.formats.registry import check_target, choose_format, write_recording
from understudy.service.service import Service
from understudy.session.deliveries import Delivery
from understudy.session.journal import Exchange


class ProxyRecorder:
    """Takes down what a proxy passes, and writes it to a file.

    Args:
        file: where; a folder, when the format has several files.
        format: the name of a format, or None for the one that the file's name tells.
        services: whose exchanges are taken.

    Raises:
        StartError: when that could not be written, or there is no such format.
    """

    def __init__(self, file: Path, format: str | None, services: Sequence[Service]) -> None:
        self.file = file
        self._format = choose_format(format, file)
        check_target(file, self._format)
        self._taker = Capture(services)

    def log(self, also: Log | None) -> Log:
        """A log that takes down what the vendor answered, and hands everything on."""

        def note(entry: Exchange | Delivery) -> None:
            if not (isinstance(entry, Exchange) and entry.proxied == "own-reply"):
                self._taker(entry)
            if also is not None:
                also(entry)

        return note

    def write(self, settings: Settings, title: str) -> int:
        """Write what was taken so far; how many exchanges that are.

        Raises:
            StartError: when it cannot be written.
        """
        name = re.sub(r"[^a-z0-9]+", "-", self.file.stem.lower()).strip("-") or "recording"
        recording = self._taker.recording(name, settings, title)
        try:
            write_recording(recording, self._format, self.file)
        except OSError as error:
            raise StartError(f"--out {self.file}: cannot be written ({error.strerror})") from error
        return len(recording.exchanges)

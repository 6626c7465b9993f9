"""Records the exchanges that the upstream answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from understudy.core.output_files import require_writable, unwritable
from understudy.core.settings import Settings
from understudy.engine.exchange_recorder import Log
from understudy.recording.capture import Capture
from understudy.recording.formats.registry import choose_format, write_recording
from understudy.service.service import Service
from understudy.session.deliveries import Delivery
from understudy.session.journal import Exchange


class ProxyRecorder:
    """Records the exchanges of a proxy, and writes them to a file.

    Args:
        file: the file, or a folder for a format of several files.
        format: name of a format; None for the format of the file's suffix.
        services: the services whose exchanges are recorded.

    Raises:
        StartError: when the file cannot be written, or there is no such format.
    """

    def __init__(self, file: Path, format: str | None, services: Sequence[Service]) -> None:
        self.file = file
        self._format = choose_format(format, file)
        require_writable("--out", file, folder=not self._format.suffix)
        self._capture = Capture(services)

    def log(self, next_log: Log | None) -> Log:
        """Make a log that records what the upstream answered, and passes every entry on."""

        def record(entry: Exchange | Delivery) -> None:
            if not (isinstance(entry, Exchange) and entry.proxied == "own-reply"):
                self._capture(entry)
            if next_log is not None:
                next_log(entry)

        return record

    def write(self, settings: Settings, title: str) -> int:
        """Write the recording so far; returns its number of exchanges.

        Raises:
            StartError: when the file cannot be written.
        """
        name = re.sub(r"[^a-z0-9]+", "-", self.file.stem.lower()).strip("-") or "recording"
        recording = self._capture.recording(name, settings, title)
        try:
            write_recording(recording, self._format, self.file)
        except OSError as error:
            raise unwritable("--out", self.file, error) from error
        return len(recording.exchanges)

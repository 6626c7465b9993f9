"""Recordings as a folder of plain JSON, nothing but the documents: `VENDOR/OPERATION/STATUS.json`.

Several answers with one status are numbered (`200-2.json`), or named after the documented example
that was asked for. Beside each stand the requests that were answered so (`200-2.request.json`).
What met no operation is under `VENDOR/unmatched/`; bodies that are not JSON keep their bytes, as
`.txt` or `.bin`.
"""

from __future__ import annotations

from collections.abc import Mapping

from understudy.recording.comparing import ABSENT
from understudy.recording.documents import document_in
from understudy.recording.model import RecordedExchange, Recording, pretty, text_of
from understudy.recording.naming import Names, preferred_example, safe

UNMATCHED = "unmatched"
NOBODY = "other"


class Folder:
    """The files of one operation, each document once."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._names = Names()
        self.files: dict[str, bytes] = {}

    def add(self, exchange: RecordedExchange) -> None:
        """Write down what an exchange says that no file says yet."""
        response = exchange.response
        answer = content_of(response.body)
        stem = self._stem((response.status, answer), exchange)
        if answer is not None:
            self._write(stem, answer)
        asked = content_of(exchange.request.body)
        if asked is not None:
            self._write(self._names.of((stem, asked), f"{stem}.request"), asked)

    def _stem(self, answer: object, exchange: RecordedExchange) -> str:
        """How the files of an answer begin."""
        name = str(exchange.response.status)
        example = preferred_example(exchange.request)
        return self._names.of(answer, f"{name}-{safe(example, 'example')}" if example else name)

    def _write(self, stem: str, content: tuple[str, bytes]) -> None:
        suffix, body = content
        self.files[f"{self._path}/{stem}{suffix}"] = body


def write(recording: Recording) -> Mapping[str, bytes]:
    """The recording's documents by their paths in the folder."""
    vendors = Names()
    operations: dict[str, Names] = {}
    folders: dict[str, Folder] = {}
    for exchange in recording.answered:
        vendor = vendors.of(exchange.vendor, safe(exchange.vendor, NOBODY))
        names = operations.setdefault(vendor, Names(UNMATCHED))
        path = f"{vendor}/{_operation(exchange, names)}"
        folders.setdefault(path, Folder(path)).add(exchange)
    return {path: body for each in folders.values() for path, body in each.files.items()}


def _operation(exchange: RecordedExchange, names: Names) -> str:
    if not exchange.operation:
        return UNMATCHED
    return names.of(exchange.operation, safe(exchange.operation, "operation"))


def content_of(body: bytes) -> tuple[str, bytes] | None:
    """A body as a file: its suffix and what is in it; None when there is nothing."""
    if not body:
        return None
    document = document_in(body)
    if document is not ABSENT:
        return ".json", pretty(document)
    return (".bin" if text_of(body) is None else ".txt"), body

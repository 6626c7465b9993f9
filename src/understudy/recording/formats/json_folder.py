"""Recordings as a folder of plain JSON, nothing but the documents: `VENDOR/OPERATION/STATUS.json`.

Several answers with one status are numbered (`200-2.json`), or named after the documented example
that was asked for. Beside each stand the requests that were answered so (`200-2.request.json`).
What met no operation is under `VENDOR/unmatched/`; bodies that are not JSON keep their bytes, as
`.txt` or `.bin`.
"""

from __future__ import annotations

from collections.abc import Mapping

from understudy.recording.compare import ABSENT
from understudy.recording.file_names import FileNames, preferred_example, to_file_name
from understudy.recording.formats.format import Format
from understudy.recording.model import RecordedExchange, Recording, decode_body, dump_pretty
from understudy.recording.portable_json import parse_portable_json

UNMATCHED = "unmatched"
NOBODY = "other"


class Folder:
    """The files of one operation, each document once."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._names = FileNames()
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
        return self._names.of(
            answer, f"{name}-{to_file_name(example, 'example')}" if example else name
        )

    def _write(self, stem: str, content: tuple[str, bytes]) -> None:
        suffix, body = content
        self.files[f"{self._path}/{stem}{suffix}"] = body


def write(recording: Recording) -> Mapping[str, bytes]:
    """The recording's documents by their paths in the folder."""
    vendors = FileNames()
    operations: dict[str, FileNames] = {}
    folders: dict[str, Folder] = {}
    for exchange in recording.answered:
        vendor = vendors.of(exchange.vendor, to_file_name(exchange.vendor, NOBODY))
        names = operations.setdefault(vendor, FileNames(UNMATCHED))
        path = f"{vendor}/{_operation(exchange, names)}"
        folders.setdefault(path, Folder(path)).add(exchange)
    return {path: body for each in folders.values() for path, body in each.files.items()}


def _operation(exchange: RecordedExchange, names: FileNames) -> str:
    if not exchange.operation:
        return UNMATCHED
    return names.of(exchange.operation, to_file_name(exchange.operation, "operation"))


def content_of(body: bytes) -> tuple[str, bytes] | None:
    """A body as a file: its suffix and what is in it; None when there is nothing."""
    if not body:
        return None
    document = parse_portable_json(body)
    if document is not ABSENT:
        return ".json", dump_pretty(document)
    return (".bin" if decode_body(body) is None else ".txt"), body


FORMAT = Format("examples", "a folder of plain JSON, by operation and status", "", write)

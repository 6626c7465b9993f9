"""Recordings as a folder of plain JSON, only the bodies: `VENDOR/OPERATION/STATUS.json`.

Several replies with one status are numbered (`200-2.json`), or named after the documented example
that the request preferred. Beside each are the requests that got it (`200-2.request.json`).
Exchanges that matched no operation are in `VENDOR/unmatched/`; bodies that are not JSON are kept
byte for byte, as `.txt` or `.bin`.
"""

from __future__ import annotations

from collections.abc import Mapping

from understudy.recording.compare import ABSENT
from understudy.recording.file_names import FileNames, preferred_example, to_file_name
from understudy.recording.formats.format import Format
from understudy.recording.model import RecordedExchange, Recording, decode_body, dump_pretty
from understudy.recording.portable_json import parse_portable_json

UNMATCHED = "unmatched"
UNKNOWN_VENDOR = "other"


class Folder:
    """The files of one operation, each document once."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._names = FileNames()
        self.files: dict[str, bytes] = {}

    def add(self, exchange: RecordedExchange) -> None:
        """Add the bodies of an exchange that no file has yet."""
        response = exchange.response
        reply = content_of(response.body)
        stem = self._stem((response.status, reply), exchange)
        if reply is not None:
            self._write(stem, reply)
        request = content_of(exchange.request.body)
        if request is not None:
            self._write(self._names.of((stem, request), f"{stem}.request"), request)

    def _stem(self, owner: object, exchange: RecordedExchange) -> str:
        """The beginning of the names of a reply's files."""
        name = str(exchange.response.status)
        example = preferred_example(exchange.request)
        return self._names.of(
            owner, f"{name}-{to_file_name(example, 'example')}" if example else name
        )

    def _write(self, stem: str, content: tuple[str, bytes]) -> None:
        suffix, body = content
        self.files[f"{self._path}/{stem}{suffix}"] = body


def write(recording: Recording) -> Mapping[str, bytes]:
    """The recording's bodies by their paths in the folder."""
    vendors = FileNames()
    operations: dict[str, FileNames] = {}
    folders: dict[str, Folder] = {}
    for exchange in recording.answered:
        vendor = vendors.of(exchange.vendor, to_file_name(exchange.vendor, UNKNOWN_VENDOR))
        names = operations.setdefault(vendor, FileNames(UNMATCHED))
        path = f"{vendor}/{_operation(exchange, names)}"
        folders.setdefault(path, Folder(path)).add(exchange)
    return {path: body for each in folders.values() for path, body in each.files.items()}


def _operation(exchange: RecordedExchange, names: FileNames) -> str:
    if not exchange.operation:
        return UNMATCHED
    return names.of(exchange.operation, to_file_name(exchange.operation, "operation"))


def content_of(body: bytes) -> tuple[str, bytes] | None:
    """A body as a file: its suffix and content; None when it is empty."""
    if not body:
        return None
    document = parse_portable_json(body)
    if document is not ABSENT:
        return ".json", dump_pretty(document)
    return (".bin" if decode_body(body) is None else ".txt"), body


FORMAT = Format("examples", "a folder of plain JSON, by operation and status", "", write)

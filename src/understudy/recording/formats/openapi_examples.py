"""Recordings as `examples` in OpenAPI's own structure, ready to be pasted into a document.

For a vendor whose document is known, an exchange is listed at its path template, and only what the
document declares and its schemas accept is written, so that all of it can be pasted unchanged;
where a schema does not accept the mask of a secret, the example is left out. Examples that the
document already has are not repeated; a comment counts what was left out. A refused request is not
an example of a request.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from understudy.core.clock import format_instant
from understudy.core.yaml_io import dump_yaml
from understudy.engine.registry import open_service
from understudy.openapi.document import Document, Operation
from understudy.openapi.media_types import JSON_MEDIA_TYPE
from understudy.recording.compare import ABSENT
from understudy.recording.file_names import FileNames, preferred_example, to_file_name
from understudy.recording.formats.format import Format
from understudy.recording.formats.openapi_slots import Slot, request_slot, response_slot
from understudy.recording.model import (
    Headers,
    Json,
    RecordedExchange,
    Recording,
    decode_body,
    media_type,
)
from understudy.recording.portable_json import parse_portable_json
from understudy.vendors import vendor_names

UNKNOWN_VENDOR = "other"
UNMATCHED = "exchanges that met no operation of the document"
# In a document's descriptions, a diagnosis's hint follows these words.
TO_PASS = "To pass:"


@dataclass(frozen=True, slots=True)
class Message:
    """One side of an exchange.

    Attributes:
        status: of a response; None of a request.
    """

    status: int | None
    headers: Headers
    body: bytes

    @property
    def media_type(self) -> str:
        return media_type(self.headers) or JSON_MEDIA_TYPE

    @property
    def place(self) -> tuple[str, ...]:
        """The keys that lead to its examples in an operation."""
        side = ("requestBody",) if self.status is None else ("responses", str(self.status))
        return (*side, "content", self.media_type, "examples")

    @property
    def value(self) -> Any:
        """Its body as an example's value; ABSENT when it has none that YAML can hold."""
        if not self.body:
            return ABSENT
        document = parse_portable_json(self.body) if "json" in self.media_type else ABSENT
        text = decode_body(self.body)
        return text if document is ABSENT and text is not None else document

    def slot(self, operation: Operation | None) -> Slot:
        """The slot for its example."""
        if self.status is None:
            return request_slot(operation, self.media_type)
        return response_slot(operation, self.status, self.media_type)


def messages(exchange: RecordedExchange) -> Iterator[Message]:
    """The messages of an exchange that are examples."""
    request, response = exchange.request, exchange.response
    if 200 <= response.status < 300:
        yield Message(None, request.headers, request.body)
    yield Message(response.status, response.headers, response.body)


class Sheet:
    """The examples of one vendor.

    Args:
        recording: its name, which examples get that have none.
    """

    def __init__(self, vendor: str, recording: str) -> None:
        self._vendor = vendor
        self._recording = recording
        self._document = document_of(vendor)
        self._slots: dict[tuple[str, ...], Slot] = {}
        self._left_out: Counter[str] = Counter()

    def add(self, exchange: RecordedExchange) -> None:
        """Add the examples of an exchange."""
        document = self._document
        operation = None if document is None else operation_of(exchange, document)
        if operation is None and document is not None:
            self._left_out[UNMATCHED] += 1
            return
        path = exchange.request.path if operation is None else operation.path
        at = path, exchange.request.method.lower()
        for message in messages(exchange):
            if message.value is not ABSENT:
                slot = self._slots.setdefault((*at, *message.place), message.slot(operation))
                self._write(slot, message, exchange)

    def _write(self, slot: Slot, message: Message, exchange: RecordedExchange) -> None:
        asked = None if message.status is None else preferred_example(exchange.request)
        name = to_file_name(asked or self._recording, "recorded")
        why = slot.add(name, message.value, about(exchange, message))
        if why:
            self._left_out[why] += 1

    def write(self) -> bytes:
        """The sheet as YAML, beginning with a comment."""
        paths: Json = {}
        for place, slot in self._slots.items():
            if slot.examples:
                _put(paths, place, slot.examples)
        return "".join([*self._comment(), dump_yaml({"paths": paths})]).encode()

    def _comment(self) -> Iterator[str]:
        # As JSON, no name can leave its line.
        recording, vendor = json.dumps(self._recording), json.dumps(self._vendor)
        yield f"# Examples of vendor {vendor} from the recording {recording}.\n"
        for why, count in sorted(self._left_out.items()):
            yield f"# Left out: {count} x {why}.\n"


def about(exchange: RecordedExchange, message: Message) -> Json:
    """The summary and description of an example."""
    request = exchange.request
    query = f"?{request.query}" if request.query else ""
    at = "" if exchange.at is None else f", recorded at {format_instant(exchange.at, trimmed=True)}"
    summary = {"summary": f"{request.method} {request.path}{query}{at}"}
    if (message.status or 0) < 400 or not exchange.diagnoses:
        return summary
    rules = "; ".join(each.message for each in exchange.diagnoses)
    hints = "; ".join(dict.fromkeys(each.hint for each in exchange.diagnoses if each.hint))
    return {**summary, "description": f"{rules}. {TO_PASS} {hints}." if hints else f"{rules}."}


def _put(tree: Json, place: tuple[str, ...], leaf: Json) -> None:
    for name in place[:-1]:
        tree = tree.setdefault(name, {})
    tree[place[-1]] = leaf


@cache
def document_of(vendor: str) -> Document | None:
    """A vendor's document; None when the vendor is unknown."""
    return open_service(vendor).document if vendor in vendor_names() else None


def operation_of(exchange: RecordedExchange, document: Document) -> Operation | None:
    """The operation of an exchange: as recorded, or else by its path and method."""
    if exchange.operation in document.operations:
        return document.operations[exchange.operation]
    found = document.router.match(exchange.request.path)
    return None if found is None else found[0].operations.get(exchange.request.method)


def write(recording: Recording) -> bytes | Mapping[str, bytes]:
    """The recording's examples: one file, or one for each vendor when there are several."""
    sheets: dict[str, Sheet] = {}
    for exchange in recording.answered:
        vendor = exchange.vendor
        sheets.setdefault(vendor, Sheet(vendor, recording.name)).add(exchange)
    if len(sheets) < 2:
        return next(iter(sheets.values()), Sheet(UNKNOWN_VENDOR, recording.name)).write()
    names = FileNames()
    return {
        f"{names.new(to_file_name(vendor, UNKNOWN_VENDOR))}.yaml": sheet.write()
        for vendor, sheet in sheets.items()
    }


FORMAT = Format("openapi", "examples to paste into an OpenAPI document", ".yaml", write)

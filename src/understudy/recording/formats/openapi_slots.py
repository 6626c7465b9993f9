"""The places in a document where recorded examples go, and which examples they accept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from understudy.openapi.document import Operation
from understudy.recording.file_names import FileNames
from understudy.recording.model import Json

UNDECLARED = "what the document does not declare"
NOT_ACCEPTED = "what the document's schemas do not accept"


class Slot:
    """One `examples` object of a document: of a request body, or of a response.

    Args:
        documented: the examples that are there already.
        accepts: whether a value satisfies the schema.
        otherwise: the reason to leave out a value that does not.
    """

    def __init__(
        self,
        documented: Mapping[str, Any],
        accepts: Callable[[Any], bool],
        otherwise: str = NOT_ACCEPTED,
    ) -> None:
        self._accepts = accepts
        self._otherwise = otherwise
        self._names = FileNames(*documented)
        self._known = {_text(each) for each in documented.values()}
        self.examples: Json = {}

    def add(self, name: str, value: Any, about: Json) -> str:
        """Add an example, unless the document or another example has the same value.

        Returns:
            Why the value is left out; "" when it is not.
        """
        if not self._accepts(value):
            return self._otherwise
        if _text(value) not in self._known:
            self._known.add(_text(value))
            self.examples[self._names.new(name)] = {**about, "value": value}
        return ""


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def request_slot(operation: Operation | None, media_type: str) -> Slot:
    """The slot for request bodies; it accepts anything where there is no document."""
    if operation is None:
        return _open_slot()
    body = operation.body
    if body is None or media_type not in body.media_types:
        return _closed_slot()
    return Slot(body.examples, body.validator.accepts)


def response_slot(operation: Operation | None, status: int, media_type: str) -> Slot:
    """The slot for response bodies of a status; it accepts anything where there is no document."""
    if operation is None:
        return _open_slot()
    response = operation.responses.get(status)
    if response is None or (response.media_type or "").lower() != media_type:
        return _closed_slot()
    return Slot(response.examples, lambda body: not response.diagnose(body))


def _open_slot() -> Slot:
    return Slot({}, lambda value: True)


def _closed_slot() -> Slot:
    return Slot({}, lambda value: False, UNDECLARED)

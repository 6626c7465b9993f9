"""Where in a document recorded examples go, and which of them fit there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from understudy.contract import Operation
from understudy.journal import MASKED
from understudy.recording.comparing import ABSENT
from understudy.recording.model import Json
from understudy.recording.naming import Names

UNDECLARED = "what the document does not declare"
UNFIT = "what the document's schemas do not accept"


class Slot:
    """One `examples` object of a document: of a request body, or of a response.

    Args:
        documented: the examples that stand there already.
        accepts: whether a value satisfies the schema.
        otherwise: what a value is that does not.
    """

    def __init__(
        self,
        documented: Mapping[str, Any],
        accepts: Callable[[Any], bool],
        otherwise: str = UNFIT,
    ) -> None:
        self._documented = documented
        self._accepts = accepts
        self._otherwise = otherwise
        self._names = Names(*documented)
        self._known = {_text(each) for each in documented.values()}
        self.examples: Json = {}

    def add(self, name: str, value: Any, about: Json) -> str:
        """Write an example down, unless the document or another one says the same already.

        Returns:
            Why the value cannot stand here; "" when it can.
        """
        fitting = next(filter(self._accepts, self._candidates(value)), ABSENT)
        if fitting is ABSENT:
            return self._otherwise
        if _text(fitting) not in self._known:
            self._known.add(_text(fitting))
            self.examples[self._names.new(name)] = {**about, "value": fitting}
        return ""

    def _candidates(self, value: Any) -> Iterator[Any]:
        """The value, and what it is with the document's own words in the place of masks."""
        yield value
        for each in self._documented.values():
            yield without_masks(value, each)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def without_masks(value: Any, documented: Any) -> Any:
    """A value in which the members of a documented one take the place of masks."""
    if isinstance(value, dict) and isinstance(documented, dict):
        return {name: without_masks(each, documented.get(name)) for name, each in value.items()}
    masked = isinstance(value, str) and MASKED.fullmatch(value)
    return documented if masked and isinstance(documented, str) else value


def request_slot(operation: Operation | None, media_type: str) -> Slot:
    """Where the bodies of requests go; anything fits where there is no document."""
    if operation is None:
        return _open_slot()
    body = operation.body
    if body is None or media_type not in body.media_types:
        return _closed_slot()
    return Slot(body.examples, body.validator.accepts)


def response_slot(operation: Operation | None, status: int, media_type: str) -> Slot:
    """Where the bodies of responses with a status go; anything fits where there is no document."""
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

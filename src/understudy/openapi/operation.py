"""One operation of a document: what it takes, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from understudy.core.errors import Diagnosis
from understudy.openapi.parameters import Parameter
from understudy.openapi.schemas import Schema, Validator


@dataclass(frozen=True)
class Response:
    """One declared response of one operation.

    Attributes:
        media_type: of the body that the mock answers with, JSON where that is declared; None when
            it has no body. `schema`, `validator` and `examples` are of this body.
        examples: the documented bodies by name, in the document's order.
        validators: of every declared body, by media type or range in lower case.
        required_headers: the names of the headers that it must carry.
    """

    status: int
    description: str
    fidelity: str
    source: str
    media_type: str | None
    schema: Schema | None
    validator: Validator | None
    examples: Mapping[str, Any]
    validators: Mapping[str, Validator | None]
    required_headers: tuple[str, ...]

    def accepts(self, body: Any) -> bool:
        """Whether a body is what the document declares."""
        return self.validator is None or self.validator.accepts(body)

    def diagnose(self, body: Any) -> list[Diagnosis]:
        """Every way in which a body is not what the document declares."""
        if self.validator is None:
            return []
        return self.validator.diagnose(body, "response")


@dataclass(frozen=True)
class RequestBody:
    """What an operation takes as its body.

    Attributes:
        media_type: of the JSON body, by which the mock's own clients send it.
        media_types: every declared media type or range, in lower case.
        schema, validator, examples: of the JSON body.
        validators: of every declared JSON body, by media type or range in lower case.
    """

    required: bool
    media_type: str
    media_types: tuple[str, ...]
    schema: Schema
    validator: Validator
    examples: Mapping[str, Any]
    validators: Mapping[str, Validator]


@dataclass(frozen=True)
class Operation:
    """One documented operation."""

    id: str
    method: str
    path: str
    summary: str
    fidelity: str
    source: str
    parameters: tuple[Parameter, ...]
    body: RequestBody | None
    responses: Mapping[int, Response]

    @cached_property
    def handler_name(self) -> str:
        """The Python name that the operationId binds to."""
        return snake_case(self.id)

    @cached_property
    def success(self) -> Response:
        """The response of the lowest 2xx status."""
        return self.responses[min(status for status in self.responses if 200 <= status < 300)]

    def example(self, name: str) -> tuple[Response, Any] | None:
        """The documented body of this name and its response, lowest 2xx first, then anywhere."""
        for response in (self.success, *self.responses.values()):
            if name in response.examples:
                return response, response.examples[name]
        return None


@cache
def snake_case(name: str) -> str:
    """`createCampaign` is `create_campaign`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])|(?<=[A-Z])([A-Z])(?=[a-z])", r"_\1\2", name).lower()

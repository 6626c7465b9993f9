"""What the tests of contract coverage share: a small document, and requests that met it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from tests.toy import toy_service
from understudy.coverage.coverage import Coverage
from understudy.openapi.document import Document
from understudy.service.reply import Reply
from understudy.service.service import Service
from understudy.session.journal import Exchange

Json = dict[str, Any]


def operation(schema: Json | None = None, *parameters: Json, **more: Any) -> Json:
    """An operation `makeToy` that answers 201 or 400."""
    node: Json = {
        "operationId": "makeToy",
        "parameters": list(parameters),
        "responses": {"201": {"description": "Made"}, "400": {"description": "Refused"}},
    }
    if schema is not None:
        node["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return {**node, **more}


def service_of(*operations: Json, name: str = "toys", **schemas: Json) -> Service:
    """A service whose document has these operations and component schemas."""
    paths = {f"/{each['operationId']}": {"post": each} for each in operations}
    raw = {"info": {"title": f"The {name}"}, "paths": paths, "components": {"schemas": schemas}}
    toy = toy_service(Reply(204))
    vendor = replace(toy.vendor, name=name)
    return replace(toy, vendor=vendor, document=Document(name, raw))


def coverage_of(schema: Json | None = None, *parameters: Json, **schemas: Json) -> Coverage:
    """A coverage of one operation that takes this body and these parameters."""
    return Coverage([service_of(operation(schema, *parameters), **schemas)])


def exchange(
    body: Any = b"",
    *,
    vendor: str = "toys",
    operation: str | None = "makeToy",
    status: int = 201,
    query: str = "",
    **headers: str,
) -> Exchange:
    """A request that met the operation, and its reply."""
    return Exchange(
        id="1",
        session="default",
        vendor=vendor,
        method="POST",
        path="/makeToy",
        query=query,
        started=0,
        request_headers={name.replace("_", "-"): value for name, value in headers.items()},
        request_body=body if isinstance(body, bytes) else orjson.dumps(body),
        operation=operation,
        status=status,
    )


def pointers(coverage: Coverage) -> list[str]:
    """The fields of the first operation."""
    return [field.pointer for field in coverage.operations("toys")[0].declared.fields]


def values(coverage: Coverage) -> dict[str, list[Any]]:
    """The enum values of the first operation, by field."""
    fields = coverage.operations("toys")[0].declared.fields
    return {each.pointer: list(each.values.values()) for each in fields if each.values}


def sent(coverage: Coverage) -> list[str]:
    """The fields of the first operation that a request has sent."""
    exercised = coverage.operations("toys")[0]
    fields = exercised.declared.fields
    return [each.pointer for each in fields if each.point in exercised.points]


def used(coverage: Coverage) -> list[Any]:
    """The enum values of the first operation that a request has used."""
    exercised = coverage.operations("toys")[0]
    pairs = (pair for field in exercised.declared.fields for pair in field.values.items())
    return [value for point, value in pairs if point in exercised.points]

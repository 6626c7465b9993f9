"""Walks through the API by hand, as it were: lists, what they list, then the documented examples.

So every operation is met once with ids that exist, before anything is left to chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from understudy.openapi.document import Operation
from understudy.openapi.parameters import Parameter
from understudy.recording.model import Headers, RecordedRequest, dump_compact
from understudy.verify.context import RunContext
from understudy.verify.known_ids import Values, fill_path
from understudy.verify.transport import ORIGIN, READING

# How many resources of a kind are looked at.
LOOKED_AT = 3
# What takes away comes last.
ORDER = {"GET": 0, "HEAD": 0, "POST": 1, "PUT": 2, "PATCH": 3, "DELETE": 4}


def order_operations(operations: list[Operation]) -> list[Operation]:
    """Operations so that what later ones need is there: lists first, deletions last."""
    return sorted(operations, key=lambda each: (ORDER.get(each.method, 3), each.path.count("{")))


def walk_examples(context: RunContext) -> None:
    """Ask each allowed operation plainly.

    Raises:
        Unreachable: when nobody listens.
    """
    for operation in order_operations(context.allowed):
        for values in context.known.paths(operation)[: _choices(operation)]:
            for request in plain_requests(context, operation, values):
                context.ask(operation, request)


def _choices(operation: Operation) -> int:
    # What a change does to one resource it does to all; only reading shows their variety.
    return LOOKED_AT if operation.method in READING else 1


def plain_requests(
    context: RunContext, operation: Operation, values: Values
) -> Iterator[RecordedRequest]:
    """An operation's requests without anything optional: one for each documented body."""
    needed = [each for each in operation.parameters if each.required and each.where != "path"]
    told = {each.key: sample(context, operation, each) for each in needed}
    if None in told.values():
        return
    query = urlencode({each.key: told[each.key] for each in needed if each.where == "query"})
    headers = tuple((each.name, str(told[each.key])) for each in needed if each.where == "header")
    url = f"{ORIGIN}{fill_path(operation.path, values)}" + (f"?{query}" if query else "")
    for typed, body in _bodies(operation):
        request = RecordedRequest(operation.method, url, (*headers, *typed), body)
        yield context.access.sign(request)


def sample(context: RunContext, operation: Operation, parameter: Parameter) -> Any:
    """What a required parameter may be: what the document shows, or an id that is known."""
    for declared in _declared(context, operation, parameter):
        if "example" in declared:
            return declared["example"]
    schema = parameter.schema
    known = context.known.ids(parameter.name)
    candidates = [schema.get("default"), *schema.get("enum", ()), *known]
    return next((each for each in candidates if each is not None), None)


def _declared(
    context: RunContext, operation: Operation, parameter: Parameter
) -> Iterator[Mapping[str, Any]]:
    document = context.service.document
    item = document.raw["paths"][operation.path]
    own = document.node(operation).get("parameters", ())
    nodes = (*own, *item.get("parameters", ()))
    for node in map(document.resolve, nodes):
        if (node["name"], node["in"]) == (parameter.name, parameter.where):
            yield node
            yield parameter.schema


def _bodies(operation: Operation) -> Iterator[tuple[Headers, bytes]]:
    declared = operation.body
    if declared is None or not declared.required:
        yield (), b""
    if declared is not None:
        for example in declared.examples.values():
            yield (("Content-Type", declared.media_types[0]),), dump_compact(example)

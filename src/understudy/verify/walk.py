"""Asks each operation with documented examples: lists first, then what they list.

So every operation is called with existing ids before requests are generated.
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
from understudy.verify.transport import ORIGIN, READ_METHODS

# How many resources of a kind are read.
MAX_RESOURCES = 3
# Deletions come last.
METHOD_ORDER = {"GET": 0, "HEAD": 0, "POST": 1, "PUT": 2, "PATCH": 3, "DELETE": 4}


def order_operations(operations: list[Operation]) -> list[Operation]:
    """Operations in an order in which each finds the resources it needs: lists first."""
    return sorted(
        operations, key=lambda each: (METHOD_ORDER.get(each.method, 3), each.path.count("{"))
    )


def ask_examples(context: RunContext) -> None:
    """Ask each allowed operation with its documented examples.

    Raises:
        Unreachable: when nobody listens.
    """
    for operation in order_operations(context.allowed):
        for values in context.known.paths(operation)[: _count_choices(operation)]:
            for request in make_example_requests(context, operation, values):
                context.ask(operation, request)


def _count_choices(operation: Operation) -> int:
    # One change is enough; reading several resources shows more of their fields.
    return MAX_RESOURCES if operation.method in READ_METHODS else 1


def make_example_requests(
    context: RunContext, operation: Operation, values: Values
) -> Iterator[RecordedRequest]:
    """An operation's requests without optional parameters: one for each documented body."""
    needed = [each for each in operation.parameters if each.required and each.where != "path"]
    sent = {each.key: choose_value(context, operation, each) for each in needed}
    if None in sent.values():
        return
    query = urlencode({each.key: sent[each.key] for each in needed if each.where == "query"})
    headers = tuple((each.name, str(sent[each.key])) for each in needed if each.where == "header")
    url = f"{ORIGIN}{fill_path(operation.path, values)}" + (f"?{query}" if query else "")
    for typed, body in _example_bodies(operation):
        request = RecordedRequest(operation.method, url, (*headers, *typed), body)
        yield context.access.sign(request)


def choose_value(context: RunContext, operation: Operation, parameter: Parameter) -> Any:
    """A value of a required parameter: the documented example, or a known id."""
    for declared in _find_declarations(context, operation, parameter):
        if "example" in declared:
            return declared["example"]
    schema = parameter.schema
    known = context.known.ids(parameter.name)
    candidates = [schema.get("default"), *schema.get("enum", ()), *known]
    return next((each for each in candidates if each is not None), None)


def _find_declarations(
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


def _example_bodies(operation: Operation) -> Iterator[tuple[Headers, bytes]]:
    declared = operation.body
    if declared is None or not declared.required:
        yield (), b""
    if declared is not None:
        for example in declared.examples.values():
            yield (("Content-Type", declared.media_types[0]),), dump_compact(example)

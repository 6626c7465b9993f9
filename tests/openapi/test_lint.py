"""What lint finds in a document: each planted mistake once, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.core.errors import StartError
from understudy.engine.registry import own_documents
from understudy.openapi.document import Node
from understudy.openapi.lint import lint_file

MARKS = {"x-fidelity": "documented", "x-source": "docs"}
NAME = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
MEDIA = {"schema": NAME, "examples": {"fine": {"value": {"name": "a"}}}}
TOYS: Node = {
    "openapi": "3.0.3",
    "info": {"title": "Toys", "version": "1"},
    "paths": {
        "/toys": {
            "post": {
                **MARKS,
                "operationId": "createToy",
                "requestBody": {"content": {"application/json": MEDIA}},
                "responses": {
                    "201": {
                        **MARKS,
                        "description": "Made",
                        "headers": {"x-request-id": {"schema": {"type": "string"}}},
                        "content": {"application/json": MEDIA},
                    },
                    "204": {**MARKS, "description": "Nothing to do"},
                },
            }
        }
    },
}


@pytest.fixture
def toys() -> Node:
    """A document without a mistake."""
    document: Node = json.loads(json.dumps(TOYS))
    return document


def operation(toys: Node) -> Node:
    """The document's one operation."""
    node: Node = toys["paths"]["/toys"]["post"]
    return node


def made(toys: Node) -> Node:
    """The document's response with a body."""
    node: Node = operation(toys)["responses"]["201"]
    return node


def reply(toys: Node) -> Node:
    """The body of that response."""
    node: Node = made(toys)["content"]["application/json"]
    return node


def request(toys: Node) -> Node:
    """The body of the request."""
    node: Node = operation(toys)["requestBody"]["content"]["application/json"]
    return node


def refusal(example: Node) -> Node:
    """An error response with one named body."""
    media = {"schema": NAME, "examples": {"refused": example}}
    return {**MARKS, "description": "No", "content": {"application/json": media}}


def unnamed_refusal() -> Node:
    """An error response whose body has no name."""
    media = {"schema": NAME, "example": {"name": "a"}}
    return {**MARKS, "description": "No", "content": {"application/json": media}}


def findings(folder: Path, document: Node) -> list[str]:
    """What lint says of a document in a file."""
    path = folder / "toys.yaml"
    path.write_text(json.dumps(document))
    return list(lint_file(path))


def test_a_fine_document_has_no_findings(toys: Node, tmp_path: Path) -> None:
    """Where nothing is wrong nothing is said."""
    assert findings(tmp_path, toys) == []


@pytest.mark.parametrize("path", own_documents(), ids=lambda path: path.stem)
def test_our_own_documents_are_fine(path: Path) -> None:
    """The project's documents pass their own check."""
    assert list(lint_file(path)) == []


def test_our_own_documents_are_sorted() -> None:
    """They are checked in the order of their names, and there are some."""
    names = [path.name for path in own_documents()]

    assert names == sorted(names)
    assert "sent.yaml" in names


PLANTED: dict[str, tuple[Callable[[Node], Any], str]] = {
    "specification": (
        lambda toys: toys["info"].pop("title"),
        'at info: "title" is a required property',
    ),
    "specification-top": (
        lambda toys: toys.pop("info"),
        'at the top: "info" is a required property',
    ),
    "operation-fidelity": (
        lambda toys: operation(toys).pop("x-fidelity"),
        "POST /toys: x-fidelity is not one of documented, inferred, assumed",
    ),
    "operation-fidelity-word": (
        lambda toys: operation(toys).update({"x-fidelity": "guessed"}),
        "POST /toys: x-fidelity is not one of documented, inferred, assumed",
    ),
    "operation-source": (
        lambda toys: operation(toys).pop("x-source"),
        "POST /toys: x-source is missing",
    ),
    "operation-source-empty": (
        lambda toys: operation(toys).update({"x-source": ""}),
        "POST /toys: x-source is missing",
    ),
    "response-fidelity": (
        lambda toys: made(toys).pop("x-fidelity"),
        "POST /toys 201: x-fidelity is not one of documented, inferred, assumed",
    ),
    "response-source": (
        lambda toys: made(toys).pop("x-source"),
        "POST /toys 201: x-source is missing",
    ),
    "extension-top": (
        lambda toys: toys.update({"x-logo": "toy.png"}),
        "at : unknown extension x-logo",
    ),
    "extension-schema": (
        lambda toys: reply(toys).update({"schema": {**NAME, "x-order": 1}}),
        "at /paths//toys/post/responses/201/content/application/json/schema: "
        "unknown extension x-order",
    ),
    "extension-in-a-list": (
        lambda toys: toys.update({"tags": [{"name": "a"}, {"name": "b", "x-color": "red"}]}),
        "at /tags/1: unknown extension x-color",
    ),
    "extension-beside-an-example": (
        lambda toys: reply(toys)["examples"]["fine"].update({"x-mood": "good"}),
        "at /paths//toys/post/responses/201/content/application/json/examples/fine: "
        "unknown extension x-mood",
    ),
    "extension-of-a-member-called-value": (
        lambda toys: reply(toys).update(
            {"schema": {**NAME, "properties": {"value": {"type": "string", "x-unit": "m"}}}}
        ),
        "at /paths//toys/post/responses/201/content/application/json/schema/properties/value: "
        "unknown extension x-unit",
    ),
    "request-example": (
        lambda toys: request(toys).update({"examples": {"odd": {"value": {"name": 1}}}}),
        'createToy, request example odd: /name: 1 is not of type "string"',
    ),
    "response-example": (
        lambda toys: reply(toys).update({"examples": {"odd": {"value": {}}}}),
        'createToy 201, example odd: /name: "name" is a required property',
    ),
    "error-without-description": (
        lambda toys: operation(toys)["responses"].update(
            {"400": refusal({"value": {"name": "a"}})}
        ),
        "POST /toys 400, example refused: has no description; say what the rule is, and after "
        "To pass: how to satisfy it",
    ),
    "error-without-name": (
        lambda toys: operation(toys)["responses"].update({"400": unnamed_refusal()}),
        "POST /toys 400, example default: has no description; say what the rule is, and after "
        "To pass: how to satisfy it",
    ),
    "response-without-example": (
        lambda toys: reply(toys).pop("examples"),
        "createToy 201: has a body but no example",
    ),
}


@pytest.mark.parametrize(("plant", "finding"), PLANTED.values(), ids=PLANTED)
def test_a_mistake_is_found_once(
    toys: Node, tmp_path: Path, plant: Callable[[Node], Any], finding: str
) -> None:
    """A document with one mistake has one finding, which says where and what."""
    plant(toys)

    assert findings(tmp_path, toys) == [finding]


def test_a_body_that_is_not_read_is_named(toys: Node, tmp_path: Path) -> None:
    """Beside JSON a document may declare a form, which the mock refuses."""
    operation(toys)["requestBody"]["content"]["multipart/form-data"] = {}

    assert findings(tmp_path, toys) == [
        "createToy: a body of multipart/form-data is refused; only JSON is read"
    ]


def test_every_fault_of_an_example_is_found(toys: Node, tmp_path: Path) -> None:
    """An example with two faults has two findings."""
    schema = {**NAME, "additionalProperties": False}
    reply(toys).update({"schema": schema, "examples": {"odd": {"value": {"size": 1}}}})

    assert sorted(findings(tmp_path, toys)) == [
        'createToy 201, example odd: /name: "name" is a required property',
        "createToy 201, example odd: : Additional properties are not allowed "
        "('size' was unexpected)",
    ]


def named_so(toys: Node) -> None:
    """Names that begin like an extension: of a member, a header, a parameter's component."""
    schema = {"type": "object", "properties": {"x-size": {"type": "integer"}}}
    parameter = {"name": "X-Size", "in": "header", "schema": {"type": "integer"}}
    reply(toys).update({"schema": schema, "examples": {"fine": {"value": {"x-size": 1}}}})
    toys["components"] = {
        "parameters": {"x-size": parameter},
        "headers": {"x-size": {"schema": {"type": "integer"}}},
    }


def shown_so(toys: Node) -> None:
    """Documents that happen to have such members."""
    reply(toys).update({"schema": {"type": "object", "example": {"x-size": 1}}})
    request(toys).pop("examples")
    request(toys).update({"schema": {"type": "object"}, "example": {"x-size": 1}})


@pytest.mark.parametrize("plant", [named_so, shown_so])
def test_a_name_is_no_extension(toys: Node, tmp_path: Path, plant: Callable[[Node], None]) -> None:
    """What the vendor calls x-something is the vendor's business."""
    plant(toys)

    assert findings(tmp_path, toys) == []


def test_a_shared_response_is_checked_where_it_is_used(toys: Node, tmp_path: Path) -> None:
    """A response behind a reference is held to the same rules."""
    toys["components"] = {"responses": {"Gone": {"description": "Gone", "x-source": "docs"}}}
    operation(toys)["responses"]["410"] = {"$ref": "#/components/responses/Gone"}

    assert findings(tmp_path, toys) == [
        "POST /toys 410: x-fidelity is not one of documented, inferred, assumed"
    ]


@pytest.mark.parametrize("shared", [False, True])
def test_an_error_that_explains_itself_is_fine(toys: Node, tmp_path: Path, shared: bool) -> None:
    """A description satisfies, also that of an example behind a reference."""
    explained = {"description": "No. To pass: ask again.", "value": {"name": "a"}}
    reference = {"$ref": "#/components/examples/refused"}
    toys["components"] = {"examples": {"refused": explained}}
    operation(toys)["responses"]["400"] = refusal(reference if shared else explained)

    assert findings(tmp_path, toys) == []


def test_a_reference_to_nowhere_is_a_finding(toys: Node, tmp_path: Path) -> None:
    """Where the specification's own check gives up, lint says at what."""
    reply(toys)["schema"] = {"$ref": "#/components/schemas/Nothing"}
    reply(toys).pop("examples")

    path = tmp_path / "toys.yaml"
    path.write_text(json.dumps(toys))
    found = lint_file(path)

    assert next(found).startswith("cannot be checked beyond PointerToNowhere: ")
    with pytest.raises(StartError, match='"#/components/schemas/Nothing" points nowhere'):
        next(found)


def test_a_document_that_cannot_be_served_is_explained_first(toys: Node, tmp_path: Path) -> None:
    """The specification's findings come before the sentence that stops the start."""
    operation(toys)["requestBody"] = {"content": {"application/json": {"schema": {"type": "toy"}}}}
    path = tmp_path / "toys.yaml"
    path.write_text(json.dumps(toys))
    found = lint_file(path)

    first = next(found)

    assert first.startswith("at paths//toys/post/requestBody: ")
    with pytest.raises(StartError, match="is broken"):
        list(found)


def test_what_is_no_document_is_not_linted(tmp_path: Path) -> None:
    """A file that is not there has no findings but an error."""
    with pytest.raises(StartError, match="cannot be read"):
        list(lint_file(tmp_path / "missing.yaml"))

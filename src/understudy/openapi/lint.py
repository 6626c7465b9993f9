"""What is wrong with a document, beyond what stops the mock from starting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV30SpecValidator

from understudy.openapi.document import METHODS, Document, Operation, make_document, read_source
from understudy.openapi.media_types import may_be_json

FIDELITIES = ("documented", "inferred", "assumed")
OWN_KEYS = frozenset({"x-fidelity", "x-source"})


def lint_file(path: Path) -> Iterator[str]:
    """Everything that is wrong with one document.

    Raises:
        StartError: when the file cannot be read as a document; comes after what breaks it.
    """
    raw = read_source(path)
    yield from _specification(raw)
    document = make_document(path.stem, raw, str(path))
    yield from _check_keys(document.raw, "")
    yield from _check_fidelity(document)
    for operation in document.operations.values():
        yield from _check_request_body(operation)
        yield from _check_examples(operation)


def _specification(raw: dict[str, Any]) -> Iterator[str]:
    try:
        for error in OpenAPIV30SpecValidator(raw).iter_errors():
            where = "/".join(str(part) for part in error.absolute_path)
            # The lines after the first show the schema that was broken, and the whole document.
            yield f"at {where or 'the top'}: {error.message.splitlines()[0]}"
    except Exception as error:
        # The validator fails at faults that it should report: a missing name, a $ref to nowhere.
        yield f"cannot be checked beyond {type(error).__name__}: {str(error)[:100]}"


def _check_keys(node: Any, where: str) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            # A header or a field may have such a name, too; it is below these keys.
            named = where.endswith(("/headers", "/properties", "/parameters"))
            if str(name).startswith("x-") and name not in OWN_KEYS and not named:
                yield f"at {where}: unknown extension {name}"
            if named or name not in ("value", "example"):
                yield from _check_keys(value, f"{where}/{name}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _check_keys(value, f"{where}/{index}")


def _check_fidelity(document: Document) -> Iterator[str]:
    for path, item in document.raw["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            place = f"{method.upper()} {path}"
            yield from _check_marks(item[method], place)
            for status, declared in item[method]["responses"].items():
                response = document.resolve(declared)
                yield from _check_marks(response, f"{place} {status}")
                if int(status) >= 400:
                    yield from _check_explanations(document, response, f"{place} {status}")


def _check_marks(node: dict[str, Any], place: str) -> Iterator[str]:
    if node.get("x-fidelity") not in FIDELITIES:
        yield f"{place}: x-fidelity is not one of {', '.join(FIDELITIES)}"
    if not node.get("x-source"):
        yield f"{place}: x-source is missing"


def _check_explanations(document: Document, response: dict[str, Any], place: str) -> Iterator[str]:
    """Error bodies without a description, which is what `understudy explain` shows."""
    for media in response.get("content", {}).values():
        examples = media.get("examples") or ({"default": {}} if "example" in media else {})
        for name, declared in examples.items():
            if not document.resolve(declared).get("description"):
                what = (
                    "has no description; say what the rule is, and after To pass: how to satisfy it"
                )
                yield f"{place}, example {name}: {what}"


def _check_request_body(operation: Operation) -> Iterator[str]:
    body = operation.body
    if body is None:
        return
    for media_type in body.media_types:
        if not may_be_json(media_type):
            yield f"{operation.id}: a body of {media_type} is refused; only JSON is read"
    for name, value in body.examples.items():
        for fault in body.validator.diagnose(value, "body"):
            yield f"{operation.id}, request example {name}: {fault.pointer}: {fault.message}"


def _check_examples(operation: Operation) -> Iterator[str]:
    for status, response in operation.responses.items():
        if response.media_type is not None and not response.examples:
            yield f"{operation.id} {status}: has a body but no example"
        for name, value in response.examples.items():
            for fault in response.diagnose(value):
                yield f"{operation.id} {status}, example {name}: {fault.pointer}: {fault.message}"

"""OpenAPI 3.0 schemas as JSON Schema, compiled once, and their faults as diagnoses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs

from understudy.errors import Diagnosis

Schema = dict[str, Any]

# Keywords that hold one schema, a list of schemas, or schemas by name.
ONE = frozenset({"items", "not", "additionalProperties"})
LIST = frozenset({"allOf", "anyOf", "oneOf"})
BY_NAME = frozenset({"properties"})
# Members of an OpenAPI schema that say nothing about validity.
ANNOTATIONS = frozenset(
    [
        "example",
        "externalDocs",
        "xml",
        "discriminator",
        "deprecated",
        "title",
        "description",
        "default",
    ]
)
HINTS = {
    "required": "add the member",
    "additionalProperties": "remove the member",
    "type": "send the type that the document declares",
    "enum": "values are case-sensitive; use one of those listed",
    "format": "use the format that the message names",
    "pattern": "make the value match the pattern",
}


def to_json_schema(schema: Schema) -> Schema:
    """Translate one OpenAPI 3.0 schema to JSON Schema 2020-12; `$ref`s stay as they are."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    result = {name: _translate(name, value) for name, value in schema.items() if _matters(name)}
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if result.pop(exclusive, False) is True:
            result[exclusive] = result.pop(bound)
    if result.get("additionalProperties") is False:
        # Without `properties` jsonschema-rs tells of a "false schema" instead of the member.
        result.setdefault("properties", {})
    if schema.get("nullable"):
        return _nullable(result)
    return result


def _matters(name: str) -> bool:
    return name not in ANNOTATIONS and name != "nullable" and not name.startswith("x-")


def _translate(name: str, value: Any) -> Any:
    if name in ONE and isinstance(value, dict):
        return to_json_schema(value)
    if name in LIST:
        return [to_json_schema(each) for each in value]
    if name in BY_NAME:
        return {each: to_json_schema(schema) for each, schema in value.items()}
    return value


def _nullable(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


class SchemaCompiler:
    """Compiles the schemas of one document; each carries only the components that it reaches."""

    def __init__(self, components: Mapping[str, Schema]) -> None:
        self._components = {name: to_json_schema(each) for name, each in components.items()}

    def compile(self, schema: Schema) -> Validator:
        """A validator for one OpenAPI schema of the document."""
        root = to_json_schema(schema)
        reached = {name: self._components[name] for name in self._reachable(root)}
        return Validator({**root, "components": {"schemas": reached}} if reached else root)

    def _reachable(self, root: Schema) -> set[str]:
        found: set[str] = set()
        waiting = [root]
        while waiting:
            for name in references(waiting.pop()) - found:
                found.add(name)
                waiting.append(self._components[name])
        return found


def references(schema: Any) -> set[str]:
    """The names of the component schemas that a schema refers to directly."""
    if isinstance(schema, dict):
        here = {schema["$ref"].rpartition("/")[2]} if isinstance(schema.get("$ref"), str) else set()
        return here.union(*(references(value) for value in schema.values()))
    if isinstance(schema, list):
        return set().union(*(references(value) for value in schema))
    return set()


class Validator:
    """One compiled schema."""

    __slots__ = ("_compiled", "accepts")

    def __init__(self, schema: Schema) -> None:
        # With $ref beside `components` the reference is still the whole schema in 2020-12.
        self._compiled = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        self.accepts = self._compiled.is_valid

    def diagnose(self, value: Any, where: str, prefix: str = "") -> list[Diagnosis]:
        """Every fault of a value, not just the first.

        Args:
            where: what the value is (`body`, `query`, `response` ...).
            prefix: pointer of the value itself, or a parameter's name.
        """
        return [_diagnosis(error, where, prefix) for error in self._compiled.iter_errors(value)]


def _diagnosis(error: jsonschema_rs.ValidationError, where: str, prefix: str) -> Diagnosis:
    keyword = error.kind.name
    path = list(error.instance_path)
    if keyword == "required":
        path.append(error.kind.as_dict()["property"])
    pointer = prefix + "".join(f"/{escaped(str(part))}" for part in path)
    return Diagnosis(keyword, where, pointer, _shortened(error.message), HINTS.get(keyword, ""))


def escaped(part: str) -> str:
    """One reference token of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


def _shortened(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else f"{message[:limit]}..."


@lru_cache(maxsize=4096)
def dotted(pointer: str) -> str:
    """A pointer as a path: `/campaign/useCases/0/type` is `campaign.useCases[0].type`."""
    path = ""
    for token in pointer.split("/")[1:]:
        part = token.replace("~1", "/").replace("~0", "~")
        path += f"[{part}]" if part.isdecimal() else f".{part}"
    return path.lstrip(".")

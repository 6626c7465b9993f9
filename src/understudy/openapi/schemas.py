"""OpenAPI 3.0 schemas as JSON Schema, compiled once; their errors as diagnoses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

import jsonschema_rs

from understudy.core.codes import KEYWORD_HINTS
from understudy.core.errors import Diagnosis
from understudy.core.json_pointer import escape_token

Schema = dict[str, Any]

MAX_DIAGNOSES = 100
# Stands for the value in jsonschema-rs messages until it is put in.
MASK = "\x00"

# Keywords that hold one schema, a list of schemas, or schemas by name.
SINGLE_SCHEMA_KEYWORDS = frozenset({"items", "not", "additionalProperties"})
SCHEMA_LIST_KEYWORDS = frozenset({"allOf", "anyOf", "oneOf"})
SCHEMA_MAP_KEYWORDS = frozenset({"properties"})
# Keywords of an OpenAPI schema that do not affect validation.
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
# The code of a fault that has no keyword of the table.
OTHER_FAULT = "schema"


def to_json_schema(schema: Schema) -> Schema:
    """Translate one OpenAPI 3.0 schema to JSON Schema 2020-12; `$ref`s stay as they are."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    result = {
        name: _translate(name, value) for name, value in schema.items() if _affects_validation(name)
    }
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if result.pop(exclusive, False) is True:
            result[exclusive] = result.pop(bound)
    if result.get("additionalProperties") is False:
        # Without `properties` jsonschema-rs reports a "false schema" instead of the field.
        result.setdefault("properties", {})
    if schema.get("nullable"):
        return _nullable(result)
    return result


def _affects_validation(name: str) -> bool:
    return name not in ANNOTATIONS and name != "nullable" and not name.startswith("x-")


def _translate(name: str, value: Any) -> Any:
    if name in SINGLE_SCHEMA_KEYWORDS and isinstance(value, dict):
        return to_json_schema(value)
    if name in SCHEMA_LIST_KEYWORDS:
        return [to_json_schema(each) for each in value]
    if name in SCHEMA_MAP_KEYWORDS:
        return {each: to_json_schema(schema) for each, schema in value.items()}
    return value


def _nullable(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


class SchemaCompiler:
    """Compiles the schemas of one document; each carries only the components that it reaches."""

    def __init__(self, components: Mapping[str, Schema]) -> None:
        self._whole: dict[str, Validator] = {}
        self._secrets = find_secret_fields(dict(components))
        self._components = {name: to_json_schema(each) for name, each in components.items()}

    def compile(self, schema: Schema) -> Validator:
        """A validator for one OpenAPI schema of the document; one for each component."""
        if "$ref" in schema:
            reference = schema["$ref"]
            if reference not in self._whole:
                self._whole[reference] = self._compile(schema)
            return self._whole[reference]
        return self._compile(schema)

    def _compile(self, schema: Schema) -> Validator:
        root = to_json_schema(schema)
        reached = {name: self._components[name] for name in self._reachable(root)}
        whole = {**root, "components": {"schemas": reached}} if reached else root
        return Validator(whole, self._secrets)

    def _reachable(self, root: Schema) -> set[str]:
        found: set[str] = set()
        waiting = [root]
        while waiting:
            for name in find_references(waiting.pop()) - found:
                if name not in self._components:
                    raise ValueError(f'$ref "#/components/schemas/{name}" points nowhere')
                found.add(name)
                waiting.append(self._components[name])
        return found


def find_references(schema: Any) -> set[str]:
    """The names of the component schemas that a schema refers to directly."""
    if isinstance(schema, dict):
        here = {schema["$ref"].rpartition("/")[2]} if isinstance(schema.get("$ref"), str) else set()
        return here.union(*(find_references(value) for value in schema.values()))
    if isinstance(schema, list):
        return set().union(*(find_references(value) for value in schema))
    return set()


def find_secret_fields(node: Any) -> frozenset[str]:
    """The names of all fields that a document declares with `format: password`."""
    if isinstance(node, list):
        return frozenset().union(*(find_secret_fields(each) for each in node))
    if not isinstance(node, dict):
        return frozenset()
    properties = node.get("properties")
    here = properties.items() if isinstance(properties, dict) else ()
    secret = {
        name for name, each in here if isinstance(each, dict) and each.get("format") == "password"
    }
    return frozenset(secret).union(*(find_secret_fields(each) for each in node.values()))


class Validator:
    """One compiled schema.

    Args:
        secrets: names of fields whose values no message may show.
    """

    __slots__ = ("_compiled", "_secrets", "accepts")

    def __init__(self, schema: Schema, secrets: frozenset[str] = frozenset()) -> None:
        # With $ref beside `components` the reference is still the whole schema in 2020-12.
        try:
            self._compiled = jsonschema_rs.Draft202012Validator(
                schema, validate_formats=True, mask=MASK
            )
        except jsonschema_rs.ValidationError:
            # Errors of the schema itself are shown without the mask.
            jsonschema_rs.Draft202012Validator(schema)
            raise
        self._secrets = secrets
        self.accepts = self._compiled.is_valid

    def diagnose(self, value: Any, where: str, prefix: str = "") -> list[Diagnosis]:
        """Every fault of a value, at most a hundred.

        Args:
            where: what the value is (`body`, `query`, `response` ...).
            prefix: pointer of the value itself, or a parameter's name.
        """
        errors = islice(self._compiled.iter_errors(value), MAX_DIAGNOSES)
        return [self._diagnosis(error, where, prefix) for error in errors]

    def _diagnosis(
        self, error: jsonschema_rs.ValidationError, where: str, prefix: str
    ) -> Diagnosis:
        path = [str(part) for part in error.instance_path]
        secret = not self._secrets.isdisjoint(path)
        shown = "the value" if secret else _format_value(error.instance)
        return _to_diagnosis(error, where, prefix, error.message.replace(MASK, shown))


def _format_value(value: Any) -> str:
    """A value as messages show it: as JSON when it is short and simple."""
    return "the value" if isinstance(value, (dict, list)) else _shorten(json.dumps(value), 80)


def _to_diagnosis(
    error: jsonschema_rs.ValidationError, where: str, prefix: str, message: str
) -> Diagnosis:
    keyword = error.kind.name if error.kind.name in KEYWORD_HINTS else OTHER_FAULT
    path = list(error.instance_path)
    if keyword == "required":
        path.append(error.kind.as_dict()["property"])
    pointer = prefix + "".join(f"/{escape_token(str(part))}" for part in path)
    return Diagnosis(keyword, where, pointer, _shorten(message), _format_hint(error.kind))


def _format_hint(kind: jsonschema_rs.ValidationErrorKind) -> str:
    """How to satisfy a keyword, with the limits of the schema filled in."""
    known = kind.as_dict()
    if "options" in known:
        known["options"] = ", ".join(json.dumps(option) for option in known["options"])
    return _shorten(KEYWORD_HINTS.get(kind.name, "").format_map(known))


def _shorten(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else f"{message[:limit]}..."

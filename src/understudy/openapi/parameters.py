"""Path, query and header parameters: from text to values, every fault told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from understudy.core.errors import Diagnosis
from understudy.openapi.schemas import Schema, Validator

INTEGER = re.compile(r"-?[0-9]{1,18}")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter; `key` is the name by which requests carry it."""

    name: str
    key: str
    where: str
    required: bool
    schema: Schema
    validator: Validator
    read: Callable[[str], Any]

    @property
    def must_be_read(self) -> bool:
        """Whether it matters that it was not sent."""
        return self.required or "default" in self.schema

    def fault(self, code: str, message: str, hint: str = "") -> Diagnosis:
        return Diagnosis(code, self.where, self.name, message, hint)


def make_parameter(declared: Mapping[str, Any], schema: Schema, validator: Validator) -> Parameter:
    """A parameter as the document declares it, with its schema resolved and compiled."""
    name, where = declared["name"], declared["in"]
    return Parameter(
        name=name,
        key=name.lower() if where == "header" else name,
        where=where,
        required=declared.get("required", False),
        schema=schema,
        validator=validator,
        read=_reader(schema),
    )


def _reader(schema: Schema) -> Callable[[str], Any]:
    if schema.get("type") == "array":
        read = _reader(schema.get("items", {}))
        return lambda text: [read(part) for part in text.split(",")]
    return READERS.get(schema.get("type", "string"), str)


def _read_integer(text: str) -> Any:
    return int(text) if INTEGER.fullmatch(text) else text


def _read_number(text: str) -> Any:
    return float(text) if NUMBER.fullmatch(text) else text


def _read_boolean(text: str) -> Any:
    return BOOLEANS.get(text, text)


READERS: dict[str, Callable[[str], Any]] = {
    "integer": _read_integer,
    "number": _read_number,
    "boolean": _read_boolean,
}


def read_parameter(
    parameter: Parameter, sent: list[str], values: dict[str, Any]
) -> list[Diagnosis]:
    """Put a parameter's value (or its default) into `values` and tell what is wrong with it."""
    if not sent:
        if parameter.required:
            message = f"the {parameter.where} parameter {parameter.name} is missing"
            return [parameter.fault("required", message, "send it")]
        if "default" in parameter.schema:
            values[parameter.name] = parameter.schema["default"]
        return []
    if len(sent) > 1 and parameter.schema.get("type") != "array":
        message = f"the {parameter.where} parameter {parameter.name} was sent {len(sent)} times"
        return [parameter.fault("duplicate", message, "send it once")]
    value = parameter.read(",".join(sent))
    if parameter.validator.accepts(value):
        values[parameter.name] = value
        return []
    return parameter.validator.diagnose(value, parameter.where, parameter.name)

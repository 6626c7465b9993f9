"""Path, query, header and cookie parameters: from text to values, with every fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from understudy.core.errors import Diagnosis
from understudy.openapi.schemas import Schema, Validator

INTEGER = re.compile(r"-?[0-9]{1,18}")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
BOOLEANS = {"true": True, "false": False}
# How a parameter is written where the document does not say.
DEFAULT_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
# What separates the items of an array that is sent as one text.
SEPARATORS = {"simple": ",", "form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
QUERY_STYLES = frozenset({"form", "spaceDelimited", "pipeDelimited"})


class UnsupportedParameter(ValueError):
    """A parameter that cannot be read as it is declared; says what to do."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter.

    Attributes:
        key: the name by which requests carry it; a header's in lower case.
        where: `path`, `query`, `header` or `cookie`.
        repeats: whether it is sent once for each item.
        read: makes its value of the texts that were sent; a text of another type stays as it is.
    """

    name: str
    key: str
    where: str
    required: bool
    schema: Schema
    validator: Validator
    repeats: bool
    read: Callable[[Sequence[str]], Any]

    @property
    def must_be_read(self) -> bool:
        """Whether it matters that it was not sent."""
        return self.required or "default" in self.schema

    def fault(self, code: str, message: str, hint: str = "") -> Diagnosis:
        """A diagnosis that points at the parameter."""
        return Diagnosis(code, self.where, self.name, message, hint)


def make_parameter(declared: Mapping[str, Any], schema: Schema, validator: Validator) -> Parameter:
    """A parameter as the document declares it, with its schema resolved and compiled.

    Raises:
        UnsupportedParameter: when its style, or a value of its type, cannot be read.
    """
    name, where = declared["name"], declared["in"]
    if where not in DEFAULT_STYLES:
        known = ", ".join(DEFAULT_STYLES)
        raise UnsupportedParameter(f'"in: {where}" is no place of a parameter; use {known}')
    style = declared.get("style", DEFAULT_STYLES[where])
    explode = declared.get("explode", style == "form")
    _check_serialisation(declared, schema, where, style, explode)
    is_array = schema.get("type") == "array"
    repeats = is_array and explode and where == "query"
    return Parameter(
        name=name,
        key=name.lower() if where == "header" else name,
        where=where,
        required=declared.get("required", False),
        schema=schema,
        validator=validator,
        repeats=repeats,
        read=_make_reader(schema, None if repeats else SEPARATORS[style]),
    )


def _check_serialisation(
    declared: Mapping[str, Any], schema: Schema, where: str, style: str, explode: bool
) -> None:
    if "content" in declared:
        raise UnsupportedParameter("content is not read in a parameter; declare a schema")
    allowed = QUERY_STYLES if where == "query" else {DEFAULT_STYLES[where]}
    if style not in allowed:
        known = " or ".join(sorted(allowed))
        raise UnsupportedParameter(f"style {style} is not read in a {where}; declare {known}")
    if _is_object(schema) or _is_nested(schema):
        raise UnsupportedParameter(
            f"objects and nested arrays are not read in a {where}; declare one parameter for each "
            "value, or take them in the body"
        )
    if schema.get("type") == "array" and where == "cookie" and explode:
        raise UnsupportedParameter("an array is not read from several cookies; use explode: false")


def _is_object(schema: Schema) -> bool:
    return schema.get("type") == "object" or "properties" in schema


def _is_nested(schema: Schema) -> bool:
    items = schema.get("items", {})
    return items.get("type") == "array" or _is_object(items)


def _make_reader(schema: Schema, separator: str | None) -> Callable[[Sequence[str]], Any]:
    """How the texts that were sent become a value.

    Args:
        separator: of an array's items in one text; None where each item has a text of its own.
    """
    if schema.get("type") != "array":
        read = READERS.get(schema.get("type", "string"), str)
        return lambda sent: read(sent[0])
    read_item = READERS.get(schema.get("items", {}).get("type", "string"), str)
    if separator is None:
        return lambda sent: [read_item(each) for each in sent]
    # Header fields that were sent twice are joined by a comma and a space.
    return lambda sent: [read_item(each.strip()) for each in sent[0].split(separator)]


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


def parse_query(query: str) -> dict[str, list[str]]:
    """The decoded values of an encoded query by name, empty ones included."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return values


def parse_cookies(header: str) -> dict[str, str]:
    """The cookies of a Cookie header by name; the first one where a name is sent twice."""
    cookies: dict[str, str] = {}
    for pair in header.split(";"):
        name, equals, value = pair.strip().partition("=")
        if equals:
            cookies.setdefault(name, value.strip('"'))
    return cookies


@dataclass(slots=True)
class SentValues:
    """Where a request carries its parameters. Not frozen: one is made for every request.

    Attributes:
        path: decoded values by the names of the path template.
        query: decoded values by name, in the order in which they were sent.
        headers: by name in lower case.
    """

    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]


def read_parameters(
    parameters: Sequence[Parameter], sent: SentValues, values: dict[str, Any]
) -> list[Diagnosis]:
    """Put the value of each parameter (or its default) into `values`; return what is wrong."""
    faults: list[Diagnosis] = []
    for parameter in parameters:
        where, key = parameter.where, parameter.key
        texts: Sequence[str] = ()
        if where == "query":
            texts = sent.query.get(key, ())
        else:
            carried = _find_values(sent, where)
            if key in carried:
                texts = (carried[key],)
        if texts or parameter.must_be_read:
            faults += read_parameter(parameter, texts, values)
    return faults


def _find_values(sent: SentValues, where: str) -> Mapping[str, str]:
    if where == "cookie":
        return parse_cookies(sent.headers.get("cookie", ""))
    return sent.headers if where == "header" else sent.path


def read_parameter(
    parameter: Parameter, sent: Sequence[str], values: dict[str, Any]
) -> list[Diagnosis]:
    """Put a parameter's value (or its default) into `values`; return what is wrong with it."""
    if not sent:
        if parameter.required:
            message = f"the {parameter.where} parameter {parameter.name} is missing"
            return [parameter.fault("required", message, "send it")]
        if "default" in parameter.schema:
            values[parameter.name] = parameter.schema["default"]
        return []
    if len(sent) > 1 and not parameter.repeats:
        message = f"the {parameter.where} parameter {parameter.name} was sent {len(sent)} times"
        return [parameter.fault("duplicate", message, "send it once")]
    value = parameter.read(sent)
    if parameter.validator.accepts(value):
        values[parameter.name] = value
        return []
    return parameter.validator.diagnose(value, parameter.where, parameter.name)

"""Parameters: from text to values, and every fault told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.errors import Diagnosis
from understudy.openapi.parameters import (
    Parameter,
    SentValues,
    UnsupportedParameter,
    make_parameter,
    read_parameter,
    read_parameters,
)
from understudy.openapi.schemas import Schema, SchemaCompiler

INTEGER: Schema = {"type": "integer"}
INTEGERS: Schema = {"type": "array", "items": {"type": "integer"}, "maxItems": 3}


def parameter(schema: Schema, where: str = "query", **declared: Any) -> Parameter:
    """A parameter called pageSize with this schema."""
    validator = SchemaCompiler({}).compile(schema)
    return make_parameter({"name": "pageSize", "in": where, **declared}, schema, validator)


def read(declared: Parameter, *sent: str) -> tuple[dict[str, Any], list[Diagnosis]]:
    """The values that are read, and the faults."""
    values: dict[str, Any] = {}
    faults = read_parameter(declared, list(sent), values)
    return values, faults


@pytest.mark.parametrize(
    ("where", "key"), [("header", "pagesize"), ("query", "pageSize"), ("path", "pageSize")]
)
def test_only_a_header_is_sent_in_any_case(where: str, key: str) -> None:
    """Requests carry a header by its name in lower case, everything else by its name."""
    assert parameter(INTEGER, where).key == key


def test_a_header_is_read_under_its_documented_name() -> None:
    """The value goes by the name that the document shows."""
    values, _ = read(parameter(INTEGER, "header"), "7")

    assert values == {"pageSize": 7}


@pytest.mark.parametrize(
    ("schema", "declared", "matters"),
    [
        (INTEGER, {}, False),
        (INTEGER, {"required": True}, True),
        ({"type": "integer", "default": 1}, {}, True),
    ],
)
def test_it_matters_when_a_required_one_or_a_default_is_missing(
    schema: Schema, declared: dict[str, Any], matters: bool
) -> None:
    """An optional parameter without a default need not be looked at when it was not sent."""
    assert parameter(schema, **declared).must_be_read is matters


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "string"}, "7", "7"),
        ({"type": "string"}, "", ""),
        ({}, "7", "7"),
        (INTEGER, "7", 7),
        (INTEGER, "-7", -7),
        (INTEGER, "007", 7),
        ({"type": "number"}, "2.5", 2.5),
        ({"type": "number"}, "-1e3", -1000.0),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "false", False),
        (INTEGERS, "7", [7]),
        ({"type": "array"}, "a,b", ["a,b"]),
    ],
)
def test_a_text_becomes_a_value_of_the_declared_type(schema: Schema, text: str, value: Any) -> None:
    """The schema's type says how the text is read."""
    values, faults = read(parameter(schema), text)

    assert (values, faults) == ({"pageSize": value}, [])
    assert type(values["pageSize"]) is type(value)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (INTEGER, ""),
        (INTEGER, "seven"),
        (INTEGER, "7.0"),
        (INTEGER, " 7"),
        (INTEGER, "7_0"),
        (INTEGER, "+7"),
        (INTEGER, "\u0667"),
        (INTEGER, "9" * 5_000),
        ({"type": "number"}, "."),
        ({"type": "number"}, "nan"),
        ({"type": "number"}, "inf"),
        ({"type": "number"}, "1e999"),
        ({"type": "boolean"}, "True"),
        ({"type": "boolean"}, "1"),
        ({"type": "boolean"}, ""),
    ],
)
def test_a_text_of_another_type_is_a_fault(schema: Schema, text: str) -> None:
    """What is not spelled as the type demands is no value of it."""
    values, faults = read(parameter(schema), text)

    assert values == {}
    assert [(fault.code, fault.where, fault.pointer) for fault in faults] == [
        ("type", "query", "pageSize")
    ]


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_integers_are_read_back(value: int) -> None:
    """Every integer of up to 18 digits is read as it was written."""
    assert read(parameter(INTEGER), str(value)) == ({"pageSize": value}, [])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back(value: float) -> None:
    """Every finite number is read as it was written."""
    assert read(parameter({"type": "number"}), repr(value)) == ({"pageSize": value}, [])


def test_every_fault_is_told() -> None:
    """Each item that is wrong is pointed at below the parameter's name."""
    _, faults = read(parameter(INTEGERS), "1", "b", "3", "d")

    assert sorted((fault.code, fault.pointer) for fault in faults) == [
        ("maxItems", "pageSize"),
        ("type", "pageSize/1"),
        ("type", "pageSize/3"),
    ]


@pytest.mark.parametrize("where", ["path", "query", "header"])
def test_a_fault_tells_where(where: str) -> None:
    """The diagnosis names the kind of parameter."""
    _, [fault] = read(parameter({"type": "string", "maxLength": 1}, where), "ab")

    assert (fault.code, fault.where, fault.pointer) == ("maxLength", where, "pageSize")


def test_a_missing_parameter_is_a_fault_when_required() -> None:
    """The message names the parameter and its place."""
    values, faults = read(parameter(INTEGER, "header", required=True))

    message = "the header parameter pageSize is missing"
    assert values == {}
    assert faults == [Diagnosis("required", "header", "pageSize", message, "send it")]


def test_an_optional_parameter_may_be_missing() -> None:
    """What was not sent has no value."""
    assert read(parameter(INTEGER)) == ({}, [])


@pytest.mark.parametrize("default", [20, 0, None, []])
def test_a_default_stands_in_for_a_missing_parameter(default: Any) -> None:
    """The default is taken as it is declared, false values included."""
    schema = {"type": "integer", "default": default}

    assert read(parameter(schema)) == ({"pageSize": default}, [])


def test_a_default_does_not_stand_in_for_a_wrong_value() -> None:
    """What was sent counts, even when it is empty."""
    values, faults = read(parameter({"type": "integer", "default": 20}), "")

    assert values == {}
    assert [fault.code for fault in faults] == ["type"]


def test_one_value_is_sent_once() -> None:
    """A parameter that is no list may not come twice, not even with one value."""
    values, faults = read(parameter(INTEGER), "7", "7")

    message = "the query parameter pageSize was sent 2 times"
    assert values == {}
    assert faults == [Diagnosis("duplicate", "query", "pageSize", message, "send it once")]


def test_a_query_array_is_sent_once_for_each_item() -> None:
    """That is what the document says where it says nothing; a comma is part of an item."""
    texts = parameter({"type": "array", "items": {"type": "string"}})

    assert read(texts, "a", "b,c") == ({"pageSize": ["a", "b,c"]}, [])


@pytest.mark.parametrize(
    ("where", "declared", "text"),
    [
        ("query", {"explode": False}, "1,2"),
        ("query", {"style": "pipeDelimited"}, "1|2"),
        ("query", {"style": "spaceDelimited"}, "1 2"),
        ("query", {"style": "spaceDelimited", "explode": False}, "1 2"),
        ("header", {}, "1,2"),
        ("header", {"explode": True}, "1, 2"),
        ("path", {}, "1,2"),
        ("path", {"explode": True}, "1,2"),
        ("cookie", {"explode": False}, "1,2"),
    ],
)
def test_an_array_in_one_text_is_split_as_its_style_says(
    where: str, declared: dict[str, Any], text: str
) -> None:
    """The separator is the style's; headers that were sent twice have a space behind it."""
    assert read(parameter(INTEGERS, where, **declared), text) == ({"pageSize": [1, 2]}, [])


def test_an_array_in_one_text_is_sent_once() -> None:
    """Without `explode` there is one text for all items."""
    _, [fault] = read(parameter(INTEGERS, explode=False), "1", "2")

    assert fault.code == "duplicate"


def test_a_cookie_is_read_from_the_cookie_header() -> None:
    """Among others, with its quotes taken off."""
    declared = parameter(INTEGER, "cookie")
    sent = SentValues({}, {}, {"cookie": 'theme=dark; pageSize="7"; pageSize=8'})
    values: dict[str, Any] = {}

    faults = read_parameters([declared], sent, values)

    assert (values, faults) == ({"pageSize": 7}, [])


@pytest.mark.parametrize(
    ("where", "schema", "declared", "what"),
    [
        ("query", INTEGERS, {"style": "deepObject"}, "style deepObject is not read in a query"),
        ("path", INTEGER, {"style": "matrix"}, "style matrix is not read in a path; declare simpl"),
        ("path", INTEGER, {"style": "label"}, "declare simple"),
        ("query", {"type": "object"}, {}, "objects and nested arrays are not read in a query"),
        ("header", {"properties": {}}, {}, "objects and nested arrays are not read in a header"),
        ("query", {"type": "array", "items": INTEGERS}, {}, "objects and nested arrays"),
        ("cookie", INTEGERS, {}, "an array is not read from several cookies; use explode: false"),
        ("query", {}, {"content": {"application/json": {}}}, "content is not read in a parameter"),
        ("body", {}, {}, '"in: body" is no place of a parameter; use path, header'),
    ],
)
def test_what_cannot_be_read_is_refused(
    where: str, schema: Schema, declared: dict[str, Any], what: str
) -> None:
    """It would be read wrongly; the reason says what to declare instead."""
    with pytest.raises(UnsupportedParameter, match=what):
        parameter(schema, where, **declared)

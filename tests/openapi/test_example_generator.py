"""Invented documents: each satisfies its schema, and the same seed invents the same."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.core.fakes import Fakes
from understudy.engine.registry import data_folder
from understudy.openapi.document import Document, Response, read_document
from understudy.openapi.example_generator import MAX_DEPTH, ExampleGenerator
from understudy.openapi.schemas import Schema, SchemaCompiler

SEEDS = range(20)
COMPONENTS: dict[str, Schema] = {
    "Word": {"type": "string", "pattern": "^[a-z]{3,5}$"},
    "Tree": {
        "type": "object",
        "required": ["children"],
        "properties": {
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}
        },
    },
    "Chain": {
        "type": "object",
        "required": ["next"],
        "properties": {
            "next": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Chain"}]}
        },
    },
    "Loose": {
        "type": "object",
        "properties": {"next": {"$ref": "#/components/schemas/Loose"}},
    },
}
TOY = Document("toy", {"components": {"schemas": COMPONENTS}})


@cache
def sent() -> Document:
    """Sent's document."""
    return read_document("sent", data_folder("specs") / "sent.yaml")


def responses() -> list[tuple[str, int]]:
    """Every response of Sent's document that has a body."""
    return [
        (operation.id, status)
        for operation in sent().operations.values()
        for status, response in operation.responses.items()
        if response.schema is not None
    ]


def response(operation: str, status: int) -> Response:
    """One response of Sent's document."""
    return sent().operations[operation].responses[status]


def made(schema: Schema, seed: int, name: str = "") -> Any:
    """A value for a schema of the toy document."""
    return ExampleGenerator(TOY, Fakes(seed)).make(schema, name)


@pytest.mark.parametrize(("operation", "status"), responses())
def test_invented_replies_are_what_the_document_declares(operation: str, status: int) -> None:
    """Whatever the seed, an invented reply of Sent's validates."""
    declared = response(operation, status)
    assert declared.schema is not None

    for seed in SEEDS:
        invented = ExampleGenerator(sent(), Fakes(seed)).make(declared.schema)

        assert declared.diagnose(invented) == []


@pytest.mark.parametrize(("operation", "status"), responses())
def test_the_same_seed_invents_the_same_reply(operation: str, status: int) -> None:
    """Two makers with one seed give equal replies."""
    schema = response(operation, status).schema
    assert schema is not None

    one, other = (ExampleGenerator(sent(), Fakes(7)).make(schema) for _ in range(2))

    assert one == other


def test_another_seed_invents_another_reply() -> None:
    """Replies of different seeds differ."""
    schema = response("listCampaigns", 200).schema
    assert schema is not None

    invented = [ExampleGenerator(sent(), Fakes(seed)).make(schema) for seed in SEEDS]

    assert all(each not in invented[:at] for at, each in enumerate(invented))


SCHEMAS: dict[str, Schema] = {
    "anything": {},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "integer-range": {"type": "integer", "minimum": 3, "maximum": 5},
    "integer-inside": {
        "type": "integer",
        "minimum": 3,
        "exclusiveMinimum": True,
        "maximum": 5,
        "exclusiveMaximum": True,
    },
    "integer-step": {"type": "integer", "minimum": 10, "maximum": 99, "multipleOf": 7},
    "integer-fraction": {"type": "integer", "minimum": 0.5, "maximum": 3.5},
    "integer-below-zero": {"type": "integer", "maximum": -5},
    "number": {"type": "number"},
    "number-range": {"type": "number", "minimum": 1.5, "maximum": 1.75},
    "number-inside": {
        "type": "number",
        "minimum": 0,
        "exclusiveMinimum": True,
        "maximum": 0.01,
        "exclusiveMaximum": True,
    },
    "number-below-zero": {"type": "number", "maximum": -5},
    "string": {"type": "string"},
    "string-long": {"type": "string", "minLength": 50, "maxLength": 51},
    "string-short": {"type": "string", "maxLength": 2},
    "string-empty": {"type": "string", "maxLength": 0},
    "pattern": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$", "minLength": 6, "maxLength": 8},
    "enum": {"type": "string", "enum": ["a", "b"]},
    "enum-null": {"type": "string", "nullable": True, "enum": ["a", None]},
    "enum-only-null": {"type": "string", "nullable": True, "enum": [None]},
    "array": {"type": "array", "items": {"$ref": "#/components/schemas/Word"}},
    "array-plain": {"type": "array"},
    "array-long": {"type": "array", "items": {"type": "boolean"}, "minItems": 10},
    "array-empty": {"type": "array", "items": {"type": "boolean"}, "maxItems": 0},
    "object": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
    "object-map": {"type": "object", "additionalProperties": {"type": "integer"}},
    "object-closed": {"type": "object", "additionalProperties": False},
    "one-of": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    "any-of": {"anyOf": [{"$ref": "#/components/schemas/Word"}, {"type": "integer"}]},
    "all-of": {
        "allOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
            {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer"}}},
            {"$ref": "#/components/schemas/Tree"},
        ]
    },
    "tree": {"$ref": "#/components/schemas/Tree"},
    "chain": {"$ref": "#/components/schemas/Chain"},
    "loose": {"$ref": "#/components/schemas/Loose"},
}
FORMATS = ("uuid", "date", "date-time", "uri", "email")


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_invented_values_satisfy_their_schema(schema: Schema) -> None:
    """Each keyword that the maker knows is heeded, whatever the seed."""
    validator = SchemaCompiler(COMPONENTS).compile(schema)

    invented = [made(schema, seed) for seed in SEEDS]

    assert [each for each in invented if not validator.accepts(each)] == []


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_heeded(name: str) -> None:
    """A string of a known format has that form."""
    schema = {"type": "string", "format": name}
    validator = SchemaCompiler({}).compile(schema)

    invented = [made(schema, seed) for seed in SEEDS]

    assert all(validator.accepts(each) for each in invented)
    assert len(set(invented)) > 1


def test_a_url_is_a_uri() -> None:
    """`url` is what some documents call it."""
    invented = made({"type": "string", "format": "url"}, 0)

    assert invented.startswith("https://example.com/")


@settings(deadline=None)
@given(st.integers(-50, 50), st.integers(0, 50), st.integers(1, 9))
def test_integers_stay_within_their_bounds(least: int, span: int, step: int) -> None:
    """An integer is a multiple of its step between its bounds, where there is one."""
    most = least + span + step
    schema = {"type": "integer", "minimum": least, "maximum": most, "multipleOf": step}

    invented = made(schema, least)

    assert least <= invented <= most
    assert invented % step == 0


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(0, 1e3))
def test_numbers_stay_within_their_bounds(least: float, span: float) -> None:
    """A number is between its bounds, however close they are."""
    invented = made({"type": "number", "minimum": least, "maximum": least + span}, 0)

    assert least <= invented <= least + span


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("workEmail", "@"),
        ("website_name", " "),
        ("closing_message", "."),
        ("summary_description", "."),
    ],
)
def test_a_name_guides_its_text(name: str, fragment: str) -> None:
    """What a member is called tells what its text looks like."""
    assert fragment in made({"type": "string"}, 0, name)


def test_a_country_is_a_code() -> None:
    """Countries and states are abbreviated."""
    members = {"countryCode": {"type": "string"}, "state": {"type": "string"}}

    invented = made({"type": "object", "properties": members}, 0)

    assert [len(invented["countryCode"]), len(invented["state"])] == [2, 2]


def test_null_is_invented_now_and_then() -> None:
    """What may be null is, for some seeds and not for all."""
    schema = {"type": "string", "nullable": True}

    invented = {made(schema, seed) is None for seed in SEEDS}

    assert invented == {True, False}


def test_what_may_be_absent_is_there() -> None:
    """Optional members are shown, too."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}

    assert all("a" in made(schema, seed) for seed in SEEDS)


def test_deep_down_only_what_must_be_is_there() -> None:
    """Below a bound optional members are left out, so that recursion ends."""
    node = made({"$ref": "#/components/schemas/Loose"}, 0)

    levels = 0
    while "next" in node:
        node, levels = node["next"], levels + 1

    assert levels == MAX_DEPTH


def test_a_pattern_that_no_length_allows_is_refused() -> None:
    """A schema that contradicts itself is named rather than answered wrongly."""
    schema = {"type": "string", "pattern": "^[a-z]{9}$", "maxLength": 3}

    with pytest.raises(ValueError, match=r"no text of 0 to 3 characters matches \^\[a-z\]\{9\}\$"):
        made(schema, 0)

"""OpenAPI 3.0 schemas as JSON Schema: what they accept, and how their faults are told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.core.codes import KEYWORD_HINTS
from understudy.core.errors import Diagnosis
from understudy.core.json_pointer import escape_token, to_dotted_path
from understudy.openapi.schemas import (
    ANNOTATIONS,
    Schema,
    SchemaCompiler,
    Validator,
    find_references,
    to_json_schema,
)

COMPONENTS: dict[str, Schema] = {
    "Id": {"type": "string", "format": "uuid"},
    "Name": {"type": "string", "maxLength": 5, "nullable": True},
    "Node": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"$ref": "#/components/schemas/Name"},
            "next": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Node"}]},
        },
    },
    "Unused": {"type": "array", "items": {"$ref": "#/components/schemas/Id"}},
}
UUID = "550e8400-e29b-41d4-a716-446655440000"
numbers = st.integers(-9, 9)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=3)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


def compiled(schema: Schema) -> Validator:
    """A validator of the components' document."""
    return SchemaCompiler(COMPONENTS).compile(schema)


def accepts(schema: Schema, value: Any) -> bool:
    """Whether a schema of the components' document accepts a value."""
    return bool(compiled(schema).accepts(value))


@pytest.mark.parametrize("name", [*sorted(ANNOTATIONS), "x-fidelity", "nullable"])
def test_what_says_nothing_about_validity_is_left_out(name: str) -> None:
    """Annotations and extensions do not reach the validator."""
    assert to_json_schema({"type": "string", name: False}) == {"type": "string"}


@pytest.mark.parametrize("name", [*sorted(ANNOTATIONS), "x-fidelity", "nullable", "$ref", "items"])
def test_a_member_may_be_named_like_a_keyword(name: str) -> None:
    """Below `properties` a name is a name."""
    schema = {"type": "object", "properties": {name: {"type": "string", "title": "T"}}}

    translated = to_json_schema(schema)

    assert translated["properties"] == {name: {"type": "string"}}


@pytest.mark.parametrize(
    ("keyword", "inside"),
    [
        ("items", lambda schema: schema),
        ("not", lambda schema: schema),
        ("additionalProperties", lambda schema: schema),
        ("allOf", lambda schema: [schema]),
        ("anyOf", lambda schema: [schema, schema]),
        ("oneOf", lambda schema: [schema]),
        ("properties", lambda schema: {"a": schema}),
    ],
)
def test_schemas_are_translated_wherever_they_stand(keyword: str, inside: Any) -> None:
    """Every keyword that holds schemas has them translated."""
    schema = {"type": "string", "nullable": True, "example": "a"}

    translated = to_json_schema({keyword: inside(schema)})

    assert translated == {keyword: inside({"type": ["string", "null"]})}


@pytest.mark.parametrize("value", [True, False])
def test_additional_properties_may_be_a_boolean(value: bool) -> None:
    """`additionalProperties` without a schema stays as it is."""
    schema = {"type": "object", "additionalProperties": value}

    assert accepts(schema, {"a": 1}) is value


def test_the_schema_is_left_alone() -> None:
    """Translating makes a new schema."""
    schema = {"type": "integer", "minimum": 1, "exclusiveMinimum": True, "nullable": True}
    before = dict(schema)

    to_json_schema(schema)

    assert schema == before


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "integer", "minimum": 1},
        {"type": "object", "required": ["a"]},
        {"type": "array", "items": {"type": "string"}},
        {"allOf": [{"$ref": "#/components/schemas/Id"}]},
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "string", "enum": ["a", None]},
    ],
)
def test_nullable_allows_null_and_nothing_else(schema: Schema) -> None:
    """With `nullable` null is accepted, and every other value as it was without."""
    nullable = {**schema, "nullable": True}

    assert not accepts(schema, None)
    assert accepts(nullable, None)
    for value in ("a", UUID, 0, 1, True, [], [1], {}, {"a": 1}):
        assert accepts(nullable, value) is accepts(schema, value)


def test_nullable_false_changes_nothing() -> None:
    """`nullable: false` is the default spelled out."""
    assert to_json_schema({"type": "string", "nullable": False}) == {"type": "string"}


def test_an_enum_must_list_null_itself() -> None:
    """As OpenAPI 3.0.3 says, `nullable` beside an enum without null does not admit it."""
    assert not accepts({"type": "string", "nullable": True, "enum": ["a"]}, None)


@given(numbers, numbers, st.booleans())
def test_a_minimum_may_be_exclusive(value: int, bound: int, exclusive: bool) -> None:
    """The boolean beside `minimum` says whether the bound itself is accepted."""
    schema = {"type": "integer", "minimum": bound, "exclusiveMinimum": exclusive}

    assert accepts(schema, value) is (value > bound if exclusive else value >= bound)


@given(numbers, numbers, st.booleans())
def test_a_maximum_may_be_exclusive(value: int, bound: int, exclusive: bool) -> None:
    """The boolean beside `maximum` says whether the bound itself is accepted."""
    schema = {"type": "integer", "maximum": bound, "exclusiveMaximum": exclusive}

    assert accepts(schema, value) is (value < bound if exclusive else value <= bound)


@given(numbers, st.booleans(), st.booleans())
def test_both_bounds_may_be_exclusive(value: int, below: bool, above: bool) -> None:
    """Each bound goes by its own boolean."""
    schema = {
        "type": "integer",
        "minimum": -3,
        "exclusiveMinimum": below,
        "maximum": 3,
        "exclusiveMaximum": above,
    }

    assert accepts(schema, value) is (-3 + below <= value <= 3 - above)


@settings(deadline=None)
@given(values)
def test_a_translated_schema_accepts_what_the_plain_one_does(value: Any) -> None:
    """Where OpenAPI 3.0 and JSON Schema agree, translating changes no verdict."""
    plain = {"anyOf": [{"type": "array", "minItems": 1}, {"type": "string", "maxLength": 1}]}

    assert Validator(to_json_schema(plain)).accepts(value) == Validator(plain).accepts(value)


def test_siblings_of_a_reference_are_ignored() -> None:
    """What stands beside `$ref` has no effect in OpenAPI 3.0, `nullable` included."""
    schema = {"$ref": "#/components/schemas/Id", "nullable": True, "enum": ["a"], "title": "T"}

    assert to_json_schema(schema) == {"$ref": "#/components/schemas/Id"}
    assert accepts(schema, UUID)
    assert not accepts(schema, None)


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ({"name": None}, True),
        ({"name": "a", "next": {"name": "b", "next": None}}, True),
        ({"name": "a", "next": {"name": "b", "next": {}}}, False),
        ({"name": "a", "next": {"name": "too long"}}, False),
        ({}, False),
    ],
)
def test_references_are_followed(value: Any, accepted: bool) -> None:
    """A reference means its component, however deep and however often it refers to itself."""
    assert accepts({"$ref": "#/components/schemas/Node"}, value) is accepted


def test_references_work_inside_a_schema() -> None:
    """Components are found from any place in a schema."""
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/Id"}}

    assert accepts(schema, [UUID])
    assert not accepts(schema, [UUID, "nobody"])


def test_a_reference_to_nothing_is_told() -> None:
    """A schema that refers to an unknown component cannot be compiled."""
    with pytest.raises(ValueError, match='schemas/Nothing" points nowhere'):
        compiled({"$ref": "#/components/schemas/Nothing"})


def test_references_are_found_wherever_they_stand() -> None:
    """Every component that a schema names is listed, once."""
    schema = {
        "properties": {"a": {"$ref": "#/components/schemas/A"}, "$ref": {"type": "string"}},
        "allOf": [{"$ref": "#/components/schemas/B"}, {"$ref": "#/components/schemas/A"}],
        "maxProperties": 2,
    }

    assert find_references(schema) == {"A", "B"}


FORMATS = [
    ("uuid", UUID, "550e8400"),
    ("date-time", "2026-03-11T21:50:50.2593126+00:00", "2026-03-11T21:50:50"),
    ("date", "2026-02-28", "2026-02-30"),
    ("email", "team@acme.com", "team"),
    ("uri", "https://example.com/a", "example.com/a b"),
    ("ipv4", "127.0.0.1", "127.0.0"),
]


@pytest.mark.parametrize(("name", "good", "bad"), FORMATS, ids=[name for name, _, _ in FORMATS])
def test_formats_are_checked(name: str, good: str, bad: str) -> None:
    """A format is an assertion, not a remark."""
    schema = {"type": "string", "format": name}

    assert accepts(schema, good)
    assert not accepts(schema, bad)


@pytest.mark.parametrize("name", ["byte", "password", "phone-from-mars"])
def test_unknown_formats_accept_everything(name: str) -> None:
    """A format that JSON Schema does not know says nothing."""
    assert accepts({"type": "string", "format": name}, "!")


OBJECT: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "a/b"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "a/b": {"type": "string"},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}},
    },
}


def test_every_fault_is_told() -> None:
    """A value with several faults has a diagnosis for each."""
    value = {"id": 1, "kind": "c", "tags": ["a", "B"], "more": 1}

    faults = compiled(OBJECT).diagnose(value, "body")

    assert sorted((fault.code, fault.pointer) for fault in faults) == [
        ("additionalProperties", ""),
        ("enum", "/kind"),
        ("pattern", "/tags/1"),
        ("required", "/a~1b"),
        ("type", "/id"),
    ]
    assert {fault.where for fault in faults} == {"body"}


def test_what_is_accepted_has_no_fault() -> None:
    """A valid value has nothing to tell."""
    assert compiled(OBJECT).diagnose({"id": UUID, "a/b": ""}, "body") == []


@settings(deadline=None)
@given(values)
def test_a_value_is_accepted_or_diagnosed(value: Any) -> None:
    """No value is refused without a reason, and none accepted with one."""
    validator = compiled({"$ref": "#/components/schemas/Node"})

    assert validator.accepts(value) is not bool(validator.diagnose(value, "body"))


def test_a_prefix_stands_before_every_pointer() -> None:
    """A parameter's name is the root of its pointers."""
    faults = compiled({"type": "array", "items": {"type": "integer"}}).diagnose(["a"], "query", "n")

    assert [(fault.where, fault.pointer) for fault in faults] == [("query", "n/0")]


def test_a_required_member_is_pointed_at_itself() -> None:
    """The pointer of a missing member is where it would stand."""
    [fault] = compiled({"type": "object", "required": ["id"]}).diagnose({}, "body")

    assert fault == Diagnosis(
        "required", "body", "/id", '"id" is a required property', "add the member"
    )


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "object", "required": ["a"]}, {}),
        ({"type": "object", "additionalProperties": False}, {"a": 1}),
        ({"type": "string"}, 1),
        ({"type": "string", "format": "date"}, "noon"),
        ({"type": "string", "pattern": "^a$"}, "b"),
    ],
)
def test_common_faults_have_a_hint(schema: Schema, value: Any) -> None:
    """What can be said about the remedy is said."""
    [fault] = compiled(schema).diagnose(value, "body")

    assert fault.hint == KEYWORD_HINTS[fault.code]


@pytest.mark.parametrize(
    ("schema", "value", "hint"),
    [
        ({"type": "string", "minLength": 3}, "ab", "send 3 or more characters"),
        ({"type": "string", "maxLength": 1}, "ab", "send 1 or fewer characters"),
        ({"type": "integer", "minimum": 1}, 0, "send 1 or more"),
        ({"type": "integer", "maximum": 9}, 10, "send 9 or less"),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 1, "send more than 1"),
        ({"type": "integer", "maximum": 9, "exclusiveMaximum": True}, 9, "send less than 9"),
        ({"type": "integer", "multipleOf": 5}, 6, "send a multiple of 5"),
        ({"type": "array", "minItems": 1}, [], "send 1 or more items"),
        ({"type": "array", "maxItems": 1}, [1, 2], "send 1 or fewer items"),
        ({"type": "object", "minProperties": 1}, {}, "send 1 or more members"),
        ({"type": "object", "maxProperties": 0}, {"a": 1}, "send 0 or fewer members"),
        ({"enum": ["a", None, 1]}, "b", 'use one of "a", null, 1; values are case-sensitive'),
    ],
)
def test_a_hint_has_the_value_that_the_schema_asks_for(
    schema: Schema, value: Any, hint: str
) -> None:
    """A number or a choice is told, so that nobody has to look it up."""
    [fault] = compiled(schema).diagnose(value, "body")

    assert fault.hint == hint


@pytest.mark.parametrize(
    ("schema", "value", "code"),
    [
        ({"type": "array", "uniqueItems": True}, [1, 1], "uniqueItems"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, None, "anyOf"),
        ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, 1, "oneOf"),
        ({"not": {"type": "string"}}, "a", "not"),
    ],
)
def test_a_hint_without_a_value_is_the_keywords(schema: Schema, value: Any, code: str) -> None:
    """What no number can say is said in words."""
    [fault] = compiled(schema).diagnose(value, "body")

    assert (fault.code, fault.hint) == (code, KEYWORD_HINTS[code])


def test_a_long_hint_is_shortened() -> None:
    """Hundreds of choices make a hint of bounded size."""
    [fault] = compiled({"enum": [f"choice-{n}" for n in range(300)]}).diagnose("b", "body")

    assert len(fault.hint) == 303


def test_a_long_message_is_shortened() -> None:
    """A value of any size makes a message of bounded size."""
    [fault] = compiled({"type": "integer"}).diagnose("a" * 1_000, "body")

    assert len(fault.message) <= 303
    assert fault.message.startswith('"aaa')
    assert "aaa... is not of type" in fault.message


def test_no_message_shows_a_secret() -> None:
    """What the document calls a password is told of without its value, in whatever depth."""
    card = {"type": "object", "properties": {"cvc": {"type": "string", "format": "password"}}}
    components = {"Card": {**card, "required": ["cvc"]}}
    compiler = SchemaCompiler(components)
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/Card"}}

    faults = compiler.compile(schema).diagnose([{"cvc": 999}, "4111", 7], "body")

    assert [fault.pointer for fault in faults] == ["/0/cvc", "/1", "/2"]
    assert "999" not in faults[0].message and "string" in faults[0].message


def test_no_more_than_a_hundred_faults_are_told() -> None:
    """A body that is wrong a thousand times is answered as fast as any other."""
    schema = {"type": "array", "items": {"type": "string"}}

    assert len(compiled(schema).diagnose([1] * 1_000, "body")) == 100


@given(st.text())
def test_a_pointer_token_is_read_back(part: str) -> None:
    """Escaping leaves no separator and can be undone (RFC 6901)."""
    token = escape_token(part)

    assert "/" not in token
    assert token.replace("~1", "/").replace("~0", "~") == part


@pytest.mark.parametrize(
    ("pointer", "path"),
    [
        ("", ""),
        ("/name", "name"),
        ("/campaign/useCases/0/type", "campaign.useCases[0].type"),
        ("/0/1", "[0][1]"),
        ("/a~1b/c~0d", "a/b.c~d"),
    ],
)
def test_a_pointer_as_a_path(pointer: str, path: str) -> None:
    """Members are joined by dots, positions stand in brackets."""
    assert to_dotted_path(pointer) == path

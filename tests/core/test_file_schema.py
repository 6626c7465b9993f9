"""Files are held to their schemas; what is wrong is one sentence with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from understudy.core.file_schema import BASE_URI, FOLDER, FORMATS, FileSchema

SCHEMAS = sorted(FOLDER.glob("*.json"))
SHIFT = {"shift": "PT1S"}


def scenario(*steps: Any, **fields: Any) -> dict[str, Any]:
    """A scenario of these steps."""
    return {"title": "A try", "steps": list(steps), **fields}


def faults(document: Any) -> list[str]:
    """What is wrong with a scenario."""
    return FileSchema("scenario").find_faults(document)


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.stem)
def test_a_schema_is_one(file: Path) -> None:
    """It is valid JSON Schema 2020-12, and says so for editors."""
    schema = json.loads(file.read_bytes())

    jsonschema_rs.meta.validate(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]


def formats_in(schema: Any) -> set[str]:
    """The formats that a schema names."""
    if isinstance(schema, list):
        return set().union(*map(formats_in, schema))
    if not isinstance(schema, dict):
        return set()
    here = {schema["format"]} if isinstance(schema.get("format"), str) else set()
    return here.union(*map(formats_in, schema.values()))


def test_every_format_is_checked() -> None:
    """A format that nobody knows would accept everything."""
    named = set().union(*(formats_in(json.loads(file.read_bytes())) for file in SCHEMAS))

    assert named == FORMATS.keys()


def test_a_document_as_it_must_be() -> None:
    """Nothing is said of it."""
    assert faults(scenario(SHIFT, {"errors": "all"}, settings={"pace": "manual"})) == []


def test_every_fault_is_found() -> None:
    """Each with its pointer, also through a reference to another file."""
    document = scenario({"shift": "soon"}, {"call": "a", "status": 7}, settings={"pace": -1})

    assert sorted(faults(document)) == [
        '/settings/pace must be a factor from 0 to 1000000 or "manual", not -1',
        '/steps/0/shift must be a duration such as P30D or PT1H30M, not "soon"',
        "/steps/1/status must be a status such as 201, not 7",
    ]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (b"a", "/values/x is bytes, which JSON cannot hold"),
        (float("nan"), "/values/x is nan, which JSON cannot hold"),
        ("\ud800", "/values/x holds half a character, which UTF-8 cannot encode"),
        ({1: 2}, "/values/x has the key 1, which is not text; put it in quotes"),
    ],
)
def test_what_json_cannot_hold(value: Any, sentence: str) -> None:
    """YAML and JSON's escapes can say more than JSON does."""
    assert faults(scenario(SHIFT, values={"x": value})) == [sentence]


def test_a_pointer_is_escaped() -> None:
    """Names may have what separates them."""
    assert faults(scenario(SHIFT, values={"a/b~c": []})) == [
        "/values/a~1b~0c must be text or a number, not a list"
    ]


def test_many_faults_are_counted() -> None:
    """A sentence for the first five; it stays on one line, whatever names have in them."""
    steps = [{"call": "a", "status": 200, "query": {"x\ny": None}} for _ in range(7)]

    with pytest.raises(ValueError, match=r"; and 2 more$") as refused:
        FileSchema("scenario").check(scenario(*steps))

    assert str(refused.value).count("must be") == 5
    assert r"/steps/0/query/x\ny must be text" in str(refused.value)


def test_references_stay_in_the_folder() -> None:
    """A schema that editors read by itself finds the others beside it."""
    text = "".join(file.read_text() for file in SCHEMAS)

    assert BASE_URI not in text

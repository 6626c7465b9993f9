"""Files that people or other tools write, checked against the JSON Schemas in `schemas/`.

A fault is one sentence that begins with a JSON pointer: `/steps/1/status must be a status such as
201, not "many"`. What a value must be is the schema's `description`, a noun phrase, which editors
show as well; where that makes no sentence, `x-sentence` is the whole of it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs

from understudy.core.clock import parse_duration, parse_instant
from understudy.core.json_pointer import escape_token, resolve_pointer
from understudy.core.setting_kinds import format_value

FOLDER = Path(__file__).parents[1] / "schemas"
BASE_URI = "schemas:///"
# Of the faults of one file; the others are counted.
MAX_FAULTS = 5
KIND_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}
SHOWN_KINDS: dict[type, str] = {dict: "an object", list: "a list", bytes: "bytes"}


class FileSchema:
    """One kind of file.

    Args:
        name: of its schema: `schemas/NAME.json`.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def _validator(self) -> jsonschema_rs.Draft202012Validator:
        registry = jsonschema_rs.Registry(
            [(f"{BASE_URI}{file.name}", _read(file.name)) for file in FOLDER.glob("*.json")]
        )
        return jsonschema_rs.Draft202012Validator(
            {"$ref": f"{BASE_URI}{self.name}.json"},
            formats=FORMATS,
            validate_formats=True,
            registry=registry,
        )

    def check(self, document: Any) -> None:
        """Refuse a document that is not as the schema says.

        Raises:
            ValueError: says what is wrong and where, in one line.
        """
        faults = self.find_faults(document)
        if faults:
            more = f"; and {len(faults) - MAX_FAULTS} more" if len(faults) > MAX_FAULTS else ""
            raise ValueError(_printable("; ".join(faults[:MAX_FAULTS]) + more))

    def find_faults(self, document: Any) -> list[str]:
        """One sentence for each fault."""
        faults = list(find_non_json(document)) or map(
            _locate, self._validator.iter_errors(document)
        )
        return list(dict.fromkeys(f"{at} {what}".strip() for at, what in faults))


@cache
def _read(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((FOLDER / name).read_bytes())
    return schema


def find_non_json(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """The places whose values JSON cannot hold, such as YAML's bytes, and what is wrong there."""
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(name, str):
                yield from find_non_json(name, f"{at}/{escape_token(name)}")
                yield from find_non_json(each, f"{at}/{escape_token(name)}")
            else:
                yield at, f"has the key {name}, which is not text; put it in quotes"
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from find_non_json(each, f"{at}/{index}")
    else:
        fault = _find_scalar_fault(value)
        if fault:
            yield at, fault


def _find_scalar_fault(value: Any) -> str:
    if not isinstance(value, (str, int, float, type(None))):
        return f"is {_format_kind(value)}, which JSON cannot hold"
    if isinstance(value, str) and any("\ud800" <= each <= "\udfff" for each in value):
        return "holds half a character, which UTF-8 cannot encode"
    # NaN is not itself.
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return f"is {value}, which JSON cannot hold"
    return ""


def _locate(error: jsonschema_rs.ValidationError) -> tuple[str, str]:
    """Where something is wrong, and what."""
    at = "".join(f"/{escape_token(str(each))}" for each in error.instance_path)
    return at, _describe(error)


def _describe(error: jsonschema_rs.ValidationError) -> str:
    """What is wrong with a value, as a sentence goes on after its pointer."""
    schema = _find_schema(error)
    kind = error.kind.as_dict()
    if "x-sentence" in schema:
        return str(schema["x-sentence"])
    if error.kind.name == "propertyNames":
        name = kind["error"]
        expected = _expected(_find_schema(name))
        return f"has the key {format_value(name.instance)}, which must be {expected}"
    if error.kind.name == "required":
        return f'has no "{kind["property"]}"'
    if error.kind.name == "additionalProperties":
        known = ", ".join(sorted(schema.get("properties", {})))
        return f"cannot have {', '.join(kind['unexpected'])}; it may have: {known}"
    return f"must be {_expected(schema)}, not {_format_kind(error.instance)}"


def _find_schema(error: jsonschema_rs.ValidationError) -> dict[str, Any]:
    """The schema that has the keyword which is not satisfied."""
    location = str(error.absolute_keyword_location)
    file, _, pointer = location.removeprefix(BASE_URI).partition("#")
    schema = resolve_pointer(_read(file), pointer.rpartition("/")[0])
    return schema if isinstance(schema, dict) else {}


def _expected(schema: dict[str, Any]) -> str:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    usual = " or ".join(KIND_NAMES[each] for each in kinds if each != "null")
    return str(schema.get("description", usual))


def _format_kind(value: Any) -> str:
    """A value, or only its kind when it holds others."""
    return SHOWN_KINDS.get(type(value)) or format_value(value)


def _printable(text: str) -> str:
    """A sentence on one line, whatever the file has in its names."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def check_url(url: str) -> None:
    """Refuse what is not an absolute URL.

    Raises:
        ValueError: says why not.
    """
    parts = urlsplit(url)
    # Reading the port checks it.
    if parts.port == -1 or not parts.scheme or not parts.netloc:
        raise ValueError("it has no scheme or no host")
    if not url.isprintable() or " " in url:
        raise ValueError("white space and control characters must be encoded")


def decode_base64(text: str) -> bytes:
    """The bytes that a text spells; some tools break it into lines.

    Raises:
        ValueError: when it is not base64.
    """
    return base64.b64decode("".join(text.split()), validate=True)


def _accepts(read: Callable[[str], object]) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return accepts


# Formats that JSON Schema does not know, or knows otherwise.
FORMATS = {
    "absolute-url": _accepts(lambda url: check_url(url.partition("#")[0])),
    "base64-lines": _accepts(decode_base64),
    "instant": _accepts(parse_instant),
    "fixed-duration": _accepts(parse_duration),
}

"""Generates bodies that satisfy a schema, for `Prefer: dynamic=true`."""

from __future__ import annotations

import math
import string
from collections.abc import Callable
from typing import Any

import rstr

from understudy.core.clock import SECOND, format_timestamp
from understudy.core.fakes import Fakes
from understudy.openapi.document import Document
from understudy.openapi.schemas import Schema

MAX_DEPTH = 6
YEAR_2026 = 1_767_225_600 * SECOND
# Faker's provider for fields whose name contains a fragment; the first match wins.
MAKERS_BY_NAME = (
    ("email", "email"),
    ("phone", "phone_number"),
    ("street", "street_address"),
    ("address", "address"),
    ("city", "city"),
    ("country", "country_code"),
    ("state", "state_abbr"),
    ("postal", "postcode"),
    ("company", "company"),
    ("business", "company"),
    ("legal", "company"),
    ("name", "name"),
    ("description", "sentence"),
    ("message", "sentence"),
)


class ExampleGenerator:
    """Generates JSON documents for the schemas of one OpenAPI document."""

    def __init__(self, document: Document, fakes: Fakes) -> None:
        self._document = document
        self._fakes = fakes
        self._random = fakes.random
        # rstr draws from the session's random sequence, too.
        self._rstr = rstr.Rstr(fakes.random)

    def make(self, schema: Schema, name: str = "", depth: int = 0) -> Any:
        """A value that the schema accepts.

        Args:
            name: of the field that holds it; chooses what strings look like.
            depth: of nesting; beyond MAX_DEPTH optional fields are absent or null.
        """
        schema = self._whole(schema)
        if schema.get("nullable") and (depth > MAX_DEPTH or self._random.random() < 0.3):
            return None
        if "enum" in schema:
            stated = [each for each in schema["enum"] if each is not None]
            return self._random.choice(stated or [None])
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self.make(self._random.choice(schema[choice]), name, depth)
        makers = self._makers()
        make = makers.get(schema.get("type", "object"), makers["object"])
        return make(schema, name, depth)

    def _makers(self) -> dict[str, Callable[[Schema, str, int], Any]]:
        return {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": self._integer,
            "number": self._number,
            "boolean": self._boolean,
        }

    def _whole(self, schema: Schema) -> Schema:
        """The schema with its reference followed and its `allOf` parts merged."""
        schema = self._document.resolve(schema)
        if "allOf" not in schema:
            return schema
        merged: Schema = {name: value for name, value in schema.items() if name != "allOf"}
        for part in schema["allOf"]:
            for name, value in self._whole(part).items():
                if name == "properties":
                    merged[name] = {**merged.get(name, {}), **value}
                elif name == "required":
                    merged[name] = [*merged.get(name, []), *value]
                else:
                    merged.setdefault(name, value)
        return merged

    def _object(self, schema: Schema, name: str, depth: int) -> dict[str, Any]:
        required = schema.get("required", [])
        made = {
            member: self.make(part, member, depth + 1)
            for member, part in schema.get("properties", {}).items()
            if member in required or depth < MAX_DEPTH
        }
        extra = schema.get("additionalProperties")
        if not made and isinstance(extra, dict):
            made[self._fakes.faker.word()] = self.make(extra, name, depth + 1)
        return made

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        least = schema.get("minItems", 0)
        most = schema.get("maxItems", max(least, 3))
        count = least if depth > MAX_DEPTH else self._random.randint(max(least, min(1, most)), most)
        return [self.make(schema.get("items", {}), name, depth + 1) for _ in range(count)]

    def _boolean(self, _schema: Schema, _name: str, _depth: int) -> bool:
        return self._random.random() < 0.5

    def _integer(self, schema: Schema, _name: str, _depth: int) -> int:
        least, most = _number_bounds(schema, 1_000)
        step: int = schema.get("multipleOf", 1)
        first, last = math.ceil(least / step), math.floor(most / step)
        if schema.get("exclusiveMinimum") and first * step == least:
            first += 1
        if schema.get("exclusiveMaximum") and last * step == most:
            last -= 1
        return self._random.randint(first, last) * step

    def _number(self, schema: Schema, _name: str, _depth: int) -> float:
        least, most = _number_bounds(schema, 100)
        exact = self._random.uniform(least, most)
        rounded = round(exact, 2)
        return rounded if least < rounded < most else exact

    def _string(self, schema: Schema, name: str, _depth: int) -> str:
        if "pattern" in schema:
            return self._matching(schema)
        text = self._formatted(schema.get("format", "")) or self._named(name)
        least, most = schema.get("minLength", 0), schema.get("maxLength", max(len(text), 1))
        while len(text) < least:
            text += self._fakes.token(least - len(text), string.ascii_lowercase)
        return text[:most]

    def _matching(self, schema: Schema) -> str:
        least, most = schema.get("minLength", 0), schema.get("maxLength", 1_000)
        for _ in range(200):
            text = self._rstr.xeger(schema["pattern"])
            if least <= len(text) <= most:
                return text
        raise ValueError(f"no text of {least} to {most} characters matches {schema['pattern']}")

    def _formatted(self, format: str) -> str:
        if format == "uuid":
            return self._fakes.uuid()
        if format in ("date-time", "date"):
            moment = format_timestamp(YEAR_2026 + self._random.randrange(365 * 86_400) * SECOND, 0)
            return moment if format == "date-time" else moment[:10]
        if format in ("uri", "url"):
            return f"https://example.com/{self._fakes.faker.slug()}"
        return self._fakes.faker.email() if format == "email" else ""

    def _named(self, name: str) -> str:
        for fragment, provider in MAKERS_BY_NAME:
            if fragment in name.lower():
                return str(getattr(self._fakes.faker, provider)())
        return str(self._fakes.faker.word())


def _number_bounds(schema: Schema, span: int) -> tuple[float, float]:
    """The least and the largest number; a bound that is missing is a span away, or 0."""
    most = schema.get("maximum")
    least = schema.get("minimum", 0 if most is None or most >= 0 else most - span)
    return least, least + span if most is None else most

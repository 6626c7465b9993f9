"""What a document declares that tests can exercise: operations, responses, fields, enum values."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import orjson

from understudy.core.json_pointer import escape_token
from understudy.openapi.document import Document, Operation
from understudy.openapi.parameters import Parameter
from understudy.openapi.schemas import Schema

# How many fields of one body are visited; only recursive schemas have more.
MAX_FIELDS = 2_000


ALTERNATIVES = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Share:
    """How many points are documented, and how many of these were exercised."""

    exercised: int = 0
    documented: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.exercised + other.exercised, self.documented + other.documented)

    @property
    def percent(self) -> float:
        """In tenths, rounded down, so that only all points are 100.0; of no points, 0.0."""
        return 1000 * self.exercised // self.documented / 10 if self.documented else 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """What was exercised of each kind of point."""

    operations: Share = Share()
    responses: Share = Share()
    fields: Share = Share()
    values: Share = Share()

    def __add__(self, other: Summary) -> Summary:
        return Summary(
            self.operations + other.operations,
            self.responses + other.responses,
            self.fields + other.fields,
            self.values + other.values,
        )

    @property
    def points(self) -> Share:
        """Every point, of whichever kind."""
        return self.operations + self.responses + self.fields + self.values


@dataclass(frozen=True, slots=True)
class Field:
    """One place in an operation's requests that a test can fill.

    Attributes:
        where: `body`, `query` or `header`.
        pointer: JSON pointer into the body, `*` for every item or entry; or a parameter's name.
        point: the name by which it is noted.
        values: the enum values that it, or an item of it, can take, each by its own point.
    """

    where: str
    pointer: str
    point: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Shape:
    """The declared shape of one value; a tree of shapes describes a body.

    Attributes:
        fills: the field that a value here fills; None for the body as a whole.
        values: the points of the enum values that may stand here.
        free: the shape of members that `members` does not name.
    """

    pointer: str
    fills: Field | None = None
    values: dict[Any, str] = field(default_factory=dict)
    members: dict[str, Shape] = field(default_factory=dict)
    free: Shape | None = None
    items: Shape | None = None

    def note(self, value: Any, seen: set[str]) -> None:
        """Add the points that a value covers here and below."""
        if self.fills is not None:
            seen.add(self.fills.point)
        if type(value) is dict:
            self._note_members(value, seen)
        elif type(value) is list:
            if self.items is not None:
                for each in value:
                    self.items.note(each, seen)
        elif self.values and (point := self.values.get(_key(value))) is not None:
            seen.add(point)

    def _note_members(self, value: dict[str, Any], seen: set[str]) -> None:
        for name, each in value.items():
            below = self.members.get(name, self.free)
            if below is not None:
                below.note(each, seen)

    def fields(self) -> Iterator[Field]:
        """The fields here and below, in the document's order."""
        if self.fills is not None:
            yield self.fills
        for below in (*self.members.values(), self.free, self.items):
            if below is not None:
                yield from below.fields()


def _key(value: Any) -> Any:
    """A key that is equal for equal JSON values: 1 is 1.0, but not true."""
    return value if type(value) is str else (type(value) is bool, value)


@dataclass(frozen=True)
class DeclaredOperation:
    """One operation, and what its requests may carry.

    Attributes:
        query, headers: the parameters by the key under which requests carry them.
        body: None when it takes none.
    """

    operation: Operation
    fields: tuple[Field, ...]
    query: Mapping[str, tuple[Parameter, Shape]]
    headers: Mapping[str, tuple[Parameter, Shape]]
    body: Shape | None

    @cached_property
    def points(self) -> frozenset[str]:
        """Its fields and enum values, as they are noted."""
        values = (point for each in self.fields for point in each.values)
        return frozenset([*(each.point for each in self.fields), *values])


@dataclass(frozen=True)
class Declared:
    """What one vendor's document declares."""

    vendor: str
    title: str
    operations: Mapping[str, DeclaredOperation]


@lru_cache(maxsize=16)
def declare(document: Document) -> Declared:
    """List everything in a document that tests can exercise."""
    operations = {
        name: DocumentReader(document).operation(operation)
        for name, operation in document.operations.items()
    }
    return Declared(document.name, document.title, operations)


class DocumentReader:
    """Collects the fields that one operation's requests may carry, by point."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._fields: dict[str, Field] = {}

    def operation(self, operation: Operation) -> DeclaredOperation:
        """The operation with all its fields, parameters first."""
        query = self._parameters(operation, "query")
        headers = self._parameters(operation, "header")
        body = self._body(operation.body.schema) if operation.body else None
        shapes = [shape for _, shape in (*query.values(), *headers.values())]
        shapes += [body] if body else []
        fields = {each.point: each for shape in shapes for each in shape.fields()}
        return DeclaredOperation(operation, tuple(fields.values()), query, headers, body)

    def _parameters(self, operation: Operation, where: str) -> dict[str, tuple[Parameter, Shape]]:
        among = [each for each in operation.parameters if each.where == where]
        return {each.key: (each, self._parameter(each)) for each in among}

    def _parameter(self, parameter: Parameter) -> Shape:
        filled = self._field(parameter.where, parameter.name)
        item = Shape(parameter.name, filled)
        shape = Shape(parameter.name, filled, items=item)
        for part, _ in self._parts(parameter.schema, frozenset()):
            self._add_values(shape, part)
            for each, _ in self._parts(part.get("items", {}), frozenset()):
                self._add_values(item, each)
        return shape

    def _body(self, schema: Schema) -> Shape:
        """Visit the body level by level, so that MAX_FIELDS leaves out the deepest fields."""
        root = Shape("")
        waiting = deque([(root, schema, frozenset[str]())])
        for _ in range(MAX_FIELDS):
            if not waiting or len(self._fields) > MAX_FIELDS:
                break
            shape, at, above = waiting.popleft()
            for part, within in self._parts(at, above):
                self._add_values(shape, part)
                waiting.extend((each, below, within) for each, below in self._open(shape, part))
        return root

    def _parts(
        self, schema: Schema, above: frozenset[str]
    ) -> Iterator[tuple[Schema, frozenset[str]]]:
        """The schemas that together describe one value, each with the references that led to it."""
        met = set(above)
        waiting = [(schema, above)]
        while waiting:
            part, within = waiting.pop()
            if "$ref" in part:
                reference = part["$ref"]
                if reference in met:
                    continue
                met.add(reference)
                part, within = self._document.resolve(part), within | {reference}
            yield part, within
            for keyword in ALTERNATIVES:
                waiting += [(each, within) for each in reversed(part.get(keyword, ()))]

    def _open(self, shape: Shape, part: Schema) -> Iterator[tuple[Shape, Schema]]:
        """The shapes right below one, each with its schema."""
        for name, schema in part.get("properties", {}).items():
            if not self._document.resolve(schema).get("readOnly"):
                if name not in shape.members:
                    shape.members[name] = self._place(f"{shape.pointer}/{escape_token(name)}")
                yield shape.members[name], schema
        extra = part.get("additionalProperties", False)
        if extra is not False:
            shape.free = shape.free or self._place(f"{shape.pointer}/*")
            yield shape.free, extra if isinstance(extra, dict) else {}
        if "items" in part:
            shape.items = shape.items or Shape(f"{shape.pointer}/*", shape.fills)
            yield shape.items, part["items"]

    def _place(self, pointer: str) -> Shape:
        return Shape(pointer, self._field("body", pointer))

    def _field(self, where: str, pointer: str) -> Field:
        made = Field(where, pointer, _format_pointer(where, pointer))
        return self._fields.setdefault(made.point, made)

    def _add_values(self, shape: Shape, part: Schema) -> None:
        for value in part.get("enum", ()):
            if value is None or isinstance(value, (dict, list)):
                continue
            # A body that is an enum as a whole, or a list of them.
            shape.fills = shape.fills or self._field("body", shape.pointer)
            point = _format_pointer(shape.fills.where, shape.fills.pointer, value)
            if shape.values.setdefault(_key(value), point) == point:
                shape.fills.values[point] = value


def _format_pointer(*parts: Any) -> str:
    return orjson.dumps(parts).decode()

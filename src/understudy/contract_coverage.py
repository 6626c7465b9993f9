"""Contract coverage: what of the vendors' documents a run of tests has exercised.

One point each, all of the same weight:

- an operation that a request reached, whatever came of it;
- a documented response (an operation's status) that was answered, be it by a rule, by `Prefer` or
  by a planned fault. Every documented response counts, 500 and 503 too: the latter two reach them;
- a request field that was sent: a member of the body at any depth, a query or a header parameter.
  The items of an array are no field of their own, their members are (`/useCases/*/type`); of a map
  the entries are one field (`/labels/*`). Left out are path parameters (always sent), cookies
  (redacted before they are noted) and `readOnly` members (not for requests). The members of all
  alternatives (`allOf`, `oneOf`, `anyOf`) count; a schema within itself is not opened again;
- an enum value of such a field that was sent; `null` is none.

A refused request counts as well: a test of a refusal exercises the document. Answered statuses
that the document does not declare, and replies of which the client saw no status (0), are noted but
are no points. A body that is not JSON notes no fields; nor does one of more than 64 KiB, since the
journal cuts it before it is noted. Vendors that no test asked are left out of the total.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import orjson

from understudy.core.json_pointer import escape_token
from understudy.openapi.document import Document, Operation
from understudy.openapi.parameters import Parameter
from understudy.openapi.schemas import Schema
from understudy.service.service import Service
from understudy.session.deliveries import Delivery
from understudy.session.journal import Exchange

Json = dict[str, Any]

# How many places of one body are looked into; only documents with tangled schemas have more.
MOST_PLACES = 2_000
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
    """What a document says of one place; bodies are walked along the tree of them.

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
    """What equals only for values that are the same in JSON: 1 is 1.0, but not true."""
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


def declare(document: Document) -> Declared:
    """Walk a document once."""
    operations = {
        name: Declaring(document).operation(operation)
        for name, operation in document.operations.items()
    }
    return Declared(document.name, document.title, operations)


class Declaring:
    """The walk over what one operation's requests may carry; gathers the fields by point."""

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
        """Level by level, so that it is the deepest places that a bound leaves out."""
        root = Shape("")
        waiting = deque([(root, schema, frozenset[str]())])
        for _ in range(MOST_PLACES):
            if not waiting or len(self._fields) > MOST_PLACES:
                break
            shape, at, above = waiting.popleft()
            for part, within in self._parts(at, above):
                self._add_values(shape, part)
                waiting.extend((each, below, within) for each, below in self._open(shape, part))
        return root

    def _parts(
        self, schema: Schema, above: frozenset[str]
    ) -> Iterator[tuple[Schema, frozenset[str]]]:
        """The schemas that together describe one place, each with the references that led to it."""
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
        """The places right below one, with the schema that this part has for them."""
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
        made = Field(where, pointer, _point(where, pointer))
        return self._fields.setdefault(made.point, made)

    def _add_values(self, shape: Shape, part: Schema) -> None:
        for value in part.get("enum", ()):
            if value is None or isinstance(value, (dict, list)):
                continue
            # A body that is an enum as a whole, or a list of them.
            shape.fills = shape.fills or self._field("body", shape.pointer)
            point = _point(shape.fills.where, shape.fills.pointer, value)
            if shape.values.setdefault(_key(value), point) == point:
                shape.fills.values[point] = value


def _point(*parts: Any) -> str:
    return orjson.dumps(parts).decode()


class Exercised:
    """What tests have exercised of one operation.

    Attributes:
        statuses: how often each was answered; 0 stands for a reply without one.
        points: which fields were sent and which enum values used.
    """

    def __init__(self, declared: DeclaredOperation) -> None:
        self.declared = declared
        self.statuses: Counter[int] = Counter()
        self.points: set[str] = set()

    @property
    def operation(self) -> Operation:
        return self.declared.operation

    @property
    def calls(self) -> int:
        return self.statuses.total()

    @property
    def undeclared(self) -> list[int]:
        """The statuses that were answered though the document does not declare them."""
        return sorted(self.statuses.keys() - self.operation.responses.keys() - {0})

    def note(self, exchange: Exchange) -> None:
        """Count one exchange of this operation and note what its request carried."""
        self.statuses[exchange.status] += 1
        declared = self.declared
        if len(self.points) == len(declared.points):
            return
        if declared.query and exchange.query:
            self._note_query(exchange.query)
        for key, (parameter, shape) in declared.headers.items():
            if key in exchange.request_headers:
                shape.note(parameter.read(exchange.request_headers[key]), self.points)
        if declared.body is not None and exchange.request_body:
            self._note_body(declared.body, exchange.request_body)

    def _note_query(self, query: str) -> None:
        sent: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            sent.setdefault(name, []).append(value)
        for name in sent.keys() & self.declared.query.keys():
            parameter, shape = self.declared.query[name]
            shape.note(parameter.read(",".join(sent[name])), self.points)

    def _note_body(self, shape: Shape, body: bytes) -> None:
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return
        shape.note(document, self.points)

    def summary(self) -> Summary:
        """Its points; a field's values count beside the field."""
        responses = self.operation.responses
        values = [point for each in self.declared.fields for point in each.values]
        return Summary(
            operations=Share(int(self.calls > 0), 1),
            responses=Share(sum(status in self.statuses for status in responses), len(responses)),
            fields=self._share([each.point for each in self.declared.fields]),
            values=self._share(values),
        )

    def _share(self, points: list[str]) -> Share:
        return Share(sum(point in self.points for point in points), len(points))

    def merge(self, statuses: Mapping[int, int], points: Iterable[str]) -> None:
        """Add what was exercised elsewhere, as far as the document declares it."""
        self.statuses.update(statuses)
        self.points |= self.declared.points.intersection(points)


class Coverage:
    """What tests have exercised of some vendors' documents; hand it to `create_app` as the log.

    It is noted by one thread at a time, and read when no request is under way.

    Args:
        count_unasked: whether vendors that no test asked count in the total.
    """

    def __init__(self, services: Iterable[Service], count_unasked: bool = False) -> None:
        self._count_unasked = count_unasked
        self.declared = {service.name: declare(service.document) for service in services}
        self._exercised = {
            (vendor, name): Exercised(operation)
            for vendor, declared in self.declared.items()
            for name, operation in declared.operations.items()
        }

    def __call__(self, entry: Exchange | Delivery) -> None:
        """Note an exchange; a delivery is no request of a test."""
        if isinstance(entry, Exchange):
            self.note(entry)

    def note(self, exchange: Exchange) -> None:
        """Note an exchange that reached an operation of one of the vendors; no other counts."""
        exercised = self._exercised.get((exchange.vendor, exchange.operation or ""))
        if exercised is not None:
            exercised.note(exchange)

    def operations(self, vendor: str) -> list[Exercised]:
        """A vendor's operations in the document's order."""
        return [each for (of, _), each in self._exercised.items() if of == vendor]

    def summary(self, vendor: str) -> Summary:
        """What was exercised of one vendor."""
        return sum((each.summary() for each in self.operations(vendor)), Summary())

    @property
    def unasked(self) -> list[str]:
        """The vendors of which no test reached an operation."""
        return [
            vendor
            for vendor in self.declared
            if not any(each.calls for each in self.operations(vendor))
        ]

    @property
    def counted(self) -> list[str]:
        """The vendors that the total is made of."""
        left_out = () if self._count_unasked else self.unasked
        return [vendor for vendor in self.declared if vendor not in left_out]

    @property
    def fate(self) -> str:
        """What becomes of the vendors that no test asked, in words."""
        return "counted all the same" if self._count_unasked else "left out of the total"

    @property
    def total(self) -> Summary:
        """What was exercised of all vendors that count."""
        return sum((self.summary(vendor) for vendor in self.counted), Summary())

    @property
    def percent(self) -> float:
        """Of all points that count; 0.0 when no vendor does."""
        return self.total.points.percent

    def as_json(self) -> Json:
        """What was exercised, in plain JSON types: by vendor and operation, statuses and points."""
        exercised: Json = {}
        for (vendor, name), each in self._exercised.items():
            if each.calls:
                statuses = {str(status): n for status, n in sorted(each.statuses.items())}
                noted = {"statuses": statuses, "points": sorted(each.points)}
                exercised.setdefault(vendor, {})[name] = noted
        return exercised

    @classmethod
    def from_json(
        cls, services: Iterable[Service], exercised: Json, count_unasked: bool = False
    ) -> Coverage:
        """What `as_json` gave, perhaps in another process; what no document declares is dropped."""
        coverage = cls(services, count_unasked)
        coverage._add(exercised)
        return coverage

    def merge(self, other: Coverage) -> None:
        """Add what another coverage has noted of the same vendors; the order does not matter."""
        self._add(other.as_json())

    def _add(self, exercised: Json) -> None:
        for vendor, operations in exercised.items():
            for name, noted in operations.items():
                known = self._exercised.get((vendor, name))
                if known is not None:
                    statuses = {int(status): n for status, n in noted["statuses"].items()}
                    known.merge(statuses, noted["points"])

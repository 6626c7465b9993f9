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

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from understudy.coverage.declared import DeclaredOperation, Shape, Share, Summary, declare
from understudy.openapi.document import Operation
from understudy.openapi.parameters import parse_query
from understudy.service.service import Service
from understudy.session.deliveries import Delivery
from understudy.session.journal import Exchange

Json = dict[str, Any]


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
    def known_statuses(self) -> list[int]:
        """The statuses that the document declares or that were answered, sorted."""
        return sorted({*self.operation.responses, *self.statuses})

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
                shape.note(parameter.read([exchange.request_headers[key]]), self.points)
        if declared.body is not None and exchange.request_body:
            self._note_body(declared.body, exchange.request_body)

    def _note_query(self, query: str) -> None:
        sent = parse_query(query)
        for name in sent.keys() & self.declared.query.keys():
            parameter, shape = self.declared.query[name]
            shape.note(parameter.read(sent[name]), self.points)

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

    def count(self, vendor: str, operation: str, status: int, calls: int) -> None:
        """Add calls of an operation of which only the status is known."""
        self._exercised[vendor, operation].statuses[status] += calls

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

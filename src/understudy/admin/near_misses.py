"""Which documented operation a request that met none was most likely meant for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

import orjson

from understudy.openapi.document import Operation
from understudy.service.service import Service
from understudy.session.journal import Exchange

# Costs: of a segment that is there on one side only, and of an empty one (a slash too many); of
# another word in its place; of a value where a template has a parameter; of another method, and of
# one of another kind; of a body where none is taken or one is required and none was sent, of one
# that is not as declared, and of one that may be sent and was not.
EXTRA = 1.0
SLASH = 0.1
MAX_UNLIKE = 1.2
PARAMETER = 0.05
METHOD = 0.6
OTHER_KIND = 0.02
BODY = 0.15
MISFIT = 0.1
NO_BODY = 0.01
WRITING = frozenset({"POST", "PUT", "PATCH"})
# Words with less in common than this are not each other's typo.
ALIKE = 0.5
# Nobody means an operation by more of a path than this.
MOST_SEGMENTS = 20
LONGEST_SEGMENT = 100
UNMATCHED = frozenset({"unknown-path", "method-not-allowed", "unsupported-media-type"})


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where a request and an operation differ: in its `path`, its `method` or a `header`."""

    where: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An operation, how far a request is from it, and why."""

    distance: float
    service: Service
    operation: Operation
    differences: tuple[Mismatch, ...]


def is_unmatched(exchange: Exchange) -> bool:
    """Whether a request met no operation, or not in a way that it could have answered."""
    return any(each.code in UNMATCHED for each in exchange.diagnoses)


def find_near_misses(
    services: Iterable[Service], exchange: Exchange, count: int = 3
) -> list[NearMiss]:
    """The operations that a request was most likely meant for, the nearest first."""
    candidates = [
        _candidate(service, operation, met, exchange)
        for service in services
        for met in [_has_reached(service, exchange)]
        for operation in service.document.operations.values()
    ]
    return sorted(candidates, key=lambda each: each.distance)[:count]


def _has_reached(service: Service, exchange: Exchange) -> str:
    """The path template that the request met, "" when it met none of this service."""
    if service.name != exchange.vendor:
        return ""
    found = service.document.router.match(exchange.path)
    return found[0].path if found else ""


def _candidate(service: Service, operation: Operation, met: str, exchange: Exchange) -> NearMiss:
    if (service.name, operation.id) == (exchange.vendor, exchange.operation):
        # It was found, so only what came with it was wrong.
        return NearMiss(0.0, service, operation, tuple(_headers(operation, exchange)))
    prefix = f"/{exchange.vendor}" if exchange.vendor else ""
    distance, differences = _paths(f"{service.prefix}{operation.path}", f"{prefix}{exchange.path}")
    if _hidden(operation.path, met):
        distance += EXTRA
    if operation.method != exchange.method:
        distance += _method(operation.method, exchange.method)
        differences = [*differences, Mismatch("method", operation.method, exchange.method)]
    return NearMiss(distance + _body(operation, exchange), service, operation, tuple(differences))


def _hidden(path: str, met: str) -> bool:
    """Whether a path template has a parameter where the one that was met has the very word."""
    template, words = path.split("/"), met.split("/")
    return len(template) == len(words) and any(
        each.startswith("{") and not word.startswith("{")
        for each, word in zip(template, words, strict=True)
    )


def _method(expected: str, got: str) -> float:
    return METHOD + (0.0 if {expected, got} <= WRITING else OTHER_KIND)


def _body(operation: Operation, exchange: Exchange) -> float:
    """How badly the body that was sent, or was not, fits an operation."""
    declared, sent = operation.body, exchange.request_body
    if declared is None:
        return BODY if sent else 0.0
    if not sent:
        return BODY if declared.required else NO_BODY
    try:
        return 0.0 if declared.validator.accepts(orjson.loads(sent)) else MISFIT
    except orjson.JSONDecodeError:
        return MISFIT


def _headers(operation: Operation, exchange: Exchange) -> Iterator[Mismatch]:
    if operation.body is not None:
        expected = ", ".join(operation.body.media_types)
        got = exchange.request_headers.get("content-type", "")
        yield Mismatch("header", f"content-type: {expected}", f"content-type: {got}")


@lru_cache(maxsize=8192)
def _paths(template: str, asked: str) -> tuple[float, list[Mismatch]]:
    """How far two paths are from each other, segment by segment, and where they differ."""
    expected = template.split("/")[1:]
    got = [each[:LONGEST_SEGMENT] for each in asked.split("/")[1 : MOST_SEGMENTS + 1]]
    table: dict[tuple[int, int], Aligned] = {(0, 0): Aligned(0.0)}
    for row in range(len(expected) + 1):
        for column in range(len(got) + 1):
            if row or column:
                steps = _steps(table, expected, got, row, column)
                table[row, column] = min(steps, key=lambda each: each.cost)
    aligned = table[len(expected), len(got)]
    return aligned.cost, list(aligned.differences())[::-1]


@dataclass(frozen=True, slots=True)
class Aligned:
    """The beginnings of two paths beside each other; `before` is one step back."""

    cost: float
    before: Aligned | None = None
    difference: Mismatch | None = None

    def differences(self) -> Iterator[Mismatch]:
        """Where they differ, the last one first."""
        here: Aligned | None = self
        while here is not None:
            if here.difference is not None:
                yield here.difference
            here = here.before


def _steps(
    table: dict[tuple[int, int], Aligned], template: list[str], asked: list[str], row: int, col: int
) -> Iterator[Aligned]:
    """The ways to a cell: both segments, only the template's, only the request's."""
    if row and col:
        before, expected, got = table[row - 1, col - 1], template[row - 1], asked[col - 1]
        cost = _edit_distance(expected, got)
        differs = Mismatch("path", expected, got) if cost > PARAMETER else None
        yield Aligned(before.cost + cost, before, differs)
    if row:
        before, expected = table[row - 1, col], template[row - 1]
        yield Aligned(before.cost + EXTRA, before, Mismatch("path", expected, ""))
    if col:
        before, got = table[row, col - 1], asked[col - 1]
        cost = EXTRA if got else SLASH
        yield Aligned(before.cost + cost, before, Mismatch("path", "", got))


@lru_cache(maxsize=8192)
def _edit_distance(expected: str, got: str) -> float:
    """0 for equal segments, more than EXTRA for words that have little in common."""
    if expected.startswith("{"):
        return PARAMETER if got else EXTRA
    if expected == got:
        return 0.0
    ratio = SequenceMatcher(None, expected, got).ratio()
    return PARAMETER + (EXTRA - PARAMETER) * (1 - ratio) if ratio >= ALIKE else MAX_UNLIKE

"""Which documented operation a request that met none was most likely meant for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from understudy.contract import Operation
from understudy.journal import Exchange
from understudy.vendor import Room

# Costs: of a segment that is there on one side only, of a value where a template has a parameter,
# of another method, and of a body where the operation takes none or the other way round.
EXTRA = 1.0
PARAMETER = 0.05
METHOD = 0.6
BODY = 0.15
UNMATCHED = frozenset({"unknown-path", "method-not-allowed", "unsupported-media-type"})


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a request and an operation differ: in its `path`, its `method` or a `header`."""

    where: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An operation, how far a request is from it, and why."""

    distance: float
    room: Room
    operation: Operation
    differences: tuple[Difference, ...]


def is_unmatched(exchange: Exchange) -> bool:
    """Whether a request met no operation, or not in a way that it could have answered."""
    return any(each.code in UNMATCHED for each in exchange.diagnoses)


def nearest(rooms: Iterable[Room], exchange: Exchange, count: int = 3) -> list[Candidate]:
    """The operations that a request was most likely meant for, the nearest first."""
    candidates = [
        _candidate(room, operation, exchange)
        for room in rooms
        for operation in room.document.operations.values()
    ]
    return sorted(candidates, key=lambda each: each.distance)[:count]


def _candidate(room: Room, operation: Operation, exchange: Exchange) -> Candidate:
    prefix = f"/{exchange.vendor}" if exchange.vendor else ""
    asked = f"{prefix}{exchange.path}".split("/")[1:]
    template = f"{room.prefix}{operation.path}".split("/")[1:]
    distance, differences = _paths(template, asked)
    if operation.method != exchange.method:
        distance += METHOD
        differences.append(Difference("method", operation.method, exchange.method))
    if (operation.body is not None) != bool(exchange.request_body):
        distance += BODY
    if operation.id == exchange.operation:
        # It was found, so only what came with it was wrong.
        distance = 0.0
        differences = list(_headers(operation, exchange))
    return Candidate(distance, room, operation, tuple(differences))


def _headers(operation: Operation, exchange: Exchange) -> Iterator[Difference]:
    if operation.body is not None:
        expected = ", ".join(operation.body.media_types)
        got = exchange.request_headers.get("content-type", "")
        yield Difference("header", f"content-type: {expected}", f"content-type: {got}")


def _paths(template: list[str], asked: list[str]) -> tuple[float, list[Difference]]:
    """How far two paths are from each other, segment by segment, and where they differ."""
    table = [[(0.0, [])] for _ in range(len(template) + 1)]  # type: list[list[Aligned]]
    for row in range(len(template) + 1):
        for column in range(len(asked) + 1):
            if row or column:
                best = min(_steps(table, template, asked, row, column), key=lambda each: each[0])
                table[row][column:] = [best]
    return table[-1][-1]


Aligned = tuple[float, list[Difference]]


def _steps(
    table: list[list[Aligned]], template: list[str], asked: list[str], row: int, column: int
) -> Iterator[Aligned]:
    """The ways to a cell: both segments, only the template's, only the request's."""
    if row and column:
        cost, here = table[row - 1][column - 1]
        expected, got = template[row - 1], asked[column - 1]
        differs = [Difference("path", expected, got)] if _unlike(expected, got) > PARAMETER else []
        yield cost + _unlike(expected, got), here + differs
    if row:
        cost, here = table[row - 1][column]
        yield cost + EXTRA, [*here, Difference("path", template[row - 1], "")]
    if column:
        cost, here = table[row][column - 1]
        yield cost + EXTRA, [*here, Difference("path", "", asked[column - 1])]


def _unlike(expected: str, got: str) -> float:
    """0 for equal segments, up to EXTRA for those that have nothing in common."""
    if expected.startswith("{"):
        return PARAMETER if got else EXTRA
    if expected == got:
        return 0.0
    return PARAMETER + (EXTRA - PARAMETER) * (1 - SequenceMatcher(None, expected, got).ratio())

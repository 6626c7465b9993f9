"""Which recorded exchange answers a request: the same one, or one of its operation and body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

from understudy.core.json_pointer import same_json
from understudy.core.strict_json import parse_json
from understudy.recording.compare import ABSENT, Difference, IdMapping, compare_json
from understudy.recording.model import Headers, RecordedExchange, dump_compact, header
from understudy.recording.tokens import split_tokens
from understudy.redaction.masks import REDACTED, copy_masks

# The headers by which a client picks its answer.
TELLING = ("prefer",)
# Who asks for the head alone may be answered with the head of the whole.
HEAD, GET = "HEAD", "GET"


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What a request says that decides on its answer.

    Attributes:
        operation: operationId, where the path is documented.
    """

    vendor: str
    operation: str | None
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes


def read_request(exchange: RecordedExchange) -> ReplayRequest:
    """What a recorded request said."""
    it = exchange.request
    return ReplayRequest(
        exchange.vendor, exchange.operation, it.method, it.path, it.query, it.headers, it.body
    )


def as_get(now: ReplayRequest) -> ReplayRequest:
    """The request that wants the body, too."""
    return replace(now, method=GET)


def is_same(recorded: ReplayRequest, now: ReplayRequest) -> bool:
    """Whether a request is the recorded one: method, path, query, body and preference.

    The order of query parameters and of a JSON object's members says nothing.
    """
    now = _masked(recorded, now)
    return (
        (recorded.vendor, recorded.method) == (now.vendor, now.method)
        and _decoded(recorded.path) == _decoded(now.path)
        and _pairs(recorded.query) == _pairs(now.query)
        and _told(recorded.headers) == _told(now.headers)
        and _same_body(recorded.body, now.body)
    )


def is_alike(recorded: ReplayRequest, now: ReplayRequest) -> bool:
    """Whether a request calls the recorded operation with the recorded body.

    Ids and times in it may be others; path and query are not looked at.
    """
    now = _masked(recorded, now)
    return (
        now.operation is not None
        and (recorded.vendor, recorded.operation) == (now.vendor, now.operation)
        and _told(recorded.headers) == _told(now.headers)
        and _shape(recorded.body) == _shape(now.body)
    )


def _decoded(path: str) -> list[bytes]:
    """The segments of a path, however they are spelled: `~` says what `%7E` says."""
    return [unquote_to_bytes(each) for each in path.split("/")]


def _pairs(query: str) -> list[tuple[str, str]]:
    """The parameters of a query, however they are spelled; one without `=` has an empty value."""
    return sorted(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))


def _masked(recorded: ReplayRequest, now: ReplayRequest) -> ReplayRequest:
    """A request with the masks of the recorded one, whatever secrets stand in their places."""
    return replace(
        now,
        query=_masked_query(recorded.query, now.query),
        body=_masked_body(recorded.body, now.body),
    )


def _masked_query(recorded: str, now: str) -> str:
    masked = {name for name, value in _pairs(recorded) if value == REDACTED}
    if not masked:
        return now
    pairs = parse_qsl(now, keep_blank_values=True)
    return urlencode([(name, REDACTED if name in masked else value) for name, value in pairs])


def _masked_body(recorded: bytes, now: bytes) -> bytes:
    if REDACTED.encode() not in recorded:
        return now
    try:
        return dump_compact(copy_masks(parse_json(recorded), parse_json(now)))
    except (ValueError, RecursionError):
        return now


def _told(headers: Headers) -> list[str | None]:
    return [header(headers, name) for name in TELLING]


def _same_body(recorded: bytes, now: bytes) -> bool:
    if recorded == now:
        return True
    try:
        return same_json(parse_json(recorded), parse_json(now))
    except (ValueError, RecursionError):
        return False


def _shape(body: bytes) -> Any:
    """A body with its ids and times hidden."""
    try:
        return _hidden(parse_json(body))
    except (ValueError, RecursionError):
        return body


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return split_tokens(value)[0]
    if isinstance(value, dict):
        return {name: _hidden(each) for name, each in value.items()}
    return [_hidden(each) for each in value] if isinstance(value, list) else (type(value), value)


class ReplayScript:
    """The exchanges of one vendor, to be found by what was asked."""

    def __init__(self, exchanges: Sequence[RecordedExchange], by_operation: bool = False) -> None:
        self._exchanges = [(each, read_request(each)) for each in exchanges]
        self._by_operation = by_operation

    def find(self, now: ReplayRequest) -> list[RecordedExchange]:
        """The exchanges that answer a request, in the order in which they were recorded."""
        return self._found(now) or (self._found(as_get(now)) if now.method == HEAD else [])

    def _found(self, now: ReplayRequest) -> list[RecordedExchange]:
        found = [each for each, recorded in self._exchanges if is_same(recorded, now)]
        if not found and self._by_operation:
            found = self._alike(now)
        return found

    def _alike(self, now: ReplayRequest) -> list[RecordedExchange]:
        return [each for each, recorded in self._exchanges if is_alike(recorded, now)]

    def would_match_by_operation(self, now: ReplayRequest) -> bool:
        """Whether a request that nothing answers would be answered if path and query were not."""
        return not self._by_operation and bool(self._alike(now))

    def nearest(self, now: ReplayRequest) -> tuple[RecordedExchange, list[Difference]] | None:
        """The recorded exchange that differs least from a request, and where it does."""
        methods = (now.method, GET) if now.method == HEAD else (now.method,)
        alike = [
            (each, where_they_differ(recorded, now))
            for each, recorded in self._exchanges
            if recorded.operation == now.operation and recorded.method in methods
        ]
        return min(alike, key=lambda each: len(each[1]), default=None)


def where_they_differ(recorded: ReplayRequest, now: ReplayRequest) -> list[Difference]:
    """Each part of a request that is not as it was recorded."""
    found = []
    now = _masked(recorded, now)
    if _decoded(recorded.path) != _decoded(now.path):
        found.append(Difference("path", "", recorded.path, now.path))
    then, current = _by_name(recorded.query), _by_name(now.query)
    for name in sorted({*then, *current}):
        if then.get(name) != current.get(name):
            found.append(
                Difference("query", name, then.get(name, ABSENT), current.get(name, ABSENT))
            )
    for name, old, new in zip(TELLING, _told(recorded.headers), _told(now.headers), strict=True):
        if old != new:
            found.append(Difference("header", name, old or ABSENT, new or ABSENT))
    return [*found, *_in_bodies(recorded.body, now.body)]


def _by_name(query: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in _pairs(query):
        found.setdefault(name, []).append(value)
    return found


def _in_bodies(recorded: bytes, now: bytes) -> list[Difference]:
    if recorded == now:
        return []
    try:
        then, current = (parse_json(each) if each else ABSENT for each in (recorded, now))
        return list(compare_json(then, current, IdMapping()))
    except (ValueError, RecursionError):
        return [Difference("body", "", recorded, now)]

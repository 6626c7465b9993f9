"""Finds the recorded exchange that answers a request: the same request, or a similar one."""

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

# Headers that choose a reply.
CHOOSING_HEADERS = ("prefer",)
# A HEAD request may be answered by a recorded GET.
HEAD, GET = "HEAD", "GET"


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """The parts of a request that choose its reply.

    Attributes:
        operation: operationId; None when the path is not documented.
    """

    vendor: str
    operation: str | None
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes


def read_recorded_request(exchange: RecordedExchange) -> ReplayRequest:
    """The parts of a recorded request that choose its reply."""
    it = exchange.request
    return ReplayRequest(
        exchange.vendor, exchange.operation, it.method, it.path, it.query, it.headers, it.body
    )


def to_get(now: ReplayRequest) -> ReplayRequest:
    """The same request as GET."""
    return replace(now, method=GET)


def is_same_request(recorded: ReplayRequest, now: ReplayRequest) -> bool:
    """Whether a request equals the recorded one: method, path, query, body and preference.

    The order of query parameters and of the fields of a JSON object does not matter.
    """
    now = _copy_masks(recorded, now)
    return (
        (recorded.vendor, recorded.method) == (now.vendor, now.method)
        and _decode_segments(recorded.path) == _decode_segments(now.path)
        and _sorted_parameters(recorded.query) == _sorted_parameters(now.query)
        and _choosing_values(recorded.headers) == _choosing_values(now.headers)
        and _same_body(recorded.body, now.body)
    )


def is_similar_request(recorded: ReplayRequest, now: ReplayRequest) -> bool:
    """Whether a request calls the recorded operation with a similar body.

    Ids and times in the body may differ; path and query are ignored.
    """
    now = _copy_masks(recorded, now)
    return (
        now.operation is not None
        and (recorded.vendor, recorded.operation) == (now.vendor, now.operation)
        and _choosing_values(recorded.headers) == _choosing_values(now.headers)
        and _hide_tokens(recorded.body) == _hide_tokens(now.body)
    )


def _decode_segments(path: str) -> list[bytes]:
    """The decoded segments of a path: `~` equals `%7E`."""
    return [unquote_to_bytes(each) for each in path.split("/")]


def _sorted_parameters(query: str) -> list[tuple[str, str]]:
    """The decoded parameters of a query, sorted; one without `=` has an empty value."""
    return sorted(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))


def _copy_masks(recorded: ReplayRequest, now: ReplayRequest) -> ReplayRequest:
    """The request with a mask wherever the recorded request has one."""
    return replace(
        now,
        query=_copy_query_masks(recorded.query, now.query),
        body=_copy_body_masks(recorded.body, now.body),
    )


def _copy_query_masks(recorded: str, now: str) -> str:
    masked = {name for name, value in _sorted_parameters(recorded) if value == REDACTED}
    if not masked:
        return now
    pairs = parse_qsl(now, keep_blank_values=True)
    return urlencode([(name, REDACTED if name in masked else value) for name, value in pairs])


def _copy_body_masks(recorded: bytes, now: bytes) -> bytes:
    if REDACTED.encode() not in recorded:
        return now
    try:
        return dump_compact(copy_masks(parse_json(recorded), parse_json(now)))
    except (ValueError, RecursionError):
        return now


def _choosing_values(headers: Headers) -> list[str | None]:
    return [header(headers, name) for name in CHOOSING_HEADERS]


def _same_body(recorded: bytes, now: bytes) -> bool:
    if recorded == now:
        return True
    try:
        return same_json(parse_json(recorded), parse_json(now))
    except (ValueError, RecursionError):
        return False


def _hide_tokens(body: bytes) -> Any:
    """A body with a placeholder for each id and time."""
    try:
        return _hide_json_tokens(parse_json(body))
    except (ValueError, RecursionError):
        return body


def _hide_json_tokens(value: Any) -> Any:
    if isinstance(value, str):
        return split_tokens(value)[0]
    if isinstance(value, dict):
        return {name: _hide_json_tokens(each) for name, each in value.items()}
    return (
        [_hide_json_tokens(each) for each in value]
        if isinstance(value, list)
        else (type(value), value)
    )


class ReplayScript:
    """The recorded exchanges of one vendor, found by their requests."""

    def __init__(self, exchanges: Sequence[RecordedExchange], by_operation: bool = False) -> None:
        self._exchanges = [(each, read_recorded_request(each)) for each in exchanges]
        self._by_operation = by_operation

    def find(self, now: ReplayRequest) -> list[RecordedExchange]:
        """The exchanges that answer a request, in recorded order."""
        return self._find_same(now) or (self._find_same(to_get(now)) if now.method == HEAD else [])

    def _find_same(self, now: ReplayRequest) -> list[RecordedExchange]:
        found = [each for each, recorded in self._exchanges if is_same_request(recorded, now)]
        if not found and self._by_operation:
            found = self._find_similar(now)
        return found

    def _find_similar(self, now: ReplayRequest) -> list[RecordedExchange]:
        return [each for each, recorded in self._exchanges if is_similar_request(recorded, now)]

    def matches_by_operation(self, now: ReplayRequest) -> bool:
        """Whether ignoring path and query would find an exchange for a request."""
        return not self._by_operation and bool(self._find_similar(now))

    def find_nearest(self, now: ReplayRequest) -> tuple[RecordedExchange, list[Difference]] | None:
        """The recorded exchange that differs least from a request, and the differences."""
        methods = (now.method, GET) if now.method == HEAD else (now.method,)
        alike = [
            (each, compare_requests(recorded, now))
            for each, recorded in self._exchanges
            if recorded.operation == now.operation and recorded.method in methods
        ]
        return min(alike, key=lambda each: len(each[1]), default=None)


def compare_requests(recorded: ReplayRequest, now: ReplayRequest) -> list[Difference]:
    """Each part of a request that differs from the recorded one."""
    found = []
    now = _copy_masks(recorded, now)
    if _decode_segments(recorded.path) != _decode_segments(now.path):
        found.append(Difference("path", "", recorded.path, now.path))
    then, current = _values_by_name(recorded.query), _values_by_name(now.query)
    for name in sorted({*then, *current}):
        if then.get(name) != current.get(name):
            found.append(
                Difference("query", name, then.get(name, ABSENT), current.get(name, ABSENT))
            )
    for name, old, new in zip(
        CHOOSING_HEADERS,
        _choosing_values(recorded.headers),
        _choosing_values(now.headers),
        strict=True,
    ):
        if old != new:
            found.append(Difference("header", name, old or ABSENT, new or ABSENT))
    return [*found, *_compare_bodies(recorded.body, now.body)]


def _values_by_name(query: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in _sorted_parameters(query):
        found.setdefault(name, []).append(value)
    return found


def _compare_bodies(recorded: bytes, now: bytes) -> list[Difference]:
    if recorded == now:
        return []
    try:
        then, current = (parse_json(each) if each else ABSENT for each in (recorded, now))
        return list(compare_json(then, current, IdMapping()))
    except (ValueError, RecursionError):
        return [Difference("body", "", recorded, now)]

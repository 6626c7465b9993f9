"""Compares replies with recorded ones, field by field; ids and times by first appearance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from understudy.core.json_pointer import escape_token, same_json
from understudy.core.strict_json import parse_json
from understudy.recording.model import Headers, RecordedRequest, RecordedResponse, decode_body
from understudy.recording.tokens import TOKEN, Token, find_shared_kind, find_tokens, split_tokens


class Absent:
    """The value of a field that does not exist."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = Absent()
# Headers about how a message was transferred, not about what it says.
TRANSPORT_HEADERS = frozenset(
    {
        *("connection", "keep-alive", "content-length", "transfer-encoding", "date", "server"),
        *("te", "trailer", "upgrade", "content-encoding", "vary", "via", "host"),
        *("accept-encoding", "user-agent", "proxy-connection", "traceparent", "tracestate"),
    }
)
OWN_PREFIX = "x-understudy-"
CORS_PREFIX = "access-control-"


def strip_transport_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers without those of the transport and those of the mock itself."""
    return tuple(
        (name, value)
        for name, value in headers
        if name.lower() not in TRANSPORT_HEADERS and not name.lower().startswith(OWN_PREFIX)
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, header or status that differs.

    Attributes:
        where: `status`, `header` or `body`.
        pointer: JSON pointer into the body, or a header's name.
        recorded: its value in the recording, or ABSENT.
        current: its value now, or ABSENT.
    """

    where: str
    pointer: str
    recorded: Any
    current: Any


class IdMapping:
    """Maps recorded ids and times to current ones; they are paired at their first appearance.

    Args:
        timeless: whether times may differ, too; not where the clock is set as it was then.
    """

    def __init__(self, timeless: bool = True) -> None:
        self._timeless = timeless
        self._current: dict[str, str] = {}
        self._recorded: dict[str, str] = {}
        self._kinds: set[str] = set()

    def pair(self, recorded: str, current: str) -> bool:
        """Whether two texts are equal but for paired ids and times; new ones are paired."""
        kind = find_shared_kind(recorded, current, self._kinds)
        if kind is not None:
            self._kinds.add(kind)
            return self._map(recorded, current, is_time=False)
        then, now = split_tokens(recorded), split_tokens(current)
        self._kinds.update(token.kind for token in (*then[1], *now[1]))
        if then[0] != now[0] or len(then[1]) != len(now[1]):
            return False
        return all(
            old.kind == new.kind and self._may_stand_for(old, new)
            for old, new in zip(then[1], now[1], strict=True)
        )

    def _may_stand_for(self, old: Token, new: Token) -> bool:
        """Whether two tokens can be paired: two times, or two ids of one length."""
        if old.is_time:
            return self._map(old.text, new.text, True) if self._timeless else old == new
        return len(old.text) == len(new.text) and self._map(old.text, new.text, False)

    def _map(self, recorded: str, current: str, is_time: bool) -> bool:
        if recorded not in self._current:
            # Two ids never map to one; two times may, when the clock is frozen.
            if not is_time and current in self._recorded:
                return False
            self._current[recorded] = current
            self._recorded.setdefault(current, recorded)
        return self._current[recorded] == current

    def now(self, text: str) -> str:
        """A recorded text with the current ids and times."""
        return TOKEN.sub(lambda found: self._current.get(found[0], found[0]), text)

    def request(self, recorded: RecordedRequest) -> RecordedRequest:
        """A recorded request with the current ids and times."""
        body = decode_body(recorded.body)
        return replace(
            recorded,
            url=self._translate_sent(recorded.url),
            headers=tuple((name, self._translate_sent(value)) for name, value in recorded.headers),
            body=recorded.body if body is None else self._translate_sent(body).encode(),
        )

    def _translate_sent(self, text: str) -> str:
        """Like `now`; an id or time that the client made up is paired with itself."""
        for token in find_tokens(text):
            self._map(token.text, self._current.get(token.text, token.text), token.is_time)
        return self.now(text)


def find_differences(
    recorded: RecordedResponse, current: RecordedResponse, ids: IdMapping
) -> list[Difference]:
    """Every difference between a recorded response and the current one."""
    found = []
    if recorded.status != current.status:
        found.append(Difference("status", "", recorded.status, current.status))
    found += _in_headers(recorded.headers, current.headers, ids)
    try:
        then, now = parse_json(recorded.body), parse_json(current.body)
    except (ValueError, RecursionError):
        then, now = _decode(recorded.body), _decode(current.body)
    return [*found, *compare_json(then, now, ids)]


def _decode(body: bytes) -> Any:
    if not body:
        return ABSENT
    text = decode_body(body)
    return body if text is None else text


def _in_headers(recorded: Headers, current: Headers, ids: IdMapping) -> Iterator[Difference]:
    then, now = _join_by_name(recorded), _join_by_name(current)
    for name in {**then, **now}:
        old, new = then.get(name, ABSENT), now.get(name, ABSENT)
        if not _is_same_value(old, new, ids):
            yield Difference("header", name, old, new)


def _join_by_name(headers: Headers) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in strip_transport_headers(headers):
        key = name.lower()
        if key.startswith(CORS_PREFIX):
            # The headers of CORS depend on the client's origin.
            continue
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def compare_json(recorded: Any, current: Any, ids: IdMapping, at: str = "") -> Iterator[Difference]:
    """Every difference between two JSON documents.

    Args:
        at: JSON pointer to them in the whole document.
    """
    if isinstance(recorded, dict) and isinstance(current, dict):
        for name in {**recorded, **current}:
            old, new = recorded.get(name, ABSENT), current.get(name, ABSENT)
            yield from compare_json(old, new, ids, f"{at}/{escape_token(name)}")
    elif isinstance(recorded, list) and isinstance(current, list):
        for index in range(max(len(recorded), len(current))):
            old, new = _item_at(recorded, index), _item_at(current, index)
            yield from compare_json(old, new, ids, f"{at}/{index}")
    elif not _is_same_value(recorded, current, ids):
        yield Difference("body", at, recorded, current)


def _item_at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else ABSENT


def _is_same_value(recorded: Any, current: Any, ids: IdMapping) -> bool:
    """Whether two values that are not both objects or both lists are equal."""
    if isinstance(recorded, str) and isinstance(current, str):
        return ids.pair(recorded, current)
    return same_json(recorded, current)

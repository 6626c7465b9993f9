"""How a reply differs from a recorded one: member by member, ids and times by first appearance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from understudy.core.json_pointer import escape_token
from understudy.core.strict_json import parse_json
from understudy.recording.model import Headers, RecordedRequest, RecordedResponse, decode_body
from understudy.recording.tokens import TOKEN, Token, find_tokens, is_alike, split_tokens


class Absent:
    """There is no such member."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = Absent()
# Headers that belong to one transport of a message, or to the mock itself, and say nothing of it.
TRANSPORT_HEADERS = frozenset(
    {
        *("connection", "keep-alive", "content-length", "transfer-encoding", "date", "server"),
        *("te", "trailer", "upgrade", "content-encoding", "vary", "via", "host"),
        *("accept-encoding", "user-agent", "proxy-connection", "traceparent", "tracestate"),
    }
)
OWN_HEADERS = "x-understudy-"
CORS_HEADERS = "access-control-"


def strip_transport_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers that belong to what was said, rather than to how it was carried."""
    return tuple(
        (name, value)
        for name, value in headers
        if name.lower() not in TRANSPORT_HEADERS and not name.lower().startswith(OWN_HEADERS)
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """One member that differs.

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
    """Which id or time of now stands for which of the recording: they pair when they first meet.

    Args:
        timeless: whether times may be others, too; not so where the clock stands as it stood.
    """

    def __init__(self, timeless: bool = True) -> None:
        self._timeless = timeless
        self._current: dict[str, str] = {}
        self._recorded: dict[str, str] = {}
        self._kinds: set[str] = set()

    def pair(self, recorded: str, current: str) -> bool:
        """Whether two texts say the same; ids and times that were not met before become twins."""
        kind = is_alike(recorded, current, self._kinds)
        if kind is not None:
            self._kinds.add(kind)
            return self._met(recorded, current, is_time=False)
        then, now = split_tokens(recorded), split_tokens(current)
        self._kinds.update(token.kind for token in (*then[1], *now[1]))
        if then[0] != now[0] or len(then[1]) != len(now[1]):
            return False
        return all(
            old.kind == new.kind and self._may_be(old, new)
            for old, new in zip(then[1], now[1], strict=True)
        )

    def _may_be(self, old: Token, new: Token) -> bool:
        """Whether one may stand for the other: a time for a time, an id for one as long."""
        if old.is_time:
            return self._met(old.text, new.text, True) if self._timeless else old == new
        return len(old.text) == len(new.text) and self._met(old.text, new.text, False)

    def _met(self, recorded: str, current: str, is_time: bool) -> bool:
        if recorded not in self._current:
            # Two ids never become one; two times may, on a clock that stands still.
            if not is_time and current in self._recorded:
                return False
            self._current[recorded] = current
            self._recorded.setdefault(current, recorded)
        return self._current[recorded] == current

    def now(self, text: str) -> str:
        """A text of the recording with the ids and times of now in it."""
        return TOKEN.sub(lambda found: self._current.get(found[0], found[0]), text)

    def request(self, recorded: RecordedRequest) -> RecordedRequest:
        """A recorded request as it has to be sent now."""
        body = decode_body(recorded.body)
        return replace(
            recorded,
            url=self._asked(recorded.url),
            headers=tuple((name, self._asked(value)) for name, value in recorded.headers),
            body=recorded.body if body is None else self._asked(body).encode(),
        )

    def _asked(self, text: str) -> str:
        """As `now`; an id or time that the client brings stands for itself from then on."""
        for token in find_tokens(text):
            self._met(token.text, self._current.get(token.text, token.text), token.is_time)
        return self.now(text)


def find_differences(
    recorded: RecordedResponse, current: RecordedResponse, twins: IdMapping
) -> list[Difference]:
    """Every way in which a response is not the recorded one."""
    found = []
    if recorded.status != current.status:
        found.append(Difference("status", "", recorded.status, current.status))
    found += _in_headers(recorded.headers, current.headers, twins)
    try:
        then, now = parse_json(recorded.body), parse_json(current.body)
    except (ValueError, RecursionError):
        then, now = _plain(recorded.body), _plain(current.body)
    return [*found, *compare_json(then, now, twins)]


def _plain(body: bytes) -> Any:
    if not body:
        return ABSENT
    text = decode_body(body)
    return body if text is None else text


def _in_headers(recorded: Headers, current: Headers, twins: IdMapping) -> Iterator[Difference]:
    then, now = _by_name(recorded), _by_name(current)
    for name in {**then, **now}:
        old, new = then.get(name, ABSENT), now.get(name, ABSENT)
        if not is_same(old, new, twins):
            yield Difference("header", name, old, new)


def _by_name(headers: Headers) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in strip_transport_headers(headers):
        key = name.lower()
        if key.startswith(CORS_HEADERS):
            # What a page of another origin is told depends on who asks.
            continue
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def compare_json(
    recorded: Any, current: Any, twins: IdMapping, at: str = ""
) -> Iterator[Difference]:
    """Where a JSON document is not the recorded one."""
    if isinstance(recorded, dict) and isinstance(current, dict):
        for name in {**recorded, **current}:
            old, new = recorded.get(name, ABSENT), current.get(name, ABSENT)
            yield from compare_json(old, new, twins, f"{at}/{escape_token(name)}")
    elif isinstance(recorded, list) and isinstance(current, list):
        for index in range(max(len(recorded), len(current))):
            old, new = _at(recorded, index), _at(current, index)
            yield from compare_json(old, new, twins, f"{at}/{index}")
    elif not is_same(recorded, current, twins):
        yield Difference("body", at, recorded, current)


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else ABSENT


def is_same(recorded: Any, current: Any, twins: IdMapping) -> bool:
    """Whether a leaf says what was recorded."""
    if isinstance(recorded, str) and isinstance(current, str):
        return twins.pair(recorded, current)
    if isinstance(recorded, (int, float)) and isinstance(current, (int, float)):
        # 1 is 1.0 in JSON, and neither is true.
        return recorded == current and isinstance(recorded, bool) == isinstance(current, bool)
    return type(recorded) is type(current) and bool(recorded == current)

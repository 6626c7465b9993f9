"""Exchanges: what was asked, what was answered, what was wrong with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from understudy.core.errors import Diagnosis
from understudy.core.json_pointer import ANY_VALUE, MISSING, resolve_pointer, same_json
from understudy.core.strict_json import parse_json_or_none
from understudy.redaction.redactor import Redactor

MAX_KEPT_BODY = 65_536
ProxyOutcome = Literal["", "own-reply", "replaced"]
PROXY_REMARKS: Mapping[ProxyOutcome, str] = {
    "": "",
    "own-reply": "the proxy's own reply",
    "replaced": "the client got 502 instead",
}


@dataclass(slots=True)
class Exchange:
    """One request and its reply; instants are nanoseconds, by the session's clock.

    Attributes:
        account: the name of the account whose credential the request carried, if any.
        preference: what the request chose by `Prefer`, as it was applied.
        fault: the planned or preferred fault that struck, if any.
        proxied: in a proxy, `own-reply` when the client got the proxy's own reply, `replaced` when
            it got one in the place of the vendor's, which is in the exchange; "" otherwise.
        status: of the reply; 0 when the client saw none.
    """

    id: str
    session: str
    vendor: str
    method: str
    path: str
    query: str
    started: int
    request_headers: Mapping[str, str]
    request_body: bytes = b""
    operation: str | None = None
    account: str | None = None
    preference: str = ""
    fault: str = ""
    proxied: ProxyOutcome = ""
    status: int = 0
    ended: int = 0
    response_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    response_body: bytes = b""
    diagnoses: tuple[Diagnosis, ...] = ()

    @property
    def remark(self) -> str:
        """Why the client did not get the vendor's reply as it is; "" when it did."""
        return self.fault or PROXY_REMARKS[self.proxied]


def redact_request(exchange: Exchange, redactor: Redactor, trusted: bool = False) -> None:
    """Remove the secrets from the headers and the body of a request, and learn them.

    Args:
        trusted: see `Redactor.body`.
    """
    headers, body = exchange.request_headers, exchange.request_body
    if exchange.query:
        redactor.learn_head((), exchange.query)
    exchange.request_headers = redactor.request_headers(headers)
    if body:
        known = len(redactor.values)
        content_type = headers.get("content-type", "")
        exchange.request_body = redactor.body(body, content_type, trusted)
        if len(redactor.values) > known:
            # Headers may repeat what the body has shown to be secret.
            exchange.request_headers = redactor.request_headers(exchange.request_headers)


def redact_target(exchange: Exchange, redactor: Redactor) -> None:
    """Remove the secrets from the path, the query and the diagnoses of an exchange."""
    exchange.path = redactor.text(exchange.path)
    exchange.query = redactor.query(exchange.query)
    if exchange.diagnoses:
        exchange.diagnoses = redactor.diagnoses(exchange.diagnoses)


class SharedBound:
    """Bounds how many exchanges all journals of a server keep together; drops the oldest.

    Thousands of sessions with a full journal each would otherwise fill the memory.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: deque[tuple[Journal, str]] = deque()

    def take(self, journal: Journal, id: str) -> None:
        """Note an exchange of a journal, and drop the oldest ones beyond the limit."""
        self._kept.append((journal, id))
        while len(self._kept) > self._limit:
            oldest, exchange_id = self._kept.popleft()
            oldest.drop(exchange_id)


class Journal:
    """The latest exchanges of one session, oldest first; `size` 0 keeps none.

    Args:
        bound: shared with the journals of other sessions, if any.
    """

    def __init__(self, size: int, bound: SharedBound | None = None) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=size)
        self._bound = bound
        self._count = 0

    def next_id(self) -> str:
        """Return a new id; ids count up from 1 and are not reused within a session."""
        self._count += 1
        return str(self._count)

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange; of a long body only its beginning is kept."""
        exchange.request_body = exchange.request_body[:MAX_KEPT_BODY]
        exchange.response_body = exchange.response_body[:MAX_KEPT_BODY]
        self._exchanges.append(exchange)
        if self._bound is not None:
            self._bound.take(self, exchange.id)

    def drop(self, id: str) -> None:
        """Drop the oldest exchange, if it is this one."""
        if self._exchanges and self._exchanges[0].id == id:
            self._exchanges.popleft()

    def clear(self) -> None:
        self._exchanges.clear()

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    def get(self, id: str) -> Exchange | None:
        """Find an exchange by id, if it is still kept."""
        return next((each for each in self._exchanges if each.id == id), None)

    def find(
        self,
        *,
        vendor: str | None = None,
        operation: str | None = None,
        method: str | None = None,
        path: str | None = None,
        statuses: Iterable[int] | None = None,
        since: int | None = None,
        until: int | None = None,
        after: int = 0,
        body: Mapping[str, Any] | None = None,
    ) -> list[Exchange]:
        """Find the exchanges that match all filters, oldest first.

        Args:
            operation: an operationId of the vendor's document.
            path: the path at the vendor, without prefix and query.
            statuses: the reply's status is one of these.
            since, until: the request was received from this instant (ns) on, and before that one.
            after: the id is greater than this one.
            body: JSON pointers into the request's body, each with the value there or ANY_VALUE.
        """
        wanted = {"vendor": vendor, "operation": operation, "method": method, "path": path}
        filters = [(name, value) for name, value in wanted.items() if value is not None]
        among = None if statuses is None else frozenset(statuses)
        return [
            exchange
            for exchange in self._exchanges
            if all(getattr(exchange, name) == value for name, value in filters)
            and (among is None or exchange.status in among)
            and (since is None or exchange.started >= since)
            and (until is None or exchange.started < until)
            and int(exchange.id) > after
            and (not body or _body_matches(exchange.request_body, body))
        ]


def _body_matches(text: bytes, wanted: Mapping[str, Any]) -> bool:
    """Whether a JSON body has these values at these pointers."""
    document = parse_json_or_none(text)
    if document is None and text != b"null":
        return False
    for pointer, value in wanted.items():
        found = resolve_pointer(document, pointer)
        if found is MISSING or not (value is ANY_VALUE or same_json(found, value)):
            return False
    return True

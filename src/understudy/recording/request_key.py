"""Requests that ask the same thing, and what they were answered in their turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from understudy.recording.model import Headers, RecordedExchange, RecordedRequest
from understudy.recording.portable_json import to_canonical
from understudy.redaction.masks import drop_owners

# These choose an answer. Others say who asks, which recordings hide, or what the client speaks.
CHOOSING_HEADERS = ("prefer", "idempotency-key")


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What makes requests the same, whoever sent them.

    Attributes:
        origin: scheme, host and port.
        path: encoded.
        query: decoded pairs, sorted.
        headers: those that choose an answer, by their names in lower case, sorted.
        body: the same bytes for the same JSON document.
    """

    method: str
    origin: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Headers
    body: bytes


def make_request_key(request: RecordedRequest) -> RequestKey:
    """The key of a request; masks of different owners are the same in it."""
    parts = urlsplit(request.url)
    return RequestKey(
        method=request.method,
        origin=f"{parts.scheme}://{parts.netloc}",
        path=drop_owners(request.path),
        query=tuple(sorted(parse_qsl(drop_owners(request.query), keep_blank_values=True))),
        headers=choosing_headers(request.headers),
        body=drop_owners(to_canonical(request.body).decode("latin-1")).encode("latin-1"),
    )


def choosing_headers(headers: Headers) -> Headers:
    """The headers that choose an answer."""
    named = ((name.lower(), value) for name, value in headers)
    return tuple(sorted(each for each in named if each[0] in CHOOSING_HEADERS))


def group_by_key(
    exchanges: Iterable[RecordedExchange],
) -> dict[RequestKey, list[RecordedExchange]]:
    """The exchanges by what was asked, both in the order of the recording."""
    found: dict[RequestKey, list[RecordedExchange]] = {}
    for exchange in exchanges:
        found.setdefault(make_request_key(exchange.request), []).append(exchange)
    return found

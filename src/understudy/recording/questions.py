"""Requests that ask the same thing, and what they were answered in their turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from understudy.recording.documents import canonical
from understudy.recording.model import Headers, RecordedExchange, RecordedRequest
from understudy.redaction.masks import MASK_PATTERN, REDACTED

# These choose an answer. Others say who asks, which recordings hide, or what the client speaks.
CHOOSING = ("prefer", "idempotency-key")


@dataclass(frozen=True, slots=True)
class Question:
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


def question_of(request: RecordedRequest) -> Question:
    """What a request asks."""
    parts = urlsplit(request.url)
    return Question(
        method=request.method,
        origin=f"{parts.scheme}://{parts.netloc}",
        path=_hidden(request.path),
        query=tuple(sorted(parse_qsl(_hidden(request.query), keep_blank_values=True))),
        headers=choosing(request.headers),
        body=_hidden(canonical(request.body).decode("latin-1")).encode("latin-1"),
    )


def _hidden(text: str) -> str:
    """A text in which every mask is the same: who asks need not know whose secret it hides."""
    return MASK_PATTERN.sub(REDACTED, text)


def choosing(headers: Headers) -> Headers:
    """The headers that choose an answer."""
    named = ((name.lower(), value) for name, value in headers)
    return tuple(sorted(each for each in named if each[0] in CHOOSING))


def questions(
    exchanges: Iterable[RecordedExchange],
) -> dict[Question, list[RecordedExchange]]:
    """The exchanges by what was asked, both in the order of the recording."""
    found: dict[Question, list[RecordedExchange]] = {}
    for exchange in exchanges:
        found.setdefault(question_of(exchange.request), []).append(exchange)
    return found

"""Normalises recordings: a second run writes the same bytes.

The values that the mock generates are the same in each run when its clock is frozen. Those that the
client generates (idempotency keys, ids, the current time) are not, nor is anything in real time or
of a real vendor. Each such id is replaced by the next id of a plain sequence of its kind; each such
time keeps its distance from the start, to the minute. Values of the seed data and of the documents
are kept.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from understudy.core.clock import SECOND, format_timestamp, parse_instant
from understudy.recording.model import (
    DEFAULT_START,
    Headers,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
    decode_body,
)
from understudy.recording.tokens import TOKEN, Token, find_tokens
from understudy.service.service import Service

MINUTE = 60 * SECOND
NOW_TOLERANCE = 10 * SECOND
LOCAL_ADDRESS = re.compile(r"(?<=//)(127\.0\.0\.1|localhost|\[::1\]):(\d+)\b")
FIRST_PLAIN_PORT = 50_000
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Headers whose values depend on the moment, or on how long a reply took.
MOMENT_HEADERS = re.compile(
    "rate-?limit-(remaining|reset)|retry-after|response-time|server-timing|runtime", re.IGNORECASE
)
REGISTRY_KINDS = ("B", "C")


def find_known_tokens(services: Iterable[Service]) -> frozenset[str]:
    """Find the ids and times in the services' documents and seed data."""
    texts = []
    for service in services:
        texts.append(json.dumps(service.document.raw, default=str))
        texts += [each.decode() for shelf in service.shelves.values() for each in shelf.values()]
    return frozenset(token.text for text in texts for token in find_tokens(text))


def normalize(recording: Recording, known: frozenset[str], began: int) -> Recording:
    """Normalise a recording.

    Args:
        known: ids and times that are kept.
        began: when the recording started by the real clock (ns).
    """
    return Normalizer(recording, known, began).recording()


class Normalizer:
    """Normalises one recording."""

    def __init__(self, recording: Recording, known: frozenset[str], began: int) -> None:
        self._recording = recording
        self._new: dict[str, str] = {each: each for each in known}
        self._counts: Counter[str] = Counter()
        self._ports: dict[str, int] = {}
        # With a frozen clock, values that appear first in a reply are the same in each run.
        self._frozen = recording.clock is not None
        self._base = recording.clock if recording.clock is not None else DEFAULT_START
        self._began = began

    def recording(self) -> Recording:
        """The normalised recording."""
        exchanges = tuple(self._exchange(each) for each in self._recording.exchanges)
        return replace(self._recording, exchanges=exchanges)

    def _exchange(self, exchange: RecordedExchange) -> RecordedExchange:
        request = exchange.request
        return replace(
            exchange,
            request=self._request(request),
            response=self._response(exchange.response),
            at=exchange.at if self._frozen or exchange.at is None else self._shift(exchange.at),
            took=exchange.took if self._frozen else 0,
            diagnoses=tuple(
                replace(each, message=self._text(each.message, True)) for each in exchange.diagnoses
            ),
        )

    def _request(self, request: RecordedRequest) -> RecordedRequest:
        return replace(
            request,
            url=self._text(request.url, True),
            headers=self._headers(request.headers, True),
            body=self._body(request.body, True),
        )

    def _response(self, response: RecordedResponse) -> RecordedResponse:
        ours = not self._frozen
        return replace(
            response,
            headers=self._headers(response.headers, ours),
            body=self._body(response.body, ours),
        )

    def _headers(self, headers: Headers, replaced: bool) -> Headers:
        if not self._frozen:
            # What is left of a rate limit, for example, depends on the second.
            headers = tuple(each for each in headers if not MOMENT_HEADERS.search(each[0]))
        return tuple((name, self._text(value, replaced)) for name, value in headers)

    def _body(self, body: bytes, replaced: bool) -> bytes:
        text = decode_body(body)
        return body if text is None else self._text(text, replaced).encode()

    def _text(self, text: str, replaced: bool) -> str:
        """A normalised text.

        Args:
            replaced: whether ids and times that appear here first are replaced or kept.
        """
        text = LOCAL_ADDRESS.sub(self._plain_port, text)
        for token in find_tokens(text):
            if token.kind in REGISTRY_KINDS:
                # Registry ids come only from the vendor, and ordinary words match the pattern.
                continue
            if token.text not in self._new:
                self._new[token.text] = self._next_id(token) if replaced else token.text
        return TOKEN.sub(lambda found: self._new.get(found[0], found[0]), text)

    def _plain_port(self, found: re.Match[str]) -> str:
        number = self._ports.setdefault(found[2], FIRST_PLAIN_PORT + len(self._ports))
        return f"{found[1]}:{number}"

    def _next_id(self, token: Token) -> str:
        if token.is_time:
            return self._shift_time(token)
        self._counts[token.kind] += 1
        return make_plain_id(token, self._counts[token.kind])

    def _shift_time(self, token: Token) -> str:
        """A computed time, moved by the distance to the start; other times are kept."""
        try:
            at = parse_instant(token.text)
        except ValueError:
            return token.text
        if not at % MINUTE or abs(at - self._base) < abs(at - self._began):
            # A whole minute, or a time near the mock's clock, was written by hand.
            return token.text
        digits = int(token.kind.split()[2])
        zone = "Z" if token.text.endswith("Z") else "+00:00"
        return format_timestamp(self._shift(at), max(0, digits - 1), zone)

    def _shift(self, at: int) -> int:
        distance = at - self._began
        # The future stays in the future, and the present stays the present.
        minutes = 0 if 0 <= distance < NOW_TOLERANCE else -(-distance // MINUTE)
        return self._base + minutes * MINUTE


def make_plain_id(token: Token, number: int) -> str:
    """The id with this number in the plain sequence of a token's kind."""
    if token.kind == "uuid":
        return f"00000000-0000-4000-8000-{number:012x}"
    if token.kind == "ulid":
        return _to_base_32(number).rjust(26, "0")
    if token.kind in ("object_id", "digest"):
        return f"{number:x}".rjust(len(token.text), "0")
    rest = token.text.removeprefix(token.kind)
    if "-" in rest:
        return f"{token.kind}{make_plain_id(Token('uuid', rest), number)}"
    return token.kind + str(number).rjust(len(rest), "0")


def _to_base_32(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 32)
        digits = CROCKFORD[rest] + digits
    return digits

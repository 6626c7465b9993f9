"""A recording without what differs from run to run, so that a second run writes the same bytes.

What the mock itself makes up is the same in each run when its clock stands still. What the client
makes up (idempotency keys, ids, the time it is) is not, nor is anything of a run in real time or of
a real vendor. Each such id becomes the next one of a plain sequence of its kind; each such time
keeps its distance from the beginning, to the minute. What the seed worlds and the documents name
stays as it is.
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
MOMENT = 10 * SECOND
LOCAL_PORT = re.compile(r"(?<=//)(127\.0\.0\.1|localhost|\[::1\]):(\d+)\b")
FIRST_PORT = 50_000
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Headers that tell of the moment, and of how long an answer took.
LEFT = re.compile(
    "rate-?limit-(remaining|reset)|retry-after|response-time|server-timing|runtime", re.IGNORECASE
)
REGISTRY = ("B", "C")


def known_tokens(services: Iterable[Service]) -> frozenset[str]:
    """The ids and times that the services' documents and seed worlds name."""
    texts = []
    for service in services:
        texts.append(json.dumps(service.document.raw, default=str))
        texts += [each.decode() for shelf in service.shelves.values() for each in shelf.values()]
    return frozenset(token.text for text in texts for token in find_tokens(text))


def normalize(recording: Recording, known: frozenset[str], began: int) -> Recording:
    """A recording of a second run is this one, byte for byte, if it says the same.

    Args:
        known: ids and times that stay as they are.
        began: when it began by the real clock (ns).
    """
    return NormalForm(recording, known, began).recording()


class NormalForm:
    """One recording on its way into normal form."""

    def __init__(self, recording: Recording, known: frozenset[str], began: int) -> None:
        self._recording = recording
        self._new: dict[str, str] = {each: each for each in known}
        self._counts: Counter[str] = Counter()
        self._ports: dict[str, int] = {}
        # By the mock's own clock nothing differs that a reply was the first to say.
        self._frozen = recording.clock is not None
        self._base = recording.clock if recording.clock is not None else DEFAULT_START
        self._began = began

    def recording(self) -> Recording:
        """The recording in normal form."""
        exchanges = tuple(self._exchange(each) for each in self._recording.exchanges)
        return replace(self._recording, exchanges=exchanges)

    def _exchange(self, exchange: RecordedExchange) -> RecordedExchange:
        request = exchange.request
        return replace(
            exchange,
            request=self._request(request),
            response=self._response(exchange.response),
            at=exchange.at if self._frozen or exchange.at is None else self._moved(exchange.at),
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
            # What is left of a limit, say, depends on the second in which one asks.
            headers = tuple(each for each in headers if not LEFT.search(each[0]))
        return tuple((name, self._text(value, replaced)) for name, value in headers)

    def _body(self, body: bytes, replaced: bool) -> bytes:
        text = decode_body(body)
        return body if text is None else self._text(text, replaced).encode()

    def _text(self, text: str, replaced: bool) -> str:
        """A text in normal form.

        Args:
            replaced: whether ids and times that are met here first are replaced, or stay.
        """
        text = LOCAL_PORT.sub(self._port, text)
        for token in find_tokens(text):
            if token.kind in REGISTRY:
                # Nobody makes these up but the vendor, and words look like them.
                continue
            if token.text not in self._new:
                self._new[token.text] = self._next(token) if replaced else token.text
        return TOKEN.sub(lambda found: self._new.get(found[0], found[0]), text)

    def _port(self, found: re.Match[str]) -> str:
        number = self._ports.setdefault(found[2], FIRST_PORT + len(self._ports))
        return f"{found[1]}:{number}"

    def _next(self, token: Token) -> str:
        if token.is_time:
            return self._time(token)
        self._counts[token.kind] += 1
        return plain_id(token, self._counts[token.kind])

    def _time(self, token: Token) -> str:
        """A time that was computed, by its distance from the beginning; others as they are."""
        try:
            at = parse_instant(token.text)
        except ValueError:
            return token.text
        if not at % MINUTE or abs(at - self._base) < abs(at - self._began):
            # Nobody computes a whole minute, nor a time by the mock's clock: it was written down.
            return token.text
        digits = int(token.kind.split()[2])
        zone = "Z" if token.text.endswith("Z") else "+00:00"
        return format_timestamp(self._moved(at), max(0, digits - 1), zone)

    def _moved(self, at: int) -> int:
        distance = at - self._began
        # What lies ahead stays ahead, and what is now stays now.
        minutes = 0 if 0 <= distance < MOMENT else -(-distance // MINUTE)
        return self._base + minutes * MINUTE


def plain_id(token: Token, number: int) -> str:
    """The id of this number in a plain sequence of ids of a token's kind."""
    if token.kind == "uuid":
        return f"00000000-0000-4000-8000-{number:012x}"
    if token.kind == "ulid":
        return _in_base_32(number).rjust(26, "0")
    if token.kind in ("object_id", "digest"):
        return f"{number:x}".rjust(len(token.text), "0")
    rest = token.text.removeprefix(token.kind)
    if "-" in rest:
        return f"{token.kind}{plain_id(Token('uuid', rest), number)}"
    return token.kind + str(number).rjust(len(rest), "0")


def _in_base_32(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 32)
        digits = CROCKFORD[rest] + digits
    return digits

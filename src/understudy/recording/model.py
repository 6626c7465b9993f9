"""The recording model: exchanges with where and when they happened; every format is made of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from understudy.core.clock import parse_instant
from understudy.core.errors import Diagnosis

Json = dict[str, Any]
# In the order in which they were sent; a name may stand twice.
Headers = tuple[tuple[str, str], ...]


# When a recording begins that tells no time.
DEFAULT_START = parse_instant("2026-03-11T12:00:00Z")


class UnreadableRecording(Exception):
    """A file that is no recording; says what, where and what to do."""


def header(headers: Headers, name: str) -> str | None:
    """A header's value, whatever the case of its name; the first one, when it stands twice."""
    wanted = name.lower()
    return next((value for each, value in headers if each.lower() == wanted), None)


def media_type(headers: Headers) -> str:
    """The media type of a message in lower case, without its parameters; "" when it has none."""
    return (header(headers, "content-type") or "").partition(";")[0].strip().lower()


def decode_body(body: bytes) -> str | None:
    """A body as text; None when it is not UTF-8."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """What was asked.

    Attributes:
        url: absolute, at the vendor's own origin; path and query encoded, without a fragment.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """The encoded path."""
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> str:
        """The encoded query, without its question mark."""
        return urlsplit(self.url).query


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """What was answered.

    Attributes:
        status: 0 when the connection ended before there was one.
        reason: the phrase beside the status; "" stands for the usual one.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    reason: str = ""

    @property
    def phrase(self) -> str:
        """The reason phrase, or the usual one of the status; "" when there is none."""
        if self.reason or self.status not in {each.value for each in HTTPStatus}:
            return self.reason
        return HTTPStatus(self.status).phrase


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """One request and its response.

    Attributes:
        vendor: whose API it is; "" when nobody said.
        operation: operationId of the vendor's document, where one was met.
        account: name of the seed world's account that asked.
        session: in which it happened; "" for the recording's own.
        at: the instant (ns) of the request by the session's clock; None when unknown.
        took: nanoseconds until the response was whole.
        diagnoses: what was wrong with it.
        fault: the kind of the planned fault that let no response come, such as `reset`.
    """

    request: RecordedRequest
    response: RecordedResponse
    vendor: str = ""
    operation: str | None = None
    account: str | None = None
    at: int | None = None
    took: int = 0
    diagnoses: tuple[Diagnosis, ...] = ()
    session: str = ""
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A sequence of exchanges, and what is needed to have it happen again.

    Attributes:
        name: in kebab-case; files are named after it.
        title: one sentence for people.
        session: the session in which it happened.
        clock: the instant (ns) at which its clock stood in the beginning; None for real time.
        seed: what ids and example data derived from.
        settings: the other settings that differ from the defaults, by name, as JSON.
        versions: vendor -> the version of its document.
        events: what was done through the admin plane: `before` the exchange of this index, `at` an
            instant, in a `session`, by `method`, `path` and `json`.
        deliveries: the webhooks that were sent, as `listDeliveries` of the admin plane shows them.
    """

    name: str
    exchanges: tuple[RecordedExchange, ...] = ()
    title: str = ""
    session: str = "default"
    clock: int | None = None
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Json, ...] = ()
    deliveries: tuple[Json, ...] = ()

    @property
    def vendors(self) -> list[str]:
        """The vendors that were asked, sorted."""
        return sorted({each.vendor for each in self.exchanges if each.vendor})

    @property
    def answered(self) -> tuple[RecordedExchange, ...]:
        """The exchanges that had a response; most formats can hold no other."""
        return tuple(each for each in self.exchanges if each.response.status)

    def at_origins(self, origins: Mapping[str, str]) -> Recording:
        """The same, with vendors at other origins: vendor -> base URL (which may have a path).

        The vendor "" stands for all that are not named.
        """
        if not origins:
            return self
        return replace(self, exchanges=tuple(_moved(each, origins) for each in self.exchanges))


def _moved(exchange: RecordedExchange, origins: Mapping[str, str]) -> RecordedExchange:
    base = origins.get(exchange.vendor, origins.get(""))
    if base is None:
        return exchange
    request = exchange.request
    parts = urlsplit(request.url)
    url = f"{base.rstrip('/')}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")
    return replace(exchange, request=replace(request, url=url))


def find_start(recording: Recording) -> int:
    """The instant (ns) at which a clock stood when a recording began, as far as it tells."""
    first = next((each.at for each in recording.exchanges if each.at is not None), DEFAULT_START)
    return first if recording.clock is None else recording.clock


def merge_headers(recordings: Iterable[Recording], name: str) -> Recording:
    """Several recordings as one, in their order; it begins as the first one did.

    It is to be served: what was fired in them is not told any more.
    """
    parts = list(recordings)
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        name=name,
        title="",
        exchanges=tuple(exchange for part in parts for exchange in part.exchanges),
        events=(),
        versions={vendor: version for part in parts for vendor, version in part.versions.items()},
        deliveries=tuple(each for part in parts for each in part.deliveries),
    )


def dump_compact(document: Any) -> bytes:
    """A document as compact JSON, the way the mock writes it."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def dump_pretty(document: Any) -> bytes:
    """A document as JSON for people, ending in a newline."""
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode()

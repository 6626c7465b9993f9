"""The model of recordings, which every format reads or writes."""

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
# In the order in which they were sent; a name may come twice.
Headers = tuple[tuple[str, str], ...]


# When a recording starts that has no time in it.
DEFAULT_START = parse_instant("2026-03-11T12:00:00Z")


class UnreadableRecording(Exception):
    """A file is not a readable recording; the message says what is wrong, where, and what to do."""


def header(headers: Headers, name: str) -> str | None:
    """A header's value, whatever the case of its name; the first one when it comes twice."""
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
    """A request.

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
    """A response.

    Attributes:
        status: 0 when the connection ended before there was one.
        reason: the phrase after the status; "" for the usual one.
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
        vendor: whose API it is; "" when unknown.
        operation: operationId in the vendor's document; None when it matches none.
        account: name of the seed account that sent it; None when unknown.
        session: "" for the recording's own.
        at: the instant (ns) of the request by the session's clock; None when unknown.
        took: nanoseconds until the end of the response.
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
    """A sequence of exchanges, and what is needed to repeat them.

    Attributes:
        name: in kebab-case; files are named after it.
        title: one sentence for people.
        session: the name of its session.
        clock: the instant (ns) of the session's clock at the start; None for real time.
        seed: from which ids and example data were derived.
        settings: the other settings that differ from the defaults, by name, as JSON.
        versions: vendor -> the version of its document.
        events: the calls of the admin API that changed a session: `before` the exchange of this
            index, `at` an instant, in a `session`, with `method`, `path` and `json`.
        deliveries: the webhooks that were sent, as `listDeliveries` of the admin API shows them.
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
        """The vendors of the exchanges, sorted."""
        return sorted({each.vendor for each in self.exchanges if each.vendor})

    @property
    def answered(self) -> tuple[RecordedExchange, ...]:
        """The exchanges with a response; most formats can hold no others."""
        return tuple(each for each in self.exchanges if each.response.status)

    def move_to_origins(self, origins: Mapping[str, str]) -> Recording:
        """The recording with other origins: vendor -> base URL (which may have a path).

        The vendor "" stands for all others.
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
    """When a recording started (ns): its clock, else its first exchange, else `DEFAULT_START`."""
    first = next((each.at for each in recording.exchanges if each.at is not None), DEFAULT_START)
    return first if recording.clock is None else recording.clock


def merge_recordings(recordings: Iterable[Recording], name: str) -> Recording:
    """Join several recordings, in their order; the result starts as the first one does.

    It is meant to be served: events are left out.
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

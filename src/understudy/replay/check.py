"""Sends the requests of a recording to a mock in this process, and compares the replies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import httpx

from understudy.core.clock import parse_instant
from understudy.core.json_pointer import mask_indexes
from understudy.core.settings import Settings
from understudy.engine.registry import open_services
from understudy.inprocess.httpx_transports import SyncTransport
from understudy.inprocess.loop import shared_loop
from understudy.inprocess.startup import start_app
from understudy.recording.capture import Capture, settings_for
from understudy.recording.compare import Difference, IdMapping, find_differences
from understudy.recording.model import (
    Headers,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
    dump_compact,
    find_start,
)
from understudy.recording.normalize import MOMENT_HEADERS
from understudy.redaction.masks import has_mask
from understudy.redaction.secret_names import SECRET_HEADERS
from understudy.server.app import App
from understudy.service.secrets import unmask_body
from understudy.service.service import Service
from understudy.session.session import DEFAULT_SESSION

ORIGIN = "http://127.0.0.1"
JSON: Headers = (("Content-Type", "application/json"),)
TOO_LARGE = 413
Start = Callable[[Settings, Capture], App]


@dataclass(frozen=True)
class Deviation:
    """One exchange whose reply differs now.

    Attributes:
        number: the exchange's number in the recording, from 1.
    """

    number: int
    recorded: RecordedExchange
    current: RecordedExchange
    differences: tuple[Difference, ...]


def find_deviations(recording: Recording, start: Start = start_app) -> list[Deviation]:
    """Find every exchange of a recording whose reply differs now.

    Args:
        start: makes the mock that gets the requests.

    Raises:
        StartError: for an unknown vendor.
        ValueError, TypeError: when the recording has invalid settings.
    """
    return list(Checker(recording, start).deviations())


class Checker:
    """Sends the requests of one recording, at their times, with their accounts' credentials."""

    def __init__(self, recording: Recording, start: Start = start_app) -> None:
        self._recording = recording
        clock = find_start(recording)
        settings = settings_for(replace(recording, clock=clock), recording.vendors)
        services = open_services(recording.vendors)
        self._services = {service.name: service for service in services}
        self._capture = Capture(services)
        self._app = start(settings, self._capture)
        self._limit = settings.body_limit
        # Times may differ only when the recording ran in real time.
        self._ids = IdMapping(timeless=recording.clock is None)

    def deviations(self) -> Iterator[Deviation]:
        """Send all requests; yield the exchanges whose replies differ, in their order."""
        with httpx.Client(transport=SyncTransport(self._app)) as http:
            for number, recorded in enumerate(self._recording.exchanges, 1):
                self._send_events(http, number - 1)
                current = self._resend(http, recorded)
                then, now = (self._select_comparable(each.response) for each in (recorded, current))
                found = find_differences(then, now, self._ids)
                if found and not lacks_secrets(recorded.request, self._services[recorded.vendor]):
                    yield Deviation(number, recorded, current, tuple(found))
        shared_loop().do(self._app.sessions.close)

    def _select_comparable(self, response: RecordedResponse) -> RecordedResponse:
        """The part of a response that has to be equal; in real time, not headers of the moment."""
        return response if self._recording.clock is not None else without_limits(response)

    def _send_events(self, http: httpx.Client, index: int) -> None:
        """Repeat the calls of the admin API that came before the exchange of this index."""
        for event in self._recording.events:
            if event.get("before") == index:
                session = str(event.get("session") or DEFAULT_SESSION)
                if "at" in event:
                    self._move_to(session, parse_instant(str(event["at"])))
                path = self._ids.now(str(event.get("path", "/")))
                body = (
                    self._ids.now(dump_compact(event["json"]).decode()) if "json" in event else ""
                )
                target = f"/@{session}/__admin{path}"
                method = str(event.get("method", "POST"))
                http.send(_make_request(method, target, JSON, body.encode()))

    def _move_to(self, name: str, at: int | None) -> None:
        session = self._app.session(name)
        if at is not None and at > session.clock.now():
            shared_loop().run(self._app.move_to(session, at)).result()

    def _resend(self, http: httpx.Client, recorded: RecordedExchange) -> RecordedExchange:
        session = recorded.session or DEFAULT_SESSION
        self._move_to(session, recorded.at)
        service = self._services[recorded.vendor]
        request = self._ids.request(recorded.request)
        self._capture.clear()
        # A fault that the request asked for may break the connection; the exchange has its result.
        with suppress(httpx.TransportError):
            http.send(self._make_request(service, session, recorded, request))
        return self._capture.latest or replace(recorded, response=RecordedResponse(0))

    def _make_request(
        self, service: Service, session: str, recorded: RecordedExchange, request: RecordedRequest
    ) -> httpx.Request:
        request = add_credentials(service, recorded.account, request)
        query = f"?{request.query}" if request.query else ""
        target = f"/@{session}{service.prefix}{request.path}{query}"
        body = unmask_body(service, request.body)
        if recorded.response.status == TOO_LARGE and not body:
            # A body that was too large was not recorded.
            body = b" " * (self._limit + 1)
        return _make_request(request.method, target, request.headers, body)


def _make_request(method: str, target: str, headers: Headers, body: bytes) -> httpx.Request:
    """Make a request with exactly this target; a URL of httpx would resolve its dots."""
    raw = [(name.encode("latin-1", "replace"), _encode_value(value)) for name, value in headers]
    extensions = {"target": target.encode("latin-1", "replace")}
    return httpx.Request(method, ORIGIN, headers=raw, content=body, extensions=extensions)


def _encode_value(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


def lacks_secrets(request: RecordedRequest, service: Service) -> bool:
    """Whether a request cannot be sent again unchanged, because masks are left in it."""
    text = unmask_body(service, request.body).decode("latin-1")
    return has_mask(f"{request.url} {text}")


def without_limits(response: RecordedResponse) -> RecordedResponse:
    """A response without the headers that depend on the moment, such as those of rate limits."""
    kept = tuple(each for each in response.headers if not MOMENT_HEADERS.search(each[0]))
    return replace(response, headers=kept)


def add_credentials(
    service: Service, account: str | None, request: RecordedRequest
) -> RecordedRequest:
    """A request with an account's credential in the place of the masked one.

    Without a known account the mask stays, as a credential that does not exist.
    """
    known = {} if service.accounts is None else {each.name: each for each in service.accounts.all}
    if account not in known:
        return request
    kept = tuple(each for each in request.headers if each[0].lower() not in SECRET_HEADERS)
    scheme, credential = service.document.security.first, known[account].credential
    url, headers = scheme.sign(request.url, kept, credential)
    return replace(request, url=url, headers=headers)


@dataclass(frozen=True)
class Change:
    """One difference between replies, with all exchanges that have it.

    Attributes:
        difference: the first one; its pointer has `*` for every index.
        numbers: of the exchanges that have it.
    """

    operation: str
    difference: Difference
    numbers: tuple[int, ...]


def group_changes(found: Sequence[Deviation]) -> list[Change]:
    """Group equal differences, in the order of their first appearance."""
    met: dict[tuple[str, str, str, str, str], tuple[str, Difference, list[int]]] = {}
    for deviation in found:
        operation = deviation.recorded.operation or "(no operation)"
        for each in deviation.differences:
            general = replace(each, pointer=mask_indexes(each.pointer))
            key = (operation, each.where, general.pointer, repr(each.recorded), repr(each.current))
            _, _, numbers = met.setdefault(key, (operation, general, []))
            if deviation.number not in numbers:
                numbers.append(deviation.number)
    return [Change(operation, each, tuple(numbers)) for operation, each, numbers in met.values()]

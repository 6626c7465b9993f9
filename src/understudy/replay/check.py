"""Asks the mock of this process a recording's requests again, and tells what it answers now."""

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
from understudy.recording.normalize import LEFT
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
    """One exchange that is answered otherwise now.

    Attributes:
        number: of the exchange, from 1.
    """

    number: int
    recorded: RecordedExchange
    current: RecordedExchange
    differences: tuple[Difference, ...]


def find_deviations(recording: Recording, start: Start = start_app) -> list[Deviation]:
    """Every exchange of a recording that the mock answers otherwise now.

    Args:
        start: makes the mock that is asked.

    Raises:
        StartError: for a vendor that is none.
        ValueError, TypeError: when the recording's settings cannot be.
    """
    return list(Checker(recording, start).deviations())


class Checker:
    """Asks one recording's requests, at their times, by their accounts."""

    def __init__(self, recording: Recording, start: Start = start_app) -> None:
        self._recording = recording
        clock = find_start(recording)
        settings = settings_for(replace(recording, clock=clock), recording.vendors)
        services = open_services(recording.vendors)
        self._services = {service.name: service for service in services}
        self._taker = Capture(services)
        self._app = start(settings, self._taker)
        self._limit = settings.body_limit
        # By the mock's own clock nothing may be at another time.
        self._twins = IdMapping(timeless=recording.clock is None)

    def deviations(self) -> Iterator[Deviation]:
        """The exchanges that are answered otherwise, in their order."""
        with httpx.Client(transport=SyncTransport(self._app)) as http:
            for number, recorded in enumerate(self._recording.exchanges, 1):
                self._fire(http, number - 1)
                current = self._again(http, recorded)
                then, now = (self._told(each.response) for each in (recorded, current))
                found = find_differences(then, now, self._twins)
                if found and not is_masked(recorded.request, self._services[recorded.vendor]):
                    yield Deviation(number, recorded, current, tuple(found))
        shared_loop().do(self._app.sessions.close)

    def _told(self, response: RecordedResponse) -> RecordedResponse:
        """What has to be said again: in real time, not what is left of a limit."""
        return response if self._recording.clock is not None else without_limits(response)

    def _fire(self, http: httpx.Client, index: int) -> None:
        """What was done through the admin plane before the exchange of this index."""
        for event in self._recording.events:
            if event.get("before") == index:
                session = str(event.get("session") or DEFAULT_SESSION)
                if "at" in event:
                    self._move_to(session, parse_instant(str(event["at"])))
                path = self._twins.now(str(event.get("path", "/")))
                body = (
                    self._twins.now(dump_compact(event["json"]).decode()) if "json" in event else ""
                )
                target = f"/@{session}/__admin{path}"
                http.send(_request(str(event.get("method", "POST")), target, JSON, body.encode()))

    def _move_to(self, name: str, at: int | None) -> None:
        session = self._app.session(name)
        if at is not None and at > session.clock.now():
            shared_loop().run(self._app.move_to(session, at)).result()

    def _again(self, http: httpx.Client, recorded: RecordedExchange) -> RecordedExchange:
        session = recorded.session or DEFAULT_SESSION
        self._move_to(session, recorded.at)
        service = self._services[recorded.vendor]
        request = self._twins.request(recorded.request)
        self._taker.clear()
        # A fault that the request asked for may end it: the exchange says what became of it.
        with suppress(httpx.TransportError):
            http.send(self._request(service, session, recorded, request))
        return self._taker.latest or replace(recorded, response=RecordedResponse(0))

    def _request(
        self, service: Service, session: str, recorded: RecordedExchange, request: RecordedRequest
    ) -> httpx.Request:
        request = add_credentials(service, recorded.account, request)
        query = f"?{request.query}" if request.query else ""
        target = f"/@{session}{service.prefix}{request.path}{query}"
        body = unmask_body(service, request.body)
        if recorded.response.status == TOO_LARGE and not body:
            # What was too large was not taken down.
            body = b" " * (self._limit + 1)
        return _request(request.method, target, request.headers, body)


def _request(method: str, target: str, headers: Headers, body: bytes) -> httpx.Request:
    """A request whose target is as it was asked: an URL of httpx would resolve its dots."""
    raw = [(name.encode("latin-1", "replace"), _on_wire(value)) for name, value in headers]
    extensions = {"target": target.encode("latin-1", "replace")}
    return httpx.Request(method, ORIGIN, headers=raw, content=body, extensions=extensions)


def _on_wire(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


def is_masked(request: RecordedRequest, service: Service) -> bool:
    """Whether a request can not be asked again as it was, since secrets were taken out of it."""
    text = unmask_body(service, request.body).decode("latin-1")
    return has_mask(f"{request.url} {text}")


def without_limits(response: RecordedResponse) -> RecordedResponse:
    """A response without what it says of the limits that are left."""
    kept = tuple(each for each in response.headers if not LEFT.search(each[0]))
    return replace(response, headers=kept)


def add_credentials(
    service: Service, account: str | None, request: RecordedRequest
) -> RecordedRequest:
    """A request with an account's credential in the place of the masked one.

    Where no account is known the mask stays: it is a credential that nobody has.
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
    """One way in which replies differ, wherever it was met.

    Attributes:
        difference: as it was first met; its pointer has `*` in the place of indexes.
        numbers: of the exchanges in which it was met.
    """

    operation: str
    difference: Difference
    numbers: tuple[int, ...]


def group_changes(found: Sequence[Deviation]) -> list[Change]:
    """What changed, each thing once, in the order in which it was met."""
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

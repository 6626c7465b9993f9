"""Takes the mock's exchanges down as a recording, without what belongs to one run alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from understudy.core.clock import format_instant
from understudy.core.settings import Settings
from understudy.core.strict_json import parse_json
from understudy.recording.compare import strip_transport_headers
from understudy.recording.model import (
    Json,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from understudy.recording.redact import RecordingRedactor
from understudy.recording.world_settings import WORLD_SETTINGS
from understudy.service.service import Service
from understudy.session.deliveries import Delivery
from understudy.session.journal import Exchange

ADMIN = "admin"
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# More than this is a snapshot, which is a file of its own.
MAX_EVENT = 65_536


class Capture:
    """Takes down what it is handed, as the log of an app.

    Args:
        services: the services whose exchanges are taken; those of others are passed over.
        also: is handed everything, too.
    """

    def __init__(
        self, services: Sequence[Service], also: Callable[[Exchange | Delivery], None] | None = None
    ) -> None:
        self._services = {service.name: service for service in services}
        self._redactor = RecordingRedactor(services)
        self._also = also
        self._exchanges: list[RecordedExchange] = []
        self._events: list[Json] = []

    def __call__(self, entry: Exchange | Delivery) -> None:
        if isinstance(entry, Exchange) and entry.vendor in self._services:
            service = self._services[entry.vendor]
            self._exchanges.append(self._redactor.exchange(to_recorded(entry, origin_of(service))))
        elif isinstance(entry, Exchange) and is_event(entry):
            self._events.append(self._redactor.json(read_event(entry, len(self._exchanges))))
        if self._also is not None:
            self._also(entry)

    @property
    def latest(self) -> RecordedExchange | None:
        """What was taken last, if anything was."""
        return self._exchanges[-1] if self._exchanges else None

    def clear(self) -> None:
        """Forget what was taken so far."""
        self._exchanges.clear()
        self._events.clear()

    def recording(
        self,
        name: str,
        settings: Settings,
        title: str = "",
        session: str = "default",
        deliveries: Iterable[Json] = (),
    ) -> Recording:
        """What was taken so far.

        Args:
            deliveries: the webhooks that were sent, as the admin plane shows them.
        """
        asked = {each.vendor for each in self._exchanges}
        return Recording(
            name=name,
            title=title,
            session=session,
            clock=settings.clock,
            seed=settings.seed,
            settings=describe_settings(settings),
            versions={
                name: service.document.version
                for name, service in sorted(self._services.items())
                if name in asked
            },
            exchanges=tuple(
                replace(each, session="" if each.session == session else each.session)
                for each in self._exchanges
            ),
            events=tuple(_without_session(each, session) for each in self._events),
            deliveries=tuple(self._redactor.json(each) for each in deliveries),
        )


def _without_session(event: Json, session: str) -> Json:
    """An event that does not tell the recording's own session."""
    own = event.get("session") == session
    return {name: value for name, value in event.items() if not (own and name == "session")}


def is_event(exchange: Exchange) -> bool:
    """Whether somebody changed a session through the admin plane."""
    return (
        exchange.vendor == ADMIN
        and exchange.method in CHANGING
        and 200 <= exchange.status < 300
        and len(exchange.request_body) <= MAX_EVENT
    )


def read_event(exchange: Exchange, before: int) -> Json:
    """What somebody did through the admin plane before the exchange of this index."""
    query = f"?{exchange.query}" if exchange.query else ""
    return {
        "before": before,
        "at": format_instant(exchange.started, trimmed=True),
        "session": exchange.session,
        "method": exchange.method,
        "path": f"{exchange.path}{query}",
        **({"json": parse_json(exchange.request_body)} if exchange.request_body else {}),
    }


def origin_of(service: Service) -> str:
    """The origin of a vendor, as recordings name it."""
    return service.document.origin.rstrip("/")


def to_recorded(exchange: Exchange, origin: str) -> RecordedExchange:
    """An exchange of the journal as a recorded one; its secrets are still in it."""
    query = f"?{exchange.query}" if exchange.query else ""
    answered = (
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in exchange.response_headers
    )
    return RecordedExchange(
        vendor=exchange.vendor,
        session=exchange.session,
        operation=exchange.operation,
        account=exchange.account,
        at=exchange.started,
        took=exchange.ended - exchange.started,
        fault=None if exchange.status else exchange.fault or None,
        request=RecordedRequest(
            method=exchange.method,
            url=f"{origin}{exchange.path}{query}",
            headers=strip_transport_headers(exchange.request_headers.items()),
            body=exchange.request_body,
        ),
        response=RecordedResponse(
            status=exchange.status,
            headers=strip_transport_headers(answered) if exchange.status else (),
            # What answers HEAD is not sent, though the mock has made it.
            body=exchange.response_body if exchange.status and exchange.method != "HEAD" else b"",
        ),
        diagnoses=exchange.diagnoses,
    )


def describe_settings(settings: Settings) -> dict[str, Any]:
    """The settings that decide what is answered, where they are not the usual ones."""
    usual = Settings()
    return {
        name: "manual"
        if name == "pace" and getattr(settings, name) is None
        else getattr(settings, name)
        for name in WORLD_SETTINGS
        if getattr(settings, name) != getattr(usual, name)
    }


def settings_for(recording: Recording, vendors: Sequence[str] = ()) -> Settings:
    """The settings with which a recording's requests meet the world that they met.

    Raises:
        ValueError, TypeError: when the recording names settings that cannot be.
    """
    known: Mapping[str, Any] = {
        name: value for name, value in recording.settings.items() if name in WORLD_SETTINGS
    }
    chosen = dict(known)
    if chosen.get("pace") == "manual":
        chosen["pace"] = None
    return Settings(vendors=tuple(vendors), seed=recording.seed, clock=recording.clock, **chosen)

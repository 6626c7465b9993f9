"""Captures exchanges as a recording."""

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

ADMIN_API = "admin"
CHANGING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# In bytes. A larger body is an uploaded snapshot, which has a file of its own.
MAX_EVENT_BODY = 65_536


class Capture:
    """Captures the exchanges that it is called with; used as the log of an app.

    Args:
        services: whose exchanges are captured; others are ignored.
        also: is called with every entry, too.
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
        elif isinstance(entry, Exchange) and _is_event(entry):
            self._events.append(self._redactor.json(_read_event(entry, len(self._exchanges))))
        if self._also is not None:
            self._also(entry)

    @property
    def latest(self) -> RecordedExchange | None:
        """The last captured exchange; None before the first."""
        return self._exchanges[-1] if self._exchanges else None

    def clear(self) -> None:
        """Forget everything captured so far."""
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
        """Everything captured so far as a recording.

        Args:
            deliveries: the webhooks that were sent, as the admin API shows them.
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
    """The event without its session when that is the recording's own."""
    own = event.get("session") == session
    return {name: value for name, value in event.items() if not (own and name == "session")}


def _is_event(exchange: Exchange) -> bool:
    """Whether an exchange changed a session through the admin API."""
    return (
        exchange.vendor == ADMIN_API
        and exchange.method in CHANGING_METHODS
        and 200 <= exchange.status < 300
        and len(exchange.request_body) <= MAX_EVENT_BODY
    )


def _read_event(exchange: Exchange, before: int) -> Json:
    """The call of the admin API in an exchange; it came before the exchange of this index."""
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
    """The vendor's origin, without a slash at its end."""
    return service.document.origin.rstrip("/")


def to_recorded(exchange: Exchange, origin: str) -> RecordedExchange:
    """Convert an exchange of the journal; secrets are not removed here."""
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
            # The mock makes a body for HEAD, but does not send it.
            body=exchange.response_body if exchange.status and exchange.method != "HEAD" else b"",
        ),
        diagnoses=exchange.diagnoses,
    )


def describe_settings(settings: Settings) -> dict[str, Any]:
    """The settings that decide on replies, where they differ from the defaults, as JSON."""
    usual = Settings()
    return {
        name: "manual"
        if name == "pace" and getattr(settings, name) is None
        else getattr(settings, name)
        for name in WORLD_SETTINGS
        if getattr(settings, name) != getattr(usual, name)
    }


def settings_for(recording: Recording, vendors: Sequence[str] = ()) -> Settings:
    """The settings with which a mock answers a recording's requests as it did then.

    Raises:
        ValueError, TypeError: when the recording has invalid settings.
    """
    known: Mapping[str, Any] = {
        name: value for name, value in recording.settings.items() if name in WORLD_SETTINGS
    }
    chosen = dict(known)
    if chosen.get("pace") == "manual":
        chosen["pace"] = None
    return Settings(vendors=tuple(vendors), seed=recording.seed, clock=recording.clock, **chosen)

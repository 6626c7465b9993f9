"""Whose API an exchange of a foreign recording asked: found by its URL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from understudy.recording.capture import origin_of
from understudy.recording.compare import strip_transport_headers
from understudy.recording.model import RecordedExchange, Recording, UnreadableRecording
from understudy.recording.redact import RecordingRedactor
from understudy.recording.world_settings import WORLD_SETTINGS
from understudy.service.service import Service

IN_SESSION = re.compile(r"/@[^/]+(?=/)")


class Attribution:
    """Tells the exchanges of some services from others, and completes what is known of them.

    Args:
        only: the vendor that everything asked, whatever the URL; "" to tell by the URL.
    """

    def __init__(self, services: Sequence[Service], only: str = "") -> None:
        self._services = {service.name: service for service in services}
        self._only = only
        self._redactor = RecordingRedactor(services)

    def recording(self, recording: Recording) -> Recording:
        """The exchanges with vendors that are known, without secrets.

        Raises:
            UnreadableRecording: when there is none.
        """
        found = (self._exchange(each) for each in recording.exchanges)
        exchanges = tuple(self._redactor.exchange(each) for each in found if each is not None)
        if not exchanges and recording.exchanges:
            known = ", ".join(self._services)
            hosts = ", ".join(
                sorted({urlsplit(each.request.url).netloc for each in recording.exchanges})
            )
            raise UnreadableRecording(
                f"no exchange in it is with a known vendor (hosts: {hosts or 'none'}; "
                f"vendors: {known}); name the vendor with --vendor"
            )
        asked = sorted({each.vendor for each in exchanges})
        versions = {name: self._services[name].document.version for name in asked}
        return replace(
            self._told(recording),
            exchanges=exchanges,
            versions={**versions, **recording.versions},
        )

    def _told(self, recording: Recording) -> Recording:
        """A recording whose own members tell no secret, and no setting that replaying ignores."""
        clean = self._redactor.json
        told = {name: value for name, value in recording.settings.items() if name in WORLD_SETTINGS}
        return replace(
            recording,
            title=clean(recording.title),
            settings=clean(told),
            events=tuple(map(clean, recording.events)),
            deliveries=tuple(map(clean, recording.deliveries)),
        )

    def _exchange(self, exchange: RecordedExchange) -> RecordedExchange | None:
        for service in self._services.values():
            told = exchange.vendor in ("", service.name)
            path = self._path_at(service, exchange.request.url) if told else None
            if path is not None:
                return self._completed(exchange, service, path)
        # Where the URL does not tell.
        named = self._services.get(exchange.vendor or self._only)
        if named is None:
            return None
        path = self._documented_end(named, exchange.request.path)
        return self._completed(exchange, named, path)

    def _documented_end(self, service: Service, path: str) -> str:
        """The part of a path that is the vendor's, where another base URL stands before it."""
        segments = path.split("/")[1:]
        ends = ("/" + "/".join(segments[at:]) for at in range(len(segments)))
        return next((each for each in ends if service.document.router.match(each)), path)

    def _path_at(self, service: Service, url: str) -> str | None:
        """The path at the vendor, when a URL is at its host or at the mock's."""
        parts = urlsplit(url)
        path = IN_SESSION.sub("", parts.path, count=1)
        if f"{path}/".startswith(f"{service.prefix}/"):
            return path.removeprefix(service.prefix) or "/"
        hosts = {*service.vendor.hosts, urlsplit(origin_of(service)).hostname}
        return path if parts.hostname in hosts else None

    def _completed(
        self, exchange: RecordedExchange, service: Service, path: str
    ) -> RecordedExchange:
        request = exchange.request
        query = f"?{request.query}" if request.query else ""
        match = service.document.router.match(path)
        operation = match[0].operations.get(request.method) if match is not None else None
        return replace(
            exchange,
            vendor=service.name,
            operation=exchange.operation or (operation.id if operation else None),
            account=exchange.account or account_of(service, exchange),
            request=replace(
                request,
                url=f"{origin_of(service)}{path}{query}",
                headers=strip_transport_headers(request.headers),
            ),
            response=replace(
                exchange.response, headers=strip_transport_headers(exchange.response.headers)
            ),
        )


def account_of(service: Service, exchange: RecordedExchange) -> str | None:
    """The seed world's account whose credential a request carries."""
    request = exchange.request
    headers = {name.lower(): value for name, value in reversed(request.headers)}
    scheme = service.document.security.first
    return service.owners.get(scheme.find_credential(headers, request.query))

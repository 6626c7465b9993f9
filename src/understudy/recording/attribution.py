"""Finds the vendor of each exchange in a recording of another tool, by its URL."""

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
    """Finds the exchanges with some services, and completes what is known about them.

    Args:
        only: the vendor of exchanges whose URL does not identify one; "" for none.
    """

    def __init__(self, services: Sequence[Service], only: str = "") -> None:
        self._services = {service.name: service for service in services}
        self._only = only
        self._redactor = RecordingRedactor(services)

    def recording(self, recording: Recording) -> Recording:
        """A recording with the exchanges of known vendors only, without secrets.

        Raises:
            UnreadableRecording: when there are none.
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
            self._clean_members(recording),
            exchanges=exchanges,
            versions={**versions, **recording.versions},
        )

    def _clean_members(self, recording: Recording) -> Recording:
        """The recording without secrets outside its exchanges, and without unknown settings."""
        clean = self._redactor.json
        settings = {
            name: value for name, value in recording.settings.items() if name in WORLD_SETTINGS
        }
        return replace(
            recording,
            title=clean(recording.title),
            settings=clean(settings),
            events=tuple(map(clean, recording.events)),
            deliveries=tuple(map(clean, recording.deliveries)),
        )

    def _exchange(self, exchange: RecordedExchange) -> RecordedExchange | None:
        for service in self._services.values():
            may_match = exchange.vendor in ("", service.name)
            path = self._path_at(service, exchange.request.url) if may_match else None
            if path is not None:
                return self._complete(exchange, service, path)
        # The URL does not identify the vendor.
        named = self._services.get(exchange.vendor or self._only)
        if named is None:
            return None
        path = self._documented_end(named, exchange.request.path)
        return self._complete(exchange, named, path)

    def _documented_end(self, service: Service, path: str) -> str:
        """The documented part of a path that begins with the path of another base URL."""
        segments = path.split("/")[1:]
        ends = ("/" + "/".join(segments[at:]) for at in range(len(segments)))
        return next((each for each in ends if service.document.router.match(each)), path)

    def _path_at(self, service: Service, url: str) -> str | None:
        """The vendor's path in a URL of its host or of the mock; None for other URLs."""
        parts = urlsplit(url)
        path = IN_SESSION.sub("", parts.path, count=1)
        if f"{path}/".startswith(f"{service.prefix}/"):
            return path.removeprefix(service.prefix) or "/"
        hosts = {*service.vendor.hosts, urlsplit(origin_of(service)).hostname}
        return path if parts.hostname in hosts else None

    def _complete(
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
            account=exchange.account or find_account(service, exchange),
            request=replace(
                request,
                url=f"{origin_of(service)}{path}{query}",
                headers=strip_transport_headers(request.headers),
            ),
            response=replace(
                exchange.response, headers=strip_transport_headers(exchange.response.headers)
            ),
        )


def find_account(service: Service, exchange: RecordedExchange) -> str | None:
    """The name of the seed account whose credential a request carries; None for others."""
    request = exchange.request
    headers = {name.lower(): value for name, value in reversed(request.headers)}
    scheme = service.document.security.first
    return service.owners.get(scheme.find_credential(headers, request.query))

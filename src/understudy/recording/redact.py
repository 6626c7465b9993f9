"""Removes the secrets from recorded exchanges, and from what a recording holds besides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from understudy.recording.model import Headers, RecordedExchange
from understudy.redaction.finders import content_type_of
from understudy.redaction.redactor import Redactor
from understudy.redaction.secret_names import SecretNames
from understudy.redaction.secret_values import KnownSecrets, SecretValues
from understudy.service.secrets import find_seed_secrets
from understudy.service.service import Service


class RecordingRedactor:
    """Removes the secrets from exchanges in their order, whether a mock answered or a stranger.

    It searches for the secrets of the services' seed data, which leave this machine in a
    recording, and for those that earlier exchanges carried.

    Args:
        services: whose documents say what is secret, and whose seed data has secrets.
    """

    def __init__(self, services: Sequence[Service]) -> None:
        self._names = {service.name: service.secret_names for service in services}
        self._owners = {secret: name for each in services for secret, name in each.owners.items()}
        self._known = KnownSecrets(
            secret for service in services for secret in sorted(find_seed_secrets(service))
        )
        self._any_vendor = SecretNames()

    def exchange(self, exchange: RecordedExchange) -> RecordedExchange:
        """An exchange without its secrets and those of exchanges before it."""
        redactor = self._redactor(exchange.vendor)
        request, response = exchange.request, exchange.response
        redactor.learn(request.headers, request.body, request.query)
        redactor.learn(response.headers, response.body)
        before, mark, query = request.url.partition("?")
        return replace(
            exchange,
            request=replace(
                request,
                url=redactor.text(before) + mark + redactor.query(query),
                headers=tuple(redactor.headers(request.headers)),
                body=_redact_body(redactor, request.headers, request.body),
            ),
            response=replace(
                response,
                headers=tuple(redactor.headers(response.headers)),
                body=_redact_body(redactor, response.headers, response.body),
            ),
            diagnoses=redactor.diagnoses(exchange.diagnoses),
        )

    def json(self, value: Any) -> Any:
        """JSON of the admin API without secrets: events, deliveries; also a plain text."""
        return self._redactor("").json(value)

    def _redactor(self, vendor: str) -> Redactor:
        names = self._names.get(vendor, self._any_vendor)
        return Redactor(names, SecretValues(self._owners, self._known))


def _redact_body(redactor: Redactor, headers: Headers, body: bytes) -> bytes:
    return redactor.body(body, content_type_of(headers))

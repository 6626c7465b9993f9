"""Takes the credentials out of what other tools recorded, and what echoes them."""

from __future__ import annotations

from dataclasses import replace

from understudy.recording.model import RecordedExchange
from understudy.redaction.finders import is_form
from understudy.redaction.redactor import KnownSecrets, Redactor
from understudy.service.service import Service


class Foreign:
    """Takes the secrets out of exchanges with one service, in their order."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known = KnownSecrets()

    def exchange(self, exchange: RecordedExchange) -> RecordedExchange:
        """An exchange without what it, or one before it, carried as a secret."""
        secrets = Redactor(self._service, self._known)
        request, response = exchange.request, exchange.response
        secrets.meet(request.headers, request.body, request.query)
        secrets.meet(response.headers, response.body)
        origin, mark, query = request.url.partition("?")
        return replace(
            exchange,
            request=replace(
                request,
                url=secrets.text(origin) + mark + (secrets.query(query) if query else ""),
                headers=tuple(secrets.headers(request.headers)),
                body=secrets.body(request.body, is_form(request.headers)),
            ),
            response=replace(
                response,
                headers=tuple(secrets.headers(response.headers)),
                body=secrets.body(response.body, is_form(response.headers)),
            ),
            diagnoses=secrets.diagnoses(exchange.diagnoses),
        )

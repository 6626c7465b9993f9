"""Takes secrets out of what is to be written: credentials of the seed world, and secret members."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

from understudy.recording.model import Headers, RecordedExchange
from understudy.redaction.credential_names import mask_parameters, names_credential
from understudy.redaction.finders import is_form
from understudy.redaction.masks import (
    REDACTED,
    SECRET_HEADERS,
    make_mask,
    redact_body,
    redact_header_value,
)
from understudy.redaction.redactor import KnownSecrets
from understudy.service.service import Service, make_redactor

# What hides a secret in a reply as well as in a request.
SECRET_NAME = SECRET_HEADERS | {"set-cookie"}
# Text shorter than this is no secret of the seed world but a word that stands anywhere.
MIN_SECRET_LENGTH = 6


class AccountRedactor:
    """Takes out the secrets of some services.

    Args:
        services: whose seed credentials, and whose documents' secret members, are taken out.
    """

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = {service.name: service for service in services}
        self._masks = {
            spelled: make_mask(service.owners.get(secret, ""))
            for service in services
            for secret in find_secrets(service)
            for spelled in _spelled(secret)
        }
        # The longest first: one secret may begin another.
        longest = sorted(self._masks, key=lambda each: (-len(each), each))
        self._literal = re.compile("|".join(map(re.escape, longest)) or "(?!)")

    def text(self, text: str) -> str:
        """Text without the secrets of the seed worlds."""
        return self._literal.sub(lambda found: self._masks[found[0]], text)

    def body(self, body: bytes, vendor: str = "") -> bytes:
        """A body without secret members and without the secrets of the seed worlds."""
        service = self._services.get(vendor)
        cleaned = redact_body(body, service.document.secrets, service.owners) if service else body
        # Latin-1 has a character for every byte, and secrets are ASCII.
        return self.text(cleaned.decode("latin-1")).encode("latin-1")

    def exchange(self, exchange: RecordedExchange) -> RecordedExchange:
        """An exchange without secrets."""
        request, response = exchange.request, exchange.response
        return replace(
            exchange,
            request=replace(
                request,
                url=self.text(mask_parameters(request.url, REDACTED)),
                headers=self._headers(request.headers),
                body=self.body(request.body, exchange.vendor),
            ),
            response=replace(
                response,
                headers=self._headers(response.headers),
                body=self.body(response.body, exchange.vendor),
            ),
            diagnoses=tuple(
                replace(each, message=self.text(each.message), hint=self.text(each.hint))
                for each in exchange.diagnoses
            ),
        )

    def json(self, value: Any) -> Any:
        """JSON without the secrets of the seed worlds in its texts, and without credentials."""
        return _mapped(value, self.text)

    def _headers(self, headers: Headers) -> Headers:
        return tuple(
            (name, redact_header_value(value) if _is_secret(name) else self.text(value))
            for name, value in headers
        )


def _is_secret(header: str) -> bool:
    return header.lower() in SECRET_NAME or names_credential(header)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {
            change(name): redact_header_value(each)
            if name.lower() in SECRET_NAME and isinstance(each, str)
            else _mapped(each, change)
            for name, each in value.items()
        }
    return [_mapped(each, change) for each in value] if isinstance(value, list) else value


def find_secrets(service: Service) -> frozenset[str]:
    """Every secret of a service's seed world: credentials, and what secret members hold."""
    accounts = service.accounts.all if service.accounts is not None else ()
    found = {account.credential for account in accounts}
    worlds = [dict(account.attributes) for account in accounts]
    for shelf in service.shelves.values():
        worlds += [orjson.loads(each) for each in shelf.values()]
    for world in worlds:
        found.update(_secret_texts(world, service.document.secrets))
    return frozenset(each for each in found if len(each) >= MIN_SECRET_LENGTH)


def _secret_texts(value: Any, members: frozenset[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name in members and isinstance(each, str):
                yield each
            else:
                yield from _secret_texts(each, members)
    elif isinstance(value, list):
        for each in value:
            yield from _secret_texts(each, members)


def _spelled(secret: str) -> set[str]:
    """A secret as it may stand in text: as it is, and as URLs spell it."""
    return {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}


class ForeignRedactor:
    """Takes the secrets out of exchanges with one service, in their order."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known = KnownSecrets()

    def exchange(self, exchange: RecordedExchange) -> RecordedExchange:
        """An exchange without what it, or one before it, carried as a secret."""
        secrets = make_redactor(self._service, self._known)
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

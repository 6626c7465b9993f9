"""The secrets of a service's seed data, and how masks are replaced by them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from understudy.core.strict_json import load_json
from understudy.redaction.masks import unmask
from understudy.redaction.secret_values import MIN_LENGTH
from understudy.service.service import Service

# What begins a mask that names an owner.
OWNED_MASK = b"[redacted "


def find_seed_secrets(service: Service) -> frozenset[str]:
    """Every secret of a service's seed data: credentials, and the values of secret fields.

    Those that are too short to be searched for in text are left out.
    """
    accounts = service.accounts.all if service.accounts is not None else ()
    found = {account.credential for account in accounts}
    documents: list[Any] = [dict(account.attributes) for account in accounts]
    for collection in service.shelves.values():
        documents += [load_json(each) for each in collection.values()]
    for document in documents:
        found.update(_secret_texts(document, service.document.secrets))
    return frozenset(each for each in found if len(each) >= MIN_LENGTH)


def _secret_texts(value: Any, fields: frozenset[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name in fields and isinstance(each, str):
                yield each
            else:
                yield from _secret_texts(each, fields)
    elif isinstance(value, list):
        for each in value:
            yield from _secret_texts(each, fields)


def unmask_body(service: Service, body: bytes) -> bytes:
    """A JSON body with the seed data's secrets in the place of their masks; others unchanged."""
    if OWNED_MASK not in body:
        return body

    def find_secret(owner: str, field: str) -> str | None:
        return _find_secret(service, owner, field)

    try:
        document = unmask(json.loads(body), find_secret)
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return body


def _find_secret(service: Service, owner: str, field: str) -> str | None:
    """The field of this name of an account, else its credential; None for an unknown account."""
    accounts = service.accounts.all if service.accounts is not None else ()
    for account in accounts:
        if account.name == owner:
            return str(account.attributes.get(field, account.credential))
    return None

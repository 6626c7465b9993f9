"""What the admin plane looks at, and how it finds what a request names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy.core.clock import Stopwatch, parse_instant
from understudy.core.errors import ApiError, Conflict, Diagnosis, InvalidParameters
from understudy.core.settings import Settings
from understudy.engine.scheduler import Scheduler
from understudy.service.service import Service
from understudy.session.session import Session, Sessions
from understudy.session.store import CollectionKey


class MissingError(ApiError):
    """What a request names is not there; `known` lists what is."""

    status = 404
    code = "not-found"

    def __init__(self, what: str, known: str = "") -> None:
        super().__init__(f"there is no {what}", hint=known)


@dataclass(frozen=True)
class AdminContext:
    """The served services, the sessions, and what moves their clocks."""

    services: Mapping[str, Service]
    sessions: Sessions
    scheduler: Scheduler
    settings: Settings
    running: Stopwatch = field(default_factory=Stopwatch)

    def service(self, name: str) -> Service:
        """The service of a vendor.

        Raises:
            Missing: when it is not served.
        """
        if name not in self.services:
            raise MissingError(f'vendor "{name}"', f"vendors: {', '.join(self.services)}")
        return self.services[name]

    def collection(self, vendor: str, name: str) -> Service:
        """The service of a vendor that has a collection of this name.

        Raises:
            Missing: when it has not.
        """
        service = self.service(vendor)
        if name not in service.vendor.collections:
            known = f"collections: {', '.join(service.vendor.collections)}"
            raise MissingError(f'collection "{name}" at {vendor}', known)
        return service


async def find_keys(session: Session, vendor: str, collection: str) -> dict[CollectionKey, int]:
    """The keys of a collection that have held something, each with how much it holds."""
    sizes = await session.store.sizes()
    return {key: size for key, size in sizes.items() if key[:2] == (vendor, collection)}


async def find_resource(
    session: Session, vendor: str, collection: str, id: str, scope: str | None
) -> tuple[CollectionKey, bytes]:
    """Where a resource is stored, and the resource as JSON.

    Raises:
        MissingError: when it is nowhere.
        InvalidParameters: when it is in several scopes and none was named.
    """
    keys = [
        key
        for key in await find_keys(session, vendor, collection)
        if scope is None or key[2] == scope
    ]
    read = [(key, await session.store.read(key, id)) for key in keys]
    found = [(key, resource) for key, resource in read if resource is not None]
    if not found:
        where = "" if scope is None else f' in scope "{scope}"'
        known = f"see /__admin/resources/{vendor}/{collection}"
        raise MissingError(f'"{id}" in {collection} of {vendor}{where}', known)
    if len(found) > 1:
        several = ", ".join(f'"{key[2]}"' for key, _ in found)
        raise make_scope_error(f'"{id}" is in several scopes', f"name one of {several}")
    return found[0]


async def choose_key(
    session: Session, vendor: str, collection: str, scope: str | None
) -> CollectionKey:
    """The key under which a new resource is stored.

    Raises:
        InvalidParameters: when no scope was named and the collection has several.
    """
    if scope is not None:
        return vendor, collection, scope
    known = [key[2] for key in await find_keys(session, vendor, collection)] or [""]
    if len(known) > 1:
        listed = ", ".join(f'"{each}"' for each in known[:10])
        raise make_scope_error("a new resource needs a scope", f"name one, such as {listed}")
    return vendor, collection, known[0]


def make_scope_error(message: str, hint: str) -> InvalidParameters:
    return InvalidParameters(message, [Diagnosis("scope", "query", "scope", message, hint)])


def refuse_above(count: int, most: int, what: str) -> None:
    """Raise Conflict when there are as many as may be.

    Raises:
        Conflict: then.
    """
    if count >= most:
        raise Conflict(f"there are {count} {what} already", hint="delete some first")


def read_instant(asked: Mapping[str, Any], member: str) -> int | None:
    """An instant that was asked for, if it was.

    Raises:
        InvalidParameters: when the form is right and the time is none, such as a leap second.
    """
    if member not in asked:
        return None
    try:
        return parse_instant(asked[member])
    except ValueError as error:
        message = f"{asked[member]} is not a time that the mock can keep ({error})"
        fault = Diagnosis(
            "format", "query", member, message, "send one such as 2026-03-11T12:00:00Z"
        )
        raise InvalidParameters(message, [fault]) from error

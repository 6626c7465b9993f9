"""Resources by vendor, collection, scope and id: what a store is, and a collection in one.

A resource is kept as immutable JSON bytes, so reading gives a copy and a snapshot is a handful of
pointers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from understudy.core.errors import NotFound
from understudy.core.strict_json import load_json, write_json

Resource = dict[str, Any]
Resources = list[Resource]
# The resources of one key by id, in the order in which they were first stored.
CollectionData = dict[str, bytes]
# Vendor, collection and scope; the scope is the id of what owns the list, "" when nothing does.
CollectionKey = tuple[str, str, str]
# New bytes by key and id; None deletes.
Changes = dict[CollectionKey, dict[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A store's contents at one moment."""

    shelves: Mapping[CollectionKey, CollectionData]


class ConflictError(Exception):
    """Somebody else has written since this work began to read; nothing of it was stored."""


class Store(Protocol):
    """The resources of one session.

    Attributes:
        position: how many commits this store has seen. Work that begins notes it, and hands it
            to `commit`.
    """

    @property
    def position(self) -> int: ...

    async def read(self, key: CollectionKey, id: str) -> bytes | None:
        """One resource, or None."""

    async def read_all(self, key: CollectionKey) -> CollectionData:
        """All resources of a key in the order of insertion; not to be changed."""

    async def sizes(self) -> Mapping[CollectionKey, int]:
        """How many resources each key has; a key that has held something stays, with 0."""

    async def commit(self, changes: Changes, base: int | None = None) -> None:
        """Store all changes or none of them.

        Args:
            base: the position at which the work began to read; None for changes that hold
                whatever was stored meanwhile.

        Raises:
            ConflictError: when something was committed after `base`.
        """

    async def snapshot(self) -> Snapshot:
        """What is stored now."""

    async def restore(self, snapshot: Snapshot) -> None:
        """Replace everything with what was stored when the snapshot was taken."""

    async def reset(self) -> None:
        """Replace everything with the seed data."""

    async def arrange(self, vendor: str, order: Callable[[CollectionData], CollectionData]) -> None:
        """Reorder the resources of each key of a vendor that was written to."""


# Makes the store of a session by the session's name and its seed data.
MakeStore = Callable[[str, Snapshot], Store]


class Collection:
    """One collection of a vendor, seen through a unit of work.

    Args:
        changes: of the unit of work; the collection adds to them.
        kind: the singular noun of what it holds, for messages.
        key: the field that holds a resource's id.
    """

    __slots__ = ("_changes", "_key", "_kind", "_name", "_store", "_vendor")

    def __init__(
        self, store: Store, changes: Changes, vendor: str, name: str, kind: str, key: str = "id"
    ) -> None:
        self._store, self._changes = store, changes
        self._vendor, self._name, self._kind, self._key = vendor, name, kind, key

    async def find(self, id: str, scope: str = "") -> Resource | None:
        """The resource, or None when the scope has no such id."""
        key = (self._vendor, self._name, scope)
        changed = self._changes.get(key)
        if changed is not None and id in changed:
            found = changed[id]
        else:
            found = await self._store.read(key, id)
        return None if found is None else load_json(found)

    async def get(self, id: str, scope: str = "") -> Resource:
        """The resource.

        Raises:
            NotFound: when the scope has no such id.
        """
        resource = await self.find(id, scope)
        if resource is None:
            raise NotFound(self._kind, id)
        return resource

    async def list(self, scope: str = "") -> Resources:
        """All resources of the scope, in the order in which they were first put."""
        return [load_json(resource) for resource in (await self._read(scope)).values()]

    async def holding(self, member: str, value: str, scope: str = "") -> Resources:
        """Those resources of the scope whose field `member` has this value; parses few others."""
        # Bytes are compared before anything is parsed: a scope may hold thousands.
        needle = write_json({member: value}).strip()[1:-1]
        found = [each for each in (await self._read(scope)).values() if needle in each]
        read = [load_json(each) for each in found]
        return [each for each in read if each.get(member) == value]

    async def count(self, scope: str = "") -> int:
        """How many resources the scope has."""
        return len(await self._read(scope))

    async def page(
        self, scope: str = "", start: int = 0, limit: int | None = None, newest_first: bool = False
    ) -> Resources:
        """Some resources of the scope, by position; costs the page, not the collection."""
        stored = await self._read(scope)
        ordered = reversed(stored.values()) if newest_first else iter(stored.values())
        stop = None if limit is None else start + limit
        return [load_json(resource) for resource in islice(ordered, start, stop)]

    async def page_after(
        self, id: str, scope: str = "", limit: int | None = None, newest_first: bool = False
    ) -> Resources | None:
        """The resources that follow one in the order; None when the scope has no such id."""
        stored = await self._read(scope)
        if id not in stored:
            return None
        ids = reversed(stored) if newest_first else iter(stored)
        # The iterator goes on behind the id.
        while next(ids) != id:
            continue
        return [load_json(stored[each]) for each in islice(ids, limit)]

    async def _read(self, scope: str) -> dict[str, bytes]:
        """What is stored in the scope, seen through this work's own changes."""
        key = (self._vendor, self._name, scope)
        stored = await self._store.read_all(key)
        changed = self._changes.get(key)
        if not changed:
            return stored
        merged = {**stored, **changed}
        return {id: resource for id, resource in merged.items() if resource is not None}

    async def put(self, resource: Resource, scope: str = "") -> None:
        """Insert or replace; it takes effect when the unit of work commits."""
        key = (self._vendor, self._name, scope)
        self._changes.setdefault(key, {})[resource[self._key]] = write_json(resource)

    async def delete(self, id: str, scope: str = "") -> None:
        """Remove; it takes effect when the unit of work commits."""
        self._changes.setdefault((self._vendor, self._name, scope), {})[id] = None

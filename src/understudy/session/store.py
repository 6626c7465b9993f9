"""Resources by vendor, collection, scope and id; and a unit of work over them.

A resource is kept as immutable JSON bytes, so reading gives a copy and a snapshot is a handful of
pointers: a shelf (the resources of one vendor, collection and scope) is copied only when it is
written to after it was shared with the seed world or with a snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from understudy.core.errors import NotFound
from understudy.core.strict_json import write_json

Resource = dict[str, Any]
Resources = list[Resource]
CollectionData = dict[str, bytes]
# Vendor, collection and scope; the scope is the id of what owns the list, "" when nothing does.
CollectionKey = tuple[str, str, str]
Changes = dict[CollectionKey, dict[str, bytes | None]]

NO_RESOURCES: CollectionData = {}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A store's contents at one moment."""

    shelves: Mapping[CollectionKey, CollectionData]


class Store:
    """The in-process store of one session; the interface is async so that a shared one fits it."""

    def __init__(self, seed: Snapshot) -> None:
        self._seed = seed
        # Shelves that somebody else may hold, too, and those that are this store's alone.
        self._shared = seed.shelves
        self._own: dict[CollectionKey, CollectionData] = {}

    def reset(self) -> None:
        """Back to the seed world."""
        self.restore(self._seed)

    def snapshot(self) -> Snapshot:
        """What is stored now; costs a pointer for each shelf."""
        self._shared, self._own = self.all(), {}
        return Snapshot(self._shared)

    def restore(self, snapshot: Snapshot) -> None:
        """Back to what was stored when the snapshot was taken."""
        self._shared, self._own = snapshot.shelves, {}

    def all(self) -> Mapping[CollectionKey, CollectionData]:
        """Every shelf; not to be changed."""
        return {**self._shared, **self._own} if self._own else self._shared

    async def read(self, place: CollectionKey, id: str) -> bytes | None:
        """One resource, or None."""
        return self._shelf(place).get(id)

    async def read_all(self, place: CollectionKey) -> CollectionData:
        """The shelf itself, in the order of insertion; not to be changed."""
        return self._shelf(place)

    def _shelf(self, place: CollectionKey) -> CollectionData:
        shelf = self._own.get(place)
        return self._shared.get(place, NO_RESOURCES) if shelf is None else shelf

    async def write(self, changes: Changes) -> None:
        """Store resources (None deletes), all of them or none."""
        for place, resources in changes.items():
            shelf = self._writable(place)
            for id, resource in resources.items():
                if resource is None:
                    shelf.pop(id, None)
                else:
                    shelf[id] = resource

    def arrange(self, vendor: str, order: Callable[[CollectionData], CollectionData]) -> None:
        """Put the resources of each shelf of a vendor that was written to into an order."""
        for place, shelf in self._own.items():
            if place[0] == vendor:
                self._own[place] = order(shelf)

    def _writable(self, place: CollectionKey) -> CollectionData:
        shelf = self._own.get(place)
        if shelf is None:
            shelf = self._own[place] = dict(self._shared.get(place, NO_RESOURCES))
        return shelf


class Collection:
    """One collection of a vendor, seen through a unit of work.

    Args:
        kind: the singular noun of what it holds, for messages.
        key: the member that holds a resource's id.
    """

    __slots__ = ("_changes", "_key", "_kind", "_name", "_store", "_vendor")

    def __init__(
        self, store: Store, changes: Changes, vendor: str, name: str, kind: str, key: str = "id"
    ) -> None:
        self._store, self._changes = store, changes
        self._vendor, self._name, self._kind, self._key = vendor, name, kind, key

    async def find(self, id: str, scope: str = "") -> Resource | None:
        """The resource, or None when the scope has no such id."""
        place = (self._vendor, self._name, scope)
        changed = self._changes.get(place)
        if changed is not None and id in changed:
            found = changed[id]
        else:
            found = await self._store.read(place, id)
        return None if found is None else orjson.loads(found)

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
        return [orjson.loads(resource) for resource in (await self._shelf(scope)).values()]

    async def holding(self, member: str, value: str, scope: str = "") -> Resources:
        """Those resources of the scope whose member has this value; reads no others."""
        # What is written tightly is found without being read.
        needle = write_json({member: value})[1:-1]
        found = [each for each in (await self._shelf(scope)).values() if needle in each]
        read = [orjson.loads(each) for each in found]
        return [each for each in read if each.get(member) == value]

    async def count(self, scope: str = "") -> int:
        """How many resources the scope has."""
        return len(await self._shelf(scope))

    async def page(
        self, scope: str = "", start: int = 0, limit: int | None = None, newest_first: bool = False
    ) -> Resources:
        """Some resources of the scope, by position; costs the page, not the collection."""
        shelf = await self._shelf(scope)
        ordered = reversed(shelf.values()) if newest_first else iter(shelf.values())
        stop = None if limit is None else start + limit
        return [orjson.loads(resource) for resource in islice(ordered, start, stop)]

    async def page_after(
        self, id: str, scope: str = "", limit: int | None = None, newest_first: bool = False
    ) -> Resources | None:
        """The resources that follow one in the order; None when the scope has no such id."""
        shelf = await self._shelf(scope)
        if id not in shelf:
            return None
        ids = reversed(shelf) if newest_first else iter(shelf)
        # What the iterator still holds after the id are the ids behind it.
        while next(ids) != id:
            continue
        return [orjson.loads(shelf[each]) for each in islice(ids, limit)]

    async def _shelf(self, scope: str) -> dict[str, bytes]:
        """What is stored in the scope, seen through this work's own changes."""
        place = (self._vendor, self._name, scope)
        stored = await self._store.read_all(place)
        changed = self._changes.get(place)
        if not changed:
            return stored
        merged = {**stored, **changed}
        return {id: resource for id, resource in merged.items() if resource is not None}

    async def put(self, resource: Resource, scope: str = "") -> None:
        """Insert or replace; it takes effect when the unit of work commits."""
        place = (self._vendor, self._name, scope)
        self._changes.setdefault(place, {})[resource[self._key]] = write_json(resource)

    async def delete(self, id: str, scope: str = "") -> None:
        """Remove; it takes effect when the unit of work commits."""
        self._changes.setdefault((self._vendor, self._name, scope), {})[id] = None

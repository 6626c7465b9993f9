"""The store of one session in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from understudy.session.store import (
    Changes,
    CollectionData,
    CollectionKey,
    ConflictError,
    Snapshot,
)

NO_RESOURCES: CollectionData = {}


class MemoryStore:
    """Keeps a session's resources in dictionaries; its methods never wait.

    The resources of a key are copied when they are first written to after they were shared with
    the seed data or with a snapshot.
    """

    def __init__(self, seed: Snapshot) -> None:
        self._seed = seed
        # What the seed data or a snapshot may hold, too, and what is this store's alone.
        self._shared = seed.shelves
        self._own: dict[CollectionKey, CollectionData] = {}
        self.position = 0

    async def read(self, key: CollectionKey, id: str) -> bytes | None:
        return self._find(key).get(id)

    async def read_all(self, key: CollectionKey) -> CollectionData:
        return self._find(key)

    async def sizes(self) -> Mapping[CollectionKey, int]:
        return {key: len(resources) for key, resources in self._everything().items()}

    async def commit(self, changes: Changes, base: int | None = None) -> None:
        if base is not None and base != self.position:
            raise ConflictError
        self.position += 1
        for key, resources in changes.items():
            writable = self._writable(key)
            for id, resource in resources.items():
                if resource is None:
                    writable.pop(id, None)
                else:
                    writable[id] = resource

    async def snapshot(self) -> Snapshot:
        """What is stored now; costs a pointer for each key."""
        self._shared, self._own = self._everything(), {}
        return Snapshot(self._shared)

    async def restore(self, snapshot: Snapshot) -> None:
        self.position += 1
        self._shared, self._own = snapshot.shelves, {}

    async def reset(self) -> None:
        await self.restore(self._seed)

    async def arrange(self, vendor: str, order: Callable[[CollectionData], CollectionData]) -> None:
        self.position += 1
        for key, resources in self._own.items():
            if key[0] == vendor:
                self._own[key] = order(resources)

    def _everything(self) -> Mapping[CollectionKey, CollectionData]:
        return {**self._shared, **self._own} if self._own else self._shared

    def _find(self, key: CollectionKey) -> CollectionData:
        own = self._own.get(key)
        return self._shared.get(key, NO_RESOURCES) if own is None else own

    def _writable(self, key: CollectionKey) -> CollectionData:
        own = self._own.get(key)
        if own is None:
            own = self._own[key] = dict(self._shared.get(key, NO_RESOURCES))
        return own


def make_memory_store(session: str, seed: Snapshot) -> MemoryStore:
    """The store of a session that lives in this process."""
    return MemoryStore(seed)

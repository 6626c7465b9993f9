"""Whether a resource that somebody wants to store is one that its vendor could have stored."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from understudy.core.errors import Diagnosis
from understudy.vendor import Resource, Room


def misfits(room: Room, collection: str, resource: Resource, prefix: str = "") -> list[Diagnosis]:
    """Everything that keeps a resource out of a collection.

    It needs the members that all resources of the collection have in the seed world, a state that
    the lifecycle knows, and what the vendor would show of it must satisfy the document.

    Args:
        prefix: pointer of the resource itself.
    """
    if collection not in room.vendor.collections:
        known = f"collections: {', '.join(room.vendor.collections)}"
        return [Diagnosis("unknown", "body", prefix, f'no collection "{collection}"', known)]
    missing = [
        Diagnosis("required", "body", f"{prefix}/{name}", f'"{name}" is missing', "add the member")
        for name in sorted(common_members(room, collection) - resource.keys())
    ]
    if missing:
        return missing
    if not isinstance(resource[room.vendor.key], str):
        pointer = f"{prefix}/{room.vendor.key}"
        return [Diagnosis("type", "body", pointer, "the id is no text", "send it as a string")]
    return _state(room, collection, resource, prefix) or _shown(room, collection, resource, prefix)


@lru_cache(maxsize=256)
def common_members(room: Room, collection: str) -> frozenset[str]:
    """The members that every resource of a collection has in the seed world; the id at least."""
    seen = [
        frozenset(orjson.loads(resource))
        for (_, name, _), shelf in room.shelves.items()
        if name == collection
        for resource in shelf.values()
    ]
    common = frozenset.intersection(*seen) if seen else frozenset()
    return common | {room.vendor.key}


def _state(room: Room, collection: str, resource: Resource, prefix: str) -> list[Diagnosis]:
    lifecycle = room.vendor.lifecycles.get(collection)
    if lifecycle is None:
        return []
    state: Any = resource.get(lifecycle.member)
    known = list(lifecycle.table)
    if state in known:
        return []
    message = f"{state!r} is no state of a {lifecycle.kind}"
    hint = f"states: {', '.join('null' if each is None else str(each) for each in known)}"
    return [Diagnosis("enum", "body", f"{prefix}/{lifecycle.member}", message, hint)]


def _shown(room: Room, collection: str, resource: Resource, prefix: str) -> list[Diagnosis]:
    view = room.vendor.views.get(collection)
    if view is None:
        return []
    try:
        shown = view.show(resource)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        what = f"cannot be shown ({type(error).__name__}: {error})"
        hint = f"look at another {room.vendor.collections[collection]} of the collection"
        return [Diagnosis("unshowable", "body", prefix, what, hint)]
    return room.document.component(view.schema).diagnose(shown, "body", prefix)

"""Whether a resource from outside is one that its vendor could have stored itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from understudy.core.errors import ApiError, Diagnosis
from understudy.core.strict_json import load_json
from understudy.service.service import Service
from understudy.service.unit_of_work import Resource


def validate_resource(
    service: Service, collection: str, resource: Resource, prefix: str = ""
) -> list[Diagnosis]:
    """Find everything that keeps a resource out of a collection.

    A resource needs the fields that all resources of the collection have in the seed data, and a
    state that the lifecycle knows; what the vendor would show of it must satisfy the document.

    Args:
        prefix: pointer of the resource itself.
    """
    if collection not in service.vendor.collections:
        known = f"collections: {', '.join(service.vendor.collections)}"
        return [Diagnosis("unknown", "body", prefix, f'no collection "{collection}"', known)]
    missing = [
        Diagnosis("required", "body", f"{prefix}/{name}", f'"{name}" is missing', "add the member")
        for name in sorted(find_common_fields(service, collection) - resource.keys())
    ]
    if missing:
        return missing
    if not isinstance(resource[service.vendor.key], str):
        pointer = f"{prefix}/{service.vendor.key}"
        return [Diagnosis("type", "body", pointer, "the id is no text", "send it as a string")]
    return _state(service, collection, resource, prefix) or _format_value(
        service, collection, resource, prefix
    )


@lru_cache(maxsize=256)
def find_common_fields(service: Service, collection: str) -> frozenset[str]:
    """The fields that every resource of a collection has in the seed data; at least the id."""
    seen = [
        frozenset(load_json(resource))
        for (_, name, _), shelf in service.shelves.items()
        if name == collection
        for resource in shelf.values()
    ]
    common = frozenset.intersection(*seen) if seen else frozenset()
    return common | {service.vendor.key}


def _state(service: Service, collection: str, resource: Resource, prefix: str) -> list[Diagnosis]:
    lifecycle = service.vendor.lifecycles.get(collection)
    if lifecycle is None:
        return []
    state: Any = resource.get(lifecycle.member)
    known = list(lifecycle.table)
    if state in known:
        return []
    message = f"{state!r} is no state of a {lifecycle.kind}"
    hint = f"states: {', '.join('null' if each is None else str(each) for each in known)}"
    return [Diagnosis("enum", "body", f"{prefix}/{lifecycle.member}", message, hint)]


def _format_value(
    service: Service, collection: str, resource: Resource, prefix: str
) -> list[Diagnosis]:
    view = service.vendor.views.get(collection)
    if view is None:
        return []
    try:
        shown = view.show(resource)
    except (ApiError, LookupError, TypeError, ValueError, AttributeError) as error:
        what = f"cannot be shown ({type(error).__name__}: {error})"
        hint = f"look at another {service.vendor.collections[collection]} of the collection"
        return [Diagnosis("unshowable", "body", prefix, what, hint)]
    return service.document.component(view.schema).diagnose(shown, "body", prefix)

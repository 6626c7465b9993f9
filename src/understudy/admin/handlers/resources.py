"""Stored resources: list, read, set, delete."""

from __future__ import annotations

from understudy.admin import views
from understudy.admin.context import (
    AdminContext,
    MissingError,
    choose_key,
    find_keys,
    find_resource,
)
from understudy.core.errors import Diagnosis, Unfit
from understudy.core.strict_json import write_json
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.resource_validation import validate_resource


async def list_collections(context: AdminContext, call: Call) -> Reply:
    listed = [
        {"vendor": vendor, "collection": collection, "scope": scope, "count": size}
        for (vendor, collection, scope), size in (await call.session.store.sizes()).items()
        if size
    ]
    return Reply(200, {"collections": listed})


async def list_resources(context: AdminContext, call: Call, vendor: str, collection: str) -> Reply:
    context.collection(vendor, collection)
    scope = call.parameters.get("scope")
    found = [
        (key, id, resource)
        for key in await find_keys(call.session, vendor, collection)
        if scope is None or key[2] == scope
        for id, resource in (await call.session.store.read_all(key)).items()
    ]
    begin = call.parameters["offset"]
    page = found[begin : begin + call.parameters["limit"]]
    return Reply(200, {"total": len(found), "resources": [views.resource(*each) for each in page]})


async def get_resource(
    context: AdminContext, call: Call, vendor: str, collection: str, id: str
) -> Reply:
    context.collection(vendor, collection)
    scope = call.parameters.get("scope")
    key, resource = await find_resource(call.session, vendor, collection, id, scope)
    return Reply(200, views.resource(key, id, resource))


async def set_resource(
    context: AdminContext, call: Call, vendor: str, collection: str, id: str
) -> Reply:
    service = context.collection(vendor, collection)
    diagnoses = validate_resource(service, collection, call.body)
    if not diagnoses and call.body[service.vendor.key] != id:
        other = f'the id is "{call.body[service.vendor.key]}", the path says "{id}"'
        pointer = f"/{service.vendor.key}"
        diagnoses = [Diagnosis("const", "body", pointer, other, "make them the same")]
    if diagnoses:
        raise Unfit("the resource breaks the vendor's document", diagnoses)
    scope = call.parameters.get("scope")
    try:
        key, _ = await find_resource(call.session, vendor, collection, id, scope)
    except MissingError:
        key = await choose_key(call.session, vendor, collection, scope)
    resource = write_json(call.body)
    await call.session.store.commit({key: {id: resource}})
    return Reply(200, views.resource(key, id, resource))


async def delete_resource(
    context: AdminContext, call: Call, vendor: str, collection: str, id: str
) -> Reply:
    context.collection(vendor, collection)
    scope = call.parameters.get("scope")
    key, _ = await find_resource(call.session, vendor, collection, id, scope)
    await call.session.store.commit({key: {id: None}})
    return Reply(204)

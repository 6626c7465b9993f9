"""Stored resources: look and set."""

from __future__ import annotations

from understudy.admin import views
from understudy.admin.context import AdminContext, MissingError, choose_place, find_place
from understudy.core.errors import Diagnosis, Unfit
from understudy.core.strict_json import write_json
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.resource_validation import validate_resource


async def list_collections(context: AdminContext, call: Call) -> Reply:
    shelves = call.session.store.all().items()
    listed = [
        {"vendor": vendor, "collection": collection, "scope": scope, "count": len(shelf)}
        for (vendor, collection, scope), shelf in shelves
        if shelf
    ]
    return Reply(200, {"collections": listed})


async def list_resources(context: AdminContext, call: Call, vendor: str, collection: str) -> Reply:
    context.collection(vendor, collection)
    scope = call.parameters.get("scope")
    found = [
        (place, id, body)
        for place, shelf in call.session.store.all().items()
        if place[:2] == (vendor, collection) and scope in (None, place[2])
        for id, body in shelf.items()
    ]
    begin = call.parameters["offset"]
    page = found[begin : begin + call.parameters["limit"]]
    return Reply(200, {"total": len(found), "resources": [views.resource(*each) for each in page]})


async def get_resource(
    context: AdminContext, call: Call, vendor: str, collection: str, id: str
) -> Reply:
    context.collection(vendor, collection)
    place = find_place(call.session, vendor, collection, id, call.parameters.get("scope"))
    return Reply(200, views.resource(place, id, call.session.store.all()[place][id]))


async def set_resource(
    context: AdminContext, call: Call, vendor: str, collection: str, id: str
) -> Reply:
    service = context.collection(vendor, collection)
    faults = validate_resource(service, collection, call.body)
    if not faults and call.body[service.vendor.key] != id:
        other = f'the id is "{call.body[service.vendor.key]}", the path says "{id}"'
        faults = [Diagnosis("const", "body", f"/{service.vendor.key}", other, "make them the same")]
    if faults:
        raise Unfit("the resource breaks the vendor's document", faults)
    scope = call.parameters.get("scope")
    try:
        place = find_place(call.session, vendor, collection, id, scope)
    except MissingError:
        place = choose_place(call.session, vendor, collection, scope)
    await call.session.store.write({place: {id: write_json(call.body)}})
    return Reply(200, views.resource(place, id, call.session.store.all()[place][id]))


async def delete_resource(
    context: AdminContext, call: Call, vendor: str, collection: str, id: str
) -> Reply:
    context.collection(vendor, collection)
    place = find_place(call.session, vendor, collection, id, call.parameters.get("scope"))
    await call.session.store.write({place: {id: None}})
    return Reply(204)

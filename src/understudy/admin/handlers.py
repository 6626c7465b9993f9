"""The operations of `specs/admin.yaml`; each is given the plane and a call in one session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from understudy.admin import views
from understudy.admin.plane import Missing, Plane, new_place, place_of, refuse_at, stored
from understudy.admin.planning import read_fault
from understudy.core.clock import SECOND, format_instant, parse_duration, parse_instant
from understudy.core.errors import (
    ApiError,
    Conflict,
    Diagnosis,
    IllegalTransition,
    InvalidParameters,
    Unfit,
)
from understudy.core.json_pointer import ANY_VALUE
from understudy.core.strict_json import write_json
from understudy.core.version import __version__
from understudy.engine.populate import PastClock, Population
from understudy.nearest import is_unmatched, nearest
from understudy.service.accounts import Account
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.resource_validation import validate_resource
from understudy.service.service import Service
from understudy.service.unit_of_work import UnitOfWork
from understudy.session.deliveries import Delivery
from understudy.session.faults import MAX_FAULTS
from understudy.session.journal import Exchange
from understudy.session.session import Session
from understudy.snapshots import read_world, write_world

MOST_SNAPSHOTS = 100
MONTH = 30 * 86_400 * SECOND
NO_REPLY = 0


async def get_health(plane: Plane, call: Call) -> Reply:
    """Answered only once every document is loaded, so a 200 means ready."""
    return Reply(
        200,
        {
            "status": "ok",
            "name": "understudy",
            "version": __version__,
            "vendors": list(plane.services),
            "uptime_seconds": round(plane.running.seconds(), 3),
        },
    )


async def list_vendors(plane: Plane, call: Call) -> Reply:
    return Reply(
        200, {"vendors": [views.vendor_line(service) for service in plane.services.values()]}
    )


async def get_vendor(plane: Plane, call: Call, vendor: str) -> Reply:
    return Reply(200, views.vendor(plane.service(vendor)))


async def list_sessions(plane: Plane, call: Call) -> Reply:
    names = plane.sessions.names()
    after = call.parameters.get("after")
    begin = names.index(after) + 1 if after in names else 0
    page = names[begin : begin + call.parameters["limit"]]
    found = [plane.sessions.find(name) for name in page]
    shown = [views.session(each) for each in found if each is not None]
    return Reply(200, {"total": len(names), "sessions": shown})


async def drop_sessions(plane: Plane, call: Call) -> Reply:
    plane.sessions.close()
    return Reply(204)


async def get_session(plane: Plane, call: Call, session: str) -> Reply:
    found = plane.sessions.find(session)
    if found is None:
        raise Missing(f'session "{session}"', "a session is made by the first request to it")
    return Reply(200, views.session(found))


async def drop_session(plane: Plane, call: Call, session: str) -> Reply:
    if not plane.sessions.drop(session):
        raise Missing(f'session "{session}"', "see /__admin/sessions")
    return Reply(204)


async def reset_session(plane: Plane, call: Call) -> Reply:
    call.session.reset()
    return Reply(200, views.session(call.session))


async def list_snapshots(plane: Plane, call: Call) -> Reply:
    worlds = call.session.worlds.items()
    return Reply(200, {"snapshots": [views.snapshot(name, world) for name, world in worlds]})


async def save_snapshot(plane: Plane, call: Call, name: str) -> Reply:
    worlds = call.session.worlds
    refuse_at(len(worlds.keys() - {name}), MOST_SNAPSHOTS, "snapshots")
    worlds[name] = call.session.snapshot()
    return Reply(201, views.snapshot(name, worlds[name]))


async def download_snapshot(plane: Plane, call: Call, name: str) -> Reply:
    _named(call.session, name)
    return Reply(200, write_world(call.session.worlds[name]))


async def upload_snapshot(plane: Plane, call: Call, name: str) -> Reply:
    worlds = call.session.worlds
    refuse_at(len(worlds.keys() - {name}), MOST_SNAPSHOTS, "snapshots")
    worlds[name] = read_world(call.body, plane.services, plane.settings.seed)
    return Reply(201, views.snapshot(name, worlds[name]))


async def delete_snapshot(plane: Plane, call: Call, name: str) -> Reply:
    _named(call.session, name)
    del call.session.worlds[name]
    return Reply(204)


async def restore_snapshot(plane: Plane, call: Call, name: str) -> Reply:
    _named(call.session, name)
    call.session.restore(call.session.worlds[name])
    plane.due.wake(call.session)
    return Reply(200, views.session(call.session))


def _named(session: Session, name: str) -> None:
    if name not in session.worlds:
        known = f"snapshots: {', '.join(session.worlds) or 'none'}"
        raise Missing(f'snapshot "{name}"', known)


async def get_clock(plane: Plane, call: Call) -> Reply:
    return Reply(200, views.clock(call.session, plane.settings.pace))


async def move_clock(plane: Plane, call: Call) -> Reply:
    session, asked = call.session, call.body
    fired, target = [], None
    try:
        if "shift" in asked:
            target = session.clock.now() + parse_duration(asked["shift"])
            fired = await plane.due.shift(session, target - session.clock.now())
        elif "move_to" in asked:
            target = parse_instant(asked["move_to"])
            fired = await plane.due.move_to(session, target)
        elif "freeze" in asked:
            session.clock.freeze()
        else:
            session.clock.run()
    except ValueError as error:
        raise Conflict(str(error), hint="see GET /__admin/clock for where it stands") from error
    plane.due.wake(session)
    complete = target is None or session.clock.now() >= target
    moved = {"complete": complete, "fired": [views.due(each) for each in fired]}
    return Reply(200, {**views.clock(session, plane.settings.pace), **moved})


async def list_collections(plane: Plane, call: Call) -> Reply:
    shelves = call.session.store.all().items()
    listed = [
        {"vendor": vendor, "collection": collection, "scope": scope, "count": len(shelf)}
        for (vendor, collection, scope), shelf in shelves
        if shelf
    ]
    return Reply(200, {"collections": listed})


async def list_resources(plane: Plane, call: Call, vendor: str, collection: str) -> Reply:
    plane.collection(vendor, collection)
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


async def get_resource(plane: Plane, call: Call, vendor: str, collection: str, id: str) -> Reply:
    plane.collection(vendor, collection)
    place = place_of(call.session, vendor, collection, id, call.parameters.get("scope"))
    return Reply(200, views.resource(place, id, call.session.store.all()[place][id]))


async def set_resource(plane: Plane, call: Call, vendor: str, collection: str, id: str) -> Reply:
    service = plane.collection(vendor, collection)
    faults = validate_resource(service, collection, call.body)
    if not faults and call.body[service.vendor.key] != id:
        other = f'the id is "{call.body[service.vendor.key]}", the path says "{id}"'
        faults = [Diagnosis("const", "body", f"/{service.vendor.key}", other, "make them the same")]
    if faults:
        raise Unfit("the resource breaks the vendor's document", faults)
    scope = call.parameters.get("scope")
    try:
        place = place_of(call.session, vendor, collection, id, scope)
    except Missing:
        place = new_place(call.session, vendor, collection, scope)
    await call.session.store.write({place: {id: write_json(call.body)}})
    return Reply(200, views.resource(place, id, call.session.store.all()[place][id]))


async def delete_resource(plane: Plane, call: Call, vendor: str, collection: str, id: str) -> Reply:
    plane.collection(vendor, collection)
    place = place_of(call.session, vendor, collection, id, call.parameters.get("scope"))
    await call.session.store.write({place: {id: None}})
    return Reply(204)


async def populate(plane: Plane, call: Call) -> Reply:
    asked = call.body
    service = plane.collection(asked["vendor"], asked["collection"])
    if asked["collection"] not in service.vendor.samples:
        known = ", ".join(service.vendor.samples) or "none"
        raise Conflict(
            f"{service.name} makes no {asked['collection']}", hint=f"collections: {known}"
        )
    now = call.session.clock.now()
    since = _instant(asked, "since")
    since = now - MONTH if since is None else since
    if since > now:
        raise Conflict(
            f"{asked['since']} is not past", hint=f"it is {format_instant(now)} in this session"
        )
    drawn = sorted(call.session.fakes.random.randint(since, now) for _ in range(asked["count"]))
    past = PastClock(service, asked["collection"], _account(service, asked.get("account")), drawn)
    with _refusals(service):
        fired = await Population(call.session, plane.settings, plane.due).run(past)
    made = {"vendor": service.name, "collection": asked["collection"], "count": len(drawn)}
    return Reply(201, {**made, "since": format_instant(since), "fired": fired})


@contextmanager
def _refusals(service: Service) -> Iterator[None]:
    """What a vendor refuses is a conflict here, whatever its status is there.

    Raises:
        Conflict: with the vendor's reasons.
    """
    try:
        yield
    except ApiError as error:
        raise Conflict(f"{service.name} refuses: {error.message}", error.diagnoses) from error


def _account(service: Service, name: str | None) -> Account:
    if service.accounts is None:
        raise Conflict(f"{service.name} has no accounts", hint="give its seed file some")
    try:
        return service.accounts.default if name is None else service.accounts.named(name)
    except KeyError as error:
        known = ", ".join(each.name for each in service.accounts.all)
        raise Missing(f'account "{name}" at {service.name}', f"accounts: {known}") from error


async def fire_event(plane: Plane, call: Call) -> Reply:
    asked = call.body
    vendor, collection, event = asked["vendor"], asked["collection"], asked["event"]
    service = plane.collection(vendor, collection)
    place = place_of(call.session, vendor, collection, asked["id"], asked.get("scope"))
    before = stored(call.session, place, asked["id"])
    allowed = _allowed(service, collection, before)
    lifecycle = service.vendor.lifecycles.get(collection)
    member = lifecycle.member if lifecycle else ""
    if event not in allowed:
        kind = service.vendor.collections[collection]
        raise IllegalTransition(kind, event, before.get(member), allowed)
    work = UnitOfWork(call.session, service.vendor, call.now)
    with _refusals(service):
        await service.vendor.fires[collection][event](work, before, place[2])
    await work.commit()
    plane.due.wake(call.session)
    after = stored(call.session, place, asked["id"])
    shown = {"vendor": vendor, "collection": collection, "scope": place[2], "id": asked["id"]}
    states = {"before": before.get(member), "after": after.get(member)}
    moved = {"event": event, **states, "allowed": _allowed(service, collection, after)}
    return Reply(200, {**shown, **moved, "resource": after})


def _allowed(service: Service, collection: str, resource: dict[str, Any]) -> list[str]:
    """The events that a resource's state knows and that can be fired by hand."""
    lifecycle = service.vendor.lifecycles.get(collection)
    fires = service.vendor.fires.get(collection, {})
    return [each for each in lifecycle.allowed(resource) if each in fires] if lifecycle else []


async def list_faults(plane: Plane, call: Call) -> Reply:
    return Reply(200, {"faults": [views.fault(each) for each in call.session.faults]})


async def plan_fault(plane: Plane, call: Call) -> Reply:
    faults = call.session.faults
    refuse_at(len(faults), MAX_FAULTS, "faults")
    planned = faults.plan(read_fault(plane, call.body, faults.next_id()))
    return Reply(201, views.fault(planned))


async def delete_faults(plane: Plane, call: Call) -> Reply:
    call.session.faults.clear()
    return Reply(204)


async def get_fault(plane: Plane, call: Call, id: str) -> Reply:
    planned = call.session.faults.find(id)
    if planned is None:
        raise Missing(f'fault "{id}"', "see /__admin/faults")
    return Reply(200, views.fault(planned))


async def delete_fault(plane: Plane, call: Call, id: str) -> Reply:
    if not call.session.faults.drop(id):
        raise Missing(f'fault "{id}"', "see /__admin/faults")
    return Reply(204)


async def list_requests(plane: Plane, call: Call) -> Reply:
    return _page(
        _matching(plane, call, _query_pattern(call)), call.parameters, "requests", views.summary
    )


async def find_requests(plane: Plane, call: Call) -> Reply:
    found = _matching(plane, call, _query_pattern(call))
    return _page(found, call.parameters, "exchanges", views.exchange)


async def find_matching_requests(plane: Plane, call: Call) -> Reply:
    return _page(_matching(plane, call, call.body), call.body, "exchanges", views.exchange)


async def count_requests(plane: Plane, call: Call) -> Reply:
    return Reply(200, {"count": len(_matching(plane, call, _query_pattern(call)))})


async def count_matching_requests(plane: Plane, call: Call) -> Reply:
    return Reply(200, {"count": len(_matching(plane, call, call.body))})


def _query_pattern(call: Call) -> dict[str, Any]:
    """A pattern's members from the query; its one body member is a pointer and a value."""
    pattern = {name: value for name, value in call.parameters.items() if value is not None}
    if "pointer" in pattern:
        value = ANY_VALUE
        if "value" in pattern:
            try:
                value = json.loads(pattern["value"])
            except (ValueError, RecursionError):
                value = pattern["value"]
        pattern["body"] = {pattern["pointer"]: value}
    return pattern


def _matching(plane: Plane, call: Call, pattern: Mapping[str, Any]) -> list[Exchange]:
    _refuse_unknown(plane, pattern)
    since, until = (_instant(pattern, name) for name in ("since", "until"))
    return call.session.journal.find(
        vendor=pattern.get("vendor"),
        operation=pattern.get("operation"),
        method=pattern["method"].upper() if "method" in pattern else None,
        path=pattern.get("path"),
        statuses=_statuses(pattern.get("status")),
        since=since,
        until=until,
        after=pattern.get("after", 0),
        body=pattern.get("body"),
    )


def _refuse_unknown(plane: Plane, pattern: Mapping[str, Any]) -> None:
    """A typo in a name must not look like a request that was never made.

    Raises:
        Missing: when no served vendor has the name.
    """
    services = (
        [plane.service(pattern["vendor"])] if "vendor" in pattern else plane.services.values()
    )
    known = sorted({id for service in services for id in service.document.operations})
    if "operation" in pattern and pattern["operation"] not in known:
        raise Missing(f'operation "{pattern["operation"]}"', f"operations: {', '.join(known)}")


def _instant(asked: Mapping[str, Any], member: str) -> int | None:
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


def _statuses(pattern: str | None) -> range | None:
    """The statuses that `404`, `4xx` or `0` stands for."""
    if pattern is None:
        return None
    first = int(pattern.replace("xx", "00"))
    return range(first, first + (100 if pattern.endswith("xx") else 1))


def _page(
    found: list[Exchange],
    asked: Mapping[str, Any],
    member: str,
    show: Callable[[Exchange], dict[str, Any]],
) -> Reply:
    page = islice(found, asked.get("limit", 1000))
    return Reply(200, {"total": len(found), member: [show(each) for each in page]})


async def delete_requests(plane: Plane, call: Call) -> Reply:
    call.session.journal.clear()
    return Reply(204)


async def list_unmatched_requests(plane: Plane, call: Call) -> Reply:
    found = [each for each in call.session.journal if is_unmatched(each)]
    latest = found[-call.parameters["limit"] :]
    services = list(plane.services.values())
    shown = []
    for each in latest:
        shown.append(views.unmatched(each, nearest(services, each)))
        # Each takes milliseconds, and there may be a thousand.
        await asyncio.sleep(0)
    return Reply(200, {"total": len(found), "unmatched": shown})


async def get_request(plane: Plane, call: Call, id: str) -> Reply:
    exchange = call.session.journal.get(id)
    if exchange is None:
        raise Missing(f'request "{id}" in the journal', "it keeps the latest; see --journal-size")
    return Reply(200, views.exchange(exchange))


async def list_deliveries(plane: Plane, call: Call) -> Reply:
    asked = {name: call.parameters.get(name) for name in ("vendor", "event", "state")}
    if asked["vendor"] is not None:
        plane.service(asked["vendor"])
    found = [
        each
        for each in call.session.webhooks.deliveries
        if all(value in (None, getattr(each, name)) for name, value in asked.items())
    ]
    latest = found[-call.parameters["limit"] :]
    return Reply(200, {"total": len(found), "deliveries": [_shown(plane, each) for each in latest]})


async def get_delivery(plane: Plane, call: Call, id: str) -> Reply:
    return Reply(200, _shown(plane, _delivery(call, id)))


async def replay_delivery(plane: Plane, call: Call, id: str) -> Reply:
    delivery = _delivery(call, id)
    service = plane.services[delivery.vendor]
    work = UnitOfWork(call.session, service.vendor, call.now)
    signed = await service.vendor.resign(work, delivery) if service.vendor.resign else {}
    await call.session.webhooks.replay(delivery, {**delivery.headers, **signed})
    return Reply(200, _shown(plane, delivery))


def _delivery(call: Call, id: str) -> Delivery:
    delivery = call.session.webhooks.find(id)
    if delivery is None:
        raise Missing(f'delivery "{id}"', "see /__admin/deliveries")
    return delivery


def _shown(plane: Plane, delivery: Delivery) -> dict[str, Any]:
    return views.delivery(delivery, plane.services[delivery.vendor].document.secrets)


async def get_coverage(plane: Plane, call: Call) -> Reply:
    counts = call.session.coverage
    covered = [views.coverage(service, counts) for service in plane.services.values()]
    return Reply(200, {"vendors": covered})

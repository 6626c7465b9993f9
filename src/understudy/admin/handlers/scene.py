"""Populate, and fire events by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from understudy.admin.context import AdminContext, MissingError, find_resource, read_instant
from understudy.core.clock import SECOND, format_instant
from understudy.core.errors import ApiError, Conflict, IllegalTransition
from understudy.core.strict_json import load_json
from understudy.engine.populate import PastClock, Population
from understudy.service.accounts import Account
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.service import Service
from understudy.service.unit_of_work import Resource, UnitOfWork

MONTH = 30 * 86_400 * SECOND


async def populate(context: AdminContext, call: Call) -> Reply:
    asked = call.body
    service = context.collection(asked["vendor"], asked["collection"])
    if asked["collection"] not in service.vendor.samples:
        known = ", ".join(service.vendor.samples) or "none"
        raise Conflict(
            f"{service.name} makes no {asked['collection']}", hint=f"collections: {known}"
        )
    now = call.session.clock.now()
    since = read_instant(asked, "since")
    since = now - MONTH if since is None else since
    if since > now:
        raise Conflict(
            f"{asked['since']} is not past", hint=f"it is {format_instant(now)} in this session"
        )
    drawn = sorted(call.session.fakes.random.randint(since, now) for _ in range(asked["count"]))
    past = PastClock(service, asked["collection"], _account(service, asked.get("account")), drawn)
    with _refusals(service):
        fired = await Population(call.session, context.settings, context.scheduler).run(past)
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
        raise MissingError(f'account "{name}" at {service.name}', f"accounts: {known}") from error


async def fire_event(context: AdminContext, call: Call) -> Reply:
    asked, session = call.body, call.session
    vendor, collection, event = asked["vendor"], asked["collection"], asked["event"]
    service = context.collection(vendor, collection)
    work = UnitOfWork(session, service.vendor, call.now)
    read = partial(find_resource, session, vendor, collection, asked["id"])

    async def fire() -> tuple[str, Resource]:
        (_, _, scope), found = await read(asked.get("scope"))
        before = load_json(found)
        _refuse_event(service, collection, before, event)
        with _refusals(service):
            await service.vendor.fires[collection][event](work, before, scope)
        return scope, before

    scope, before = await work.perform(fire)
    context.scheduler.wake(session)
    after = load_json((await read(scope))[1])
    lifecycle = service.vendor.lifecycles[collection]
    return Reply(
        200,
        {
            **{"vendor": vendor, "collection": collection, "scope": scope, "id": asked["id"]},
            "event": event,
            "before": before.get(lifecycle.member),
            "after": after.get(lifecycle.member),
            "allowed": _allowed_events(service, collection, after),
            "resource": after,
        },
    )


def _refuse_event(service: Service, collection: str, resource: Resource, event: str) -> None:
    """Raise IllegalTransition when an event cannot be fired by hand in the resource's state."""
    allowed = _allowed_events(service, collection, resource)
    if event not in allowed:
        lifecycle = service.vendor.lifecycles.get(collection)
        state = resource.get(lifecycle.member) if lifecycle else None
        raise IllegalTransition(service.vendor.collections[collection], event, state, allowed)


def _allowed_events(service: Service, collection: str, resource: Resource) -> list[str]:
    """The events that a resource's state knows and that can be fired by hand."""
    lifecycle = service.vendor.lifecycles.get(collection)
    fires = service.vendor.fires.get(collection, {})
    return [each for each in lifecycle.allowed(resource) if each in fires] if lifecycle else []

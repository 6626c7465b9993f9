"""What the tests of events by hand, views and samples share: a world that is moved from outside."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.calling import own_session
from tests.contents import contents
from understudy.core.clock import SECOND
from understudy.core.errors import Diagnosis, IllegalTransition
from understudy.openapi.schemas import SchemaCompiler
from understudy.server.app import App
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.request import Request
from understudy.service.service import Service
from understudy.service.unit_of_work import Resource, UnitOfWork
from understudy.session.session import Session


@dataclass(frozen=True)
class Made:
    """One request that a sample made, and what the vendor answered."""

    body: Any
    reply: Reply


class World:
    """One vendor's world in one session: its API, and what stands outside it."""

    def __init__(self, app: App, http: httpx.AsyncClient, session: Session, vendor: str) -> None:
        self.app, self.http, self.session = app, http, session
        self.service = app.services[vendor]

    async def call(self, method: str, path: str, account: str, body: Any = None) -> httpx.Response:
        """What the API answers."""
        assert self.service.accounts is not None
        key = {"authorization": f"Bearer {self.service.accounts.named(account).credential}"}
        url = f"/@{self.session.name}/{self.service.name}{path}"
        return await self.http.request(method, url, json=body, headers=key)

    def work(self) -> UnitOfWork:
        """A way to look at the store and to change it."""
        return UnitOfWork(self.session, self.service.vendor, self.session.clock.now())

    async def shift(self, seconds: float) -> list[str]:
        """Let time pass; the actions that fired."""
        fired = await self.app.shift(self.session, int(seconds * SECOND))
        await self.session.webhooks.settle()
        return [due.action for due in fired]

    async def get(self, collection: str, id: str, scope: str = "") -> Any:
        """A resource, as stored."""
        return await self.work().collection(collection).get(id, scope)

    async def put(self, collection: str, id: str, scope: str = "", **changes: Any) -> Any:
        """Change a stored resource; it."""
        work = self.work()
        stored = work.collection(collection)
        changed = {**await stored.get(id, scope), **changes}
        await stored.put(changed, scope)
        await work.commit()
        return changed

    async def fire(self, collection: str, id: str, event: str, scope: str = "") -> Any:
        """Fire an event by hand, when the table and the service know it; the resource after it."""
        work = self.work()
        resource = await work.collection(collection).get(id, scope)
        lifecycle = self.service.vendor.lifecycles[collection]
        known = self.possible(collection, resource)
        if event not in known:
            raise IllegalTransition(lifecycle.kind, event, resource[lifecycle.member], known)
        await self.service.vendor.fires[collection][event](work, resource, scope)
        await work.commit()
        await self.session.webhooks.settle()
        return await self.work().collection(collection).find(id, scope)

    def possible(self, collection: str, resource: Resource) -> list[str]:
        """The events that can be fired by hand on a resource."""
        allowed = self.service.vendor.lifecycles[collection].allowed(resource)
        return [event for event in allowed if event in self.service.vendor.fires[collection]]

    async def populate(
        self, collection: str, count: int, account: str, gap: float = 600
    ) -> list[Made]:
        """Make so many resources by the vendor's own rules, with a gap (seconds) after each."""
        made = []
        for _ in range(count):
            made.append(await self._make(collection, account))
            await self.shift(gap)
        return made

    async def _make(self, collection: str, account: str) -> Made:
        sample = self.service.vendor.samples[collection]
        operation = self.service.document.operations[sample.operation]
        headers = {"content-type": "application/json"}
        now = self.session.clock.now()
        request = Request(operation.method, operation.path, "", headers, now)
        call = Call(self.service, self.session, self.app.settings, request)
        call.counted = False
        assert self.service.accounts is not None
        call.routed, call.account = operation, self.service.accounts.named(account)
        call.path_values, body = await sample.make(call)
        call.request = request._replace(content=json.dumps(body).encode())
        for check in self.service.vendor.checks:
            assert await check(call) is None
        reply = await self.service.handlers[operation.id](call, **call.arguments)
        assert operation.responses[reply.status].diagnose(reply.document) == []
        await call.commit()
        return Made(body, reply)

    async def shown_faults(self) -> dict[str, list[Diagnosis]]:
        """The faults of every stored resource that has a view, by collection and id."""
        found = {}
        for (_, collection, _), shelf in contents(self.session).items():
            if collection in self.service.vendor.views:
                for id, resource in shelf.items():
                    faults = view_faults(self.service, collection, json.loads(resource))
                    if faults:
                        found[f"{collection} {id}"] = faults
        return found

    @property
    def told(self) -> list[str]:
        """The events that were delivered so far, oldest first."""
        return [delivery.event for delivery in self.session.webhooks.deliveries]

    def contents(self) -> dict[Any, Any]:
        """Everything that is stored, byte by byte."""
        return {place: dict(shelf) for place, shelf in contents(self.session).items()}


@asynccontextmanager
async def own_world(app: App, vendor: str) -> AsyncIterator[World]:
    """A vendor at its seed world, in a session that no other test has."""
    async with own_session(app) as (http, session):
        yield World(app, http, session, vendor)


# What may be put for a resource, and is none.
NONSENSE: tuple[Any, ...] = ({}, {"id": 1, "_id": 1}, [], None, "text", 7)
# What a view may raise about it.
COMPLAINTS = (KeyError, TypeError, ValueError, AttributeError)


def view_faults(service: Service, collection: str, resource: Any) -> list[Diagnosis]:
    """Where a stored resource, as it is shown, is not what the document declares."""
    view = service.vendor.views[collection]
    schema = {"$ref": f"#/components/schemas/{view.schema}"}
    validator = SchemaCompiler(service.document.schemas).compile(schema)
    return validator.diagnose(view.show(resource), "body")


def passes(service: Service, collection: str, resource: Any) -> bool:
    """Whether something may be put for a resource; a view may complain, too."""
    try:
        return view_faults(service, collection, resource) == []
    except COMPLAINTS:
        return False


def creators(service: Service) -> list[str]:
    """The accounts of the seed world that are not revoked."""
    assert service.accounts is not None
    return [account.name for account in service.accounts.all if not account.revoked]

"""What the tests of Sent and AgentMessage do by hand: fire events, show and make resources."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from tests.calling import own_session
from tests.contents import contents
from understudy.core.clock import SECOND
from understudy.core.errors import Diagnosis
from understudy.openapi.schemas import SchemaCompiler
from understudy.server.app import App
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.request import Request
from understudy.service.service import Service
from understudy.service.unit_of_work import Resource, UnitOfWork
from understudy.session.session import Session


class Hand:
    """One vendor of one session, moved by hand, by requests and by time."""

    def __init__(self, app: App, http: httpx.AsyncClient, session: Session, vendor: str) -> None:
        self.app, self.http, self.session = app, http, session
        self.service: Service = app.services[vendor]

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What a request of the default account answers, which must succeed."""
        assert self.service.accounts is not None
        key = self.service.accounts.default.credential
        headers = {"x-api-key": key, "authorization": f"Bearer {key}"}
        url = f"/@{self.session.name}/{self.service.name}{path}"
        reply = await self.http.request(method, url, json=body, headers=headers)
        assert reply.is_success, reply.text
        document = reply.json() if reply.content else {}
        return document.get("data", document)

    async def pass_time(self, seconds: float) -> None:
        """Shift the clock, and let what is under way arrive."""
        await self.app.shift(self.session, int(seconds * SECOND))
        await self.session.webhooks.settle()

    def told(self) -> list[tuple[str, Any]]:
        """What was delivered so far, or would have been: events with their documents."""
        return [(each.event, json.loads(each.body)) for each in self.session.webhooks.deliveries]

    def work(self) -> UnitOfWork:
        """A unit of work at this instant."""
        return UnitOfWork(self.session, self.service.vendor, self.session.clock.now())

    async def fire(self, collection: str, id: str, event: str) -> Resource:
        """Have an event happen to a stored resource; the resource after it."""
        scope, resource = self.stored(collection, id)
        work = self.work()
        await self.service.vendor.fires[collection][event](work, resource, scope)
        await work.commit()
        await self.session.webhooks.settle()
        return self.stored(collection, id)[1]

    def allowed(self, collection: str, id: str) -> list[str]:
        """The events that can be fired at a stored resource."""
        vendor = self.service.vendor
        events = vendor.lifecycles[collection].allowed(self.stored(collection, id)[1])
        return [event for event in events if event in vendor.fires[collection]]

    def stored(self, collection: str, id: str) -> tuple[str, Resource]:
        """The scope of a stored resource, and the resource."""
        found = [each for each in self.everything(collection) if each[1]["id"] == id]
        return found[0]

    def everything(self, collection: str) -> Iterator[tuple[str, Resource]]:
        """All stored resources of a collection, with their scopes."""
        for place, shelf in contents(self.session).items():
            if place[:2] == (self.service.name, collection):
                yield from ((place[2], json.loads(each)) for each in shelf.values())

    async def put(self, collection: str, id: str, **changes: Any) -> None:
        """Change a stored resource behind the API's back."""
        scope, resource = self.stored(collection, id)
        place = (self.service.name, collection, scope)
        changed = json.dumps({**resource, **changes}).encode()
        await self.session.store.commit({place: {id: changed}})

    def faults(self, collection: str, resource: Resource) -> list[Diagnosis]:
        """How a resource, as its view shows it, breaks the view's schema."""
        view = self.service.vendor.views[collection]
        compiler = SchemaCompiler(self.service.document.schemas)
        validator = compiler.compile({"$ref": f"#/components/schemas/{view.schema}"})
        return validator.diagnose(view.show(resource), "body")

    def all_faults(self) -> list[tuple[str, str, Diagnosis]]:
        """How the stored resources break their views, of all collections that have one."""
        return [
            (collection, resource["id"], fault)
            for collection in self.service.vendor.views
            for _, resource in self.everything(collection)
            for fault in self.faults(collection, resource)
        ]

    async def make(self, collection: str, account: str | None = None) -> tuple[Resource, Reply]:
        """Send one realistic request as an account; its body, and the reply that it got.

        Raises:
            ApiError: as the vendor's rules refuse it.
        """
        sample = self.service.vendor.samples[collection]
        call = self._call(sample.operation, account)
        call.path_values, body = await sample.make(call)
        call.counted = False
        call.request = call.request._replace(content=json.dumps(body).encode())
        for check in self.service.vendor.checks:
            assert await check(call) is None
        reply = await self.service.handlers[sample.operation](call, **call.arguments)
        assert call.operation.responses[reply.status].diagnose(reply.document) == []
        await call.commit()
        return body, reply

    async def make_many(self, collection: str, count: int, account: str | None = None) -> list[Any]:
        """The bodies of so many realistic requests, all of which succeed."""
        bodies = []
        for _ in range(count):
            body, reply = await self.make(collection, account)
            assert reply.status in (200, 201, 202)
            bodies.append(body)
        return bodies

    def _call(self, operation: str, account: str | None) -> Call:
        declared, accounts = self.service.document.operations[operation], self.service.accounts
        assert accounts is not None
        headers = {"content-type": "application/json"}
        now = self.session.clock.now()
        request = Request(declared.method, declared.path, "", headers, now)
        call = Call(self.service, self.session, self.app.settings, request)
        call.routed = declared
        call.account = accounts.named(account) if account else accounts.default
        return call


async def hand_of(app: App, vendor: str) -> AsyncIterator[Hand]:
    """A vendor's hand in a session that no other test has."""
    async with own_session(app) as (http, session):
        yield Hand(app, http, session, vendor)

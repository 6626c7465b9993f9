"""The composition root: documents, services and the engine become one ASGI app."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol, runtime_checkable

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.admin import PREFIX, AdminContext, access, admin_service
from understudy.core.clock import DueCall
from understudy.core.settings import Settings
from understudy.engine.addressing import Mount, Router
from understudy.engine.connexion_adapter import new_stack, shared_stack
from understudy.engine.edge import Gateway
from understudy.engine.exchange_recorder import JournalMiddleware, Log, guard_log
from understudy.engine.registry import open_services
from understudy.engine.scheduler import Scheduler
from understudy.service.service import Service, make_seed_snapshot
from understudy.session.deliveries import Attempt, Delivery
from understudy.session.memory_store import make_memory_store
from understudy.session.session import DEFAULT_SESSION, Session, Sessions
from understudy.session.store import MakeStore

# Makes the ASGI app that answers a service's requests, inside routing, sessions and journal.
Backend = Callable[[Service], ASGIApp]


@runtime_checkable
class Closable(Protocol):
    """Something that is closed with the app."""

    async def aclose(self) -> None: ...


OWN_HEADERS = ("X-Understudy-Session", "X-Understudy-Exchange", "X-Understudy-Diagnosis")


class App:
    """The mock as an ASGI app; code that runs it in-process may use `sessions` and `services`."""

    def __init__(
        self,
        services: Sequence[Service],
        settings: Settings,
        log: Log | None,
        backend: Backend = shared_stack,
        make_store: MakeStore = make_memory_store,
    ) -> None:
        self.services = {service.name: service for service in services}
        self.settings = settings
        self._due = Scheduler({service.name: service.vendor for service in services})
        self._log = log = guard_log(log)
        seed = make_seed_snapshot(services)
        self.sessions = Sessions(seed, settings, self._delivered, make_store)
        context = AdminContext(self.services, self.sessions, self._due, settings)
        self.admin = admin = admin_service(context)
        self._backends = {service.name: backend(service) for service in services}
        self._mounts = {
            service.name: _mount(service, self._backends[service.name], settings, log)
            for service in services
        }
        root = next(iter(self._mounts.values())) if len(settings.vendors) == 1 else None
        limit = partial(access.body_limit, settings)
        # With --static the vendors answer with examples, but the admin plane does not.
        own = replace(settings, static=False)
        recorder = JournalMiddleware(new_stack(admin), admin, own, log, limit)
        addresses = Router(self._mounts, Mount(admin, recorder, cors=recorder), PREFIX, root)
        self._edge = Gateway(addresses, self.sessions, self._due, log)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._edge(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def session(self, name: str = DEFAULT_SESSION) -> Session:
        """The session of this name, created when it is new."""
        return self.sessions.get(name)

    async def shift(self, session: Session, nanoseconds: int) -> list[DueCall]:
        """Move a session's clock forward; the due calls that fired, in order."""
        return await self._due.shift(session, nanoseconds)

    async def move_to(self, session: Session, instant: int) -> list[DueCall]:
        """Move a session's clock to a later instant (ns); the due calls that fired, in order."""
        return await self._due.move_to(session, instant)

    async def aclose(self) -> None:
        """Close the backends that hold something open."""
        for each in self._backends.values():
            if isinstance(each, Closable):
                await each.aclose()

    async def _delivered(self, session: Session, delivery: Delivery, attempt: Attempt) -> None:
        self._log(delivery)
        await self._due.report(session, delivery, attempt)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.warm_up()
                await send({"type": "lifespan.startup.complete"})
            else:
                self.sessions.close()
                await self.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def warm_up(self) -> None:
        """Have Connexion build its stacks now, not at the first request."""
        for mount in self._mounts.values():
            await mount.app({"type": "lifespan"}, _no_receive, _no_send)


async def _no_receive() -> dict[str, str]:
    return {"type": "lifespan.startup"}


async def _no_send(message: object) -> None:
    """Discard what a stack sends while it is warmed up."""


def _mount(service: Service, backend: ASGIApp, settings: Settings, log: Log) -> Mount:
    """A service's apps, from the outside in: CORS (for pages), the journal, Connexion."""
    limit = settings.body_limit
    app = JournalMiddleware(backend, service, settings, log, lambda path, headers: limit)
    exposed = {*OWN_HEADERS, "Preference-Applied", *service.document.reply_headers}
    cors = CORSMiddleware(
        app,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["*"],
        expose_headers=sorted(exposed),
    )
    return Mount(service, app, cors)


def create_app(
    settings: Settings | None = None,
    log: Log | None = None,
    backend: Backend = shared_stack,
    make_store: MakeStore = make_memory_store,
) -> App:
    """The mock with these settings.

    Args:
        log: is called with every exchange and every delivery when it is over.
        backend: makes the app that answers instead of the services' own rules.
        make_store: makes the store of each session.

    Raises:
        StartError: when a document, a service or a setting cannot be served.
    """
    chosen = settings or Settings()
    return App(open_services(chosen.vendors), chosen, log, backend, make_store)

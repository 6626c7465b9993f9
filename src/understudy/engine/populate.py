"""Realistic resources: an invented past, made by the vendor's own operations and rules."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from understudy.core.clock import Clock
from understudy.core.errors import Conflict
from understudy.core.settings import Settings
from understudy.core.strict_json import load_json, write_json
from understudy.engine.scheduler import Scheduler
from understudy.service.accounts import Account
from understudy.service.call import Call
from understudy.service.declaration import Sample
from understudy.service.request import Request
from understudy.service.service import Service
from understudy.session.session import Session
from understudy.session.store import CollectionData

LOOK_EVERY = 10
# What a session may hold before no more is invented: a campaign to thousands makes thousands.
MAX_STORED = 500_000
CREATED = ("created_at", "createdAt")


@dataclass(frozen=True)
class PastClock:
    """What is to be made: in which service, by whose account, at which instants (ns, ascending)."""

    service: Service
    collection: str
    account: Account
    instants: Sequence[int]


class Population:
    """Makes a past in one session; nobody outside is told of it.

    Args:
        scheduler: fires what follows from what is made.
    """

    def __init__(self, session: Session, settings: Settings, scheduler: Scheduler) -> None:
        self._session = session
        self._settings = settings
        self._scheduler = scheduler

    async def run(self, past: PastClock) -> int:
        """Make all of it, oldest first; how many due calls fired on the way.

        Raises:
            ApiError: when the vendor refuses one, or the session holds too much; what was made
                before stays.
        """
        sample = past.service.vendor.samples[past.collection]
        clock = Clock(past.instants[0])
        now = self._session.clock.now()
        fired = 0
        try:
            for number, at in enumerate(past.instants, 1):
                fired += await self._catch_up(clock, at)
                await self._make(past, sample, clock, at)
                # Others get a turn after each: one may mean thousands of messages.
                await asyncio.sleep(0)
                if number % LOOK_EVERY == 0:
                    await self._refuse_too_many(number)
            fired += await self._catch_up(clock, now)
        finally:
            self._session.clock.take_over(clock)
            await self._session.store.arrange(past.service.name, _in_order)
        self._scheduler.wake(self._session)
        return fired

    async def _refuse_too_many(self, made: int) -> None:
        held = sum((await self._session.store.sizes()).values())
        if held > MAX_STORED:
            raise Conflict(
                f"the session holds {held} resources after {made} of those that were asked for",
                hint="reset the session, or populate fewer",
            )

    async def _catch_up(self, clock: Clock, until: int) -> int:
        """Fire what falls due in the past up to an instant; return how many calls."""
        fired = 0
        while (at := clock.next_due()) is not None and at <= until:
            fired += len(await self._scheduler.fire_due(self._session, until, past=clock))
        clock.shift(max(0, until - clock.now()))
        return fired

    async def _make(self, past: PastClock, sample: Sample, clock: Clock, at: int) -> None:
        """One resource, by a request that the vendor's checks and handler answer."""
        operation = past.service.document.operations[sample.operation]
        headers = {"content-type": "application/json"}
        request = Request(operation.method, operation.path, "", headers, at)
        call = Call(past.service, self._session, self._settings, request)
        call.clock, call.muted, call.counted = clock, True, False
        call.routed, call.account = operation, past.account
        call.path_values, body = await sample.make(call)
        call.request = request._replace(content=write_json(body))
        for check in past.service.vendor.checks:
            await check(call)
        handler = past.service.handlers[operation.id]
        await call.perform(partial(handler, call, **call.arguments))


def _in_order(shelf: CollectionData) -> CollectionData:
    """A shelf in the order in which its resources were created, as far as they say."""
    created = {id: _created(resource) for id, resource in shelf.items()}
    if not all(created.values()):
        return shelf
    return {id: shelf[id] for id in sorted(shelf, key=created.__getitem__)}


def _created(resource: bytes) -> str:
    members = load_json(resource)
    return next((str(members[name]) for name in CREATED if members.get(name)), "")

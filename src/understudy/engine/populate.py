"""Realistic resources: an invented past, made by the vendor's own operations and rules."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from understudy.core.clock import Clock
from understudy.core.errors import Conflict
from understudy.core.settings import Settings
from understudy.core.strict_json import write_json
from understudy.engine.scheduler import Scheduler
from understudy.service import checks
from understudy.service.accounts import Account
from understudy.service.call import Call
from understudy.service.declaration import Sample
from understudy.service.service import Service
from understudy.session.journal import Exchange
from understudy.session.session import Session
from understudy.session.store import CollectionData

# Checks that count or remember requests: the past must not use up what the present may do.
COUNTING_CHECKS = frozenset(
    {checks.count, checks.rate_limit, checks.replay, checks.idempotency_key}
)
LOOK_EVERY = 10
# How many due calls may fire before others get a turn.
PAUSE_EVERY = 50
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
        due: fires what follows from what is made.
    """

    def __init__(self, session: Session, settings: Settings, due: Scheduler) -> None:
        self._session = session
        self._settings = settings
        self._due = due

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
                    self._refuse_too_many(number)
            fired += await self._catch_up(clock, now)
        finally:
            for call in clock.pending():
                self._session.clock.schedule(call.at, call.vendor, call.action, call.arguments)
            self._session.store.arrange(past.service.name, _in_order)
        self._due.wake(self._session)
        return fired

    def _refuse_too_many(self, made: int) -> None:
        held = sum(len(shelf) for shelf in self._session.store.all().values())
        if held > MAX_STORED:
            raise Conflict(
                f"the session holds {held} resources after {made} of those that were asked for",
                hint="reset the session, or populate fewer",
            )

    async def _catch_up(self, clock: Clock, until: int) -> int:
        """Fire what of the past falls due up to an instant."""
        fired = 0
        while (at := clock.next_due()) is not None and at <= until:
            clock.shift(max(0, at - clock.now()))
            call = clock.pop_due()
            if call is not None:
                await self._due.fire(self._session, call, invented=clock)
                fired += 1
                if fired % PAUSE_EVERY == 0:
                    await asyncio.sleep(0)
        clock.shift(max(0, until - clock.now()))
        return fired

    async def _make(self, past: PastClock, sample: Sample, clock: Clock, at: int) -> None:
        """One resource, by a request that the vendor's checks and handler answer."""
        operation = past.service.document.operations[sample.operation]
        exchange = Exchange(
            id="",
            session=self._session.name,
            vendor=past.service.name,
            method=operation.method,
            path=operation.path,
            query="",
            started=at,
            request_headers={"content-type": "application/json"},
        )
        call = Call(past.service, self._session, self._settings, exchange)
        call.clock, call.muted = clock, True
        call.routed, call.account = operation, past.account
        call.path_values, body = await sample.make(call)
        call.content = write_json(body)
        for check in past.service.vendor.checks:
            if check not in COUNTING_CHECKS:
                await check(call)
        await past.service.handlers[operation.id](call, **call.arguments)
        await call.commit()


def _in_order(shelf: CollectionData) -> CollectionData:
    """A shelf in the order in which its resources were created, as far as they say."""
    created = {id: _created(resource) for id, resource in shelf.items()}
    if not all(created.values()):
        return shelf
    return {id: shelf[id] for id in sorted(shelf, key=created.__getitem__)}


def _created(resource: bytes) -> str:
    members = orjson.loads(resource)
    return next((str(members[name]) for name in CREATED if members.get(name)), "")

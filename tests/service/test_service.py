"""A unit of work: when what it puts off falls due."""

from __future__ import annotations

from types import ModuleType

import pytest

from understudy.core.clock import SECOND, parse_instant
from understudy.core.settings import Settings
from understudy.service.declaration import Vendor
from understudy.service.reply import Reply
from understudy.service.unit_of_work import UnitOfWork
from understudy.session.session import Session
from understudy.session.store import Snapshot

NOON = parse_instant("2026-03-11T12:00:00Z")
VENDOR = Vendor(
    name="acme",
    title="Acme",
    handlers=ModuleType("handlers"),
    checks=(),
    render_error=lambda call, error: Reply(error.status),
    finish=lambda call, reply: None,
)


def session(pace: float | None) -> Session:
    """A session that stands at noon."""
    return Session("test", Snapshot({}), Settings(clock=NOON, pace=pace))


@pytest.mark.parametrize(("pace", "seconds"), [(1.0, 10), (0.5, 5), (0.0, 0), (None, 10)])
async def test_later_is_scaled_by_the_pace(pace: float | None, seconds: int) -> None:
    """A vendor's own delay is as long as the pace makes it."""
    at = session(pace)
    work = UnitOfWork(at, VENDOR, NOON)

    work.later(10, "wake")
    await work.commit()

    assert at.clock.next_due() == NOON + seconds * SECOND


@pytest.mark.parametrize("pace", [1.0, 0.5, 0.0, None])
async def test_at_is_an_instant_whatever_the_pace(pace: float | None) -> None:
    """What a user asked for at a time happens at that time, to the nanosecond."""
    at = session(pace)
    work = UnitOfWork(at, VENDOR, NOON)

    work.at(NOON + 10 * SECOND + 7, "wake", whom="cmp_1")
    await work.commit()

    (due,) = at.clock.pending()
    assert (due.at, due.action, due.arguments) == (
        NOON + 10 * SECOND + 7,
        "wake",
        b'{"whom":"cmp_1"}',
    )

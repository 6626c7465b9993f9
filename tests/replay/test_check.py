"""Recordings asked again: what the mock answers otherwise is named, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.scenarios.shipped import shipped
from understudy.core.json_pointer import resolve_pointer
from understudy.core.settings import Settings
from understudy.engine.registry import open_service
from understudy.inprocess.startup import start_app
from understudy.recording.capture import Capture
from understudy.recording.formats import native
from understudy.replay.check import Start, find_deviations, group_changes
from understudy.replay.report import format_report
from understudy.server.app import App
from understudy.service.call import Call
from understudy.service.reply import Handler, Reply


def started(change: Callable[[Any], None], vendor: str, operation: str) -> Start:
    """Makes a mock in whose service one operation's replies are changed before they are checked."""
    service = open_service(vendor)

    def start(settings: Settings, taker: Capture) -> App:
        handlers = {**service.handlers, operation: changed(service.handlers[operation], change)}
        return App([replace(service, handlers=handlers)], settings, taker)

    return start


def changed(handler: Handler, change: Callable[[Any], None]) -> Handler:
    async def changed_handler(call: Call, **arguments: str) -> Reply:
        reply = await handler(call, **arguments)
        change(reply.document)
        return reply

    return changed_handler


@pytest.mark.parametrize(
    ("vendor", "operation", "pointer", "was", "now"),
    [
        ("sent", "getProfile", "/data/status", "pending_review", "incomplete"),
        ("agentmessage", "createCampaign", "/data/status", "PENDING", "ACTIVE"),
        ("zexa", "createCampaign", "/status", "scheduled", "processing"),
        ("tether", "createCampaign", "/data/status", "scheduled", "sending"),
    ],
)
def test_one_changed_enum_value_is_the_one_that_is_named(
    vendor: str, operation: str, pointer: str, was: str, now: str
) -> None:
    """In a service: where it stood, what it was, what it is; nothing else."""

    def change(document: Any) -> None:
        path, _, member = pointer.rpartition("/")
        holder = resolve_pointer(document, path)
        if holder[member] == was:
            holder[member] = now

    found = group_changes(
        find_deviations(shipped(f"{vendor}/campaign-life"), started(change, vendor, operation))
    )

    told = [(each.operation, each.difference) for each in found]
    assert [(id, it.where, it.pointer, it.recorded, it.current) for id, it in told] == [
        (operation, "body", pointer, was, now)
    ]


def test_events_happen_again() -> None:
    """What was fired by hand is fired at its place, on the resource of now."""
    recording = shipped("zexa/campaign-failed")

    assert recording.events
    assert group_changes(find_deviations(recording)) == []
    assert group_changes(find_deviations(replace(recording, events=())))


def test_another_seed_makes_other_ids_and_no_difference() -> None:
    """Ids pair by their first appearance, and go into the requests that follow."""
    recording = shipped("agentmessage/campaign-life")

    def start(settings: Settings, taker: Capture) -> App:
        return start_app(replace(settings, seed=99), taker)

    assert group_changes(find_deviations(recording, start)) == []


def test_another_world_is_told_member_by_member() -> None:
    """A change is told once, with the exchanges that it was met in."""
    recording = shipped("zexa/campaign-life")
    text = native.write(recording).replace(b'"currency": "USD"', b'"currency": "EUR"')

    told = format_report(recording, group_changes(find_deviations(native.read(text))))

    assert told == [
        'getCredits: body /currency: recorded "EUR", now "USD" (exchange 3, 7, 12)',
        "zexa-campaign-life: 15 exchanges, 1 difference",
    ]


def test_recording_that_tells_no_time_begins_with_its_first_exchange() -> None:
    """A cassette of another tool has neither clock nor instants."""
    recording = shipped("zexa/every-error")
    timeless = tuple(replace(each, at=None) for each in recording.exchanges)

    assert group_changes(find_deviations(replace(recording, clock=None, exchanges=timeless))) == []

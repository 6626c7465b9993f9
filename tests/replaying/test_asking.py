"""Recordings asked again: what the mock answers otherwise is named, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from understudy.app import App
from understudy.journal import at_pointer
from understudy.recording import own_json
from understudy.recording.model import Recording
from understudy.recording.taking import Taker
from understudy.replaying.asking import Start, changes, deviations
from understudy.rooms import data_folder, open_room
from understudy.settings import Settings
from understudy.vendor import Call, Handler, Reply


def shipped(vendor: str, name: str) -> Recording:
    return own_json.read(
        (data_folder("fixtures") / vendor / "recorded" / f"{name}.json").read_bytes()
    )


def started(change: Callable[[Any], None], vendor: str, operation: str) -> Start:
    """Makes a mock in whose room one operation's replies are changed before they are checked."""
    room = open_room(vendor)

    def start(settings: Settings, taker: Taker) -> App:
        handlers = {**room.handlers, operation: changed(room.handlers[operation], change)}
        return App([replace(room, handlers=handlers)], settings, taker)

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
        ("zexa", "createCampaign", "/status", "processing", "draft"),
    ],
)
def test_one_changed_enum_value_is_the_one_that_is_named(
    vendor: str, operation: str, pointer: str, was: str, now: str
) -> None:
    """In a room: where it stood, what it was, what it is; nothing else."""

    def change(document: Any) -> None:
        path, _, member = pointer.rpartition("/")
        holder = at_pointer(document, path)
        if holder[member] == was:
            holder[member] = now

    found = changes(
        deviations(shipped(vendor, "campaign-life"), started(change, vendor, operation))
    )

    told = [(each.operation, each.difference) for each in found]
    assert [(id, it.where, it.pointer, it.recorded, it.current) for id, it in told] == [
        (operation, "body", pointer, was, now)
    ]

"""The admin plane: the handlers of `specs/admin.yaml`, in the mock's own name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from understudy import __version__, checks
from understudy.clock import Stopwatch
from understudy.contract import read_document
from understudy.dispatch import problem
from understudy.errors import ApiError
from understudy.fakes import Fakes
from understudy.rooms import bind, data_folder
from understudy.vendor import Call, Reply, Room, Vendor


@dataclass(frozen=True)
class Plane:
    """What the admin plane looks at."""

    rooms: Sequence[Room]
    running: Stopwatch = field(default_factory=Stopwatch)


async def get_health(plane: Plane, call: Call) -> Reply:
    """Answered only once every document is loaded, so a 200 means ready."""
    return Reply(
        200,
        {
            "status": "ok",
            "name": "understudy",
            "version": __version__,
            "vendors": [room.name for room in plane.rooms],
            "uptime_seconds": round(plane.running.seconds(), 3),
        },
    )


def _spell(call: Call, error: ApiError) -> Reply:
    return problem(error.status, type(error).__name__, error.message, error.diagnoses)


def _finish(call: Call, reply: Reply) -> None:
    """The admin plane adds no headers of its own."""


def _no_request_id(fakes: Fakes) -> str:
    """Looking at the mock must not move the sessions' ids."""
    return ""


def admin_room(rooms: Sequence[Room]) -> Room:
    """The room that looks at these rooms.

    Raises:
        StartError: when `specs/admin.yaml` cannot be served.
    """
    document = read_document("admin", data_folder("specs") / "admin.yaml")
    module = sys.modules[__name__]
    vendor = Vendor(
        name="admin",
        title=document.title,
        handlers=module,
        checks=(checks.parameters, checks.body),
        spell=_spell,
        finish=_finish,
        request_id=_no_request_id,
        journaled=False,
    )
    plane = Plane(rooms)
    handlers = {id: partial(handler, plane) for id, handler in bind(document, module).items()}
    return Room(vendor, document, handlers, accounts=None, shelves={}, prefix="")

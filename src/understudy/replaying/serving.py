"""Serves a recording: each request is answered as the recorded one was, in the recorded order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.app import App, Behind
from understudy.dispatch import CALL, problem, send_reply
from understudy.errors import Diagnosis
from understudy.middleware import Log
from understudy.paths import PathTree
from understudy.recording.comparing import Difference
from understudy.recording.model import RecordedExchange, RecordedResponse, Recording
from understudy.replaying.matching import Asked, Script
from understudy.replaying.report import shown
from understudy.rooms import open_rooms
from understudy.settings import Settings
from understudy.store import Store
from understudy.vendor import Call, Reply, Room

MOST_TOLD = 5


def replay_app(
    recording: Recording,
    settings: Settings | None = None,
    by_operation: bool = False,
    log: Log | None = None,
) -> App:
    """An app that answers as the vendors of a recording did.

    Args:
        by_operation: a request that was not recorded is answered as one of the same operation and
            body was, whatever its path and query say.

    Raises:
        StartError: for a vendor that is none.
    """
    vendors = tuple(recording.vendors)
    rooms = open_rooms(vendors)
    chosen = replace(settings or Settings(), vendors=vendors)
    return App(rooms, chosen, log, behind=_behind(recording, by_operation))


def _behind(recording: Recording, by_operation: bool) -> Behind:
    def behind(room: Room) -> ASGIApp:
        theirs = [each for each in recording.answered if each.vendor == room.name]
        return Replayed(room, theirs, by_operation)

    return behind


class Replayed:
    """A vendor's recorded exchanges as an app.

    A request that was recorded several times is answered in turn, the last answer again and again.
    Each session begins anew, and so does one that is reset.
    """

    def __init__(
        self, room: Room, exchanges: Sequence[RecordedExchange], by_operation: bool
    ) -> None:
        self._script = Script(exchanges, by_operation)
        self._tree = PathTree(room.document.operations.values())
        # A session has another store when it is reset.
        self._met: WeakKeyDictionary[Store, Counter[int]] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call: Call = scope[CALL]
        match = self._tree.match(call.exchange.path)
        operation = match[0].operations.get(call.exchange.method) if match is not None else None
        if operation is not None:
            call.exchange.operation = operation.id
        now = asked_by(call)
        found = self._script.find(now)
        if found:
            await _send(self._next(call.session.store, found).response, send)
        else:
            await send_reply(self._missing(call, now), send)

    def _next(self, store: Store, found: list[RecordedExchange]) -> RecordedExchange:
        """Whose turn it is among the exchanges that answer a request."""
        met = self._met.setdefault(store, Counter())
        turn = met[id(found[0])]
        met[id(found[0])] += 1
        return found[min(turn, len(found) - 1)]

    def _missing(self, call: Call, now: Asked) -> Reply:
        what = f"{now.method} {now.path} was not recorded like this"
        nearest = self._script.nearest(now)
        if nearest is None:
            hint = "record it, or ask what was: understudy export FILE --format examples"
            diagnoses = [Diagnosis("not-recorded", "path", "", what, hint)]
        else:
            diagnoses = [_told(each) for each in nearest[1][:MOST_TOLD]]
        call.exchange.diagnoses = tuple(diagnoses)
        return problem(404, "Not recorded", what, call.exchange.diagnoses)


def asked_by(call: Call) -> Asked:
    """What a request says; its secrets are masked, as they are in recordings."""
    it = call.exchange
    headers = tuple(it.request_headers.items())
    return Asked(it.vendor, it.operation, it.method, it.path, it.query, headers, it.request_body)


def _told(each: Difference) -> Diagnosis:
    then, now = shown(each.recorded), shown(each.current)
    message = f"the nearest recorded request has {then} there, this one {now}"
    hint = "ask as it was recorded, or serve with --match operation"
    return Diagnosis("not-recorded", each.where, each.pointer, message, hint)


async def _send(response: RecordedResponse, send: Send) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers
    ]
    if response.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(response.body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})

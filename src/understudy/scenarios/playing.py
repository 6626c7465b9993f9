"""Plays a scenario against the mock of this process, and takes down what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from understudy.clock import instant
from understudy.errors import StartError
from understudy.journal import NOTHING, at_pointer
from understudy.recording.accounts import credentials
from understudy.recording.model import Recording, compact
from understudy.recording.taking import Taker, settings_for
from understudy.scenarios.script import Call, Scenario, Shift, filled
from understudy.session import DEFAULT
from understudy.stage import SyncTransport, stage
from understudy.started import started_app

# When every scenario begins; its clock stands still but for its own shifts.
BEGINNING = "2026-03-11T12:00:00Z"
Kept = dict[str, str]


def play(scenario: Scenario) -> Recording:
    """What a vendor answers to a scenario; the same each time.

    Raises:
        StartError: when a step is not answered as the scenario says; says by what instead.
    """
    return Player(scenario).play()


class Player:
    """One performance of a scenario, in a mock of its own."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._room = scenario.room
        beginning = Recording(
            scenario.name, clock=instant(BEGINNING), settings=dict(scenario.settings)
        )
        try:
            self._settings = settings_for(beginning, [self._room.name])
        except (TypeError, ValueError) as error:
            raise StartError(f"{scenario.full_name}: settings: {error}") from error
        self._taker = Taker([self._room])
        self._app = started_app(self._settings, self._taker)
        self._kept: Kept = {}

    def play(self) -> Recording:
        """Play every step."""
        with httpx.Client(transport=SyncTransport(self._app)) as http:
            for number, step in enumerate(self._scenario.steps, 1):
                if isinstance(step, Shift):
                    session = self._app.session()
                    stage().run(self._app.shift(session, step.nanoseconds)).result()
                else:
                    self._ask(http, f"{self._scenario.full_name}: call {number}", step)
        stage().do(self._app.sessions.close)
        name = f"{self._room.name}-{self._scenario.name}"
        return self._taker.recording(name, self._settings, self._scenario.title, DEFAULT)

    def _ask(self, http: httpx.Client, where: str, call: Call) -> None:
        try:
            reply = http.send(self._request(filled_call(call, self._kept)))
        except KeyError as error:
            raise StartError(f"{where}: nothing was kept as {error}") from error
        if reply.status_code != call.status:
            raise StartError(
                f"{where}: {call.operation.id} answered {reply.status_code} instead of "
                f"{call.status}: {reply.text[:300]}"
            )
        self._kept |= {name: _found(where, reply, what) for name, what in call.keep.items()}

    def _request(self, call: Call) -> httpx.Request:
        """The request of a step, with no header that a client adds by itself."""
        path = call.operation.path
        for name, value in call.path.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        query = f"?{urlencode(call.query, doseq=True)}" if call.query else ""
        headers = {**credentials(self._room, call.account), **call.headers}
        content = b""
        if call.body is not None:
            headers.setdefault("Content-Type", "application/json")
            content = compact(call.body)
        url = f"http://127.0.0.1/{self._room.name}{path}{query}"
        return httpx.Request(call.operation.method, url, headers=headers, content=content)


def filled_call(call: Call, kept: Mapping[str, str]) -> Call:
    """A call with what was kept in the place of each `${name}`."""
    parts: dict[str, Any] = {
        name: filled(getattr(call, name), kept) for name in ("path", "query", "headers", "body")
    }
    return replace(call, **parts)


def _found(where: str, reply: httpx.Response, what: str) -> str:
    """What a step keeps of its reply."""
    if not what.startswith("/"):
        value: Any = reply.headers.get(what, NOTHING)
    else:
        value = at_pointer(reply.json(), what)
    if value is NOTHING or value is None:
        raise StartError(f"{where}: the reply has nothing at {what}")
    return str(value)

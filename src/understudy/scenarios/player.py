"""Plays a scenario against the mock of this process, and takes down what was said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from understudy.admin import views
from understudy.core.clock import parse_instant
from understudy.core.errors import StartError
from understudy.core.json_pointer import MISSING, resolve_pointer
from understudy.inprocess.httpx_transports import SyncTransport
from understudy.inprocess.loop import shared_loop
from understudy.inprocess.startup import start_app
from understudy.recording.capture import Capture, settings_for
from understudy.recording.model import Json, Recording, dump_compact, parse_json
from understudy.scenarios.steps import Call, Fire, Scenario, Shift, Step, filled
from understudy.scenarios.validation import format_value, join_names
from understudy.service.service import credential_headers, make_redactor
from understudy.session.session import DEFAULT_SESSION

# When every scenario begins; its clock stands still but for its own shifts.
BEGINNING = "2026-03-11T12:00:00Z"
ORIGIN = "http://127.0.0.1"
# Seconds; a mock that takes longer hangs.
PATIENCE = 60
# Of a reply in an error.
LONGEST = 300
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
Kept = dict[str, str]


def play_scenario(scenario: Scenario) -> Recording:
    """What a vendor answers to a scenario; the same each time.

    Raises:
        StartError: when a step is not answered as the scenario says; says by what instead.
    """
    return Player(scenario).play()


class Player:
    """One performance of a scenario, in a mock of its own."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._service = scenario.service
        beginning = Recording(
            scenario.name, clock=parse_instant(BEGINNING), settings=dict(scenario.settings)
        )
        self._settings = settings_for(beginning, [self._service.name])
        self._taker = Capture([self._service])
        self._app = start_app(self._settings, self._taker)
        self._kept: Kept = {}

    def play(self) -> Recording:
        """Play every step."""
        try:
            with httpx.Client(transport=SyncTransport(self._app), timeout=PATIENCE) as http:
                for step in self._scenario.steps:
                    self._step(http, step)
            return self._recording()
        finally:
            shared_loop().do(self._app.sessions.close)

    def _recording(self) -> Recording:
        name = f"{self._service.name}-{self._scenario.name}"
        return self._taker.recording(
            name, self._settings, self._scenario.title, DEFAULT_SESSION, self._deliveries()
        )

    def _deliveries(self) -> list[Json]:
        """The webhooks that were sent, as the admin plane shows them."""
        sent = shared_loop().do(lambda: list(self._app.session().webhooks.deliveries))
        return [views.delivery(each, make_redactor(self._service)) for each in sent]

    def _step(self, http: httpx.Client, step: Step) -> None:
        try:
            if isinstance(step, Shift):
                session = self._app.session()
                shared_loop().run(self._app.shift(session, step.nanoseconds)).result()
            elif isinstance(step, Fire):
                self._fire(http, step)
            else:
                self._ask(http, step)
        except httpx.HTTPError as error:
            what = f"the connection ended without a whole reply ({type(error).__name__})"
            raise self._broken(step, what) from error
        except (ValueError, httpx.InvalidURL) as error:
            raise self._broken(step, join_names(error)) from error

    def _broken(self, step: Step, what: str) -> StartError:
        return StartError(f"{self._scenario.full_name}: {step.where}: {what}")

    def _fire(self, http: httpx.Client, fire: Fire) -> None:
        event = {
            "vendor": self._service.name,
            "collection": fire.collection,
            "id": filled(fire.id, self._kept),
            "event": fire.event,
        }
        reply = http.post(f"{ORIGIN}/__admin/fire", json=event)
        if reply.status_code != 200:
            raise ValueError(f"{fire.event} was refused: {_said(reply)}")

    def _ask(self, http: httpx.Client, call: Call) -> None:
        asked = filled_call(call, self._kept)
        reply = http.send(self._request(asked))
        if reply.status_code != call.status:
            raise ValueError(
                f"{call.operation.id} answered {reply.status_code} instead of {call.status}: "
                f"{_said(reply)}"
            )
        for what, wanted in asked.shows.items():
            found = _found(reply, what)
            if not _same(found, wanted):
                raise ValueError(
                    f"the reply has {_told(found)} at {what}, not {format_value(wanted)}"
                )
        self._kept |= {name: _kept(reply, what) for name, what in call.keep.items()}

    def _request(self, call: Call) -> httpx.Request:
        """The request of a step, with no header that a client adds by itself."""
        path = call.operation.path
        for name, value in call.path.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        query = f"?{urlencode(call.query, doseq=True)}" if call.query else ""
        headers = httpx.Headers(credential_headers(self._service, call.account))
        headers.update(_sendable(call.headers))
        content = (call.text or "").encode()
        if call.body is not None:
            content = dump_compact(call.body)
        if content:
            headers.setdefault("Content-Type", "application/json")
        url = f"{ORIGIN}/{self._service.name}{path}{query}"
        return httpx.Request(call.operation.method, url, headers=headers, content=content)


def filled_call(call: Call, kept: Mapping[str, str]) -> Call:
    """A call with what was kept in the place of each `${name}`.

    Raises:
        ValueError: when nothing of that name was kept.
    """
    names = ("path", "query", "headers", "body", "text", "shows")
    parts: dict[str, Any] = {name: filled(getattr(call, name), kept) for name in names}
    return replace(call, **parts)


def _sendable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers that HTTP can carry.

    Raises:
        ValueError: names the one that it cannot.
    """
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise ValueError(f"no request can carry the header {format_value(f'{name}: {value}')}")
    return headers


def _found(reply: httpx.Response, what: str) -> Any:
    """What a reply has at a pointer into its body, or in a header; NOTHING where it has neither."""
    if not what.startswith("/"):
        return reply.headers.get(what, MISSING)
    try:
        return resolve_pointer(parse_json(reply.content), what)
    except ValueError:
        return MISSING


def _kept(reply: httpx.Response, what: str) -> str:
    found = _found(reply, what)
    if not isinstance(found, (str, int, float)) or isinstance(found, bool):
        raise ValueError(f"the reply has {_told(found)} at {what}; keep a text or a number")
    return str(found)


def _told(found: Any) -> str:
    return "nothing" if found is MISSING else format_value(found)


def _same(found: Any, wanted: Any) -> bool:
    """Whether a reply shows what it must; 1 is not true."""
    return bool(found == wanted) and isinstance(found, bool) == isinstance(wanted, bool)


def _said(reply: httpx.Response) -> str:
    """The beginning of a reply."""
    return reply.text[:LONGEST]

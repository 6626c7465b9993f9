"""Plays a scenario against the mock in this process, and records the exchanges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from understudy.admin import views
from understudy.core.errors import StartError
from understudy.core.json_pointer import MISSING, resolve_pointer, same_json
from understudy.core.setting_kinds import format_value
from understudy.core.strict_json import parse_json
from understudy.inprocess.httpx_transports import SyncTransport
from understudy.inprocess.loop import shared_loop
from understudy.inprocess.startup import start_app
from understudy.recording.capture import Capture, settings_for
from understudy.recording.model import DEFAULT_START, Json, Recording, dump_compact
from understudy.scenarios.loader import join_lines
from understudy.scenarios.steps import Call, Fire, Scenario, Shift, Step, fill_in
from understudy.service.service import make_redactor, sign_request
from understudy.session.session import DEFAULT_SESSION

ORIGIN = "http://127.0.0.1"
# In seconds; a mock that takes longer hangs.
REPLY_TIMEOUT = 60
# Of a reply in an error, in characters.
MAX_EXCERPT = 300
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
# Name -> value.
KeptValues = dict[str, str]


def play_scenario(scenario: Scenario) -> Recording:
    """The recording of a scenario; the same each time.

    Raises:
        StartError: when a step is not answered as the scenario says; says what came instead.
    """
    return Player(scenario).play()


class Player:
    """Plays one scenario, in a mock of its own."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._service = scenario.service
        beginning = Recording(
            # The clock stands still but for the scenario's own shifts.
            scenario.name,
            clock=DEFAULT_START,
            settings=dict(scenario.settings),
        )
        self._settings = settings_for(beginning, [self._service.name])
        self._capture = Capture([self._service])
        self._app = start_app(self._settings, self._capture)
        self._kept: KeptValues = {}

    def play(self) -> Recording:
        """Play every step."""
        try:
            with httpx.Client(transport=SyncTransport(self._app), timeout=REPLY_TIMEOUT) as http:
                for step in self._scenario.steps:
                    self._play_step(http, step)
            return self._recording()
        finally:
            shared_loop().do(self._app.sessions.close)

    def _recording(self) -> Recording:
        name = f"{self._service.name}-{self._scenario.name}"
        return self._capture.recording(
            name, self._settings, self._scenario.title, DEFAULT_SESSION, self._deliveries()
        )

    def _deliveries(self) -> list[Json]:
        """The webhooks that were sent, as the admin plane shows them."""
        sent = shared_loop().do(lambda: list(self._app.session().webhooks.deliveries))
        return [views.delivery(each, make_redactor(self._service)) for each in sent]

    def _play_step(self, http: httpx.Client, step: Step) -> None:
        try:
            if isinstance(step, Shift):
                session = self._app.session()
                shared_loop().run(self._app.shift(session, step.nanoseconds)).result()
            elif isinstance(step, Fire):
                self._fire(http, step)
            else:
                self._call(http, step)
        except httpx.HTTPError as error:
            what = f"the connection ended without a whole reply ({type(error).__name__})"
            raise self._fail(step, what) from error
        except (ValueError, httpx.InvalidURL) as error:
            raise self._fail(step, join_lines(error)) from error

    def _fail(self, step: Step, what: str) -> StartError:
        return StartError(f"{self._scenario.full_name}: {step.where}: {what}")

    def _fire(self, http: httpx.Client, fire: Fire) -> None:
        event = {
            "vendor": self._service.name,
            "collection": fire.collection,
            "id": fill_in(fire.id, self._kept),
            "event": fire.event,
        }
        reply = http.post(f"{ORIGIN}/__admin/fire", json=event)
        if reply.status_code != 200:
            raise ValueError(f"{fire.event} was refused: {_excerpt(reply)}")

    def _call(self, http: httpx.Client, call: Call) -> None:
        filled = fill_in_call(call, self._kept)
        reply = http.send(self._make_request(filled))
        if reply.status_code != call.status:
            raise ValueError(
                f"{call.operation.id} answered {reply.status_code} instead of {call.status}: "
                f"{_excerpt(reply)}"
            )
        for what, wanted in filled.shows.items():
            found = _find_value(reply, what)
            if found is MISSING or not same_json(found, wanted):
                raise ValueError(
                    f"the reply has {_describe(found)} at {what}, not {format_value(wanted)}"
                )
        self._kept |= {name: _find_text(reply, what) for name, what in call.keep.items()}

    def _make_request(self, call: Call) -> httpx.Request:
        """The request of a step, with no header that a client adds by itself."""
        path = call.operation.path
        for name, value in call.path.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        query = f"?{urlencode(call.query, doseq=True)}" if call.query else ""
        url, signed = sign_request(
            self._service, call.account, f"{ORIGIN}/{self._service.name}{path}{query}"
        )
        headers = httpx.Headers(signed)
        headers.update(_check_headers(call.headers))
        content = (call.text or "").encode()
        if call.body is not None:
            content = dump_compact(call.body)
        if content:
            headers.setdefault("Content-Type", "application/json")
        return httpx.Request(call.operation.method, url, headers=headers, content=content)


def fill_in_call(call: Call, kept: Mapping[str, str]) -> Call:
    """A call with the kept values in place of each `${name}`.

    Raises:
        ValueError: when nothing of that name was kept.
    """
    names = ("path", "query", "headers", "body", "text", "shows")
    parts: dict[str, Any] = {name: fill_in(getattr(call, name), kept) for name in names}
    return replace(call, **parts)


def _check_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers, which HTTP can carry.

    Raises:
        ValueError: names the one that HTTP cannot carry.
    """
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise ValueError(f"no request can carry the header {format_value(f'{name}: {value}')}")
    return headers


def _find_value(reply: httpx.Response, what: str) -> Any:
    """A reply's value at a pointer into its body, or in a header; MISSING where there is none."""
    if not what.startswith("/"):
        return reply.headers.get(what, MISSING)
    try:
        return resolve_pointer(parse_json(reply.content), what)
    except ValueError:
        return MISSING


def _find_text(reply: httpx.Response, what: str) -> str:
    found = _find_value(reply, what)
    if not isinstance(found, (str, int, float)) or isinstance(found, bool):
        raise ValueError(f"the reply has {_describe(found)} at {what}; keep a text or a number")
    return str(found)


def _describe(found: Any) -> str:
    return "nothing" if found is MISSING else format_value(found)


def _excerpt(reply: httpx.Response) -> str:
    """The beginning of a reply."""
    return reply.text[:MAX_EXCERPT]

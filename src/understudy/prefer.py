"""`Prefer` (RFC 7240): a request that picks its own answer, in Prism's spelling."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from understudy.contract import Operation, Response
from understudy.errors import PreferenceUnmet
from understudy.examples import ExampleMaker
from understudy.fakes import Fakes
from understudy.vendor import Call, Reply

NAMES = ("code", "example", "dynamic", "seed", "delay")
MAX_DELAY = 60_000


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a request asked for; `delay` is in milliseconds."""

    code: int | None = None
    example: str | None = None
    dynamic: bool = False
    seed: int | None = None
    delay: int = 0

    @property
    def picks_answer(self) -> bool:
        return self.code is not None or self.example is not None or self.dynamic


def read_preferences(headers: Mapping[str, str], query: str) -> tuple[Preferences, str] | None:
    """The preferences of a request and their text for `Preference-Applied`; None without any.

    Raises:
        PreferenceUnmet: when a value is not of its kind.
    """
    if "prefer" not in headers and "__" not in query:
        return None
    asked: dict[str, str] = {}
    if "__" in query:
        pairs = parse_qsl(query)
        asked = {name[2:]: value for name, value in pairs if name.startswith("__")}
    for part in headers.get("prefer", "").split(","):
        name, _, value = part.partition(";")[0].partition("=")
        asked[name.strip().lower()] = value.strip().strip('"')
    known = {name: asked[name] for name in NAMES if name in asked}
    if not known:
        return None
    applied = ", ".join(f"{name}={value}" for name, value in known.items())
    preferences = Preferences(
        code=_number("code", known),
        example=known.get("example"),
        dynamic=known.get("dynamic", "") in ("true", "1"),
        seed=_number("seed", known),
        delay=min(_number("delay", known) or 0, MAX_DELAY),
    )
    return preferences, applied


def _number(name: str, asked: Mapping[str, str]) -> int | None:
    if name not in asked:
        return None
    if not asked[name].isdecimal():
        raise PreferenceUnmet(f'{name}="{asked[name]}" is not a number', hint=f"{name}=<digits>")
    return int(asked[name])


async def preferred(call: Call) -> Reply | None:
    """The answer that the request asked for, or None when the handler is to give it.

    Raises:
        PreferenceUnmet: when the document has no such response or example.
    """
    read = read_preferences(call.headers, call.exchange.query)
    if read is None:
        return None
    preferences, applied = read
    call.reply_headers["Preference-Applied"] = re.sub(r"[^\x20-\x7e]", "?", applied)
    if preferences.seed is not None:
        call.reseed(Fakes(preferences.seed))
    if preferences.delay:
        # The one wait on real time: its purpose is to make a client wait.
        await asyncio.sleep(preferences.delay / 1000)
    return _documented(call, preferences) if preferences.picks_answer else None


def _documented(call: Call, preferences: Preferences) -> Reply:
    response, body = _choose(call.operation, preferences)
    if preferences.dynamic and response.schema is not None:
        maker = ExampleMaker(call.room.document, call.fakes)
        return Reply(response.status, maker.make(response.schema))
    media_type = response.media_type or "application/json"
    return Reply(response.status, copy.deepcopy(body), media_type=media_type)


def _choose(operation: Operation, preferences: Preferences) -> tuple[Response, object]:
    name = preferences.example
    if preferences.code is None:
        found = operation.example(name) if name else first_example(operation.success)
        if found is None:
            raise _no_example(operation, name)
        return found
    response = operation.responses.get(preferences.code)
    if response is None:
        declared = ", ".join(str(status) for status in operation.responses)
        raise PreferenceUnmet(
            f"{operation.id} declares no response {preferences.code}", hint=f"declared: {declared}"
        )
    if name is None:
        return first_example(response)
    if name not in response.examples:
        raise _no_example(operation, name)
    return response, response.examples[name]


def first_example(response: Response) -> tuple[Response, object]:
    """The response with its first documented body; None where it has no body."""
    return response, next(iter(response.examples.values()), None)


def _no_example(operation: Operation, name: str | None) -> PreferenceUnmet:
    known = ", ".join(
        f"{status}: {' '.join(response.examples)}"
        for status, response in operation.responses.items()
        if response.examples
    )
    return PreferenceUnmet(f'{operation.id} has no example "{name}"', hint=f"examples: {known}")

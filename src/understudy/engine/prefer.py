"""`Prefer` (RFC 7240): a request that picks its own answer, in Prism's spelling."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from understudy.core.errors import PreferenceUnmet
from understudy.core.fakes import Fakes
from understudy.engine.delays import delay_call
from understudy.openapi.document import Operation, Response
from understudy.openapi.example_generator import ExampleGenerator
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.session.faults import CONNECTION_FAULTS, DELAY_FAULTS, MAX_DELAY, Fault

# `code` and `delay` say the rest.
PREFERRED_FAULTS = (*CONNECTION_FAULTS, "rate-limit")
PREFERENCE_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a request asked for; `delay` is in milliseconds, `seed` is that of a dynamic body.

    `fault` is a kind that needs no more than its name.
    """

    code: int | None = None
    example: str | None = None
    dynamic: bool = False
    seed: int | None = None
    delay: int = 0
    fault: str | None = None

    @property
    def picks_answer(self) -> bool:
        return self.code is not None or self.example is not None or self.dynamic

    def applied(self) -> str:
        """What was done, as `Preference-Applied` lists it; printable ASCII only."""
        done: dict[str, object] = {"code": self.code, "example": self.example}
        if self.dynamic:
            done |= {"dynamic": "true", "seed": self.seed}
        if self.delay:
            done["delay"] = self.delay
        done["fault"] = self.fault
        text = ", ".join(f"{name}={value}" for name, value in done.items() if value is not None)
        return re.sub(r"[^\x20-\x7e]", "?", text)


def read_preferences(headers: Mapping[str, str], query: str) -> Preferences | None:
    """The preferences of a request; None without any.

    Raises:
        PreferenceUnmet: when a value is not of its kind.
    """
    asked: dict[str, str] = {}
    if "__" in query:
        pairs = parse_qsl(query)
        asked = {name[2:]: value for name, value in pairs if name.startswith("__")}
    for part in headers.get("prefer", "").split(","):
        name, _, value = part.partition(";")[0].partition("=")
        asked[name.strip().lower()] = value.strip().strip('"')
    preferences = Preferences(
        code=_number("code", asked),
        example=asked.get("example"),
        dynamic=_truth("dynamic", asked),
        seed=_number("seed", asked),
        delay=min(_number("delay", asked) or 0, MAX_DELAY),
        fault=_fault(asked.get("fault")),
    )
    if preferences.fault == "rate-limit" and preferences.picks_answer:
        hint = "leave out code, example and dynamic, or the fault"
        raise PreferenceUnmet("fault=rate-limit is an answer of its own", hint=hint)
    return preferences if preferences != Preferences() else None


def _fault(kind: str | None) -> str | None:
    if kind is not None and kind not in PREFERRED_FAULTS:
        known = ", ".join(PREFERRED_FAULTS)
        raise PreferenceUnmet(f'there is no fault "{kind}" to prefer', hint=f"faults: {known}")
    return kind


def _truth(name: str, asked: Mapping[str, str]) -> bool:
    value = asked.get(name, "false")
    if value not in ("true", "false"):
        raise PreferenceUnmet(f'{name}="{value}" is neither true nor false', hint=f"{name}=true")
    return value == "true"


def _number(name: str, asked: Mapping[str, str]) -> int | None:
    if name not in asked:
        return None
    if not PREFERENCE_NUMBER.fullmatch(asked[name]):
        raise PreferenceUnmet(f'{name}="{asked[name]}" is not a number', hint=f"{name}=<digits>")
    return int(asked[name])


def has_preferences(call: Call) -> bool:
    """Whether a request may have preferences; `read_preferences` knows for sure."""
    return "prefer" in call.headers or "__" in call.request.query


async def choose_preferred(call: Call) -> Reply | None:
    """The answer that the request asked for, or None when the handler is to give it.

    Raises:
        PreferenceUnmet: when the document has no such response or example.
    """
    preferences = read_preferences(call.headers, call.request.query)
    if preferences is None:
        return None
    if preferences.delay and preferences.fault != "trickle":
        await delay_call(call, preferences.delay)
    reply = _documented(call, preferences) if preferences.picks_answer else None
    if preferences.fault is not None:
        delay = preferences.delay or DELAY_FAULTS.get(preferences.fault, 0)
        call.fault = Fault("preferred", preferences.fault, delay=delay)
    call.preference = preferences.applied()
    if call.preference:
        call.reply_headers["Preference-Applied"] = call.preference
    return reply


def _documented(call: Call, preferences: Preferences) -> Reply:
    response, body = _choose(call.operation, preferences)
    if preferences.dynamic and response.schema is not None:
        seed = preferences.seed
        fakes = call.fakes if seed is None else Fakes(seed)
        maker = ExampleGenerator(call.service.document, fakes)
        return Reply(response.status, maker.make(response.schema))
    media_type = response.media_type or "application/json"
    return Reply(response.status, copy.deepcopy(body), media_type=media_type)


def _choose(operation: Operation, preferences: Preferences) -> tuple[Response, object]:
    name = preferences.example
    if preferences.code is None:
        found = operation.example(name) if name else choose_first_example(operation.success)
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
        return choose_first_example(response)
    if name not in response.examples:
        raise _no_example(operation, name)
    return response, response.examples[name]


def choose_first_example(response: Response) -> tuple[Response, object]:
    """The response with its first documented body; None where it has no body."""
    return response, next(iter(response.examples.values()), None)


def _no_example(operation: Operation, name: str | None) -> PreferenceUnmet:
    known = ", ".join(
        f"{status}: {' '.join(response.examples)}"
        for status, response in operation.responses.items()
        if response.examples
    )
    return PreferenceUnmet(f'{operation.id} has no example "{name}"', hint=f"examples: {known}")

"""Names for what is written: readable, safe as a file's name, and no two the same."""

from __future__ import annotations

import re
from uuid import NAMESPACE_URL, uuid5

from understudy.core.errors import PreferenceUnmet
from understudy.engine.prefer import read_preferences
from understudy.recording.model import RecordedExchange, RecordedRequest, header

UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
MAX_LENGTH = 80
NAMESPACE = uuid5(NAMESPACE_URL, "understudy-recording")
# Names that Windows keeps for itself, whatever follows their first full stop.
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def to_file_name(text: str, otherwise: str) -> str:
    """A text as a file's name on any system: one segment that is not hidden and no way out.

    Args:
        otherwise: the name when nothing of the text can stand in one.
    """
    name = UNSAFE.sub("-", text)[:MAX_LENGTH].strip("-.") or otherwise
    return f"{otherwise}-{name}" if DEVICES.match(name) else name


class FileNames:
    """Names that were given away; no two differ in their case alone.

    Args:
        taken: names that nobody gets.
    """

    def __init__(self, *taken: str) -> None:
        self._taken = {name.lower() for name in taken}
        self._given: dict[object, str] = {}
        self._numbers: dict[str, int] = {}

    def of(self, owner: object, name: str) -> str:
        """The owner's name: this one, or with a number when somebody else has it."""
        if owner not in self._given:
            self._given[owner] = self.new(name)
        return self._given[owner]

    def new(self, name: str) -> str:
        """This name, or with a number when somebody has it."""
        chosen, number = name, self._numbers.get(name, 1)
        while chosen.lower() in self._taken:
            number += 1
            chosen = f"{name}-{number}"
        # Thousands may want one name; none of them need begin to count anew.
        self._numbers[name] = number
        self._taken.add(chosen.lower())
        return chosen


def preferred_example(request: RecordedRequest) -> str | None:
    """The name of the documented answer that a request asked for, if it did."""
    try:
        asked = read_preferences({"prefer": header(request.headers, "prefer") or ""}, request.query)
    except PreferenceUnmet:
        return None
    return asked.example if asked is not None else None


def title_of(exchange: RecordedExchange) -> str:
    """What an exchange is called in front of people: its operation, or what was asked for."""
    request = exchange.request
    return exchange.operation or f"{request.method} {request.path}"


def stable_id(*parts: object) -> str:
    """A UUID that derives from these parts alone."""
    return str(uuid5(NAMESPACE, "\x00".join(map(str, parts))))

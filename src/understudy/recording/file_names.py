"""Names for files: readable, safe on every system, and unique."""

from __future__ import annotations

import re
from uuid import NAMESPACE_URL, uuid5

from understudy.core.errors import PreferenceUnmet
from understudy.engine.prefer import read_preferences
from understudy.recording.model import RecordedExchange, RecordedRequest, header

UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
MAX_LENGTH = 80
NAMESPACE = uuid5(NAMESPACE_URL, "understudy-recording")
# Names that Windows reserves, whatever follows their first full stop.
DEVICE_NAMES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def to_file_name(text: str, otherwise: str) -> str:
    """Make a file's name, safe on any system, from a text: one segment, not hidden.

    Args:
        otherwise: the name when no character of the text is safe.
    """
    name = UNSAFE.sub("-", text)[:MAX_LENGTH].strip("-.") or otherwise
    return f"{otherwise}-{name}" if DEVICE_NAMES.match(name) else name


class FileNames:
    """Gives out unique names; no two differ only in case.

    Args:
        taken: names that are not given out.
    """

    def __init__(self, *taken: str) -> None:
        self._record = {name.lower() for name in taken}
        self._names: dict[object, str] = {}
        self._numbers: dict[str, int] = {}

    def of(self, owner: object, name: str) -> str:
        """The name for an owner, always the same; with a number when another owner has it."""
        if owner not in self._names:
            self._names[owner] = self.new(name)
        return self._names[owner]

    def new(self, name: str) -> str:
        """This name, with a number when it is taken."""
        chosen, number = name, self._numbers.get(name, 1)
        while chosen.lower() in self._record:
            number += 1
            chosen = f"{name}-{number}"
        # Thousands may want one name; continue counting where the last one stopped.
        self._numbers[name] = number
        self._record.add(chosen.lower())
        return chosen


def preferred_example(request: RecordedRequest) -> str | None:
    """The name of the example that a request preferred; None when it named none."""
    try:
        asked = read_preferences({"prefer": header(request.headers, "prefer") or ""}, request.query)
    except PreferenceUnmet:
        return None
    return asked.example if asked is not None else None


def title_of(exchange: RecordedExchange) -> str:
    """The title of an exchange: its operation, or else method and path."""
    request = exchange.request
    return exchange.operation or f"{request.method} {request.path}"


def stable_id(*parts: object) -> str:
    """A UUID that derives from these parts alone."""
    return str(uuid5(NAMESPACE, "\x00".join(map(str, parts))))

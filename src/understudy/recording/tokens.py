"""Which parts of a text are ids or times: values that differ from run to run and mean the same."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import lru_cache

# What .NET shows for "not filled in": literals like any other.
NOT_FILLED_IN = re.compile(r"00000000-0000-0000-0000-000000000000|0001-01-01T.*")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
IDS = {
    "uuid": UUID,
    "event": rf"(?P<of>[a-z]{{2,10}}_){UUID}",
    "digest": r"[0-9a-f]{32,128}",
    "ulid": r"[0-9A-HJKMNP-TV-Z]{26}",
    "object_id": r"[0-9a-f]{24}",
    "prefixed": r"(?P<prefix>[a-z]{2,10}_)(?=[A-Za-z]*[0-9])[A-Za-z0-9]{8,}",
    # Of The Campaign Registry: B for a brand, C for a campaign.
    "registry": r"(?P<registry_of>[BC])(?=[A-Z]*[0-9])[A-Z0-9]{6,7}",
}
# What one of these made up may happen to have no digit, and is told from a word by its twin.
LOOSE = re.compile(r"([a-z]{2,10}_)[A-Za-z0-9]{8,}")
PATTERN = "|".join([f"(?P<time>{TIME})", *(f"(?P<{name}>{each})" for name, each in IDS.items())])
# Not in the middle of a longer word.
TOKEN = re.compile(rf"(?<![A-Za-z0-9_])(?:{PATTERN})(?![A-Za-z0-9_])")
WHOLE = re.compile(PATTERN)


@dataclass(frozen=True, slots=True)
class Token:
    """An id or a time in a text.

    Attributes:
        kind: what it is; values of one kind may stand for each other.
    """

    kind: str
    text: str

    @property
    def is_time(self) -> bool:
        return self.kind.startswith("time")


def classify(text: str) -> str | None:
    """What kind of id or time a whole text is; None for any other text."""
    found = WHOLE.fullmatch(text)
    return None if found is None or NOT_FILLED_IN.fullmatch(text) else _kind(found)


def _kind(found: re.Match[str]) -> str:
    if found["time"]:
        zone = "Z" if found["zone"] == "Z" else "offset"
        return f"time with {len(found['fraction'] or '')} of fraction, {zone}"
    named = found["prefix"] or found["of"] or found["registry_of"]
    if named:
        return named
    return next(name for name in IDS if found[name])


def is_alike(one: str, other: str, met: Container[str] = ()) -> str | None:
    """The kind of two texts of which one is an id and the other may be another of its kind.

    Args:
        met: prefixes that are known to begin ids.
    """
    first, second = LOOSE.fullmatch(one), LOOSE.fullmatch(other)
    if first is None or second is None or len(one) != len(other) or first[1] != second[1]:
        return None
    kind = first[1]
    return kind if kind in met or kind in (classify(one), classify(other)) else None


@lru_cache(maxsize=4096)
def split_tokens(text: str) -> tuple[str, tuple[Token, ...]]:
    """A text with NUL in the place of each id and time, and these in their order."""
    tokens = tuple(find_tokens(text))
    return (TOKEN.sub(_hidden, text) if tokens else text), tokens


def find_tokens(text: str) -> Iterator[Token]:
    """The ids and times in a text, in their order."""
    for found in TOKEN.finditer(text):
        if not NOT_FILLED_IN.fullmatch(found[0]):
            yield Token(_kind(found), found[0])


def _hidden(found: re.Match[str]) -> str:
    return found[0] if NOT_FILLED_IN.fullmatch(found[0]) else "\x00"

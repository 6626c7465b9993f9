"""Finds ids and times in text: values that differ from run to run."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import lru_cache

# What .NET writes for missing values: constants, not ids or times.
EMPTY_VALUES = re.compile(r"00000000-0000-0000-0000-000000000000|0001-01-01T.*")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
IDS = {
    "uuid": UUID,
    "event": rf"(?P<of>[a-z]{{2,10}}_){UUID}",
    "digest": r"[0-9a-f]{32,128}",
    "ulid": r"[0-9A-HJKMNP-TV-Z]{26}",
    "object_id": r"[0-9a-f]{24}",
    "prefixed": r"(?P<prefix>[a-z]{2,10}_)(?=[A-Za-z]*[0-9])[A-Za-z0-9]{8,}",
    # The Campaign Registry: B for a brand, C for a campaign.
    "registry": r"(?P<registry_of>[BC])(?=[A-Z]*[0-9])[A-Z0-9]{6,7}",
}
# A generated prefixed id may contain no digit; it is accepted if its counterpart is an id of that
# prefix.
LOOSE_PREFIXED_ID = re.compile(r"([a-z]{2,10}_)[A-Za-z0-9]{8,}")
PATTERN = "|".join([f"(?P<time>{TIME})", *(f"(?P<{name}>{each})" for name, each in IDS.items())])
# Not in the middle of a longer word.
TOKEN = re.compile(rf"(?<![A-Za-z0-9_])(?:{PATTERN})(?![A-Za-z0-9_])")
WHOLE = re.compile(PATTERN)


@dataclass(frozen=True, slots=True)
class Token:
    """An id or a time in a text.

    Attributes:
        kind: ids and times of the same kind can be paired.
    """

    kind: str
    text: str

    @property
    def is_time(self) -> bool:
        return self.kind.startswith("time")


def classify(text: str) -> str | None:
    """The kind of id or time that a whole text is; None for any other text."""
    found = WHOLE.fullmatch(text)
    return None if found is None or EMPTY_VALUES.fullmatch(text) else _kind(found)


def _kind(found: re.Match[str]) -> str:
    if found["time"]:
        zone = "Z" if found["zone"] == "Z" else "offset"
        return f"time with {len(found['fraction'] or '')} of fraction, {zone}"
    named = found["prefix"] or found["of"] or found["registry_of"]
    if named:
        return named
    return next(name for name in IDS if found[name])


def find_shared_kind(one: str, other: str, met: Container[str] = ()) -> str | None:
    """The kind of two prefixed ids, of which only one has to be certain; None for other texts.

    Args:
        met: prefixes that are known to begin ids.
    """
    first, second = LOOSE_PREFIXED_ID.fullmatch(one), LOOSE_PREFIXED_ID.fullmatch(other)
    if first is None or second is None or len(one) != len(other) or first[1] != second[1]:
        return None
    kind = first[1]
    return kind if kind in met or kind in (classify(one), classify(other)) else None


@lru_cache(maxsize=4096)
def split_tokens(text: str) -> tuple[str, tuple[Token, ...]]:
    """A text with NUL for each id and time, and the ids and times in their order."""
    tokens = tuple(find_tokens(text))
    return (TOKEN.sub(_hide, text) if tokens else text), tokens


def find_tokens(text: str) -> Iterator[Token]:
    """The ids and times in a text, in their order."""
    for found in TOKEN.finditer(text):
        if not EMPTY_VALUES.fullmatch(found[0]):
            yield Token(_kind(found), found[0])


def _hide(found: re.Match[str]) -> str:
    return found[0] if EMPTY_VALUES.fullmatch(found[0]) else "\x00"

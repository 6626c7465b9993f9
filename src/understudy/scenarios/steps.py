"""The steps of a scenario: calls, shifts of the clock, events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy.openapi.document import Operation
from understudy.service.service import Service

REFERENCE = re.compile(r"\$\{([A-Za-z0-9_-]+)\}")


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        where: JSON pointer to the step in the file.
        account: whose credential is sent; None for none.
        status: that must be answered.
        body: JSON to send; None for no body.
        text: sent instead of JSON.
        shows: a JSON pointer into the reply's body, or the name of a header -> what it must hold.
        keep: name -> a JSON pointer into the reply's body, or the name of one of its headers.
    """

    where: str
    operation: Operation
    account: str | None
    status: int
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    text: str | None = None
    shows: Mapping[str, Any] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shift:
    """The clock moves forward, by nanoseconds."""

    where: str
    nanoseconds: int


@dataclass(frozen=True)
class Fire:
    """An event happens to a stored resource that no call brings about."""

    where: str
    event: str
    collection: str
    id: str


Step = Call | Shift | Fire


@dataclass(frozen=True)
class Scenario:
    """A vendor's scenario.

    Attributes:
        name: in kebab-case; `VENDOR/NAME` names it on the command line.
    """

    service: Service
    name: str
    title: str
    steps: tuple[Step, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"{self.service.name}/{self.name}"


def fill_in(value: Any, kept: Mapping[str, str]) -> Any:
    """A value with the kept values in place of each `${name}`.

    Raises:
        ValueError: when nothing of that name was kept.
    """
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: _find_kept(found[1], kept), value)
    if isinstance(value, dict):
        return {name: fill_in(each, kept) for name, each in value.items()}
    return [fill_in(each, kept) for each in value] if isinstance(value, list) else value


def _find_kept(name: str, kept: Mapping[str, str]) -> str:
    if name not in kept:
        known = ", ".join(kept) or "nothing"
        raise ValueError(f'nothing was kept as "{name}" before; there is: {known}')
    return kept[name]

"""What a user chooses in Python, as keywords: read into settings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack, get_args

from understudy.core.clock import parse_instant
from understudy.core.settings import Settings

MAX_PACE = 1_000_000
Auth = Literal["strict", "any"]


class SettingKeywords(TypedDict, total=False):
    """The settings that make sense in Python.

    Attributes:
        vendors: names of the vendors to answer for; empty for all.
        seed: what ids and example data are derived from.
        clock: a time (RFC 3339, or a datetime; UTC when it has no offset) at which sessions stand
            still; None for real time.
        pace: factor on the vendors' own delays; 0: at once; "manual" (or None): only by a shift.
        auth: `strict` takes the seed world's credentials, `any` every well-formed one.
        static: answer each valid request with its documented success example.
        rate_limits: refuse what exceeds the documented limits.
        max_sessions: how many sessions are kept.
        journal_size: how many exchanges a session remembers.
        body_limit: largest request body, in bytes.
        webhook_hosts: hosts, addresses and networks beyond this machine that deliveries may go to.
        check_responses: hold every reply against the document.
    """

    vendors: str | Iterable[str]
    seed: int
    clock: str | datetime | None
    pace: float | Literal["manual"] | None
    auth: Auth
    static: bool
    rate_limits: bool
    max_sessions: int
    journal_size: int
    body_limit: int
    webhook_hosts: Iterable[str]
    check_responses: bool


def make_settings(**choices: Unpack[SettingKeywords]) -> Settings:
    """The settings that these keywords choose.

    Raises:
        TypeError: for a keyword that is none; lists those that are.
        ValueError: for a value that is none.
    """
    unknown = sorted(choices.keys() - SettingKeywords.__annotations__.keys())
    if unknown:
        known = ", ".join(sorted(SettingKeywords.__annotations__))
        raise TypeError(f"there is no choice {', '.join(unknown)}; known: {known}")
    chosen: dict[str, Any] = dict(choices)
    readers = {"clock": _instant, "pace": _pace, "auth": _auth, "vendors": _names}
    for name, read in readers.items():
        if name in chosen:
            chosen[name] = read(chosen[name])
    if "webhook_hosts" in chosen:
        chosen["webhook_hosts"] = frozenset(_names(chosen["webhook_hosts"]))
    return Settings(**chosen)


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _instant(clock: str | datetime | None) -> int | None:
    if clock is None or clock == "real":
        return None
    text = clock.isoformat() if isinstance(clock, datetime) else clock
    try:
        return parse_instant(text)
    except ValueError as error:
        raise ValueError(f'clock="{text}" is no time such as 2026-03-11T21:50:50Z') from error


def _pace(pace: float | str | None) -> float | None:
    if pace is None or pace == "manual":
        return None
    if isinstance(pace, str) or not 0 <= pace <= MAX_PACE:
        raise ValueError(f'pace={pace!r} is neither "manual" nor a factor from 0 to {MAX_PACE}')
    return float(pace)


def _auth(auth: str) -> str:
    if auth not in get_args(Auth):
        raise ValueError(f"auth={auth!r} is none of {', '.join(map(repr, get_args(Auth)))}")
    return auth

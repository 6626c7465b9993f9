"""The table of settings; the command line, pytest's options, files and keywords read it.

A setting has one name, one kind, one flag and one line of help.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from understudy.core.setting_kinds import (
    HOSTS,
    INSTANT,
    NAMES,
    PACE,
    SWITCH,
    TEXT,
    Kind,
    one_of,
    whole_number,
)
from understudy.core.settings import Auth, Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: a field of `Settings`, a keyword, a flag.

    Attributes:
        name: of the field and the keyword.
        help: what it does, in one line.
        flag: how the command line spells it.
    """

    name: str
    kind: Kind
    help: str
    flag: str

    @property
    def variable(self) -> str:
        """The environment variable that stands in for the flag."""
        return flag_variable(self.flag)


def flag_variable(flag: str) -> str:
    """The environment variable of a flag: `--journal-size` is UNDERSTUDY_JOURNAL_SIZE."""
    return f"UNDERSTUDY_{flag.removeprefix('--').replace('-', '_').upper()}"


def _setting(name: str, kind: Kind, help: str, flag: str = "") -> Setting:
    return Setting(name, kind, help, flag or f"--{name.replace('_', '-')}")


SETTINGS: Mapping[str, Setting] = {
    each.name: each
    for each in (
        _setting("vendors", NAMES, "Serve only this vendor (repeatable).", "--vendor"),
        _setting("seed", whole_number(), "Number from which ids and example data are derived."),
        _setting("clock", INSTANT, "Freeze every session's clock at TIME."),
        _setting("pace", PACE, "Factor on vendors' delays; 0: no delay; manual: only by a shift."),
        _setting("auth", one_of(Auth), "Accept only the listed keys, or any well-formed key."),
        _setting("static", SWITCH, "Keep no state: answer with the documented examples."),
        _setting("rate_limits", SWITCH, "Refuse requests that exceed the documented limits."),
        _setting(
            "max_sessions", whole_number(1), "Sessions to keep; the least recently used goes first."
        ),
        _setting("journal_size", whole_number(0), "Exchanges to keep for each session."),
        _setting("body_limit", whole_number(0), "Largest request body, in bytes."),
        _setting("snapshot_limit", whole_number(1), "Largest snapshot to upload, in bytes."),
        _setting(
            "admin_token",
            TEXT,
            "Token that /__admin requires; generated when --host is not loopback.",
        ),
        _setting(
            "webhook_hosts",
            HOSTS,
            "Host beside this machine that may receive deliveries (repeatable).",
            "--webhook-host",
        ),
        _setting("check_responses", SWITCH, "Check every reply against the document."),
    )
}


class SettingKeywords(TypedDict, total=False):
    """The settings that make sense in Python.

    Attributes:
        vendors: names of the vendors to answer for; empty for all.
        seed: the number from which ids and example data are derived.
        clock: a time (RFC 3339, or a datetime; UTC when it has no offset) at which sessions are
            frozen; None for real time.
        pace: factor on the vendors' own delays; 0: no delay; "manual" (or None): only by a shift.
        auth: `strict` accepts the seed world's credentials, `any` every well-formed one.
        static: answer each valid request with its documented success example.
        rate_limits: refuse requests that exceed the documented limits.
        max_sessions: how many sessions are kept.
        journal_size: how many exchanges a session remembers.
        body_limit: largest request body, in bytes.
        webhook_hosts: hosts, addresses and networks beyond this machine that deliveries may go to.
        check_responses: check every reply against the document.
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


def require_known(what: str, given: Iterable[str], known: Collection[str]) -> None:
    """Refuse names that are unknown.

    Args:
        what: the kind of name, such as "setting".

    Raises:
        ValueError: lists the names that are known.
    """
    unknown = sorted(set(map(str, given)) - set(known))
    if unknown:
        raise ValueError(
            f"unknown {what} {', '.join(unknown)}; known {what}s: {', '.join(sorted(known))}"
        )


def make_settings(**keywords: Unpack[SettingKeywords]) -> Settings:
    """The settings that these keywords choose.

    Raises:
        TypeError: for an unknown keyword; lists the known ones.
        ValueError: for a value that is not allowed; says what is.
    """
    try:
        require_known("setting", keywords, SettingKeywords.__annotations__)
    except ValueError as error:
        raise TypeError(str(error)) from None
    return Settings(**{name: parse_setting(name, value) for name, value in keywords.items()})


def parse_setting(name: str, value: Any) -> Any:
    """The field of `Settings` for a value as Python, JSON or TOML has it.

    Raises:
        ValueError: when the value is not allowed; names the setting and says what is allowed.
    """
    return SETTINGS[name].kind.read(value, name)

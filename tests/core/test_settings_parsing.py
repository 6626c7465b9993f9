"""Settings: one table, which values each allows, and what is said of others."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import click
import pytest

from understudy.cli.serve import serve
from understudy.core.settings import Settings
from understudy.core.settings_parsing import (
    SETTINGS,
    SettingKeywords,
    make_settings,
    parse_setting,
    require_known,
)

NOON = 1_773_230_400_000_000_000


def test_every_field_has_a_row() -> None:
    """The table and the record name the same settings."""
    assert {field.name for field in fields(Settings)} == SETTINGS.keys()


def test_every_keyword_has_a_row() -> None:
    """What Python code can choose is in the table."""
    assert SettingKeywords.__annotations__.keys() <= SETTINGS.keys()


def test_serve_has_the_flag_of_every_setting() -> None:
    """As the table spells it, with its environment variable; only checks stay on."""
    flags = {each.name: (each.opts, each.envvar) for each in serve.params}
    expected = {name: ([each.flag], each.variable) for name, each in SETTINGS.items()}
    del expected["check_responses"]

    assert expected.items() <= flags.items()


@pytest.mark.parametrize(
    ("name", "value", "parsed"),
    [
        ("clock", "2026-03-11T12:00:00Z", NOON),
        ("clock", datetime(2026, 3, 11, 12, tzinfo=UTC), NOON),
        ("clock", "real", None),
        ("clock", None, None),
        ("pace", 0, 0.0),
        ("pace", "manual", None),
        ("auth", "any", "any"),
        ("vendors", "sent", ("sent",)),
        ("vendors", ["sent", "zexa"], ("sent", "zexa")),
        ("webhook_hosts", ["a", "a"], frozenset({"a"})),
        ("body_limit", 0, 0),
        ("seed", -1, -1),
    ],
)
def test_a_value_is_parsed(name: str, value: Any, parsed: Any) -> None:
    """Into the field of the record."""
    assert parse_setting(name, value) == parsed


@pytest.mark.parametrize(
    ("name", "text", "parsed"),
    [
        ("pace", "0.5", 0.5),
        ("pace", "manual", None),
        ("seed", "7", 7),
        ("static", "Yes", True),
        ("static", "0", False),
        ("clock", "2026-03-11T12:00:00Z", NOON),
        ("vendors", ["sent, zexa", "tether"], ("sent", "zexa", "tether")),
    ],
)
def test_a_text_is_parsed(name: str, text: Any, parsed: Any) -> None:
    """As flags, variables and ini files have it."""
    kind = SETTINGS[name].kind

    assert kind.read(kind.read_text(text)) == parsed


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("clock", "x", 'clock: "x" is not a time such as 2026-03-11T21:50:50Z or "real"'),
        ("clock", 5, "clock: 5 is not a time"),
        ("pace", True, "pace: true is not a factor from 0 to 1000000"),
        ("pace", float("nan"), "pace: NaN is not a factor"),
        ("pace", "2", 'pace: "2" is not a factor'),
        ("auth", ["any"], 'auth: ["any"] is not "strict" or "any"'),
        ("seed", "5", 'seed: "5" is not a whole number'),
        ("seed", True, "seed: true is not a whole number"),
        ("static", 1, "static: 1 is not true or false"),
        ("journal_size", -1, "journal_size: -1 is not a whole number from 0"),
        ("max_sessions", 0, "max_sessions: 0 is not a whole number from 1"),
        ("vendors", 5, "vendors: 5 is not a list of names"),
        ("auth", "\x1b" * 100, 'auth: "\\u001b'),
    ],
)
def test_a_value_that_is_not_allowed(name: str, value: Any, said: str) -> None:
    """The error says what, where, and what is allowed."""
    with pytest.raises(ValueError, match=f"^{re.escape(said)}") as caught:
        parse_setting(name, value)

    assert len(str(caught.value)) < 120


def test_an_unknown_keyword_lists_those_that_are_known() -> None:
    """In the order of the alphabet."""
    unknown: Any = {"sed": 1, "paces": 2}

    with pytest.raises(
        TypeError, match=r"^unknown setting paces, sed; known settings: auth, body_"
    ):
        make_settings(**unknown)


def test_known_names_pass() -> None:
    """Nothing is said of them."""
    require_known("setting", ["a"], ["b", "a"])


def test_a_flag_says_what_is_allowed() -> None:
    """Click names the flag, the kind the values."""
    with pytest.raises(click.BadParameter) as caught:
        serve.make_context("serve", ["--pace", "fast"])

    assert caught.value.format_message() == (
        'Invalid value for \'--pace\': "fast" is not a factor from 0 to 1000000 or "manual"'
    )

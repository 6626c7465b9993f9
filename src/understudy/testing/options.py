"""What a user chooses for a test: by marker, command line, ini file or default, in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from understudy.core.setting_kinds import INSTANT, SWITCH, Kind, one_of
from understudy.core.settings import Passthrough, Settings
from understudy.core.settings_parsing import SETTINGS, make_settings

if TYPE_CHECKING:
    import pytest

MARKER = "understudy"
NOW = "now"


def _read_hosts(texts: list[str]) -> dict[str, str]:
    """Base URLs and the vendor that is at each, from texts `URL=VENDOR`."""
    pairs = [text.rpartition("=") for text in texts]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError
    return {url.strip(): vendor.strip() for url, _, vendor in pairs}


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `--understudy-NAME` on the command line, `understudy_NAME` in the ini file."""

    kind: Kind
    help: str


CLOCK = replace(
    INSTANT,
    allowed=f'{INSTANT.allowed} or "{NOW}"',
    parse=lambda value: NOW if value == NOW else INSTANT.parse(value),
)
PASSTHROUGH = one_of(Passthrough)
HOSTS = Kind("URL=VENDOR, as in https://me.example.com=tether", dict, _read_hosts, repeated=True)
OPTIONS: Mapping[str, Option] = {
    "clock": Option(
        CLOCK,
        "Freeze each test's clock at a time such as 2026-03-11T12:00:00Z, or at `now`, which is "
        "when the test begins (the default); `real` lets it run.",
    ),
    **{
        name: Option(SETTINGS[name].kind, SETTINGS[name].help)
        for name in ("seed", "pace", "auth", "rate_limits", "static", "vendors")
    },
    "passthrough": Option(
        PASSTHROUGH,
        "Requests that may leave, of those that no mock answers while a VENDOR_mock is in use: "
        "those to this machine (`localhost`, the default), `all` or `none`.",
    ),
    "hosts": Option(HOSTS, "A further base URL of a vendor, as URL=VENDOR (repeatable)."),
}
# Options of a session or of one test; the others make another app.
TEST_OPTIONS = frozenset({"clock", "passthrough", "hosts"})


@dataclass(frozen=True)
class ChosenOptions:
    """What was chosen for one test.

    Attributes:
        frozen_at: the instant (ns) at which the session's clock is frozen from its beginning;
            None when it runs.
        of_app: the options that the app is made with.
    """

    settings: Settings
    frozen_at: int | None
    passthrough: Passthrough
    hosts: Mapping[str, str]
    of_app: Mapping[str, Any] = field(default_factory=dict)


def declare(parser: pytest.Parser) -> None:
    """Add the options to pytest's command line and ini file."""
    group = parser.getgroup("understudy", "mocked vendors")
    for name, option in OPTIONS.items():
        is_list = option.kind.repeated
        action = "append" if is_list else "store_true" if option.kind is SWITCH else "store"
        group.addoption(_flag(name), action=action, default=None, help=option.help)
        lines: Literal["linelist", "string"] = "linelist" if is_list else "string"
        parser.addini(f"understudy_{name}", option.help, type=lines, default=None)


def _flag(name: str) -> str:
    return f"--understudy-{name.replace('_', '-')}"


def read_run_options(config: pytest.Config, now: Callable[[], int]) -> ChosenOptions:
    """What holds for tests without a marker.

    Raises:
        ValueError: for a value that is not allowed; says where it is.
    """
    return _make_options(_read_config(config), now)


def read_test_options(item: pytest.Item, now: Callable[[], int]) -> ChosenOptions:
    """What holds for one test.

    Args:
        now: the real time (ns), at which a clock is frozen by default.

    Raises:
        ValueError: for a value that is not allowed.
    """
    return _make_options({**_read_config(item.config), **_read_marker(item)}, now)


def find_unknown_option(item: pytest.Item) -> str:
    """What is wrong with a test's markers, or ""."""
    known = f"it takes {', '.join(f'{name}=' for name in OPTIONS)}"
    for mark in item.iter_markers(MARKER):
        if mark.args:
            return f"@pytest.mark.{MARKER}({mark.args[0]!r}) has a value without a name; {known}"
        for name in mark.kwargs.keys() - OPTIONS.keys():
            return f"@pytest.mark.{MARKER} has no option {name}; {known}"
    return ""


def _read_marker(item: pytest.Item) -> dict[str, Any]:
    """The closest marker wins, for each option."""
    given: dict[str, Any] = {}
    for mark in item.iter_markers(MARKER):
        given = {**mark.kwargs, **given}
    return given


def _read_config(config: pytest.Config) -> dict[str, Any]:
    given = {}
    for name, option in OPTIONS.items():
        flag = config.getoption(_flag(name))
        if flag is True:
            given[name] = True
        elif flag:
            given[name] = option.kind.read_text(flag, _flag(name))
        elif text := config.getini(f"understudy_{name}"):
            given[name] = option.kind.read_text(text, f"understudy_{name}")
    return given


def _make_options(given: Mapping[str, Any], now: Callable[[], int]) -> ChosenOptions:
    of_app = {name: value for name, value in given.items() if name not in TEST_OPTIONS}
    clock = CLOCK.read(given.get("clock", NOW), "clock")
    return ChosenOptions(
        settings=make_settings(**of_app),
        frozen_at=now() if clock == NOW else clock,
        passthrough=PASSTHROUGH.read(given.get("passthrough", "localhost"), "passthrough"),
        hosts=dict(given.get("hosts", {})),
        of_app=of_app,
    )

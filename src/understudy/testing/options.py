"""What a user chooses for a test: by marker, command line, ini file or default, in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import datetime

    import pytest

    from understudy.core.settings import Settings
    from understudy.intercept.routes import Passthrough

MARKER = "understudy"
NOW, REAL = "now", "real"
# Where a flag is switched by a text.
SWITCHES = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: as `--understudy-NAME` and `understudy_NAME` it is a text that `read` reads.

    Attributes:
        help: what it chooses.
        kind: `text`, `flag` or `list`; a list is given by a repeated flag, or in lines.
        read: of a text (of the texts, when it is a list) what a marker would be given.
    """

    help: str
    kind: str = "text"
    read: Callable[[Any], Any] = str


def _switch(text: str) -> bool:
    if text.lower() not in SWITCHES:
        raise ValueError(f'"{text}" is neither true nor false')
    return SWITCHES[text.lower()]


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f'"{text}" is no whole number') from None


def _pace(text: str) -> float | str:
    if text == "manual":
        return text
    try:
        return float(text)
    except ValueError:
        raise ValueError(f'"{text}" is neither "manual" nor a number such as 0.5') from None


def _names(texts: list[str]) -> tuple[str, ...]:
    return tuple(name for text in texts for name in text.replace(",", " ").split())


def _hosts(texts: list[str]) -> dict[str, str]:
    hosts = {}
    for text in texts:
        url, sign, vendor = text.rpartition("=")
        if not sign:
            raise ValueError(f'"{text}" is not URL=VENDOR, as https://me.example.com=tether')
        hosts[url.strip()] = vendor.strip()
    return hosts


OPTIONS: Mapping[str, Option] = {
    "clock": Option(
        "where each test's clock stands still: a time such as 2026-03-11T12:00:00Z, or `now`, "
        "which is when the test begins (the default); `real` lets it run"
    ),
    "seed": Option("what ids and example data derive from", read=_whole),
    "pace": Option("factor on the vendors' own delays, or `manual`", read=_pace),
    "auth": Option("`strict` takes the printed keys, `any` every well-formed one"),
    "rate_limits": Option("enforce the documented limits", "flag", _switch),
    "static": Option("no state, documented examples", "flag", _switch),
    "vendors": Option("names of the vendors to serve; all when absent", "list", _names),
    "passthrough": Option(
        "which requests that no mock answers may leave while a VENDOR_mock is in use: those to "
        "this machine (`localhost`, the default), `all` or `none`"
    ),
    "hosts": Option("a further base URL of a vendor, as URL=VENDOR", "list", _hosts),
}
# What is the session's own affair, or that of one test; the rest makes another app.
SESSION_OPTIONS = frozenset({"clock", "passthrough", "hosts"})


@dataclass(frozen=True)
class ChosenOptions:
    """What was chosen for one test.

    Attributes:
        frozen_at: the instant (ns) at which the session's clock stands still from its beginning;
            None when it runs.
        of_app: the choices that make the app what it is.
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
        flag = f"--understudy-{name.replace('_', '-')}"
        action = {"flag": "store_true", "list": "append"}.get(option.kind, "store")
        group.addoption(flag, action=action, default=None, help=option.help)
        lines: Literal["linelist", "string"] = "linelist" if option.kind == "list" else "string"
        parser.addini(f"understudy_{name}", option.help, type=lines, default=None)


def read_run_options(config: pytest.Config, now: Callable[[], int]) -> ChosenOptions:
    """What holds for tests without a marker.

    Raises:
        ValueError: for a value that is none; says where it stands.
    """
    return _chosen(_of_config(config), now)


def read_test_options(item: pytest.Item, now: Callable[[], int]) -> ChosenOptions:
    """What holds for one test.

    Args:
        now: the real time, at which a clock stands still unless told otherwise.

    Raises:
        ValueError, TypeError: for a value that is none.
    """
    return _chosen({**_of_config(item.config), **_of_marker(item)}, now)


def find_unknown_option(item: pytest.Item) -> str:
    """What is wrong with a test's markers, or ""."""
    known = f"it takes {', '.join(f'{name}=' for name in OPTIONS)}"
    for mark in item.iter_markers(MARKER):
        if mark.args:
            return f"@pytest.mark.{MARKER}({mark.args[0]!r}) has a value without a name; {known}"
        for name in mark.kwargs.keys() - OPTIONS.keys():
            return f"@pytest.mark.{MARKER} has no option {name}; {known}"
    return ""


def _of_marker(item: pytest.Item) -> dict[str, Any]:
    """The closest marker wins, for each option."""
    given: dict[str, Any] = {}
    for mark in item.iter_markers(MARKER):
        given = {**mark.kwargs, **given}
    return given


def _of_config(config: pytest.Config) -> dict[str, Any]:
    given = {}
    for name, option in OPTIONS.items():
        flag = f"--understudy-{name.replace('_', '-')}"
        told = config.getoption(flag)
        if told is True:
            given[name] = True
        elif told:
            given[name] = _read(flag, option, told)
        elif inscribed := config.getini(f"understudy_{name}"):
            given[name] = _read(f"understudy_{name}", option, inscribed)
    return given


def _read(where: str, option: Option, told: Any) -> Any:
    try:
        return option.read(told)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _chosen(given: Mapping[str, Any], now: Callable[[], int]) -> ChosenOptions:
    # Only now: a run that never asks for a mock imports no more than this module.
    from understudy.core.settings_parsing import make_settings

    of_app = {name: value for name, value in given.items() if name not in SESSION_OPTIONS}
    return ChosenOptions(
        settings=make_settings(**of_app),
        frozen_at=_stands_at(given.get("clock", NOW), now),
        passthrough=_passthrough(given.get("passthrough", "localhost")),
        hosts=dict(given.get("hosts", {})),
        of_app=of_app,
    )


def _stands_at(clock: str | datetime | None, now: Callable[[], int]) -> int | None:
    from understudy.core.settings_parsing import make_settings

    return now() if clock == NOW else make_settings(clock=clock).clock


def _passthrough(chosen: str) -> Any:
    if chosen not in ("none", "localhost", "all"):
        raise ValueError(f"passthrough={chosen!r} is none of 'none', 'localhost', 'all'")
    return chosen

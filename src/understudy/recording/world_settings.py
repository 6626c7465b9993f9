"""The settings that decide what a vendor answers, as files name them: each held to its kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from understudy.core.settings_parsing import make_settings

LONGEST = 60
BOOLEAN = ((bool,), "true or false")
# The types of their values, and what these are.
SETTING_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "pace": ((int, float, str), 'a factor or "manual"'),
    "auth": ((str,), "strict or any"),
    "static": BOOLEAN,
    "rate_limits": BOOLEAN,
    "body_limit": ((int,), "a number of bytes"),
}


def check_settings(where: str, given: Mapping[str, Any]) -> None:
    """These are settings that can be.

    Raises:
        ValueError: names the one that cannot.
    """
    surplus = sorted(map(str, given.keys() - SETTING_TYPES.keys()))
    if surplus:
        allowed = ", ".join(sorted(SETTING_TYPES))
        raise ValueError(f"{where} cannot have {', '.join(surplus)}; it may have: {allowed}")
    for name, value in given.items():
        if not _is_kind(name, value):
            what = SETTING_TYPES[name][1]
            raise ValueError(f"{where}: {name} must be {what}, not {_shown(value)}")
    chosen: Any = given
    try:
        make_settings(**chosen)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _is_kind(name: str, value: Any) -> bool:
    types, _ = SETTING_TYPES[name]
    # true is a number to Python, but to nobody else.
    is_kind = isinstance(value, types) and isinstance(value, bool) == (types == (bool,))
    return is_kind and (name != "body_limit" or value >= 0)


def _shown(value: Any) -> str:
    said = json.dumps(value, default=repr)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}..."

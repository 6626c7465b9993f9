"""The settings that decide what a vendor answers, as recordings and scenarios name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.core.settings_parsing import SETTINGS, parse_setting, require_known

WORLD_SETTINGS = ("pace", "auth", "static", "rate_limits", "body_limit")


def check_settings(where: str, given: Mapping[str, Any]) -> None:
    """Refuse settings that a world cannot have.

    Raises:
        ValueError: names the first that is unknown or has a value that is not allowed.
    """
    try:
        require_known("setting", given, WORLD_SETTINGS)
        for name, value in given.items():
            # In Python None is a value of some settings; in a file it is a value left out.
            if value is None:
                raise SETTINGS[name].kind.refuse(value, name)
            parse_setting(name, value)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error

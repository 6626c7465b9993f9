"""The schema of settings in files says what the table of settings says."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.core.file_schema import FileSchema
from understudy.core.settings_parsing import parse_setting
from understudy.recording.world_settings import WORLD_SETTINGS

SCHEMA = FileSchema("settings")
VALUES = (0, 1, 2.0, 2.5, -2.0, -1, -0.5, 1_000_000, 1_000_001, True, False)
TEXTS = ("manual", "strict", "any", "2", "")


@pytest.mark.parametrize("name", WORLD_SETTINGS)
@pytest.mark.parametrize("value", [*VALUES, *TEXTS, [], {}], ids=repr)
def test_a_file_takes_what_a_keyword_takes(name: str, value: Any) -> None:
    """Both accept a value, or both refuse it."""
    try:
        parse_setting(name, value)
        is_setting = True
    except ValueError:
        is_setting = False

    assert (SCHEMA.find_faults({name: value}) == []) is is_setting


def test_a_file_has_the_settings_of_a_world() -> None:
    """And no other: those say how the mock is run."""
    with pytest.raises(ValueError, match=f"it may have: {', '.join(sorted(WORLD_SETTINGS))}$"):
        SCHEMA.check({"clock": "real"})

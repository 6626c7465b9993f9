"""The recordings that ship, by the names of their scenarios."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from understudy.engine.registry import data_folder
from understudy.recording.formats import native
from understudy.recording.model import Recording
from understudy.scenarios.loader import scenario_names
from understudy.vendors import vendor_names

NAMES = scenario_names(vendor_names())


def shipped_file(name: str) -> Path:
    """Where the recording of a scenario, `VENDOR/NAME`, stands."""
    vendor, _, scenario = name.partition("/")
    return data_folder("fixtures") / vendor / "recorded" / f"{scenario}.json"


@cache
def shipped(name: str) -> Recording:
    """The recording of a scenario."""
    return native.read(shipped_file(name).read_bytes())

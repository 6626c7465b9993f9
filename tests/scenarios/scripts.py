"""Scenario files that tests write: Zexa's, unless a test says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.core.errors import StartError
from understudy.recording.model import RecordedExchange
from understudy.scenarios.loader import read_scenario
from understudy.scenarios.player import play_scenario
from understudy.scenarios.steps import Scenario

STEPS = "title: A try\nsteps:\n"


def scenario(folder: Path, text: str, vendor: str = "zexa") -> Scenario:
    """The scenario in a file of this text."""
    file = folder / "a-try.yaml"
    file.write_text(text)
    return read_scenario(vendor, file)


def played(folder: Path, steps: str, vendor: str = "zexa") -> list[RecordedExchange]:
    """What was said in a scenario of these steps."""
    return list(play_scenario(scenario(folder, STEPS + steps, vendor)).exchanges)


def broken(folder: Path, text: str | bytes) -> str:
    """The one sentence that a file which cannot be used is refused with, without its name."""
    file = folder / "a-try.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StartError) as refused:
        read_scenario("zexa", file)
    sentence = str(refused.value)
    assert sentence.startswith(f"{file}: ") and "\n" not in sentence
    return sentence.removeprefix(f"{file}: ")


def failed(folder: Path, steps: str, vendor: str = "zexa") -> str:
    """The one sentence with which a scenario of these steps ends, without its name."""
    read = scenario(folder, STEPS + steps, vendor)
    with pytest.raises(StartError) as ended:
        play_scenario(read)
    sentence = str(ended.value)
    assert sentence.startswith(f"{vendor}/a-try: ") and "\n" not in sentence
    return sentence.removeprefix(f"{vendor}/a-try: ")

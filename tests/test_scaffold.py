"""`understudy new`: a room that is green from its first minute."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.errors import StartError
from understudy.scaffold import make_room

ROOT = Path(__file__).parents[1]
PARTS = ("src", "specs", "fixtures", "tests", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, tmp_path / part, ignore=ignore)
        else:
            shutil.copy(source, tmp_path / part)
    return tmp_path


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run one of the project's checkers over the copy."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
    )


def test_new_room_leaves_the_project_green(checkout: Path) -> None:
    """Style, types, documents, tests and fuzzing of the new room pass as it was written."""
    assert run(checkout, "understudy", "new", "acme").returncode == 0

    commands = (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy", "--follow-imports=silent", "--package", "understudy.vendors.acme"),
        ("understudy", "lint"),
        ("pytest", "-q", "tests/vendors/test_acme.py"),
    )
    for command in commands:
        result = run(checkout, *command)
        assert result.returncode == 0, result.stdout + result.stderr


def test_new_room_is_listed(checkout: Path) -> None:
    """The room is served without further steps."""
    make_room("acme", checkout)

    assert "acme_test_acme" in run(checkout, "understudy", "vendors").stdout


@pytest.mark.parametrize("name", ["", "Acme", "9lives", "a-b", "../up", "x" * 40])
def test_bad_name_is_refused(name: str, checkout: Path) -> None:
    """A room's name is a Python package's name; nothing is written elsewhere."""
    with pytest.raises(StartError, match="cannot name a room"):
        make_room(name, checkout)


def test_existing_room_is_left_alone(checkout: Path) -> None:
    """What is there is not overwritten."""
    with pytest.raises(StartError, match="already there"):
        make_room("sent", checkout)


def test_elsewhere_is_refused(tmp_path: Path) -> None:
    """A folder that is no checkout gets no files."""
    with pytest.raises(StartError, match="not a checkout"):
        make_room("acme", tmp_path)

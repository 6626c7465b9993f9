"""`understudy new`: a service that is green from its first minute."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.cli.scaffold import write_vendor_package
from understudy.core.errors import StartError

ROOT = Path(__file__).parents[2]
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


def test_new_service_leaves_the_project_green(checkout: Path) -> None:
    """Style, types, documents, tests and fuzzing of the new service pass as it was written."""
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


def test_new_service_is_listed(checkout: Path) -> None:
    """The service is served without further steps."""
    write_vendor_package("acme", checkout)

    assert "acme_test_acme" in run(checkout, "understudy", "vendors").stdout


@pytest.mark.parametrize("name", ["", "Acme", "9lives", "a-b", "../up", "x" * 40])
def test_bad_name_is_refused(name: str, checkout: Path) -> None:
    """A service's name is a Python package's name; nothing is written elsewhere."""
    with pytest.raises(StartError, match="cannot name a vendor"):
        write_vendor_package(name, checkout)


def test_existing_service_is_left_alone(checkout: Path) -> None:
    """What is there is not overwritten."""
    with pytest.raises(StartError, match="already there"):
        write_vendor_package("sent", checkout)


def test_elsewhere_is_refused(tmp_path: Path) -> None:
    """A folder that is no checkout gets no files."""
    with pytest.raises(StartError, match="not a checkout"):
        write_vendor_package("acme", tmp_path)

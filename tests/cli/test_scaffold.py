"""`understudy new`: a vendor package whose checks pass as it was written."""

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
# Not a name that somebody may have given to a vendor of this checkout.
NAME = "newcomer"
# Tests of which a case is made for every vendor, or that list the vendors.
VENDOR_TESTS = (
    "tests/scenarios/test_shipped.py::test_every_described_vendor_has_the_ordinary_scenarios",
    "tests/contract/test_exchanges.py::test_every_described_vendor_has_exchanges",
    "tests/admin/test_vendors.py",
    "tests/cli/test_explain.py",
    "tests/engine/test_registry.py",
)
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


def test_checks_pass_with_a_new_vendor(checkout: Path) -> None:
    """Style, types, documents, and the tests of the new vendor and of all vendors."""
    assert run(checkout, "understudy", "new", NAME).returncode == 0

    commands = (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy", "--follow-imports=silent", "--package", f"understudy.vendors.{NAME}"),
        ("understudy", "lint"),
        ("pytest", "-q", f"tests/vendors/test_{NAME}.py", *VENDOR_TESTS),
    )
    for command in commands:
        result = run(checkout, *command)
        assert result.returncode == 0, result.stdout + result.stderr


def test_new_vendor_is_listed(checkout: Path) -> None:
    """The vendor is served without further steps."""
    write_vendor_package(NAME, checkout)

    assert f"{NAME}_test_acme" in run(checkout, "understudy", "vendors").stdout


@pytest.mark.parametrize("name", ["", "Acme", "9lives", "a-b", "../up", "x" * 40])
def test_bad_name_is_refused(name: str, checkout: Path) -> None:
    """A vendor's name is the name of a Python package; no file is written for another one."""
    with pytest.raises(StartError, match="is not a name for a vendor"):
        write_vendor_package(name, checkout)


def test_existing_vendor_is_left_alone(checkout: Path) -> None:
    """Files that exist are not overwritten."""
    with pytest.raises(StartError, match="already exists"):
        write_vendor_package("sent", checkout)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    """Nothing is written into a folder that is not a checkout."""
    with pytest.raises(StartError, match="not a checkout"):
        write_vendor_package(NAME, tmp_path)

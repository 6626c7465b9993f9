"""Type checkers know every name of the extension API and of the fixtures, and refuse others."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.recording.npm import installed
from tests.tools import needs
from understudy import pytest as fixtures

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MISSPELT, USERS_TESTS = HERE / "misspelt.py", HERE / "users_tests.py"
REVEALED = "revealed.py"
# What a class of the fixtures has for the plugin alone.
INTERNAL = frozenset({"backend", "close", "options", "take"})
# A message by file and line.
Messages = Mapping[tuple[str, int], str]


def write_revealed(folder: Path) -> Path:
    """A file that asks for the type of each attribute of each class of the fixtures."""
    classes = {name: getattr(fixtures, name) for name in fixtures.__all__}
    lines = [f"from understudy.pytest import {', '.join(classes)}"]
    for name, kind in classes.items():
        lines.append(f"def of_{name}(it: {name}) -> None:\n    reveal_type(it)")
        lines += [f"    reveal_type(it.{each})" for each in list_attributes(kind)]
    file = folder / REVEALED
    file.write_text("\n".join(lines) + "\n")
    return file


def list_attributes(kind: type) -> list[str]:
    """The public attributes that a class itself defines."""
    own = {*vars(kind), *vars(kind).get("__annotations__", ())}
    return sorted(name for name in own - INTERNAL if not name.startswith("_"))


@pytest.fixture(scope="module")
def revealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_revealed(tmp_path_factory.mktemp("revealed"))


@pytest.fixture(scope="module")
def found_by_mypy(revealed: Path) -> Messages:
    """What mypy says in its strict mode."""
    files = [str(file) for file in (MISSPELT, USERS_TESTS, revealed)]
    command = [sys.executable, "-m", "mypy", "--strict", "--no-pretty", *files]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "(checked 3 source files)" in shown.stdout, shown.stdout + shown.stderr
    found = re.finditer(r"^(.+?\.py):(\d+): (?:error|note): (.+)$", shown.stdout, re.MULTILINE)
    return {(Path(each[1]).name, int(each[2])): each[3] for each in found}


@pytest.fixture(scope="module")
def found_by_pyright(revealed: Path, tmp_path_factory: pytest.TempPathFactory) -> Messages:
    """What pyright says in its strict mode."""
    folder = installed("../typing/pyright", tmp_path_factory.mktemp("pyright"))
    for file in (MISSPELT, USERS_TESTS, revealed):
        shutil.copy(file, folder)
    settings = {
        "typeCheckingMode": "strict",
        "extraPaths": [str(ROOT / "src")],
        "include": ["*.py"],
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = ["node_modules/.bin/pyright", "--outputjson", "--pythonpath", sys.executable]
    shown = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    report = json.loads(shown.stdout)
    assert report["summary"]["filesAnalyzed"] == 3, shown.stdout
    return {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1): each["message"]
        for each in report["generalDiagnostics"]
    }


def check_misspelt(found: Messages) -> None:
    """Exactly the marked lines are refused."""
    lines = enumerate(MISSPELT.read_text().splitlines(), start=1)
    marked = {number for number, line in lines if line.endswith("# refused")}

    assert {line for name, line in found if name == MISSPELT.name} == marked


def check_known(found: Messages) -> None:
    """Each attribute has a type, and but for what a webhook's JSON says it is not `Any`."""
    told = [message for (name, _), message in sorted(found.items()) if name == REVEALED]
    types = [re.search(r'is "(.*)"', message, re.DOTALL) for message in told]

    assert all(types), told
    assert [each[1] for each in types if each and each[1] in ("Any", "Unknown")] == ["Any"]


def test_mypy_refuses_misspelt_names(found_by_mypy: Messages) -> None:
    """In handlers, in checks, in tests; and nothing that is spelt right."""
    check_misspelt(found_by_mypy)


def test_mypy_finds_nothing_in_tests_of_users(found_by_mypy: Messages) -> None:
    """Fixtures that are annotated need no exception."""
    assert not [found for (name, _), found in found_by_mypy.items() if name == USERS_TESTS.name]


def test_mypy_knows_every_attribute(found_by_mypy: Messages) -> None:
    """Of all that the fixtures give."""
    check_known(found_by_mypy)


@needs("node", "npm")
def test_pyright_refuses_misspelt_names(found_by_pyright: Messages) -> None:
    """As mypy does."""
    check_misspelt(found_by_pyright)


@needs("node", "npm")
def test_pyright_finds_nothing_in_tests_of_users(found_by_pyright: Messages) -> None:
    """As mypy does."""
    assert not [found for (name, _), found in found_by_pyright.items() if name == USERS_TESTS.name]


@needs("node", "npm")
def test_pyright_knows_every_attribute(found_by_pyright: Messages) -> None:
    """As mypy does."""
    check_known(found_by_pyright)

"""The figures of the code's structure, as the script counts them in small checkouts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "structure.py"
LAYERS = """
[[tool.importlinter.contracts]]
type = "layers"
containers = ["understudy"]
layers = ["app | (cli)", "core"]
"""
UPWARD = {"pyproject.toml": LAYERS, "app.py": "", "core/__init__.py": ""}


def run(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The script's run over a checkout whose `bin` is all that is on PATH."""
    command = [sys.executable, str(SCRIPT), str(root), *options]
    return subprocess.run(
        command, env={"PATH": str(root / "bin")}, capture_output=True, text=True, timeout=60
    )


def write(root: Path, files: Mapping[str, str]) -> None:
    """A checkout: what is no test and no setting belongs to the package."""
    for name, text in {"__init__.py": "", **files}.items():
        own = name.startswith(("tests/", "bin/", "pyproject"))
        path = root / name if own else root / "src" / "understudy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def figures(root: Path, files: Mapping[str, str]) -> dict[str, Any]:
    """What the script counts in a checkout of these files."""
    write(root, files)
    done = run(root, "--json")
    assert done.returncode == 0, done.stderr
    counted: dict[str, Any] = json.loads(done.stdout)
    return counted


def test_code_lines_leave_out_what_is_for_readers(tmp_path: Path) -> None:
    """Blank lines, comments and docstrings are physical lines alone; a text's lines are code."""
    text = '"""A\n\nmodule."""\n\n# Why.\nTEXT = """a\n\nb"""\n\n\nclass A:\n    """A."""  # here\n'

    code = figures(tmp_path, {"one.py": text})["package_code"]

    assert (code["code_lines"], code["physical_lines"]) == (4, 12)
    assert (code["largest_module"], code["largest_module_lines"]) == ("understudy/one.py", 4)


def test_a_function_is_as_long_as_its_body(tmp_path: Path) -> None:
    """The signature and the docstring do not count; a nested function counts in both."""
    text = (
        'def one(\n    a: int,\n) -> int:\n    """One."""\n    return a\n\n\n'
        "def three() -> None:\n    @one\n    def inner() -> None: ...\n\n    inner()\n"
    )

    code = figures(tmp_path, {"one.py": text})["package_code"]

    assert code["functions"] == 3
    assert (code["function_median"], code["function_longest"]) == (1, 3)
    assert code["function_p90"] == pytest.approx(2.6)


def test_long_functions_and_modules_are_over_the_limit(tmp_path: Path) -> None:
    """50 lines in a body and 300 in a module are fine, one more is not."""
    fine, long = "    a()\n" * 50, "    a()\n" * 51
    text = f"def fine():\n{fine}\n\ndef long():\n{long}"
    files = {"one.py": text, "fine.py": "a()\n" * 300, "long.py": "a()\n" * 301}

    code = figures(tmp_path, files)["package_code"]

    assert (code["long_functions"], code["long_modules"]) == (1, 1)


@pytest.mark.parametrize(
    ("signature", "percent"),
    [
        ("f(a: int, *b: int, **c: int) -> int", 100),
        ("f(self, a: int) -> int", 100),
        ("f(a: int)", 0),
        ("f(a: int, /, b=1) -> int", 0),
        ("f(*a) -> int", 0),
    ],
)
def test_a_typed_signature_gives_every_type(tmp_path: Path, signature: str, percent: int) -> None:
    """The result's type and that of every parameter but self count."""
    code = figures(tmp_path, {"one.py": f"def {signature}: ...\n"})["package_code"]

    assert code["typed_percent"] == percent


def test_a_repeated_name_is_in_five_modules(tmp_path: Path) -> None:
    """Functions, classes and constants count, in any branch; four modules are too few."""
    kinds = ["def _a(): ...", "class _a: ...", "_a = 1", "_a: int = 1", "if 1:\n    b, _a = 1, 2"]
    files = {f"m{number}.py": f"{text}\n" for number, text in enumerate(kinds)}
    many = {name: f"{text}__all__ = []\nsys.a = 1\n" for name, text in files.items()}
    few = {f"m{number}.py": f"{many[f'm{number}.py']}c = 1\n" for number in range(4)}

    assert figures(tmp_path, {**many, **few})["package_code"]["repeated_names"] == {"_a": 5}


@pytest.mark.parametrize(
    "line",
    [
        "from understudy.core import late",
        "from . import late",
        "from .late import f",
        "import understudy.core.late",
        "def f():\n    from understudy.core.late import g",
        "if TYPE_CHECKING: ...\nelse:\n    from .late import f",
    ],
)
def test_a_cycle_counts_however_it_is_imported(tmp_path: Path, line: str) -> None:
    """Absolute, relative and late imports close a circle."""
    files = {"core/__init__.py": "", "core/late.py": "from understudy.core import early\n"}

    package = figures(tmp_path, {**files, "core/early.py": f"{line}\n"})["package"]

    assert package["module_cycles"] == [["understudy.core.early", "understudy.core.late"]]
    assert package["folder_cycles"] == []


def test_a_package_imports_relative_to_itself(tmp_path: Path) -> None:
    """A dot in an `__init__` is its own folder."""
    files = {
        "core/__init__.py": "from .late import f\n",
        "core/late.py": "import understudy.core\n",
    }

    package = figures(tmp_path, files)["package"]

    assert package["module_cycles"] == [["understudy.core", "understudy.core.late"]]


def test_folders_can_form_a_cycle_that_modules_do_not(tmp_path: Path) -> None:
    """Two folders that use each other's modules are a cycle of folders."""
    files = {"a/__init__.py": "", "b/__init__.py": "", "a/low.py": "", "b/high.py": ""}
    files |= {"a/high.py": "import understudy.b.low\n", "b/low.py": "import understudy.a.low\n"}

    package = figures(tmp_path, files)["package"]

    assert (package["module_cycles"], package["folder_cycles"]) == (
        [],
        [["understudy.a", "understudy.b"]],
    )


def test_imports_for_type_checkers_are_listed_alone(tmp_path: Path) -> None:
    """What is imported under TYPE_CHECKING makes no cycle and no upward import."""
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import understudy.app\n"
    files = {**UPWARD, "core/errors.py": text, "app.py": "import understudy.core.errors\n"}

    package = figures(tmp_path, files)["package"]

    assert package["type_only_imports"] == [["understudy.core.errors", "understudy.app"]]
    assert (package["module_cycles"], package["upward_imports"]) == ([], [])


def test_an_upward_import_goes_against_the_layers(tmp_path: Path) -> None:
    """A lower layer's module imports a higher's; down, sideways and to no layer is fine."""
    files = {
        **UPWARD,
        "core/errors.py": "import understudy, understudy.cli\n",
        "app.py": "import understudy.core.errors, understudy.cli\n",
        "cli.py": "import json\n",
    }

    package = figures(tmp_path, files)["package"]

    assert package["upward_imports"] == [["understudy.core.errors", "understudy.cli"]]
    assert package["layer_lines"] == 2


def test_levels_are_the_longest_chain(tmp_path: Path) -> None:
    """A cycle counts as one level, and a folder as one of the folders' levels."""
    files = {
        "a.py": "import understudy.core.b\n",
        "core/__init__.py": "",
        "core/b.py": "import understudy.core.c, understudy.core.d\n",
        "core/c.py": "import understudy.core.b\n",
        "core/d.py": "",
    }

    package = figures(tmp_path, files)["package"]

    assert (package["module_levels"], package["folder_levels"]) == (3, 2)


def test_folders_hold_modules_of_their_own(tmp_path: Path) -> None:
    """A folder of nothing but folders holds none."""
    files = {"vendors/__init__.py": "", "vendors/sent/__init__.py": "", "vendors/sent/a.py": ""}

    package = figures(tmp_path, {**files, "app.py": ""})["package"]

    assert package["folders"] == ["understudy.vendors.sent"]
    assert (package["top_folders"], package["top_modules"]) == (1, 1)


def test_tests_are_counted_by_name(tmp_path: Path) -> None:
    """Helpers are no tests; tests without docstring and lines of tests are counted, too."""
    text = "def test_a():\n    '''A.'''\n    b()\n\n\ndef test_c(): ...\n\n\ndef b(): ...\n"
    files = {"one.py": "A = 1\nB = 2\n", "tests/test_one.py": text, "tests/b.py": "C = 1\n"}

    tests = figures(tmp_path, files)["tests"]

    assert (tests["functions"], tests["without_docstring"]) == (2, 1)
    assert tests["lines_per_code_line"] == 2.5


@pytest.mark.parametrize(
    ("text", "patches", "settings"),
    [
        ("def test(monkeypatch): monkeypatch.setattr(a, 'b', 1)", 1, 0),
        ("def test(monkeypatch): monkeypatch.setenv('A', '1')", 0, 1),
        ("from unittest import mock as m\nwith m.patch('a'): ...", 1, 0),
        ("from unittest.mock import patch\n@patch.object(a, 'b')\ndef test(): ...", 1, 0),
        ("def test(mocker): mocker.patch('a')", 1, 0),
        ("import unittest.mock\nunittest.mock.patch.dict(a)", 1, 0),
        ("from unittest.mock import patch\npatched(); patch.calls.clear()", 0, 0),
        ("from understudy import mock\nclient.patch('/a'); mock.patch()", 0, 0),
    ],
)
def test_patches_are_calls_that_replace(
    tmp_path: Path, text: str, patches: int, settings: int
) -> None:
    """Attributes and the environment count apart; an HTTP client's `patch` does not count."""
    tests = figures(tmp_path, {"tests/test_one.py": f"{text}\n"})["tests"]

    assert (tests["patches"], tests["settings"]) == (patches, settings)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("12 pairs of places (3 files read) (5 by shape alone, 4 of those marked boilerplate)", 4),
        ("12 pairs of places (3 files read)\nD1 a.py:1-6 ~ b.py:1-6", 0),
        ("no duplicates (3 files read)", None),
    ],
)
def test_duplicates_are_what_the_command_counts(
    tmp_path: Path, said: str, expected: int | None
) -> None:
    """Its first line counts the pairs, and those that are boilerplate."""
    write(tmp_path, {"bin/duplicates": f"#!/bin/sh\necho '{said}'\n"})
    (tmp_path / "bin" / "duplicates").chmod(0o755)

    code = figures(tmp_path, {})["package_code"]

    pairs = 0 if expected is None else 12
    assert code["duplicates"] == {"pairs": pairs, "boilerplate": expected or 0}


@pytest.mark.parametrize("said", ["12 pairs of places\nincomplete: time ran out", "what?"])
def test_an_unfinished_count_is_no_count(tmp_path: Path, said: str) -> None:
    """Neither a part of the files nor another command's words are taken for a figure."""
    write(tmp_path, {"bin/duplicates": f"#!/bin/sh\necho '{said}'\n"})
    (tmp_path / "bin" / "duplicates").chmod(0o755)

    assert figures(tmp_path, {})["package_code"]["duplicates"] is None


def test_tables_hold_every_figure(tmp_path: Path) -> None:
    """Without --json the figures are markdown; without the command, duplicates are not measured."""
    write(tmp_path, {"one.py": "def f(): ...\n", "tests/test_one.py": "def test_f(): ...\n"})

    shown = " ".join(run(tmp_path).stdout.split())

    assert "| figure | src/understudy | tests | | ---" in shown
    assert "| largest module | understudy/one.py 1 | tests/test_one.py 1 |" in shown
    assert "| pairs of places that share 6 lines or more | not measured | not measured |" in shown
    assert "| tests without docstring | 1 |" in shown
    assert "Cycles between modules: none." in shown


@pytest.mark.parametrize("text", ["def f(:\n", "# -*- coding: nothing -*-\n"])
def test_what_is_not_python_is_refused(tmp_path: Path, text: str) -> None:
    """A file that cannot be parsed ends the run with one sentence that names it."""
    write(tmp_path, {"one.py": text})

    done = run(tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("cannot read the Python files") and "one.py" in done.stderr


def test_a_folder_without_the_package_is_refused(tmp_path: Path) -> None:
    """Zeros would look like figures."""
    assert "holds no Python files" in run(tmp_path).stderr

"""How the code is built, in figures: sizes, imports, repetition, tests; for any checkout.

.venv/bin/python benchmarks/structure.py [ROOT] [--json]

Reads `src/understudy` and `tests` below ROOT as text and runs none of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

# This folder holds an `http`, which must not stand in for the standard library's.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from benchmarks.code_figures import (
    LONG_FUNCTION,
    LONG_MODULE,
    MANY_MODULES,
    Code,
    Duplicates,
    Package,
    Structure,
    Tests,
    measure,
)
from benchmarks.measure import ROOT, table

SIZES = (
    "files",
    "code lines (without blank lines, comments, docstrings)",
    "physical lines",
    "functions",
    "code lines in a function's body: median / p90 / most",
    f"functions over {LONG_FUNCTION} lines",
    "largest module",
    f"modules over {LONG_MODULE} lines",
    "signatures with every type",
    f"names that {MANY_MODULES} or more modules define",
    "pairs of places that share 6 lines or more",
)


def report(structure: Structure) -> str:
    """The figures as two markdown tables, then what stands behind those that should be none."""
    package, tests = structure.package_code, structure.test_code
    sizes = [("figure", "src/understudy", "tests")]
    sizes += zip(SIZES, _code_texts(package), _code_texts(tests), strict=True)
    values = [("figure", "value"), *_package_rows(structure), *_test_rows(structure.tests)]
    names = f"Names that {MANY_MODULES} or more modules"
    return "\n\n".join(
        [
            table(sizes),
            table(values),
            _listed(f"{names} of the package define", _counted(package.repeated_names)),
            _listed(f"{names} of the tests define", _counted(tests.repeated_names)),
            *_dependencies(structure.package),
        ]
    )


def _code_texts(code: Code) -> list[str]:
    return [
        f"{code.files:,}",
        f"{code.code_lines:,}",
        f"{code.physical_lines:,}",
        f"{code.functions:,}",
        f"{code.function_median:g} / {code.function_p90:g} / {code.function_longest}",
        f"{code.long_functions}",
        f"{code.largest_module} {code.largest_module_lines:,}",
        f"{code.long_modules}",
        f"{code.typed_percent:.4g} %",
        f"{len(code.repeated_names)}",
        _duplicates_text(code.duplicates),
    ]


def _duplicates_text(duplicates: Duplicates | None) -> str:
    if duplicates is None:
        return "not measured"
    return f"{duplicates.pairs} ({duplicates.boilerplate} of them boilerplate)"


def _package_rows(structure: Structure) -> list[tuple[str, str]]:
    package = structure.package
    return [
        ("folders with modules of their own, at any depth", f"{len(package.folders)}"),
        ("folders directly in the package", f"{package.top_folders}"),
        ("modules directly in the package", f"{package.top_modules}"),
        ("levels of imports between modules", f"{package.module_levels}"),
        ("levels of imports between folders", f"{package.folder_levels}"),
        ("layer lines in pyproject.toml", f"{package.layer_lines}"),
        ("cycles of imports between modules", f"{len(package.module_cycles)}"),
        ("cycles of imports between folders", f"{len(package.folder_cycles)}"),
        ("imports that point up between layers", f"{len(package.upward_imports)}"),
        ("imports for type checkers alone (not counted)", f"{len(package.type_only_imports)}"),
        ("pairs that share 6 lines or more, all files", _duplicates_text(structure.duplicates)),
    ]


def _test_rows(tests: Tests) -> list[tuple[str, str]]:
    hundreds = max(tests.functions, 1) / 100
    return [
        ("tests (a parametrised one once)", f"{tests.functions:,}"),
        ("tests without docstring", f"{tests.without_docstring}"),
        ("code lines of tests for each of the package", f"{tests.lines_per_code_line:.2f}"),
        ("patches per 100 tests", f"{tests.patches / hundreds:.2f}"),
        ("changes of the environment per 100 tests", f"{tests.settings / hundreds:.2f}"),
    ]


def _dependencies(package: Package) -> list[str]:
    return [
        _listed("Cycles between modules", map(" ~ ".join, package.module_cycles)),
        _listed("Cycles between folders", map(" ~ ".join, package.folder_cycles)),
        _listed("Imports that point up", map(" -> ".join, package.upward_imports)),
        _listed("Imports for type checkers alone", map(" -> ".join, package.type_only_imports)),
    ]


def _counted(names: Mapping[str, int]) -> list[str]:
    return [f"`{name}` {count}" for name, count in names.items()]


def _listed(title: str, items: Iterable[str]) -> str:
    return f"{title}: {', '.join(items) or 'none'}."


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("root", nargs="?", type=Path, default=ROOT, help="another checkout")
    parser.add_argument("--json", action="store_true", help="print JSON, not tables")
    arguments = parser.parse_args()
    structure = measure(arguments.root)
    print(json.dumps(asdict(structure), indent=2) if arguments.json else report(structure))


if __name__ == "__main__":
    main()

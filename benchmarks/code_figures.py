"""The figures of a checkout's structure, counted from the text of its Python files."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.import_graph import (
    count_levels,
    cycles,
    folder_graph,
    module_graph,
    read_layers,
    type_only_imports,
    upward_imports,
)
from benchmarks.measure import percentile
from benchmarks.source_code import (
    SourceFile,
    count_patches,
    is_typed,
    read_files,
    repeated_names,
)

LONG_FUNCTION, LONG_MODULE, MANY_MODULES = 50, 300, 5


@dataclass(frozen=True)
class Duplicates:
    """Pairs of places that share six lines or more; of them those marked as boilerplate."""

    pairs: int
    boilerplate: int


@dataclass(frozen=True)
class Code:
    """The size of a tree of modules.

    Attributes:
        function_median: of the code lines in a function's body, like `p90` and `longest`.
        long_functions: those with over 50 code lines in their body.
        largest_module_lines: its code lines.
        long_modules: those with over 300 code lines.
        typed_percent: of the signatures, those that give every type.
        repeated_names: what five or more modules define, with the number of modules.
        duplicates: None where the command is not installed or did not finish.
    """

    files: int
    code_lines: int
    physical_lines: int
    functions: int
    function_median: float
    function_p90: float
    function_longest: int
    long_functions: int
    largest_module: str
    largest_module_lines: int
    long_modules: int
    typed_percent: float
    repeated_names: Mapping[str, int]
    duplicates: Duplicates | None


@dataclass(frozen=True)
class Package:
    """How the modules of the package depend on each other.

    Attributes:
        folders: the packages in it, at any depth, that hold a module beside their `__init__`.
        top_folders: how many packages lie directly in it.
        top_modules: how many modules lie directly in it, without its `__init__`.
        module_levels: how many modules the longest chain of imports has.
        folder_levels: the same where each folder directly in the package counts as one.
        layer_lines: of import-linter's contracts of type layers.
        upward_imports: importer and imported, against the order of those layers.
        type_only_imports: importer and imported, where only a type checker imports; every other
            figure leaves them out.
    """

    folders: list[str]
    top_folders: int
    top_modules: int
    module_levels: int
    folder_levels: int
    layer_lines: int
    module_cycles: list[list[str]]
    folder_cycles: list[list[str]]
    upward_imports: list[tuple[str, str]]
    type_only_imports: list[tuple[str, str]]


@dataclass(frozen=True)
class Tests:
    """How the code is tested; a parametrised test counts once.

    Attributes:
        patches: replaced attributes and items.
        settings: changes of the environment, of the module path and of the working folder.
        lines_per_code_line: code lines of the tests for each of the package.
    """

    functions: int
    without_docstring: int
    patches: int
    settings: int
    lines_per_code_line: float


@dataclass(frozen=True)
class Structure:
    """Every figure of a checkout; its duplicates are those of all its files."""

    package_code: Code
    test_code: Code
    package: Package
    tests: Tests
    duplicates: Duplicates | None


def measure(root: Path) -> Structure:
    """The figures of a checkout.

    Raises:
        SystemExit: there is no package, or a file in it is not Python.
    """
    try:
        modules = read_files(root / "src", root / "src" / "understudy")
        tests = read_files(root, root / "tests")
    except (SyntaxError, UnicodeDecodeError) as error:
        raise SystemExit(f"cannot read the Python files of {root}: {error}") from error
    if not modules:
        raise SystemExit(f"{root / 'src' / 'understudy'} holds no Python files")
    return Structure(
        measure_code(modules, count_duplicates(root / "src")),
        measure_code(tests, count_duplicates(root / "tests")),
        measure_package(modules, root / "pyproject.toml"),
        measure_tests(modules, tests),
        count_duplicates(root),
    )


def measure_code(files: Sequence[SourceFile], duplicates: Duplicates | None) -> Code:
    """The sizes of a tree of modules."""
    functions = [(file, function) for file in files for function in file.functions()]
    lengths = [file.body_length(function) for file, function in functions] or [0]
    sizes = {file.path: len(file.code_lines) for file in files}
    largest = max(sizes, key=sizes.__getitem__, default="")
    typed = sum(is_typed(function) for _, function in functions)
    return Code(
        files=len(files),
        code_lines=sum(sizes.values()),
        physical_lines=sum(file.physical_lines for file in files),
        functions=len(functions),
        function_median=median(lengths),
        function_p90=percentile(lengths, 90) if len(lengths) > 1 else lengths[0],
        function_longest=max(lengths),
        long_functions=sum(length > LONG_FUNCTION for length in lengths),
        largest_module=largest,
        largest_module_lines=sizes.get(largest, 0),
        long_modules=sum(size > LONG_MODULE for size in sizes.values()),
        typed_percent=100 * typed / max(len(functions), 1),
        repeated_names=repeated_names(files, MANY_MODULES),
        duplicates=duplicates,
    )


def count_duplicates(folder: Path) -> Duplicates | None:
    """What the `duplicates` command counts below a folder, where it is installed."""
    command = ["duplicates", "--repo", str(folder), "--most", "200", "--seconds", "120"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=150).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    if "incomplete:" in said:
        return None
    first = said.partition("\n")[0]
    pairs = re.match(r"(\d+) pairs? of places|no duplicates", first)
    boilerplate = re.search(r"(\d+) of those marked boilerplate", first)
    if pairs is None:
        return None
    return Duplicates(int(pairs[1] or 0), int(boilerplate[1]) if boilerplate else 0)


def measure_package(files: Sequence[SourceFile], pyproject: Path) -> Package:
    """How the modules of the package depend on each other."""
    modules, contracts = module_graph(files), read_layers(pyproject)
    folders = folder_graph(modules)
    parents = {file.module.rpartition(".")[0] for file in files if not file.is_package}
    depths = [(file.module.count("."), file.is_package) for file in files]
    return Package(
        folders=sorted(parent for parent in parents if "." in parent),
        top_folders=depths.count((1, True)),
        top_modules=depths.count((1, False)),
        module_levels=count_levels(modules),
        folder_levels=count_levels(folders),
        layer_lines=sum(len(contract["layers"]) for contract in contracts),
        module_cycles=cycles(modules),
        folder_cycles=cycles(folders),
        upward_imports=upward_imports(modules, contracts),
        type_only_imports=type_only_imports(files),
    )


def measure_tests(modules: Sequence[SourceFile], files: Sequence[SourceFile]) -> Tests:
    """How the code is tested."""
    tests = [test for file in files for test in file.tests()]
    patches = [count_patches(file) for file in files]
    return Tests(
        functions=len(tests),
        without_docstring=sum(ast.get_docstring(test) is None for test in tests),
        patches=sum(replaced for replaced, _ in patches),
        settings=sum(changed for _, changed in patches),
        lines_per_code_line=_count_lines(files) / max(_count_lines(modules), 1),
    )


def _count_lines(files: Sequence[SourceFile]) -> int:
    return sum(len(file.code_lines) for file in files)

"""What a tree of Python files holds, read from their text: nothing is imported or run."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# Tokens that make no line a line of code.
LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# The methods of pytest's `monkeypatch` that replace something, and those for the environment.
REPLACING = {"setattr", "delattr", "setitem", "delitem"}
SETTING = {"setenv", "delenv", "syspath_prepend", "chdir"}
# How a call goes on behind what was imported of `unittest.mock`, as patterns.
IMPORTED_PATCHES = {"unittest.mock": r"\.patch", "unittest.mock.patch": ""}
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class SourceFile:
    """One Python file.

    Attributes:
        module: its dotted name, seen from the folder that was read: `shop.orders`, and `shop` for
            the `__init__.py` of that package.
        is_package: whether it is an `__init__.py`.
        code_lines: the numbers of its lines without blank ones, comments and docstrings; a blank
            line within any other text counts, because it is a part of a value.
    """

    path: str
    module: str
    is_package: bool
    tree: ast.Module
    physical_lines: int
    code_lines: Sequence[int]

    def functions(self) -> Iterator[FunctionNode]:
        """Its functions and methods, nested ones too."""
        nodes = ast.walk(self.tree)
        return (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    def tests(self) -> Iterator[FunctionNode]:
        """The functions that pytest collects, a parametrised one once."""
        if Path(self.path).name.startswith("test_"):
            yield from (node for node in self.functions() if node.name.startswith("test_"))

    def body_length(self, function: FunctionNode) -> int:
        """Code lines of a function without its signature, its decorators and its docstring."""
        first = function.body[0]
        start = min([first.lineno, *(each.lineno for each in _decorators(first))])
        end = function.end_lineno or start
        return sum(start <= line <= end for line in self.code_lines)


def read_files(base: Path, folder: Path) -> list[SourceFile]:
    """Every Python file below a folder.

    Args:
        base: the folder that the dotted names of modules start at.

    Raises:
        SyntaxError, UnicodeDecodeError: one of them is not Python.
    """
    return [_read_file(base, path) for path in sorted(folder.rglob("*.py"))]


def _read_file(base: Path, path: Path) -> SourceFile:
    with tokenize.open(path) as file:
        text = file.read()
    tree = ast.parse(text, str(path))
    relative = path.relative_to(base)
    parts = relative.with_suffix("").parts
    is_package = parts[-1] == "__init__"
    return SourceFile(
        path=relative.as_posix(),
        module=".".join(parts[:-1] if is_package else parts),
        is_package=is_package,
        tree=tree,
        physical_lines=len(text.splitlines()),
        code_lines=_code_lines(text, tree),
    )


def _code_lines(text: str, tree: ast.Module) -> list[int]:
    documentation = _docstring_lines(tree)
    counted: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        lines = range(token.start[0], token.end[0] + 1)
        is_docstring = token.type == tokenize.STRING and documentation.issuperset(lines)
        if token.type not in LAYOUT and not is_docstring:
            counted.update(lines)
    return sorted(counted)


def _docstring_lines(tree: ast.Module) -> set[int]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, DOCUMENTED))
    first = [node.body[0] for node in nodes if ast.get_docstring(node, clean=False) is not None]
    return {line for node in first for line in range(node.lineno, (node.end_lineno or 0) + 1)}


def _decorators(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.decorator_list
    return []


def is_typed(function: FunctionNode) -> bool:
    """Whether a signature gives the type of its result and of every parameter but self or cls."""
    listed = function.args
    named = [*listed.posonlyargs, *listed.args, *listed.kwonlyargs]
    parameters = [each for each in (*named, listed.vararg, listed.kwarg) if each is not None]
    types = [each.annotation for each in parameters if each.arg not in ("self", "cls")]
    return function.returns is not None and None not in types


def repeated_names(files: Iterable[SourceFile], least: int) -> dict[str, int]:
    """The functions, classes and constants that at least so many modules define, and how many do.

    Names like `__all__` are Python's and do not count, nor do tests.
    """
    modules = Counter(name for file in files for name in set(_defined(file.tree.body)))
    repeated = [
        (name, count)
        for name, count in modules.items()
        if count >= least and not name.startswith(("__", "test_"))
    ]
    return dict(sorted(repeated, key=lambda pair: (-pair[1], pair[0])))


def _defined(body: Iterable[ast.AST]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from _bound(targets)
        elif isinstance(node, ast.If | ast.Try | ast.ExceptHandler | ast.With):
            yield from _defined(ast.iter_child_nodes(node))


def _bound(targets: Iterable[ast.expr]) -> Iterator[str]:
    inner = (node for target in targets for node in ast.walk(target))
    names = (node for node in inner if isinstance(node, ast.Name))
    return (node.id for node in names if isinstance(node.ctx, ast.Store))


def count_patches(file: SourceFile) -> tuple[int, int]:
    """How often a file replaces an attribute, and how often it sets the environment."""
    calls = [node.func for node in ast.walk(file.tree) if isinstance(node, ast.Call)]
    methods = [node.attr for node in calls if isinstance(node, ast.Attribute)]
    patch = re.compile(rf"({'|'.join(_mock_names(file.tree))})(\.\w+)?")
    return (
        sum(name in REPLACING for name in methods)
        + sum(patch.fullmatch(ast.unparse(call)) is not None for call in calls),
        sum(name in SETTING for name in methods),
    )


def _mock_names(tree: ast.Module) -> list[str]:
    """What a file calls `unittest.mock.patch`, as patterns."""
    names = [r"unittest\.mock\.patch", r"mocker\.patch"]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                ending = IMPORTED_PATCHES.get(f"{node.module}.{alias.name}")
                names += [] if ending is None else [(alias.asname or alias.name) + ending]
    return names

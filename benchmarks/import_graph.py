"""Who imports whom in a package: levels, cycles, and imports against the order of its layers.

An import inside a function counts like any other; one under `if TYPE_CHECKING` does not, because
it never runs. Importing `shop.orders` counts as an import of that module alone, not of `shop`.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from benchmarks.source_code import SourceFile

# Each importer, and what it imports.
Graph = Mapping[str, set[str]]
CHECKERS_ONLY = ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def module_graph(files: Sequence[SourceFile]) -> Graph:
    """The imports between the modules of a package."""
    modules = {file.module for file in files}
    return {file.module: _modules_in(file, _running(file.tree), modules) for file in files}


def type_only_imports(files: Sequence[SourceFile]) -> list[tuple[str, str]]:
    """Importer and imported, for what a module imports under `if TYPE_CHECKING` alone."""
    modules, running = {file.module for file in files}, module_graph(files)
    return [
        (file.module, imported)
        for file in files
        for imported in sorted(_modules_in(file, ast.walk(file.tree), modules))
        if imported not in running[file.module]
    ]


def folder_graph(graph: Graph) -> Graph:
    """The same imports between what lies directly below the package: folders and lone modules."""
    folders: dict[str, set[str]] = {_folder(module): set() for module in graph}
    for module, imported in graph.items():
        folders[_folder(module)] |= {_folder(each) for each in imported} - {_folder(module)}
    return folders


def _folder(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _modules_in(file: SourceFile, nodes: Iterable[ast.AST], modules: set[str]) -> set[str]:
    """What a file's import statements lead to, without the file itself."""
    names: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{_origin(file, node)}.{alias.name}" for alias in node.names]
    found = {module for name in names if (module := _nearest(name, modules))}
    return found - {file.module}


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all within it, without what only a type checker reads."""
    yield node
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test) in CHECKERS_ONLY:
        children = node.orelse
    for child in children:
        yield from _running(child)


def _origin(file: SourceFile, node: ast.ImportFrom) -> str:
    """What stands between `from` and `import`, absolute."""
    if not node.level:
        return node.module or ""
    parts = file.module.split(".")
    above = node.level - 1 if file.is_package else node.level
    return ".".join([*parts[: len(parts) - above], *filter(None, [node.module])])


def _nearest(name: str, modules: Container[str]) -> str | None:
    """The longest beginning of a dotted name that is one of the modules, None where none is."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def cycles(graph: Graph) -> list[list[str]]:
    """The groups of two or more in which everyone imports everyone, directly or not."""
    reached = {node: _reached(graph, node) for node in graph}
    groups = {
        frozenset({node} | {each for each in reached[node] if node in reached[each]})
        for node in graph
    }
    return sorted(sorted(group) for group in groups if len(group) > 1)


def _reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += graph[node]
    return found


def count_levels(graph: Graph) -> int:
    """How many stand in the longest chain of imports, each cycle counted as one."""
    groups = {node: group[0] for group in cycles(graph) for node in group}
    merged: dict[str, set[str]] = {}
    for node, imported in graph.items():
        name = groups.get(node, node)
        merged.setdefault(name, set()).update({groups.get(each, each) for each in imported})
        merged[name].discard(name)
    levels: dict[str, int] = {}
    for node in TopologicalSorter(merged).static_order():
        levels[node] = 1 + max((levels[each] for each in merged[node]), default=0)
    return max(levels.values(), default=0)


def read_layers(pyproject: Path) -> list[dict[str, Any]]:
    """Import-linter's contracts of type layers; none where the file or the tool is missing."""
    if not pyproject.exists():
        return []
    tools = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {})
    contracts = tools.get("importlinter", {}).get("contracts", [])
    return [contract for contract in contracts if contract.get("type") == "layers"]


def upward_imports(graph: Graph, contracts: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The imports of a module in a higher layer by one in a lower, over every contract."""
    imports = [(importer, each) for importer in sorted(graph) for each in sorted(graph[importer])]
    return [
        (importer, imported)
        for floors in _floors(contracts)
        for importer, imported in imports
        if _floor(importer, floors) > _floor(imported, floors) >= 0
    ]


def _floors(contracts: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, int]]:
    """For each contract and container: the modules that it names, counted from the top layer."""
    for contract in contracts:
        for container in contract.get("containers", [""]):
            yield {
                f"{container}.{name}".lstrip("."): floor
                for floor, layer in enumerate(contract["layers"])
                for name in re.findall(r"[\w.]+", layer)
            }


def _floor(module: str, floors: Mapping[str, int]) -> int:
    """The layer that a module is in, -1 for a module in none."""
    named = _nearest(module, floors)
    return floors[named] if named else -1

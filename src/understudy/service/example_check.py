"""Whether the examples that a vendor package names for its errors are in its document."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from understudy.core.errors import Internal, Refused, StartError
from understudy.openapi.document import Document
from understudy.service.error_examples import STANDARD_NAMES, ErrorExamples


def check_examples(errors: ErrorExamples, document: Document) -> None:
    """Hold the names in a vendor's table of errors against its document.

    Raises:
        StartError: for a name that no operation documents; says what to write.
    """
    if not errors.examples:
        return
    documented = find_example_names(document)
    # A vendor without bodies or limits never raises some of the standard ones.
    standard = frozenset(STANDARD_NAMES.values()) - {errors.choose(Internal(""))}
    for name in (*errors.examples.values(), *errors.transitions.values()):
        if name not in documented | standard:
            raise StartError(
                f'specs/{document.name}.yaml: no response has the example "{name}", which the '
                "vendor package names for an error; add the example, or correct the name"
            )


def find_unknown_names(document: Document, folder: Path) -> Iterator[str]:
    """The places in a vendor package where a rule raises `Refused` with a name of no example.

    Names that are computed cannot be checked; literals can, also those of a table of the module.

    Args:
        folder: of the package's modules.
    """
    documented = find_example_names(document)
    for file in sorted(folder.glob("*.py")):
        for line, name in find_raised_names(ast.parse(file.read_text(encoding="utf-8"))):
            if name not in documented:
                yield f'{file.name}:{line}: no response has the example "{name}"'


def find_example_names(document: Document) -> frozenset[str]:
    """The names of all examples of a document's responses."""
    return frozenset(
        name
        for operation in document.operations.values()
        for response in operation.responses.values()
        for name in response.examples
    )


def find_raised_names(module: ast.Module) -> Iterator[tuple[int, str]]:
    """The lines of a module that raise `Refused`, each with the literals that may name the rule."""
    tables = {
        target.id: each.value
        for each in module.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _called_name(node) == Refused.__name__:
            keywords = [each.value for each in node.keywords if each.arg == "example"]
            for argument in (*node.args[:1], *keywords):
                yield from ((node.lineno, name) for name in _find_literals(argument, tables))


def _called_name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _find_literals(node: ast.expr, tables: dict[str, ast.expr]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _find_literals(body, tables)
            yield from _find_literals(orelse, tables)
        case ast.Name(id=name) if name in tables:
            yield from _find_literals(tables[name], {})
        case ast.Subscript(value=ast.Name(id=name)) if isinstance(tables.get(name), ast.Dict):
            for value in getattr(tables[name], "values", ()):
                yield from _find_literals(value, tables)

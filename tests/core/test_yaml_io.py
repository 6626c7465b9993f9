"""YAML files out of bounds are refused in our own words, by whichever loader and library."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.core.yaml_io import (
    MAX_DEPTH,
    MAX_REPEATED_CHARACTERS,
    Loader,
    PythonLoader,
    max_open_brackets,
    read_yaml,
)

LOADERS = pytest.mark.parametrize("loader", [Loader, PythonLoader])
# Nine times nine times nine...: a few lines that stand for gigabytes.
LISTS = ["&x0 [x]", *(f"&x{at} [{f'*x{at - 1},' * 9}]" for at in range(1, 12))]
MERGES = ["&m0 {k: v}", *(f"&m{at} {{<<: [{f'*m{at - 1},' * 9}]}}" for at in range(1, 12))]


def nested(levels: int) -> str:
    """A number in lists; it is a level itself."""
    return "[" * (levels - 1) + "1" + "]" * (levels - 1)


@LOADERS
def test_a_file_is_read_to_the_bound(loader: Any) -> None:
    """So many levels are read as they stand, and as many brackets in text are no level at all."""
    content = f"- '{'[' * 5_000}'\n- {nested(MAX_DEPTH - 1)}".encode()

    text, found = read_yaml(content, loader)

    assert text == "[" * 5_000 and str(found) == nested(MAX_DEPTH - 1)


@LOADERS
@pytest.mark.parametrize(
    "text",
    [
        nested(MAX_DEPTH + 1),
        *(f"a: {each * 50_000}" for each in ("[", "{", "{a: ", '["]", ')),
        *(each * 50_000 for each in ("- ", "? ", "[? ")),
        "\n".join(" " * depth + "a:" for depth in range(1_500)),
    ],
    ids=lambda text: text[:6],
)
def test_deep_nesting_is_refused(loader: Any, text: str) -> None:
    """In brackets, on one line, by indentation: the library's own bound is never met."""
    with pytest.raises(ValueError, match=f"^is not YAML: it nests deeper than {MAX_DEPTH} levels$"):
        read_yaml(text.encode(), loader)


@LOADERS
@pytest.mark.parametrize("parts", [LISTS, MERGES], ids=["lists", "merges"])
def test_a_bomb_of_references_is_refused(loader: Any, parts: list[str]) -> None:
    """Before anything is made of it, and with the place of what is repeated."""
    message = rf"such as to line 1, column \d+\) repeat more than {MAX_REPEATED_CHARACTERS} char"

    with pytest.raises(ValueError, match=message):
        read_yaml(f"[{', '.join(parts)}]".encode(), loader)


@LOADERS
def test_what_holds_itself_is_refused(loader: Any) -> None:
    """Also at some distance."""
    with pytest.raises(
        ValueError, match=r"^is not YAML: what begins at line 2, column 4 refers to itself$"
    ):
        read_yaml(b"a: b\nc: &here {d: [{e: *here}]}", loader)


@LOADERS
def test_few_references_are_followed(loader: Any) -> None:
    """And the same part is met again."""
    assert read_yaml(b"[&a {b: c}, *a, *a]", loader) == [{"b": "c"}] * 3


@LOADERS
@pytest.mark.parametrize(
    "value", ["!!int x", "!!bool x", "!!timestamp x", "!!float x", "1" * 5_000]
)
def test_a_value_that_is_not_what_it_says(loader: Any, value: str) -> None:
    """It is an error of the file like any other."""
    with pytest.raises(ValueError, match=r"^is not YAML: "):
        read_yaml(f"a: {value}".encode(), loader)


@pytest.mark.parametrize(("text", "depth"), [("", 0), ("[][{}]", 2), ("]]][", 1), ('{"[', 2)])
def test_brackets_are_counted(text: str, depth: int) -> None:
    """Those that are open at once; what was never opened cannot be closed."""
    assert max_open_brackets(text.encode()) == depth

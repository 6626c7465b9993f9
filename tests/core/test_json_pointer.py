"""JSON pointers are taken apart and put together as RFC 6901 says."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.core.json_pointer import (
    MISSING,
    escape_token,
    mask_indexes,
    resolve_pointer,
    same_json,
    split_pointer,
)


@pytest.mark.parametrize("name", ["a", "", "a/b", "m~n", "~1", "0"])
def test_a_pointer_is_what_was_escaped(name: str) -> None:
    """Every name comes back."""
    assert split_pointer(f"/data/{escape_token(name)}") == ["data", name]


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("", {"a": [{"b/c": 1}]}), ("/a/0/b~1c", 1), ("/a/1", MISSING), ("/a/x", MISSING)],
)
def test_a_pointer_leads_to_a_value(pointer: str, value: Any) -> None:
    """By names and indexes; MISSING where there is nothing."""
    assert resolve_pointer({"a": [{"b/c": 1}]}, pointer) == value


def test_a_masked_pointer_is_the_same_for_every_index() -> None:
    """Names that only have digits in them stay."""
    assert mask_indexes("/data/0/a1/12") == "/data/*/a1/*"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        ({"a": 1}, {"a": True}, False),
        ([{"a": [0]}], [{"a": [False]}], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1], [1, 2], False),
    ],
)
def test_equality_is_that_of_json(one: Any, other: Any, same: bool) -> None:
    """1 is 1.0 and is not true, at any depth."""
    assert same_json(one, other) is same

"""Masks, and the secrets that are put back in their place."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.redaction.masks import (
    copy_masks,
    drop_owners,
    has_mask,
    is_mask,
    make_mask,
    unmask,
)


def find_secret(owner: str, field: str) -> str | None:
    """The secret of a field of Bob's; nobody else is known."""
    return f"bobs-{field}" if owner == "bob" else None


def test_unmasking_undoes_masking() -> None:
    """At any depth; the field's name tells which of an owner's secrets it was."""
    masked = {"a": [{"pin": make_mask("bob")}], "n": 1}

    assert unmask(masked, find_secret) == {"a": [{"pin": "bobs-pin"}], "n": 1}


@pytest.mark.parametrize("value", [make_mask(), make_mask("eve"), f"<{make_mask('bob')}>", 7])
def test_masks_of_unknown_secrets_stay(value: Any) -> None:
    """No owner, an unknown one, or a mask within other text."""
    assert unmask({"pin": value}, find_secret) == {"pin": value}


@pytest.mark.parametrize(
    ("masked", "value", "expected"),
    [
        ({"a": "[redacted]"}, {"a": "abc"}, {"a": "[redacted]"}),
        (["[redacted]"], ["abc"], ["[redacted]"]),
        (["[redacted]"], ["abc", "d"], ["abc", "d"]),
        ({"a": "[redacted bob]"}, {"a": "abc"}, {"a": "abc"}),
        ({"a": "[redacted]"}, {"a": "[redacted bob]"}, {"a": "[redacted bob]"}),
    ],
)
def test_masks_are_copied_from_the_same_places(masked: Any, value: Any, expected: Any) -> None:
    """But for those that name an owner, which stand for one secret alone."""
    assert copy_masks(masked, value) == expected


def test_masks_are_recognised() -> None:
    """As a whole value, or within text."""
    assert is_mask("[redacted bob]") and not is_mask("a [redacted]") and not is_mask(None)
    assert has_mask("a [redacted bob] b") and not has_mask("redacted")


def test_masks_without_owners_are_equal() -> None:
    """Whoever's secrets they hide."""
    assert drop_owners("[redacted bob] [redacted]") == "[redacted] [redacted]"

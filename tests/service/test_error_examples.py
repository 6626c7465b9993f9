"""Errors by the names of the documents' examples."""

from __future__ import annotations

import pytest

from understudy.core.errors import (
    ApiError,
    BadRequest,
    IllegalTransition,
    Internal,
    InvalidBody,
    MalformedBody,
    NotFound,
    Refused,
    ResponseMismatch,
)
from understudy.service.error_examples import choose_example

EXAMPLES: dict[type[ApiError], str] = {
    BadRequest: "validation",
    MalformedBody: "malformed-body",
    Internal: "internal",
}
TRANSITIONS = {("campaign", "update"): "already-submitted"}


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (Refused("brand-inherited", "why"), "brand-inherited"),
        (NotFound("campaign", "1"), "campaign-not-found"),
        (NotFound("contact list", "1"), "contact-list-not-found"),
        (IllegalTransition("campaign", "update", "ACTIVE", []), "already-submitted"),
        (MalformedBody("why"), "malformed-body"),
        (InvalidBody("why"), "validation"),
        (ResponseMismatch("why"), "internal"),
    ],
)
def test_error_has_the_name_of_its_example(error: ApiError, name: str) -> None:
    """A rule's own name, the kind, the move, or the nearest class that has one."""
    assert choose_example(error, EXAMPLES, TRANSITIONS) == name


def test_move_without_a_name_is_a_defect_of_the_service() -> None:
    """A table that lacks the move is told by its key."""
    with pytest.raises(KeyError, match="delete"):
        choose_example(IllegalTransition("campaign", "delete", "ACTIVE", []), EXAMPLES, TRANSITIONS)

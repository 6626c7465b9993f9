"""Lifecycles: a table of states and events, and what moves by it."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.core.errors import IllegalTransition, Internal
from understudy.service.lifecycle import Lifecycle

CAMPAIGN = Lifecycle(
    "campaign",
    "status",
    {
        None: {"submit": "filed"},
        "filed": {"reject": None, "approve": "active", "touch": "filed"},
        "active": {},
    },
)


@pytest.mark.parametrize(
    ("state", "event", "then"),
    [
        (None, "submit", "filed"),
        ("filed", "approve", "active"),
        ("filed", "reject", None),
        ("filed", "touch", "filed"),
    ],
)
def test_an_event_leads_where_the_table_says(
    state: str | None, event: str, then: str | None
) -> None:
    """The resource is in the state that the table names, None included."""
    moved = CAMPAIGN.fire({"id": "c-1", "status": state}, event)

    assert moved == {"id": "c-1", "status": then}


@pytest.mark.parametrize("resource", [{"status": "lost"}, {"status": ["filed"]}, {"id": "c-1"}])
@pytest.mark.parametrize("ask", ["fire", "allowed"])
def test_a_state_that_the_table_lacks_is_named(resource: dict[str, Any], ask: str) -> None:
    """A resource stored by other code than this is no crash but an error with a diagnosis."""
    with pytest.raises(Internal) as refused:
        CAMPAIGN.fire(resource, "submit") if ask == "fire" else CAMPAIGN.allowed(resource)

    [diagnosis] = refused.value.diagnoses
    assert f"the state {resource.get('status')!r}" in diagnosis.message
    assert "null, filed, active" in diagnosis.hint


def test_what_is_fired_is_a_copy() -> None:
    """The resource that was given stays in its state."""
    draft = {"status": None}

    CAMPAIGN.fire(draft, "submit")

    assert draft == {"status": None}


def test_changes_stand_beside_the_new_state() -> None:
    """Members that change with the move are given with it."""
    moved = CAMPAIGN.fire({"status": None, "at": None}, "submit", at="noon")

    assert moved == {"status": "filed", "at": "noon"}


def test_changes_do_not_set_the_state() -> None:
    """Only the table says where an event leads."""
    moved = CAMPAIGN.fire({"status": None}, "submit", status="active")

    assert moved == {"status": "filed"}


@pytest.mark.parametrize(
    ("state", "event", "possible"),
    [
        ("filed", "submit", "approve, reject, touch"),
        ("active", "submit", "nothing"),
        (None, "explode", "submit"),
    ],
)
def test_an_event_that_the_state_does_not_know_is_refused(
    state: str | None, event: str, possible: str
) -> None:
    """The error says which event, in which state, and what would be possible."""
    with pytest.raises(IllegalTransition) as caught:
        CAMPAIGN.fire({"status": state}, event)

    assert caught.value.message == f"cannot {event} a campaign in state {state}"
    assert caught.value.diagnoses[0].hint == f"possible in this state: {possible}"


@pytest.mark.parametrize(
    ("state", "events"),
    [(None, ["submit"]), ("filed", ["approve", "reject", "touch"]), ("active", [])],
)
def test_the_allowed_events_are_sorted(state: str | None, events: list[str]) -> None:
    """A state's events are listed in order; a final state has none."""
    assert CAMPAIGN.allowed({"status": state}) == events

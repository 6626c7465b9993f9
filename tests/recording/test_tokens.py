"""Which texts are ids and times."""

from __future__ import annotations

import pytest

from understudy.recording.tokens import classify, find_shared_kind, split_tokens

UUID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (UUID, "uuid"),
        ("01HV8ZK3M2N4P5Q6R7S8T9VWXY", "ulid"),
        ("64ee9a8b1e7f2a0011223399", "object_id"),
        ("req_7X9zKp2jDw", "req_"),
        (f"evt_{UUID}", "evt_"),
        ("CTOZJ346", "C"),
        ("b" * 64, "digest"),
        ("2026-03-11T21:50:50.2497025+00:00", "time with 8 of fraction, offset"),
        ("2026-03-11T21:50:50Z", "time with 0 of fraction, Z"),
        ("00000000-0000-0000-0000-000000000000", None),
        ("0001-01-01T00:00:00+00:00", None),
        ("us_ein", None),
        ("pending_review", None),
        ("2026-03-11", None),
        ("App", None),
        ("COMPLETE", None),
        ("", None),
    ],
)
def test_kind_of_a_text(text: str, kind: str | None) -> None:
    """An id's kind is its form, a time's its precision and zone; other text has none."""
    assert classify(text) == kind


def test_ids_within_a_text_are_found() -> None:
    """What stands around them is left as it is."""
    skeleton, tokens = split_tokens(f"/v1/campaigns/{UUID}?at=2026-03-11T21:50:50Z&x=us_ein")

    assert skeleton == "/v1/campaigns/\x00?at=\x00&x=us_ein"
    assert [token.text for token in tokens] == [UUID, "2026-03-11T21:50:50Z"]


def test_part_of_a_word_is_no_id() -> None:
    """A longer run of letters is something else."""
    assert split_tokens(f"x{UUID}y") == (f"x{UUID}y", ())


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("req_7X9zKp2jDw", "req_lZFIKLJMiv", "req_"),
        ("req_abcdefgh", "req_ijklmnop", None),
        ("pending_approval", "pending_approved", None),
        ("req_7X9zKp2j", "req_lZFIKLJMiv", None),
        ("req_7X9zKp2jDw", "cmp_lZFIKLJMiv", None),
        ("COMPLETE", "CREATED1", None),
        ("text", "other", None),
    ],
)
def test_ids_without_a_digit_are_told_by_their_twins(
    one: str, other: str, kind: str | None
) -> None:
    """Same prefix, same length, and one of the two is surely an id."""
    assert (find_shared_kind(one, other), find_shared_kind(other, one)) == (kind, kind)

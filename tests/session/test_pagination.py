"""Pages that hold still while the list grows, and cursors."""

from __future__ import annotations

import pytest

from understudy.session.pagination import PageAnchors, read_cursor, write_cursor

READER = ("acme", "listCampaigns", "50")


def test_later_pages_skip_what_came_since_the_first() -> None:
    """Three new resources move the second page by three."""
    anchors = PageAnchors()
    anchors.newer(READER, page=1, count=100)

    assert anchors.newer(READER, page=2, count=103) == 3


def test_first_page_begins_anew() -> None:
    """Whoever asks for the first page again sees the newest."""
    anchors = PageAnchors()
    anchors.newer(READER, page=1, count=100)

    assert anchors.newer(READER, page=1, count=103) == 0
    assert anchors.newer(READER, page=2, count=103) == 0


def test_a_reader_without_a_first_page_skips_nothing() -> None:
    """A page asked for out of the blue is counted from the newest."""
    assert PageAnchors().newer(READER, page=7, count=100) == 0


def test_readers_do_not_share_an_anchor() -> None:
    """Another page size is another reading."""
    anchors = PageAnchors()
    anchors.newer(READER, page=1, count=100)

    assert anchors.newer(("acme", "listCampaigns", "20"), page=2, count=103) == 0


def test_deleted_resources_skip_nothing() -> None:
    """Fewer than at the first page is no reason to go back."""
    anchors = PageAnchors()
    anchors.newer(READER, page=1, count=100)

    assert anchors.newer(READER, page=2, count=90) == 0


def test_a_restored_reader_goes_on_from_where_he_began() -> None:
    """Whoever began since is forgotten, and reads from the newest."""
    anchors = PageAnchors()
    anchors.newer(READER, page=1, count=100)
    state = anchors.snapshot()
    anchors.newer(READER, page=1, count=150)
    anchors.newer(("globex",), page=1, count=150)

    anchors.restore(state)

    assert anchors.newer(READER, page=2, count=103) == 3
    assert anchors.newer(("globex",), page=2, count=200) == 0
    assert state == {READER: 100}


MEMBERS = frozenset({"created_at", "id"})


def test_cursor_round_trip() -> None:
    """What was handed out is read back."""
    position = {"created_at": "2026-04-26T12:00:00Z", "id": "01900000"}

    assert read_cursor(write_cursor(position), MEMBERS) == position


@pytest.mark.parametrize("cursor", ["", "%%%", "bm8=", "e30=", "eyJpZCI6MX0=", "W10=", "é"])
def test_foreign_cursor_is_refused(cursor: str) -> None:
    """Text that was never handed out is no position."""
    assert read_cursor(cursor, MEMBERS) is None

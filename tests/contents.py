"""What a session's store holds, for tests that cannot await."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.session.session import Session
from understudy.session.store import CollectionData, CollectionKey


def contents(session: Session) -> Mapping[CollectionKey, CollectionData]:
    """Everything in the store; one in memory never waits, so its answer is there at once."""
    try:
        session.store.snapshot().send(None)
    except StopIteration as answered:
        shelves: Mapping[CollectionKey, CollectionData] = answered.value.shelves
        return shelves
    raise RuntimeError("the store waits for something")

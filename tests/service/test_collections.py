"""Collections: declared once, attributes of a unit of work's store, and known by name."""

from __future__ import annotations

import copy
from types import ModuleType

import pytest

from understudy.core.errors import NotFound
from understudy.core.settings import Settings
from understudy.service import Collections, Reply, Stored, UnitOfWork, Vendor
from understudy.session.session import Session
from understudy.session.store import Snapshot


class AcmeStore(Collections):
    """Names that a unit of work has attributes of, too."""

    body = Stored("body")
    clock = Stored("clock")
    session = Stored("session")


class LaterStore(AcmeStore):
    store = Stored("store")


def make_vendor(store: type[Collections]) -> Vendor:
    """A vendor that keeps this."""
    return Vendor(
        name="acme",
        title="Acme",
        handlers=ModuleType("handlers"),
        checks=(),
        render_error=lambda call, error: Reply(error.status),
        finish=lambda call, reply: None,
        store=store,
    )


def make_work(store: type[Collections] = AcmeStore) -> UnitOfWork:
    """A unit of work of an empty session."""
    session = Session("test", Snapshot({}), Settings(clock=0))
    return UnitOfWork(session, make_vendor(store), 0)


def test_the_vendor_lists_what_its_class_declares() -> None:
    """Names and nouns are said in one place, in that order."""
    assert dict(make_vendor(AcmeStore).collections) == {
        "body": "body",
        "clock": "clock",
        "session": "session",
    }


def test_a_derived_class_adds_collections() -> None:
    """What its base declares comes first."""
    assert list(make_vendor(LaterStore).collections) == ["body", "clock", "session", "store"]


def test_a_vendor_without_a_class_keeps_nothing() -> None:
    """Such as one that computes every answer."""
    assert not make_vendor(Collections).collections


@pytest.mark.parametrize("name", ["body", "clock", "session", "store"])
async def test_no_name_is_taken(name: str) -> None:
    """A collection may be called like something else of the work or of the call."""
    work = make_work(LaterStore)

    await getattr(work.store, name).put({"id": "1"})

    assert await work.collection(name).get("1") == {"id": "1"}


async def test_the_noun_names_what_is_not_there() -> None:
    """The declaration's noun is that of the error."""
    with pytest.raises(NotFound, match='there is no clock "1"'):
        await make_work().store.clock.get("1")


def test_an_undeclared_name_is_no_attribute() -> None:
    """Neither of the store nor of the work itself."""
    work = make_work()

    assert not hasattr(work.store, "bodies") and not hasattr(work, "body")


def test_an_undeclared_name_is_refused_with_those_declared() -> None:
    """As whoever names a collection at run time may misspell it."""
    with pytest.raises(LookupError, match='no collection "bodies"; declared: body, clock, session'):
        make_work().collection("bodies")


def test_a_name_with_an_underscore_is_refused() -> None:
    """Such names are the base class's own; a class that takes one cannot be defined."""
    with pytest.raises(TypeError, match="a collection's name begins with a letter"):
        type("BrokenStore", (Collections,), {"_store": Stored("store")})


def test_a_half_built_work_can_be_copied() -> None:
    """Copying asks an object without attributes for some; that ends."""
    half_built = UnitOfWork.__new__(UnitOfWork)

    assert not vars(copy.copy(half_built))

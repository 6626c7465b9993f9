"""The journal: what it keeps, what it hides, what it finds."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.core.json_pointer import ANY_VALUE
from understudy.session.journal import Exchange, Journal


def exchange(id: str, **members: Any) -> Exchange:
    """An exchange as the edge opens it, with these members instead of the usual ones."""
    usual = {
        "session": "default",
        "vendor": "sent",
        "method": "GET",
        "path": "/v3/profiles",
        "query": "",
        "started": 0,
        "request_headers": {},
        "operation": "listProfiles",
        "status": 200,
    }
    return Exchange(id, **{**usual, **members})


@pytest.fixture
def journal() -> Journal:
    """Four exchanges that differ in every member that can be asked for."""
    journal = Journal(10)
    journal.add(exchange("1"))
    journal.add(exchange("2", method="POST", operation="createProfile", status=201))
    journal.add(exchange("3", path="/v3/nowhere", operation=None, status=404))
    journal.add(exchange("4", vendor="zexa", path="/v1/campaigns", operation="list", status=500))
    return journal


def ids(found: list[Exchange]) -> list[str]:
    """The ids of exchanges, in their order."""
    return [each.id for each in found]


def test_the_journal_is_in_order(journal: Journal) -> None:
    """Exchanges come oldest first."""
    assert ids(list(journal)) == ["1", "2", "3", "4"]


def test_the_oldest_exchange_goes_first() -> None:
    """A full journal forgets from its beginning."""
    journal = Journal(2)

    for id in ("1", "2", "3"):
        journal.add(exchange(id))

    assert ids(list(journal)) == ["2", "3"]
    assert len(journal) == 2


def test_a_journal_of_size_zero_keeps_nothing() -> None:
    """Size 0 switches the journal off."""
    journal = Journal(0)

    journal.add(exchange("1"))

    assert len(journal) == 0


def test_ids_count_up_from_one() -> None:
    """The first exchange is number 1."""
    journal = Journal(1)

    assert [journal.next_id() for _ in range(3)] == ["1", "2", "3"]


def test_ids_are_not_reused(journal: Journal) -> None:
    """Clearing the journal does not start the count again."""
    first = journal.next_id()

    journal.clear()

    assert len(journal) == 0
    assert journal.next_id() != first


def test_without_filters_everything_is_found(journal: Journal) -> None:
    """No filter, no limit."""
    assert ids(journal.find()) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"vendor": "zexa"}, ["4"]),
        ({"operation": "createProfile"}, ["2"]),
        ({"method": "GET"}, ["1", "3", "4"]),
        ({"path": "/v3/profiles"}, ["1", "2"]),
        ({"statuses": [201, 404]}, ["2", "3"]),
        ({"statuses": range(400, 600)}, ["3", "4"]),
        ({"statuses": ()}, []),
        ({"vendor": "sent", "method": "GET", "statuses": [200]}, ["1"]),
        ({"vendor": "zexa", "method": "POST"}, []),
    ],
)
def test_find_matches_every_filter(
    journal: Journal, filters: dict[str, Any], found: list[str]
) -> None:
    """An exchange is found when all that was asked for is true of it."""
    assert ids(journal.find(**filters)) == found


def test_find_reads_its_statuses_once(journal: Journal) -> None:
    """Statuses from an iterator hold for every exchange, not only for the first."""
    assert ids(journal.find(statuses=iter([404, 500]))) == ["3", "4"]


def asked(id: str, body: bytes, **members: Any) -> Exchange:
    """An exchange whose request had this body."""
    return exchange(id, request_body=body, **members)


BODY = b'{"name":"Team","tags":["a","b"],"deep":{"x/y":{"~":1}},"none":null,"flag":true,"one":1}'


@pytest.mark.parametrize(
    ("pointer", "value", "found"),
    [
        ("/name", "Team", True),
        ("/name", "team", False),
        ("/tags/1", "b", True),
        ("/tags/01", "b", True),
        ("/tags/2", ANY_VALUE, False),
        ("/tags/-1", ANY_VALUE, False),
        ("/tags", ["a", "b"], True),
        ("/tags", ["b", "a"], False),
        ("/deep/x~1y/~0", 1, True),
        ("/deep", {"x/y": {"~": 1}}, True),
        ("/deep", {"x/y": {"~": True}}, False),
        ("/deep", {}, False),
        ("/none", None, True),
        ("/none", ANY_VALUE, True),
        ("/nothing", None, False),
        ("/flag", True, True),
        ("/flag", 1, False),
        ("/one", 1, True),
        ("/one", 1.0, True),
        ("/one", True, False),
        ("/one", ANY_VALUE, True),
        ("/name/0", ANY_VALUE, False),
        ("", ANY_VALUE, True),
    ],
)
def test_find_looks_into_bodies(pointer: str, value: Any, found: bool) -> None:
    """By JSON pointers; equality is that of JSON, however deep."""
    journal = Journal(10)
    journal.add(asked("1", BODY))

    assert ids(journal.find(body={pointer: value})) == (["1"] if found else [])


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'"text"', b"7"])
def test_a_body_without_members_is_not_found_by_them(body: bytes) -> None:
    """Whether it is no JSON, or JSON of another kind."""
    journal = Journal(10)
    journal.add(asked("1", body))

    assert journal.find(body={"/name": ANY_VALUE}) == []


def test_every_pointer_must_be_met() -> None:
    """One that is not is enough to leave an exchange out."""
    journal = Journal(10)
    journal.add(asked("1", BODY))

    assert journal.find(body={"/name": "Team", "/flag": False}) == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"since": 20}, ["2", "3"]),
        ({"since": 21}, ["3"]),
        ({"until": 20}, ["1"]),
        ({"since": 10, "until": 30}, ["1", "2"]),
        ({"since": 30, "until": 30}, []),
        ({"after": 0}, ["1", "2", "3"]),
        ({"after": 2}, ["3"]),
        ({"after": 3}, []),
    ],
)
def test_find_looks_at_when_and_after_what(filters: dict[str, int], found: list[str]) -> None:
    """From an instant on, before one, and after an exchange."""
    journal = Journal(10)
    for id in ("1", "2", "3"):
        journal.add(exchange(id, started=int(id) * 10))

    assert ids(journal.find(**filters)) == found


def test_ids_are_compared_as_numbers() -> None:
    """The tenth comes after the ninth."""
    journal = Journal(20)
    for number in range(1, 12):
        journal.add(exchange(str(number)))

    assert ids(journal.find(after=9)) == ["10", "11"]


def test_an_exchange_is_got_by_its_id(journal: Journal) -> None:
    """As long as it is kept."""
    assert journal.get("2") is list(journal)[1]
    assert journal.get("9") is None

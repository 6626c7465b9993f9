"""The store: keys, commits, snapshots; and collections seen through a unit of work."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.core.errors import NotFound
from understudy.session.memory_store import MemoryStore
from understudy.session.store import (
    Changes,
    Collection,
    CollectionKey,
    ConflictError,
    Resource,
    Snapshot,
    Store,
)

BRANDS: CollectionKey = ("sent", "brands", "acme")
CAMPAIGNS: CollectionKey = ("sent", "campaigns", "sales")
OTHERS: CollectionKey = ("sent", "campaigns", "support")


def resource(id: str, **members: Any) -> Resource:
    """A resource with an id."""
    return {"id": id, **members}


def encoded(*ids: str) -> dict[str, Any]:
    """Resources as a shelf holds them."""
    return {id: orjson.dumps(resource(id)) for id in ids}


def campaigns(store: Store, changes: Changes, key: str = "id") -> Collection:
    """The collection of campaigns under a unit of work's changes."""
    return Collection(store, changes, "sent", "campaigns", "campaign", key)


@pytest.fixture
def seed() -> Snapshot:
    """A seed world of two campaigns and a brand."""
    return Snapshot({CAMPAIGNS: encoded("one", "two"), BRANDS: encoded("acme")})


@pytest.fixture
def store(seed: Snapshot) -> Store:
    """A store at that seed world."""
    return MemoryStore(seed)


async def test_the_store_begins_with_the_seed(store: Store) -> None:
    """What the seed world has is stored."""
    assert await store.read(CAMPAIGNS, "one") == b'{"id":"one"}'
    assert list(await store.read_all(CAMPAIGNS)) == ["one", "two"]


@pytest.mark.parametrize("place", [OTHERS, BRANDS, ("zexa", "campaigns", "sales")])
async def test_places_do_not_share_ids(store: Store, place: CollectionKey) -> None:
    """An id is looked for in its vendor, collection and scope only."""
    assert await store.read(place, "one") is None


async def test_an_unknown_place_is_empty(store: Store) -> None:
    """A scope without resources is an empty shelf."""
    assert dict(await store.read_all(OTHERS)) == {}


async def test_write_stores_and_deletes(store: Store) -> None:
    """A change holds new bytes, or None to delete."""
    await store.commit({CAMPAIGNS: {"one": None, "three": b"{}"}, OTHERS: encoded("four")})

    assert list(await store.read_all(CAMPAIGNS)) == ["two", "three"]
    assert list(await store.read_all(OTHERS)) == ["four"]


async def test_deleting_what_is_not_there_changes_nothing(store: Store) -> None:
    """A deletion of an unknown id is no error."""
    await store.commit({CAMPAIGNS: {"nine": None}})

    assert list(await store.read_all(CAMPAIGNS)) == ["one", "two"]


async def test_replacing_keeps_the_place_in_the_order(store: Store) -> None:
    """A resource stays where it was first put."""
    await store.commit({CAMPAIGNS: {"one": b'{"id":"one","name":"new"}'}})

    assert list(await store.read_all(CAMPAIGNS)) == ["one", "two"]


async def test_a_write_leaves_the_seed_alone(store: Store, seed: Snapshot) -> None:
    """Other sessions begin with the same world."""
    await store.commit({CAMPAIGNS: {"one": None}})

    assert list(seed.shelves[CAMPAIGNS]) == ["one", "two"]


async def test_reset_goes_back_to_the_seed(store: Store) -> None:
    """After a reset the seed world is stored again, and nothing else."""
    await store.commit({CAMPAIGNS: {"one": None}, OTHERS: encoded("four")})

    await store.reset()

    assert list(await store.read_all(CAMPAIGNS)) == ["one", "two"]
    assert await store.read(OTHERS, "four") is None


async def test_a_snapshot_stays_as_it_was_taken(store: Store) -> None:
    """What is written later is not in the snapshot."""
    await store.commit({CAMPAIGNS: encoded("three")})
    snapshot = await store.snapshot()

    await store.commit({CAMPAIGNS: {"one": None}, OTHERS: encoded("four")})

    assert list(snapshot.shelves[CAMPAIGNS]) == ["one", "two", "three"]
    assert OTHERS not in snapshot.shelves


async def test_restore_goes_back_to_the_snapshot(store: Store) -> None:
    """After a restore exactly the snapshot is stored."""
    await store.commit({CAMPAIGNS: encoded("three")})
    snapshot = await store.snapshot()
    await store.commit({CAMPAIGNS: {"one": None}})

    await store.restore(snapshot)

    assert list(await store.read_all(CAMPAIGNS)) == ["one", "two", "three"]


async def test_a_snapshot_can_be_restored_twice(store: Store) -> None:
    """What is written after a restore does not reach the snapshot either."""
    snapshot = await store.snapshot()
    await store.restore(snapshot)
    await store.commit({CAMPAIGNS: {"one": None}})

    await store.restore(snapshot)

    assert list(await store.read_all(CAMPAIGNS)) == ["one", "two"]


async def test_a_snapshot_shares_what_is_not_written(store: Store, seed: Snapshot) -> None:
    """A shelf is copied only when it is written to."""
    await store.commit({CAMPAIGNS: encoded("three")})

    snapshot = await store.snapshot()

    assert snapshot.shelves[BRANDS] is seed.shelves[BRANDS]
    assert snapshot.shelves[CAMPAIGNS] is await store.read_all(CAMPAIGNS)


async def test_a_shelf_is_copied_once(store: Store) -> None:
    """The second write to a shelf costs the write, not the shelf."""
    await store.commit({CAMPAIGNS: encoded("three")})
    own = await store.read_all(CAMPAIGNS)

    await store.commit({CAMPAIGNS: encoded("four")})

    assert await store.read_all(CAMPAIGNS) is own


async def test_work_on_what_is_stored_now_is_committed(store: Store) -> None:
    """Its base is the store's position."""
    await store.commit({CAMPAIGNS: encoded("three")}, store.position)

    assert list(await store.read_all(CAMPAIGNS)) == ["one", "two", "three"]


@pytest.mark.parametrize("meanwhile", ["commit", "reset", "arrange"])
async def test_work_on_what_was_stored_before_is_a_conflict(store: Store, meanwhile: str) -> None:
    """Nothing of it is stored."""
    base = store.position
    if meanwhile == "commit":
        await store.commit({BRANDS: encoded("other")})
    elif meanwhile == "reset":
        await store.reset()
    else:
        await store.arrange("sent", dict)

    with pytest.raises(ConflictError):
        await store.commit({CAMPAIGNS: encoded("three")}, base)

    assert list(await store.read_all(CAMPAIGNS)) == ["one", "two"]


async def test_sizes_are_those_of_every_key(store: Store) -> None:
    """A key from which everything was deleted stays."""
    await store.commit({BRANDS: {"acme": None}, OTHERS: encoded("four")})

    assert await store.sizes() == {CAMPAIGNS: 2, BRANDS: 0, OTHERS: 1}


async def test_find_reads_the_store(store: Store) -> None:
    """A stored resource is found in its scope."""
    collection = campaigns(store, {})

    assert await collection.find("one", "sales") == resource("one")


@pytest.mark.parametrize(("id", "scope"), [("nine", "sales"), ("one", "support"), ("one", "")])
async def test_find_knows_only_its_scope(store: Store, id: str, scope: str) -> None:
    """An id of another scope is not there."""
    collection = campaigns(store, {})

    assert await collection.find(id, scope) is None


async def test_what_is_found_is_a_copy(store: Store) -> None:
    """Changing what was found changes nothing that is stored."""
    collection = campaigns(store, {})
    found = await collection.get("one", "sales")

    found["name"] = "changed"

    assert await collection.get("one", "sales") == resource("one")


async def test_what_is_put_is_a_copy(store: Store) -> None:
    """Changing a resource after it was put changes nothing that was put."""
    collection = campaigns(store, {})
    campaign = resource("three", tags=["a"])
    await collection.put(campaign, "sales")

    campaign["tags"].append("b")

    assert await collection.get("three", "sales") == resource("three", tags=["a"])


async def test_get_names_what_is_missing(store: Store) -> None:
    """A resource that is not there is a NotFound with noun and id."""
    with pytest.raises(NotFound, match='there is no campaign "nine"') as caught:
        await campaigns(store, {}).get("nine", "sales")

    assert (caught.value.kind, caught.value.id) == ("campaign", "nine")


async def test_a_put_is_seen_by_its_unit_of_work_alone(store: Store) -> None:
    """Until the commit only the work's own changes show it."""
    changes: Changes = {}

    await campaigns(store, changes).put(resource("three"), "sales")

    assert await campaigns(store, changes).find("three", "sales") == resource("three")
    assert await campaigns(store, {}).find("three", "sales") is None


async def test_a_deletion_is_seen_by_its_unit_of_work_alone(store: Store) -> None:
    """What the work deleted is gone for itself, and still there for others."""
    changes: Changes = {}

    await campaigns(store, changes).delete("one", "sales")

    assert await campaigns(store, changes).find("one", "sales") is None
    assert await campaigns(store, {}).find("one", "sales") == resource("one")


async def test_changes_of_another_scope_do_not_hide_the_store(store: Store) -> None:
    """A change elsewhere in the same scope leaves the other resources readable."""
    collection = campaigns(store, {})

    await collection.put(resource("three"), "sales")

    assert await collection.find("one", "sales") == resource("one")
    assert await collection.find("three", "support") is None


async def test_a_resource_can_be_known_by_another_member(store: Store) -> None:
    """The vendor says which member holds the id."""
    collection = campaigns(store, {}, key="uuid")

    await collection.put({"uuid": "u-1", "id": 7}, "sales")

    assert await collection.find("u-1", "sales") == {"uuid": "u-1", "id": 7}


async def test_without_a_scope_a_collection_is_one_list(store: Store) -> None:
    """The scope of a collection that nothing owns is the empty one."""
    changes: Changes = {}
    collection = campaigns(store, changes)

    await collection.put(resource("free"))

    assert await collection.list() == [await collection.get("free")]
    assert list(changes) == [("sent", "campaigns", "")]
    await collection.delete("free")
    assert await collection.list() == []


steps = st.lists(st.tuples(st.sampled_from(["put", "delete"]), st.sampled_from("abcd")))


@settings(deadline=None)
@given(steps, steps)
def test_a_commit_stores_what_the_work_saw(
    before: list[tuple[str, str]], work: list[tuple[str, str]]
) -> None:
    """A list under changes is, order included, the list after they are written."""

    async def play(store: Store, steps: list[tuple[str, str]]) -> list[Resource]:
        changes: Changes = {}
        collection = campaigns(store, changes)
        for number, (verb, id) in enumerate(steps):
            if verb == "put":
                await collection.put(resource(id, number=number), "sales")
            else:
                await collection.delete(id, "sales")
        seen = await collection.list("sales")
        await store.commit(changes)
        return seen

    async def compare() -> None:
        store = MemoryStore(Snapshot({}))
        await play(store, before)

        seen = await play(store, work)

        assert seen == await campaigns(store, {}).list("sales")

    asyncio.run(compare())


async def numbered(*ids: str) -> tuple[Store, Collection]:
    """A store with these campaigns, two of them not yet committed, and the work's view of it."""
    store = MemoryStore(Snapshot({CAMPAIGNS: encoded(*ids[:-2])}))
    collection = campaigns(store, {})
    for id in ids[-2:]:
        await collection.put(resource(id), "sales")
    return store, collection


def ids(found: list[Resource] | None) -> list[str] | None:
    """The ids of resources, in their order."""
    return None if found is None else [each["id"] for each in found]


async def test_a_scope_is_counted() -> None:
    """The count is that of the list, the work's own changes included."""
    _, collection = await numbered(*"abcde")
    await collection.delete("a", "sales")

    assert await collection.count("sales") == 4
    assert await collection.count("support") == 0


@pytest.mark.parametrize(
    ("start", "limit", "newest_first", "page"),
    [
        (0, None, False, "abcde"),
        (0, 2, False, "ab"),
        (2, 2, False, "cd"),
        (4, 2, False, "e"),
        (5, 2, False, ""),
        (0, 0, False, ""),
        (1, None, True, "dcba"),
        (0, 2, True, "ed"),
        (4, 9, True, "a"),
    ],
)
async def test_a_page_is_part_of_the_list(
    start: int, limit: int | None, newest_first: bool, page: str
) -> None:
    """A page begins at a position, from either end, and has at most so many resources."""
    _, collection = await numbered(*"abcde")

    found = await collection.page("sales", start, limit, newest_first)

    assert ids(found) == list(page)


@pytest.mark.parametrize(
    ("id", "limit", "newest_first", "page"),
    [
        ("b", None, False, "cde"),
        ("b", 2, False, "cd"),
        ("e", 2, False, ""),
        ("d", None, True, "cba"),
        ("d", 1, True, "c"),
        ("a", None, True, ""),
    ],
)
async def test_a_page_may_follow_a_resource(
    id: str, limit: int | None, newest_first: bool, page: str
) -> None:
    """What comes behind a resource, in either order, is the page after it."""
    _, collection = await numbered(*"abcde")

    found = await collection.page_after(id, "sales", limit, newest_first)

    assert ids(found) == list(page)


@pytest.mark.parametrize(("id", "scope"), [("x", "sales"), ("a", "support")])
async def test_nothing_follows_what_is_not_there(id: str, scope: str) -> None:
    """An id that the scope does not have has no page behind it."""
    _, collection = await numbered(*"abcde")

    assert await collection.page_after(id, scope) is None


async def test_a_page_leaves_the_store_alone() -> None:
    """Looking at pages stores nothing of the work's changes."""
    store, collection = await numbered(*"abcde")

    await collection.page("sales", newest_first=True)

    assert list(await store.read_all(CAMPAIGNS)) == ["a", "b", "c"]


async def test_resources_are_found_by_a_member(store: Store) -> None:
    """Only resources whose own member has the value are found, changes of the work included."""
    toys = Collection(store, {}, "toys", "toys", "toy")
    await toys.put({"id": "1", "color": "red"})
    await toys.put({"id": "2", "color": "blue", "box": {"color": "red"}})

    found = await toys.holding("color", "red")

    assert found == [{"id": "1", "color": "red"}]

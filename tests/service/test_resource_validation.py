"""Whether a resource is one that its vendor could have stored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from tests.toy import toy_shop
from understudy.core.errors import Internal
from understudy.core.strict_json import write_json
from understudy.engine.registry import open_services
from understudy.service.declaration import View
from understudy.service.resource_validation import find_common_fields, validate_resource
from understudy.service.service import Service
from understudy.service.unit_of_work import Resource

SHOP = toy_shop()
BEAR = orjson.loads(SHOP.shelves["shop", "toys", ""]["bear"])
SEEDED = [
    pytest.param(service, place[1], orjson.loads(body), id=f"{service.name}-{place[1]}-{id}")
    for service in open_services()
    for place, shelf in service.shelves.items()
    for id, body in shelf.items()
]


def told(
    resource: Resource, service: Service = SHOP, collection: str = "toys"
) -> list[tuple[str, str]]:
    """Pointer and code of each misfit."""
    return [
        (each.pointer, each.code)
        for each in validate_resource(service, collection, resource, "/here")
    ]


def with_view(show: Any) -> Service:
    """The shop, whose toys are shown in another way."""
    return replace(SHOP, vendor=replace(SHOP.vendor, views={"toys": View("Toy", show)}))


@pytest.mark.parametrize(("service", "collection", "resource"), SEEDED)
def test_every_seeded_resource_fits(service: Service, collection: str, resource: Resource) -> None:
    """What a seed world holds could be stored again."""
    assert validate_resource(service, collection, resource) == []


def test_a_resource_of_an_unknown_collection_does_not_fit() -> None:
    """The hint lists those that there are."""
    [fault] = validate_resource(SHOP, "cars", {})

    assert (fault.code, fault.hint) == ("unknown", "collections: toys, tills")


@pytest.mark.parametrize("missing", sorted(BEAR))
def test_a_member_that_all_have_is_needed(missing: str) -> None:
    """Each that is missing is named."""
    resource = {name: value for name, value in BEAR.items() if name != missing}

    assert told(resource) == [(f"/here/{missing}", "required")]


def test_every_missing_member_is_told() -> None:
    """Not only the first."""
    assert told({}) == [(f"/here/{name}", "required") for name in sorted(BEAR)]


def test_a_collection_without_seed_needs_an_id() -> None:
    """Nothing else is known of its resources."""
    assert find_common_fields(SHOP, "tills") == {"id"}
    assert told({}, collection="tills") == [("/here/id", "required")]
    assert told({"id": "till-1", "coins": 7}, collection="tills") == []


def test_a_member_that_some_lack_is_not_needed() -> None:
    """Only what every resource of the seed world has."""
    two = {"bear": write_json(BEAR), "doll": write_json({**BEAR, "id": "doll", "dress": "red"})}
    service = replace(SHOP, shelves={("shop", "toys", ""): two})

    assert find_common_fields(service, "toys") == set(BEAR)


def test_members_of_all_scopes_count() -> None:
    """A collection is the same in every scope."""
    shelves = {("shop", "toys", scope): {"x": write_json({"id": "x", scope: 1})} for scope in "ab"}

    assert find_common_fields(replace(SHOP, shelves=shelves), "toys") == {"id"}


def test_more_members_do_no_harm() -> None:
    """What the service does not know it does not look at."""
    assert told({**BEAR, "colour": "brown"}) == []


@pytest.mark.parametrize("id", [7, None, True, ["bear"], {}])
def test_an_id_is_text(id: Any) -> None:
    """A store finds resources by it."""
    assert told({**BEAR, "id": id}) == [("/here/id", "type")]


def test_the_id_is_what_the_vendor_calls_so() -> None:
    """One vendor's ids stand in another member."""
    service = replace(SHOP, vendor=replace(SHOP.vendor, key="_id"), shelves={})

    assert told({"id": "bear"}, service) == [("/here/_id", "required")]


@pytest.mark.parametrize("state", ["lost", None, 7, ["new"], {}, True])
def test_a_state_is_one_of_the_lifecycle_s(state: Any) -> None:
    """The hint lists them."""
    [fault] = validate_resource(SHOP, "toys", {**BEAR, "state": state})

    assert (fault.pointer, fault.code) == ("/state", "enum")
    assert fault.hint == "states: new, sold, broken"


@pytest.mark.parametrize("state", ["new", "sold", "broken"])
def test_every_state_of_the_lifecycle_fits(state: str) -> None:
    """Final ones, too."""
    assert told({**BEAR, "state": state}) == []


def test_what_would_be_shown_satisfies_the_document() -> None:
    """Whatever is kept beside it, users must see what is declared."""
    assert told({**BEAR, "name": 7}) == [("/here/name", "type")]


@pytest.mark.parametrize("error", [KeyError, IndexError, TypeError, ValueError, Internal])
def test_what_cannot_be_shown_does_not_fit(error: type[Exception]) -> None:
    """A service that stumbles over a resource says so, and is no defect."""

    def show(resource: Resource) -> Resource:
        raise error("colour")

    [fault] = validate_resource(with_view(show), "toys", BEAR, "/here")

    assert (fault.pointer, fault.code) == ("/here", "unshowable")
    assert error.__name__ in fault.message


def test_what_is_never_shown_need_not_satisfy_anything() -> None:
    """Without a view and a lifecycle the common members suffice."""
    service = replace(SHOP, vendor=replace(SHOP.vendor, views={}, lifecycles={}))

    assert told({**BEAR, "name": 7, "state": "lost"}, service) == []

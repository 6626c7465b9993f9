"""What a vendor plays, told by the plane: its operations, examples, keys, collections."""

from __future__ import annotations

import httpx
import pytest

from tests.admin.requests import ADMIN, hint, mock
from tests.conftest import NOON
from understudy.core.settings import Settings
from understudy.engine.registry import open_service
from understudy.vendors import vendor_names

NAMES = vendor_names()


async def test_every_vendor_is_listed(client: httpx.AsyncClient) -> None:
    """With where it is found here and at home, and how much of it is documented."""
    listed = (await client.get(f"{ADMIN}/vendors")).json()["vendors"]

    assert [each["name"] for each in listed] == NAMES
    for each in listed:
        service = open_service(each["name"])
        assert each["prefix"] == f"/{service.name}"
        assert each["hosts"] == list(service.vendor.hosts)
        assert each["operations"] == len(service.document.operations)


async def test_only_what_is_served_is_listed() -> None:
    """A mock of one vendor tells of one."""
    async with mock(Settings(clock=NOON, vendors=("sent",))) as (_, client):
        listed = (await client.get(f"{ADMIN}/vendors")).json()["vendors"]

        assert [each["name"] for each in listed] == ["sent"]
        assert (await client.get(f"{ADMIN}/vendors/zexa")).status_code == 404


@pytest.mark.parametrize("name", NAMES)
async def test_every_operation_is_told_with_its_examples(
    client: httpx.AsyncClient, name: str
) -> None:
    """As the document has them, with who says so."""
    told = (await client.get(f"{ADMIN}/vendors/{name}")).json()

    document = open_service(name).document
    assert [each["operation"] for each in told["operations"]] == list(document.operations)
    for each in told["operations"]:
        operation = document.operations[each["operation"]]
        assert (each["method"], each["path"]) == (operation.method, operation.path)
        assert {answer["status"]: answer["examples"] for answer in each["responses"]} == {
            status: list(response.examples) for status, response in operation.responses.items()
        }


@pytest.mark.parametrize("name", NAMES)
async def test_every_key_is_told(client: httpx.AsyncClient, name: str) -> None:
    """A newcomer finds one that works: the default account's is not revoked."""
    told = (await client.get(f"{ADMIN}/vendors/{name}")).json()["accounts"]

    accounts = open_service(name).accounts
    assert accounts is not None
    assert [each["key"] for each in told] == [each.credential for each in accounts.all]
    [default] = [each for each in told if each["default"]]
    assert (default["name"], default["revoked"]) == (accounts.default.name, False)


@pytest.mark.parametrize("name", NAMES)
async def test_every_collection_is_told(client: httpx.AsyncClient, name: str) -> None:
    """With what can be fired and whether samples can be made, as the service declares it."""
    told = (await client.get(f"{ADMIN}/vendors/{name}")).json()["collections"]

    vendor = open_service(name).vendor
    assert told == [
        {
            "collection": collection,
            "kind": kind,
            "events": sorted(vendor.fires.get(collection, ())),
            "populated": collection in vendor.samples,
        }
        for collection, kind in vendor.collections.items()
    ]


@pytest.mark.parametrize("name", ["sentt", "admin", "Sent", "%00", "a%2Fb"])
async def test_an_unknown_vendor_is_not_there(client: httpx.AsyncClient, name: str) -> None:
    """The plane itself is no vendor; the answer names those that are."""
    response = await client.get(f"{ADMIN}/vendors/{name}")

    assert hint(response, 404) == f"vendors: {', '.join(NAMES)}"

"""What the vendors have stored: listed, shown, set as a vendor could have stored it, removed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.admin.requests import ADMIN, Ask, ask, hint, refused
from tests.contents import contents
from understudy.engine.registry import open_services
from understudy.server.app import App
from understudy.session.store import CollectionKey
from understudy.vendors import vendor_names

RESOURCES = f"{ADMIN}/resources"
BALANCE = {"id": "acct_acme", "credits": 12, "currency": "USD"}
CREDITS = Ask("zexa", "GET", "/v1/credits")
VENDORS = f"vendors: {', '.join(vendor_names())}"
COLLECTIONS = [
    (service.name, collection)
    for service in open_services()
    for collection in service.vendor.collections
]


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    """What is found."""
    response = await client.get(f"{RESOURCES}{path}", params=query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def places(app: App) -> list[CollectionKey]:
    """The places of the default session that hold something."""
    return [place for place, shelf in contents(app.session()).items() if shelf]


async def test_every_place_that_holds_something_is_listed(
    client: httpx.AsyncClient, app: App
) -> None:
    """Vendor, collection, scope and how much is there."""
    listed = (await get(client, ""))["collections"]

    found = [(each["vendor"], each["collection"], each["scope"]) for each in listed]
    assert found == places(app)
    assert sum(each["count"] for each in listed) == sum(
        len(shelf) for shelf in contents(app.session()).values()
    )


async def test_an_empty_place_is_not_listed(client: httpx.AsyncClient) -> None:
    """What held something and holds nothing any more is no place to look at."""
    await client.delete(f"{RESOURCES}/agentmessage/wallets/0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a3b4")
    left = await get(client, "/agentmessage/wallets")
    for each in left["resources"]:
        await client.delete(f"{RESOURCES}/agentmessage/wallets/{each['id']}")

    listed = (await get(client, ""))["collections"]

    assert "wallets" not in [each["collection"] for each in listed]


@pytest.mark.parametrize(("vendor", "collection"), COLLECTIONS)
async def test_every_seeded_resource_is_shown_and_fits(
    client: httpx.AsyncClient, app: App, vendor: str, collection: str
) -> None:
    """What a vendor stores can be looked at one by one, and stored again as it is."""
    before = contents(app.session())
    for each in (await get(client, f"/{vendor}/{collection}"))["resources"]:
        path = f"/{vendor}/{collection}/{each['id']}"
        assert await get(client, path, scope=each["scope"]) == each

        response = await client.put(
            f"{RESOURCES}{path}", params={"scope": each["scope"]}, json=each["resource"]
        )

        assert response.status_code == 200, response.text
    assert contents(app.session()) == before


async def test_resources_come_by_pages(client: httpx.AsyncClient) -> None:
    """`offset` and `limit` walk through all of them in their order."""
    everything = (await get(client, "/zexa/contacts"))["resources"]

    walked = []
    for offset in range(0, len(everything), 3):
        page = await get(client, "/zexa/contacts", offset=offset, limit=3)
        assert page["total"] == len(everything)
        walked += page["resources"]

    assert walked == everything


async def test_beyond_the_end_there_is_nothing(client: httpx.AsyncClient) -> None:
    """A page past the last one is empty, not an error."""
    assert (await get(client, "/zexa/contacts", offset=1_000_000))["resources"] == []


async def test_a_scope_narrows_the_list(client: httpx.AsyncClient) -> None:
    """Only what this owner has."""
    listed = await get(client, "/zexa/campaigns", scope="acct_acme")

    assert listed["total"] > 0
    assert {each["scope"] for each in listed["resources"]} == {"acct_acme"}


async def test_a_set_resource_is_what_the_vendor_answers_with(client: httpx.AsyncClient) -> None:
    """The next request meets it."""
    await client.put(f"{RESOURCES}/zexa/balances/acct_acme", json=BALANCE)

    assert (await ask(client, CREDITS)).json()["credits"] == 12


async def test_a_new_resource_goes_where_it_belongs(client: httpx.AsyncClient, app: App) -> None:
    """A collection of one scope takes it there without being told."""
    new = {**BALANCE, "id": "acct_new"}

    stored = (await client.put(f"{RESOURCES}/zexa/balances/acct_new", json=new)).json()

    assert stored["scope"] == ""
    assert "acct_new" in contents(app.session())["zexa", "balances", ""]


async def test_a_new_resource_of_several_scopes_needs_one(client: httpx.AsyncClient) -> None:
    """The answer names scopes; with one it is stored there."""
    [contact, *_] = (await get(client, "/zexa/contacts", scope="acct_acme"))["resources"]
    new = {**contact["resource"], "id": "cnt_new"}

    refusal = await client.put(f"{RESOURCES}/zexa/contacts/cnt_new", json=new)
    stored = await client.put(f"{RESOURCES}/zexa/contacts/cnt_new?scope=acct_acme", json=new)

    assert '"acct_acme"' in hint(refusal, 400)
    assert stored.json()["scope"] == "acct_acme"


async def test_an_id_in_several_scopes_needs_one(client: httpx.AsyncClient) -> None:
    """Which of the two is meant must be said."""
    [contact, *_] = (await get(client, "/zexa/contacts", scope="acct_acme"))["resources"]
    path = f"{RESOURCES}/zexa/contacts/{contact['id']}"
    await client.put(f"{path}?scope=acct_other", json=contact["resource"])

    assert hint(await client.get(path), 400) == 'name one of "acct_acme", "acct_other"'
    assert (await client.get(f"{path}?scope=acct_other")).json()["scope"] == "acct_other"


async def test_a_deleted_resource_is_gone(client: httpx.AsyncClient) -> None:
    """For the vendor's users, too; it is deleted once."""
    path = f"{RESOURCES}/zexa/campaigns/cmp_draft001"

    deleted = await client.delete(path)
    again = await client.delete(path)
    asked = await ask(client, Ask("zexa", "GET", "/v1/campaigns/cmp_draft001"))

    assert (deleted.status_code, again.status_code, asked.status_code) == (204, 404, 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/no-vendor/toys/1", VENDORS),
        ("/sent/toys/1", "collections: organizations, profiles, brands, campaigns"),
        ("/admin/sessions/1", VENDORS),
    ],
)
async def test_an_unknown_place_is_not_there(
    client: httpx.AsyncClient, method: str, path: str, known: str
) -> None:
    """The answer lists what there is."""
    body = {"json": {"id": "1"}} if method == "PUT" else {}

    response = await client.request(method, f"{RESOURCES}{path}", **body)  # type: ignore[arg-type]

    assert hint(response, 404) == known


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_unknown_id_is_not_there(client: httpx.AsyncClient, method: str) -> None:
    """Neither anywhere, nor in the scope that was named."""
    path = f"{RESOURCES}/zexa/campaigns/cmp_draft001?scope=acct_other"

    response = await client.request(method, path)

    assert 'in scope "acct_other"' in refused(response, 404)["detail"]


@pytest.mark.parametrize(
    ("resource", "pointer", "code"),
    [
        ({"id": "acct_acme", "credits": 12}, "/currency", "required"),
        ({"credits": 12, "currency": "USD"}, "/id", "required"),
        ({**BALANCE, "id": "acct_else"}, "/id", "const"),
        ({**BALANCE, "id": 7}, "/id", "type"),
        ({**BALANCE, "id": None}, "/id", "type"),
    ],
)
async def test_an_unfit_resource_is_refused(
    client: httpx.AsyncClient, app: App, resource: dict[str, Any], pointer: str, code: str
) -> None:
    """What the vendor could not have stored is a 422 that points at the member."""
    before = contents(app.session())

    response = await client.put(f"{RESOURCES}/zexa/balances/acct_acme", json=resource)

    [fault] = refused(response, 422)["errors"]
    assert (fault["pointer"], fault["code"]) == (pointer, code)
    assert contents(app.session()) == before


@pytest.mark.parametrize("body", ["[]", "7", "null", '"text"'])
async def test_a_resource_is_an_object(client: httpx.AsyncClient, body: str) -> None:
    """Anything else breaks the plane's own document."""
    response = await client.put(
        f"{RESOURCES}/zexa/balances/acct_acme",
        content=body,
        headers={"content-type": "application/json"},
    )

    refused(response, 400)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "offset=-1", "offset=x", "scope=a&scope=b"]
)
async def test_a_bad_query_is_refused(client: httpx.AsyncClient, query: str) -> None:
    """What breaks the document is told by the parameter's name."""
    response = await client.get(f"{RESOURCES}/zexa/contacts?{query}")

    assert refused(response, 400)["errors"][0]["pointer"] == query.partition("=")[0]


async def test_an_id_may_hold_anything(client: httpx.AsyncClient) -> None:
    """What an id is made of is the vendor's matter; in the path it is encoded."""
    odd = {**BALANCE, "id": "a/b c%"}
    path = f"{RESOURCES}/zexa/balances/a%2Fb%20c%25"

    stored = await client.put(path, json=odd)

    assert stored.json()["id"] == "a/b c%"
    assert (await client.get(path)).json()["resource"] == odd


async def test_what_is_set_is_of_one_session(client: httpx.AsyncClient) -> None:
    """The others keep what they have."""
    await client.put(f"{ADMIN}/sessions/a/resources/zexa/balances/acct_acme", json=BALANCE)

    assert (await ask(client, CREDITS, session="a")).json()["credits"] == 12
    assert (await ask(client, CREDITS, session="b")).json()["credits"] != 12

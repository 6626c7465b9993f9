"""`Prefer`: requests that pick their own answer."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from conftest import problem_of

from understudy.app import App
from understudy.contract import Document
from understudy.rooms import open_room

KEY = {"x-api-key": "sk_test_acme_admin"}
CAMPAIGNS = "/sent/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns"


def prefer(value: str) -> dict[str, str]:
    return {**KEY, "prefer": value}


async def test_code_picks_the_first_example_of_a_response(client: httpx.AsyncClient) -> None:
    """`code=503` is answered with the documented body, verbatim."""
    response = await client.get(CAMPAIGNS, headers=prefer("code=503"))

    documented = open_room("sent").document.operations["listCampaigns"].responses[503].examples
    assert response.status_code == 503
    assert response.json() == next(iter(documented.values()))
    assert response.headers["preference-applied"] == "code=503"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("example=brand-not-found", 404),
        ('code=503, example="cache-unavailable"', 503),
        ("respond-async, Example=success; q=1", 200),
    ],
)
async def test_example_picks_a_body_by_name(
    client: httpx.AsyncClient, value: str, status: int
) -> None:
    """Without a code the name is looked up in the lowest 2xx first, then anywhere."""
    response = await client.get(CAMPAIGNS, headers=prefer(value))

    assert response.status_code == status


@pytest.mark.parametrize("query", ["__code=404", "__example=brand-not-found&other=1"])
async def test_query_twins_do_the_same(client: httpx.AsyncClient, query: str) -> None:
    """Clients that cannot set headers write the preference into the query."""
    response = await client.get(f"{CAMPAIGNS}?{query}", headers=KEY)

    assert response.status_code == 404


@pytest.mark.parametrize(
    "value",
    [
        "code=418",
        "example=nope",
        "code=200, example=nope",
        "code=x",
        f"code={'9' * 5000}",
        "dynamic=yes",
    ],
)
async def test_preference_that_cannot_be_met_is_a_422(
    client: httpx.AsyncClient, value: str
) -> None:
    """The answer lists what there is."""
    response = await client.get(CAMPAIGNS, headers=prefer(value))

    assert response.status_code == 422
    assert problem_of(response)["hints"]


async def test_authentication_runs_first(client: httpx.AsyncClient) -> None:
    """A preference does not open the door."""
    response = await client.get(CAMPAIGNS, headers={"prefer": "code=200"})

    assert response.status_code == 401


async def test_validation_runs_first(client: httpx.AsyncClient, app: App) -> None:
    """A preference does not excuse a broken body, and a picked answer stores nothing."""
    broken = await client.post(CAMPAIGNS, json={}, headers=prefer("code=201"))
    before = app.session().store.snapshot()
    picked = await client.post(CAMPAIGNS, json=campaign(), headers=prefer("code=201"))

    assert (broken.status_code, picked.status_code) == (400, 201)
    assert app.session().store.snapshot() == before


def campaign() -> dict[str, object]:
    use_case = {"messagingUseCaseUs": "MARKETING", "sampleMessages": ["Hi"]}
    members = {"name": "n", "description": "d", "type": "App", "useCases": [use_case]}
    return {"campaign": members}


def sent_operations() -> Iterator[tuple[str, str]]:
    document: Document = open_room("sent").document
    for operation in document.operations.values():
        if operation.success.schema is not None:
            path = operation.path.replace("{profileId}", "770e8400-e29b-41d4-a716-446655440002")
            if operation.method == "GET":
                yield operation.id, f"/sent{path}"


@pytest.mark.parametrize(("operation", "path"), list(sent_operations()))
async def test_dynamic_bodies_satisfy_the_document(
    client: httpx.AsyncClient, operation: str, path: str
) -> None:
    """An invented body is held against the same schema as a handler's."""
    response = await client.get(path, headers=prefer("dynamic=true, seed=3"))

    declared = open_room("sent").document.operations[operation].success
    assert response.status_code == declared.status
    assert declared.diagnose(response.json()) == []


async def test_seed_fixes_what_is_invented(client: httpx.AsyncClient) -> None:
    """The same seed invents the same body, whatever came before."""
    first = await client.get(CAMPAIGNS, headers=prefer("dynamic=true, seed=5"))
    await client.get(CAMPAIGNS, headers=KEY)
    again = await client.get(CAMPAIGNS, headers=prefer("dynamic=true, seed=5"))
    other = await client.get(CAMPAIGNS, headers=prefer("dynamic=true, seed=6"))

    assert first.content == again.content != other.content


async def test_seed_leaves_created_ids_alone(client: httpx.AsyncClient) -> None:
    """`seed` is for invented bodies; two creates with one seed are two campaigns."""
    for _ in range(2):
        await client.post(CAMPAIGNS, json=campaign(), headers=prefer("seed=9"))

    listed = (await client.get(CAMPAIGNS, headers=KEY)).json()["data"]

    assert len({each["id"] for each in listed}) == 3


@pytest.mark.parametrize(
    ("value", "applied"),
    [
        ("dynamic=true, seed=4, code=200", "code=200, dynamic=true, seed=4"),
        ("seed=4", ""),
        ("code=404, colour=red", "code=404"),
    ],
)
async def test_only_what_was_done_is_listed_as_applied(
    client: httpx.AsyncClient, value: str, applied: str
) -> None:
    """`Preference-Applied` promises nothing that did not happen."""
    response = await client.get(CAMPAIGNS, headers=prefer(value))

    assert response.headers.get("preference-applied", "") == applied


async def test_picked_answer_is_not_remembered(client: httpx.AsyncClient) -> None:
    """A retry with the same idempotency key after a picked answer is a first request."""
    key = {"idempotency-key": "k-1"}
    picked = await client.post(CAMPAIGNS, json=campaign(), headers={**prefer("code=404"), **key})
    retried = await client.post(CAMPAIGNS, json=campaign(), headers={**KEY, **key})

    assert (picked.status_code, retried.status_code) == (404, 201)
    assert "idempotent-replayed" not in retried.headers


async def test_control_characters_do_not_reach_the_reply_header(client: httpx.AsyncClient) -> None:
    """What a query twin holds cannot break the header that repeats it."""
    document = open_room("sent").document.operations["listCampaigns"]
    name = next(iter(document.success.examples))

    refused = await client.get(f"{CAMPAIGNS}?__example={name}%0d%0aX: y", headers=KEY)

    assert refused.status_code == 422
    assert "preference-applied" not in refused.headers

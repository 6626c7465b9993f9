"""`Prefer`: requests that pick their own answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from tests.conftest import problem_of
from tests.contents import contents
from understudy.engine.prefer import PREFERRED_FAULTS
from understudy.engine.registry import open_service
from understudy.openapi.document import Document
from understudy.server.app import App

KEY = {"x-api-key": "sk_test_acme_admin"}
CAMPAIGNS = "/sent/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns"


def prefer(value: str) -> dict[str, str]:
    return {**KEY, "prefer": value}


async def test_code_picks_the_first_example_of_a_response(client: httpx.AsyncClient) -> None:
    """`code=503` is answered with the documented body, verbatim."""
    response = await client.get(CAMPAIGNS, headers=prefer("code=503"))

    documented = open_service("sent").document.operations["listCampaigns"].responses[503].examples
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
    before = contents(app.session())
    picked = await client.post(CAMPAIGNS, json=campaign(), headers=prefer("code=201"))

    assert (broken.status_code, picked.status_code) == (400, 201)
    assert contents(app.session()) == before


def campaign() -> dict[str, object]:
    use_case = {"messagingUseCaseUs": "MARKETING", "sampleMessages": ["Hi"]}
    members = {"name": "n", "description": "d", "type": "App", "useCases": [use_case]}
    return {"campaign": members}


def sent_operations() -> Iterator[tuple[str, str]]:
    document: Document = open_service("sent").document
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

    declared = open_service("sent").document.operations[operation].success
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
    document = open_service("sent").document.operations["listCampaigns"]
    name = next(iter(document.success.examples))

    refused = await client.get(f"{CAMPAIGNS}?__example={name}%0d%0aX: y", headers=KEY)

    assert refused.status_code == 422
    assert "preference-applied" not in refused.headers


BREAKING = ("reset", "empty", "truncated")


@pytest.mark.parametrize("kind", BREAKING)
@pytest.mark.parametrize("query", [False, True])
async def test_a_preferred_fault_breaks_the_connection(
    client: httpx.AsyncClient, app: App, kind: str, query: bool
) -> None:
    """A request that asks for it, in a header or in the query, gets no whole reply."""
    headers = KEY if query else prefer(f"fault={kind}")

    with pytest.raises(ConnectionError):
        await client.get(CAMPAIGNS, headers=headers, params={"__fault": kind} if query else {})

    [exchange] = app.session().journal
    assert (exchange.fault, exchange.preference) == (kind, f"fault={kind}")
    assert exchange.diagnoses[0].hint == "the request asked for it"


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("malformed", 200, "application/json"),
        ("content-type", 200, "text/html; charset=utf-8"),
        ("trickle", 200, "application/json"),
        ("rate-limit", 429, "application/json"),
    ],
)
async def test_a_preferred_fault_is_listed_as_applied(
    client: httpx.AsyncClient, kind: str, status: int, content_type: str
) -> None:
    """What can be read of the reply says what was done to it."""
    response = await client.get(CAMPAIGNS, headers=prefer(f"fault={kind}, delay=1"))

    assert (response.status_code, response.headers["content-type"]) == (status, content_type)
    assert response.headers["preference-applied"] == f"delay=1, fault={kind}"


async def test_a_preferred_rate_limit_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    """As a planned one does."""
    response = await client.get(CAMPAIGNS, headers=prefer("fault=rate-limit"))

    assert (response.status_code, response.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize("kind", ["", "nope", "status", "delay", "webhook-never"])
async def test_an_unknown_fault_lists_the_known_ones(client: httpx.AsyncClient, kind: str) -> None:
    """A kind that needs more than its name cannot be preferred either."""
    response = await client.get(CAMPAIGNS, headers=prefer(f"fault={kind}"))

    assert response.status_code == 422
    assert problem_of(response)["detail"] == f'there is no fault "{kind}" to prefer'
    assert problem_of(response)["hints"] == [f"faults: {', '.join(PREFERRED_FAULTS)}"]


async def test_a_preferred_answer_can_be_broken(client: httpx.AsyncClient) -> None:
    """`code` picks the reply, `fault` says what becomes of it."""
    whole = await client.get(CAMPAIGNS, headers=prefer("code=503"))

    broken = await client.get(CAMPAIGNS, headers=prefer("code=503, fault=malformed"))

    assert (broken.status_code, broken.content) == (503, whole.content[:-1])
    assert broken.headers["preference-applied"] == "code=503, fault=malformed"


@pytest.mark.parametrize("other", ["code=503", "example=brand-not-found", "dynamic=true"])
async def test_a_rate_limit_is_an_answer_of_its_own(client: httpx.AsyncClient, other: str) -> None:
    """Two answers cannot both be given, so neither is promised."""
    response = await client.get(CAMPAIGNS, headers=prefer(f"fault=rate-limit, {other}"))

    assert response.status_code == 422
    assert problem_of(response)["detail"] == "fault=rate-limit is an answer of its own"


async def test_a_preferred_fault_uses_up_none_that_was_planned(client: httpx.AsyncClient) -> None:
    """The request's own wish goes first; the planned fault strikes the next request."""
    await client.post("/__admin/faults", json={"kind": "status", "status": 503, "times": 1})

    statuses = [
        (await client.get(CAMPAIGNS, headers=headers)).status_code
        for headers in (prefer("fault=rate-limit"), KEY, KEY)
    ]

    assert statuses == [429, 503, 200]


async def test_a_planned_fault_strikes_a_preferred_answer(client: httpx.AsyncClient) -> None:
    """A picked answer travels like any other."""
    await client.post("/__admin/faults", json={"kind": "malformed"})

    response = await client.get(CAMPAIGNS, headers=prefer("code=404"))

    assert (response.status_code, response.content[-1:]) == (404, b"}")
    with pytest.raises(ValueError, match="Expecting"):
        response.json()


@pytest.mark.parametrize(("kind", "stored"), [("reset", 0), ("rate-limit", 0), ("malformed", 1)])
async def test_a_preferred_fault_before_the_effect_stores_nothing(
    client: httpx.AsyncClient, app: App, kind: str, stored: int
) -> None:
    """Only what mangles a reply needs the request to take effect."""
    before = len(await campaigns(client))

    with suppress(ConnectionError):
        await client.post(CAMPAIGNS, json=campaign(), headers=prefer(f"fault={kind}"))

    assert len(await campaigns(client)) == before + stored


async def campaigns(client: httpx.AsyncClient) -> list[object]:
    """The campaigns of the profile, as a plain request lists them."""
    listed: list[object] = (await client.get(CAMPAIGNS, headers=KEY)).json()["data"]
    return listed

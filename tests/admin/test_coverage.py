"""Which documented operations and responses a session has exercised."""

from __future__ import annotations

from typing import Any

import httpx

from tests.admin.requests import ADMIN, Ask, ask, credential
from understudy.engine.registry import open_services
from understudy.server.app import App

LIST = Ask("sent", "GET", "/v3/profiles")


async def coverage(client: httpx.AsyncClient, vendor: str = "sent") -> dict[str, Any]:
    """What is covered of a vendor."""
    vendors = (await client.get(f"{ADMIN}/coverage")).json()["vendors"]
    [found] = [each for each in vendors if each["vendor"] == vendor]
    return dict(found)


async def details(client: httpx.AsyncClient, operation: str) -> dict[str, Any]:
    """What is covered of one of Sent's operations."""
    told = (await coverage(client))["details"]
    [found] = [each for each in told if each["operation"] == operation]
    return dict(found)


async def test_at_first_nothing_is_exercised(client: httpx.AsyncClient) -> None:
    """Everything that is documented is listed, for every vendor, and nothing was called."""
    for service in open_services():
        told = await coverage(client, service.name)
        operations = service.document.operations.values()

        assert told["operations"] == {"documented": len(operations), "exercised": 0}
        assert told["responses"] == {
            "documented": sum(len(each.responses) for each in operations),
            "exercised": 0,
        }


async def test_a_call_is_counted_by_its_status(client: httpx.AsyncClient) -> None:
    """Each operation and status that was met, and how often."""
    await ask(client, LIST)
    await ask(client, LIST)
    await client.get("/sent/v3/profiles")

    told = await details(client, "listProfiles")

    met = {each["status"]: each["calls"] for each in told["responses"] if each["calls"]}
    assert (told["calls"], met) == (3, {200: 2, 401: 1})
    assert (await coverage(client))["operations"]["exercised"] == 1
    assert (await coverage(client))["responses"]["exercised"] == 2


async def test_an_undocumented_status_is_told_apart(client: httpx.AsyncClient) -> None:
    """A planned fault may answer what the document does not declare; no share counts it."""
    fault = {"kind": "status", "status": 418, "vendor": "sent"}
    await client.post(f"{ADMIN}/faults", json=fault)
    await ask(client, LIST)

    told = await details(client, "listProfiles")

    assert {"status": 418, "documented": False, "calls": 1} in told["responses"]
    assert (await coverage(client))["responses"]["exercised"] == 0


async def test_what_met_no_operation_is_not_counted(client: httpx.AsyncClient) -> None:
    """An unknown path, an unknown vendor and a wrong method cover nothing."""
    for method, path in (("GET", "/sent/v3/x"), ("GET", "/x"), ("PUT", "/sent/v3/profiles")):
        await client.request(method, path, headers=credential("sent"))

    assert (await coverage(client))["operations"]["exercised"] == 0


async def test_coverage_outlives_the_journal(client: httpx.AsyncClient, app: App) -> None:
    """It counts since the session began, whatever the journal still holds."""
    await ask(client, LIST)

    await client.delete(f"{ADMIN}/requests")

    assert len(app.session().journal) == 0
    assert (await details(client, "listProfiles"))["calls"] == 1


async def test_coverage_is_of_one_session(client: httpx.AsyncClient) -> None:
    """What another session did is not exercised here; `fresh` covers nothing."""
    await ask(client, LIST, session="a")
    await ask(client, LIST, session="fresh")

    there = (await client.get(f"{ADMIN}/sessions/a/coverage")).json()["vendors"]

    assert (await coverage(client))["operations"]["exercised"] == 0
    assert sum(each["operations"]["exercised"] for each in there) == 1


async def test_a_restore_uncovers_nothing(client: httpx.AsyncClient) -> None:
    """What was exercised was exercised, in whatever world."""
    await client.post(f"{ADMIN}/snapshots/s")
    await ask(client, LIST)

    await client.post(f"{ADMIN}/snapshots/s/restore")

    assert (await details(client, "listProfiles"))["calls"] == 1

"""What the tests of the plane share: a mock of other settings, requests to vendors, downloads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.calling import create_app
from tests.conftest import problem_of
from understudy.core.settings import Settings
from understudy.engine.registry import open_service
from understudy.server.app import App

ADMIN = "/__admin"
# Nobody listens there: each delivery fails at once.
HOOK = "http://127.0.0.1:9/hook"


@dataclass(frozen=True)
class Ask:
    """One request to a vendor, as its default account."""

    vendor: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def mock(
    settings: Settings, base_url: str = "http://mock"
) -> AsyncIterator[tuple[App, httpx.AsyncClient]]:
    """The mock in-process with settings of a test's own, and a client of it."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        yield app, client
    for name in app.sessions.names():
        await app.session(name).webhooks.settle()
    app.sessions.close()


def example(vendor: str, operation: str, named: str, **members: Any) -> dict[str, Any]:
    """A documented request body, with these members instead of its own."""
    declared = open_service(vendor).document.operations[operation].body
    assert declared is not None
    return {**declared.examples[named], **members}


def credential(vendor: str) -> dict[str, str]:
    """The header that lets the vendor's default account in."""
    accounts = open_service(vendor).accounts
    assert accounts is not None
    key = accounts.default.credential
    return {"x-api-key": key} if vendor == "sent" else {"authorization": f"Bearer {key}"}


async def ask(client: httpx.AsyncClient, asked: Ask, session: str = "") -> httpx.Response:
    """Send one request, in the default session or in that of the name."""
    headers = {**credential(asked.vendor), **asked.headers}
    url = f"{f'/@{session}' if session else ''}/{asked.vendor}{asked.path}"
    return await client.request(asked.method, url, json=asked.body, headers=headers)


def told(reply: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """Everything that a reply says but for its number in the journal, which counts on."""
    headers = [pair for pair in reply.headers.multi_items() if pair[0] != "x-understudy-exchange"]
    return reply.status_code, headers, reply.content


async def download(client: httpx.AsyncClient, name: str = "now") -> bytes:
    """The session's world as it is, as a downloaded snapshot."""
    saved = await client.post(f"{ADMIN}/snapshots/{name}")
    assert saved.status_code == 201, saved.text
    return (await client.get(f"{ADMIN}/snapshots/{name}")).content


def refused(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of a request that was refused with this status."""
    problem = problem_of(response)
    assert (response.status_code, problem["status"]) == (status, status), response.text
    return problem


def hint(response: httpx.Response, status: int) -> str:
    """What the first diagnosis of a refused request advises."""
    return str(refused(response, status)["errors"][0]["hint"])

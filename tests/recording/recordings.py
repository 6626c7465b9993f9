"""Recordings of each vendor, captured from the mock: lifecycles, pages and errors.

Each has a creation, a page with a query, a documented error, a request whose reply changes when
the clock moves, a missing credential and a deletion. Requests that name an id of the vendor come
before the clock moves: ids differ where it never does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import httpx

from tests.calling import counted, request_example
from tests.conftest import NOON
from understudy.core.clock import SECOND
from understudy.core.settings import Settings
from understudy.engine.registry import open_service, open_services
from understudy.openapi.document import Document
from understudy.recording.capture import Capture
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from understudy.server import app as composition
from understudy.server.app import App
from understudy.service.service import Service

VENDORS = ("agentmessage", "sent", "tether", "zexa")
FROZEN = Settings(clock=NOON)
PROFILE = "/v3/profiles/770e8400-e29b-41d4-a716-446655440002"
READY = "/v3/profiles/660e8400-e29b-41d4-a716-446655440000"
# Webhooks to other hosts are not sent.
HOOK = "https://example.com/hook"


def key_header(service: Service) -> dict[str, str]:
    """The header with the credential of the recordings' account."""
    (scheme,) = service.document.raw["components"]["securitySchemes"].values()
    if scheme["type"] == "http":
        return {"authorization": f"Bearer {credential(service.name)}"}
    return {scheme["name"]: credential(service.name)}


class Caller:
    """A client of one vendor, which can also move its clock."""

    def __init__(self, app: App, http: httpx.AsyncClient, vendor: str) -> None:
        self._app, self._http = app, http
        self._service = app.services[vendor]

    @property
    def document(self) -> Document:
        return self._service.document

    async def ask(
        self, method: str, path: str, body: Any = None, known: bool = True, **headers: str
    ) -> Any:
        """Send a request; returns the reply's JSON, or None for an empty reply."""
        key = key_header(self._service) if known else {}
        url = f"/{self._service.name}{path}"
        reply = await self._http.request(method, url, json=body, headers={**key, **headers})
        return reply.json() if reply.content else None

    def example(self, operation: str, name: str = "documented") -> Any:
        """A documented request body."""
        return request_example(self.document.operations[operation], name)

    async def shift(self, seconds: float) -> None:
        await self._app.shift(self._app.session(), int(seconds * SECOND))


async def agentmessage(caller: Caller) -> None:
    campaign = caller.example("createCampaign", "marketing")
    made = await caller.ask("POST", "/v1/campaigns", campaign)
    at = f"/v1/campaigns/{made['data']['id']}"
    for _ in range(3):
        await caller.ask("GET", at)
        await caller.shift(4)
    await caller.ask("GET", "/v1/campaigns")
    await caller.ask("GET", "/v1/campaigns?limit=2&status=ACTIVE")
    await caller.ask("POST", "/v1/campaigns", {**campaign, "usecase": 7})
    await caller.ask("POST", "/v1/webhooks", caller.example("createWebhookEndpoint"))
    await caller.ask("GET", "/v1/billing/wallet", known=False)
    await caller.ask("GET", "/v1/billing/wallet")
    await caller.ask("GET", "/v1/billing/wallet", prefer="code=503")
    numbers = await caller.ask("GET", "/v1/phone-numbers?limit=1")
    await caller.ask("DELETE", f"/v1/phone-numbers/{numbers['data'][0]['id']}/campaign")


async def sent(caller: Caller) -> None:
    campaign = caller.example("createCampaign")
    headers = {"idempotency-key": "once"}
    made = await caller.ask("POST", f"{PROFILE}/campaigns", campaign, **headers)
    await caller.ask("POST", f"{PROFILE}/campaigns", campaign, **headers)
    await caller.ask("GET", f"{PROFILE}/campaigns")
    await caller.ask("GET", f"{PROFILE}/campaigns?sandbox=true&x=a%20b")
    await caller.ask("POST", f"{PROFILE}/campaigns", {"campaign": {"name": ""}})
    await caller.ask("POST", "/v3/profiles", caller.example("createProfile"))
    await caller.ask("POST", f"{READY}/complete", {"webHookUrl": HOOK})
    await caller.ask("GET", READY)
    await caller.shift(60)
    await caller.ask("GET", READY)
    await caller.ask("GET", "/v3/profiles", known=False)
    await caller.ask("GET", "/v3/profiles", prefer="example=internal")
    at = f"{PROFILE}/campaigns/{made['data']['id']}"
    await caller.ask("DELETE", at, caller.example("deleteCampaign"))


async def tether(caller: Caller) -> None:
    later = await caller.ask("POST", "/api/campaigns", caller.example("createCampaign"))
    await caller.ask("DELETE", f"/api/campaigns/{later['data']['_id']}")
    campaign = {**caller.example("createCampaign"), "scheduleDate": "2026-03-12T12:00:00.000Z"}
    made = await caller.ask("POST", "/api/campaigns", campaign)
    at = f"/api/campaigns/{made['data']['_id']}"
    await caller.ask("GET", at)
    await caller.shift(2 * 24 * 60 * 60)
    await caller.ask("GET", at)
    await caller.ask("GET", "/api/campaigns")
    await caller.ask("GET", "/api/campaigns?page=2&limit=2")
    await caller.ask("GET", "/api/campaigns?search=Q2&limit=2")
    await caller.ask("POST", "/api/campaigns", {"name": 7})
    await caller.ask("POST", "/api/auth/login", caller.example("logIn"))
    await caller.ask("GET", "/api/campaigns/scheduled", known=False)


async def zexa(caller: Caller) -> None:
    contact = await caller.ask("POST", "/v1/contacts", caller.example("createContact"))
    await caller.ask("DELETE", f"/v1/contacts/{contact['id']}")
    made = await caller.ask("POST", "/v1/campaigns", caller.example("createCampaign"))
    at = f"/v1/campaigns/{made['id']}"
    await caller.ask("GET", at)
    await caller.shift(60)
    await caller.ask("GET", at)
    await caller.ask("POST", "/v1/campaigns", caller.example("createCampaign", "unicode"))
    await caller.ask("GET", "/v1/campaigns")
    await caller.ask("GET", "/v1/campaigns?page=1&per_page=2")
    await caller.ask("POST", "/v1/campaigns", {"name": "Nothing else"})
    await caller.ask("GET", "/v1/credits", known=False)
    await caller.ask("GET", "/v1/credits", prefer="example=internal")
    await caller.ask("GET", "/v1/nowhere")


SCENES: dict[str, Callable[[Caller], Awaitable[None]]] = {
    "agentmessage": agentmessage,
    "sent": sent,
    "tether": tether,
    "zexa": zexa,
}


async def _record(vendors: tuple[str, ...]) -> Recording:
    capture = Capture(open_services(), also=counted)
    app = composition.create_app(FROZEN, capture)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as http:
        for vendor in vendors:
            await SCENES[vendor](Caller(app, http, vendor))
    return capture.recording("the-take", FROZEN)


@cache
def take(*vendors: str) -> Recording:
    """The recording of these vendors' scenes, in this order."""
    return asyncio.run(_record(vendors))


def exchange(
    method: str = "GET",
    url: str = "https://api.zexa.ao/v1/credits",
    asked: bytes = b"",
    answered: bytes = b'{"a":1}',
    status: int = 200,
    vendor: str = "zexa",
    **told: Any,
) -> RecordedExchange:
    """One made-up exchange."""
    headers = told.pop("headers", ())
    kind = (("content-type", "application/json"),)
    return RecordedExchange(
        RecordedRequest(method, url, headers, asked),
        RecordedResponse(status, told.pop("answer_headers", kind), answered),
        vendor,
        **told,
    )


def made_of(*exchanges: RecordedExchange, name: str = "made-up") -> Recording:
    """A recording of made-up exchanges."""
    return Recording(name, exchanges)


def credential(vendor: str) -> str:
    """The credential with which the recordings were made."""
    accounts = open_service(vendor).accounts
    assert accounts is not None
    return accounts.all[0].credential

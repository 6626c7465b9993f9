"""Requests to all four vendors, the same ones each time: what a busy day leaves in a session."""

from __future__ import annotations

import httpx

from tests.admin.requests import ADMIN, HOOK, Ask, ask, example
from understudy.server.app import App

SALES = "/v3/profiles/770e8400-e29b-41d4-a716-446655440002"
READY = "/v3/profiles/660e8400-e29b-41d4-a716-446655440000"
NUMBER = "/v1/phone-numbers/7c1f0a2d-9e8b-4c3a-9d2e-1f0a2b3c4f01/campaign"
SCHEDULED = "/api/campaigns/665f1a0c0e0a4b001a2c9f11"


def round_of(number: int) -> list[Ask]:
    """The requests of one round; another round's differ in what they name."""
    return [*sent(number), *agentmessage(number), *zexa(number), *tether(number)]


def sent(number: int) -> list[Ask]:
    """A key that is used twice, an invented body, callbacks to come, at times too many of them."""
    key = {"idempotency-key": f"order-{number}"}
    campaign = example("sent", "createCampaign", "minimal")["campaign"]
    named = {"campaign": {**campaign, "name": f"Campaign {number}"}}
    complete = Ask("sent", "POST", f"{READY}/complete", {"webHookUrl": HOOK})
    return [
        Ask("sent", "POST", f"{SALES}/campaigns", named, key),
        Ask("sent", "POST", f"{SALES}/campaigns", named, key),
        Ask("sent", "POST", "/v3/profiles", {"name": f"Team {number}"}),
        Ask("sent", "PATCH", READY, {"description": f"As of round {number}."}),
        Ask("sent", "GET", "/v3/profiles", headers={"prefer": "dynamic=true"}),
        *[complete] * (7 if number % 10 == 5 else 1),
    ]


def agentmessage(number: int) -> list[Ask]:
    """Campaigns that are filed and decided, brands until the wallet is empty."""
    minimal = example("agentmessage", "createCampaign", "minimal")
    company = example("agentmessage", "createBrand", "company")
    local = example("agentmessage", "createWebhookEndpoint", "local", url=HOOK)
    attached = example("agentmessage", "attachCampaignToPhoneNumber", "documented")
    asks = [
        Ask("agentmessage", "POST", "/v1/campaigns", minimal),
        Ask("agentmessage", "POST", "/v1/brands", company),
        Ask("agentmessage", "POST", NUMBER, attached),
        Ask("agentmessage", "DELETE", NUMBER),
        Ask("agentmessage", "GET", "/v1/campaigns?limit=5"),
    ]
    return [*asks, *([] if number % 10 else [Ask("agentmessage", "POST", "/v1/webhooks", local)])]


def zexa(number: int) -> list[Ask]:
    """Campaigns that are scheduled, contacts, and readers of numbered pages."""
    contact = example("zexa", "createContact", "minimal", phone=f"+2449230{number:05d}")
    everything = example("zexa", "createWebhook", "everything", url=HOOK)
    asks = [
        Ask("zexa", "POST", "/v1/campaigns", example("zexa", "createCampaign", "scheduled")),
        Ask("zexa", "POST", "/v1/contacts", contact),
        Ask("zexa", "GET", f"/v1/contacts?page={1 + number % 2}&per_page=10"),
    ]
    return [*asks, *([] if number % 10 else [Ask("zexa", "POST", "/v1/webhooks", everything)])]


def tether(number: int) -> list[Ask]:
    """Campaigns that are planned, one that is put off again and again."""
    moved = example("tether", "updateCampaign", "reschedule", name=f"Put off {number} times")
    return [
        Ask("tether", "POST", "/api/campaigns", example("tether", "createCampaign", "minimal")),
        Ask("tether", "PATCH", SCHEDULED, moved),
        Ask("tether", "GET", f"/api/campaigns?page={1 + number % 2}"),
    ]


async def busy(app: App, client: httpx.AsyncClient, rounds: range) -> list[httpx.Response]:
    """Send the requests of some rounds, half a minute apart; the replies, the clock's too."""
    replies = []
    for number in rounds:
        for asked in round_of(number):
            replies.append(await ask(client, asked))
            # What the mock tells its user in the background belongs to this request.
            await app.session().webhooks.settle()
        replies.append(await client.patch(f"{ADMIN}/clock", json={"shift": "PT30S"}))
    return replies


def changes(replies: list[httpx.Response]) -> int:
    """How many of the requests changed something."""
    return sum(1 for each in replies if each.is_success and each.request.method != "GET")

"""A vendor that has drifted from its document: the proxy finds each difference, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sent_dm import Sent

from tests.conftest import Live
from tests.proxy.drift import Drift
from tests.server.front import KEYS, fronted, in_header, in_journal, kept, playing
from understudy.core.settings import Settings
from understudy.inprocess.live_server import LiveServer

# The SDK of October 2026 marks every profile and campaign operation as deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")

SALES = "770e8400-e29b-41d4-a716-446655440002"
CARE = "660e8400-e29b-41d4-a716-446655440000"
PROFILE = f"/v3/profiles/{SALES}"
CAMPAIGN = {
    "name": "Weekend Sale",
    "channel": "sms",
    "sender_id": "MYBRAND",
    "contact_list_id": "lst_abc123",
    "body": "Get 20% off this weekend only.",
}
CODES: dict[str, Any] = {
    "name": "One-time codes",
    "description": "Sign-in codes for account holders",
    "type": "KYC",
    "use_cases": [
        {"messaging_use_case_us": "TWO_FA", "sample_messages": ["Your Acme code is {code}."]}
    ],
}


def drift_of_successes(change: Callable[[Any], object], status: int | None = None) -> Drift:
    """A drift of every successful reply: changes the document in place, and the status if given."""

    def drift(answered: int, document: Any) -> tuple[int, Any]:
        if answered >= 400:
            return answered, document
        change(document)
        return status or answered, document

    return drift


# A missing field, one of another type, a new value of an enum, an undeclared status.
DRIFTS = {
    "sent": {
        "listCampaigns": drift_of_successes(lambda reply: reply["data"][0].pop("name")),
        "getProfile": drift_of_successes(lambda reply: reply["data"].update(name=7)),
        "createCampaign": drift_of_successes(lambda reply: reply["data"].update(status="LOST")),
        "listProfiles": drift_of_successes(lambda reply: None, 206),
    },
    "zexa": {
        "getCampaign": drift_of_successes(lambda reply: reply.pop("status")),
        "getCredits": drift_of_successes(lambda reply: reply.update(credits="many")),
        "listSenderIds": drift_of_successes(
            lambda reply: reply["data"][0].update(channel="pigeon")
        ),
        "listContacts": drift_of_successes(lambda reply: None, 418),
    },
}
SENT_CAMPAIGN = {
    "campaign": {
        "name": "Codes",
        "description": "Sign-in codes",
        "type": "KYC",
        "useCases": [{"messagingUseCaseUs": "TWO_FA", "sampleMessages": ["Code {code}."]}],
    }
}
# Vendor, request, status, and what differs: code and pointer.
Row = tuple[str, str, str, Any, int, list[tuple[str, str]]]
FOUND: list[Row] = [
    ("sent", "GET", f"{PROFILE}/campaigns", None, 200, [("required", "/data/0/name")]),
    ("sent", "GET", PROFILE, None, 200, [("type", "/data/name")]),
    ("sent", "POST", f"{PROFILE}/campaigns", SENT_CAMPAIGN, 201, [("enum", "/data/status")]),
    ("sent", "GET", "/v3/profiles", None, 206, [("undocumented-status", "")]),
    ("sent", "GET", "/v3/profiles/770e8400-e29b-41d4-a716-446655449999", None, 404, []),
    ("sent", "DELETE", f"{PROFILE}/campaigns/b2c3d4e5-f6a7-8901-bcde-f12345678901", None, 204, []),
    ("zexa", "GET", "/v1/campaigns/cmp_sent001", None, 200, [("required", "/status")]),
    ("zexa", "GET", "/v1/credits", None, 200, [("type", "/credits")]),
    ("zexa", "GET", "/v1/sender-ids", None, 200, [("enum", "/data/0/channel")]),
    ("zexa", "GET", "/v1/contacts", None, 418, [("undocumented-status", "")]),
    ("zexa", "GET", "/v1/campaigns", None, 200, []),
    ("zexa", "POST", "/v1/campaigns", CAMPAIGN, 201, []),
    ("zexa", "GET", "/v1/campaigns/cmp_nothing001", None, 404, []),
]


@pytest.fixture(scope="module")
def proxies() -> Iterator[dict[str, LiveServer]]:
    """Proxies to two drifted vendors: one behind a prefix, one at the root of its host."""
    with (
        playing(DRIFTS["sent"]) as behind_prefix,
        playing(DRIFTS["zexa"], Settings(vendors=("zexa",))) as at_root,
        fronted("sent", f"{behind_prefix.url}/sent") as sent,
        fronted("zexa", at_root.url) as zexa,
    ):
        yield {"sent": sent, "zexa": zexa}


@pytest.mark.parametrize(("vendor", "method", "path", "body", "status", "found"), FOUND)
def test_each_drift_is_found_and_nothing_else(
    proxies: dict[str, LiveServer],
    vendor: str,
    method: str,
    path: str,
    body: Any,
    status: int,
    found: list[tuple[str, str]],
) -> None:
    """Code, pointer and status are in the header and in the journal."""
    proxy = proxies[vendor]
    expected = [(code, "response", pointer) for code, pointer in found]

    reply = httpx.request(method, f"{proxy.url}{path}", json=body, headers=KEYS[vendor])

    assert (reply.status_code, in_header(reply)) == (status, expected)
    assert (kept(proxy, reply)["status"], in_journal(proxy, reply)) == (status, expected)


def test_a_difference_says_what_is_declared(proxies: dict[str, LiveServer]) -> None:
    """The journal has what the document declares, and a hint."""
    reply = httpx.get(f"{proxies['sent'].url}/v3/profiles", headers=KEYS["sent"])

    [diagnosis] = kept(proxies["sent"], reply)["diagnoses"]
    assert diagnosis["message"].startswith("listProfiles declares no response 206; declared: 200,")
    assert "correct the document" in diagnosis["hint"]


def test_the_client_gets_the_drifted_reply_as_it_is(proxies: dict[str, LiveServer]) -> None:
    """A difference does not change the reply."""
    reply = httpx.get(f"{proxies['zexa'].url}/v1/credits", headers=KEYS["zexa"])

    assert reply.json() == {"credits": "many", "currency": "USD"}


@pytest.fixture(scope="module")
def faithful_vendors() -> Iterator[Live]:
    """Vendors that answer as their documents say."""
    with playing({}, Settings(pace=0)) as vendors:
        yield vendors


def test_a_campaigns_life_has_no_difference(faithful_vendors: Live) -> None:
    """The official SDK works through the proxy, from the first list to the filed campaign."""
    session = f"life-{uuid4()}"
    with fronted("sent", f"{faithful_vendors.url}/@{session}/sent") as proxy:
        with Sent(base_url=proxy.url, api_key="sk_test_acme_admin", max_retries=0) as sdk:
            run_campaign_life(sdk)

        journal = httpx.get(f"{proxy.url}/__admin/requests/find").json()["exchanges"]
    assert [each["operation"] for each in journal] == [
        *("listProfiles", "getProfile", "createCampaign", "updateCampaign", "listCampaigns"),
        *("deleteCampaign", "completeProfile", "listCampaigns"),
    ]
    assert [each for each in journal if each["diagnoses"]] == []


def run_campaign_life(sdk: Sent) -> None:
    """Every step in the life of a campaign at Sent."""
    campaigns = sdk.profiles.campaigns
    assert sdk.profiles.list().success
    assert sdk.profiles.retrieve(SALES).success
    made = campaigns.create(SALES, campaign=CODES, idempotency_key=str(uuid4()))
    assert made.data is not None
    assert made.data.id is not None
    campaigns.update(made.data.id, profile_id=SALES, campaign={**CODES, "name": "Codes"})
    assert "Codes" in [each.name for each in campaigns.list(SALES).data or []]
    campaigns.delete(made.data.id, profile_id=SALES)
    sdk.profiles.complete(CARE, web_hook_url="http://127.0.0.1:9/hook")
    assert campaigns.list(CARE).data


def test_zexas_whole_document_has_no_difference(faithful_vendors: Live) -> None:
    """The operations of another vendor, and errors, agree with its document."""
    contact = {"name": "Nelo", "phone": "+244923000999", "lists": ["lst_abc123"]}
    hook = {"url": "https://hooks.example/x", "events": ["campaign.completed"]}
    with (
        fronted("zexa", f"{faithful_vendors.url}/@{uuid4()}/zexa") as proxy,
        httpx.Client(base_url=proxy.url, headers=KEYS["zexa"]) as client,
    ):
        made = client.post("/v1/contacts", json=contact)
        replies = [
            made,
            client.post("/v1/contacts", json=contact),
            client.get("/v1/contacts?list_id=lst_abc123&limit=2"),
            client.delete(f"/v1/contacts/{made.json()['id']}"),
            client.get("/v1/sender-ids"),
            client.get("/v1/credits"),
            client.post("/v1/campaigns", json=CAMPAIGN),
            client.get("/v1/campaigns"),
            client.get("/v1/campaigns/cmp_sent001"),
            client.get("/v1/campaigns/cmp_nothing001"),
            client.post("/v1/webhooks", json=hook),
        ]

    found = [in_header(each) for each in replies]
    assert {each.status_code for each in replies} == {200, 201, 204, 404, 409}
    assert [each for each in found if each] == []

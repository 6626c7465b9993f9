"""The official SDK against the live server, with its synchronous and its asynchronous client."""

from __future__ import annotations

import inspect
import json
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

import pytest
import sent_dm
from sent_dm import AsyncSent, Sent

from tests.conftest import Live
from tests.waiting import LONG

# The SDK of October 2026 marks every profile and campaign operation as deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")

SALES = "770e8400-e29b-41d4-a716-446655440002"
CARE = "660e8400-e29b-41d4-a716-446655440000"
EVENTS = "660e8400-e29b-41d4-a716-446655440005"
DELIVERY = "660e8400-e29b-41d4-a716-446655440006"
CAMPAIGN = "b2c3d4e5-f6a7-8901-bcde-f12345678901"
SUBMITTED = "b2c3d4e5-f6a7-4901-bcde-446655440006"
KEY = "sk_test_acme_admin"
CODES: dict[str, Any] = {
    "name": "One-time codes",
    "description": "Sign-in codes for account holders",
    "type": "KYC",
    "use_cases": [
        {"messaging_use_case_us": "TWO_FA", "sample_messages": ["Your Acme code is {code}."]}
    ],
    "message_flow": "Account holders ask for a code when they sign in",
    "privacy_policy_link": "https://acmecorp.com/privacy",
}


async def result(value: Any) -> Any:
    """What a call of either client comes to."""
    return await value if inspect.isawaitable(value) else value


@pytest.fixture(params=[Sent, AsyncSent], ids=["sync", "async"])
async def sdk(request: pytest.FixtureRequest, live: Live) -> AsyncIterator[Any]:
    """A client of the SDK in a session of its own; retries would hide what the first try got."""
    base_url = f"{live.url}/@sdk-{uuid4()}/sent"
    sdk = request.param(base_url=base_url, api_key=KEY, max_retries=0)
    yield sdk
    await result(sdk.close())


async def names(sdk: Any, profile: str) -> list[str]:
    """The names of a profile's campaigns."""
    listed = await result(sdk.profiles.campaigns.list(profile))
    return [each.name for each in listed.data]


async def test_list(sdk: Any) -> None:
    """The seed world's campaign arrives as a typed object."""
    listed = await result(sdk.profiles.campaigns.list(SALES))

    (campaign,) = listed.data
    assert (listed.success, campaign.id, campaign.submitted_to_tcr) == (True, CAMPAIGN, False)
    assert campaign.use_cases[0].messaging_use_case_us == "ACCOUNT_NOTIFICATION"
    assert campaign.created_at.year == 2026


async def test_create_echoes(sdk: Any) -> None:
    """A created campaign has what was sent, and is listed."""
    created = await result(sdk.profiles.campaigns.create(SALES, campaign=CODES))

    assert (created.data.name, created.data.type) == ("One-time codes", "KYC")
    assert created.data.privacy_policy_link == "https://acmecorp.com/privacy"
    assert created.data.use_cases[0].sample_messages == ["Your Acme code is {code}."]
    assert await names(sdk, SALES) == ["Customer Notifications", "One-time codes"]


async def test_create_twice_with_one_key(sdk: Any) -> None:
    """One idempotency key makes one campaign; the second reply says that it is a replay."""
    create = sdk.profiles.campaigns.with_raw_response.create
    first = await result(create(SALES, campaign=CODES, idempotency_key="order-66"))

    again = await result(create(SALES, campaign=CODES, idempotency_key="order-66"))

    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["x-original-request-id"] == first.headers["x-request-id"]
    assert (await result(again.parse())).data.id == (await result(first.parse())).data.id
    assert (await names(sdk, SALES)).count("One-time codes") == 1


async def test_update(sdk: Any) -> None:
    """An update replaces the campaign under its id."""
    updated = await result(
        sdk.profiles.campaigns.update(CAMPAIGN, profile_id=SALES, campaign=CODES)
    )

    assert (updated.data.id, updated.data.name) == (CAMPAIGN, "One-time codes")
    assert updated.data.updated_at is not None
    assert await names(sdk, SALES) == ["One-time codes"]


async def test_update_of_a_submitted_campaign(sdk: Any) -> None:
    """Once submitted, a campaign is not updated: the SDK's error carries Sent's words."""
    with pytest.raises(sent_dm.BadRequestError) as refused:
        await result(sdk.profiles.campaigns.update(SUBMITTED, profile_id=DELIVERY, campaign=CODES))

    assert isinstance(refused.value.body, dict)
    error = refused.value.body["error"]
    assert error["message"] == "Cannot update campaign that has already been submitted to TCR"
    assert await names(sdk, DELIVERY) == ["Parcel Updates"]


async def test_delete(sdk: Any) -> None:
    """A deleted campaign is gone, and deleting it again is the SDK's NotFoundError."""
    deleted = await result(sdk.profiles.campaigns.delete(CAMPAIGN, profile_id=SALES))

    with pytest.raises(sent_dm.NotFoundError) as missing:
        await result(sdk.profiles.campaigns.delete(CAMPAIGN, profile_id=SALES))
    assert (deleted, await names(sdk, SALES)) == (None, [])
    assert isinstance(missing.value.body, dict)
    assert missing.value.body["error"]["code"] == "RESOURCE_010"


async def test_sandbox(sdk: Any) -> None:
    """A rehearsed create stores nothing."""
    raw = await result(
        sdk.profiles.campaigns.with_raw_response.create(SALES, campaign=CODES, sandbox=True)
    )

    assert (raw.status_code, raw.headers["x-sandbox"]) == (201, "true")
    assert await names(sdk, SALES) == ["Customer Notifications"]


async def test_no_brand(sdk: Any) -> None:
    """A profile without a brand is the SDK's NotFoundError with Sent's code."""
    with pytest.raises(sent_dm.NotFoundError) as missing:
        await result(sdk.profiles.campaigns.list(EVENTS))

    assert isinstance(missing.value.body, dict)
    assert missing.value.body["error"]["code"] == "RESOURCE_009"


async def test_unknown_key(sdk: Any) -> None:
    """A key that was never issued is the SDK's AuthenticationError."""
    stranger = sdk.with_options(api_key="sk_test_nobody")

    with pytest.raises(sent_dm.AuthenticationError) as unknown:
        await result(stranger.profiles.campaigns.list(SALES))

    assert isinstance(unknown.value.body, dict)
    assert unknown.value.body["error"]["code"] == "AUTH_002"


@pytest.fixture
def receiver() -> Iterator[tuple[str, SimpleQueue[Any]]]:
    """A user's endpoint: its URL, and the JSON bodies that it receives."""
    received: SimpleQueue[Any] = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads a test's access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    thread.join()
    server.server_close()


async def test_complete(sdk: Any, receiver: tuple[str, SimpleQueue[Any]]) -> None:
    """A completion ends by itself in real time: it calls the user back and files the campaign."""
    url, received = receiver
    accepted = await result(sdk.profiles.complete(CARE, web_hook_url=url))

    told = received.get(timeout=LONG)

    assert accepted.data.message == "Profile completion in progress"
    assert (told["profileId"], told["success"], told["status"]) == (CARE, True, "SUBMITTED")
    profile = await result(sdk.profiles.retrieve(CARE))
    (filed,) = (await result(sdk.profiles.campaigns.list(CARE))).data
    assert (profile.data.status, filed.submitted_to_tcr) == ("pending_review", True)

"""Sent's SDK with its default base URL: the campaign's whole life, and no socket."""

from __future__ import annotations

import inspect
import json
import socket
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest
import sent_dm
from sent_dm import AsyncSent, DefaultAioHttpClient, Sent

import understudy
from tests.asking import ASKS, KEY, SALES, SENT, each_client
from tests.waiting import LONG
from understudy.intercept.mock import Mock

# The SDK of October 2026 marks every profile and campaign operation as deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")

PROFILE = "770e8400-e29b-41d4-a716-446655440002"
CARE = "660e8400-e29b-41d4-a716-446655440000"
CAMPAIGN = "b2c3d4e5-f6a7-8901-bcde-f12345678901"
CODES: Any = {
    "name": "One-time codes",
    "description": "Sign-in codes for account holders",
    "type": "KYC",
    "use_cases": [
        {"messaging_use_case_us": "TWO_FA", "sample_messages": ["Your Acme code is {code}."]}
    ],
}


async def result(value: Any) -> Any:
    """What a call of either client comes to."""
    return await value if inspect.isawaitable(value) else value


def with_aiohttp(**options: Any) -> AsyncSent:
    """The SDK as its `aiohttp` extra has it."""
    return AsyncSent(http_client=DefaultAioHttpClient(), **options)


@pytest.fixture
def mock() -> Iterator[Mock]:
    """The vendors, in-process; what takes time happens when a test says so."""
    with understudy.mock(pace="manual") as mock:
        yield mock


@pytest.fixture(params=[Sent, AsyncSent, with_aiohttp], ids=["sync", "async", "aiohttp"])
async def sdk(request: pytest.FixtureRequest, mock: Mock) -> AsyncIterator[Any]:
    """A client of the SDK, as a user makes it; retries would hide what the first try got."""
    sdk = request.param(api_key="sk_test_acme_admin", max_retries=0)
    yield sdk
    await result(sdk.close())


async def names(sdk: Any) -> list[str]:
    listed = await result(sdk.profiles.campaigns.list(PROFILE))
    return [each.name for each in listed.data]


async def test_create_and_list(sdk: Any) -> None:
    """A created campaign is listed."""
    created = await result(sdk.profiles.campaigns.create(PROFILE, campaign=CODES))

    assert created.data.name == "One-time codes"
    assert await names(sdk) == ["Customer Notifications", "One-time codes"]


async def test_update(sdk: Any) -> None:
    """An update replaces the campaign under its id."""
    updated = await result(
        sdk.profiles.campaigns.update(CAMPAIGN, profile_id=PROFILE, campaign=CODES)
    )

    assert (updated.data.id, await names(sdk)) == (CAMPAIGN, ["One-time codes"])


async def test_delete(sdk: Any) -> None:
    """A deleted campaign is gone; deleting it again is the SDK's own error."""
    await result(sdk.profiles.campaigns.delete(CAMPAIGN, profile_id=PROFILE))

    with pytest.raises(sent_dm.NotFoundError):
        await result(sdk.profiles.campaigns.delete(CAMPAIGN, profile_id=PROFILE))
    assert await names(sdk) == []


@pytest.fixture
def receiver() -> Iterator[tuple[str, SimpleQueue[Any]]]:
    """A user's endpoint on this machine: its URL, and the JSON bodies that it receives."""
    received: SimpleQueue[Any] = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads a test's access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    thread.join()
    server.server_close()


async def test_complete(sdk: Any, mock: Mock, receiver: tuple[str, SimpleQueue[Any]]) -> None:
    """A completion calls the user back, over the network, and files the campaign."""
    url, received = receiver
    await result(sdk.profiles.complete(CARE, web_hook_url=url))

    await mock.ashift(seconds=2)

    told = received.get(timeout=LONG)
    assert (told["profileId"], told["success"]) == (CARE, True)
    (filed,) = (await result(sdk.profiles.campaigns.list(CARE))).data
    assert filed.submitted_to_tcr is True


def test_completion_in_real_time(receiver: tuple[str, SimpleQueue[Any]]) -> None:
    """Left alone, the mock calls back by itself."""
    url, received = receiver

    with understudy.mock(pace=0.01), Sent(api_key="sk_test_acme_admin") as sdk:
        sdk.profiles.complete(CARE, web_hook_url=url)

        assert received.get(timeout=LONG)["status"] == "SUBMITTED"


async def test_refused_host_is_the_sdks_connection_error() -> None:
    """A client with a strange base URL is told so."""
    sdk = Sent(api_key="k", base_url="https://example.com", max_retries=0)

    with understudy.mock(), sdk, pytest.raises(sent_dm.APIConnectionError) as refused:
        sdk.profiles.list()

    assert "refused a request to example.com" in str(refused.value.__cause__)


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt to look up a name or to connect fails."""

    def fail(*arguments: Any, **named: Any) -> None:
        raise AssertionError(f"a socket was to be used: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", fail)
    monkeypatch.setattr(socket.socket, "connect_ex", fail)
    monkeypatch.setattr(socket, "getaddrinfo", fail)


async def test_sdk_uses_no_socket(no_sockets: None, sdk: Any) -> None:
    """Nothing is looked up and nothing is connected."""
    await result(sdk.profiles.campaigns.create(PROFILE, campaign=CODES))

    assert len(await names(sdk)) == 2


@each_client
async def test_clients_use_no_socket(no_sockets: None, client: str) -> None:
    """So it is with every client."""
    with understudy.mock():
        answer = await ASKS[client]("GET", f"{SENT}{SALES}", KEY)

    assert answer.status == 200

"""What a tester does with time and webhooks, over HTTP, with a receiver that really listens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import NOON, Live, serve
from tests.testing.receiver_thread import Received, Receiver, receiving
from understudy.client import Client
from understudy.client.models import DueCall
from understudy.core.settings import Settings

KEY = {"authorization": "Bearer am_live_oc01abcdefghijklmnopqrstuvwxyz0123"}
SAMPLE = "Acme: your code is 123456. Reply STOP to opt out."
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def frozen() -> Iterator[Live]:
    """A live server whose sessions stand still at noon."""
    yield from serve(Settings(clock=NOON))


@pytest.fixture
def mock(frozen: Live) -> Iterator[Client]:
    """A session of its own."""
    with Client(frozen.url, session=f"time-{next(NUMBERS)}") as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class AgentMessage:
    """The vendor's API in the session of a client."""

    def __init__(self, live: Live, mock: Client) -> None:
        self._http = httpx.Client(base_url=f"{mock.url('agentmessage')}/v1", headers=KEY)
        operation = live.app.services["agentmessage"].document.operations["createCampaign"]
        assert operation.body is not None
        self._campaign = {**operation.body.examples["documented"], "sample1": SAMPLE}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self._http.request(method, path, json=body).raise_for_status().json()

    def register(self, count: int = 1) -> str:
        """File campaigns; the id of the last one."""
        ids = [self.ask("POST", "/campaigns", self._campaign)["data"]["id"] for _ in range(count)]
        return str(ids[-1])

    def listen(self, url: str, *events: str) -> Any:
        return self.ask("POST", "/webhooks", {"url": url, "events": events})

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def vendor(frozen: Live, mock: Client) -> Iterator[AgentMessage]:
    vendor = AgentMessage(frozen, mock)
    yield vendor
    vendor.close()


def signed_at(received: Received, secret: str) -> int:
    """When a delivery was signed (unix seconds); its signature is the endpoint's."""
    stamp, _, signature = received.headers["x-amcore-signature"].partition(",v1=")
    key = base64.b64decode(secret)
    content = f"{stamp[2:]}\n".encode() + received.body
    assert hmac.new(key, content, hashlib.sha256).hexdigest() == signature
    return int(stamp[2:])


def what(fired: tuple[DueCall, ...]) -> list[str]:
    """Each call as text, so that it can be counted."""
    return [json.dumps([each.action, dict(each.arguments)], sort_keys=True) for each in fired]


def test_a_month_fires_everything_once_and_in_order(
    vendor: AgentMessage, mock: Client, receiver: Receiver
) -> None:
    """30 days over 1,000 lifecycles and 200 webhook retries fire each of them exactly once."""
    receiver.statuses = [500] * 200
    endpoint = vendor.listen(receiver.url, "campaign.approved")
    vendor.register(200)
    mock.clock.shift(seconds=7)
    # From now on only the retries call the receiver.
    vendor.ask("PATCH", f"/webhooks/{endpoint['id']}", {"events": ["brand.vetted"]})
    vendor.register(1_000)

    month = mock.clock.shift(days=30)

    actions = Counter(each.action for each in month.fired)
    assert actions == {"file_campaign": 1_000, "decide_campaign": 1_000, "redeliver": 200}
    assert month.complete and max(Counter(what(month.fired)).values()) == 1
    assert [each.at for each in month.fired] == sorted(each.at for each in month.fired)
    assert Counter(Counter(each.body for each in receiver.received).values()) == {2: 200}


def test_a_second_shift_fires_nothing(vendor: AgentMessage, mock: Client) -> None:
    """What has fired does not fire again."""
    vendor.register(3)
    mock.clock.shift(hours=1)

    again = mock.clock.shift(seconds=1)

    assert again.fired == ()


def test_three_attempts_at_the_documented_times(
    vendor: AgentMessage, mock: Client, receiver: Receiver
) -> None:
    """A receiver that answers 500, 500 and 200 gets the event at 0, 30 and 150 s, each signed."""
    receiver.statuses = [500, 500, 200]
    endpoint = vendor.listen(receiver.url, "campaign.approved")
    vendor.register()

    mock.clock.shift(hours=1)

    times = [signed_at(each, endpoint["secret"]) for each in receiver.received]
    [delivery] = mock.deliveries.list(event="campaign.approved")
    assert [time - times[0] for time in times] == [0, 30, 150]
    assert [attempt.status for attempt in delivery.attempts] == [500, 500, 200]
    assert (delivery.state, len({each.body for each in receiver.received})) == ("delivered", 1)


def test_a_receiver_may_call_the_mock_back(
    vendor: AgentMessage, mock: Client, receiver: Receiver
) -> None:
    """A handler that asks the vendor for the campaign, before it answers, sees it as it is told."""
    seen: list[str] = []
    vendor.listen(receiver.url, "campaign.approved")
    id = vendor.register()
    receiver.handle = lambda _: seen.append(vendor.ask("GET", f"/campaigns/{id}")["data"]["status"])

    mock.clock.shift(hours=1)

    assert seen == ["ACTIVE"]


def test_a_receiver_may_move_the_clock(
    vendor: AgentMessage, mock: Client, receiver: Receiver
) -> None:
    """A handler that shifts the clock is not waited for by the shift that it asked for."""
    moved: list[bool] = []
    vendor.listen(receiver.url, "campaign.approved")
    vendor.register()
    receiver.handle = lambda _: moved.append(mock.clock.shift(days=1).complete)

    outer = mock.clock.shift(hours=1)

    assert moved == [True] and outer.complete
    assert mock.deliveries.list()[0].state == "delivered"


def test_a_dead_receiver_leaves_the_mock_answering(vendor: AgentMessage, mock: Client) -> None:
    """Five refused connections, and the delivery is given up; the vendor goes on."""
    with receiving() as receiver:
        vendor.listen(receiver.url, "campaign.approved")
    vendor.register()

    mock.clock.shift(days=2)

    [delivery] = mock.deliveries.list()
    assert (delivery.state, len(delivery.attempts)) == ("failed", 5)
    assert all(attempt.error for attempt in delivery.attempts)
    assert vendor.register()

"""Faults of deliveries, as a real receiver meets them; and receivers that fail by themselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.conftest import NOON, serve
from tests.testing.receiver_thread import Received, Receiver, receiving
from tests.waiting import LONG
from understudy.core.settings import Settings
from understudy.engine.registry import open_service
from understudy.server.app import App
from understudy.server.log_lines import delivery_to_json, format_delivery
from understudy.session.deliveries import Delivery
from understudy.session.session import Session

NUMBERS = itertools.count(1)
PROFILE = "/sent/v3/profiles/660e8400-e29b-41d4-a716-446655440000"


def new_app() -> App:
    """An app of the vendors that this package brings."""
    names = ("agentmessage", "sent", "tether", "zexa")
    return App([open_service(name) for name in names], Settings(clock=NOON), None)


@pytest.fixture(scope="module")
def app() -> App:
    """One app for all: each test has a session of its own."""
    return new_app()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def bodies(receiver: Receiver) -> list[bytes]:
    """What came, oldest first."""
    return [each.body for each in receiver.received]


def hang(receiver: Receiver) -> threading.Event:
    """Have a receiver answer nothing; when the event is set, it closes the connection."""
    over = threading.Event()
    receiver.statuses = [0]
    receiver.handle = lambda received: over.wait(LONG)
    return over


@dataclass(frozen=True)
class Mock:
    """The mock in a session of its own."""

    session: Session
    http: httpx.AsyncClient

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        """What the admin plane answers to a request that must succeed."""
        url = f"/__admin/sessions/{self.session.name}{path}"
        reply = await self.http.request(method, url, json=body)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    async def plan(self, kind: str, **members: Any) -> None:
        await self.admin("POST", "/faults", {"kind": kind, **members})

    async def shift(self, duration: str) -> list[str]:
        """Move the clock and let what is under way arrive; the actions that fired."""
        moved = await self.admin("PATCH", "/clock", {"shift": duration})
        await self.session.webhooks.settle()
        return [each["action"] for each in moved["fired"]]

    async def send(self, *deliveries: Delivery) -> None:
        """Send deliveries, and let what is under way arrive."""
        for delivery in deliveries:
            self.session.send(delivery)
        await self.session.webhooks.settle()

    async def log(self) -> list[tuple[str, str, str, int]]:
        """Id, state, fault and number of attempts of each delivery."""
        told = (await self.admin("GET", "/deliveries"))["deliveries"]
        return [(each["id"], each["state"], each["fault"], len(each["attempts"])) for each in told]


@pytest.fixture
async def mock(app: App) -> AsyncIterator[Mock]:
    async with mocking(app) as mock:
        yield mock


@asynccontextmanager
async def mocking(app: App) -> AsyncIterator[Mock]:
    """An app in a session that no other test has."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as http:
        yield Mock(app.session(f"hooks-{next(NUMBERS)}"), http)


def delivery(url: str, id: str = "first", **members: Any) -> Delivery:
    """A delivery whose body is its id."""
    usual: dict[str, Any] = {"vendor": "sent", "event": "completed", "subscription": "mine"}
    usual |= {"headers": {}, "timeout": 5.0, "created": NOON, "body": id.encode()}
    return Delivery(id=id, url=url, **{**usual, **members})


async def test_a_duplicate_comes_twice(mock: Mock, receiver: Receiver) -> None:
    """The same request twice; the log has one delivery with two attempts."""
    await mock.plan("webhook-duplicate", times=1)

    await mock.send(delivery(receiver.url), delivery(receiver.url, "second"))

    assert bodies(receiver) == [b"first", b"first", b"second"]
    assert receiver.received[0] == receiver.received[1]
    assert await mock.log() == [
        ("first", "delivered", "webhook-duplicate", 2),
        ("second", "delivered", "", 1),
    ]


async def test_a_delivery_that_never_comes(mock: Mock, receiver: Receiver) -> None:
    """Nothing leaves, and the log says why; the next one is not held up."""
    await mock.plan("webhook-never", times=1)

    await mock.send(delivery(receiver.url), delivery(receiver.url, "second"))

    [withheld, _] = (await mock.admin("GET", "/deliveries"))["deliveries"]
    assert bodies(receiver) == [b"second"]
    assert (withheld["state"], withheld["attempts"]) == ("withheld", [])
    assert withheld["reason"] == "a planned fault keeps it from leaving"


async def test_a_late_delivery_waits_for_the_clock(mock: Mock, receiver: Receiver) -> None:
    """On a clock that stands still it stays, whatever real time passes."""
    await mock.plan("webhook-late", delay=30_000)

    await mock.send(delivery(receiver.url))
    fired = await mock.shift("PT29.999S")

    assert (bodies(receiver), fired) == ([], [])
    assert await mock.log() == [("first", "held", "webhook-late", 0)]


async def test_a_late_delivery_leaves_with_a_shift(mock: Mock, receiver: Receiver) -> None:
    """When its delay is over by the session's clock, it comes, once."""
    await mock.plan("webhook-late", delay=30_000)
    await mock.send(delivery(receiver.url))

    fired = [await mock.shift(duration) for duration in ("PT30S", "PT30S")]

    assert (bodies(receiver), fired) == ([b"first"], [["(deliver)"], []])
    assert await mock.log() == [("first", "delivered", "webhook-late", 1)]


async def test_a_late_delivery_is_shown_among_what_is_due(mock: Mock, receiver: Receiver) -> None:
    """The clock tells when it leaves, and for which event."""
    await mock.plan("webhook-late")
    await mock.send(delivery(receiver.url))

    [due] = (await mock.admin("GET", "/clock"))["due"]

    assert (due["at"], due["vendor"]) == ("2026-03-11T12:01:00.000000000Z", "sent")
    assert due["arguments"] == {"delivery": "first", "event": "completed"}


async def test_a_late_delivery_does_not_hold_up_the_next(mock: Mock, receiver: Receiver) -> None:
    """Those after it overtake it."""
    await mock.plan("webhook-late", times=1)

    await mock.send(delivery(receiver.url), delivery(receiver.url, "second"))
    await mock.shift("PT1M")

    assert bodies(receiver) == [b"second", b"first"]


@pytest.mark.parametrize("kind", ["webhook-late", "webhook-out-of-order"])
async def test_a_held_delivery_survives_in_another_app(
    mock: Mock, receiver: Receiver, kind: str
) -> None:
    """A downloaded world has it, and where the world is restored it leaves when its time comes."""
    await mock.plan(kind, delay=30_000)
    await mock.send(delivery(receiver.url, headers={"x-kept": "yes"}, body="é".encode()))
    await mock.admin("POST", "/snapshots/world")
    world = await mock.admin("GET", "/snapshots/world")

    async with mocking(new_app()) as other:
        await other.admin("PUT", "/snapshots/moved", world)
        await other.admin("POST", "/snapshots/moved/restore")
        await other.shift("PT30S")
        log = await other.log()

    [received] = receiver.received
    assert (received.body, received.headers["x-kept"]) == ("é".encode(), "yes")
    assert log == [("first", "delivered", kind, 1)]


async def test_a_held_delivery_leaves_again_after_a_restore(mock: Mock, receiver: Receiver) -> None:
    """Back in the world in which it was held, it is held."""
    await mock.plan("webhook-late", times=1)
    await mock.send(delivery(receiver.url))
    await mock.admin("POST", "/snapshots/held")
    await mock.shift("PT1M")

    await mock.admin("POST", "/snapshots/held/restore")
    await mock.shift("PT1M")

    assert bodies(receiver) == [b"first", b"first"]


@pytest.mark.parametrize("path", ["/snapshots/before/restore", "/reset"])
async def test_a_world_without_it_does_not_send_it(
    mock: Mock, receiver: Receiver, path: str
) -> None:
    """Neither a restore to an earlier world nor a reset lets a held delivery out."""
    await mock.admin("POST", "/snapshots/before")
    await mock.plan("webhook-out-of-order", times=1)
    await mock.send(delivery(receiver.url))

    await mock.admin("POST", path)
    await mock.send(delivery(receiver.url, "second"))
    await mock.shift("PT1H")

    assert bodies(receiver) == [b"second"]


async def test_out_of_order_comes_after_the_next(mock: Mock, receiver: Receiver) -> None:
    """The one behind it overtakes it; its own time then brings nothing more."""
    await mock.plan("webhook-out-of-order", times=1)

    await mock.send(*(delivery(receiver.url, id) for id in ("first", "second", "third")))
    await mock.shift("PT1H")

    assert bodies(receiver) == [b"second", b"first", b"third"]
    assert (await mock.log())[0] == ("first", "delivered", "webhook-out-of-order", 1)


async def test_out_of_order_waits_for_its_own_subscription(mock: Mock, receiver: Receiver) -> None:
    """Deliveries for others do not count as the next."""
    await mock.plan("webhook-out-of-order", times=1)

    await mock.send(delivery(receiver.url), delivery(receiver.url, "other", subscription="theirs"))

    assert bodies(receiver) == [b"other"]
    assert [state for _, state, _, _ in await mock.log()] == ["held", "delivered"]


async def test_out_of_order_comes_by_itself_where_nothing_follows(
    mock: Mock, receiver: Receiver
) -> None:
    """After its delay it leaves, so that it is not lost."""
    await mock.plan("webhook-out-of-order", delay=5_000)
    await mock.send(delivery(receiver.url))

    before = bodies(receiver)
    await mock.shift("PT5S")

    assert (before, bodies(receiver)) == ([], [b"first"])


async def test_several_out_of_order_come_after_the_one_that_is_not(
    mock: Mock, receiver: Receiver
) -> None:
    """Those that wait keep their order among themselves."""
    await mock.plan("webhook-out-of-order", times=2)

    await mock.send(*(delivery(receiver.url, id) for id in ("first", "second", "third")))

    assert bodies(receiver) == [b"third", b"first", b"second"]


def agentmessage_accepts(received: Received, secret: str) -> bool:
    """Whether a receiver that follows AgentMessage's documentation takes it."""
    seconds, _, signed = received.headers["x-amcore-signature"].partition(",v1=")
    message = seconds.removeprefix("t=").encode() + b"\n" + received.body
    digest = hmac.new(base64.b64decode(secret), message, hashlib.sha256).hexdigest()
    return hmac.compare_digest(digest, signed)


def zexa_accepts(received: Received, key: str) -> bool:
    """Whether a receiver that follows Zexa's documentation takes it."""
    digest = hmac.new(key.encode(), received.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={digest}", received.headers["x-zexa-signature"])


async def call(mock: Mock, vendor: str, method: str, path: str, body: Any) -> Any:
    """What a vendor answers its default account."""
    accounts = open_service(vendor).accounts
    assert accounts is not None
    key = {"authorization": f"Bearer {accounts.default.credential}"}
    url = f"/@{mock.session.name}/{vendor}{path}"
    reply = await mock.http.request(method, url, json=body, headers=key)
    assert reply.is_success, reply.text
    return reply.json()


def documented(vendor: str, operation: str) -> Any:
    """The first documented request body of an operation."""
    body = open_service(vendor).document.operations[operation].body
    assert body is not None
    return json.loads(json.dumps(next(iter(body.examples.values()))))


async def approve(mock: Mock, url: str) -> str:
    """Register an endpoint at AgentMessage and have a campaign approved; the endpoint's secret."""
    wanted = {"url": url, "events": ["campaign.approved"]}
    endpoint = await call(mock, "agentmessage", "POST", "/v1/webhooks", wanted)
    body = documented("agentmessage", "createCampaign")
    await call(mock, "agentmessage", "POST", "/v1/campaigns", body)
    await mock.shift("PT10S")
    secret: str = endpoint["secret"]
    return secret


async def test_a_bad_signature_at_agentmessage(mock: Mock, receiver: Receiver) -> None:
    """The body is what it was, the signature has its form, and does not fit."""
    await mock.plan("webhook-bad-signature", vendor="agentmessage")

    secret = await approve(mock, receiver.url)

    [received] = receiver.received
    assert not agentmessage_accepts(received, secret)
    assert json.loads(received.body)["type"] == "campaign.approved"
    assert received.headers["x-amcore-signature"].startswith("t=1773")


async def test_a_repeated_delivery_is_signed_well_again(mock: Mock, receiver: Receiver) -> None:
    """A receiver that refuses a bad signature gets a good one with the vendor's next attempt."""
    await mock.plan("webhook-bad-signature", times=1)
    receiver.statuses = [401]
    secret = await approve(mock, receiver.url)

    await mock.shift("PT1M")

    accepted = [agentmessage_accepts(each, secret) for each in receiver.received]
    assert accepted == [False, True]


async def test_a_bad_signature_at_zexa(mock: Mock, receiver: Receiver) -> None:
    """Of two events the first is signed badly, the second well."""
    await mock.plan("webhook-bad-signature", vendor="zexa", times=1)
    wanted = {"url": receiver.url, "events": ["*"]}
    await call(mock, "zexa", "POST", "/v1/webhooks", wanted)
    await call(mock, "zexa", "POST", "/v1/campaigns", documented("zexa", "createCampaign"))

    await mock.shift("PT1M")

    bad, good = (zexa_accepts(each, "zexa_test_acme") for each in receiver.received[:2])
    assert (bad, good) == (False, True)


async def test_what_is_not_signed_cannot_be_signed_badly(mock: Mock, receiver: Receiver) -> None:
    """Sent signs nothing: the fault passes its deliveries by and is not used up."""
    await mock.plan("webhook-bad-signature", times=1)

    await mock.send(delivery(receiver.url, headers={"x-other": "1"}))

    [fault] = (await mock.admin("GET", "/faults"))["faults"]
    assert (receiver.received[0].headers["x-other"], fault["struck"]) == ("1", 0)


async def test_the_vendor_is_told_of_a_duplicate_once(mock: Mock, receiver: Receiver) -> None:
    """Both copies fail, and one retry is scheduled, not two."""
    await mock.plan("webhook-duplicate", times=1)
    receiver.statuses = [500, 500]
    await approve(mock, receiver.url)

    await mock.shift("PT1M")

    assert len(receiver.received) == 3


async def test_the_vendor_does_not_repeat_what_never_came(mock: Mock, receiver: Receiver) -> None:
    """A delivery that is lost on the way counts as sent."""
    await mock.plan("webhook-never", event="campaign.approved", times=1)
    await approve(mock, receiver.url)

    fired = await mock.shift("P1D")

    assert (receiver.received, "redeliver" in fired) == ([], False)


async def test_the_vendor_is_told_when_a_late_delivery_has_come(
    mock: Mock, receiver: Receiver
) -> None:
    """Its failure has the vendor's usual consequence: another attempt."""
    await mock.plan("webhook-late", delay=5_000, times=1)
    receiver.statuses = [500]
    await approve(mock, receiver.url)

    fired = await mock.shift("PT2M")

    assert (fired, len(receiver.received)) == (["(deliver)", "redeliver"], 2)


async def test_a_fault_of_one_event_spares_the_others(mock: Mock, receiver: Receiver) -> None:
    """Only the named event is lost."""
    await mock.plan("webhook-never", event="campaign.failed")

    await mock.send(
        delivery(receiver.url, event="campaign.failed"), delivery(receiver.url, "second")
    )

    assert bodies(receiver) == [b"second"]


async def test_a_probability_strikes_the_same_deliveries_again(
    app: App, receiver: Receiver
) -> None:
    """Two sessions with one seed lose the same ones."""
    came = []
    for _ in range(2):
        async with mocking(app) as mock:
            await mock.plan("webhook-never", probability=0.5, seed=3)
            await mock.send(*(delivery(receiver.url, str(number)) for number in range(20)))
        came.append(bodies(receiver))
        receiver.received.clear()

    assert came[0] == came[1]
    assert 0 < len(came[0]) < 20


async def test_faults_do_not_move_the_ids_of_deliveries(app: App, receiver: Receiver) -> None:
    """What a receiver is sent is the same with a fault and without."""
    told = []
    for kind in ("webhook-duplicate", None):
        async with mocking(app) as mock:
            if kind:
                await mock.plan(kind)
            await approve(mock, receiver.url)
        told.append(bodies(receiver)[-1])

    assert told[0] == told[1]


@pytest.mark.parametrize("kind", ["webhook-duplicate", "webhook-bad-signature"])
async def test_the_log_names_the_fault(mock: Mock, receiver: Receiver, kind: str) -> None:
    """Lines for people and for programs say that it was planned."""
    await mock.plan(kind)
    sent = delivery(receiver.url, headers={"x-sig": "a"}, signature="x-sig")

    await mock.send(sent)

    line = f"12:00:00.000 POST   {receiver.url} sent completed: delivered 200 (fault: {kind})"
    assert format_delivery(sent) == line
    assert json.loads(delivery_to_json(sent))["fault"] == kind


async def test_the_log_names_no_fault_where_there_was_none(mock: Mock, receiver: Receiver) -> None:
    """An ordinary delivery is told as ever."""
    sent = delivery(receiver.url)

    await mock.send(sent)

    assert format_delivery(sent).endswith("sent completed: delivered 200")
    assert json.loads(delivery_to_json(sent))["fault"] == ""


async def profiles(mock: Mock) -> int:
    """The status of an ordinary request."""
    url = f"/@{mock.session.name}/sent/v3/profiles"
    return (await mock.http.get(url, headers={"x-api-key": "sk_test_acme_admin"})).status_code


async def test_a_receiver_that_is_gone(mock: Mock) -> None:
    """Nobody listens any more: the delivery fails with the reason, and the mock answers on."""
    with receiving() as receiver:
        url = receiver.url

    await mock.send(delivery(url))

    [failed] = (await mock.admin("GET", "/deliveries"))["deliveries"]
    assert (failed["state"], await profiles(mock)) == ("failed", 200)
    assert failed["reason"].startswith("ConnectError: ")


async def test_a_receiver_that_dies_between_two_deliveries(mock: Mock) -> None:
    """The first arrives, the second fails, and the mock answers on."""
    with receiving() as receiver:
        await mock.send(delivery(receiver.url))

    await mock.send(delivery(receiver.url, "second"))

    states = [(id, state) for id, state, _, _ in await mock.log()]
    assert states == [("first", "delivered"), ("second", "failed")]
    assert await profiles(mock) == 200


async def test_a_receiver_that_hangs(mock: Mock, receiver: Receiver) -> None:
    """Its delivery ends with its timeout; requests are answered meanwhile."""
    over = hang(receiver)
    mock.session.send(delivery(receiver.url, timeout=1.5))

    meanwhile = await profiles(mock)
    begun = mock.session.webhooks.busy()
    await mock.session.webhooks.settle()
    over.set()

    assert (meanwhile, begun) == (200, {"mine"})
    [hung] = (await mock.admin("GET", "/deliveries"))["deliveries"]
    assert (hung["state"], hung["attempts"][0]["status"]) == ("failed", None)
    assert hung["reason"] in ("no answer within 1.5 s", "ReadTimeout: ")


async def test_a_receiver_that_hangs_delays_only_its_own(mock: Mock, receiver: Receiver) -> None:
    """Deliveries of another subscription do not wait for it."""
    with receiving() as hanging:
        over = hang(hanging)
        mock.session.send(delivery(hanging.url))
        mock.session.send(delivery(receiver.url, "other", subscription="theirs"))

        await mock.session.webhooks.settle(apart_from=frozenset({"mine"}))
        states = [(id, state) for id, state, _, _ in await mock.log()]

        over.set()
        await mock.session.webhooks.settle()
    assert states == [("first", "pending"), ("other", "delivered")]


async def test_a_receiver_that_closes_without_an_answer(mock: Mock, receiver: Receiver) -> None:
    """The delivery fails, and those behind it still leave."""
    receiver.statuses = [0]

    await mock.send(delivery(receiver.url), delivery(receiver.url, "second"))

    states = [(id, state) for id, state, _, _ in await mock.log()]
    assert states == [("first", "failed"), ("second", "delivered")]
    assert await profiles(mock) == 200


@contextmanager
def at_once() -> Iterator[httpx.Client]:
    """A client of a live server in which vendors do at once what they do later."""
    sent = {"x-api-key": "sk_test_acme_admin"}
    serving = contextmanager(serve)(Settings(pace=0))
    with serving as live, httpx.Client(base_url=live.url, headers=sent) as client:
        yield client


def test_a_late_callback_comes_late_by_itself(receiver: Receiver) -> None:
    """In real time nobody has to move the clock."""
    arrived = threading.Event()
    receiver.handle = lambda received: arrived.set()
    with at_once() as client:
        client.post("/__admin/faults", json={"kind": "webhook-late", "delay": 400})
        begun = time.monotonic()
        client.post(f"{PROFILE}/complete", json={"webHookUrl": receiver.url})
        assert arrived.wait(LONG)
        took = time.monotonic() - begun

    assert took >= 0.4


def test_a_server_answers_while_a_receiver_hangs() -> None:
    """Over real sockets: a receiver that is killed in the middle costs nobody else anything."""
    with at_once() as client, receiving() as receiver:
        over = hang(receiver)
        client.post(f"{PROFILE}/complete", json={"webHookUrl": receiver.url})
        during = client.get(PROFILE).status_code
        over.set()
        after = client.get(PROFILE).status_code

    assert (during, after) == (200, 200)

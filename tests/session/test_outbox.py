"""Deliveries: which may leave, and what becomes of those that do, at a real local receiver."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
import httpx
import hypothesis
import pytest
from hypothesis import strategies as st

from tests.testing.receiver_loop import receiving
from tests.waiting import LONG, until
from understudy.core.clock import MILLISECOND, parse_instant
from understudy.core.hosts import is_loopback
from understudy.session.deliveries import MAX_DELIVERIES, Attempt, Delivery
from understudy.session.egress_policy import find_refusal
from understudy.session.faults import Fault, PlannedFault
from understudy.session.http_post import MAX_EXCERPT
from understudy.session.outbox import Outbox

NOON = parse_instant("2026-03-11T12:00:00Z")
NOBODY: frozenset[str] = frozenset()


@dataclass
class Receiver:
    """An HTTP server of this machine; the path of a request says how it is answered."""

    url: str
    says: str = ""
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


def answering(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    """`/<status>` is answered with it, `/wait` when the receiver is released."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((self.command, self.path, headers, body))
            receiver.arrived.set()
            if self.path == "/wait":
                receiver.released.wait(LONG)
            status = self.path.strip("/")
            self.send_response(int(status) if status.isdecimal() else 200)
            self.send_header("Location", f"{receiver.url}/200")
            self.send_header("Content-Length", str(len(receiver.says)))
            self.end_headers()
            self.wfile.write(receiver.says.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """The test's output is not the place for a log."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

    return Answer


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that is listening."""
    receiver = Receiver("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), answering(receiver))
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    receiver.released.set()
    server.shutdown()
    thread.join(LONG)
    server.server_close()


@pytest.fixture
def deaf() -> Iterator[str]:
    """The URL of a port that is taken and does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


@pytest.fixture
def webhooks() -> Outbox:
    """A session's deliveries at noon, for loopback only."""
    return Outbox(NOBODY, lambda: NOON)


def delivery(url: str, **members: Any) -> Delivery:
    """A delivery of a small document, with these members instead of the usual ones."""
    usual = {"id": "d-1", "headers": {}, "timeout": 10.0}
    return Delivery(
        vendor="sent",
        event="completed",
        url=url,
        body=b'{"ok":true}',
        created=NOON,
        **{**usual, **members},
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_loopback_is_this_machine(host: str) -> None:
    """localhost and every loopback address are this machine by definition."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "example.com", "10.0.0.1", "0.0.0.0", "::", "127.1", "localhost.example.com"]
)
def test_everything_else_is_not(host: str) -> None:
    """What would have to be looked up, or is any interface, is not loopback."""
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/hook?a=b",
        "https://localhost/",
        "HTTP://LOCALHOST",
        "http://[::1]:8080/",
        "http://user:secret@127.0.0.1/",
    ],
)
def test_loopback_may_be_called(url: str) -> None:
    """A URL of this machine is not refused."""
    assert find_refusal(url, NOBODY) == ""


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com/hook", "example.com"),
        ("http://127.0.0.1@example.com/", "example.com"),
        ("http://127.0.0.1.example.com/", "127.0.0.1.example.com"),
        ("http://169.254.169.254/latest", "169.254.169.254"),
    ],
)
def test_other_hosts_are_refused_by_name(url: str, host: str) -> None:
    """The reason names the host and the flag that allows it."""
    assert find_refusal(url, NOBODY) == (
        f"{host} is not on this machine; allow it with --webhook-host {host}"
    )


def test_a_host_may_be_allowed_by_name() -> None:
    """An allowed host is called, in whatever case it is spelled; its neighbours are not."""
    allowed = frozenset({"Example.Com"})

    assert find_refusal("https://EXAMPLE.com/hook", allowed) == ""
    assert find_refusal("https://www.example.com/hook", allowed) != ""


@pytest.mark.parametrize(
    "url", ["", "hook", "ftp://127.0.0.1/", "http://", "http:///hook", "//localhost/"]
)
def test_only_http_with_a_host_is_called(url: str) -> None:
    """Another scheme, or no host, is refused."""
    assert find_refusal(url, NOBODY) == "only http and https URLs with a host are called"


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://127.0.0.1:99999/", "http://127.0.0.1:port/"]
)
def test_an_unreadable_url_is_refused(url: str) -> None:
    """A URL that cannot be split, or whose port does not exist, is refused rather than raised."""
    assert find_refusal(url, NOBODY) == "the URL cannot be read"


HOSTS = ("127.0.0.1", "[::1]", "localhost", "evil.test", "evil.test[::1]", "127.0.0.1\\", "%65vil")
fragments = st.sampled_from(HOSTS) | st.text(max_size=2)


@hypothesis.settings(deadline=None)
@hypothesis.given(
    st.sampled_from(["http://", "https://", " http://", "http:/\t/"]),
    st.lists(fragments, max_size=3).map("@".join),
    st.sampled_from(["", "/", ":80", "#@", "?@", "@evil.test"]),
)
def test_what_may_leave_goes_to_this_machine(scheme: str, host: str, tail: str) -> None:
    """However a URL is spelled, what is not refused is loopback for the client, too."""
    url = f"{scheme}{host}{tail}"

    try:
        called = httpx.URL(url)
    except httpx.InvalidURL:
        return

    leaves = called.scheme in ("http", "https") and not is_loopback(called.host)
    assert not leaves or find_refusal(url, NOBODY)


async def test_a_delivery_arrives_as_it_was_made(webhooks: Outbox, receiver: Receiver) -> None:
    """Method, path, headers and body are what the receiver sees."""
    webhooks.send(delivery(f"{receiver.url}/200?a=b", headers={"signature": "sig-1"}))
    await webhooks.settle()

    [(method, path, headers, body)] = receiver.requests
    assert (method, path, body) == ("POST", "/200?a=b", b'{"ok":true}')
    assert headers["signature"] == "sig-1"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (302, "failed"),
        (404, "failed"),
        (410, "failed"),
        (500, "failed"),
    ],
)
async def test_the_answer_settles_a_delivery(
    webhooks: Outbox, receiver: Receiver, status: int, state: str
) -> None:
    """Only a 2xx is a delivery; the attempt keeps the instant and the status."""
    sent = delivery(f"{receiver.url}/{status}")

    webhooks.send(sent)
    await webhooks.settle()

    [attempt] = sent.attempts
    assert (sent.state, attempt.at, attempt.status, sent.reason) == (state, NOON, status, "")


async def test_a_redirect_is_not_followed(webhooks: Outbox, receiver: Receiver) -> None:
    """A receiver cannot send a delivery on to another address."""
    webhooks.send(delivery(f"{receiver.url}/302"))
    await webhooks.settle()

    assert [path for _, path, _, _ in receiver.requests] == ["/302"]


async def test_a_delivery_is_pending_while_under_way(webhooks: Outbox, receiver: Receiver) -> None:
    """Sending does not wait for the answer."""
    sent = delivery(f"{receiver.url}/200")

    webhooks.send(sent)

    assert (sent.state, sent.attempts) == ("pending", [])
    await webhooks.settle()
    assert sent.state == "delivered"


async def test_a_receiver_that_does_not_answer_in_time_fails(
    webhooks: Outbox, receiver: Receiver
) -> None:
    """The delivery's own timeout ends the attempt."""
    sent = delivery(f"{receiver.url}/wait", timeout=0.5)

    webhooks.send(sent)
    await webhooks.settle()

    assert (sent.state, sent.attempts) == ("failed", [Attempt(NOON, None, sent.reason)])
    assert sent.reason in ("no answer within 0.5 s", "ReadTimeout: ")


async def test_a_port_where_nobody_listens_fails(webhooks: Outbox, deaf: str) -> None:
    """A refused connection is what went wrong, in the attempt and as the reason."""
    sent = delivery(deaf)

    webhooks.send(sent)
    await webhooks.settle()

    assert (sent.state, sent.attempts) == ("failed", [Attempt(NOON, None, sent.reason)])
    assert sent.reason.startswith("ConnectError: ")


async def test_https_needs_a_receiver_that_speaks_it(webhooks: Outbox, receiver: Receiver) -> None:
    """An https URL is not quietly called in plain text."""
    sent = delivery(receiver.url.replace("http:", "https:"))

    webhooks.send(sent)
    await webhooks.settle()

    assert (sent.state, receiver.requests) == ("failed", [])
    assert sent.reason.startswith("ConnectError: ")


@pytest.mark.parametrize(
    ("url", "headers", "reason"),
    [
        ("http://127.0.0.1/\x7f", {}, "InvalidURL: "),
        (" http://127.0.0.1/", {}, "UnsupportedProtocol: "),
        ("http://127.0.0.1/", {"signature": "é"}, "UnicodeEncodeError: "),
        ("http://127.0.0.1/", {"signature": "a\nb"}, "LocalProtocolError: "),
    ],
    ids=["path", "scheme", "header-text", "header-line"],
)
async def test_what_cannot_be_sent_fails(
    webhooks: Outbox, receiver: Receiver, url: str, headers: dict[str, str], reason: str
) -> None:
    """A request that cannot be put on the wire ends as a failed attempt."""
    port = urlsplit(receiver.url).port
    sent = delivery(url.replace("127.0.0.1/", f"127.0.0.1:{port}/"), headers=headers)

    webhooks.send(sent)
    await webhooks.settle()

    assert (sent.state, len(sent.attempts), receiver.requests) == ("failed", 1, [])
    assert sent.reason.startswith(reason)


async def test_a_blocked_delivery_is_recorded(webhooks: Outbox) -> None:
    """What must not leave is kept with the reason, without an attempt."""
    sent = delivery("https://example.com/hook")

    attempt = await webhooks.send_now(sent)

    assert list(webhooks.deliveries) == [sent]
    assert (sent.state, sent.attempts) == ("blocked", [])
    assert attempt == Attempt(NOON, None, sent.reason)
    assert sent.reason == find_refusal(sent.url, NOBODY)


async def test_deliveries_are_kept_oldest_first(webhooks: Outbox, receiver: Receiver) -> None:
    """The order is that of sending, whatever became of them."""
    urls = [f"{receiver.url}/500", "https://example.com/", f"{receiver.url}/200"]

    for number, url in enumerate(urls):
        webhooks.send(delivery(url, id=str(number)))
    await webhooks.settle()

    states = [(each.id, each.state) for each in webhooks.deliveries]
    assert states == [("0", "failed"), ("1", "blocked"), ("2", "delivered")]


async def test_only_the_latest_deliveries_are_kept(webhooks: Outbox) -> None:
    """A session that delivers without end does not grow without end."""
    for number in range(MAX_DELIVERIES + 1):
        await webhooks.send_now(delivery("https://example.com/", id=str(number)))

    assert len(webhooks.deliveries) == MAX_DELIVERIES
    assert webhooks.deliveries[0].id == "1"


async def test_a_delivery_can_be_waited_for(webhooks: Outbox, receiver: Receiver) -> None:
    """What is sent now is over, recorded and handed back when the call returns."""
    sent = delivery(f"{receiver.url}/201")

    attempt = await webhooks.send_now(sent)

    assert list(webhooks.deliveries) == [sent]
    assert (sent.state, sent.attempts) == ("delivered", [attempt])
    assert attempt.status == 201


@pytest.mark.parametrize(
    ("status", "succeeded"),
    [(None, False), (199, False), (200, True), (299, True), (300, False)],
)
def test_an_attempt_succeeds_by_a_2xx(status: int | None, succeeded: bool) -> None:
    """Every other status, and none at all, is a failure."""
    assert Attempt(NOON, status).succeeded is succeeded


async def test_an_attempt_keeps_the_beginning_of_the_answer(
    webhooks: Outbox, receiver: Receiver
) -> None:
    """A receiver's words are kept, up to a bound."""
    receiver.says = "no " * 1_000

    attempt = await webhooks.send_now(delivery(f"{receiver.url}/500"))

    assert attempt.excerpt == receiver.says[:MAX_EXCERPT]


async def test_an_attempt_takes_time_by_the_clock(receiver: Receiver) -> None:
    """The duration is what the session's clock says, in milliseconds."""
    readings = iter([NOON, NOON + 250 * MILLISECOND])
    webhooks = Outbox(NOBODY, lambda: next(readings))

    attempt = await webhooks.send_now(delivery(f"{receiver.url}/200"))

    assert (attempt.at, attempt.milliseconds) == (NOON, 250)


@pytest.mark.parametrize("path", ["/200", "/500"])
async def test_whoever_asked_is_told_of_the_attempt(receiver: Receiver, path: str) -> None:
    """A delivery that names an action has its attempt reported, however it ended."""
    told: list[tuple[Delivery, Attempt]] = []

    async def report(delivery: Delivery, attempt: Attempt) -> None:
        told.append((delivery, attempt))

    webhooks = Outbox(NOBODY, lambda: NOON, report)
    sent = delivery(f"{receiver.url}{path}", report="delivered")

    webhooks.send(sent)
    await webhooks.settle()

    assert told == [(sent, sent.attempts[0])]


async def test_every_attempt_in_the_background_is_told(receiver: Receiver) -> None:
    """Whether or not a service's action is named: the log wants to know, too."""
    told: list[Delivery] = []

    async def report(delivery: Delivery, attempt: Attempt) -> None:
        told.append(delivery)

    webhooks = Outbox(NOBODY, lambda: NOON, report)

    webhooks.send(delivery(f"{receiver.url}/200"))
    await webhooks.settle()

    assert [each.state for each in told] == ["delivered"]


async def test_a_report_that_fails_keeps_nothing_behind_it_from_leaving(receiver: Receiver) -> None:
    """The deliveries of one subscription go on, each with its outcome."""

    async def report(delivery: Delivery, attempt: Attempt) -> None:
        raise RuntimeError("out of paper")

    webhooks = Outbox(NOBODY, lambda: NOON, report)
    sent = [delivery(f"{receiver.url}/200", id=str(number)) for number in range(3)]

    for each in sent:
        webhooks.send(each)
    await webhooks.settle()

    assert [each.state for each in sent] == ["delivered"] * 3


async def test_a_report_needs_somebody_to_be_told(webhooks: Outbox, receiver: Receiver) -> None:
    """A delivery that names an action is sent although nobody listens."""
    sent = delivery(f"{receiver.url}/200", report="delivered")

    webhooks.send(sent)
    await webhooks.settle()

    assert sent.state == "delivered"


async def test_closing_gives_up_what_is_under_way(webhooks: Outbox, receiver: Receiver) -> None:
    """A closed session waits for no receiver, and what it gave up has no outcome."""
    sent = delivery(f"{receiver.url}/wait")
    webhooks.send(sent)
    await anyio.to_thread.run_sync(receiver.arrived.wait, LONG)

    webhooks.close()
    await webhooks.settle()

    assert receiver.requests
    assert not receiver.released.is_set()
    assert (sent.state, sent.attempts) == ("pending", [])


async def test_with_nothing_under_way_there_is_nothing_to_wait_for(webhooks: Outbox) -> None:
    """Settling an idle session returns at once, and closing it is no error."""
    webhooks.close()

    await webhooks.settle()

    assert not webhooks.deliveries


def planned(kind: str, **members: Any) -> PlannedFault:
    """A fault that strikes."""
    return PlannedFault(Fault("1", kind, **members), random.Random(0))


class Slow:
    """A receiver that answers when it is told to, and knows how many wait for it."""

    def __init__(self) -> None:
        self.waiting = self.most = 0
        self.let_go = asyncio.Event()

    async def answer(self) -> int:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.let_go.wait()
        self.waiting -= 1
        return 200

    async def until(self, waiting: int) -> None:
        """Wait until so many wait."""
        await until(lambda: self.waiting >= waiting)


async def test_deliveries_of_a_subscription_leave_in_order(webhooks: Outbox) -> None:
    """One after the other, in the order of sending, however fast they come."""
    async with receiving() as receiver:
        for number in range(20):
            sent = delivery(receiver.url, id=str(number), subscription="one")
            sent.body = str(number).encode()
            webhooks.send(sent)
        await webhooks.settle()

    assert receiver.bodies == [str(number).encode() for number in range(20)]


async def test_one_of_a_subscription_is_under_way(webhooks: Outbox) -> None:
    """The next one waits for the answer to the first."""
    slow = Slow()
    async with receiving(slow.answer) as receiver:
        for number in range(3):
            webhooks.send(delivery(receiver.url, id=str(number), subscription="one"))
        await slow.until(waiting=1)
        await asyncio.sleep(0.05)
        arrived = len(receiver.bodies)
        slow.let_go.set()
        await webhooks.settle()

    assert (arrived, slow.most, len(receiver.bodies)) == (1, 1, 3)


async def test_subscriptions_do_not_wait_for_each_other(webhooks: Outbox) -> None:
    """A slow receiver holds up its own deliveries only."""
    slow = Slow()
    async with receiving(slow.answer) as receiver:
        for number in range(3):
            webhooks.send(delivery(receiver.url, id=str(number), subscription=str(number)))
        await slow.until(waiting=3)
        slow.let_go.set()
        await webhooks.settle()

    assert slow.most == 3


async def test_a_failed_delivery_does_not_hold_up_the_next(webhooks: Outbox, deaf: str) -> None:
    """Whatever became of the first."""
    for number in range(2):
        webhooks.send(delivery(deaf, id=str(number), subscription="one"))

    await webhooks.settle()

    assert [each.state for each in webhooks.deliveries] == ["failed", "failed"]


async def test_a_report_may_send_the_next(receiver: Receiver) -> None:
    """What a service sends when it is told is settled, too."""

    async def report(told: Delivery, attempt: Attempt) -> None:
        if told.id == "1":
            webhooks.send(delivery(f"{receiver.url}/200", id="2", subscription="one"))

    webhooks = Outbox(NOBODY, lambda: NOON, report)
    webhooks.send(delivery(f"{receiver.url}/200", id="1", subscription="one"))

    await webhooks.settle()

    assert [each.state for each in webhooks.deliveries] == ["delivered", "delivered"]
    assert webhooks.busy() == frozenset()


async def test_settling_apart_from_some_does_not_wait_for_them(webhooks: Outbox) -> None:
    """Who is busy himself would wait for ever."""
    slow = Slow()
    async with receiving(slow.answer) as patient, receiving() as quick:
        webhooks.send(delivery(patient.url, id="1", subscription="slow"))
        await slow.until(waiting=1)
        webhooks.send(delivery(quick.url, id="2", subscription="quick"))

        async with asyncio.timeout(LONG):
            await webhooks.settle(frozenset({"slow"}))

        assert webhooks.busy() == {"slow"}
        assert [each.state for each in webhooks.deliveries] == ["pending", "delivered"]
        slow.let_go.set()
        await webhooks.settle()


async def test_settling_has_an_end(webhooks: Outbox) -> None:
    """With a timeout nobody waits longer; what is under way stays under way."""
    slow = Slow()
    async with receiving(slow.answer) as receiver:
        webhooks.send(delivery(receiver.url, subscription="slow"))

        async with asyncio.timeout(LONG):
            await webhooks.settle(timeout=0.05)

        assert webhooks.busy() == {"slow"}
        slow.let_go.set()
        await webhooks.settle()


async def test_a_late_delivery_is_held_until_it_is_released(
    webhooks: Outbox, receiver: Receiver
) -> None:
    """Nothing leaves before; then it does, once."""
    late = delivery(f"{receiver.url}/200")
    webhooks.send(late, planned("webhook-late", delay=5))
    await webhooks.settle()
    state, arrived = late.state, len(receiver.requests)

    webhooks.release(late)
    webhooks.release(late)
    await webhooks.settle()

    assert (state, arrived) == ("held", 0)
    assert (late.state, len(receiver.requests)) == ("delivered", 1)


async def test_an_unknown_delivery_is_released_as_it_was_packed(
    webhooks: Outbox, receiver: Receiver
) -> None:
    """In another process the log does not know it, and it leaves all the same."""
    webhooks.release(delivery(f"{receiver.url}/200"))
    await webhooks.settle()

    assert [each.state for each in webhooks.deliveries] == ["delivered"]


async def test_a_closed_session_releases_nothing(webhooks: Outbox, receiver: Receiver) -> None:
    """What it held back stays."""
    late = delivery(f"{receiver.url}/200")
    webhooks.send(late, planned("webhook-late", delay=5))
    webhooks.close()

    webhooks.release(late)
    await webhooks.settle()

    assert receiver.requests == []


async def test_out_of_order_is_after_the_next_of_its_subscription(webhooks: Outbox) -> None:
    """Another subscription's delivery does not let it go."""
    async with receiving() as receiver:
        for id, subscription in (("1", "a"), ("2", "b"), ("3", "a"), ("4", "a")):
            sent = delivery(receiver.url, id=id, subscription=subscription)
            sent.body = id.encode()
            webhooks.send(sent, planned("webhook-out-of-order") if id == "1" else None)
            await webhooks.settle()

    assert receiver.bodies == [b"2", b"3", b"1", b"4"]


async def test_out_of_order_leaves_at_last_when_no_other_comes(
    webhooks: Outbox, receiver: Receiver
) -> None:
    """Somebody releases it; the next one then has nobody to let go."""
    first = delivery(f"{receiver.url}/200", id="1", subscription="a")
    webhooks.send(first, planned("webhook-out-of-order", delay=5))

    webhooks.release(first)
    webhooks.send(delivery(f"{receiver.url}/200", id="2", subscription="a"))
    await webhooks.settle()

    assert len(receiver.requests) == 2


async def test_a_replay_goes_past_the_queue_and_tells_nobody(receiver: Receiver) -> None:
    """With its new headers; the attempt is added to the delivery's."""
    told: list[Attempt] = []

    async def report(delivery: Delivery, attempt: Attempt) -> None:
        told.append(attempt)

    webhooks = Outbox(NOBODY, lambda: NOON, report)
    sent = delivery(f"{receiver.url}/500", headers={"signature": "old"})
    webhooks.send(sent)
    await webhooks.settle()

    attempt = await webhooks.replay(sent, {"signature": "new"})

    assert [headers["signature"] for _, _, headers, _ in receiver.requests] == ["old", "new"]
    assert (sent.attempts[1:], len(told)) == ([attempt], 1)
    assert attempt.headers == {"signature": "new"}


async def test_a_further_attempt_goes_on_with_the_one_it_repeats(
    webhooks: Outbox, receiver: Receiver
) -> None:
    """One entry in the log, with every attempt, from when it was first sent."""
    await webhooks.send_now(delivery(f"{receiver.url}/500", id="1"))
    again = delivery(f"{receiver.url}/200", id="1", repeats=True)

    await webhooks.send_now(again)

    assert list(webhooks.deliveries) == [again]
    assert [attempt.status for attempt in again.attempts] == [500, 200]


async def test_an_id_that_comes_again_is_another_delivery(
    webhooks: Outbox, receiver: Receiver
) -> None:
    """After a restore ids repeat; what is no further attempt has none of the first."""
    await webhooks.send_now(delivery(f"{receiver.url}/500", id="1"))
    other = delivery(f"{receiver.url}/200", id="1")

    await webhooks.send_now(other)

    assert list(webhooks.deliveries) == [other]
    assert [attempt.status for attempt in other.attempts] == [200]


async def test_forgetting_gives_up_what_has_not_left(webhooks: Outbox) -> None:
    """What is under way, what waits behind it, and what is held back; what is done stays."""
    slow = Slow()
    async with receiving(slow.answer) as patient, receiving() as quick:
        await webhooks.send_now(delivery(quick.url, id="done"))
        for id in ("first", "second"):
            webhooks.send(delivery(patient.url, id=id, subscription="slow"))
        webhooks.send(delivery(quick.url, id="late"), planned("webhook-late"))
        webhooks.send(delivery(quick.url, id="gone"), planned("webhook-late"))
        await slow.until(waiting=1)

        webhooks.forget(frozenset({"gone"}))
        slow.let_go.set()
        await webhooks.settle()

    states = {each.id: each.state for each in webhooks.deliveries}
    assert states == {"done": "delivered", "first": "failed", "second": "failed", "late": "failed"}
    assert (len(patient.bodies), len(quick.bodies)) == (1, 1)


async def test_after_forgetting_deliveries_leave_again(
    webhooks: Outbox, receiver: Receiver
) -> None:
    """The subscription is not stuck."""
    webhooks.send(delivery(f"{receiver.url}/wait", id="1", subscription="a"))
    await anyio.to_thread.run_sync(receiver.arrived.wait, LONG)
    webhooks.forget(frozenset())

    webhooks.send(delivery(f"{receiver.url}/200", id="2", subscription="a"))
    await webhooks.settle()

    assert [each.state for each in webhooks.deliveries] == ["failed", "delivered"]

"""Faults of requests as real clients see them, over a real socket.

Run with `-s` this prints what each client saw of each fault, as a table in Markdown.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import uuid4

import httpx
import pytest
import requests
import sent_dm
import urllib3
from sent_dm import Sent

from tests.conftest import Live
from tests.waiting import LONG, wait_until

# The SDK of October 2026 marks every profile and campaign operation as deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")

ACCOUNT = "sk_test_acme_admin"
KEY = {"x-api-key": ACCOUNT}
SALES = "770e8400-e29b-41d4-a716-446655440002"
PATH = f"/v3/profiles/{SALES}/campaigns"
CODES: dict[str, Any] = {
    "name": "Codes",
    "description": "Sign-in codes",
    "type": "KYC",
    "use_cases": [{"messaging_use_case_us": "TWO_FA", "sample_messages": ["Your code: {code}."]}],
}
# Milliseconds that quick faults take, which every client waits for, and that slow ones do.
QUICK = 200
SLOW = 4_000

Headers = Mapping[str, str]
# What a client comes to at a base URL, with these headers and so many seconds' patience.
Ask = Callable[[str, Headers, float], str]


@dataclass(frozen=True)
class Case:
    """A fault, planned and preferred.

    Attributes:
        late: the least time (s) that its reply takes.
        patience: how long (s) the clients wait for a reply, or for its next part.
    """

    kind: str
    planned: Mapping[str, Any]
    preferred: str
    late: float = 0.0
    patience: float = LONG


CASES = {
    "status 503": Case("status", {"status": 503}, "code=503"),
    "rate-limit": Case("rate-limit", {}, "fault=rate-limit"),
    "delay": Case("delay", {"delay": QUICK}, f"delay={QUICK}", late=QUICK / 1000),
    "delay past the timeout": Case("delay", {"delay": SLOW}, f"delay={SLOW}", patience=1),
    "reset": Case("reset", {}, "fault=reset"),
    "empty": Case("empty", {}, "fault=empty"),
    "truncated": Case("truncated", {}, "fault=truncated"),
    "malformed": Case("malformed", {}, "fault=malformed"),
    "content-type": Case("content-type", {}, "fault=content-type"),
    "trickle": Case(
        "trickle", {"delay": QUICK}, f"fault=trickle, delay={QUICK}", late=QUICK / 1000
    ),
    "trickle past the timeout": Case(
        "trickle", {"delay": SLOW}, f"fault=trickle, delay={SLOW}", patience=2
    ),
}


def told(status: int, content_type: str | None) -> str:
    """A reply that was read to its end."""
    media_type = (content_type or "").partition(";")[0]
    return str(status) if media_type == "application/json" else f"{status} {media_type}"


def ask_httpx(base: str, headers: Headers, patience: float) -> str:
    with httpx.Client(timeout=patience) as client:
        reply = client.get(base + PATH, headers=headers)
    reply.json()
    return told(reply.status_code, reply.headers["content-type"])


def ask_httpx_async(base: str, headers: Headers, patience: float) -> str:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(timeout=patience) as client:
            return await client.get(base + PATH, headers=headers)

    reply = asyncio.run(ask())
    reply.json()
    return told(reply.status_code, reply.headers["content-type"])


def sdk(base: str, timeout: float = LONG, **options: Any) -> Sent:
    """The SDK's client, with its default retries unless told otherwise."""
    return Sent(api_key=ACCOUNT, base_url=base, timeout=timeout, **options)


def ask_sdk(base: str, headers: Headers, patience: float, **options: Any) -> str:
    extra = {name: value for name, value in headers.items() if name not in KEY}
    with sdk(base, patience, **options) as client:
        listing = client.profiles.campaigns.with_raw_response.list(SALES, extra_headers=extra)
        assert listing.parse().data
    return told(listing.status_code, listing.headers["content-type"])


def ask_sdk_once(base: str, headers: Headers, patience: float) -> str:
    return ask_sdk(base, headers, patience, max_retries=0)


def ask_requests(base: str, headers: Headers, patience: float) -> str:
    with requests.Session() as client:
        reply = client.get(base + PATH, headers=headers, timeout=patience)
    reply.json()
    return told(reply.status_code, reply.headers["content-type"])


def ask_urllib3(base: str, headers: Headers, patience: float) -> str:
    with urllib3.PoolManager() as client:
        reply = client.request("GET", base + PATH, headers=headers, timeout=patience)
    reply.json()
    return told(reply.status, reply.headers["content-type"])


def ask_http_client(base: str, headers: Headers, patience: float) -> str:
    host, _, path = base.removeprefix("http://").partition("/")
    client = http.client.HTTPConnection(host, timeout=patience)
    try:
        client.request("GET", f"/{path}{PATH}", headers=dict(headers))
        reply = client.getresponse()
        json.loads(reply.read())
    finally:
        client.close()
    return told(reply.status, reply.headers["content-type"])


def ask_curl(base: str, headers: Headers, patience: float) -> str:
    written = ["--silent", "--output", os.devnull, "--write-out", "%{http_code} %{content_type}"]
    named = (("--header", f"{name}: {value}") for name, value in headers.items())
    command = ["curl", *written, "--max-time", str(patience), *chain(*named), base + PATH]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        return f"exit {done.returncode}"
    status, _, content_type = done.stdout.partition(" ")
    return told(int(status), content_type)


CLIENTS: dict[str, Ask] = {
    "httpx": ask_httpx,
    "httpx async": ask_httpx_async,
    "sentdm": ask_sdk,
    "sentdm max_retries=0": ask_sdk_once,
    "requests": ask_requests,
    "urllib3": ask_urllib3,
    "http.client": ask_http_client,
    "curl": ask_curl,
}
HERE = [name for name in CLIENTS if name != "curl" or shutil.which("curl")]

# What each client sees, in the order of CLIENTS, and how often it asked when not once.
# A name without a module is Python's own.
SEEN: dict[str, list[tuple[str, int]]] = {
    "status 503": [
        ("503", 1),
        ("503", 1),
        ("sent_dm.InternalServerError", 3),
        ("sent_dm.InternalServerError", 1),
        ("503", 1),
        ("503", 1),
        ("503", 1),
        ("503", 1),
    ],
    "rate-limit": [
        ("429", 1),
        ("429", 1),
        ("sent_dm.RateLimitError", 3),
        ("sent_dm.RateLimitError", 1),
        ("429", 1),
        ("429", 4),
        ("429", 1),
        ("429", 1),
    ],
    "delay": [("200", 1)] * 8,
    "delay past the timeout": [
        ("httpx.ReadTimeout", 1),
        ("httpx.ReadTimeout", 1),
        ("sent_dm.APITimeoutError", 3),
        ("sent_dm.APITimeoutError", 1),
        ("requests.ReadTimeout", 1),
        ("urllib3.MaxRetryError", 4),
        ("TimeoutError", 1),
        ("exit 28", 1),
    ],
    "reset": [
        ("httpx.ReadError", 1),
        ("httpx.ReadError", 1),
        ("sent_dm.APIConnectionError", 3),
        ("sent_dm.APIConnectionError", 1),
        ("requests.ConnectionError", 1),
        ("urllib3.MaxRetryError", 4),
        ("ConnectionResetError", 1),
        ("exit 56", 1),
    ],
    "empty": [
        ("httpx.RemoteProtocolError", 1),
        ("httpx.RemoteProtocolError", 1),
        ("sent_dm.APIConnectionError", 3),
        ("sent_dm.APIConnectionError", 1),
        ("requests.ConnectionError", 1),
        ("urllib3.MaxRetryError", 4),
        ("http.RemoteDisconnected", 1),
        ("exit 52", 1),
    ],
    "truncated": [
        ("httpx.RemoteProtocolError", 1),
        ("httpx.RemoteProtocolError", 1),
        ("sent_dm.APIConnectionError", 3),
        ("sent_dm.APIConnectionError", 1),
        ("requests.ChunkedEncodingError", 1),
        ("urllib3.MaxRetryError", 4),
        ("http.IncompleteRead", 1),
        ("exit 18", 1),
    ],
    "malformed": [
        ("json.JSONDecodeError", 1),
        ("json.JSONDecodeError", 1),
        ("json.JSONDecodeError", 1),
        ("json.JSONDecodeError", 1),
        ("requests.JSONDecodeError", 1),
        ("json.JSONDecodeError", 1),
        ("json.JSONDecodeError", 1),
        ("200", 1),
    ],
    "content-type": [("200 text/html", 1)] * 8,
    "trickle": [("200", 1)] * 8,
    "trickle past the timeout": [*[("200", 1)] * 7, ("exit 28", 1)],
}

Table = dict[str, dict[str, tuple[str, int]]]


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    """What was seen, by case and client; printed at the end."""
    seen: Table = defaultdict(dict)
    yield seen
    head = ["fault", *CLIENTS]
    lines = [head, ["---"] * len(head)]
    lines += [[case, *(_cell(row.get(name)) for name in CLIENTS)] for case, row in seen.items()]
    print("\n", *(f"| {' | '.join(line)} |" for line in lines), sep="\n")  # noqa: T201


def _cell(seen: tuple[str, int] | None) -> str:
    if seen is None:
        return ""
    what, asked = seen
    return f"`{what}`" if asked == 1 else f"`{what}`, asked {asked} times"


def outcome(ask: Ask, base: str, headers: Headers, patience: float) -> str:
    """What a client comes to: a reply, or the exception by package and name."""
    try:
        return ask(base, headers, patience)
    except Exception as error:
        package = type(error).__module__.partition(".")[0]
        return (
            type(error).__name__ if package == "builtins" else f"{package}.{type(error).__name__}"
        )


def new_session() -> str:
    return f"faults-{uuid4()}"


def plan(live: Live, session: str, kind: str, **members: Any) -> None:
    url = f"{live.url}/__admin/sessions/{session}/faults"
    assert httpx.post(url, json={"kind": kind, **members}).status_code == 201


def counted(live: Live, session: str, at_least: int) -> list[dict[str, Any]]:
    """The journal of a session, once it has so many requests: a late reply is closed late."""
    url = f"{live.url}/__admin/sessions/{session}/requests"
    wait_until(lambda: httpx.get(url).json()["total"] >= at_least)
    told: list[dict[str, Any]] = httpx.get(url).json()["requests"]
    return told


@dataclass(frozen=True)
class Sight:
    """What one client came to, what the journal says of it, and how long (s) it took."""

    what: str
    statuses: list[int]
    took: float

    @property
    def counted(self) -> tuple[str, int]:
        return self.what, len(self.statuses)


def look(live: Live, way: str, case: str, client: str) -> Sight:
    """Let a client meet a fault that always strikes, in a session of its own."""
    session, fault, headers = new_session(), CASES[case], dict(KEY)
    if way == "planned":
        plan(live, session, fault.kind, **fault.planned)
    else:
        headers["prefer"] = fault.preferred

    begun = time.monotonic()
    what = outcome(CLIENTS[client], f"{live.url}/@{session}/sent", headers, fault.patience)
    took = time.monotonic() - begun

    _, asked = SEEN[case][list(CLIENTS).index(client)]
    return Sight(what, statuses(live, session, asked), took)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("way", ["planned", "preferred"])
def test_what_each_client_sees(live: Live, table: Table, way: str, case: str) -> None:
    """A fault that always strikes: what each client comes to, and how often it asked."""
    with ThreadPoolExecutor(4) as pool:
        sights = list(pool.map(lambda client: look(live, way, case, client), HERE))

    seen = dict(zip(HERE, (each.counted for each in sights), strict=True))
    table[case].update(seen)
    expected = dict(zip(CLIENTS, SEEN[case], strict=True))
    assert seen == {name: expected[name] for name in HERE}
    assert min(each.took for each in sights) >= CASES[case].late
    assert {status for each in sights for status in each.statuses} == {status_of(case)}


def test_curl_is_among_the_clients() -> None:
    """Where there is none, what it sees was not tested, and the run says so."""
    if "curl" not in HERE:
        pytest.skip("THERE IS NO curl ON THIS MACHINE: what it sees of faults was not tested")


def status_of(case: str) -> int:
    """What the journal says was answered; 0 when nothing was."""
    return {"status 503": 503, "rate-limit": 429, "reset": 0, "empty": 0}.get(case, 200)


def statuses(live: Live, session: str, at_least: int) -> list[int]:
    return [each["status"] for each in counted(live, session, at_least)]


@pytest.mark.parametrize(
    ("kind", "members", "met"),
    [
        ("status", {"status": 503}, 503),
        ("status", {"status": 500}, 500),
        ("reset", {}, 0),
        ("empty", {}, 0),
        ("truncated", {}, 200),
    ],
)
def test_the_sdk_succeeds_at_its_last_try(
    live: Live, kind: str, members: dict[str, Any], met: int
) -> None:
    """A fault that strikes twice is outlived by the SDK's two retries."""
    session = new_session()
    plan(live, session, kind, times=2, **members)

    with sdk(f"{live.url}/@{session}/sent") as client:
        listed = client.profiles.campaigns.list(SALES)

    assert [each.name for each in listed.data] == ["Customer Notifications"]
    assert statuses(live, session, 3) == [met, met, 200]


def test_the_sdk_waits_as_long_as_it_is_told(live: Live) -> None:
    """After a 429 it comes back when Retry-After says so, and not before."""
    session = new_session()
    plan(live, session, "rate-limit", retry_after=2, times=1)

    begun = time.monotonic()
    with sdk(f"{live.url}/@{session}/sent") as client:
        client.profiles.campaigns.list(SALES)

    # By itself it would come back within a second.
    assert time.monotonic() - begun >= 2
    assert statuses(live, session, 2) == [429, 200]


@pytest.mark.parametrize(("kind", "met"), [("empty", 0), ("reset", 0), ("truncated", 201)])
def test_the_sdk_gets_the_reply_that_was_lost(live: Live, kind: str, met: int) -> None:
    """Its retry carries the same idempotency key, so that one campaign is made, not two."""
    session = new_session()
    plan(live, session, kind, times=1, **({} if kind == "truncated" else {"after": True}))

    with sdk(f"{live.url}/@{session}/sent") as client:
        create = client.profiles.campaigns.with_raw_response.create
        created = create(SALES, campaign=CODES, idempotency_key="order-66")
        names = [each.name for each in client.profiles.campaigns.list(SALES).data]

    assert created.headers["idempotent-replayed"] == "true"
    assert names == ["Customer Notifications", "Codes"]
    assert statuses(live, session, 3) == [met, 201, 200]


def test_without_a_key_a_lost_reply_makes_two(live: Live) -> None:
    """What the fault is there to show: the retry of a change that took effect makes another."""
    session = new_session()
    plan(live, session, "empty", times=1, after=True)

    with sdk(f"{live.url}/@{session}/sent") as client:
        client.profiles.campaigns.create(SALES, campaign=CODES)
        names = [each.name for each in client.profiles.campaigns.list(SALES).data]

    assert names.count("Codes") == 2


KEEPING = ["status", "rate-limit", "malformed", "content-type", "trickle"]
CLOSING = ["reset", "empty", "truncated"]
EXTRA: dict[str, dict[str, Any]] = {"status": {"status": 503}, "trickle": {"delay": 20}}


@pytest.mark.parametrize("kind", KEEPING)
def test_a_connection_outlives_a_reply_that_is_whole(live: Live, kind: str) -> None:
    """After it the same connection answers the next request."""
    session = new_session()
    plan(live, session, kind, times=1, **EXTRA.get(kind, {}))
    client = http.client.HTTPConnection(live.url.removeprefix("http://"), timeout=LONG)
    client.request("GET", f"/@{session}/sent{PATH}", headers=KEY)
    client.getresponse().read()
    kept = client.sock

    client.request("GET", f"/@{session}/sent{PATH}", headers=KEY)
    reply = client.getresponse()

    assert (reply.status, len(json.loads(reply.read())["data"])) == (200, 1)
    assert kept is client.sock is not None
    client.close()


@pytest.mark.parametrize("kind", CLOSING)
def test_a_client_goes_on_with_a_new_connection(live: Live, kind: str) -> None:
    """What broke one connection is over with it; the pool opens another."""
    session = new_session()
    plan(live, session, kind, times=1)

    with httpx.Client(base_url=f"{live.url}/@{session}/sent", headers=KEY) as client:
        with pytest.raises(httpx.TransportError):
            client.get(PATH)
        reply = client.get(PATH)

    assert (reply.status_code, len(reply.json()["data"])) == (200, 1)


def test_the_sdk_tells_when_to_come_back(live: Live) -> None:
    """The error that a 429 becomes carries Retry-After."""
    session = new_session()
    plan(live, session, "rate-limit", retry_after=30)

    client = sdk(f"{live.url}/@{session}/sent", max_retries=0)
    with client, pytest.raises(sent_dm.RateLimitError) as limited:
        client.profiles.campaigns.list(SALES)

    assert limited.value.response.headers["retry-after"] == "30"

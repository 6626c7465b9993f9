"""Every client keeps its manners: what it does on a socket it does with the mock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import urllib3

import understudy
from tests.asking import (
    ASKS,
    CLOSED,
    CODES,
    CUT,
    KEY,
    LATE,
    REFUSED,
    RESET,
    SALES,
    SENT,
    Echo,
    answered_by,
    each_client,
    listening,
    replying,
)
from tests.waiting import LONG, until

JSON = {**KEY, "content-type": "application/json"}


@each_client
async def test_get_is_answered_by_the_vendor(client: str) -> None:
    """The vendor's own URL leads to the seed world."""
    with understudy.mock():
        answer = await ASKS[client]("GET", f"{SENT}{SALES}", KEY)

    assert answer.status == 200
    assert [each["name"] for each in json.loads(answer.body)["data"]] == ["Customer Notifications"]


@each_client
async def test_post_is_kept(client: str) -> None:
    """What is created is there for the next request."""
    with understudy.mock():
        created = await ASKS[client]("POST", f"{SENT}{SALES}", JSON, json.dumps(CODES).encode())
        listed = await ASKS[client]("GET", f"{SENT}{SALES}", KEY)

    assert created.status == 201
    assert len(json.loads(listed.body)["data"]) == 2


@each_client
async def test_streamed_upload_arrives_whole(client: str) -> None:
    """A body that is generated in pieces is one body to the app."""
    pieces: Iterator[bytes] = iter([b"one ", b"two ", b"three"])
    echo = Echo()

    with answered_by(echo):
        await ASKS[client]("POST", SENT, None, pieces)

    assert echo.body == b"one two three"


@each_client
async def test_large_bodies_pass(client: str) -> None:
    """A megabyte goes and comes."""
    big = b"x" * 1_000_000
    echo = Echo()

    with answered_by(echo):
        await ASKS[client]("POST", SENT, None, big)
    with answered_by(replying(headers=[("content-length", str(len(big)))], body=big)):
        answer = await ASKS[client]("GET", SENT)

    assert echo.body == big and answer.body == big


@each_client
async def test_request_is_seen_as_it_was_sent(client: str) -> None:
    """Method, path, query and headers reach the app, escapes untouched."""
    echo = Echo()

    with answered_by(echo):
        await ASKS[client]("PUT", f"{SENT}/a%20b/c?d=e%26f&d=2", {"X-Mixed-Case": "Yes"}, b"{}")

    scope = echo.scopes[-1]
    assert (scope["method"], scope["raw_path"], scope["path"]) == ("PUT", b"/a%20b/c", "/a b/c")
    assert scope["query_string"] == b"d=e%26f&d=2"
    assert echo.all("x-mixed-case") == ["Yes"]


@pytest.mark.parametrize("client", ["httpx", "httpx-async", "aiohttp"])
async def test_request_headers_may_stand_twice(client: str) -> None:
    """A client that sends a header twice is heard twice."""
    echo = Echo()

    with answered_by(echo):
        await ASKS[client]("GET", SENT, [("x-tag", "a"), ("x-tag", "b")])

    assert echo.all("x-tag") == ["a", "b"]


@each_client
async def test_reply_headers_may_stand_twice(client: str) -> None:
    """Two cookies stay two headers."""
    headers = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("content-length", "0")]

    with answered_by(replying(headers=headers)):
        answer = await ASKS[client]("GET", SENT)

    assert answer.all("set-cookie") == ["a=1", "b=2"]


@each_client
async def test_head_has_headers_and_no_body(client: str) -> None:
    """The length of what GET would bring is told; nothing comes."""
    with answered_by(replying(headers=[("content-length", "4")], body=b"body")):
        answer = await ASKS[client]("HEAD", SENT)

    assert (answer.status, answer.all("content-length"), answer.body) == (200, ["4"], b"")


@each_client
async def test_no_content(client: str) -> None:
    """204 has no body and no length."""
    with answered_by(replying(204)):
        answer = await ASKS[client]("DELETE", SENT)

    assert (answer.status, answer.body) == (204, b"")


@each_client
async def test_status_that_has_no_name(client: str) -> None:
    """A number is enough."""
    with answered_by(replying(299, [("content-length", "0")])):
        answer = await ASKS[client]("GET", SENT)

    assert answer.status == 299


@each_client
async def test_body_without_a_length_ends_with_the_reply(client: str) -> None:
    """Neither Content-Length nor chunks are needed."""
    with answered_by(replying(body=b"all of it")):
        answer = await ASKS[client]("GET", SENT)

    assert answer.body == b"all of it"


@each_client
async def test_redirects_are_followed(client: str) -> None:
    """The client goes where it is sent, by its own rules."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        target = [("location", "/there"), ("content-length", "0")]
        reply = replying(body=b"there") if scope["path"] == "/there" else replying(302, target)
        await reply(scope, receive, send)

    with answered_by(app):
        answer = await ASKS[client]("GET", f"{SENT}/here")

    assert (answer.status, answer.body) == (200, b"there")


@each_client
@pytest.mark.parametrize(
    "origin",
    [
        "https://api.sent.dm:443",
        "http://api.sent.dm",
        "HTTPS://API.Sent.DM",
        "http://api.sent.dm:80",
    ],
)
async def test_spellings_of_an_origin(client: str, origin: str) -> None:
    """Scheme, port and case make no other vendor."""
    with understudy.mock():
        answer = await ASKS[client]("GET", f"{origin}{SALES}", KEY)

    assert answer.status == 200


@each_client
@pytest.mark.parametrize("host", ["api-dev.sent.dm", "gateway.internal", "api.zexa.ao"])
async def test_host_header_does_not_change_who_is_called(client: str, host: str) -> None:
    """Whatever a Host header says, the URL's vendor answers."""
    with understudy.mock():
        answer = await ASKS[client]("GET", f"{SENT}{SALES}", {**KEY, "Host": host})

    assert answer.status == 200


@each_client
async def test_host_header_behind_a_gateway(client: str) -> None:
    """A request through an address that nobody knows is the named vendor's."""
    with understudy.mock():
        answer = await ASKS[client](
            "GET", f"http://203.0.113.5{SALES}", {**KEY, "Host": "api.sent.dm"}
        )

    assert answer.status == 200


@each_client
async def test_timeout(client: str) -> None:
    """A reply that takes too long is the client's own timeout."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()

    with answered_by(app), pytest.raises(LATE[client]):
        await ASKS[client]("GET", SENT, timeout=0.05)


@each_client
@pytest.mark.parametrize(
    ("error", "expected"), [(ConnectionResetError, RESET), (ConnectionAbortedError, CLOSED)]
)
async def test_connection_that_ends_before_the_reply(
    client: str, error: type[Exception], expected: dict[str, Any]
) -> None:
    """A reset is a reset, a close a close."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error("planned")

    with answered_by(app), pytest.raises(expected[client]):
        await ASKS[client]("POST", SENT, None, b"{}")


@each_client
async def test_reply_that_is_cut_off(client: str) -> None:
    """Half a body is no body."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ConnectionAbortedError("planned")

    with answered_by(app), pytest.raises(CUT[client]):
        await ASKS[client]("GET", SENT)


@each_client
async def test_refused_request_says_what_to_do(client: str) -> None:
    """The client's own connection error names the host, the mocked ones and the way out."""
    with understudy.mock(vendors="sent"), pytest.raises(REFUSED[client]) as refused:
        await ASKS[client]("GET", "https://example.com/x")

    message = str(refused.value)
    assert "refused a request to example.com" in message
    assert "api.sent.dm, api-dev.sent.dm" in message
    assert 'passthrough="all"' in message and "hosts=" in message


@each_client
async def test_this_machine_may_be_called(client: str) -> None:
    """Local servers are reached as if there were no mock."""
    with listening() as url, understudy.mock():
        answer = await ASKS[client]("GET", url)

    assert answer.body == b"here"


@each_client
async def test_nothing_passes_when_nothing_may(client: str) -> None:
    """passthrough="none" refuses this machine, too."""
    with understudy.mock(passthrough="none"), pytest.raises(REFUSED[client]) as refused:
        await ASKS[client]("GET", "http://127.0.0.1:1/")

    assert 'passthrough="localhost"' in str(refused.value)


@each_client
async def test_everything_may_pass(client: str) -> None:
    """passthrough="all" leaves other hosts to the network, which has no such name."""
    with understudy.mock(passthrough="all"), pytest.raises(REFUSED[client]) as refused:
        await ASKS[client]("GET", "https://nowhere.invalid/")

    assert "understudy" not in str(refused.value)


@each_client
async def test_custom_base_url(client: str) -> None:
    """A base URL with a path of its own stands for the vendor's origin."""
    with understudy.mock(hosts={"https://gateway.example.com/sent-api/": "sent"}):
        answer = await ASKS[client]("GET", f"https://gateway.example.com/sent-api{SALES}", KEY)

    assert answer.status == 200


class Paced:
    """An app that sends a second piece only when it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.loop: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.loop = asyncio.get_running_loop()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one\n", "more_body": True})
        await self.go_on.wait()
        await send({"type": "http.response.body", "body": b"two\n"})

    def release(self) -> None:
        self.loop.call_soon_threadsafe(self.go_on.set)


def lines_of_httpx(app: Paced) -> list[str]:
    read = []
    with httpx.stream("GET", SENT) as reply:
        for line in reply.iter_lines():
            read.append(line)
            app.release()
    return read


def lines_of_requests(app: Paced) -> list[str]:
    read = []
    with requests.get(SENT, stream=True, timeout=LONG) as reply:
        for line in reply.iter_lines(chunk_size=4):
            read.append(line.decode())
            app.release()
    return read


def lines_of_urllib3(app: Paced) -> list[str]:
    read = []
    reply = urllib3.request("GET", SENT, preload_content=False)
    for line in reply.stream(4):
        read.append(line.decode().strip())
        app.release()
    return read


@pytest.mark.parametrize("lines", [lines_of_httpx, lines_of_requests, lines_of_urllib3])
def test_reply_is_read_while_it_is_sent(lines: Any) -> None:
    """The first piece is there before the second has been sent."""
    app = Paced()

    with answered_by(app):
        read = lines(app)

    assert read == ["one", "two"]


async def test_reply_is_read_while_it_is_sent_by_httpx_async() -> None:
    """As with the synchronous client."""
    app, read = Paced(), []

    with answered_by(app):
        async with httpx.AsyncClient() as client, client.stream("GET", SENT) as reply:
            async for line in reply.aiter_lines():
                read.append(line)
                app.release()

    assert read == ["one", "two"]


async def test_reply_is_read_while_it_is_sent_by_aiohttp() -> None:
    """As with the others."""
    app, read = Paced(), []

    with answered_by(app):
        async with aiohttp.ClientSession() as client, client.get(SENT) as reply:
            async for line in reply.content:
                read.append(line)
                app.release()

    assert read == [b"one\n", b"two\n"]


class Waiting:
    """An app that never answers, and notes how it ended."""

    def __init__(self) -> None:
        self.asked = False
        self.ended: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        self.asked = True
        try:
            self.ended.append((await receive())["type"])
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise


@pytest.mark.parametrize("client", ["httpx-async", "httpx-aiohttp", "aiohttp"])
async def test_cancelled_request_cancels_the_app(client: str) -> None:
    """A task that is cancelled takes its request back."""
    app = Waiting()

    with answered_by(app):
        task = asyncio.create_task(ASKS[client]("GET", SENT))
        await until(lambda: app.asked)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: app.ended)

    assert app.ended == ["cancelled"]


@each_client
async def test_timeout_is_a_disconnect(client: str) -> None:
    """As behind a socket, the app learns that nobody waits and may finish what it does."""
    app = Waiting()

    with answered_by(app):
        with pytest.raises(LATE[client]):
            await ASKS[client]("POST", SENT, None, b"{}", timeout=0.05)
        await until(lambda: app.ended)

    assert app.ended == ["http.disconnect"]


def test_requests_keeps_hooks_cookies_and_raise_for_status() -> None:
    """What a session does around a request, it still does."""
    seen: list[int] = []
    echo = Echo()
    with requests.Session() as session:
        session.hooks["response"].append(lambda reply, **_: seen.append(reply.status_code))
        with answered_by(replying(404, [("set-cookie", "a=1"), ("content-length", "0")])):
            reply = session.get(SENT, timeout=LONG)
        with answered_by(echo):
            session.get(SENT, timeout=LONG)

    assert seen == [404, 200]
    assert echo.all("cookie") == ["a=1"]
    with pytest.raises(requests.HTTPError):
        reply.raise_for_status()


def test_httpx_keeps_event_hooks_cookies_and_auth() -> None:
    """What a client does around a request, it still does."""
    seen: list[str] = []
    echo = Echo()
    hooks = {"request": [lambda request: seen.append(request.method)]}
    with httpx.Client(auth=("user", "word"), event_hooks=hooks) as client:
        with answered_by(replying(headers=[("set-cookie", "a=1")])):
            client.get(SENT)
        with answered_by(echo):
            client.get(SENT)

    assert seen == ["GET", "GET"]
    assert echo.all("cookie") == ["a=1"]
    assert echo.all("authorization")[0].startswith("Basic ")


async def test_aiohttp_keeps_middlewares_cookies_and_raise_for_status() -> None:
    """What a session does around a request, it still does."""
    seen: list[str] = []
    echo = Echo()

    async def middleware(request: Any, handler: Any) -> Any:
        seen.append(request.method)
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=[middleware]) as session:
        sets_cookie = replying(404, [("set-cookie", "a=1"), ("content-length", "0")])
        with answered_by(sets_cookie), pytest.raises(aiohttp.ClientResponseError):
            await session.get(SENT, raise_for_status=True)
        with answered_by(echo):
            await (await session.get(SENT)).read()

    assert seen == ["GET", "GET"]
    assert echo.all("cookie") == ["a=1"]


async def test_aiohttp_tells_its_traces() -> None:
    """Tracing sees a connection being made."""
    seen: list[str] = []

    async def created(*_: Any) -> None:
        seen.append("created")

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(created)
    with answered_by(replying()):
        async with aiohttp.ClientSession(trace_configs=[trace]) as session:
            await (await session.get(SENT)).read()

    assert seen == ["created"]


async def test_aiohttp_may_ask_before_it_sends() -> None:
    """`Expect: 100-continue` is answered, and the body follows."""
    echo = Echo()

    with answered_by(echo):
        async with aiohttp.ClientSession() as session:
            await (await session.post(SENT, data=b"body", expect100=True)).read()

    assert echo.body == b"body"


async def test_aiohttp_websocket_is_declined() -> None:
    """An upgrade that is offered is not taken: the request is answered as an ordinary one."""
    with understudy.mock():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as declined:
                await session.ws_connect(f"{SENT}/v3/nothing")

    assert declined.value.status == 404


async def test_aiohttp_total_timeout() -> None:
    """The time for a whole request ends it."""
    app = Waiting()

    with answered_by(app):
        async with aiohttp.ClientSession() as session:
            with pytest.raises(asyncio.TimeoutError):
                await session.get(SENT, timeout=aiohttp.ClientTimeout(total=0.05))


def test_urllib3_retries_by_status() -> None:
    """A pool that is told to repeat a 503 does."""
    answers = [503, 503, 200]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await replying(answers.pop(0))(scope, receive, send)

    again = urllib3.Retry(total=5, status_forcelist=[503], backoff_factor=0)
    with answered_by(app):
        reply = urllib3.request("GET", SENT, retries=again)

    assert reply.status == 200 and answers == []


def test_urllib3_without_retries_raises_what_happened() -> None:
    """retries=False brings the error itself."""
    with understudy.mock(), pytest.raises(urllib3.exceptions.NewConnectionError):
        urllib3.request("GET", "https://example.com/", retries=False)


def test_urllib3_pool_of_one_host() -> None:
    """A pool that somebody made by hand is a door as well."""
    pool = urllib3.HTTPSConnectionPool("api.sent.dm")

    with understudy.mock():
        reply = pool.urlopen("GET", SALES, None, KEY)

    assert reply.status == 200


@pytest.mark.parametrize("proxied", ["http://api.sent.dm", "https://api.sent.dm"])
def test_proxies_are_not_asked(proxied: str) -> None:
    """A proxy of the environment is no way around the mock."""
    proxies = {"http": "http://proxy.invalid:3128", "https": "http://proxy.invalid:3128"}

    with understudy.mock():
        reply = requests.get(f"{proxied}{SALES}", headers=KEY, proxies=proxies, timeout=LONG)

    assert reply.status_code == 200


def test_method_that_is_none_is_a_bad_request() -> None:
    """What an HTTP server cannot read it says so."""
    with understudy.mock():
        reply = requests.request("NO-SUCH", f"{SENT}{SALES}", headers=KEY, timeout=LONG)

    assert (reply.status_code, reply.text) == (400, "Invalid HTTP request received.")


def test_body_shorter_than_its_length_is_no_request() -> None:
    """Instead of waiting for the rest for ever, the connection ends."""
    length = {"Content-Length": "100"}

    with understudy.mock(), pytest.raises(urllib3.exceptions.ProtocolError, match="Content-Length"):
        urllib3.request("POST", SENT, body=b"{}", headers=length, retries=False)


def test_other_transports_are_left_alone() -> None:
    """A client that was given a transport of its own keeps it."""
    transport = httpx.MockTransport(lambda request: httpx.Response(418))

    with understudy.mock(), httpx.Client(transport=transport) as client:
        reply = client.get(f"{SENT}{SALES}")

    assert reply.status_code == 418

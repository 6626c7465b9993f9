"""The loop thread and the transports: ASGI apps without a socket."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from typing import Any

import httpx
import pytest

from tests.asking import CODES, KEY, SALES, Echo, replying
from tests.waiting import LONG
from understudy.core.settings import Settings
from understudy.inprocess.httpx_transports import AsyncTransport, SyncTransport
from understudy.inprocess.loop import scope_of, shared_loop
from understudy.server.app import create_app

URL = "http://mock/"


def ask(app: Any, **options: Any) -> httpx.Response:
    """One synchronous request to an app."""
    with httpx.Client(transport=SyncTransport(app), **options) as client:
        return client.get(URL)


async def ask_async(app: Any, **options: Any) -> httpx.Response:
    """One asynchronous request to an app."""
    async with httpx.AsyncClient(transport=AsyncTransport(app), **options) as client:
        return await client.get(URL)


def test_there_is_one_loop_thread() -> None:
    """Every thread gets the same one."""
    loops: list[Any] = []
    thread = threading.Thread(target=lambda: loops.append(shared_loop()))
    thread.start()
    thread.join()

    assert loops == [shared_loop()]


def test_loop_thread_is_a_daemon() -> None:
    """It never keeps a process from ending."""
    shared_loop()

    (thread,) = [each for each in threading.enumerate() if each.name == "understudy-loop"]
    assert thread.daemon


def test_do_runs_on_the_loop_thread() -> None:
    """A function is called there, and its result is returned."""
    assert not shared_loop().is_here
    assert shared_loop().do(lambda: shared_loop().is_here)


def test_do_on_the_loop_thread_is_a_call() -> None:
    """On its own thread it does not wait for itself."""
    assert shared_loop().do(lambda: shared_loop().do(lambda: 42)) == 42


def test_do_raises_what_the_function_raised() -> None:
    """Errors reach the caller unchanged."""
    with pytest.raises(KeyError):
        shared_loop().do(lambda: {}["missing"])


def test_run_on_the_loop_thread_is_refused() -> None:
    """Waiting there for the coroutine would block the loop that runs it."""

    async def work() -> None:
        """Nothing."""

    with pytest.raises(RuntimeError, match="await it instead"):
        shared_loop().do(lambda: shared_loop().run(work()))


def test_synchronous_request_on_the_loop_thread_is_refused() -> None:
    """It could never be answered."""
    with pytest.raises(RuntimeError, match="await the request"):
        shared_loop().do(lambda: ask(replying()))


def test_asynchronous_request_on_the_loop_thread_is_answered() -> None:
    """The loop goes on while a task of its own waits."""
    reply = shared_loop().run(ask_async(replying(201))).result(5)

    assert reply.status_code == 201


def test_app_does_not_see_the_callers_context() -> None:
    """An app must not depend on the context variables of its first caller."""
    variable = ContextVar("variable", default="unset")
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(variable.get())
        await replying()(scope, receive, send)

    variable.set("set")
    ask(app)

    assert seen == ["unset"]


def test_sync_transport() -> None:
    """Synchronous code reaches an ASGI app with an ordinary httpx client."""
    echo = Echo()

    with httpx.Client(transport=SyncTransport(echo), base_url="http://mock") as client:
        reply = client.post("/a?b=c", content=b"body", headers={"X-Tag": "1"})

    assert (reply.status_code, reply.content, echo.body) == (200, b"ok", b"body")
    assert (echo.scopes[0]["raw_path"], echo.scopes[0]["query_string"]) == (b"/a", b"b=c")
    assert (echo.all("x-tag"), echo.all("host")) == (["1"], ["mock"])


async def test_async_transport() -> None:
    """So does asynchronous code."""
    reply = await ask_async(replying(headers=[("x-tag", "1")], body=b"ok"))

    assert (reply.content, reply.headers["x-tag"]) == (b"ok", "1")


def test_background_task_of_an_app_goes_on() -> None:
    """A task that a request started outlives the loop of the caller."""
    done = threading.Event()

    async def later() -> None:
        await asyncio.sleep(0.02)
        done.set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["state"]["task"] = asyncio.get_running_loop().create_task(later())
        await replying()(scope, receive, send)

    asyncio.run(ask_async(app))

    assert done.wait(LONG)


def test_reply_ends_when_the_app_is_done() -> None:
    """The app has returned when the client sees the end of the reply."""
    done: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await replying(body=b"ok")(scope, receive, send)
        await asyncio.sleep(0.02)
        done.append("afterwards")

    ask(app)

    assert done == ["afterwards"]


def test_app_that_fails_after_its_reply_has_replied() -> None:
    """The client has its answer; the failure is logged."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await replying(body=b"ok")(scope, receive, send)
        raise LookupError("too late")

    assert ask(app).content == b"ok"


async def test_app_that_fails_shows_how() -> None:
    """A defect is not turned into a network error."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("a defect")

    with pytest.raises(LookupError, match="a defect"):
        ask(app)
    with pytest.raises(LookupError, match="a defect"):
        await ask_async(app)


def test_framework_may_wrap_a_connection_error() -> None:
    """Starlette raises RuntimeError when a reply that has begun cannot be finished."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("response already started") from ConnectionResetError("planned")

    with pytest.raises(httpx.ReadError, match="planned"):
        ask(app)


async def test_app_without_a_reply_has_closed_the_connection() -> None:
    """A call that ends without a reply is an empty reply."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Nothing."""

    with pytest.raises(httpx.RemoteProtocolError):
        ask(app)
    with pytest.raises(httpx.RemoteProtocolError):
        await ask_async(app)


def test_client_that_stops_reading_has_disconnected() -> None:
    """Closing a stream early is a disconnect to the app."""
    ended = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        if (await receive())["type"] == "http.disconnect":
            ended.set()

    with (
        httpx.Client(transport=SyncTransport(app)) as client,
        client.stream("GET", URL) as reply,
    ):
        next(reply.iter_bytes())

    assert ended.wait(LONG)


def test_without_a_timeout_it_waits() -> None:
    """A client without a timeout gets its answer."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.05)
        await replying(202)(scope, receive, send)

    assert ask(app, timeout=None).status_code == 202


def test_many_threads_at_once() -> None:
    """Each gets its own answer."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0)
        await replying(body=scope["raw_path"])(scope, receive, send)

    def work(number: int) -> None:
        with httpx.Client(transport=SyncTransport(app), base_url=URL) as client:
            for turn in range(20):
                bodies.append(client.get(f"/{number}/{turn}").text)

    bodies: list[str] = []
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(bodies) == sorted(f"/{n}/{turn}" for n in range(8) for turn in range(20))


async def test_many_tasks_at_once() -> None:
    """So does each task."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await replying(body=scope["raw_path"])(scope, receive, send)

    async with httpx.AsyncClient(transport=AsyncTransport(app), base_url=URL) as client:
        replies = await asyncio.gather(*(client.get(f"/{number}") for number in range(50)))

    assert [reply.text for reply in replies] == [f"/{number}" for number in range(50)]


def test_scope_is_an_asgi_scope() -> None:
    """Names are in lower case, the path is decoded, the query is not."""
    scope = scope_of("get", "https", ("host", 443), b"/a%20b?c=%20", [(b"X-Tag", b"V")])

    assert (scope["type"], scope["method"], scope["scheme"]) == ("http", "GET", "https")
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == (
        "/a b",
        b"/a%20b",
        b"c=%20",
    )
    assert scope["headers"] == [(b"x-tag", b"V")]


def test_the_mock_itself() -> None:
    """Synchronous code reaches the mock, vendor prefix included."""
    app = create_app(Settings())

    with httpx.Client(transport=SyncTransport(app), base_url="http://mock/sent") as client:
        created = client.post(SALES, json=CODES, headers=KEY)
        listed = client.get(SALES, headers=KEY)

    assert created.status_code == 201 and len(listed.json()["data"]) == 2

"""`understudy.mock()`: how it starts, which session it shows, how it stops."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import requests
import urllib3

import understudy
from tests.asking import (
    ASKS,
    CODES,
    KEY,
    REFUSED,
    SALES,
    SENT,
    Everything,
    each_client,
    listening,
    replying,
)
from tests.waiting import LONG
from understudy.core.errors import StartError
from understudy.core.settings import Settings
from understudy.inprocess.httpx_transports import AsyncTransport, SyncTransport
from understudy.intercept.active_mocks import ActiveMocks
from understudy.intercept.apps import Apps
from understudy.intercept.process_state import process_state
from understudy.session.journal import Exchange

URL = f"{SENT}{SALES}"
SOURCES = Path(__file__).parents[2] / "src"
PATCHED: list[tuple[Any, str]] = [
    (httpx.HTTPTransport, "handle_request"),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
    (urllib3.HTTPConnectionPool, "urlopen"),
]


def seams() -> list[Any]:
    """What stands at each client's seam now."""
    aiohttp: Any = sys.modules["aiohttp"]
    return [getattr(*each) for each in (*PATCHED, (aiohttp.BaseConnector, "connect"))]


def names() -> list[str]:
    """The campaigns that a request to the vendor shows."""
    return [each["name"] for each in httpx.get(URL, headers=KEY).json()["data"]]


def create() -> None:
    httpx.post(URL, json=CODES, headers=KEY).raise_for_status()


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-W", "error", "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONG)
    assert shown.returncode == 0 and shown.stderr == "", shown.stderr
    return shown.stdout.strip()


def test_with() -> None:
    """One line is enough."""
    with understudy.mock():
        create()

        assert names() == ["Customer Notifications", "Codes"]


async def test_async_with() -> None:
    """So it is in a coroutine."""
    async with understudy.mock(seed=2) as mock, httpx.AsyncClient() as client:
        reply = await client.get(URL, headers=KEY)

    assert (reply.status_code, len(mock.session.journal)) == (200, 1)


def test_start_and_stop() -> None:
    """Fixtures that cannot use `with` have two calls."""
    before = seams()
    mock = understudy.mock()
    mock.start()
    during = seams()

    assert names() == ["Customer Notifications"]
    mock.stop()
    assert seams() == before != during


@understudy.mock()
def test_decorated_function() -> None:
    """A decorated function is mocked while it runs."""
    create()

    assert len(names()) == 2


@understudy.mock()
async def test_decorated_coroutine() -> None:
    """So is a decorated coroutine, to its end."""
    await asyncio.sleep(0)

    async with httpx.AsyncClient() as client:
        assert (await client.get(URL, headers=KEY)).status_code == 200


@understudy.mock()
class TestDecoratedClass:
    """Each test of a decorated class has the seed world anew."""

    def test_one(self) -> None:
        create()

        assert len(names()) == 2

    def test_another(self) -> None:
        create()

        assert len(names()) == 2

    async def test_coroutine(self) -> None:
        async with httpx.AsyncClient() as client:
            assert (await client.get(URL, headers=KEY)).status_code == 200

    @staticmethod
    def test_static() -> None:
        assert names() == ["Customer Notifications"]

    def helper(self) -> Any:
        """Not a test, so not decorated."""


async def test_calls_that_overlap_keep_apart() -> None:
    """Each call of a decorated coroutine has its own world, also while another one runs."""

    @understudy.mock()
    async def work() -> int:
        async with httpx.AsyncClient(headers=KEY) as client:
            await client.post(URL, json=CODES)
            await asyncio.sleep(0.01)
            return len((await client.get(URL)).json()["data"])

    assert await asyncio.gather(*(work() for _ in range(8))) == [2] * 8


def test_decorating_mock_shows_the_call_that_runs() -> None:
    """A mock that has a name can be asked from within."""
    mock = understudy.mock()

    @mock
    def work() -> int:
        create()
        return len(mock.session.journal)

    assert work() == work() == 1


def test_only_tests_of_a_class_are_decorated() -> None:
    """Helpers run as they are."""
    assert not hasattr(TestDecoratedClass.helper, "__wrapped__")
    assert hasattr(TestDecoratedClass.test_one, "__wrapped__")


def test_inherited_tests_are_decorated_in_the_subclass_alone() -> None:
    """The base class stays what it was."""

    class Base:
        def test_inherited(self) -> list[str]:
            return names()

    @understudy.mock()
    class Derived(Base):
        pass

    assert Derived().test_inherited() == ["Customer Notifications"]
    assert not hasattr(Base.test_inherited, "__wrapped__")


def test_generators_are_not_decorated() -> None:
    """Their body runs after the call; the error says what to write."""

    def generator() -> Iterator[int]:
        yield 1

    with pytest.raises(TypeError, match="write `with mock\\(\\)` inside"):
        understudy.mock()(generator)


def test_decorated_function_keeps_its_result_and_its_error() -> None:
    """What it returns and raises passes, and the mock is left."""
    before = seams()

    @understudy.mock()
    def work(result: Any) -> Any:
        if result is None:
            raise LookupError("nothing")
        return result

    assert work(42) == 42
    with pytest.raises(LookupError):
        work(None)
    assert seams() == before


def test_stop_needs_a_start() -> None:
    """A surplus `stop` is an error that says so."""
    with pytest.raises(RuntimeError, match="not active"):
        understudy.mock().stop()


def test_mock_that_was_never_started_has_no_world() -> None:
    """Asked for its session, it says what is missing."""
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = understudy.mock().session


def test_leaving_restores_every_client() -> None:
    """The very functions are back, also after an exception."""
    before = seams()

    with pytest.raises(LookupError), understudy.mock():
        raise LookupError("in the test")

    assert all(now is then for now, then in zip(seams(), before, strict=True))


def test_another_patch_is_not_undone() -> None:
    """Who patches over the mock and stays longer keeps its patch, over an idle stand-in."""
    original = httpx.HTTPTransport.handle_request
    mock = understudy.mock().start()
    stand_in = httpx.HTTPTransport.handle_request

    def theirs(self: Any, request: httpx.Request) -> httpx.Response:
        return stand_in(self, request)

    httpx.HTTPTransport.handle_request = theirs  # type: ignore[method-assign]
    mock.stop()
    try:
        with listening() as url:
            assert httpx.get(url).text == "here"
        assert httpx.HTTPTransport.handle_request is theirs
    finally:
        httpx.HTTPTransport.handle_request = original  # type: ignore[method-assign]


def test_clients_outlive_the_mock() -> None:
    """One client, made before, sees the vendor inside and the network outside."""
    with listening() as url, httpx.Client(headers=KEY) as client:
        assert client.get(url).text == "here"
        with understudy.mock():
            assert client.get(URL).status_code == 200
        assert client.get(url).text == "here"


def test_client_made_inside_is_an_ordinary_one_afterwards() -> None:
    """What was made inside holds nothing of the mock."""
    with understudy.mock(), requests.Session() as session:
        assert session.get(URL, headers=KEY, timeout=LONG).status_code == 200

    with listening() as url:
        assert session.get(url, timeout=LONG).text == "here"


def test_every_mock_has_a_world_of_its_own() -> None:
    """What one left behind, the next does not see."""
    with understudy.mock() as first:
        create()
    with understudy.mock() as second:
        assert names() == ["Customer Notifications"]

    assert first.session.name != second.session.name


def test_session_is_dropped() -> None:
    """Nothing of it stays in the app, but it can still be read."""
    with understudy.mock() as mock:
        create()

    assert mock.session.name not in mock.app.sessions.names()
    assert [each.status for each in mock.session.journal] == [201]


def test_innermost_wins() -> None:
    """A nested mock hides the outer one, which is back afterwards."""
    with understudy.mock():
        create()
        with understudy.mock():
            assert len(names()) == 1
        assert len(names()) == 2


def test_what_the_innermost_does_not_serve_the_outer_one_does() -> None:
    """As names are looked up: from the inside out."""
    zexa = "https://api.zexa.ao/v1/campaigns"

    with understudy.mock() as outer, understudy.mock(vendors="sent"):
        httpx.get(zexa)

    assert [each.vendor for each in outer.session.journal] == ["zexa"]


def test_mock_within_itself_is_one_world() -> None:
    """Entered twice, it ends when it has been left twice."""
    mock = understudy.mock()

    with mock:
        create()
        with mock:
            assert len(names()) == 2
        assert len(names()) == 2
    with mock:
        assert len(names()) == 1


def test_mocks_may_be_left_in_any_order() -> None:
    """The one that stays answers."""
    before = seams()
    first, second = understudy.mock().start(), understudy.mock().start()
    create()
    first.stop()
    during = len(names())
    second.stop()

    assert during == 2 and len(second.session.journal) == 2
    assert seams() == before


def test_named_session_is_shared() -> None:
    """Two mocks that name one session have one world while either is active."""
    with understudy.mock(session="shared"):
        create()
        with understudy.mock(session="shared"):
            assert len(names()) == 2
        assert len(names()) == 2
    with understudy.mock(session="shared"):
        assert len(names()) == 1


def test_other_threads_are_mocked() -> None:
    """A mock that one thread started answers all of them."""
    found: list[int] = []

    with understudy.mock():
        thread = threading.Thread(target=lambda: found.append(len(names())))
        thread.start()
        thread.join()

    assert found == [1]


def test_threads_with_mocks_of_their_own_keep_apart() -> None:
    """Tests that run at the same time do not meet."""
    together = threading.Barrier(8)
    found: list[int] = []

    def work() -> None:
        with understudy.mock():
            together.wait(LONG)
            create()
            together.wait(LONG)
            found.append(len(names()))
            together.wait(LONG)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [2] * 8


async def test_tasks_with_mocks_of_their_own_keep_apart() -> None:
    """Neither do tasks."""

    async def work() -> int:
        async with understudy.mock(), httpx.AsyncClient(headers=KEY) as client:
            await client.post(URL, json=CODES)
            await asyncio.sleep(0.01)
            return len((await client.get(URL)).json()["data"])

    assert await asyncio.gather(*(work() for _ in range(8))) == [2] * 8


def test_equal_settings_share_an_app() -> None:
    """Only the first mock of its kind reads the documents."""
    with understudy.mock(seed=3) as first, understudy.mock(seed=3) as second:
        assert first.app is second.app
    with understudy.mock(seed=4) as third:
        assert third.app is not first.app


def test_apps_are_bounded() -> None:
    """The app that has not been wanted for longest goes."""
    apps = Apps(most=2)
    first = apps.get(Settings(seed=1))
    apps.get(Settings(seed=2))

    assert apps.get(Settings(seed=1)) is first
    apps.get(Settings(seed=3))
    assert Settings(seed=1) in apps and Settings(seed=2) not in apps


def test_logs_of_apps_are_added_and_removed() -> None:
    """Each receives the entries of all apps, also of those that were started before it."""
    apps, first, second = Apps(), [], []
    entry = Exchange("1", "test", "sent", "GET", "/", "", 0, request_headers={})
    apps.add_log(first.append)
    apps.add_log(second.append)
    apps.remove_log(first.append)
    apps.remove_log(first.append)

    apps.log(entry)

    assert (first, second, apps.is_logged) == ([], [entry], True)


@pytest.mark.parametrize(
    "clock",
    [
        "2026-03-11T12:00:00Z",
        "2026-03-11T13:00:00+01:00",
        datetime(2026, 3, 11, 12, tzinfo=UTC),
        datetime(2026, 3, 11, 13, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 3, 11, 12),  # noqa: DTZ001 (that one without a zone is taken as UTC is the fact)
    ],
)
def test_clock_stands_still(clock: Any) -> None:
    """A time as text or as a datetime is where the session's clock stands."""
    with understudy.mock(clock=clock):
        reply = httpx.post(URL, json=CODES, headers=KEY)

    assert reply.json()["data"]["createdAt"].startswith("2026-03-11T12:00:00")


def test_same_seed_same_bytes() -> None:
    """Seed and clock decide what comes, not which mock it is."""
    bodies = []

    for _ in range(2):
        with understudy.mock(seed=7, clock="2026-03-11T12:00:00Z"):
            bodies.append(httpx.post(URL, json=CODES, headers=KEY).content)

    assert bodies[0] == bodies[1]


def test_options_reach_the_settings() -> None:
    """Whatever a server can be told, a mock can."""
    with understudy.mock(
        vendors=["sent"],
        pace="manual",
        auth="any",
        static=True,
        rate_limits=True,
        journal_size=5,
        body_limit=6,
        webhook_hosts=["hooks.example.com"],
        check_responses=False,
    ) as mock:
        settings = mock.app.settings

    assert (settings.vendors, settings.pace, settings.auth) == (("sent",), None, "any")
    assert settings.static and settings.rate_limits and not settings.check_responses
    assert (settings.journal_size, settings.body_limit) == (5, 6)
    assert settings.webhook_hosts == {"hooks.example.com"}


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ({"clock": "noon"}, 'clock: "noon" is not a time such as 2026-'),
        ({"pace": -1}, "pace: -1 is not a factor"),
        ({"pace": float("inf")}, "pace: Infinity is not a factor"),
        ({"pace": "slow"}, 'pace: "slow" is not a factor'),
        ({"auth": "none"}, 'auth: "none" is not "strict" or "any"'),
        ({"passthrough": "some"}, 'passthrough: "some" is not "none", "localhost" or "all"'),
    ],
)
def test_wrong_choices_are_named(option: Any, expected: str) -> None:
    """The error says which option, which value, and what is possible."""
    with pytest.raises(ValueError, match=re.escape(expected)):
        understudy.mock(**option)


def test_unknown_vendor() -> None:
    """A vendor that is none is refused at the start, and nothing is left behind."""
    before = seams()

    with pytest.raises(StartError, match=r"there is no vendor \"no-vendor\"; known: .*sent"):
        understudy.mock(vendors=["no-vendor"]).start()

    assert seams() == before


def test_url_is_the_documents() -> None:
    """What a test needs to configure its client."""
    with understudy.mock() as mock:
        assert mock.url("sent") == "https://api.sent.dm"
        assert mock.url("zexa") == "https://api.zexa.ao"
        with pytest.raises(LookupError, match=r"there is no vendor \"no-vendor\"; served: .*sent"):
            mock.url("no-vendor")


def test_reset() -> None:
    """Back to the seed world, in the same mock."""
    with understudy.mock() as mock:
        create()
        mock.reset()

        assert names() == ["Customer Notifications"]


def test_shift_fires_what_falls_due() -> None:
    """A day passes, and what the vendor does meanwhile has happened."""
    complete = f"{SENT}/v3/profiles/660e8400-e29b-41d4-a716-446655440000/complete"

    with understudy.mock(clock="2026-03-11T12:00:00Z") as mock:
        httpx.post(complete, json={"webHookUrl": "http://127.0.0.1:1/"}, headers=KEY)
        fired = mock.shift(days=1)

    assert [each.action for each in fired] == ["finish_completion"]
    assert mock.session.clock.now() == 1_773_316_800_000_000_000
    assert [each.state for each in mock.session.webhooks.deliveries] == ["failed"]


async def test_ashift() -> None:
    """A coroutine waits without blocking its loop."""
    async with understudy.mock(clock="2026-03-11T12:00:00Z") as mock:
        await mock.ashift(hours=1, milliseconds=0.5)

    assert mock.session.clock.now() == 1_773_234_000_000_500_000


def test_shift_goes_forward_only() -> None:
    """The error is the clock's own."""
    with understudy.mock() as mock, pytest.raises(ValueError, match="shifted forward"):
        mock.shift(seconds=-1)


def test_asgi_is_this_mocks_world() -> None:
    """The app behind a transport, in the mock's session."""
    with understudy.mock() as mock:
        create()
        transport = SyncTransport(mock.asgi)
        with httpx.Client(transport=transport, base_url="http://mock/sent") as client:
            listed = client.get(SALES, headers=KEY).json()["data"]

    assert len(listed) == 2


async def test_asgi_for_coroutines() -> None:
    """So it is for asynchronous clients."""
    async with understudy.mock() as mock:
        transport = AsyncTransport(mock.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
            health = await client.get("/__admin/health")

    assert health.json()["status"] == "ok"


def test_session_header_of_a_request_wins() -> None:
    """A request may name another session, as it may with a server."""
    with understudy.mock() as mock:
        reply = httpx.get(URL, headers={**KEY, "X-Understudy-Session": "another"})

    assert reply.headers["x-understudy-session"] == "another"
    assert len(mock.session.journal) == 0
    mock.app.sessions.drop("another")


def test_request_shows_nothing_of_the_session() -> None:
    """The client's own request is not changed."""
    with understudy.mock():
        reply = httpx.get(URL, headers=KEY)

    assert "x-understudy-session" not in reply.request.headers
    assert reply.request.url == URL


def test_deliveries_are_no_mocks_business() -> None:
    """The mock's own requests have a policy of their own, also where nothing may pass."""
    complete = f"{SENT}/v3/profiles/660e8400-e29b-41d4-a716-446655440000/complete"

    with listening() as url, understudy.mock(passthrough="none", pace="manual") as mock:
        httpx.post(complete, json={"webHookUrl": url}, headers=KEY)
        mock.shift(minutes=1)
        (delivery,) = mock.session.webhooks.deliveries

    # The listener answers GET alone; it was reached, which is the fact.
    assert delivery.attempts[0].status == 501


def test_hosts_of_other_vendors_are_refused() -> None:
    """With one vendor selected the others are strangers."""
    with understudy.mock(vendors="sent"), pytest.raises(httpx.ConnectError):
        httpx.get("https://api.zexa.ao/v1/campaigns")


def test_hosts_name_what_they_mean() -> None:
    """A base URL that is none, or for no vendor, is an error at the start."""
    for url in ("https://", "https://a.example:port", f"https://{'x' * 64}.example"):
        with pytest.raises(ValueError, match=f'hosts: "{url}" is not a URL such as'):
            understudy.mock(hosts={url: "tether"}).start()
    with pytest.raises(ValueError, match='there is no vendor "no-vendor" for https://a'):
        understudy.mock(hosts={"https://a.example": "no-vendor"}).start()


def test_tethers_instance() -> None:
    """A host of a customer's own stands for the vendor, whatever its port."""
    with understudy.mock(hosts={"https://acme.example.com": "tether"}) as mock:
        httpx.get("https://acme.example.com/api/campaigns")
        httpx.get("http://ACME.example.com:8443/api/campaigns")

    assert [(each.vendor, each.path) for each in mock.session.journal] == [
        ("tether", "/api/campaigns")
    ] * 2


@each_client
async def test_leaving_lets_requests_out_again(client: str) -> None:
    """After the mock the client goes to the network by itself."""
    with understudy.mock(hosts={"http://127.0.0.1:9": "sent"}):
        inside = await ASKS[client]("GET", f"http://127.0.0.1:9{SALES}", KEY)

    with pytest.raises(REFUSED[client]) as outside:
        await ASKS[client]("GET", f"http://127.0.0.1:9{SALES}", KEY)
    assert inside.status == 200
    assert "understudy" not in str(outside.value)


def test_mock_of_a_thread_that_ended_is_still_left() -> None:
    """One thread may start it and another stop it."""
    before = seams()
    mock = understudy.mock()
    thread = threading.Thread(target=mock.start)
    thread.start()
    thread.join()

    assert names() == ["Customer Notifications"]
    mock.stop()
    assert seams() == before


def test_requests_under_way_when_a_mock_begins_and_ends() -> None:
    """Mocks that come and go in one thread do not disturb requests of another."""
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            with understudy.mock(vendors="zexa"):
                pass

    thread = threading.Thread(target=come_and_go)
    with understudy.mock():
        thread.start()
        statuses = {httpx.get(URL, headers=KEY).status_code for _ in range(50)}
        over.set()
        thread.join()

    assert statuses == {200}


def test_nothing_is_imported_with_the_package() -> None:
    """`import understudy` costs next to nothing; the door is loaded when it is asked for."""
    shown = run(
        "import sys, understudy\n"
        "print([name for name in ('httpx', 'connexion', 'asyncio') if name in sys.modules])\n"
        "print('mock' in dir(understudy), hasattr(understudy, 'nothing'))\n"
        "understudy.mock()\n"
        "print('connexion' in sys.modules)"
    )

    assert shown.splitlines() == ["[]", "True False", "False"]


def test_library_that_is_imported_later_is_patched() -> None:
    """A client that is imported inside is mocked inside, and its module keeps its own loader."""
    shown = run(
        "import asyncio, sys, understudy\n"
        "with understudy.mock():\n"
        "    assert 'aiohttp' not in sys.modules\n"
        "    import aiohttp\n"
        "    async def ask():\n"
        "        async with aiohttp.ClientSession() as session:\n"
        "            async with session.get('https://api.sent.dm/v3/profiles') as reply:\n"
        "                return reply.status\n"
        "    print(asyncio.run(ask()))\n"
        "print(type(aiohttp.__loader__).__name__, type(aiohttp.__spec__.loader).__name__)\n"
        "print(aiohttp.BaseConnector.connect.__code__.co_filename.endswith('connector.py'))\n"
        "print([each for each in sys.meta_path if 'understudy' in type(each).__module__])"
    )

    assert shown.splitlines() == ["401", "SourceFileLoader SourceFileLoader", "True", "[]"]


def test_forked_process_has_a_loop_thread_of_its_own() -> None:
    """A child that was forked inside a mock is answered, too."""
    shown = run(
        "import os, sys, warnings, httpx, understudy\n"
        "warnings.simplefilter('ignore', DeprecationWarning)\n"
        "with understudy.mock():\n"
        "    httpx.get('https://api.sent.dm/v3/profiles')\n"
        "    child = os.fork()\n"
        "    status = httpx.get('https://api.sent.dm/v3/profiles').status_code\n"
        "    if not child:\n"
        "        os._exit(0 if status == 401 else 1)\n"
        "    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )

    assert shown == "0"


def test_process_ends_with_a_mock_that_was_never_stopped() -> None:
    """Nothing hangs and nothing complains at the end."""
    shown = run(
        "import httpx, understudy\n"
        "understudy.mock().start()\n"
        "print(httpx.get('https://api.sent.dm/v3/profiles').status_code)"
    )

    assert shown == "401"


def test_library_that_cannot_be_patched_leaves_nothing_behind() -> None:
    """A library that cannot be patched fails the start, and the next start is a first one."""
    active_mocks = ActiveMocks(lambda: False, {"httpx": "understudy.no_such_module"})
    finders = list(sys.meta_path)

    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            active_mocks.enter(cast(Any, Everything(None)))
    assert sys.meta_path == finders


def test_other_apps_among_the_active_mocks() -> None:
    """The app that is entered last answers first; one that is left is forgotten."""
    active_mocks = process_state().active_mocks
    teapot: Any = Everything(replying(418))

    with understudy.mock():
        active_mocks.enter(teapot)
        inside = httpx.get(URL).status_code
        active_mocks.leave(teapot)
        outside = httpx.get(URL, headers=KEY).status_code

    assert (inside, outside) == (418, 200)

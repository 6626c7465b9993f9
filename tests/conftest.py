"""What the tests share: the mock in-process and over HTTP, and Sent's seed world by name."""

from __future__ import annotations

import signal
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import hypothesis
import pytest

from tests.calling import create_app
from tests.waiting import LONG
from understudy.core.clock import parse_instant
from understudy.core.settings import Settings
from understudy.engine.connexion_adapter import shared_stack
from understudy.engine.exchange_recorder import Log
from understudy.server import app as composition
from understudy.server.app import App, Backend
from understudy.server.http_server import Listening, bind, make_server

pytest_plugins = ["pytester"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that runs us in the background has it ignored, and what tests start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # So it is under nohup, which the server respects.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# The same examples in every run, on every machine, however long one takes.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")

NOON = parse_instant("2026-03-11T12:00:00Z")


@pytest.fixture
def anyio_backend() -> str:
    """Everything runs on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture
def settings() -> Settings:
    """Frozen at noon: what a test sees depends on the test alone. Override per module or class."""
    return Settings(clock=NOON)


@pytest.fixture
def app(settings: Settings) -> App:
    """The mock in-process, at its seed world."""
    return create_app(settings)


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the in-process mock: no socket, no key."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        yield client


@dataclass(frozen=True)
class Live:
    """The mock behind a real socket."""

    app: App
    url: str


def serve(
    settings: Settings, log: Log | None = None, backend: Backend = shared_stack
) -> Iterator[Live]:
    """Serve an app from a thread of this process until the generator is closed."""
    app = composition.create_app(settings, log, backend)
    listener = bind("127.0.0.1", 0)
    ready = threading.Event()
    server = make_server(app, Listening(log=None), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert ready.wait(LONG), "the server did not start"
    try:
        yield Live(app, f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(LONG)
        listener.close()


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    """A live server in real time; tests take sessions of their own in its URL."""
    yield from serve(Settings())


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """The body of a problem document."""
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    return body

"""The mock in this process as the API that is verified, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import httpx

from understudy.core.settings import Settings
from understudy.inprocess.httpx_transports import SyncTransport
from understudy.inprocess.loop import shared_loop
from understudy.inprocess.startup import start_app
from understudy.recording.capture import settings_for
from understudy.recording.model import DEFAULT_START, Recording, find_start
from understudy.server.app import App
from understudy.service.service import Service
from understudy.verify.replay_recordings import ReplayWorld
from understudy.verify.transport import Access, Sender

# Where `understudy serve` listens, so that a finding's curl line works with it.
ORIGIN = "http://127.0.0.1:4010"


class InProcessTarget:
    """Makes senders to mocks in this process; each recording gets a mock of its own."""

    def __init__(self, service: Service, access: Access, patience: float, stack: ExitStack) -> None:
        self._service = service
        self._access = access
        self._patience = patience
        self._stack = stack

    def sender(self) -> Sender:
        """A sender to a mock with fresh seed data."""
        settings = Settings(vendors=(self._service.name,), clock=DEFAULT_START, pace=None)
        return self._sender(self._app(settings))

    def place(self, recording: Recording) -> ReplayWorld:
        """A mock with the settings and the clock of a recording."""
        clock = find_start(recording)
        app = self._app(settings_for(replace(recording, clock=clock), (self._service.name,)))

        def move_to(at: int) -> None:
            session = app.session()
            if at > session.clock.now():
                shared_loop().run(app.move_to(session, at)).result()

        return ReplayWorld(self._sender(app), move_to)

    def _app(self, settings: Settings) -> App:
        app = start_app(settings)
        self._stack.callback(lambda: shared_loop().do(app.sessions.close))
        return app

    def _sender(self, app: App) -> Sender:
        http = self._stack.enter_context(
            httpx.Client(transport=SyncTransport(app), timeout=self._patience)
        )
        return Sender(http, f"{ORIGIN}{self._service.prefix}", self._access)


@contextmanager
def open_in_process(service: Service, access: Access, patience: float) -> Iterator[InProcessTarget]:
    """The mock in this process, closed when the block ends."""
    with ExitStack() as stack:
        yield InProcessTarget(service, access, patience, stack)

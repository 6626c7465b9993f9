"""The mock of this process as the API that is verified: no socket, worlds of its own."""

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

# Where `understudy serve` listens, so that a finding's request can be tried there.
ORIGIN = "http://127.0.0.1:4010"


class InProcessTarget:
    """Senders to mocks of this process; each recording has a world of its own."""

    def __init__(self, service: Service, access: Access, patience: float, stack: ExitStack) -> None:
        self._service = service
        self._access = access
        self._patience = patience
        self._stack = stack

    def sender(self) -> Sender:
        """To a world that stands at its beginning."""
        settings = Settings(vendors=(self._service.name,), clock=DEFAULT_START, pace=None)
        return self._sender(self._app(settings))

    def place(self, recording: Recording) -> ReplayWorld:
        """To the world that a recording's requests met."""
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
    """The mock of this process, until the block ends."""
    with ExitStack() as stack:
        yield InProcessTarget(service, access, patience, stack)

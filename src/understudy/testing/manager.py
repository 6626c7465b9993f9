"""The state that the tests of one process share: apps, servers, the receiver of webhooks."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from understudy.core.settings import Settings
from understudy.intercept.process_state import process_state
from understudy.session.journal import Exchange
from understudy.testing import options, recording
from understudy.testing.backends import Backend, InProcessBackend, RemoteBackend
from understudy.testing.interception import Interception
from understudy.testing.names import session_name
from understudy.testing.options import ChosenOptions
from understudy.testing.receiver import Receiver
from understudy.testing.session import Understudy, UnderstudyServer
from understudy.testing.vendor_mock import VendorMock

if TYPE_CHECKING:
    import pytest

TOKEN = "UNDERSTUDY_ADMIN_TOKEN"


class PluginRun:
    """The mocks of one process that runs tests.

    Args:
        url: of a server that runs already; "" to run the mocks in this process.
        records: the folder for the tests' recordings; None for no recordings.
    """

    def __init__(self, config: pytest.Config, url: str, records: Path | None) -> None:
        self._config = config
        self._records = records
        self._receiver = Receiver()
        self._backends: dict[Settings, InProcessBackend] = {}
        self._remote = RemoteBackend(url, os.environ.get(TOKEN)) if url else None
        # On a server that others use, too, names must not clash.
        self._own = secrets.token_hex(4) if url else ""
        self._interceptions: dict[str, Interception] = {}

    @property
    def server(self) -> UnderstudyServer:
        """The server for tests without a marker."""
        return self._choose_backend(options.read_run_options(self._config, time.time_ns)).server

    def open(self, item: pytest.Item) -> Understudy:
        """A session for a test.

        Raises:
            ValueError, TypeError, StartError: for an invalid option of the test.
        """
        chosen = options.read_test_options(item, time.time_ns)
        name = session_name(item.nodeid, self._own)
        return Understudy(self._choose_backend(chosen), name, chosen, self._receiver)

    def _choose_backend(self, chosen: ChosenOptions) -> Backend:
        if self._remote is not None:
            if chosen.of_app:
                named = ", ".join(chosen.of_app)
                raise ValueError(f"{named} cannot be chosen for the server of --understudy-url")
            return self._remote
        settings = chosen.settings
        app = process_state().apps.get(settings)
        known = self._backends.get(settings)
        if known is None or known.app is not app:
            if known is not None:
                known.close()
            known = self._backends[settings] = InProcessBackend(app)
        return known

    def mock(self, vendor: str, session: Understudy) -> VendorMock:
        """Answer a vendor's real host in a test's session, until that ends."""
        interception = self._interceptions.setdefault(session.name, Interception(session))
        interception.add(vendor)
        return VendorMock(vendor, session)

    def shut(self, session: Understudy, test: str) -> None:
        """End a test's session; write its recording when recordings are asked for."""
        interception = self._interceptions.pop(session.name, None)
        if interception is not None:
            interception.close()
        try:
            if self._remote is not None:
                self._note(session)
            if self._records is not None:
                recording.write_recording(self._records, test, session, self._ports())
        finally:
            session.close()

    def _note(self, session: Understudy) -> None:
        """Count the exchanges with a server of another process, as those of this one are."""
        apps = process_state().apps
        if not apps.is_logged:
            return
        for each in recording.exchanges_of(session):
            exchange = Exchange(
                each["id"],
                session.name,
                each["vendor"] or "",
                each["method"],
                each["path"],
                each["query"],
                started=0,
                request_headers=each["request"]["headers"],
                request_body=each["request"]["body"].encode(),
                operation=each["operation"],
                status=each["status"],
            )
            apps.log(exchange)

    def _ports(self) -> list[int]:
        """Where this process listens."""
        urls = [backend.server.url for backend in self._backends.values() if backend.listens]
        if self._receiver.started:
            urls.append(self._receiver.origin)
        return [port for url in urls if (port := urlsplit(url).port)]

    def close(self) -> None:
        """Stop every server."""
        for backend in self._backends.values():
            backend.close()
        if self._remote is not None:
            self._remote.close()
        self._receiver.close()

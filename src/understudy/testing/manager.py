"""What the tests of one process share: apps, servers, the receiver of webhooks."""

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
from understudy.testing.backends import Backend, InProcessBackend, RemoteBackend, Server
from understudy.testing.names import session_name
from understudy.testing.options import Chosen
from understudy.testing.receiver import Receiver
from understudy.testing.session import OwnSession
from understudy.testing.vendor_mock import Interception, VendorMock

if TYPE_CHECKING:
    import pytest

TOKEN = "UNDERSTUDY_ADMIN_TOKEN"


class PluginRun:
    """The mocks of one process that runs tests.

    Args:
        url: of a server that runs already; "" to have the mocks in this process.
        records: the folder for the tests' exchanges, if they are wanted.
    """

    def __init__(self, config: pytest.Config, url: str, records: Path | None) -> None:
        self._config = config
        self._records = records
        self._receiver = Receiver()
        self._places: dict[Settings, InProcessBackend] = {}
        self._elsewhere = RemoteBackend(url, os.environ.get(TOKEN)) if url else None
        # On a server that others use, too, names must not meet.
        self._own = secrets.token_hex(4) if url else ""
        self._interceptions: dict[str, Interception] = {}

    @property
    def server(self) -> Server:
        """The server for tests without a marker."""
        return self._place(options.of_run(self._config, time.time_ns)).server

    def open(self, item: pytest.Item) -> OwnSession:
        """A session for a test.

        Raises:
            ValueError, TypeError, StartError: when an option of the test is none.
        """
        chosen = options.of_test(item, time.time_ns)
        name = session_name(item.nodeid, self._own)
        return OwnSession(self._place(chosen), name, chosen, self._receiver)

    def _place(self, chosen: Chosen) -> Backend:
        if self._elsewhere is not None:
            if chosen.of_app:
                named = ", ".join(chosen.of_app)
                raise ValueError(f"{named} cannot be chosen for the server of --understudy-url")
            return self._elsewhere
        settings = chosen.settings
        app = process_state().apps.get(settings)
        known = self._places.get(settings)
        if known is None or known.app is not app:
            if known is not None:
                known.close()
            known = self._places[settings] = InProcessBackend(app)
        return known

    def mock(self, vendor: str, session: OwnSession) -> VendorMock:
        """Have a vendor's real host answered in a test's session, until that ends."""
        interception = self._interceptions.setdefault(session.name, Interception(session))
        interception.add(vendor)
        return VendorMock(vendor, session)

    def shut(self, session: OwnSession, test: str) -> None:
        """End a test's session; write down what happened in it, if that is wanted."""
        interception = self._interceptions.pop(session.name, None)
        if interception is not None:
            interception.close()
        try:
            if self._elsewhere is not None:
                self._note(session)
            if self._records is not None:
                recording.write_recording(self._records, test, session, self._ports())
        finally:
            session.close()

    def _note(self, session: OwnSession) -> None:
        """Have the exchanges of another process counted as those of this one are."""
        tell = process_state().apps.log
        if tell is None:
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
            tell(exchange)

    def _ports(self) -> list[int]:
        """Where this process listens."""
        urls = [place.server.url for place in self._places.values() if place.listens]
        if self._receiver.started:
            urls.append(self._receiver.origin)
        return [port for url in urls if (port := urlsplit(url).port)]

    def close(self) -> None:
        """Stop every server."""
        for place in self._places.values():
            place.close()
        if self._elsewhere is not None:
            self._elsewhere.close()
        self._receiver.close()

"""Answers the real hosts of vendors in a test's session, one vendor more at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from understudy.intercept.process_state import process_state
from understudy.intercept.routes import Routes
from understudy.testing.backends import find_service
from understudy.testing.session import Understudy

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from understudy.server.app import App


class NarrowedApp:
    """An app of which only some vendors answer under their own hosts."""

    def __init__(self, app: App, vendors: Iterable[str]) -> None:
        self._app = app
        self.services = {name: find_service(app.services, name) for name in vendors}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class Interception:
    """Has the hosts of vendors answered in one session.

    Args:
        session: of the test; its options name further hosts, and what may leave.
    """

    def __init__(self, session: Understudy) -> None:
        self._session = session
        self._routes: Routes | None = None
        self._vendors: list[str] = []

    def add(self, vendor: str) -> None:
        """Have one more vendor answered.

        Raises:
            LookupError: when it is not served.
            ValueError: for a host that is not a URL, or whose vendor is not served.
        """
        session, app, options = self._session, self._session.app, self._session.options
        for named in options.hosts.values():
            find_service(app.services, named)
        vendors = [*self._vendors, vendor]
        hosts = {url: of for url, of in options.hosts.items() if of in vendors}
        narrowed = NarrowedApp(app, vendors)
        routes = Routes(narrowed, session.name, hosts, options.passthrough)
        self.close()
        process_state().active_mocks.enter(routes)
        self._routes, self._vendors = routes, vendors

    def close(self) -> None:
        """Stop answering."""
        if self._routes is not None:
            process_state().active_mocks.leave(self._routes)
            self._routes = None

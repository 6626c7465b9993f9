"""Answers the real hosts of vendors in a test's session, one vendor more at a time."""

from __future__ import annotations

from understudy.intercept.mock import process_state
from understudy.intercept.routes import Routes
from understudy.testing.backends import find_service
from understudy.testing.session import Understudy


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
        for name in (vendor, *options.hosts.values()):
            find_service(app.services, name)
        vendors = [*self._vendors, vendor]
        hosts = {url: of for url, of in options.hosts.items() if of in vendors}
        routes = Routes(app, session.name, hosts, options.passthrough, vendors)
        self.close()
        process_state().switchboard.enter(routes)
        self._routes, self._vendors = routes, vendors

    def close(self) -> None:
        """Stop answering."""
        if self._routes is not None:
            process_state().switchboard.leave(self._routes)
            self._routes = None

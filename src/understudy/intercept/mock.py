"""`understudy.mock()`: a context manager and a decorator that answers requests of this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast

from understudy.core.clock import SECOND, DueCall
from understudy.core.setting_kinds import one_of
from understudy.core.settings import Passthrough, Settings
from understudy.core.settings_parsing import SettingKeywords, make_settings
from understudy.inprocess.loop import shared_loop
from understudy.intercept.decoration import Decoration
from understudy.intercept.process_state import process_state
from understudy.intercept.routes import Routes

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from understudy.server.app import App
    from understudy.session.session import Session

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
NOT_STARTED = "this mock has not been started; use `with`, or call start()"


def mock(
    *,
    hosts: Mapping[str, str] | None = None,
    passthrough: Passthrough = "localhost",
    session: str | None = None,
    **choices: Unpack[SettingKeywords],
) -> Mock:
    """Make a mock to use with `with`, `async with`, as a decorator, or through `start` and `stop`.

    While it is active, requests of this process to the vendors' hosts are answered in-process, in
    a session of its own that begins with the seed data and ends with the mock.

    Args:
        hosts: further base URLs, each with the vendor that it stands for:
            `{"https://my-instance.example.com": "tether"}`. A URL without a port stands for every
            port.
        passthrough: which other requests may leave the process: those to this machine
            (`localhost`), `all` or `none`. The others raise the client's own connection error.
        session: name of the session; active mocks that name the same session share it.
        choices: the keywords of `SettingKeywords`: vendors, seed, clock, pace, auth, static ...

    Raises:
        TypeError: for an unknown keyword.
        ValueError: for a value that is not allowed.
    """
    one_of(Passthrough).read(passthrough, "passthrough")
    return Mock(make_settings(**choices), dict(hosts or {}), passthrough, session)


class Mock:
    """Answers requests of this process while it is active; made by `understudy.mock`."""

    def __init__(
        self,
        settings: Settings,
        hosts: Mapping[str, str],
        passthrough: Passthrough,
        session: str | None,
    ) -> None:
        self._arguments = (settings, hosts, passthrough, session)
        self._name = session or process_state().make_session_name()
        self._lock = threading.RLock()
        self._depth = 0
        self._app: App | None = None
        self._routes: Routes | None = None
        self._session: Session | None = None

    def start(self) -> Mock:
        """Become the innermost mock; a mock that is started twice has to be stopped twice.

        Raises:
            StartError: when a vendor cannot be served.
            ValueError: when `hosts` has an invalid URL, or a vendor that is not served.
        """
        with self._lock:
            if not self._depth:
                self._open()
            process_state().active_mocks.enter(self._opened_routes)
            self._depth += 1
        return self

    def _open(self) -> None:
        settings, hosts, passthrough, _ = self._arguments
        app = process_state().apps.get(settings)
        self._routes = Routes(app, self._name, hosts, passthrough)
        self._app = app
        self._session = shared_loop().do(partial(app.session, self._name))

    def stop(self) -> None:
        """Undo one `start`; the last `stop` ends the session.

        Raises:
            RuntimeError: when the mock is not active.
        """
        with self._lock:
            if not self._depth:
                raise RuntimeError("this mock is not active; call start() before stop()")
            self._depth -= 1
            routes, active_mocks = self._opened_routes, process_state().active_mocks
            active_mocks.leave(routes)
            if not active_mocks.has_session_of(routes):
                shared_loop().do(partial(self.app.sessions.drop, self._name))

    def __enter__(self) -> Mock:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    async def __aenter__(self) -> Mock:
        await self._prepare()
        return self.start()

    async def _prepare(self) -> None:
        settings, apps = self._arguments[0], process_state().apps
        if settings not in apps:
            # Reading the documents takes a while, in which the caller's loop should go on.
            await asyncio.to_thread(apps.get, settings)

    async def __aexit__(self, *error: object) -> None:
        self.stop()

    def __call__(self, decorated: Decorated) -> Decorated:
        """Decorate a function, a coroutine function, or every `test*` method of a class.

        Every call begins with the seed data. What a class does in `setUp` is not mocked.

        Raises:
            TypeError: for a generator function, whose body runs after the call has returned.
        """
        return Decoration(self._start_for_call, self._prepare).decorate(decorated)

    @contextmanager
    def _start_for_call(self) -> Iterator[None]:
        """Run this mock, or a copy while this one is active: overlapping calls share no session."""
        with self._lock:
            mock = Mock(*self._arguments) if self._depth else self
            mock.start()
        try:
            yield
        finally:
            mock.stop()

    @property
    def _opened_routes(self) -> Routes:
        if self._routes is None:
            raise RuntimeError(NOT_STARTED)
        return self._routes

    @property
    def app(self) -> App:
        """The app that answers; mocks with equal settings share it."""
        if self._app is None:
            raise RuntimeError(NOT_STARTED)
        return self._app

    @property
    def asgi(self) -> ASGIApp:
        """The app as requests of this mock's session see it, for an ASGI transport."""
        return self._opened_routes.asgi

    @property
    def session(self) -> Session:
        """The mock's session (store, clock, journal, deliveries); still readable when it ended."""
        app = self.app
        if self._depth:
            self._session = shared_loop().do(partial(app.session, self._name))
        return cast("Session", self._session)

    def url(self, vendor: str) -> str:
        """Return the vendor's real origin, as its document declares it.

        Raises:
            LookupError: when the vendor is not served.
        """
        services = self.app.services
        if vendor not in services:
            raise LookupError(f'there is no vendor "{vendor}"; served: {", ".join(services)}')
        return services[vendor].document.origin

    def shift(self, **duration: float) -> list[DueCall]:
        """Move the session's clock forward, e.g. `shift(days=1, hours=2)`.

        In a coroutine use `ashift`: `shift` blocks the caller's loop, so that a webhook receiver on
        that loop could not answer.

        Args:
            duration: the keywords of `datetime.timedelta`.

        Returns:
            The due calls that fired, in order.

        Raises:
            ValueError: for a negative duration.
        """
        return shared_loop().run(self._shift(duration)).result()

    async def ashift(self, **duration: float) -> list[DueCall]:
        """As `shift`, for coroutines."""
        return await asyncio.wrap_future(shared_loop().run(self._shift(duration)))

    async def _shift(self, duration: Mapping[str, float]) -> list[DueCall]:
        delta = timedelta(**duration)
        seconds = delta.days * 86_400 + delta.seconds
        return await self.app.shift(self.session, seconds * SECOND + delta.microseconds * 1_000)

    def reset(self) -> None:
        """Go back to the seed data, the first id and the first instant.

        Raises:
            RuntimeError: when called on the mock's own thread.
        """
        shared_loop().run(self.session.reset()).result()

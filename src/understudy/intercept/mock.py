"""The door: `understudy.mock()`, a context manager and a decorator."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, partial, wraps
from types import FunctionType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast, get_args

from understudy.core.clock import SECOND, DueCall
from understudy.core.settings import Settings
from understudy.core.settings_parsing import SettingKeywords, make_settings
from understudy.inprocess.loop import shared_loop
from understudy.intercept.active_mocks import ActiveMocks
from understudy.intercept.apps import Apps
from understudy.intercept.routes import Passthrough, Routes

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from understudy.server.app import App
    from understudy.session.session import Session

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class ProcessState:
    """What all mocks of a process share."""

    def __init__(self) -> None:
        self.apps = Apps()
        self.switchboard = ActiveMocks(outside=lambda: shared_loop().is_here)
        self._numbers = itertools.count(1)

    def new_name(self) -> str:
        """A session's name that no other mock of this process has."""
        return f"mock-{next(self._numbers)}"


@cache
def process_state() -> ProcessState:
    """The house of this process."""
    return ProcessState()


def mock(
    *,
    hosts: Mapping[str, str] | None = None,
    passthrough: Passthrough = "localhost",
    session: str | None = None,
    **choices: Unpack[SettingKeywords],
) -> Mock:
    """A mock to use with `with`, `async with`, as a decorator, or through `start` and `stop`.

    While it is active, requests of this process to the vendors' hosts are answered in-process, in
    a session of its own that begins with the seed world and ends with the mock.

    Args:
        hosts: further base URLs, and the vendor that stands at each:
            `{"https://my-instance.example.com": "tether"}`. Without a port it holds for every port.
        passthrough: which other requests may leave: those to this machine, `all`, or `none`. The
            others end in the client's own connection error.
        session: the session's name; mocks that are active at once and name the same one share it.
        choices: the keywords of `SettingKeywords`: vendors, seed, clock, pace, auth, static ...

    Raises:
        TypeError: for a keyword that is none.
        ValueError: for a choice that is none.
    """
    if passthrough not in get_args(Passthrough):
        known = ", ".join(map(repr, get_args(Passthrough)))
        raise ValueError(f"passthrough={passthrough!r} is none of {known}")
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
        self._choices = (settings, hosts, passthrough, session)
        self._name = session or process_state().new_name()
        self._lock = threading.RLock()
        self._depth = 0
        self._routes: Routes | None = None
        self._session: Session | None = None

    def start(self) -> Mock:
        """Become the innermost mock. Started again, it goes on until it is stopped as often.

        Raises:
            StartError: when a vendor cannot be served.
            ValueError: when `hosts` names no host, or a vendor that is not served.
        """
        with self._lock:
            if not self._depth:
                self._routes = self._open()
            process_state().switchboard.enter(self._known)
            self._depth += 1
        return self

    def _open(self) -> Routes:
        settings, hosts, passthrough, _ = self._choices
        app = process_state().apps.get(settings)
        routes = Routes(app, self._name, hosts, passthrough)
        self._session = shared_loop().do(partial(app.session, self._name))
        return routes

    def stop(self) -> None:
        """Undo one `start`; with the last one the session ends.

        Raises:
            RuntimeError: when it is not active.
        """
        with self._lock:
            if not self._depth:
                raise RuntimeError("this mock is not active; call start() before stop()")
            self._depth -= 1
            routes = self._known
            process_state().switchboard.leave(routes)
            if not process_state().switchboard.uses(routes):
                shared_loop().do(partial(routes.app.sessions.drop, self._name))

    def __enter__(self) -> Mock:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Mock:
        await self._prepare()
        return self.start()

    async def _prepare(self) -> None:
        settings, apps = self._choices[0], process_state().apps
        if settings not in apps:
            # Reading the documents takes a while, in which the caller's loop should go on.
            await asyncio.to_thread(apps.get, settings)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __call__(self, decorated: Decorated) -> Decorated:
        """Decorate a function, a coroutine function, or a class and so each `test*` method of it.

        Every call has the seed world anew. What a class does in `setUp` is outside of it.

        Raises:
            TypeError: for a generator function, whose body runs after the call has returned.
        """
        if isinstance(decorated, type):
            self._decorate_tests(decorated)
            return cast(Decorated, decorated)
        if inspect.isgeneratorfunction(decorated) or inspect.isasyncgenfunction(decorated):
            raise TypeError(f"{decorated.__qualname__} is a generator; write `with mock()` inside")
        if inspect.iscoroutinefunction(decorated):
            return cast(Decorated, self._around_coroutine(decorated))
        return cast(Decorated, self._around(decorated))

    def _around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def mocked(*arguments: Any, **named: Any) -> Any:
            with self._one_call():
                return function(*arguments, **named)

        return mocked

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def mocked(*arguments: Any, **named: Any) -> Any:
            await self._prepare()
            with self._one_call():
                return await function(*arguments, **named)

        return mocked

    @contextmanager
    def _one_call(self) -> Iterator[None]:
        begun = self._begin()
        try:
            yield
        finally:
            begun.stop()

    def _begin(self) -> Mock:
        """Start this mock; while it is in use, one like it: calls that overlap share no world."""
        with self._lock:
            if not self._depth:
                return self.start()
        return Mock(*self._choices).start()

    def _decorate_tests(self, tests: type) -> None:
        for name in [each for each in dir(tests) if each.startswith("test")]:
            found = inspect.getattr_static(tests, name)
            if isinstance(found, FunctionType):
                setattr(tests, name, self(found))
            elif isinstance(found, staticmethod | classmethod):
                setattr(tests, name, type(found)(self(found.__func__)))

    @property
    def _known(self) -> Routes:
        if self._routes is None:
            raise RuntimeError("this mock has not been started; use `with`, or call start()")
        return self._routes

    @property
    def app(self) -> App:
        """The app that answers; mocks with equal settings share it."""
        return self._known.app

    @property
    def asgi(self) -> ASGIApp:
        """The app as seen from this mock's session; call it through `intercept.SyncTransport`."""
        return self._known.asgi

    @property
    def session(self) -> Session:
        """This mock's world: its store, clock, journal, deliveries; readable after the end, too."""
        app = self.app
        if self._depth:
            self._session = shared_loop().do(partial(app.session, self._name))
        return cast("Session", self._session)

    def url(self, vendor: str) -> str:
        """The vendor's real origin, as its document says.

        Raises:
            LookupError: when the vendor is not served.
        """
        services = self.app.services
        if vendor not in services:
            raise LookupError(f'there is no vendor "{vendor}"; served: {", ".join(services)}')
        return services[vendor].document.origin

    def shift(self, **duration: float) -> list[DueCall]:
        """Move the session's clock forward, e.g. `shift(days=1, hours=2)`; what fired, in order.

        In a coroutine use `ashift`: receivers on the caller's own loop could not answer.

        Raises:
            ValueError: when asked to go back in time.
        """
        return shared_loop().run(self._shift(duration)).result()

    async def ashift(self, **duration: float) -> list[DueCall]:
        """As `shift`, for coroutines."""
        return await asyncio.wrap_future(shared_loop().run(self._shift(duration)))

    async def _shift(self, duration: Mapping[str, float]) -> list[DueCall]:
        whole = timedelta(**duration)
        seconds = whole.days * 86_400 + whole.seconds
        return await self.app.shift(self.session, seconds * SECOND + whole.microseconds * 1_000)

    def reset(self) -> None:
        """Go back to the seed data, the first id and the first instant.

        Raises:
            RuntimeError: when called on the mock's own thread.
        """
        shared_loop().run(self.session.reset()).result()

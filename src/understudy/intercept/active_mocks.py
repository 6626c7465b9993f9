"""The mocks that are active, and which of them answers a request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

from understudy.intercept.patches import PATCH_MODULES, Patches
from understudy.intercept.routes import Address, RefusedError, Routes

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class ActiveMocks:
    """The mocks that are active, the clients' patches while there are any, and who answers.

    The innermost mock that knows the host answers. Every thread and task sees every mock: first
    the mocks that it started itself, innermost first, so that tests which run at the same time do
    not meet; then those of other threads and tasks, latest first.

    Args:
        exempt: whether requests of the caller are never answered by a mock.
        modules: as `Patches` takes them.
    """

    def __init__(
        self, exempt: Callable[[], bool], modules: Mapping[str, str] = PATCH_MODULES
    ) -> None:
        self._exempt = exempt
        self._patches = Patches(modules, self.find)
        self._lock = threading.RLock()
        self._active: tuple[Routes, ...] = ()
        self._own: ContextVar[tuple[Routes, ...]] = ContextVar("understudy_mocks", default=())

    def enter(self, routes: Routes) -> None:
        """Make a mock the innermost one of this thread or task, and active for all others."""
        with self._lock:
            if not self._active:
                self._patches.apply()
            self._active = (*self._active, routes)
        # Forget the mocks that were left in another thread or task.
        own = tuple(each for each in self._own.get() if each in self._active)
        self._own.set((*own, routes))

    def leave(self, routes: Routes) -> None:
        """Undo one `enter`; other mocks may have been entered since."""
        self._own.set(_remove_last(self._own.get(), routes))
        with self._lock:
            self._active = _remove_last(self._active, routes)
            if not self._active:
                self._patches.restore()

    def has_session_of(self, routes: Routes) -> bool:
        """Whether an active mock uses the same session of the same app."""
        return any(
            each.app is routes.app and each.session == routes.session for each in self._active
        )

    def find(self, address: Address) -> ASGIApp | None:
        """Find the app that answers a request; None when the request may leave the process.

        Raises:
            RefusedError: when it may not leave.
        """
        if not self._active or self._exempt():
            return None
        innermost = None
        for routes in self._in_order():
            innermost = innermost or routes
            app = routes.find(address)
            if app is not None:
                return app
        reason = innermost.refusal(address) if innermost else ""
        if reason:
            raise RefusedError(reason)
        return None

    def _in_order(self) -> Iterator[Routes]:
        active, own = self._active, self._own.get()
        yield from (each for each in reversed(own) if each in active)
        yield from (each for each in reversed(active) if each not in own)


def _remove_last(mocks: tuple[Routes, ...], routes: Routes) -> tuple[Routes, ...]:
    """Return the mocks without the last occurrence of one of them."""
    for index in range(len(mocks) - 1, -1, -1):
        if mocks[index] is routes:
            return mocks[:index] + mocks[index + 1 :]
    return mocks

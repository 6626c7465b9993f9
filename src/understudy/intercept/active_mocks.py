"""Which mock answers a request: the innermost one that knows the host."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

from understudy.intercept.patches import SEAMS, Patches
from understudy.intercept.routes import Address, RefusedError, Routes

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class ActiveMocks:
    """The active mocks of this process.

    Every thread and task sees every mock. Its own come first, the innermost before the outer ones,
    so that tests which run at the same time keep apart; then the others', the latest first.

    Args:
        outside: whether the caller's requests are none of a mock's business.
        seams: see `Patches`.
    """

    def __init__(self, outside: Callable[[], bool], seams: Mapping[str, str] = SEAMS) -> None:
        self._outside = outside
        self._patches = Patches(seams, self.find)
        self._lock = threading.RLock()
        self._active: tuple[Routes, ...] = ()
        self._own: ContextVar[tuple[Routes, ...]] = ContextVar("understudy_mocks", default=())

    def enter(self, routes: Routes) -> None:
        """Make a mock the innermost one, here and for everybody."""
        with self._lock:
            if not self._active:
                self._patches.apply()
            self._active = (*self._active, routes)
        # Those that were left in another thread or task are forgotten here.
        own = tuple(each for each in self._own.get() if each in self._active)
        self._own.set((*own, routes))

    def leave(self, routes: Routes) -> None:
        """Undo one `enter`; others may have come meanwhile."""
        self._own.set(_without_last(self._own.get(), routes))
        with self._lock:
            self._active = _without_last(self._active, routes)
            if not self._active:
                self._patches.restore()

    def uses(self, routes: Routes) -> bool:
        """Whether an active mock has the same session of the same app."""
        return any(
            each.app is routes.app and each.session == routes.session for each in self._active
        )

    def find(self, address: Address) -> ASGIApp | None:
        """The app that answers a request; None when the request may pass.

        Raises:
            Refused: when it may not.
        """
        if not self._active or self._outside():
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


def _without_last(all_: tuple[Routes, ...], routes: Routes) -> tuple[Routes, ...]:
    """Without the last occurrence, if there is one."""
    for index in range(len(all_) - 1, -1, -1):
        if all_[index] is routes:
            return all_[:index] + all_[index + 1 :]
    return all_

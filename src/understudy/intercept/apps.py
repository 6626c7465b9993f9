"""Apps that are ready to answer in-process, one for each choice of settings."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from understudy.settings import Settings
from understudy.stage import stage

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from understudy.app import App

KEPT = 32


class Apps:
    """Mocks with equal settings share an app: only the first one pays for it.

    Args:
        kept: how many apps; the one whose last mock began longest ago goes first.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._apps: OrderedDict[Settings, App] = OrderedDict()

    def __contains__(self, settings: Settings) -> bool:
        return settings in self._apps

    def get(self, settings: Settings) -> App:
        """The app with these settings, warmed up.

        Raises:
            StartError: when a document, a room or a setting cannot be served.
        """
        with self._lock:
            if settings not in self._apps:
                self._apps[settings] = _made(settings)
            self._apps.move_to_end(settings)
            if len(self._apps) > self._kept:
                self._apps.popitem(last=False)
            return self._apps[settings]


def _made(settings: Settings) -> App:
    # Connexion and the rooms take longer to import than the rest of the package; a module whose
    # tests are only collected should not pay for them.
    from understudy.app import create_app

    app = create_app(settings)
    stage().run(_started(app)).result()
    return app


class _Ready(Exception):
    """The app has started, and asks what comes next."""


async def _started(app: ASGIApp) -> None:
    """Run an app's lifespan up to its start; the process ends it."""
    messages = [{"type": "lifespan.startup"}]

    async def receive() -> Any:
        if not messages:
            raise _Ready
        return messages.pop()

    async def send(message: Any) -> None:
        """The app's own failures are raised."""

    try:
        await app({"type": "lifespan"}, receive, send)
    except _Ready:
        return

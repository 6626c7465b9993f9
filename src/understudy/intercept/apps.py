"""Apps that have been started in this process, one for each combination of settings."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from understudy.core.settings import Settings
from understudy.inprocess.startup import start_app

if TYPE_CHECKING:
    from understudy.engine.exchange_recorder import Log
    from understudy.server.app import App
    from understudy.session.deliveries import Delivery
    from understudy.session.journal import Exchange

MOST_APPS = 32


class Apps:
    """The apps that have been started, by their settings.

    Args:
        most: number of apps to keep; the least recently used one is dropped first.

    Attributes:
        log: receives every exchange and every delivery of these apps. A test run sets it, also
            after apps have been started.
    """

    def __init__(self, most: int = MOST_APPS) -> None:
        self._most = most
        self.log: Log | None = None
        self._lock = threading.Lock()
        self._apps: OrderedDict[Settings, App] = OrderedDict()

    def __contains__(self, settings: Settings) -> bool:
        return settings in self._apps

    def get(self, settings: Settings) -> App:
        """Return the app with these settings; the first call for them starts it.

        Raises:
            StartError: when a document, a service or a setting cannot be served.
        """
        with self._lock:
            if settings not in self._apps:
                self._apps[settings] = start_app(settings, self._log_entry)
            self._apps.move_to_end(settings)
            if len(self._apps) > self._most:
                self._apps.popitem(last=False)
            return self._apps[settings]

    def _log_entry(self, entry: Exchange | Delivery) -> None:
        if self.log is not None:
            self.log(entry)

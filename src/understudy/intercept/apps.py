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

    """

    def __init__(self, most: int = MOST_APPS) -> None:
        self._most = most
        self._logs: tuple[Log, ...] = ()
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
                self._apps[settings] = start_app(settings, self.log)
            self._apps.move_to_end(settings)
            if len(self._apps) > self._most:
                self._apps.popitem(last=False)
            return self._apps[settings]

    def add_log(self, log: Log) -> None:
        """Pass every exchange and every delivery of these apps to a function, from now on."""
        with self._lock:
            self._logs = (*self._logs, log)

    def remove_log(self, log: Log) -> None:
        """Pass nothing more to a function; does nothing for one that was never added."""
        with self._lock:
            self._logs = tuple(each for each in self._logs if each != log)

    @property
    def is_logged(self) -> bool:
        """Whether any function receives the entries."""
        return bool(self._logs)

    def log(self, entry: Exchange | Delivery) -> None:
        """Pass an entry to all logs."""
        for log in self._logs:
            log(entry)

"""Apps that are ready to answer in-process, one for each choice of settings."""

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

KEPT = 32


class Apps:
    """Mocks with equal settings share an app: only the first one pays for it.

    Args:
        kept: how many apps; the one whose last mock began longest ago goes first.

    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._logs: tuple[Log, ...] = ()
        self._lock = threading.Lock()
        self._apps: OrderedDict[Settings, App] = OrderedDict()

    def __contains__(self, settings: Settings) -> bool:
        return settings in self._apps

    def get(self, settings: Settings) -> App:
        """The app with these settings, warmed up.

        Raises:
            StartError: when a document, a service or a setting cannot be served.
        """
        with self._lock:
            if settings not in self._apps:
                self._apps[settings] = start_app(settings, self.tell)
            self._apps.move_to_end(settings)
            if len(self._apps) > self._kept:
                self._apps.popitem(last=False)
            return self._apps[settings]

    def add_log(self, log: Log) -> None:
        """Hand every exchange and every delivery of these apps to a function, too."""
        with self._lock:
            self._logs = (*self._logs, log)

    def remove_log(self, log: Log) -> None:
        """Hand a function nothing more; one that was never added is ignored."""
        with self._lock:
            self._logs = tuple(each for each in self._logs if each != log)

    @property
    def is_logged(self) -> bool:
        """Whether a function is handed anything."""
        return bool(self._logs)

    def tell(self, entry: Exchange | Delivery) -> None:
        """Hand an entry to all logs."""
        for log in self._logs:
            log(entry)

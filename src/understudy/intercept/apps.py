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

    Attributes:
        log: is handed every exchange and every delivery of these apps; it may change.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self.log: Log | None = None
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
                self._apps[settings] = start_app(settings, self._tell)
            self._apps.move_to_end(settings)
            if len(self._apps) > self._kept:
                self._apps.popitem(last=False)
            return self._apps[settings]

    def _tell(self, entry: Exchange | Delivery) -> None:
        if self.log is not None:
            self.log(entry)

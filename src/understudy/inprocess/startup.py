"""An app that is ready to answer in this process, on the loop thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.core.settings import Settings
from understudy.inprocess.loop import shared_loop

if TYPE_CHECKING:
    from understudy.engine.exchange_recorder import Log
    from understudy.server.app import App


def start_app(settings: Settings, log: Log | None = None) -> App:
    """Make an app with these settings and warm it up.

    Args:
        log: receives every exchange and every delivery when it is over.

    Raises:
        StartError: when a document, a service or a setting cannot be served.
    """
    # Connexion and the services take longer to import than the rest of the package; a module whose
    # tests are only collected should not pay for them.
    from understudy.server.app import create_app

    app = create_app(settings, log)
    shared_loop().run(app.warm_up()).result()
    return app

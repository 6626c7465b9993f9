"""An app that is ready to answer, in this process, on the stage's loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.core.settings import Settings
from understudy.inprocess.loop import shared_loop

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from understudy.engine.exchange_recorder import Log
    from understudy.server.app import App


def start_app(settings: Settings, log: Log | None = None) -> App:
    """A new app with these settings, warmed up.

    Raises:
        StartError: when a document, a service or a setting cannot be served.
    """
    # Connexion and the services take longer to import than the rest of the package; a module whose
    # tests are only collected should not pay for them.
    from understudy.server.app import create_app

    app = create_app(settings, log)
    shared_loop().run(_started(app)).result()
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

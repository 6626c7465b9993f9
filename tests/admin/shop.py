"""The toy vendor's shop behind the plane: a mock of one service, as a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.conftest import NOON
from tests.toy import toy_shop
from understudy.core.settings import Settings
from understudy.server.app import App
from understudy.service.service import Service

FROZEN = Settings(clock=NOON, rate_limits=True)
OWNER = {"authorization": "Bearer let-me-in"}


@asynccontextmanager
async def shop(
    settings: Settings = FROZEN, service: Service | None = None
) -> AsyncIterator[tuple[App, httpx.AsyncClient]]:
    """The mock with the shop as its only vendor, or with a service in its place."""
    app = App([service or toy_shop()], settings, None)
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        yield app, client
    await app.session().webhooks.settle()
    app.sessions.close()


async def toys(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Every toy as it is stored."""
    listed = (await client.get("/__admin/resources/shop/toys")).json()
    return [each["resource"] for each in listed["resources"]]

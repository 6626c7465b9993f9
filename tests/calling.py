"""What the vendors' tests share: a session that no other test has, and documented bodies."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from understudy.core.settings import Settings
from understudy.intercept.process_state import process_state
from understudy.openapi.document import Operation
from understudy.server import app as composition
from understudy.server.app import App
from understudy.session.deliveries import Delivery
from understudy.session.journal import Exchange
from understudy.session.session import Session

NUMBERS = itertools.count(1)


def counted(entry: Exchange | Delivery) -> None:
    """Where `--understudy-coverage` was asked for, our own suite counts, too."""
    process_state().apps.log(entry)


def create_app(settings: Settings) -> App:
    """The mock with these settings; what it is asked counts as exercised."""
    return composition.create_app(settings, log=counted)


@asynccontextmanager
async def own_session(app: App) -> AsyncIterator[tuple[httpx.AsyncClient, Session]]:
    """An HTTP client of the in-process mock, and a session that no other test has."""
    session = app.session(f"test-{next(NUMBERS)}")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as http:
        yield http, session


def request_example(operation: Operation, example: str) -> Any:
    """A documented request body, as a copy."""
    assert operation.body is not None
    return json.loads(json.dumps(operation.body.examples[example]))

"""Delayed requests: when they act, and in which order what they store is."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.waiting import until
from understudy.core.clock import SECOND
from understudy.server.app import App
from understudy.session.faults import Fault

KEY = {"x-api-key": "sk_test_acme_admin"}
PROFILES = "/sent/v3/profiles"


@pytest.mark.parametrize("how", ["preferred", "planned"])
async def test_a_delayed_request_acts_when_the_wait_is_over(
    client: httpx.AsyncClient, app: App, how: str
) -> None:
    """What it stores is no older than what others stored while it waited."""
    session = app.session()
    if how == "planned":
        session.faults.plan(Fault("1", "delay", delay=200, times=1))
    asked = {**KEY, "prefer": "delay=200"} if how == "preferred" else KEY
    slow = asyncio.create_task(client.post(PROFILES, json={"name": "Slow"}, headers=asked))
    await until(lambda: session.windows.snapshot())

    session.clock.shift(SECOND)
    await client.post(PROFILES, json={"name": "Quick"}, headers=KEY)
    await slow
    listed = (await client.get(PROFILES, headers=KEY)).json()["data"]["profiles"]

    made = [each for each in listed if each["name"] in ("Slow", "Quick")]
    assert len({each["created_at"] for each in made}) == 1

"""The journal's middleware: what it does with a log that fails."""

from __future__ import annotations

import logging

import httpx
import pytest

from tests.conftest import NOON
from tests.testing.receiver_loop import receiving
from understudy.core.clock import SECOND
from understudy.core.settings import Settings
from understudy.server.app import App, create_app
from understudy.session.deliveries import Delivery
from understudy.session.journal import Exchange

KEY = {"x-api-key": "sk_test_acme_admin"}
READY = "/v3/profiles/660e8400-e29b-41d4-a716-446655440000/complete"


def fail(entry: Exchange | Delivery) -> None:
    """A log that cannot write."""
    raise OSError("no space left on the disk")


@pytest.fixture
def app() -> App:
    """Sent, with that log."""
    return create_app(Settings(vendors=("sent",), clock=NOON), fail)


async def test_a_failing_log_does_not_reach_the_client(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    """The reply is sent, the journal has the exchange, and the failure is logged."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        with caplog.at_level(logging.ERROR):
            replies = [await client.get(path, headers=KEY) for path in ("/v3/profiles", "/v3/oops")]

    assert [each.status_code for each in replies] == [200, 404]
    assert [each.status for each in app.session().journal] == [200, 404]
    assert [each.getMessage() for each in caplog.records] == ["the log failed"] * 2


async def test_a_failing_log_does_not_keep_a_vendor_from_its_report(app: App) -> None:
    """What comes of a delivery happens, logged or not."""
    session = app.session()
    async with receiving() as receiver:
        work = {"webHookUrl": receiver.url}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
            asked = await client.post(READY, json=work, headers=KEY)
        await app.shift(session, 3_600 * SECOND)

    assert asked.is_success
    assert [each.state for each in session.webhooks.deliveries] == ["delivered"]

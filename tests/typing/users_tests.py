"""Tests as a user of the pytest plugin writes them, with every annotation.

No line is run: `test_checkers.py` has type checkers read them, and they must find nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from understudy.pytest import ReceivedWebhook, Understudy, UnderstudyServer, VendorMock


@pytest.fixture
def renewed(understudy: Understudy) -> datetime:
    """When the session's time is after a month."""
    understudy.clock.shift(days=30)
    return understudy.clock.now.datetime


@pytest.fixture
def base_url(understudy_server: UnderstudyServer) -> str:
    return understudy_server.url + "/sent"


def test_retry(sent_mock: VendorMock) -> None:
    with sent_mock.fault("status", status=503, times=2) as fault:
        for _ in range(3):
            httpx.get(f"{sent_mock.origin}/v3/profiles", headers=sent_mock.headers)

    assert fault.struck == 2
    assert [each.status for each in sent_mock.requests.list()] == [503, 503, 200]


def test_time(understudy: Understudy, renewed: datetime) -> None:
    listed = understudy.client.get("/sent/v3/profiles", headers=understudy.headers("sent"))

    assert listed.is_success
    assert renewed > datetime(2026, 1, 1, tzinfo=UTC)
    assert understudy.url("sent").endswith("/sent")


def test_approval(agentmessage_mock: VendorMock) -> None:
    seen: list[str] = []
    agentmessage_mock.webhooks.on_event(lambda webhook: seen.append(webhook.event))
    agentmessage_mock.clock.shift(hours=1)

    webhook: ReceivedWebhook = agentmessage_mock.webhooks.wait_for("campaign.approved")

    assert webhook.delivery is not None and webhook.delivery.attempts[0].status == 200
    assert "x-amcore-signature" in webhook.headers and seen == ["campaign.approved"]


def test_world(zexa_mock: VendorMock) -> None:
    made = zexa_mock.populate("contacts", 3)
    zexa_mock.snapshot()
    contact = zexa_mock.resources.list("contacts", limit=1)[0]
    zexa_mock.resources.set("contacts", contact.id, {**contact.resource, "name": "Ana"})
    zexa_mock.restore()

    assert zexa_mock.session.resources.list("zexa", "contacts").total >= made.count

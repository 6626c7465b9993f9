"""What a request passes before its handler."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from understudy.core.clock import SECOND
from understudy.service import checks
from understudy.session.rate_limits import FixedWindowLimiter, Limit

LIMIT = Limit("all", count=2, seconds=60, burst=2)


def call(windows: FixedWindowLimiter, account: str, customer: str) -> Any:
    """As much of a call as counting looks at."""
    return SimpleNamespace(
        vendor=SimpleNamespace(name="acme", limit=lambda operation: LIMIT),
        account=SimpleNamespace(name=account),
        session=SimpleNamespace(windows=windows),
        operation=None,
        customer=customer,
        now=SECOND,
        standing=None,
        counted=True,
    )


@pytest.mark.parametrize(("customer", "remaining"), [("organization", 0), ("", 1)])
async def test_keys_of_one_customer_share_a_pool(customer: str, remaining: int) -> None:
    """Once the service has said who the customer is, all of its keys count together."""
    windows = FixedWindowLimiter()
    await checks.count(call(windows, "first key", customer))
    second = call(windows, "second key", customer)

    await checks.count(second)

    assert second.standing.remaining == remaining

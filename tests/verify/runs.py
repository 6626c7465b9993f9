"""What these tests share: one verification of a running server, and recordings made on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from tests.conftest import NOON
from tests.waiting import LONG
from understudy.core.clock import SECOND
from understudy.core.settings import Settings
from understudy.engine.registry import open_service
from understudy.inprocess.httpx_transports import SyncTransport
from understudy.inprocess.loop import shared_loop
from understudy.inprocess.startup import start_app
from understudy.recording.capture import Capture
from understudy.recording.model import Recording
from understudy.verify.findings import Outcome
from understudy.verify.fuzz import FuzzOptions
from understudy.verify.run import Plan, verify
from understudy.verify.transport import Access, Sender

MINUTE = 60 * SECOND
KEY = "zexa_test_acme"
ZEXA = Access(open_service("zexa").document.security.first, KEY)
AS_ACME = {"Authorization": f"Bearer {KEY}"}
SALE = {
    "name": "Weekend Sale",
    "channel": "sms",
    "sender_id": "MYBRAND",
    "contact_list_id": "lst_abc123",
    "body": "Get 20% off this weekend only.",
}

# A campaign is made, and a minute later it is over.
LIFE = (
    ("POST", "/v1/campaigns", SALE),
    ("GET", "/v1/campaigns/{last}", None),
    ("GET", "/v1/credits", None),
)


def verified(
    base_url: str,
    access: Access = ZEXA,
    vendor: str = "zexa",
    timeout: float = LONG,
    **chosen: Any,
) -> Outcome:
    """What a verification over HTTP finds, with few examples unless more are chosen."""
    chosen.setdefault("fuzzing", FuzzOptions(examples=4))
    with httpx.Client(timeout=timeout) as http:
        return verify(Plan(open_service(vendor), Sender(http, base_url, access), **chosen))


def recorded(*asked: tuple[str, str, Any], apart: int = 0) -> Recording:
    """A recording of these requests (method, path, body) to Zexa, so many minutes apart."""
    settings = Settings(vendors=("zexa",), clock=NOON)
    taker = Capture([open_service("zexa")])
    app = start_app(settings, taker)
    with httpx.Client(transport=SyncTransport(app), base_url="http://mock/zexa") as http:
        for number, (method, path, body) in enumerate(asked):
            shared_loop().run(app.move_to(app.session(), NOON + number * apart * MINUTE)).result()
            path = path.replace("{last}", _last_id(taker))
            http.request(method, path, json=body, headers=AS_ACME)
    return taker.recording("made-here", settings)


def _last_id(taker: Capture) -> str:
    found = taker.recording("so-far", Settings()).exchanges
    made: Sequence[str] = [
        httpx.Response(200, content=each.response.body).json().get("id", "") for each in found
    ]
    return next((id for id in reversed(made) if id), "")


def told(outcome: Outcome) -> set[tuple[str, int, str, str]]:
    """Findings as operation, status, code and pointer; as many as there are."""
    found = [(each.operation, each.status, each.code, each.pointer) for each in outcome.findings]
    assert len(set(found)) == len(found)
    return set(found)

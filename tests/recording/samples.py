"""A short recording of each vendor: campaigns are listed, created, read and refused."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx

from tests.calling import counted, request_example
from tests.conftest import NOON
from understudy.core.settings import Settings
from understudy.engine.registry import open_services
from understudy.inprocess.httpx_transports import SyncTransport
from understudy.inprocess.startup import start_app
from understudy.recording.capture import Capture
from understudy.recording.model import Recording
from understudy.service.service import Service

SETTINGS = Settings(clock=NOON)
PATHS = {
    "agentmessage": "/v1/campaigns",
    "sent": "/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns",
    "tether": "/api/campaigns",
    "zexa": "/v1/campaigns",
}
VENDORS = sorted(PATHS)
JSON = {"Content-Type": "application/json"}


def key_of(service: Service) -> dict[str, str]:
    """The credential header of the first seed account."""
    assert service.accounts is not None
    credential = service.accounts.all[0].credential
    is_sent = service.name == "sent"
    return {"x-api-key": credential} if is_sent else {"Authorization": f"Bearer {credential}"}


def asks(service: Service) -> Iterator[dict[str, Any]]:
    """The requests, as keyword arguments of httpx."""
    path = PATHS[service.name]
    campaign = request_example(service.document.operations["createCampaign"], "documented")
    yield {"method": "GET", "url": path}
    yield {"method": "POST", "url": path, "json": campaign}
    yield {"method": "GET", "url": f"{path}?page=1&limit=2"}
    yield {"method": "GET", "url": path}
    yield {"method": "GET", "url": f"{path}/none%20such"}
    yield {"method": "POST", "url": path, "json": {"name": "Promoção 🎭\u2028"}}
    yield {"method": "POST", "url": path, "content": b"\xff\x00", "headers": JSON}
    yield {"method": "DELETE", "url": path}


@cache
def scene(vendor: str) -> Recording:
    """The recording of a vendor."""
    capture = Capture(open_services(), also=counted)
    app = start_app(SETTINGS, log=capture)
    service = app.services[vendor]
    transport = SyncTransport(app)
    with httpx.Client(
        transport=transport, base_url=f"http://mock/{vendor}", headers=key_of(service)
    ) as client:
        for ask in asks(service):
            client.request(**ask)
    return capture.recording(f"{vendor}-campaigns", SETTINGS, title="Campaigns come and go.")

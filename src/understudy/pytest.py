"""The classes of the pytest plugin's fixtures, for annotations in tests.

    from understudy.pytest import Understudy, VendorMock

    def test_refund(understudy: Understudy, sent_mock: VendorMock) -> None: ...

The fixtures themselves need no import. This module loads the admin plane's client, not the server.
"""

from understudy.testing.session import (
    ArmedFault,
    SessionClock,
    SessionUrl,
    Understudy,
    UnderstudyServer,
)
from understudy.testing.vendor_mock import VendorMock, VendorRequests, VendorResources
from understudy.testing.webhooks import ReceivedWebhook, WebhookInbox

__all__ = [
    "ArmedFault",
    "ReceivedWebhook",
    "SessionClock",
    "SessionUrl",
    "Understudy",
    "UnderstudyServer",
    "VendorMock",
    "VendorRequests",
    "VendorResources",
    "WebhookInbox",
]

"""The mock inside a test: requests to the vendors' hosts are answered in this process.

`understudy.mock()` is the door. While it is open, httpx, requests, urllib3 and aiohttp (and what
is built on them) reach the mock where they would have opened a connection; everything above that
seam (redirects, hooks, retries, cookies, timeouts, middlewares) stays the client's own.
"""

from understudy.inprocess.httpx_transports import AsyncTransport, SyncTransport
from understudy.intercept.door import Mock, mock

__all__ = ["AsyncTransport", "Mock", "SyncTransport", "mock"]

"""The mock inside a test: requests to the vendors' hosts are answered in this process.

While a `understudy.mock()` is active, httpx, requests, urllib3 and aiohttp (and what
is built on them) reach the mock where they would have opened a connection; everything above that
seam (redirects, hooks, retries, cookies, timeouts, middlewares) stays the client's own.
"""

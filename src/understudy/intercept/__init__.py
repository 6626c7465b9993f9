"""`understudy.mock()`: requests to the vendors' hosts are answered in this process.

While a mock is active, httpx, requests, urllib3 and aiohttp (and what is built on them) reach the
mock where they would have opened a connection. Everything above that (redirects, hooks, retries,
cookies, timeouts, middlewares) is the client's own code.
"""

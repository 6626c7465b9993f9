"""The proxy to a real vendor: every exchange is held against the vendor's document."""

from understudy.proxying.proxy import Proxy, proxy_app
from understudy.proxying.terms import Terms
from understudy.proxying.upstream import Upstream, read_upstream

__all__ = ["Proxy", "Terms", "Upstream", "proxy_app", "read_upstream"]

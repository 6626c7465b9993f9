"""The requests that a mock answers: to the vendors' hosts, and to the base URLs in `hosts`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from understudy.core.hosts import is_this_machine
from understudy.core.settings import Passthrough

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from understudy.service.service import Service

SESSION_HEADER = b"x-understudy-session"
# A Host that belongs to no vendor: the app then takes the vendor from the path.
NO_VENDOR_HOST = b"understudy"


class RoutedApp(Protocol):
    """The members of an app that `Routes` uses: its services, and that it can be called."""

    @property
    def services(self) -> Mapping[str, Service]: ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class RefusedError(Exception):
    """No mock answers the request, and it must not leave the process; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a request.

    Attributes:
        host: host of the URL, without brackets and port.
        path: path of the URL; a query may follow.
        host_header: the Host header, when the client sets one itself.
    """

    host: str
    port: int | None = None
    path: str = "/"
    host_header: str = ""


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A base URL under which a vendor is reached.

    Attributes:
        port: None for every port.
        path: path of the base URL, without a slash at its end.
        prefix: path that replaces it in the app; "" where the Host names the vendor.
    """

    host: str
    port: int | None = None
    path: str = ""
    prefix: str = ""

    def contains(self, host: str, port: int | None, path: str) -> bool:
        """Whether an address is below this URL."""
        return (
            self.host == host
            and self.port in (None, port)
            and f"{path.partition('?')[0]}/".startswith(f"{self.path}/")
        )


class BaseUrlMiddleware:
    """Rewrites a request to a base URL into one to the app's own addresses."""

    def __init__(self, app: ASGIApp, base: BaseUrl) -> None:
        self._app = app
        self.base = base
        self._host = NO_VENDOR_HOST if base.prefix else base.host.encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        base = self.base
        raw = base.prefix.encode() + (scope["raw_path"][len(base.path) :] or b"/")
        # The Host header of the client may differ from the host that it called.
        others = [header for header in scope["headers"] if header[0] != b"host"]
        headers = [(b"host", self._host), *others]
        path = unquote(raw.decode("latin-1"))
        await self._app({**scope, "path": path, "raw_path": raw, "headers": headers}, receive, send)


class SessionMiddleware:
    """Adds the session's name to requests that do not name a session."""

    def __init__(self, app: ASGIApp, session: str) -> None:
        self._app = app
        self._header = (SESSION_HEADER, session.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _names_session(scope):
            scope = {**scope, "headers": [*scope["headers"], self._header]}
        await self._app(scope, receive, send)


def _names_session(scope: Scope) -> bool:
    return any(name == SESSION_HEADER for name, _ in scope["headers"])


class Routes:
    """The requests that one mock answers while it is active.

    Args:
        app: the app that answers; the hosts of its vendors are answered.
        session: name of the session that the requests belong to.
        hosts: further base URLs (or bare hosts), each with its vendor.
        passthrough: which of the requests that no mock answers may leave the process.

    Raises:
        ValueError: for an invalid base URL or an unknown vendor.
    """

    def __init__(
        self, app: RoutedApp, session: str, hosts: Mapping[str, str], passthrough: Passthrough
    ) -> None:
        self.app = app
        self.session = session
        self.asgi = SessionMiddleware(app, session)
        self._passthrough = passthrough
        chosen = [parse_base_url(url, vendor, app.services) for url, vendor in hosts.items()]
        # The closest match first, and the caller's base URLs before the vendors' own hosts.
        chosen.sort(key=lambda base: (len(base.path), base.port is not None), reverse=True)
        own = [BaseUrl(host) for service in app.services.values() for host in service.vendor.hosts]
        self._routes = [(base, BaseUrlMiddleware(self.asgi, base)) for base in (*chosen, *own)]
        self._hosts = {base.host for base, _ in self._routes}

    def find(self, address: Address) -> ASGIApp | None:
        """Find the app that answers a request, if this mock does.

        The URL decides. The Host header counts only when the URL names another machine, such as a
        gateway to the vendor; servers on this machine answer for themselves.
        """
        host = normalize_host(address.host)
        app = self._find_route(host, address.port, address.path)
        if app is None and address.host_header and not is_this_machine(host):
            named = normalize_host(address.host_header.partition(":")[0])
            app = self._find_route(named, None, address.path)
        return app

    def _find_route(self, host: str, port: int | None, path: str) -> ASGIApp | None:
        if host not in self._hosts:
            return None
        return next((app for base, app in self._routes if base.contains(host, port, path)), None)

    def refusal(self, address: Address) -> str:
        """Say why a request that no mock answers must not leave the process; "" when it may."""
        if self._passthrough == "all":
            return ""
        if self._passthrough == "localhost" and is_this_machine(normalize_host(address.host)):
            return ""
        known = ", ".join(dict.fromkeys(base.host for base, _ in self._routes))
        return (
            f"understudy.mock() refused a request to {address.host}; it answers {known}. "
            f'To let it pass: {self._hint(address)}; to have it answered: hosts={{"https://'
            f'{address.host}": "VENDOR"}}'
        )

    def _hint(self, address: Address) -> str:
        if is_this_machine(normalize_host(address.host)):
            return 'passthrough="localhost" or "all"'
        return 'passthrough="all"'


def parse_base_url(url: str, vendor: str, vendors: Iterable[str]) -> BaseUrl:
    """Read a base URL, or a bare host, that stands for a vendor.

    Raises:
        ValueError: when it is not a base URL, or the vendor is not served.
    """
    parts = urlsplit(url if "//" in url else f"//{url}")
    try:
        # Clients use the ASCII form of an internationalised name.
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except ValueError:
        host, port = "", None
    if not host:
        raise ValueError(f'hosts: "{url}" is not a URL such as "https://my-instance.example.com"')
    if vendor not in vendors:
        known = ", ".join(vendors)
        raise ValueError(f'hosts: there is no vendor "{vendor}" for {url}; served: {known}')
    return BaseUrl(normalize_host(host), port, parts.path.rstrip("/"), f"/{vendor}")


def normalize_host(host: str) -> str:
    """Return a host in lower case, without brackets and the final dot."""
    return host.lower().strip("[]").rstrip(".")

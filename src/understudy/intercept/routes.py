"""Which requests a mock answers: the vendors' hosts, and the base URLs that it was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from understudy.core.hosts import is_this_machine
from understudy.core.settings import Passthrough

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from understudy.server.app import App

SESSION_HEADER = b"x-understudy-session"
# A name that is no vendor's: the path then names the vendor.
NO_VENDOR = b"understudy"


class RefusedError(Exception):
    """A request that no mock answers and that must not leave; says what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a client wants to go.

    Attributes:
        host: of the URL; no brackets, no port.
        named: the Host header, when the client sends one of its own.
    """

    host: str
    port: int | None = None
    path: str = "/"
    named: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Addresses under which a vendor is reached.

    Attributes:
        port: None for any.
        base: what the path begins with there.
        prefix: what it begins with in the app instead; "" where the Host says which vendor.
    """

    host: str
    port: int | None = None
    base: str = ""
    prefix: str = ""

    def holds(self, host: str, port: int | None, path: str) -> bool:
        """Whether an address is here."""
        return (
            self.host == host
            and self.port in (None, port)
            and f"{path.partition('?')[0]}/".startswith(f"{self.base}/")
        )


class Placement:
    """An app that sees a request to a place as its own addresses want it."""

    def __init__(self, app: ASGIApp, place: Place) -> None:
        self._app = app
        self._place = place
        self._host = NO_VENDOR if place.prefix else place.host.encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = self._place
        raw = place.prefix.encode() + (scope["raw_path"][len(place.base) :] or b"/")
        # A Host that the client made up says nothing about who was called.
        others = [header for header in scope["headers"] if header[0] != b"host"]
        headers = [(b"host", self._host), *others]
        path = unquote(raw.decode("latin-1"))
        changed = {**scope, "path": path, "raw_path": raw, "headers": headers}
        await self._app(changed, receive, send)


class InSession:
    """An app whose requests belong to one session, unless they name another."""

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
    """What one mock answers, while it is active.

    Args:
        app: of the mock; its vendors' hosts are answered.
        session: the name of the session that requests belong to.
        hosts: base URLs (or bare hosts), and the vendors that stand there.
        passthrough: what becomes of the requests that no mock answers.

    Raises:
        ValueError: when a base URL or a vendor's name is none.
    """

    def __init__(
        self, app: App, session: str, hosts: Mapping[str, str], passthrough: Passthrough
    ) -> None:
        self.app = app
        self.session = session
        self.asgi = InSession(app, session)
        self._passthrough = passthrough
        given = [parse_place(url, vendor, app.services) for url, vendor in hosts.items()]
        # The closest fit comes first, and what was asked for before what the vendors say.
        given.sort(key=lambda place: (len(place.base), place.port is not None), reverse=True)
        own = [Place(host) for service in app.services.values() for host in service.vendor.hosts]
        self._places = [(place, Placement(self.asgi, place)) for place in (*given, *own)]
        self._hosts = {place.host for place in (*given, *own)}

    def find(self, address: Address) -> ASGIApp | None:
        """The app that answers there, if the mock does.

        The URL decides. A Host header counts where the URL names somebody else on the network, as
        it does behind a gateway, but not on this machine: servers of its own listen there.
        """
        host = _normal(address.host)
        found = self._at(host, address.port, address.path)
        if found is None and address.named and not is_this_machine(host):
            found = self._at(_normal(address.named.partition(":")[0]), None, address.path)
        return found

    def _at(self, host: str, port: int | None, path: str) -> ASGIApp | None:
        if host not in self._hosts:
            return None
        return next((app for place, app in self._places if place.holds(host, port, path)), None)

    def refusal(self, address: Address) -> str:
        """Why a request that no mock answers must not leave, or "" when it may."""
        if self._passthrough == "all":
            return ""
        if self._passthrough == "localhost" and is_this_machine(_normal(address.host)):
            return ""
        known = ", ".join(dict.fromkeys(place.host for place, _ in self._places))
        return (
            f"understudy.mock() refused a request to {address.host}; it answers {known}. "
            f'To let it pass: {self._hint(address)}; to have it answered: hosts={{"https://'
            f'{address.host}": "VENDOR"}}'
        )

    def _hint(self, address: Address) -> str:
        if is_this_machine(_normal(address.host)):
            return 'passthrough="localhost" or "all"'
        return 'passthrough="all"'


def parse_place(url: str, vendor: str, vendors: Iterable[str]) -> Place:
    """A base URL as a place.

    Raises:
        ValueError: when it is no base URL, or the vendor is not served.
    """
    parts = urlsplit(url if "//" in url else f"//{url}")
    try:
        # Clients ask for a name of other alphabets as it is looked up.
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except ValueError:
        host, port = "", None
    if not host:
        raise ValueError(f'hosts: "{url}" is no URL such as "https://my-instance.example.com"')
    if vendor not in vendors:
        known = ", ".join(vendors)
        raise ValueError(f'hosts: there is no vendor "{vendor}" for {url}; served: {known}')
    return Place(_normal(host), port, parts.path.rstrip("/"), f"/{vendor}")


def _normal(host: str) -> str:
    return host.lower().strip("[]").rstrip(".")

"""Which addresses a mock answers, and what it says of the others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.asking import Echo
from understudy.inprocess.loop import scope_of
from understudy.intercept.routes import Address, InSession, Place, Placement, Routes, parse_place
from understudy.server.app import App, create_app

VENDORS = ("sent", "tether")


@pytest.fixture(scope="module")
def app() -> App:
    return create_app()


async def seen(app: Any, target: bytes, host: str = "", *more: tuple[bytes, bytes]) -> Any:
    """The scope that an app behind a wrapper sees."""
    echo = Echo()
    headers = [(b"Host", host.encode()), *more]
    scope = scope_of("GET", "https", ("h", 443), target, headers)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        """Nobody reads it."""

    await app(echo)(scope, receive, send)
    return echo.scopes[0]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://a.example", Place("a.example", None, "", "/tether")),
        ("https://A.Example./", Place("a.example", None, "", "/tether")),
        ("http://a.example:8080/x/y/", Place("a.example", 8080, "/x/y", "/tether")),
        ("a.example", Place("a.example", None, "", "/tether")),
        ("a.example:81/x", Place("a.example", 81, "/x", "/tether")),
        ("https://bücher.example", Place("xn--bcher-kva.example", None, "", "/tether")),
        ("http://[::1]:81", Place("::1", 81, "", "/tether")),
    ],
)
def test_base_urls_are_places(url: str, place: Place) -> None:
    """With or without scheme, port, path; whatever the case."""
    assert parse_place(url, "tether", VENDORS) == place


@pytest.mark.parametrize(
    ("host", "port", "path", "held"),
    [
        ("a.example", 443, "/x/y", True),
        ("a.example", 443, "/x", True),
        ("a.example", 443, "/x?y=/z", True),
        ("a.example", 443, "/xy", False),
        ("a.example", 443, "/", False),
        ("b.example", 443, "/x", False),
    ],
)
def test_places_hold_what_is_under_their_path(host: str, port: int, path: str, held: bool) -> None:
    """A base path ends at a slash."""
    assert Place("a.example", None, "/x").holds(host, port, path) is held


def test_place_with_a_port_holds_that_port() -> None:
    """Another port is another server."""
    place = Place("localhost", 81)

    assert place.holds("localhost", 81, "/") and not place.holds("localhost", 80, "/")


async def test_vendors_own_host_keeps_its_path() -> None:
    """The Host says which vendor, so the path is the vendor's."""
    scope = await seen(lambda app: Placement(app, Place("api.sent.dm")), b"/v3/a%2Fb?c=d", "x")

    assert (scope["raw_path"], scope["query_string"]) == (b"/v3/a%2Fb", b"c=d")
    assert [value for name, value in scope["headers"] if name == b"host"] == [b"api.sent.dm"]


@pytest.mark.parametrize(
    ("target", "expected"), [(b"/x/api/campaigns", b"/tether/api/campaigns"), (b"/x", b"/tether/")]
)
async def test_base_url_becomes_the_prefix(target: bytes, expected: bytes) -> None:
    """What follows it is the path at the vendor; the Host names nobody."""
    place = Place("a.example", None, "/x", "/tether")

    scope = await seen(lambda app: Placement(app, place), target, "api.sent.dm")

    assert scope["raw_path"] == expected
    assert b"api.sent.dm" not in [value for _, value in scope["headers"]]


async def test_session_is_named_unless_the_request_does() -> None:
    """A header of the client's own wins."""
    named = (b"X-Understudy-Session", b"theirs")

    scope = await seen(lambda app: InSession(app, "ours"), b"/")
    other = await seen(lambda app: InSession(app, "ours"), b"/", "", named)

    assert (b"x-understudy-session", b"ours") in scope["headers"]
    assert [value for name, value in other["headers"] if name.startswith(b"x-")] == [b"theirs"]


@pytest.mark.parametrize(
    ("address", "answered"),
    [
        (Address("api.sent.dm", 443), True),
        (Address("API.SENT.DM.", 8080), True),
        (Address("example.com", 443), False),
        (Address("gateway.example.com", 443, named="api.sent.dm:443"), True),
        (Address("127.0.0.1", 4010, named="api.sent.dm"), False),
        (Address("localhost", 4010, named="api.sent.dm"), False),
        (Address("app.localhost", 80), False),
    ],
)
def test_who_is_answered(app: App, address: Address, answered: bool) -> None:
    """The URL decides; a Host header counts where the URL names a stranger, not this machine."""
    routes = Routes(app, "s", {}, "localhost")

    assert (routes.find(address) is not None) is answered


def test_closest_base_url_wins(app: App) -> None:
    """A longer path before a shorter one, a port before none, the user's before the vendors'."""
    hosts = {"a.example": "sent", "a.example/x": "tether", "a.example:81": "zexa"}
    routes = Routes(app, "s", {**hosts, "api.sent.dm/v9": "tether"}, "localhost")

    def place(address: Address) -> str:
        found: Any = routes.find(address)
        return str(found._place.prefix)

    assert place(Address("a.example", 443, "/y")) == "/sent"
    assert place(Address("a.example", 443, "/x/y")) == "/tether"
    assert place(Address("a.example", 81, "/y")) == "/zexa"
    assert place(Address("api.sent.dm", 443, "/v9/y")) == "/tether"
    assert place(Address("api.sent.dm", 443, "/v3/y")) == ""


@pytest.mark.parametrize(
    ("host", "none", "localhost"),
    [
        ("example.com", True, True),
        ("localhost", True, False),
        ("LOCALHOST", True, False),
        ("a.localhost", True, False),
        ("127.0.0.53", True, False),
        ("::1", True, False),
        ("0.0.0.0", True, False),
        ("10.0.0.1", True, True),
        ("localhost.example.com", True, True),
    ],
)
def test_what_is_refused(app: App, host: str, none: bool, localhost: bool) -> None:
    """This machine has several names; everything else is elsewhere."""
    address = Address(host, 80)

    assert bool(Routes(app, "s", {}, "none").refusal(address)) is none
    assert bool(Routes(app, "s", {}, "localhost").refusal(address)) is localhost
    assert Routes(app, "s", {}, "all").refusal(address) == ""

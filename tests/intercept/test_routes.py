"""The addresses that a mock answers, and the refusal of the others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.asking import Echo
from understudy.inprocess.loop import scope_of
from understudy.intercept.routes import (
    Address,
    BaseUrl,
    BaseUrlMiddleware,
    Routes,
    SessionMiddleware,
    parse_base_url,
)
from understudy.server.app import App, create_app

VENDORS = ("sent", "tether")


@pytest.fixture(scope="module")
def app() -> App:
    return create_app()


async def routed_scope(app: Any, target: bytes, host: str = "", *more: tuple[bytes, bytes]) -> Any:
    """The scope that an app behind a middleware sees."""
    echo = Echo()
    headers = [(b"Host", host.encode()), *more]
    scope = scope_of("GET", "https", ("h", 443), target, headers)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        """Ignore the reply."""

    await app(echo)(scope, receive, send)
    return echo.scopes[0]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", BaseUrl("a.example", None, "", "/tether")),
        ("https://A.Example./", BaseUrl("a.example", None, "", "/tether")),
        ("http://a.example:8080/x/y/", BaseUrl("a.example", 8080, "/x/y", "/tether")),
        ("a.example", BaseUrl("a.example", None, "", "/tether")),
        ("a.example:81/x", BaseUrl("a.example", 81, "/x", "/tether")),
        ("https://bücher.example", BaseUrl("xn--bcher-kva.example", None, "", "/tether")),
        ("http://[::1]:81", BaseUrl("::1", 81, "", "/tether")),
    ],
)
def test_base_urls_are_read(url: str, expected: BaseUrl) -> None:
    """With or without scheme, port, path; whatever the case."""
    assert parse_base_url(url, "tether", VENDORS) == expected


@pytest.mark.parametrize(
    ("host", "port", "path", "contained"),
    [
        ("a.example", 443, "/x/y", True),
        ("a.example", 443, "/x", True),
        ("a.example", 443, "/x?y=/z", True),
        ("a.example", 443, "/xy", False),
        ("a.example", 443, "/", False),
        ("b.example", 443, "/x", False),
    ],
)
def test_base_url_contains_the_paths_below_it(
    host: str, port: int, path: str, contained: bool
) -> None:
    """A base path ends at a slash."""
    assert BaseUrl("a.example", None, "/x").contains(host, port, path) is contained


def test_base_url_with_a_port_contains_that_port() -> None:
    """Another port is another server."""
    base = BaseUrl("localhost", 81)

    assert base.contains("localhost", 81, "/") and not base.contains("localhost", 80, "/")


async def test_vendors_own_host_keeps_its_path() -> None:
    """The Host names the vendor, so the path is the vendor's."""
    base = BaseUrl("api.sent.dm")

    scope = await routed_scope(lambda app: BaseUrlMiddleware(app, base), b"/v3/a%2Fb?c=d", "x")

    assert (scope["raw_path"], scope["query_string"]) == (b"/v3/a%2Fb", b"c=d")
    assert [value for name, value in scope["headers"] if name == b"host"] == [b"api.sent.dm"]


@pytest.mark.parametrize(
    ("target", "expected"), [(b"/x/api/campaigns", b"/tether/api/campaigns"), (b"/x", b"/tether/")]
)
async def test_base_url_becomes_the_prefix(target: bytes, expected: bytes) -> None:
    """The rest is the path at the vendor; the Host names no vendor."""
    base = BaseUrl("a.example", None, "/x", "/tether")

    scope = await routed_scope(lambda app: BaseUrlMiddleware(app, base), target, "api.sent.dm")

    assert scope["raw_path"] == expected
    assert b"api.sent.dm" not in [value for _, value in scope["headers"]]


async def test_session_is_named_unless_the_request_names_one() -> None:
    """The client's own header wins."""
    named = (b"X-Understudy-Session", b"theirs")

    scope = await routed_scope(lambda app: SessionMiddleware(app, "ours"), b"/")
    other = await routed_scope(lambda app: SessionMiddleware(app, "ours"), b"/", "", named)

    assert (b"x-understudy-session", b"ours") in scope["headers"]
    assert [value for name, value in other["headers"] if name.startswith(b"x-")] == [b"theirs"]


@pytest.mark.parametrize(
    ("address", "answered"),
    [
        (Address("api.sent.dm", 443), True),
        (Address("API.SENT.DM.", 8080), True),
        (Address("example.com", 443), False),
        (Address("gateway.example.com", 443, host_header="api.sent.dm:443"), True),
        (Address("127.0.0.1", 4010, host_header="api.sent.dm"), False),
        (Address("localhost", 4010, host_header="api.sent.dm"), False),
        (Address("app.localhost", 80), False),
    ],
)
def test_who_is_answered(app: App, address: Address, answered: bool) -> None:
    """The URL decides; the Host header counts where the URL names another machine."""
    routes = Routes(app, "s", {}, "localhost")

    assert (routes.find(address) is not None) is answered


def test_closest_base_url_wins(app: App) -> None:
    """A longer path comes first, then one with a port, then the caller's before the vendors'."""
    hosts = {"a.example": "sent", "a.example/x": "tether", "a.example:81": "zexa"}
    routes = Routes(app, "s", {**hosts, "api.sent.dm/v9": "tether"}, "localhost")

    def prefix(address: Address) -> str:
        app = routes.find(address)
        assert isinstance(app, BaseUrlMiddleware)
        return app.base.prefix

    assert prefix(Address("a.example", 443, "/y")) == "/sent"
    assert prefix(Address("a.example", 443, "/x/y")) == "/tether"
    assert prefix(Address("a.example", 81, "/y")) == "/zexa"
    assert prefix(Address("api.sent.dm", 443, "/v9/y")) == "/tether"
    assert prefix(Address("api.sent.dm", 443, "/v3/y")) == ""


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

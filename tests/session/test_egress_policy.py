"""Where deliveries may go: names, addresses, networks; and what an allowed name may stand for."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.waiting import LONG
from understudy.core.hosts import is_address, is_loopback
from understudy.session.egress_policy import (
    Destination,
    Resolve,
    find_refusal,
    parse_networks,
    resolve_destination,
)
from understudy.session.http_post import PostFailedError, post

NOBODY: frozenset[str] = frozenset()
PUBLIC = "93.184.215.14"


def standing_for(*addresses: str) -> Resolve:
    """A resolver by which every name stands for these addresses."""

    async def resolve(host: str) -> list[str]:
        return list(addresses)

    return resolve


async def unknown(host: str) -> list[str]:
    """A resolver that knows no name."""
    raise socket.gaierror(-2, "Name or service not known")


@pytest.mark.parametrize(
    "host", ["::1", "127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "127.1.2.3"]
)
def test_loopback_is_recognised_in_any_clothes(host: str) -> None:
    """An IPv4 address in IPv6 is what it is."""
    assert is_loopback(host)
    assert find_refusal(f"http://[{host}]:80/" if ":" in host else f"http://{host}/", NOBODY) == ""


@pytest.mark.parametrize(
    "host", ["::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "::7f00:1", "0.0.0.0", "::"]
)
def test_what_only_looks_like_loopback_is_refused(host: str) -> None:
    """What a gateway would make of it is not this machine by definition."""
    url = f"http://[{host}]/" if ":" in host else f"http://{host}/"

    assert not is_loopback(host)
    assert "allow it with --webhook-host" in find_refusal(url, NOBODY)


@pytest.mark.parametrize(
    ("host", "address"), [("10.0.0.1", True), ("fe80::1%eth0", True), ("a", False)]
)
def test_an_address_is_no_name(host: str, address: bool) -> None:
    """What has to be looked up is a name."""
    assert is_address(host) is address


@pytest.mark.parametrize(
    ("allowed", "url", "leaves"),
    [
        ("10.0.0.1", "http://10.0.0.1/", True),
        ("10.0.0.1", "http://10.0.0.2/", False),
        ("10.0.0.0/8", "http://10.200.0.1:8080/hook", True),
        ("10.0.0.7/8", "http://10.200.0.1/", True),
        ("10.0.0.0/8", "http://11.0.0.1/", False),
        ("10.0.0.0/8", "http://[::ffff:10.0.0.1]/", True),
        ("fd00::/8", "http://[fd00::1]/", True),
        ("fd00::/8", "http://10.0.0.1/", False),
        ("0.0.0.0/0", "http://example.com/", False),
        ("example.com", "http://93.184.215.14/", False),
        ("example.com", "http://example.com./", False),
        ("example.com", "http://example.com.evil.test/", False),
        ("Example.COM", "https://example.com/", True),
    ],
)
async def test_what_was_allowed_leaves(allowed: str, url: str, leaves: bool) -> None:
    """An address, a network or a name lets through what it says, and nothing else."""
    where = await resolve_destination(url, frozenset({allowed}), standing_for(PUBLIC))

    assert isinstance(where, Destination) is leaves


def test_networks_are_what_can_be_read_as_such() -> None:
    """Names beside them are left out; an address is a network of one."""
    found = parse_networks(frozenset({"10.0.0.7/8", "::1", "example.com", "10.0.0.0/99"}))

    assert sorted(map(str, found)) == ["10.0.0.0/8", "::1/128"]


async def test_an_allowed_name_goes_to_the_address_that_was_looked_at() -> None:
    """The destination is pinned: a second answer of the name server changes nothing."""
    where = await resolve_destination(
        "https://example.com/hook",
        frozenset({"example.com"}),
        standing_for(PUBLIC, "93.184.215.15"),
    )

    assert where == Destination("https://example.com/hook", PUBLIC)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://localhost/", "http://10.0.0.1/"])
async def test_what_needs_no_look_up_is_not_looked_up(url: str) -> None:
    """An address stands for itself, localhost for this machine."""
    where = await resolve_destination(url, frozenset({"10.0.0.1"}), unknown)

    assert where == Destination(url)


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1"),
        *("::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1", "2001:db8::1", "::7f00:1"),
        *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "2002:a00:1::", "64:ff9b::a00:1"),
        "64:ff9b::a9fe:a9fe",
    ],
)
async def test_a_private_address_behind_an_allowed_name_is_refused(address: str) -> None:
    """A name is no way into a network that nobody allowed, in whatever clothes."""
    why = await resolve_destination(
        "http://example.com/", frozenset({"example.com"}), standing_for(PUBLIC, address)
    )

    assert why == (
        f"example.com resolves to {address}, which is not a public address; "
        f"allow it with --webhook-host {address}"
    )


@pytest.mark.parametrize(
    "address",
    [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "127.0.0.1", "::1", "::ffff:127.0.0.1"],
)
async def test_a_public_address_or_this_machine_is_not(address: str) -> None:
    """Where everybody may go, and where deliveries may go anyway."""
    where = await resolve_destination(
        "http://example.com/", frozenset({"example.com"}), standing_for(address)
    )

    assert where == Destination("http://example.com/", address)


async def test_a_private_address_may_be_allowed_beside_the_name() -> None:
    """Who says so for both means it."""
    allowed = frozenset({"hooks.internal", "10.0.0.0/8"})

    where = await resolve_destination("http://hooks.internal/", allowed, standing_for("10.1.2.3"))

    assert where == Destination("http://hooks.internal/", "10.1.2.3")


async def test_a_name_that_nobody_knows_is_refused() -> None:
    """The reason is the resolver's."""
    why = await resolve_destination("http://nowhere.test/", frozenset({"nowhere.test"}), unknown)

    assert isinstance(why, str)
    assert why.startswith("nowhere.test cannot be resolved (")


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "nowhere.invalid"])
async def test_a_name_that_cannot_be_looked_up_is_refused(host: str) -> None:
    """The machine's own resolver refuses it, and nothing is raised."""
    why = await resolve_destination(f"http://{host}/", frozenset({host}))

    assert "cannot be resolved" in str(why)


async def test_a_pinned_address_is_called_under_its_name() -> None:
    """The connection goes to the address; the request still says whom it is for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.settimeout(LONG)
        pinned = Destination(f"http://hooks.test:{port}/in?a=b", "127.0.0.1")
        posting = asyncio.create_task(post(pinned, b"{}", {}, LONG))

        connection, _ = await asyncio.to_thread(listener.accept)
        with connection:
            asked = (await asyncio.to_thread(connection.recv, 4096)).decode()
        with pytest.raises(PostFailedError):
            await posting
    assert asked.startswith("POST /in?a=b HTTP/1.1\r\n")
    assert f"host: hooks.test:{port}\r\n" in asked.lower()

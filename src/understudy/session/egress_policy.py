"""Egress policy: deliveries go to this machine and to hosts that were allowed."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from understudy.core.hosts import Address, is_loopback, parse_address

Resolve = Callable[[str], Awaitable[list[str]]]
# Addresses whose last 32 bits are an IPv4 address for a translating gateway (RFC 6052).
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that may be called.

    Attributes:
        address: of its host, when the host had to be looked up.
    """

    url: str
    address: str | None = None


def find_refusal(url: str, allowed: frozenset[str]) -> str:
    """Why a delivery to a URL is refused; "" when the URL itself is no reason.

    Args:
        allowed: names, addresses and networks beyond loopback.
    """
    try:
        parts = urlsplit(url)
        # Reading the port checks it; a socket would fail on one that does not exist.
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "the URL cannot be read"
    if parts.scheme not in ("http", "https") or not host:
        return "only http and https URLs with a host are called"
    if (
        is_loopback(host)
        or _is_allowed(host, allowed)
        or host in {each.lower() for each in allowed}
    ):
        return ""
    return f"{host} is not on this machine; allow it with --webhook-host {host}"


async def resolve_host(host: str) -> list[str]:
    """Look up the addresses of a host name.

    Raises:
        OSError, UnicodeError: when it has none, or is not a name.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def resolve_destination(
    url: str, allowed: frozenset[str], resolve: Resolve = resolve_host
) -> Destination | str:
    """Where a delivery to a URL is sent, or why it is refused."""
    reason = find_refusal(url, allowed)
    if reason:
        return reason
    host = urlsplit(url).hostname or ""
    if is_loopback(host) or parse_address(host) is not None:
        return Destination(url)
    return await _check_addresses(url, host, allowed, resolve)


async def _check_addresses(
    url: str, host: str, allowed: frozenset[str], resolve: Resolve
) -> Destination | str:
    """Look a name up, and refuse it when an address is in a private network.

    The connection is made to the address that was checked, so that a name which resolves to
    another address the next time (DNS rebinding) gains nothing.
    """
    try:
        addresses = await resolve(host)
    except (OSError, UnicodeError) as error:
        return f"{host} cannot be resolved ({error})"
    for address in addresses:
        if not (is_loopback(address) or _is_public(address) or _is_allowed(address, allowed)):
            hint = f"allow it with --webhook-host {address}"
            return f"{host} resolves to {address}, which is not a public address; {hint}"
    return Destination(url, addresses[0])


def _is_public(text: str) -> bool:
    address = parse_address(text)
    if address is None or not address.is_global or address.is_multicast or address.is_reserved:
        return False
    inner = _embedded_ipv4(address)
    return inner is None or inner.is_global


def _embedded_ipv4(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address to which a gateway would forward traffic to an IPv6 address."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour


def _is_allowed(host: str, allowed: frozenset[str]) -> bool:
    """Whether an address or its network was allowed."""
    address = parse_address(host)
    return address is not None and any(address in network for network in parse_networks(allowed))


def parse_networks(allowed: frozenset[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The allowed hosts that are addresses or networks."""
    found = []
    for each in allowed:
        try:
            found.append(ipaddress.ip_network(each, strict=False))
        except ValueError:
            continue
    return found

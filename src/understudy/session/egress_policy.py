"""Where deliveries may go: this machine, and what was allowed by name, address or network."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from understudy.core.hosts import Address, is_loopback, parse_address

Resolve = Callable[[str], Awaitable[list[str]]]
# Where an IPv4 address stands in the last 32 bits for whoever translates (RFC 6052).
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that may be called.

    Attributes:
        address: where its host was found; None when the name itself says this machine.
    """

    url: str
    address: str | None = None


def find_refusal(url: str, allowed: frozenset[str]) -> str:
    """Why a delivery to this URL must not leave, or "" when it may as far as the URL tells.

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
    """The addresses that a name stands for.

    Raises:
        OSError, UnicodeError: when it stands for none, or is no name.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def resolve_destination(
    url: str, allowed: frozenset[str], resolve: Resolve = resolve_host
) -> Destination | str:
    """Where a delivery to this URL goes, or why it must not leave."""
    reason = find_refusal(url, allowed)
    if reason:
        return reason
    host = urlsplit(url).hostname or ""
    if is_loopback(host) or parse_address(host) is not None:
        return Destination(url)
    return await _resolved(url, host, allowed, resolve)


async def _resolved(
    url: str, host: str, allowed: frozenset[str], resolve: Resolve
) -> Destination | str:
    """The name's address, unless it leads into a network that nobody allowed.

    The connection then goes to the address that was looked at: a name that answers anew, with
    another address, gains nothing.
    """
    try:
        addresses = await resolve(host)
    except (OSError, UnicodeError) as error:
        return f"{host} is not to be found ({error})"
    for address in addresses:
        if not (is_loopback(address) or _is_public(address) or _is_allowed(address, allowed)):
            hint = f"allow it with --webhook-host {address}"
            return f"{host} stands for {address}, which is no public address; {hint}"
    return Destination(url, addresses[0])


def _is_public(text: str) -> bool:
    address = parse_address(text)
    if address is None or not address.is_global or address.is_multicast or address.is_reserved:
        return False
    inner = _embedded_ipv4(address)
    return inner is None or inner.is_global


def _embedded_ipv4(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address to which a gateway would pass on what goes to an IPv6 one."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour


def _is_allowed(host: str, allowed: frozenset[str]) -> bool:
    """Whether an address, or a network that it is in, was allowed."""
    address = parse_address(host)
    return address is not None and any(address in network for network in parse_networks(allowed))


def parse_networks(allowed: frozenset[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Those of the allowed hosts that are addresses or networks."""
    found = []
    for each in allowed:
        try:
            found.append(ipaddress.ip_network(each, strict=False))
        except ValueError:
            continue
    return found

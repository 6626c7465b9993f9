"""Hosts: names and addresses, and whether one is this machine."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_address(host: str) -> bool:
    """Whether a host is an address rather than a name that has to be looked up."""
    return parse_address(host) is not None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine by definition."""
    if host == "localhost":
        return True
    address = parse_address(host)
    return address is not None and address.is_loopback


def is_this_machine(host: str) -> bool:
    """Whether requests to this host never leave the machine.

    Beyond loopback these are names below `localhost`, and the unspecified address, at which a
    server listens for everybody but which a client of this machine reaches here.
    """
    address = parse_address(host)
    unspecified = address is not None and address.is_unspecified
    return is_loopback(host) or host.endswith(".localhost") or unspecified


def parse_address(host: str) -> Address | None:
    """The IP address that a host is, or None for a name; IPv4-mapped IPv6 addresses are IPv4."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address

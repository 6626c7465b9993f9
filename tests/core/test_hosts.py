"""Hosts: which are this machine."""

from __future__ import annotations

import pytest

from understudy.core.hosts import is_loopback, is_this_machine

LOOPBACK = ["localhost", "127.0.0.1", "127.9.9.9", "::1", "::1%lo", "::ffff:127.0.0.1"]


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_is_this_machine(host: str) -> None:
    """By name or by address."""
    assert is_loopback(host) and is_this_machine(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "api.localhost"])
def test_a_client_stays_here_though_a_server_is_open(host: str) -> None:
    """Listening there, a server is reached by others; a client only reaches this machine."""
    assert is_this_machine(host) and not is_loopback(host)


@pytest.mark.parametrize(
    "host", ["api.sent.dm", "10.0.0.1", "localhost.example", "", "notlocalhost"]
)
def test_others_are_elsewhere(host: str) -> None:
    """Private networks, too."""
    assert not is_this_machine(host) and not is_loopback(host)

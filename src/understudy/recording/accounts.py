"""By which header an account of a seed world calls."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.vendor import Room


def credential_header(room: Room) -> tuple[str, str]:
    """The header that carries a vendor's credentials, and what stands before them in it."""
    (scheme,) = room.document.raw["components"]["securitySchemes"].values()
    if scheme["type"] == "http":
        return "Authorization", "Bearer "
    return str(scheme["name"]), ""


def credentials(room: Room, account: str | None) -> Mapping[str, str]:
    """The header by which an account calls; none for no account.

    Raises:
        KeyError: when the seed world has no account of this name.
    """
    if account is None or room.accounts is None:
        return {}
    name, before = credential_header(room)
    return {name: f"{before}{room.accounts.named(account).credential}"}

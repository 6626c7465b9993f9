"""By which header an account of a seed world calls."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.openapi.security import credential_header
from understudy.vendor import Room


def credentials(room: Room, account: str | None) -> Mapping[str, str]:
    """The header by which an account calls; none for no account.

    Raises:
        KeyError: when the seed world has no account of this name.
    """
    if account is None or room.accounts is None:
        return {}
    name, before = credential_header(room.document)
    return {name: f"{before}{room.accounts.named(account).credential}"}

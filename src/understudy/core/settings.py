"""The settings of one server: one frozen record, handed down instead of option lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

# Which credentials are accepted: the seed world's, or every well-formed one.
Auth = Literal["strict", "any"]
# Which requests that no mock answers may leave the process: none, those to this machine, all.
Passthrough = Literal["none", "localhost", "all"]
DEFAULT_BODY_LIMIT = 1_048_576
DEFAULT_SNAPSHOT_LIMIT = 67_108_864


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server.

    Attributes:
        vendors: names of the vendors to serve; empty for all.
        seed: the number from which ids and example data are derived.
        clock: instant (ns) at which every session's clock is frozen; None for real time.
        pace: factor on the vendors' own delays; None when only `shift` fires due calls.
        auth: `strict` accepts the seed world's credentials, `any` every well-formed one.
        static: answer each valid request with its documented success example.
        rate_limits: refuse requests beyond the documented limits (headers are sent either way).
        max_sessions: how many sessions are kept; the least recently used one is dropped.
        journal_size: how many exchanges each session remembers.
        body_limit: largest request body, in bytes.
        snapshot_limit: largest snapshot that may be uploaded, in bytes.
        admin_token: the token that the admin plane requires; "" when it is open.
        webhook_hosts: hosts beyond loopback that deliveries may go to.
        check_responses: check every reply against the document before it leaves.
    """

    vendors: tuple[str, ...] = ()
    seed: int = 0
    clock: int | None = None
    pace: float | None = 1.0
    auth: Auth = "strict"
    static: bool = False
    rate_limits: bool = False
    max_sessions: int = 10_000
    journal_size: int = 1_000
    body_limit: int = DEFAULT_BODY_LIMIT
    snapshot_limit: int = DEFAULT_SNAPSHOT_LIMIT
    admin_token: str = ""
    webhook_hosts: frozenset[str] = field(default_factory=frozenset)
    check_responses: bool = True

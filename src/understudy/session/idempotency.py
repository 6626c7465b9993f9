"""Replies remembered by idempotency key, each until it expires."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from understudy.core.clock import SECOND
from understudy.core.errors import IdempotencyInFlight, InvalidIdempotencyKey

MAX_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class IdempotencyRule:
    """How one vendor treats idempotency keys.

    Attributes:
        header: the request header's name, in lower case.
        pattern: what a whole key must match.
        lifetime: seconds for which a reply is replayed, on the session's clock.
        methods: the methods that honour the header.
        unkept: statuses of replies that are not remembered, beside every 5xx.
        repeated: headers that a replay copies from the first reply.
        replayed, original: headers that a replay adds: that it is one, and of which request.
    """

    header: str
    pattern: re.Pattern[str]
    lifetime: int
    methods: frozenset[str] = frozenset({"POST", "PUT", "PATCH", "DELETE"})
    unkept: frozenset[int] = frozenset({401, 403, 409, 429})
    replayed: str = "Idempotent-Replayed"
    original: str = "X-Original-Request-Id"
    repeated: frozenset[str] = frozenset()

    def check(self, key: str) -> None:
        """Raise InvalidIdempotencyKey when a key does not have the documented form."""
        if not self.pattern.fullmatch(key):
            raise InvalidIdempotencyKey(
                f"the {self.header} header must match {self.pattern.pattern}",
                hint="use 1 to 255 letters, digits, hyphens and underscores",
            )

    def replay_headers(self, request_id: str) -> dict[str, str]:
        """The headers that mark a replay of the request with this id."""
        return {self.replayed: "true", self.original: request_id}

    def keeps(self, status: int) -> bool:
        """Whether a reply of this status is remembered."""
        return status < 500 and status not in self.unkept


@dataclass(slots=True)
class RememberedReply:
    """The reply to the first request with a key.

    Attributes:
        expires: in nanoseconds, by the session's clock.
        status: 0 while the request is still being answered.
    """

    request_id: str
    expires: int
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class IdempotencyCache:
    """The keys of one session, by vendor and customer; the oldest goes when there are too many."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str, str], RememberedReply] = {}

    def begin(
        self, owner: tuple[str, str, str], request_id: str, now: int, lifetime: int
    ) -> RememberedReply | None:
        """Return the remembered reply for a key; None marks the key as being answered now.

        Args:
            owner: vendor, customer and key.
            now: instant in nanoseconds.
            lifetime: seconds.

        Raises:
            IdempotencyInFlight: when an earlier request with this key has no reply yet.
        """
        entry = self._entries.get(owner)
        if entry is not None and now < entry.expires:
            if not entry.status:
                raise IdempotencyInFlight(
                    f'a request with idempotency key "{owner[2]}" is still being answered',
                    hint="wait for its reply, then send the request again",
                )
            return entry
        self._prune(now)
        if len(self._entries) >= MAX_KEYS:
            del self._entries[next(iter(self._entries))]
        self._entries[owner] = RememberedReply(request_id, now + lifetime * SECOND)
        return None

    def keep(
        self, owner: tuple[str, str, str], status: int, headers: dict[str, str], body: bytes
    ) -> None:
        """Remember the reply to the request that began with this key, unless it was forgotten."""
        entry = self._entries.get(owner)
        if entry is not None:
            entry.status, entry.headers, entry.body = status, headers, body

    def forget(self, owner: tuple[str, str, str]) -> None:
        """Treat the next request with this key as the first one."""
        self._entries.pop(owner, None)

    def snapshot(self) -> dict[tuple[str, str, str], RememberedReply]:
        """The remembered replies, without those that are still being answered."""
        return {owner: replace(entry) for owner, entry in self._entries.items() if entry.status}

    def restore(self, entries: Mapping[tuple[str, str, str], RememberedReply]) -> None:
        """Replace the remembered replies."""
        self._entries = {owner: replace(entry) for owner, entry in entries.items()}

    def _prune(self, now: int) -> None:
        """Remove expired entries; these come first, since entries are in order of their begin."""
        stale = []
        for owner, entry in self._entries.items():
            if now < entry.expires:
                break
            stale.append(owner)
        for owner in stale:
            del self._entries[owner]

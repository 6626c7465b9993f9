"""Idempotency keys: their form, what is remembered, for how long, for whom."""

from __future__ import annotations

import re

import pytest

from understudy.core.clock import SECOND, parse_instant
from understudy.core.errors import IdempotencyInFlight, InvalidIdempotencyKey
from understudy.session.idempotency import IdempotencyCache, IdempotencyRule, RememberedReply

NOON = parse_instant("2026-03-11T12:00:00Z")
RULE = IdempotencyRule("idempotency-key", re.compile(r"[a-z0-9_-]{1,255}"), lifetime=60)
OWNER = ("sent", "acme", "key-1")
LATER = ("sent", "acme", "key-2")
LIFETIME = 60
AGAIN = NOON + SECOND
EXPIRED = NOON + LIFETIME * SECOND


@pytest.fixture
def cache() -> IdempotencyCache:
    """A cache in which the first request with a key has been answered."""
    cache = IdempotencyCache()
    cache.begin(OWNER, "req_1", NOON, LIFETIME)
    cache.keep(OWNER, 201, {"X-Sandbox": "true"}, b"{}")
    return cache


@pytest.mark.parametrize("key", ["a", "key-1_2", "x" * 255])
def test_a_key_of_the_documented_form_is_taken(key: str) -> None:
    """What the pattern matches as a whole passes."""
    assert RULE.pattern.fullmatch(key)
    RULE.check(key)


@pytest.mark.parametrize("key", ["", "a b", "key-1\n", "x" * 256, "é"])
def test_a_key_of_another_form_is_refused(key: str) -> None:
    """The pattern must match the whole key."""
    with pytest.raises(InvalidIdempotencyKey, match="idempotency-key header must match"):
        RULE.check(key)


@pytest.mark.parametrize(
    ("status", "kept"),
    [
        (200, True),
        (204, True),
        (400, True),
        (404, True),
        (422, True),
        (401, False),
        (403, False),
        (409, False),
        (429, False),
        (500, False),
        (503, False),
    ],
)
def test_some_replies_are_not_remembered(status: int, kept: bool) -> None:
    """What a repetition may cure is answered anew; everything else is replayed."""
    assert RULE.keeps(status) is kept


def test_a_replay_says_that_it_is_one() -> None:
    """The headers name the request that was answered first."""
    assert RULE.replay_headers("req_1") == {
        "Idempotent-Replayed": "true",
        "X-Original-Request-Id": "req_1",
    }


def test_the_first_request_with_a_key_is_answered() -> None:
    """Nothing is remembered for a key that is new."""
    assert IdempotencyCache().begin(OWNER, "req_1", NOON, LIFETIME) is None


def test_the_next_request_with_the_key_is_given_the_reply(cache: IdempotencyCache) -> None:
    """Status, headers and body are those of the first reply."""
    entry = cache.begin(OWNER, "req_2", AGAIN, LIFETIME)

    assert entry == RememberedReply("req_1", EXPIRED, 201, {"X-Sandbox": "true"}, b"{}")


def test_a_key_in_flight_is_refused() -> None:
    """While the first request is being answered, its key is taken."""
    cache = IdempotencyCache()
    cache.begin(OWNER, "req_1", NOON, LIFETIME)

    with pytest.raises(IdempotencyInFlight, match='key "key-1" is still being answered'):
        cache.begin(OWNER, "req_2", AGAIN, LIFETIME)


@pytest.mark.parametrize(
    "other", [("zexa", "acme", "key-1"), ("sent", "globex", "key-1"), ("sent", "acme", "key-2")]
)
def test_a_key_belongs_to_its_vendor_and_customer(
    cache: IdempotencyCache, other: tuple[str, str, str]
) -> None:
    """The same key of somebody else is another key."""
    assert cache.begin(other, "req_2", AGAIN, LIFETIME) is None


def test_a_reply_is_replayed_until_it_expires(cache: IdempotencyCache) -> None:
    """A nanosecond before its lifetime is over, a reply is still replayed."""
    assert cache.begin(OWNER, "req_2", EXPIRED - 1, LIFETIME) is not None


def test_an_expired_key_is_a_new_one(cache: IdempotencyCache) -> None:
    """When its lifetime is over, the key begins again with the new request."""
    first = cache.begin(OWNER, "req_2", EXPIRED, LIFETIME)
    cache.keep(OWNER, 200, {}, b"[]")

    entry = cache.begin(OWNER, "req_3", EXPIRED + 1, LIFETIME)

    assert first is None
    assert entry is not None
    assert (entry.request_id, entry.status) == ("req_2", 200)


def test_a_key_in_flight_expires_too() -> None:
    """A request that is never answered does not hold its key for ever."""
    cache = IdempotencyCache()
    cache.begin(OWNER, "req_1", NOON, LIFETIME)

    assert cache.begin(OWNER, "req_2", EXPIRED, LIFETIME) is None


def test_a_forgotten_key_is_a_new_one(cache: IdempotencyCache) -> None:
    """A request whose reply is not to be replayed gives its key back."""
    cache.forget(OWNER)

    assert cache.begin(OWNER, "req_2", AGAIN, LIFETIME) is None


def test_forgetting_an_unknown_key_changes_nothing(cache: IdempotencyCache) -> None:
    """A key that was never begun can be forgotten."""
    cache.forget(LATER)

    assert cache.begin(OWNER, "req_2", AGAIN, LIFETIME) is not None


def test_a_reply_to_a_forgotten_key_is_not_remembered() -> None:
    """A session that was reset meanwhile does not learn of the reply."""
    cache = IdempotencyCache()

    cache.keep(OWNER, 201, {}, b"{}")

    assert cache.begin(OWNER, "req_2", NOON, LIFETIME) is None


def test_pruning_keeps_what_still_lives(cache: IdempotencyCache) -> None:
    """A key that begins anew drops what expired before, and nothing else."""
    cache.begin(LATER, "req_2", AGAIN, LIFETIME)
    cache.keep(LATER, 200, {}, b"[]")

    cache.begin(OWNER, "req_3", EXPIRED, LIFETIME)

    replayed = cache.begin(LATER, "req_4", EXPIRED, LIFETIME)
    assert replayed is not None
    assert replayed.request_id == "req_2"


def test_a_restored_key_is_replayed(cache: IdempotencyCache) -> None:
    """What was remembered then is remembered again, and what came since is not."""
    state = cache.snapshot()
    cache.forget(OWNER)
    cache.begin(LATER, "req_2", NOON, LIFETIME)

    cache.restore(state)

    assert cache.begin(OWNER, "req_3", AGAIN, LIFETIME) is not None
    assert cache.begin(LATER, "req_4", AGAIN, LIFETIME) is None


def test_a_request_that_is_being_answered_is_not_in_a_snapshot(cache: IdempotencyCache) -> None:
    """Nobody will ever answer it in the world that comes back."""
    cache.begin(LATER, "req_2", NOON, LIFETIME)

    assert set(cache.snapshot()) == {OWNER}


def test_a_snapshot_keeps_its_replies(cache: IdempotencyCache) -> None:
    """A key that begins anew after a restore does not reach the snapshot."""
    state = cache.snapshot()
    cache.restore(state)

    cache.keep(OWNER, 200, {}, b"[]")

    assert state[OWNER].status == 201


def test_restored_keys_expire_in_their_order(cache: IdempotencyCache) -> None:
    """The oldest are pruned first, as before."""
    cache.begin(LATER, "req_2", AGAIN, LIFETIME)
    cache.keep(LATER, 200, {}, b"[]")
    cache.restore(cache.snapshot())

    cache.begin(("sent", "acme", "key-3"), "req_3", EXPIRED, LIFETIME)

    assert set(cache.snapshot()) == {LATER}

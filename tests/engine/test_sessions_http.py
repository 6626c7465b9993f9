"""Sessions over real HTTP: apart from each other, bounded in number, the same every time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import Live, problem_of, serve
from understudy.core.settings import Settings

KEY = {"x-api-key": "sk_test_acme_admin"}
CAMPAIGNS = "/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns"
COMPLETE = "/v3/profiles/660e8400-e29b-41d4-a716-446655440000/complete"
SEED = ["Customer Notifications"]


def campaign(name: str) -> Any:
    """A create request."""
    case = {"messagingUseCaseUs": "TWO_FA", "sampleMessages": ["Your code is {code}."]}
    stated = {"name": name, "description": "Codes", "type": "KYC", "useCases": [case]}
    return {"campaign": stated}


@contextmanager
def using(live: Live, session: str = "", **headers: str) -> Iterator[httpx.Client]:
    """A client of Sent in a session that its URL names."""
    base_url = f"{live.url}/@{session}/sent" if session else f"{live.url}/sent"
    with httpx.Client(base_url=base_url, headers={**KEY, **headers}) as client:
        yield client


def create(client: httpx.Client, name: str) -> httpx.Response:
    reply = client.post(CAMPAIGNS, json=campaign(name))
    assert reply.status_code == 201, reply.text
    return reply


def names(client: httpx.Client) -> list[str]:
    """The names of the campaigns that a client sees."""
    return [each["name"] for each in client.get(CAMPAIGNS).json()["data"]]


def new_session() -> str:
    return f"http-{uuid4()}"


def test_two_sessions_at_once_never_meet(live: Live) -> None:
    """Two clients that work at the same time see their own campaigns and no other's."""

    def work(word: str) -> list[str]:
        with using(live, new_session()) as client:
            for number in range(20):
                create(client, f"{word} {number}")
            return names(client)

    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(work, ["left", "right"]))

    assert seen[0] == SEED + [f"left {number}" for number in range(20)]
    assert seen[1] == SEED + [f"right {number}" for number in range(20)]


def test_idempotency_keys_are_the_sessions(live: Live) -> None:
    """A key used in one session is new in another."""
    key = {"Idempotency-Key": "order-66"}
    with using(live, new_session(), **key) as one, using(live, new_session(), **key) as other:
        create(one, "Mine")

        reply = create(other, "Yours")

        assert "idempotent-replayed" not in reply.headers
        assert names(other) == [*SEED, "Yours"]


def test_exchanges_are_counted_by_session(live: Live) -> None:
    """Each session counts its own exchanges from 1."""
    with using(live, new_session()) as one, using(live, new_session()) as other:
        create(one, "Mine")

        ids = [client.get(CAMPAIGNS).headers["x-understudy-exchange"] for client in (one, other)]

        assert ids == ["2", "1"]


def test_header_names_the_session(live: Live) -> None:
    """X-Understudy-Session and the URL lead to the same session."""
    session = new_session()
    with using(live, session) as by_url, using(live, **{"X-Understudy-Session": session}) as other:
        create(by_url, "Shared")

        assert names(other) == [*SEED, "Shared"]


def test_url_wins_over_the_header(live: Live) -> None:
    """Where both name a session, the URL's is meant."""
    named, other = new_session(), new_session()
    with using(live, named, **{"X-Understudy-Session": other}) as client:
        reply = create(client, "Mine")

        assert reply.headers["x-understudy-session"] == named


def test_reply_names_the_session(live: Live) -> None:
    """Every reply says in which session it was given; without a name it is `default`."""
    session = new_session()
    with using(live, session) as named, using(live) as unnamed:
        replies = [named.get(CAMPAIGNS), unnamed.get(CAMPAIGNS)]

    told = [reply.headers["x-understudy-session"] for reply in replies]
    assert told == [session, "default"]


def test_fresh_keeps_nothing(live: Live) -> None:
    """In `@fresh` each request meets the seed world: campaigns and keys alike are forgotten."""
    with using(live, "fresh", **{"Idempotency-Key": "order-66"}) as client:
        create(client, "Gone")

        again = create(client, "Gone")

        assert "idempotent-replayed" not in again.headers
        assert names(client) == SEED
        assert "fresh" not in live.app.sessions.names()


BAD_NAMES = ["-dash", ".dot", "_line", "a%20b", "a!b", "%C3%BC", "a" * 65, ""]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_name_in_the_url_is_refused(name: str, live: Live) -> None:
    """A name that is none is a problem document that says what a name is."""
    reply = httpx.get(f"{live.url}/@{name}/sent{CAMPAIGNS}", headers=KEY)

    problem = problem_of(reply)
    assert (reply.status_code, problem["status"]) == (400, 400)
    assert problem["title"] == "Bad session name"
    assert "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}" in problem["detail"]


@pytest.mark.parametrize("name", [b"-dash", b"a b", b"a/b", b"\xfc", b"a" * 65])
def test_bad_name_in_the_header_is_refused(name: bytes, live: Live) -> None:
    """A name in the header is held to the same rule."""
    headers = {b"x-api-key": KEY["x-api-key"].encode(), b"X-Understudy-Session": name}

    reply = httpx.get(f"{live.url}/sent{CAMPAIGNS}", headers=headers)

    assert (reply.status_code, problem_of(reply)["title"]) == (400, "Bad session name")


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "9" * 64])
def test_good_name_is_taken(name: str, live: Live) -> None:
    """Letters, digits, dots, dashes and underscores, up to 64 of them, are a name."""
    with using(live, name) as client:
        assert client.get(CAMPAIGNS).headers["x-understudy-session"] == name


@pytest.fixture(scope="module")
def small() -> Iterator[Live]:
    """A server that keeps two sessions."""
    yield from serve(Settings(max_sessions=2))


def test_least_recently_used_session_goes(small: Live) -> None:
    """A third session drops the one that was used longest ago, and only that one."""
    one, two, three = new_session(), new_session(), new_session()
    with using(small, one) as first, using(small, two) as second, using(small, three) as third:
        create(first, "First")
        create(second, "Second")
        assert names(first) == [*SEED, "First"]

        create(third, "Third")

        assert names(first) == [*SEED, "First"]
        assert names(second) == SEED


def test_number_of_sessions_is_bounded(small: Live) -> None:
    """However many sessions are named, no more than the limit are kept."""
    for _ in range(5):
        with using(small, new_session()) as client:
            client.get(CAMPAIGNS)

    assert len(small.app.sessions.names()) == 2


def test_fresh_drops_nobody(small: Live) -> None:
    """`@fresh` takes no session's place."""
    with using(small, new_session()) as one, using(small, new_session()) as other:
        create(one, "First")
        create(other, "Second")

        with using(small, "fresh") as fresh:
            fresh.get(CAMPAIGNS)

        assert (names(one), names(other)) == ([*SEED, "First"], [*SEED, "Second"])


Reply = tuple[int, list[tuple[bytes, bytes]], bytes]


@contextmanager
def process(folder: Path, seed: int, hash_seed: int) -> Iterator[str]:
    """A server in a process of its own, its clock frozen; its URL."""
    port_file = folder / f"port-{seed}-{hash_seed}"
    command = [
        *(sys.executable, "-m", "understudy", "serve", "--port", "0"),
        *("--port-file", str(port_file), "--clock", "2026-03-11T12:00:00Z", "--seed", str(seed)),
    ]
    # Python orders sets of text by a seed of its own; the replies must not show it.
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        try:
            assert server.stdout.readline(), "the server ended before it was ready"
            yield f"http://127.0.0.1:{port_file.read_text().strip()}"
        finally:
            server.terminate()


def story(folder: Path, seed: int, hash_seed: int) -> list[Reply]:
    """The same requests to a new server: status, headers and body of each reply."""
    key = {"Idempotency-Key": "order-66"}
    with (
        process(folder, seed, hash_seed) as url,
        httpx.Client(base_url=f"{url}/@s/sent", headers=KEY) as client,
    ):
        replies = [
            client.post(CAMPAIGNS, json=campaign("One")),
            client.post(CAMPAIGNS, json=campaign("Two"), headers=key),
            client.post(CAMPAIGNS, json=campaign("Two"), headers=key),
            client.post(CAMPAIGNS, json={"campaign": {"name": ""}, "sandbox": "yes"}),
            client.get(CAMPAIGNS),
            client.get(CAMPAIGNS, headers={"Prefer": "dynamic=true"}),
            client.post("/v3/profiles", json={"name": "Team"}),
            client.post(COMPLETE, json={"webHookUrl": "http://127.0.0.1:9/hook"}),
            client.delete(f"{CAMPAIGNS}/b2c3d4e5-f6a7-8901-bcde-f12345678901"),
            client.get("/v3/nothing"),
            client.put("/v3/profiles", json={}),
            client.get(CAMPAIGNS, headers={"x-api-key": "sk_test_nobody"}),
            client.get(CAMPAIGNS, headers={"Origin": "http://page.example"}),
        ]
        return [(reply.status_code, reply.headers.raw, reply.content) for reply in replies]


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """Seed, clock and requests decide every byte of status, headers and body."""
    first, again = story(tmp_path, 7, hash_seed=1), story(tmp_path, 7, hash_seed=2)

    assert [status for status, _, _ in first] == [
        *(201, 201, 201, 400, 200, 200, 201, 202, 204, 404, 405, 401, 200)
    ]
    assert again == first


def test_another_seed_gives_other_ids(tmp_path: Path) -> None:
    """With another seed the ids differ, so that the seed is what they come from."""
    created, other = story(tmp_path, 7, hash_seed=1)[0], story(tmp_path, 8, hash_seed=1)[0]

    assert created[0] == other[0]
    assert created[2] != other[2]

"""Who may use the admin plane, from which page, under which name, and how much they may send."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from tests.admin.requests import ADMIN, hint, mock, refused
from tests.conftest import NOON
from understudy.core.settings import Settings
from understudy.server.app import App

TOKEN = "let-me-in"
OPEN = Settings(clock=NOON)
GUARDED = Settings(clock=NOON, admin_token=TOKEN)
SMALL = Settings(clock=NOON, body_limit=1_000, snapshot_limit=100_000)
JSON = {"content-type": "application/json"}
HERE = "http://127.0.0.1:4010"


async def get(
    base_url: str, headers: Mapping[str, str], settings: Settings = OPEN
) -> httpx.Response:
    """What `GET /__admin/clock` answers under this base URL."""
    async with mock(settings, base_url) as (_, client):
        return await client.get(f"{ADMIN}/clock", headers=headers)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_token_opens_the_plane(scheme: str) -> None:
    """Who sends it is let in; the scheme's case does not matter."""
    response = await get(HERE, {"authorization": f"{scheme} {TOKEN}"}, GUARDED)

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "missing-credential"),
        ("", "missing-credential"),
        ("Bearer", "missing-credential"),
        ("Bearer ", "missing-credential"),
        (f"Basic {TOKEN}", "missing-credential"),
        (TOKEN, "missing-credential"),
        ("Bearer let-me-out", "unknown-credential"),
        (f"Bearer {TOKEN}x", "unknown-credential"),
        ("Bearer \xe9", "unknown-credential"),
    ],
)
async def test_without_the_token_nobody_comes_in(authorization: str | None, code: str) -> None:
    """A missing or wrong token is a 401 that says where the right one is told."""
    sent = {} if authorization is None else {"authorization": authorization.encode("latin-1")}

    response = await get(HERE, sent, GUARDED)  # type: ignore[arg-type]

    problem = refused(response, 401)
    assert problem["errors"][0]["code"] == code
    assert "--admin-token" in problem["errors"][0]["hint"]


async def test_a_refused_request_changes_nothing() -> None:
    """Without the token the clock stays where it is."""
    async with mock(GUARDED) as (app, client):
        await client.patch(f"{ADMIN}/clock", json={"shift": "PT1H"})
        await client.post(f"{ADMIN}/snapshots/s")

        assert app.session().clock.now() == NOON
        assert app.session().worlds == {}


async def test_health_needs_no_token() -> None:
    """A container's health check knows no token, and may have any name for the mock."""
    async with mock(GUARDED, "http://mock.example.com") as (_, client):
        assert (await client.get(f"{ADMIN}/health")).status_code == 200


async def test_the_vendors_need_no_admin_token() -> None:
    """The token is the plane's alone."""
    async with mock(GUARDED) as (_, client):
        headers = {"x-api-key": "sk_test_acme_admin"}

        assert (await client.get("/sent/v3/profiles", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com",
        "http://evil.example:4010",
        "http://127.0.0.1:3000",
        "http://127.0.0.1",
        "http://localhost:4010",
        "null",
        "http://[::1",
        "nonsense",
        "http://127.0.0.1:4010.evil.example",
    ],
)
async def test_a_foreign_page_is_refused(origin: str) -> None:
    """Whatever the plane's address is, only pages of that very address may use it."""
    response = await get(HERE, {"origin": origin})

    assert f"pages of {origin} may not" in refused(response, 403)["detail"]


@pytest.mark.parametrize(
    "base_url", [HERE, "http://localhost:4010", "http://[::1]:4010", "http://127.0.0.1"]
)
async def test_the_mock_s_own_page_is_let_in(base_url: str) -> None:
    """A page that this very address served may use the plane."""
    response = await get(base_url, {"origin": base_url})

    assert response.status_code == 200


async def test_a_page_is_refused_whatever_it_asks(client: httpx.AsyncClient, app: App) -> None:
    """A change is not made for a page that could not read the answer."""
    response = await client.post(f"{ADMIN}/snapshots/s", headers={"origin": "http://evil.example"})

    refused(response, 403)
    assert app.session().worlds == {}


@pytest.mark.parametrize("headers", [{}, {"origin": "http://evil.com:4010"}])
@pytest.mark.parametrize("host", ["evil.com", "EVIL.com", "localhost.evil.com", "evil.com."])
async def test_a_name_that_leads_here_by_rebinding_is_refused(
    host: str, headers: dict[str, str]
) -> None:
    """A page that reads from its own, rebound name sends no Origin; its name gives it away."""
    response = await get(f"http://{host}:4010", {**headers, "host": f"{host}:4010"})

    refused(response, 403)


async def test_a_refused_name_is_told_what_to_do() -> None:
    """Somebody may have such a name for his own machine."""
    response = await get("http://mock.my-company.com:4010", {})

    assert hint(response, 403) == "call it as 127.0.0.1, or choose a token with --admin-token"


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:4010", "localhost:4010", "[::1]:4010", "LOCALHOST", "[::1]"),
        *("mock", "understudy:4010", "10.0.0.7:4010", "[fd00::1]:4010", "host.docker.internal"),
        *("mock.test", "a.localhost:4010", ""),
    ],
)
async def test_a_name_that_nobody_can_rebind_is_let_in(host: str) -> None:
    """This machine's names, addresses, and names that are not on the internet."""
    response = await get(HERE, {"host": host})

    assert response.status_code == 200


async def test_a_page_under_another_name_of_ours_is_refused() -> None:
    """For a page only this machine's own names will do: it may know what the network calls us."""
    response = await get("http://mock:4010", {"origin": "http://mock:4010"})

    refused(response, 403)


@pytest.mark.parametrize("headers", [{}, {"origin": "http://mock.my-company.com"}])
async def test_with_a_token_any_name_will_do(headers: dict[str, str]) -> None:
    """No rebound page knows the token."""
    sent = {"authorization": f"Bearer {TOKEN}", **headers}

    response = await get("http://mock.my-company.com", sent, GUARDED)

    assert response.status_code == 200


@pytest.mark.parametrize("host", ["[::1", "::1", "a:b:c", "[", "]:1", "127.0.0.1:x", "@", "é"])
async def test_a_strange_host_is_no_server_error(host: str) -> None:
    """Whatever stands there, the answer is given or refused."""
    response = await get(HERE, {"host": host.encode("latin-1")})  # type: ignore[dict-item]

    assert response.status_code in (200, 403)


@pytest.mark.parametrize("origin", [HERE, "https://example.com"])
@pytest.mark.parametrize(
    "path",
    ["/health", "/clock", "/nowhere", "/faults/7", "/sessions/-a/clock", "/sessions/-a", "/@-a"],
)
async def test_no_origin_is_granted_anything(path: str, origin: str) -> None:
    """No reply of the plane may be read by another page, errors least of all."""
    async with mock(Settings(clock=NOON), HERE) as (_, client):
        response = await client.get(f"{ADMIN}{path}", headers={"origin": origin})

        assert "access-control-allow-origin" not in response.headers


async def test_a_bad_session_name_in_the_base_url_grants_nothing(
    client: httpx.AsyncClient,
) -> None:
    """What was asked for is the plane, although the name is none."""
    response = await client.get(f"/@-a{ADMIN}/clock", headers={"origin": "https://example.com"})

    refused(response, 400)
    assert "access-control-allow-origin" not in response.headers


async def test_a_preflight_is_not_answered(client: httpx.AsyncClient) -> None:
    """A browser that asks whether it may is told nothing that lets it."""
    asked = {"origin": "http://mock", "access-control-request-method": "PATCH"}

    response = await client.options(f"{ADMIN}/clock", headers=asked)

    refused(response, 405)
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_a_body_has_the_limit_of_bodies() -> None:
    """A change of the clock is no snapshot."""
    async with mock(SMALL) as (_, client):
        response = await client.patch(f"{ADMIN}/clock", content=b" " * 1_001, headers=JSON)

        problem = refused(response, 413)
        assert problem["detail"] == "the body is larger than 1000 bytes"
        assert problem["errors"][0]["hint"].endswith("raise --body-limit")


async def test_a_snapshot_has_a_limit_of_its_own() -> None:
    """What is too large for a body is not for a snapshot."""
    world = b'{"format": 1, "clock": {"now": "2026-03-11T12:00:00Z", "frozen": true}, "resources"'
    async with mock(SMALL) as (_, client):
        fits = await client.put(
            f"{ADMIN}/snapshots/s", content=world + b": {}}" + b" " * 90_000, headers=JSON
        )
        larger = await client.put(
            f"{ADMIN}/snapshots/s", content=world + b": {}}" + b" " * 100_000, headers=JSON
        )

        assert fits.status_code == 201
        assert refused(larger, 413)["errors"][0]["hint"].endswith("raise --snapshot-limit")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_body_that_nobody_asked_for_is_ignored(method: str) -> None:
    """A request that takes no body is answered whatever it brings."""
    async with mock(SMALL) as (_, client):
        response = await client.request(method, f"{ADMIN}/requests", content=b"x" * 200_000)

        assert response.is_success


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", JSON, 400),
        (b"\xff", JSON, 400),
        (b'{"shift": "PT1H", "shift": "PT2H"}', JSON, 400),
        (b"", JSON, 400),
        (b"[]", JSON, 400),
        (b'{"shift": NaN}', JSON, 400),
        (b'{"a":' * 200 + b"1" + b"}" * 200, JSON, 400),
        (b'{"shift": "PT1H"}', {"content-type": "text/plain"}, 415),
        (b'{"shift": "PT1H"}', {}, 415),
    ],
)
async def test_what_is_no_json_is_refused(
    client: httpx.AsyncClient, content: bytes, headers: dict[str, str], status: int
) -> None:
    """A body is strict JSON, declared as such."""
    response = await client.patch(f"{ADMIN}/clock", content=content, headers=headers)

    refused(response, status)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "", 404),
        ("GET", "/", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/clock/", 404),
        ("GET", "/sessions/a/nowhere", 404),
        ("GET", "/sessions/a/", 404),
        ("GET", "/faults/%0A", 404),
        ("GET", "/faults/%FF", 404),
        ("GET", "/requests/x", 404),
        ("GET", "/resources/sent/%00", 404),
        ("HEAD", "/clock", 405),
        ("POST", "/clock", 405),
        ("TRACE", "/clock", 405),
        ("PUT", "/sessions/a/faults", 405),
    ],
)
async def test_every_error_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    """What the plane does not have is told in the mock's own name."""
    response = await client.request(method, f"{ADMIN}{path}")

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_an_unexpected_defect_is_a_problem_too(client: httpx.AsyncClient, app: App) -> None:
    """Even a 500 speaks as the plane does."""
    app.session().worlds = None  # type: ignore[assignment]

    response = await client.get(f"{ADMIN}/snapshots")

    assert "this is a defect of the mock" in hint(response, 500)

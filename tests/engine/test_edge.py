"""The ASGI side: addresses, limits, journal, CORS, and errors that must stay in the envelope."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.conftest import NOON, problem_of
from tests.contents import contents
from understudy.core.settings import Settings
from understudy.redaction.masks import REDACTED
from understudy.server.app import App, create_app
from understudy.session.journal import MAX_KEPT_BODY
from understudy.vendors import vendor_names

KEY = {"x-api-key": "sk_test_acme_admin"}
SALES = "/sent/v3/profiles/770e8400-e29b-41d4-a716-446655440002"
CAMPAIGNS = f"{SALES}/campaigns"
JSON = {**KEY, "content-type": "application/json"}


def diagnoses(response: httpx.Response) -> list[dict[str, Any]]:
    """What the reply says was wrong."""
    found: list[dict[str, Any]] = json.loads(response.headers["x-understudy-diagnosis"])
    return found


async def test_unknown_vendor_is_a_problem_that_names_the_known(client: httpx.AsyncClient) -> None:
    """An address without a vendor is answered in the mock's own name."""
    response = await client.get("/nobody/v3/profiles")

    assert response.status_code == 404
    assert "/sent" in problem_of(response)["detail"]


@pytest.mark.parametrize("path", ["/@-bad/sent/v3/profiles", f"/@{'x' * 65}/sent/v3/profiles"])
async def test_bad_session_name_is_refused(client: httpx.AsyncClient, path: str) -> None:
    """A session's name has a form, and the answer says which."""
    response = await client.get(path, headers=KEY)

    assert response.status_code == 400
    assert "[A-Za-z0-9]" in problem_of(response)["detail"]


async def test_vendor_host_needs_no_prefix(client: httpx.AsyncClient) -> None:
    """A request whose Host is the vendor's own reaches the vendor's paths."""
    response = await client.get("/v3/profiles", headers={**KEY, "host": "api.sent.dm:443"})

    assert response.status_code == 200


async def test_single_vendor_stands_at_the_root() -> None:
    """With one vendor selected its paths need no prefix."""
    app = create_app(Settings(vendors=("sent",)))
    transport = httpx.ASGITransport(app)

    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        response = await client.get("/v3/profiles", headers=KEY)

    assert response.status_code == 200


@pytest.mark.parametrize(
    "path", ["/sent", "/sent/", "/sent/v3/nothing", "/sent/v3/profiles/", "/sent/v3//profiles"]
)
async def test_undocumented_path_is_a_404_in_the_envelope(
    client: httpx.AsyncClient, path: str
) -> None:
    """What the document does not have is not found, in the vendor's words."""
    response = await client.get(path, headers=KEY)

    assert response.status_code == 404
    assert response.json()["error"]["message"] == "Endpoint not found"
    assert diagnoses(response)[0]["code"] == "unknown-path"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", CAMPAIGNS, "GET, POST"),
        ("POST", SALES, "DELETE, GET, PATCH"),
        ("HEAD", CAMPAIGNS, "GET, POST"),
        ("OPTIONS", f"{SALES}/complete", "POST"),
        ("TRACE", "/sent/v3/profiles", "GET, POST"),
    ],
)
async def test_wrong_method_is_a_405_with_every_method_of_the_path(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    """`Allow` lists all that the path knows."""
    response = await client.request(method, path, headers=KEY)

    assert response.status_code == 405
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize("escaped", ["%0A", "%00", "%2F", "%C3%28", "..%2f..%2fetc", "%25"])
async def test_strange_path_values_stay_values(client: httpx.AsyncClient, escaped: str) -> None:
    """An escaped character neither breaks routing nor reaches another path."""
    response = await client.get(f"/sent/v3/profiles/{escaped}/campaigns", headers=KEY)

    assert response.status_code == 400
    assert response.json()["error"]["message"] == "Invalid profile ID format"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe{}",
        b'{"campaign": NaN}',
        b'{"sandbox": true, "sandbox": false}',
        b'{"a":' * 200 + b"1" + b"}" * 200,
        b"\xef\xbb\xbf{}",
        b'{"campaign": "\\ud800"}',
    ],
    ids=["cut", "utf16", "nan", "twins", "deep", "bom", "surrogate"],
)
async def test_malformed_json_is_a_400_in_the_envelope(
    client: httpx.AsyncClient, app: App, body: bytes
) -> None:
    """A body that is not strict JSON is refused and changes nothing."""
    before = contents(app.session())

    response = await client.post(CAMPAIGNS, content=body, headers=JSON)

    assert response.status_code == 400
    assert response.json()["error"]["message"] == "Request body is not valid JSON"
    assert contents(app.session()) == before


async def test_every_fault_is_told_not_the_first(client: httpx.AsyncClient) -> None:
    """Details and diagnosis name each member that is wrong."""
    campaign = {"name": "", "useCases": [{"messagingUseCaseUs": "two_fa", "sampleMessages": []}]}

    response = await client.post(CAMPAIGNS, json={"campaign": campaign}, headers=KEY)

    assert set(response.json()["error"]["details"]) == {
        "campaign.name",
        "campaign.type",
        "campaign.description",
        "campaign.useCases[0].messagingUseCaseUs",
        "campaign.useCases[0].sampleMessages",
    }
    assert "/campaign/useCases/0/sampleMessages" in {
        each["pointer"] for each in diagnoses(response)
    }


async def test_large_body_is_a_413_and_the_server_goes_on(client: httpx.AsyncClient) -> None:
    """Ten megabytes are refused in the envelope; the next request is answered."""
    response = await client.post(CAMPAIGNS, content=b" " * 10_000_000, headers=JSON)
    after = await client.get(CAMPAIGNS, headers=KEY)

    assert response.status_code == 413
    assert response.json()["success"] is False
    assert after.status_code == 200


async def test_diagnosis_header_holds_no_control_character(client: httpx.AsyncClient) -> None:
    """Whatever a body holds, the header stays ASCII and reads as JSON."""
    response = await client.post(CAMPAIGNS, json={"campaign": "é\x7f\n☃"}, headers=KEY)

    assert response.headers["x-understudy-diagnosis"].isprintable()
    assert diagnoses(response)[0]["pointer"] == "/campaign"


async def test_many_faults_do_not_overflow_the_header(client: httpx.AsyncClient) -> None:
    """The header is bounded, and so is what the body tells."""
    cases = [{"messagingUseCaseUs": "X" * 200, "sampleMessages": [1, 2]} for _ in range(100)]
    campaign = {"name": "n", "description": "d", "type": "App", "useCases": cases}

    response = await client.post(CAMPAIGNS, json={"campaign": campaign}, headers=KEY)

    assert len(response.headers["x-understudy-diagnosis"]) <= 4_000
    assert len(response.json()["error"]["details"]) == 100


async def test_journal_keeps_exchanges_without_secrets(client: httpx.AsyncClient, app: App) -> None:
    """An exchange is found by what it was; the key it carried is not in it."""
    await client.get(CAMPAIGNS, headers=KEY)
    await client.get(CAMPAIGNS)

    refused = app.session().journal.find(operation="listCampaigns", statuses=[401])
    granted = app.session().journal.find(vendor="sent", statuses=[200])

    assert [exchange.diagnoses[0].code for exchange in refused] == ["missing-credential"]
    assert granted[0].request_headers["x-api-key"] == REDACTED
    assert granted[0].account == "acme-admin"
    assert json.loads(granted[0].response_body)["success"] is True


async def test_exchange_header_names_the_journal_entry(client: httpx.AsyncClient, app: App) -> None:
    """`X-Understudy-Exchange` is the id under which the journal keeps it."""
    response = await client.get(CAMPAIGNS, headers=KEY)

    assert response.headers["x-understudy-session"] == "default"
    assert [each.id for each in app.session().journal] == [
        response.headers["x-understudy-exchange"]
    ]


async def test_journal_is_bounded() -> None:
    """The oldest exchange goes when there are too many."""
    app = create_app(Settings(clock=NOON, journal_size=3))
    transport = httpx.ASGITransport(app)

    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        for _ in range(5):
            await client.get(CAMPAIGNS, headers=KEY)

    assert [exchange.id for exchange in app.session().journal] == ["3", "4", "5"]


async def test_long_bodies_are_kept_in_part(client: httpx.AsyncClient, app: App) -> None:
    """The journal is bounded in bytes, too."""
    await client.post(CAMPAIGNS, content=b" " * 500_000, headers=JSON)

    [exchange] = app.session().journal
    assert len(exchange.request_body) == MAX_KEPT_BODY


async def test_secrets_of_a_body_are_not_kept(client: httpx.AsyncClient, app: App) -> None:
    """A card's number reaches neither journal nor diagnosis."""
    card = {"card_number": "4111111111111111999", "expiry": "1", "cvc": 12, "zip_code": "1"}

    response = await client.post(
        "/sent/v3/profiles", json={"name": "n", "payment_details": card}, headers=KEY
    )

    [exchange] = app.session().journal
    assert response.status_code == 400
    assert b"4111111111111111999" not in exchange.request_body
    assert json.loads(exchange.request_body)["payment_details"]["card_number"] == REDACTED
    assert '"12"' not in response.headers["x-understudy-diagnosis"]


async def test_secrets_of_a_reply_are_not_kept(client: httpx.AsyncClient, app: App) -> None:
    """The client gets its token; the journal tells only whose it and the password are."""
    login = {"email": "alex.rep@maple.example.com", "password": "password-maple-alex"}

    response = await client.post("/tether/api/auth/login", json=login)

    [exchange] = app.session().journal
    assert response.json()["token"].startswith("eyJ")
    assert json.loads(exchange.response_body)["token"] == "[redacted maple-alex]"
    assert json.loads(exchange.request_body)["password"] == "[redacted maple-alex]"


async def test_revoked_credential_has_an_owner(client: httpx.AsyncClient, app: App) -> None:
    """The journal tells whose key was refused."""
    await client.get(CAMPAIGNS, headers={"x-api-key": "sk_test_acme_revoked"})

    [exchange] = app.session().journal
    assert (exchange.status, exchange.account) == (401, "acme-revoked")


async def test_health_moves_no_session(client: httpx.AsyncClient, app: App) -> None:
    """However often somebody asks, the next id and the journal stay what they were."""
    before = app.session().fakes.random.getstate()

    response = await client.get("/__admin/health")

    assert app.session().fakes.random.getstate() == before
    assert "x-understudy-exchange" not in response.headers
    assert len(app.session().journal) == 0


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.disconnect"}],
        [
            {"type": "http.request", "body": b'{"sandbox": true}', "more_body": True},
            {"type": "http.disconnect"},
        ],
    ],
)
async def test_request_that_was_cut_off_never_happened(
    app: App, messages: list[dict[str, Any]]
) -> None:
    """A client that goes away before its body is whole has asked for nothing."""
    path = f"{CAMPAIGNS}/b2c3d4e5-f6a7-8901-bcde-f12345678901"
    headers = [(b"x-api-key", b"sk_test_acme_admin"), (b"host", b"mock")]
    scope = {"type": "http", "method": "DELETE", "path": path, "raw_path": path.encode()}
    scope |= {"query_string": b"", "headers": headers}
    sent: list[Any] = []
    waiting = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(waiting)

    async def send(message: Any) -> None:
        sent.append(message)

    before = contents(app.session())
    await app(scope, receive, send)

    assert sent == [] and len(app.session().journal) == 0
    assert contents(app.session()) == before


async def test_host_is_compared_as_hosts_are(client: httpx.AsyncClient) -> None:
    """Case and the root's dot make no other host."""
    response = await client.get("/v3/profiles", headers={**KEY, "host": "API.Sent.DM."})

    assert response.status_code == 200


async def test_page_can_read_why_it_reached_nobody(client: httpx.AsyncClient) -> None:
    """A typo in the address is no opaque network error in a browser."""
    response = await client.get("/nobody", headers={"origin": "http://localhost:3000"})

    assert response.headers["access-control-allow-origin"] == "*"


async def test_large_body_where_none_is_declared_is_ignored(client: httpx.AsyncClient) -> None:
    """A GET takes no body, whatever its size."""
    response = await client.request("GET", CAMPAIGNS, content=b"x" * 2_000_000, headers=KEY)

    assert response.status_code == 200


async def test_preflight_is_answered_without_a_key(client: httpx.AsyncClient) -> None:
    """A browser may ask before it calls."""
    asked = {
        "origin": "http://localhost:3000",
        "access-control-request-method": "PATCH",
        "access-control-request-headers": "x-api-key, idempotency-key, content-type",
    }

    response = await client.options(SALES, headers=asked)

    assert response.status_code == 200
    assert "PATCH" in response.headers["access-control-allow-methods"]
    assert "idempotency-key" in response.headers["access-control-allow-headers"]


@pytest.mark.parametrize("key", [KEY, {}])
async def test_pages_may_read_replies_and_their_headers(
    client: httpx.AsyncClient, key: dict[str, str]
) -> None:
    """Errors, too, reach a page, with the vendor's and the mock's headers exposed."""
    response = await client.get(CAMPAIGNS, headers={**key, "origin": "http://localhost:3000"})

    assert response.headers["access-control-allow-origin"] == "*"
    exposed = response.headers["access-control-expose-headers"]
    assert {"X-Request-Id", "X-Understudy-Diagnosis", "Retry-After"} <= set(exposed.split(", "))


async def test_admin_plane_grants_no_origin(client: httpx.AsyncClient) -> None:
    """A page of another origin cannot read the admin plane."""
    response = await client.get("/__admin/health", headers={"origin": "http://evil.example"})

    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


async def test_health_names_the_vendors(client: httpx.AsyncClient) -> None:
    """Ready means that every document is loaded."""
    body = (await client.get("/__admin/health")).json()

    assert body["status"] == "ok"
    assert body["vendors"] == vendor_names()


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "x", 404), ("POST", "health", 405)])
async def test_admin_errors_are_problems(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    """The admin plane speaks in the mock's own name."""
    response = await client.request(method, f"/__admin/{path}")

    assert response.status_code == status
    assert problem_of(response)["status"] == status

"""What documents may ask for beyond the shipped ones: cookies, arrays, keys in other places."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.conftest import NOON
from tests.toy import DOCUMENT, toy_service
from understudy.core.settings import Settings
from understudy.openapi.document import Document, Node
from understudy.server.app import App
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.service import Service

CREDENTIAL = "let-me-in"
ARRAY = {"type": "array", "items": {"type": "string"}}
GET = DOCUMENT["paths"]["/toys"]["get"]
REFUSALS = {status: {"description": ""} for status in ("400", "401", "415")}


def service(schemes: Node | None = None, security: Any = None, **operation: Any) -> Service:
    """A toy service whose one operation answers with the parameters that it was given."""

    async def get_toy(call: Call) -> Reply:
        account = call.account.name if call.account else "nobody"
        return Reply(200, {"toy": account, "parameters": call.parameters})

    responses = {**GET["responses"], **REFUSALS}
    raw = {**DOCUMENT, "paths": {"/toys": {"get": {**GET, "responses": responses, **operation}}}}
    if schemes is not None:
        raw["components"] = {"securitySchemes": schemes}
        raw["security"] = security or [{name: []} for name in schemes]
    toys = toy_service(Reply(200))
    return replace(toys, document=Document("toys", raw), handlers={"getToy": get_toy})


async def ask(service: Service, query: str = "", **headers: str) -> httpx.Response:
    """The reply to a request to the one operation."""
    app = App([service], Settings(clock=NOON), None)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        return await client.get(f"/toys/toys{query}", headers=headers)


def array(**declared: Any) -> list[Node]:
    return [{"name": "tag", "in": "query", "schema": ARRAY, **declared}]


@pytest.mark.parametrize(
    ("parameters", "query", "tags"),
    [
        (array(), "?tag=a,b", ["a,b"]),
        (array(), "?tag=a&tag=b", ["a", "b"]),
        (array(explode=False), "?tag=a,b", ["a", "b"]),
        (array(style="pipeDelimited", explode=False), "?tag=a%7Cb", ["a", "b"]),
    ],
)
async def test_an_array_in_the_query_is_read_as_it_is_declared(
    parameters: list[Node], query: str, tags: list[str]
) -> None:
    """A comma separates items only where the document says so."""
    response = await ask(service(parameters=parameters), query, authorization="Bearer let-me-in")

    assert response.json()["parameters"] == {"tag": tags}


@pytest.mark.parametrize(
    ("cookie", "status"), [("size=7; other=1", 200), ("other=1", 400), ("size=big", 400)]
)
async def test_a_cookie_parameter_is_read_and_checked(cookie: str, status: int) -> None:
    """It is demanded where it is required, and its schema holds."""
    size = {"name": "size", "in": "cookie", "required": True, "schema": {"type": "integer"}}
    headers = {"authorization": "Bearer let-me-in", "cookie": cookie}

    response = await ask(service(parameters=[size]), **headers)

    assert response.status_code == status
    assert response.json().get("parameters", {"size": 7}) == {"size": 7}


IN_QUERY = {"type": "apiKey", "in": "query", "name": "key"}
IN_COOKIE = {"type": "apiKey", "in": "cookie", "name": "sid"}
BASIC = {"type": "http", "scheme": "basic"}
OAUTH = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {}}}}


@pytest.mark.parametrize(
    ("scheme", "query", "headers"),
    [
        (IN_QUERY, f"?key={CREDENTIAL}", {}),
        (IN_COOKIE, "", {"cookie": f"theme=dark; sid={CREDENTIAL}"}),
        (OAUTH, "", {"authorization": f"Bearer {CREDENTIAL}"}),
    ],
)
async def test_a_key_is_read_where_the_document_has_it(
    scheme: Node, query: str, headers: dict[str, str]
) -> None:
    """With it the caller is known; without it the request is refused."""
    secured = service({"it": scheme})

    assert (await ask(secured, query, **headers)).json()["toy"] == "owner"
    assert (await ask(secured)).status_code == 401


@pytest.mark.parametrize("key", [f"?key={CREDENTIAL}", ""])
async def test_either_of_two_keys_will_do(key: str) -> None:
    """The second alternative is tried where the first one is not met."""
    secured = service({"cookie": IN_COOKIE, "query": IN_QUERY})
    headers = {} if key else {"cookie": f"sid={CREDENTIAL}"}

    assert (await ask(secured, key, **headers)).json()["toy"] == "owner"


@pytest.mark.parametrize("security", [[{}, {"query": []}], [{"query": []}, {}]])
@pytest.mark.parametrize(("key", "caller"), [(f"?key={CREDENTIAL}", "owner"), ("", "nobody")])
async def test_a_key_may_be_optional(security: list[Node], key: str, caller: str) -> None:
    """Whoever sends one is known, in whatever order the alternatives are declared."""
    secured = service({"query": IN_QUERY}, security)

    assert (await ask(secured, key)).json()["toy"] == caller


async def test_both_of_two_keys_are_demanded_together() -> None:
    """One alone is refused."""
    secured = service({"cookie": IN_COOKIE, "query": IN_QUERY}, [{"cookie": [], "query": []}])
    cookie = f"sid={CREDENTIAL}"

    assert (await ask(secured, cookie=cookie)).status_code == 401
    assert (await ask(secured, f"?key={CREDENTIAL}", cookie=cookie)).status_code == 200


async def test_a_form_is_refused_where_json_is_declared_too() -> None:
    """The document takes both; the mock reads JSON, and says so."""
    content = {"application/json": {}, "application/x-www-form-urlencoded": {}}
    toys = service(requestBody={"content": content})
    app = App([toys], Settings(clock=NOON), None)
    transport = httpx.ASGITransport(app)
    headers = {"authorization": "Bearer let-me-in"}
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        response = await client.request("GET", "/toys/toys", headers=headers, data={"a": "b"})

    [diagnosis] = next(iter(app.session().journal)).diagnoses
    assert response.status_code == 415
    assert diagnosis.hint == "send it as application/json"

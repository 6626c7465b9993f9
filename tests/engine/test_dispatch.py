"""One routed request: what a handler may answer, and what becomes of it when it may not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.conftest import NOON
from tests.contents import contents
from tests.toy import DOCUMENT, toy_service
from understudy.core.errors import StartError
from understudy.core.settings import Settings
from understudy.openapi.document import Document
from understudy.server.app import App
from understudy.service.reply import Reply

KEY = {"authorization": "Bearer let-me-in"}


async def ask(app: App, headers: dict[str, str] = KEY) -> httpx.Response:
    """Call the toy vendor's one operation."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        return await client.get("/toys/toys", headers=headers)


def toys(answer: Any, **settings: Any) -> App:
    return App([toy_service(answer)], Settings(clock=NOON, **settings), None)


def stored(app: App) -> dict[Any, Any]:
    return dict(contents(app.session()))


async def test_documented_reply_leaves_and_its_changes_are_kept() -> None:
    """What the document declares is sent, with the vendor's headers."""
    app = toys(Reply(200, {"toy": "kite"}))

    response = await ask(app)

    assert (response.status_code, response.json()) == (200, {"toy": "kite"})
    assert response.headers["x-toy"] == "yes"
    assert stored(app) == {("toys", "toys", ""): {"kept": b'{"id":"kept"}'}}


@pytest.mark.parametrize(
    ("reply", "code", "pointer"),
    [
        (Reply(200, {"toy": 7}), "type", "/toy"),
        (Reply(200, {}), "required", "/toy"),
        (Reply(418, {"toy": "kite"}), "undocumented-status", ""),
    ],
)
async def test_undocumented_reply_is_a_500_that_says_why(
    reply: Reply, code: str, pointer: str
) -> None:
    """A handler that breaks its document is told so, and nothing of its work is kept."""
    app = toys(reply)

    response = await ask(app)

    [diagnosis] = next(iter(app.session().journal)).diagnoses
    assert response.status_code == 500
    assert (diagnosis.code, diagnosis.where, diagnosis.pointer) == (code, "response", pointer)
    assert stored(app) == {}


async def test_response_check_can_be_switched_off() -> None:
    """Without the check what the handler says is sent."""
    response = await ask(toys(Reply(418, {"anything": 1}), check_responses=False))

    assert (response.status_code, response.json()) == (418, {"anything": 1})


async def test_unhandled_exception_stays_in_the_envelope() -> None:
    """A defect of the mock is a 500 in the vendor's words, with its name in the diagnosis."""
    app = toys(KeyError("oops"))

    response = await ask(app)

    assert response.status_code == 500
    assert response.json() == {"error": "KeyError: 'oops'"}
    assert next(iter(app.session().journal)).diagnoses[0].code == "internal"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer nobody"},
        {"authorization": "Basic let-me-in"},
        {"authorization": "let-me-in"},
    ],
)
async def test_bearer_token_is_asked_for(headers: dict[str, str]) -> None:
    """Only a bearer token of an account opens the door."""
    response = await ask(toys(Reply(200, {"toy": "kite"})), headers)

    assert response.status_code == 401


async def test_any_auth_takes_every_bearer() -> None:
    """With `any` every well-formed credential acts as the default account."""
    app = toys(Reply(200, {"toy": "kite"}), auth="any")

    response = await ask(app, {"authorization": "bearer  whatever"})

    assert response.status_code == 200
    assert next(iter(app.session().journal)).account == "owner"


def test_document_that_is_no_openapi_stops_the_start() -> None:
    """What Connexion would stumble over is one sentence with the place."""
    service = toy_service(Reply(200, {"toy": "kite"}))
    document = Document("toys", {**DOCUMENT, "info": {"title": "Toys"}})

    with pytest.raises(StartError, match=r"is not OpenAPI 3.0: at info: .*version"):
        App([replace(service, document=document)], Settings(), None)

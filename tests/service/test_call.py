"""A call: what a handler is given of its request."""

from __future__ import annotations

from typing import Any

from tests.toy import toy_service
from understudy.core.settings import Settings
from understudy.openapi.document import Document
from understudy.service import Call, Reply, checks
from understudy.service.request import Request
from understudy.service.service import Service
from understudy.session.session import Session
from understudy.session.store import Snapshot

NUMBER = {"name": "shelfNumber", "in": "path", "required": True, "schema": {"type": "integer"}}
PATHS = {
    "/shelves/{shelfNumber}": {
        "get": {
            "operationId": "getShelf",
            "parameters": [NUMBER],
            "responses": {"200": {"description": ""}},
        }
    }
}


def make_call() -> Call[Any]:
    """A request to a path that holds a number."""
    document = Document("toys", {"paths": PATHS, "components": {}})
    service = Service(toy_service(Reply(200)).vendor, document, {}, None, {}, "/toys")
    session = Session("test", Snapshot({}), Settings(clock=0))
    request = Request("GET", "/shelves/7", "", {}, received=0)
    call: Call[Any] = Call(service, session, Settings(), request)
    call.routed, call.path_values = document.operations["getShelf"], {"shelfNumber": "7"}
    return call


async def test_arguments_are_validated_values() -> None:
    """A handler is given the type that the document declares, by its Python name."""
    call = make_call()

    await checks.parameters(call)

    assert call.arguments == {"shelf_number": 7}


def test_arguments_of_unread_parameters_are_text() -> None:
    """A vendor need not check its parameters."""
    assert make_call().arguments == {"shelf_number": "7"}

"""A vendor of three operations, for tests of what no real room does."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from understudy import checks
from understudy.auth import Account, Accounts
from understudy.contract import Document
from understudy.errors import ApiError
from understudy.rooms import bind
from understudy.vendor import Call, Reply, Room, Vendor

ANSWER = {"type": "object", "required": ["toy"], "properties": {"toy": {"type": "string"}}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Toys", "version": "1"},
    "security": [{"Token": []}],
    "paths": {
        "/toys": {
            "get": {
                "operationId": "getToy",
                "responses": {
                    "200": {
                        "description": "",
                        "content": {"application/json": {"schema": ANSWER}},
                    },
                },
            }
        },
    },
    "components": {"securitySchemes": {"Token": {"type": "http", "scheme": "bearer"}}},
}
ACCOUNT = Account("owner", "let-me-in", "The only one.")


def spell(call: Call, error: ApiError) -> Reply:
    return Reply(error.status, {"error": error.message})


def finish(call: Call, reply: Reply) -> None:
    reply.headers["X-Toy"] = "yes"


def toy_room(answer: Any) -> Room:
    """A room whose one handler answers what is given: a reply to send, an exception to raise."""

    async def get_toy(call: Call) -> Reply:
        if isinstance(answer, Exception):
            raise answer
        await call.toys.put({"id": "kept"})
        reply: Reply = answer
        return reply

    handlers = ModuleType("toys")
    get_toy.__module__ = "toys"
    handlers.__dict__["get_toy"] = get_toy
    document = Document("toys", DOCUMENT)
    vendor = Vendor(
        name="toys",
        title="Toys",
        handlers=handlers,
        checks=(checks.parameters, checks.body),
        spell=spell,
        finish=finish,
        collections={"toys": "toy"},
    )
    accounts = Accounts([ACCOUNT], "owner", bool)
    return Room(vendor, document, bind(document, handlers), accounts, {}, "/toys")

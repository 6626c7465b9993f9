"""Two small vendors, for tests of what no real service does, or not yet."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from understudy.core.errors import ApiError
from understudy.core.strict_json import write_json
from understudy.engine.registry import bind_handlers
from understudy.openapi.document import Document
from understudy.service import Signature, checks
from understudy.service.accounts import Account, Accounts
from understudy.service.call import Call
from understudy.service.collections import Collections, Stored
from understudy.service.declaration import Sample, Vendor, View
from understudy.service.lifecycle import Lifecycle
from understudy.service.reply import Reply
from understudy.service.service import Service
from understudy.service.unit_of_work import Resource, UnitOfWork
from understudy.session.deliveries import Delivery
from understudy.session.rate_limits import Limit

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


class ToyStore(Collections):
    toys = Stored("toy")


class ShopStore(ToyStore):
    tills = Stored("till")


def render_error(call: Call, error: ApiError) -> Reply:
    return Reply(error.status, {"error": error.message})


def finish(call: Call, reply: Reply) -> None:
    reply.headers["X-Toy"] = "yes"


def toy_service(answer: Any) -> Service:
    """A service whose one handler answers what is given: a reply to send, an exception to raise."""

    async def get_toy(call: Call[ToyStore]) -> Reply:
        if isinstance(answer, Exception):
            raise answer
        await call.store.toys.put({"id": "kept"})
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
        render_error=render_error,
        finish=finish,
        store=ToyStore,
    )
    accounts = Accounts([ACCOUNT], "owner", bool)
    return Service(vendor, document, bind_handlers(document, handlers), accounts, {}, "/toys")


# A second vendor: a shop whose toys have a life.

SOLD = "http://127.0.0.1:9/sold"
SHELF = 5
TOY = {
    "type": "object",
    "required": ["id", "name", "state"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string", "minLength": 1},
        "state": {"type": "string", "enum": ["new", "sold", "broken"]},
    },
}
SHOP: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "A shop", "version": "1"},
    "security": [{"Token": []}],
    "paths": {
        "/toys": {
            "post": {
                "operationId": "createToy",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"type": "object"}}},
                },
                "responses": {
                    "201": {
                        "description": "",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Toy"}}
                        },
                    },
                    "429": {"description": ""},
                    "507": {"description": ""},
                },
            }
        },
    },
    "components": {
        "schemas": {"Toy": TOY},
        "securitySchemes": {"Token": {"type": "http", "scheme": "bearer"}},
    },
}
LIFE = Lifecycle(
    kind="toy",
    member="state",
    table={
        "new": {"sell": "sold", "smash": "broken", "wear_out": "broken"},
        "sold": {"take_back": "new"},
        "broken": {},
    },
)
HELPER = Account("helper", "let-me-help", "The other one.")


class ShelfFull(ApiError):
    """The shop has no room for another toy."""

    status = 507


def shown(toy: Resource) -> Resource:
    """What the shop's users see: not who made it, nor when."""
    return {name: toy[name] for name in ("id", "name", "state")}


def signed(work: UnitOfWork[ToyStore]) -> dict[str, str]:
    """What a delivery carries when it leaves now."""
    return {"X-Toy-Signature": f"at={work.timestamp(0)}"}


def expected_signature(secret: str, body: bytes, sent: str) -> str:
    """What the shop signs is the time alone."""
    return sent


async def create_toy(call: Call[ToyStore]) -> Reply:
    """A toy is made, and sold an hour later; every scope is a shelf."""
    shelf = call.body.get("shelf", "")
    if await call.store.toys.count(shelf) >= SHELF:
        raise ShelfFull(f"the shelf holds {SHELF} toys")
    toy = {"id": call.fakes.uuid(), "name": call.body["name"], "state": "new"}
    made = {"created_at": call.timestamp(0), "by": call.account.name if call.account else ""}
    await call.store.toys.put({**toy, **made}, shelf)
    call.later(3_600, "sell_itself", id=toy["id"], shelf=shelf)
    return Reply(201, toy)


async def sell_itself(work: UnitOfWork[ToyStore], id: str, shelf: str) -> None:
    toy = await work.store.toys.find(id, shelf)
    if toy is not None and toy["state"] == "new":
        await sell(work, toy, shelf)


async def sell(work: UnitOfWork[ToyStore], toy: Resource, scope: str) -> None:
    """It is sold, its maker is told, and a day later it is back."""
    sold = LIFE.fire(toy, "sell")
    await work.store.toys.put(sold, scope)
    work.deliver("toy.sold", SOLD, shown(sold), signed(work))
    work.later(86_400, "come_back", id=toy["id"], shelf=scope)


async def come_back(work: UnitOfWork[ToyStore], id: str, shelf: str) -> None:
    await take_back(work, await work.store.toys.get(id, shelf), shelf)


async def take_back(work: UnitOfWork[ToyStore], toy: Resource, scope: str) -> None:
    await work.store.toys.put(LIFE.fire(toy, "take_back"), scope)


async def smash(work: UnitOfWork[ToyStore], toy: Resource, scope: str) -> None:
    """Nobody smashes a toy here."""
    await work.store.toys.put(LIFE.fire(toy, "smash"), scope)
    raise ShelfFull("there is no room for the pieces")


async def sample_toy(call: Call[ToyStore]) -> tuple[dict[str, str], Any]:
    """A toy with a name that somebody might have."""
    return {}, {"name": call.fakes.faker.first_name()}


async def resign(work: UnitOfWork[ToyStore], delivery: Delivery) -> dict[str, str]:
    return signed(work)


def toy_shop() -> Service:
    """A service whose toys are made by its operation, by hand or by samples, and sold by time."""
    handlers = ModuleType("shop")
    handlers.__dict__["create_toy"] = create_toy
    document = Document("shop", SHOP)
    vendor = Vendor(
        name="shop",
        title="A shop",
        handlers=handlers,
        checks=(checks.count, checks.rate_limit, checks.parameters, checks.body),
        render_error=render_error,
        finish=finish,
        store=ShopStore,
        actions={"sell_itself": sell_itself, "come_back": come_back},
        limit=lambda operation: Limit("shop", 3, 60, 3),
        lifecycles={"toys": LIFE},
        fires={"toys": {"sell": sell, "take_back": take_back, "smash": smash}},
        views={"toys": View("Toy", shown)},
        samples={"toys": Sample("createToy", sample_toy)},
        signature=Signature("X-Toy-Signature", "toys", "name", expected_signature),
        resign=resign,
    )
    accounts = Accounts([ACCOUNT, HELPER], "owner", bool)
    seed = {"id": "bear", "name": "Bear", "state": "new", "created_at": "2026-01-01T00:00:00+00:00"}
    shelves = {("shop", "toys", ""): {"bear": write_json({**seed, "by": "owner"})}}
    return Service(vendor, document, bind_handlers(document, handlers), accounts, shelves, "/shop")

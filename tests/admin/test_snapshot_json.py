"""Worlds as JSON and back: nothing is lost on the way, and nothing comes in that does not fit."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import NOON
from tests.toy import toy_shop
from understudy.admin.snapshot_json import TWISTER_WORDS, read_world, write_world
from understudy.admin.views import SEND_HELD_DELIVERY
from understudy.core.clock import ClockState, DueAction, DueCall, HeldDelivery, format_instant
from understudy.core.errors import Unfit
from understudy.core.fakes import Fakes, FakesState
from understudy.core.strict_json import write_json
from understudy.engine.registry import open_services
from understudy.service.service import make_seed_snapshot
from understudy.session.deliveries import HELD_FIELDS, Delivery, pack_delivery, unpack_delivery
from understudy.session.idempotency import RememberedReply
from understudy.session.session import World
from understudy.session.store import CollectionData, CollectionKey, Snapshot

SHOP = toy_shop()
SERVICES = {"shop": SHOP}
SEED = 7
instants = st.integers(NOON, NOON + 10**18)
texts = st.text(max_size=8)
counts = st.integers(0, 10**9)


def read(written: Any) -> World:
    """The world that this JSON describes to a mock of the shop."""
    return read_world(orjson.loads(orjson.dumps(written)), SERVICES, SEED)


def toy(id: str, name: str = "Doll", **members: Any) -> dict[str, Any]:
    """A toy as the shop stores it."""
    made = {"created_at": "2026-03-11T12:00:00+00:00", "by": "owner"}
    return {"id": id, "name": name, "state": "new", **made, **members}


@st.composite
def shelves(draw: st.DrawFn) -> dict[CollectionKey, CollectionData]:
    """Some scopes of toys."""
    scopes = draw(st.dictionaries(texts, st.lists(texts, unique=True, max_size=3), max_size=3))
    return {
        ("shop", "toys", scope): {id: write_json(toy(id, f"Toy {id}")) for id in ids}
        for scope, ids in scopes.items()
    }


@st.composite
def parcels(draw: st.DrawFn) -> bytes:
    """A delivery that is held back."""
    return pack_delivery(
        Delivery(
            id=draw(texts),
            vendor="shop",
            event=draw(texts),
            url=draw(texts),
            body=draw(texts).encode(),
            headers=draw(st.dictionaries(texts, texts, max_size=2)),
            timeout=draw(st.floats(0.001, 100)),
            created=draw(instants),
            report=draw(st.sampled_from([None, "come_back"])),
            about=draw(st.dictionaries(texts, counts, max_size=2)),
            subscription=draw(texts),
        )
    )


@st.composite
def due_calls(draw: st.DrawFn) -> tuple[DueCall, ...]:
    """What waits: calls of the service, and deliveries that are held."""
    calls: list[DueCall] = []
    for order in range(1, draw(st.integers(0, 4)) + 1):
        held = draw(st.booleans())
        at = draw(instants)
        if held:
            calls.append(HeldDelivery(at, order, "shop", draw(parcels())))
            continue
        arguments = write_json({"id": draw(texts), "shelf": ""})
        action = draw(st.sampled_from(["sell_itself", "come_back"]))
        calls.append(DueAction(at, order, "shop", action, arguments))
    return tuple(sorted(calls))


@st.composite
def sequences(draw: st.DrawFn) -> FakesState:
    """Ids and invented names, drawn some way on."""
    fakes = Fakes(draw(counts))
    for _ in range(draw(st.integers(0, 3))):
        fakes.uuid()
    for _ in range(draw(st.integers(0, 1))):
        fakes.faker.name()
    return fakes.snapshot()


replies = st.builds(
    RememberedReply,
    request_id=st.text("abc-_1", max_size=8),
    expires=instants,
    status=st.integers(200, 599),
    headers=st.dictionaries(st.sampled_from(["x-one", "X-Two"]), st.text("abc 1", max_size=8)),
    body=texts.map(str.encode),
)
worlds = st.builds(
    World,
    resources=st.builds(Snapshot, shelves()),
    clock=st.builds(
        ClockState, now=instants, frozen=st.booleans(), due=due_calls(), scheduled=counts
    ),
    fakes=sequences(),
    idempotency=st.dictionaries(st.tuples(texts, texts, texts), replies, max_size=3),
    windows=st.dictionaries(
        st.tuples(texts, texts, st.integers(1, 3600)), st.tuples(counts, counts), max_size=3
    ),
    anchors=st.dictionaries(st.lists(texts, max_size=3).map(tuple), counts, max_size=3),
)


@settings(deadline=None, max_examples=50)
@given(worlds)
def test_a_world_is_read_as_it_was_written(world: World) -> None:
    """Through JSON text and back it is the same world."""
    assert read(write_world(world)) == world


@settings(deadline=None, max_examples=50)
@given(worlds)
def test_what_was_read_is_written_the_same(world: World) -> None:
    """The second text is the first one, to the byte and in its order."""
    written = orjson.dumps(write_world(world))

    assert orjson.dumps(write_world(read_world(orjson.loads(written), SERVICES, SEED))) == written


def test_the_seed_worlds_of_all_vendors_are_read() -> None:
    """What the mock begins with fits the vendors that it plays."""
    services = open_services()
    seed = make_seed_snapshot(services)
    world = World(seed, ClockState(NOON, True), Fakes(0).snapshot(), {}, {}, {})

    again = read_world(
        orjson.loads(orjson.dumps(write_world(world))),
        {service.name: service for service in services},
        0,
    )

    assert again == world


def test_a_world_may_be_written_by_hand() -> None:
    """Without ids they begin anew from the seed, and nothing else is remembered."""
    world = read({"clock": {"now": "2026-03-11T12:00:00Z", "frozen": True}, "resources": {}})

    assert world.fakes == Fakes(SEED).snapshot()
    assert world.clock == ClockState(NOON, True)
    assert (world.idempotency, world.windows, world.anchors) == ({}, {}, {})


def test_calls_written_by_hand_fire_in_their_order() -> None:
    """Without a number, calls of one instant come in the order of the list."""
    calls = [
        {
            "at": format_instant(NOON),
            "vendor": "shop",
            "action": "come_back",
            "arguments": {"id": id, "shelf": ""},
        }
        for id in ("b", "a")
    ]
    clock = {"now": format_instant(NOON), "frozen": True, "due": calls}

    world = read({"clock": clock, "resources": {}})

    assert [
        orjson.loads(each.arguments)["id"]
        for each in world.clock.due
        if isinstance(each, DueAction)
    ] == ["b", "a"]
    assert world.clock.scheduled == 2


def test_an_instant_is_told_to_the_nanosecond() -> None:
    """Nine digits, in UTC."""
    assert format_instant(NOON + 1) == "2026-03-11T12:00:00.000000001Z"


PARCEL = orjson.loads(pack_delivery(Delivery("1", "shop", "e", "http://x/", b"{}", {}, 1.0, NOON)))


def held(**members: Any) -> dict[str, Any]:
    """A held delivery as a due call, with these members instead of its own; None removes one."""
    changed = {**PARCEL, **members}
    arguments = {name: value for name, value in changed.items() if value is not ...}
    return {
        "at": format_instant(NOON),
        "vendor": "shop",
        "action": SEND_HELD_DELIVERY,
        "arguments": arguments,
    }


def with_toys(*toys: Any) -> Callable[[dict[str, Any]], None]:
    def change(written: dict[str, Any]) -> None:
        written["resources"]["shop"] = {"toys": {"": list(toys)}}

    return change


def with_due(*calls: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(written: dict[str, Any]) -> None:
        written["clock"]["due"] = list(calls)

    return change


def with_reply(**members: Any) -> Callable[[dict[str, Any]], None]:
    def change(written: dict[str, Any]) -> None:
        reply = {"vendor": "shop", "customer": "", "key": "k", "request_id": "r", "status": 201}
        kept = {"expires": format_instant(NOON), "headers": {}, "body": "{}"}
        written["idempotency"] = [{**reply, **kept, **members}]

    return change


def with_ids(**members: str) -> Callable[[dict[str, Any]], None]:
    def change(written: dict[str, Any]) -> None:
        written["ids"] = {**written["ids"], **members}

    return change


def with_resources(resources: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(written: dict[str, Any]) -> None:
        written["resources"] = resources

    return change


def with_now(now: str) -> Callable[[dict[str, Any]], None]:
    def change(written: dict[str, Any]) -> None:
        written["clock"]["now"] = now

    return change


FIRST = "/resources/shop/toys//0"
CALL = {"at": format_instant(NOON), "vendor": "shop", "action": "come_back", "arguments": {}}


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        (with_now("2026-06-30T23:59:60Z"), "/clock/now", "format"),
        (with_now("0001-01-01T00:00:00Z"), "/clock/now", "format"),
        (with_resources({"acme": {}}), "/resources/acme", "unknown"),
        (with_resources({"a/b": {}}), "/resources/a~1b", "unknown"),
        (with_resources({"shop": {"cars": {"": [{}]}}}), "/resources/shop/cars//0", "unknown"),
        (with_toys({"id": "a"}), f"{FIRST}/by", "required"),
        (with_toys(toy("a", state="lost")), f"{FIRST}/state", "enum"),
        (with_toys(toy("a", name="")), f"{FIRST}/name", "minLength"),
        (with_toys({**toy("a"), "id": 7}), f"{FIRST}/id", "type"),
        (with_toys(toy("a"), toy("a")), "/resources/shop/toys//1", "duplicate"),
        (with_due({**CALL, "action": "fly"}), "/clock/due/0/action", "unknown"),
        (with_due({**CALL, "vendor": "acme"}), "/clock/due/0/action", "unknown"),
        (with_due({**held(), "vendor": "acme"}), "/clock/due/0/action", "unknown"),
        (with_due({**CALL, "at": "2026-06-30T23:59:60Z"}), "/clock/due/0/at", "format"),
        (with_due(held(url=...)), "/clock/due/0/arguments/url", "required"),
        (with_due(held(extra=1)), "/clock/due/0/arguments", "additionalProperties"),
        (with_due(held(headers={"a": 1})), "/clock/due/0/arguments/headers/a", "type"),
        (with_due(held(timeout=0)), "/clock/due/0/arguments/timeout", "exclusiveMinimum"),
        (with_due(held(vendor="sent")), "/clock/due/0/arguments/vendor", "const"),
        (with_due(held(report="fly")), "/clock/due/0/arguments/report", "unknown"),
        (with_reply(expires="2026-06-30T23:59:60Z"), "/idempotency/0/expires", "format"),
        (with_reply(headers={"x-a": "a\nb"}), "/idempotency/0/headers/x-a", "format"),
        (with_reply(headers={"a b": "c"}), "/idempotency/0/headers/a b", "format"),
        (with_reply(request_id="\u00e9"), "/idempotency/0/headers/request_id", "format"),
        (with_ids(state=""), "/ids/state", "format"),
        (with_ids(state="%%%"), "/ids/state", "format"),
        (with_ids(state="\u00e9"), "/ids/state", "format"),
        (with_ids(state="AAAA"), "/ids/state", "format"),
        (
            with_ids(faker=base64.b64encode(b"\xff" * 4 * TWISTER_WORDS).decode()),
            "/ids/faker",
            "format",
        ),
    ],
)
def test_what_does_not_fit_is_told(
    change: Callable[[dict[str, Any]], None], pointer: str, code: str
) -> None:
    """Each misfit is told with a pointer into the snapshot."""
    world = World(Snapshot({}), ClockState(NOON, True), Fakes(0).snapshot(), {}, {}, {})
    written = write_world(world)
    change(written)

    with pytest.raises(Unfit) as raised:
        read(written)

    assert (pointer, code) in [(each.pointer, each.code) for each in raised.value.diagnoses]


def test_every_misfit_is_told_at_once() -> None:
    """Not only the first."""
    written = {
        "clock": {
            "now": "2026-06-30T23:59:60Z",
            "frozen": True,
            "due": [{**CALL, "action": "fly"}],
        },
        "resources": {"acme": {}, "shop": {"toys": {"": [{"id": "a"}, toy("b", name="")]}}},
    }

    with pytest.raises(Unfit) as raised:
        read(written)

    assert len(raised.value.diagnoses) >= 5


def test_a_held_delivery_is_unpacked_as_it_was_packed() -> None:
    """Everything that is needed to send it is carried."""
    delivery = Delivery("1", "shop", "e", "http://x/", b'{"a":1}', {"b": "c"}, 1.5, NOON)

    again = unpack_delivery(pack_delivery(delivery))

    assert again == delivery
    assert {"headers", "timeout", "report", "about", "subscription"} <= set(HELD_FIELDS)


def test_a_held_delivery_fits() -> None:
    """The form that is demanded of one is the form in which it is packed."""
    written = {
        "clock": {"now": format_instant(NOON), "frozen": True, "due": [held()]},
        "resources": {},
    }

    [call] = read(written).clock.due

    assert isinstance(call, HeldDelivery)
    assert unpack_delivery(call.delivery).url == "http://x/"


def test_a_call_without_its_arguments_is_refused() -> None:
    """What an action needs is asked for at once, not when its time has come."""
    call = {
        "at": format_instant(NOON),
        "vendor": "shop",
        "action": "come_back",
        "arguments": {"id": "a"},
    }

    with pytest.raises(Unfit) as caught:
        read(
            {"clock": {"now": format_instant(NOON), "frozen": True, "due": [call]}, "resources": {}}
        )

    [fault] = caught.value.diagnoses
    assert (fault.pointer, "shelf" in fault.message) == ("/clock/due/0/arguments", True)


def test_a_clock_beyond_its_end_is_refused() -> None:
    """An uploaded clock ends where one that is moved ends."""
    with pytest.raises(Unfit) as caught:
        read({"clock": {"now": "9999-12-31T00:00:00Z", "frozen": True}, "resources": {}})

    assert caught.value.diagnoses[0].pointer == "/clock/now"

"""A session's world as readable JSON, and back: the format of downloaded snapshots.

The shape of an uploaded snapshot is checked against `World` in specs/admin.yaml before this module
reads it; here is checked what only the served vendors know, and what a schema cannot express.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import signature
from typing import Any

from understudy.admin.views import SEND_HELD_DELIVERY
from understudy.core.clock import (
    LAST,
    ClockState,
    DueAction,
    DueCall,
    HeldDelivery,
    format_instant,
    parse_instant,
)
from understudy.core.errors import Diagnosis, Unfit
from understudy.core.fakes import Fakes, FakesState
from understudy.core.json_pointer import escape_token
from understudy.core.strict_json import load_json, write_json
from understudy.core.version import __version__
from understudy.openapi.schemas import Validator
from understudy.service.resource_validation import validate_resource
from understudy.service.service import Service
from understudy.session.deliveries import HELD_FIELD_TYPES
from understudy.session.idempotency import RememberedReply
from understudy.session.session import World
from understudy.session.store import CollectionData, CollectionKey, Snapshot

FORMAT_VERSION = 1
# The state of Python's Mersenne Twister: its version, 624 words and a position, no spare Gauss.
TWISTER_VERSION = 3
TWISTER_WORDS = 625
# What the headers of a reply may contain.
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HEADER_VALUE = re.compile(r"[ -~]*")
Json = dict[str, Any]


def write_world(world: World) -> Json:
    """A world as JSON."""
    clock = world.clock
    return {
        "format": FORMAT_VERSION,
        "version": __version__,
        "clock": {
            "now": format_instant(clock.now),
            "frozen": clock.frozen,
            "scheduled": clock.scheduled,
            "due": [_write_due(call) for call in clock.due],
        },
        "resources": _write_resources(world.resources),
        "ids": _write_fakes(world.fakes),
        "idempotency": [_write_reply(*entry) for entry in world.idempotency.items()],
        "windows": [
            {"pool": pool, "limit": name, "seconds": seconds, "begun": begun, "used": used}
            for (pool, name, seconds), (begun, used) in world.windows.items()
        ],
        "readers": [
            {"reader": list(reader), "count": count} for reader, count in world.anchors.items()
        ],
    }


def _write_due(call: DueCall) -> Json:
    when = {"at": format_instant(call.at), "order": call.order, "vendor": call.vendor}
    if isinstance(call, HeldDelivery):
        return {**when, "action": SEND_HELD_DELIVERY, "arguments": load_json(call.delivery)}
    return {**when, "action": call.action, "arguments": load_json(call.arguments)}


def _write_resources(resources: Snapshot) -> Json:
    written: Json = {}
    for (vendor, collection, scope), shelf in resources.shelves.items():
        scopes = written.setdefault(vendor, {}).setdefault(collection, {})
        scopes[scope] = [load_json(resource) for resource in shelf.values()]
    return written


def _write_fakes(state: FakesState) -> Json:
    written = {"state": _write_twister(state.ids)}
    if state.faker is not None:
        written["faker"] = _write_twister(state.faker)
    return written


def _write_twister(state: tuple[Any, ...]) -> str:
    return base64.b64encode(struct.pack(f">{TWISTER_WORDS}I", *state[1])).decode()


def _write_reply(owner: tuple[str, str, str], entry: RememberedReply) -> Json:
    vendor, customer, key = owner
    return {
        "vendor": vendor,
        "customer": customer,
        "key": key,
        "request_id": entry.request_id,
        "expires": format_instant(entry.expires),
        "status": entry.status,
        "headers": entry.headers,
        "body": entry.body.decode(),
    }


def read_world(written: Json, services: Mapping[str, Service], seed: int) -> World:
    """The world that a snapshot describes.

    Args:
        written: valid against `World` in specs/admin.yaml.
        services: those that are served, by name.
        seed: of the ids, when the snapshot has no state of theirs.

    Raises:
        Unfit: with everything that these services cannot have stored or scheduled.
    """
    faults: list[Diagnosis] = []
    clock = written["clock"]
    world = World(
        resources=Snapshot(dict(_read_shelves(written["resources"], services, faults))),
        clock=ClockState(
            now=_read_instant(clock["now"], "/clock/now", faults),
            frozen=clock["frozen"],
            due=tuple(sorted(_read_due(clock.get("due", []), services, faults))),
            scheduled=clock.get("scheduled", len(clock.get("due", []))),
        ),
        fakes=_read_fakes(written.get("ids"), seed, faults),
        idempotency=dict(_read_replies(written.get("idempotency", []), faults)),
        windows={
            (each["pool"], each["limit"], each["seconds"]): (each["begun"], each["used"])
            for each in written.get("windows", [])
        },
        anchors={tuple(each["reader"]): each["count"] for each in written.get("readers", [])},
    )
    if faults:
        raise Unfit("the snapshot does not fit the vendors that are served", faults)
    return world


def _fault(code: str, pointer: str, message: str, hint: str = "") -> Diagnosis:
    return Diagnosis(code, "body", pointer, message, hint)


def _read_instant(text: str, pointer: str, faults: list[Diagnosis]) -> int:
    try:
        read = parse_instant(text)
    except ValueError as error:
        faults.append(_fault("format", pointer, str(error), "send one of the years 1000 to 9998"))
        return 0
    if read > LAST:
        hint = f"a clock ends at {format_instant(LAST)}"
        faults.append(_fault("maximum", pointer, f"{text} is later than any clock goes", hint))
    return read


def _read_shelves(
    written: Json, services: Mapping[str, Service], faults: list[Diagnosis]
) -> Iterator[tuple[CollectionKey, CollectionData]]:
    for vendor, collections in written.items():
        service = services.get(vendor)
        if service is None:
            known = f"served: {', '.join(services)}"
            unknown = f'no vendor "{vendor}" is served'
            faults.append(_fault("unknown", f"/resources/{escape_token(vendor)}", unknown, known))
            continue
        for collection, scopes in collections.items():
            for scope, resources in scopes.items():
                pointer = f"/resources/{vendor}/{escape_token(collection)}/{escape_token(scope)}"
                shelf = _read_shelf(service, collection, resources, pointer, faults)
                yield (vendor, collection, scope), shelf


def _read_shelf(
    service: Service, collection: str, resources: list[Json], pointer: str, faults: list[Diagnosis]
) -> CollectionData:
    shelf: CollectionData = {}
    for index, resource in enumerate(resources):
        found = validate_resource(service, collection, resource, prefix=f"{pointer}/{index}")
        if not found and resource[service.vendor.key] in shelf:
            twin = f'"{resource[service.vendor.key]}" is there twice'
            found = [_fault("duplicate", f"{pointer}/{index}", twin, "give each an id of its own")]
        faults += found
        if not found:
            shelf[resource[service.vendor.key]] = write_json(resource)
    return shelf


def _read_due(
    written: list[Json], services: Mapping[str, Service], faults: list[Diagnosis]
) -> Iterator[DueCall]:
    for index, each in enumerate(written):
        pointer = f"/clock/due/{index}"
        service = services.get(each["vendor"])
        known = {SEND_HELD_DELIVERY, *service.vendor.actions} if service is not None else set()
        if service is None or each["action"] not in known:
            unknown = f'no action "{each["action"]}" of {each["vendor"]} is served'
            faults.append(_fault("unknown", f"{pointer}/action", unknown))
        elif each["action"] != SEND_HELD_DELIVERY:
            faults += _argument_faults(service, each, f"{pointer}/arguments")
        else:
            faults += _held_delivery_faults(service, each["arguments"], f"{pointer}/arguments")
        at = _read_instant(each["at"], f"{pointer}/at", faults)
        order = each.get("order", index + 1)
        arguments = write_json(each["arguments"])
        if each["action"] == SEND_HELD_DELIVERY:
            yield HeldDelivery(at, order, each["vendor"], arguments)
        else:
            yield DueAction(at, order, each["vendor"], each["action"], arguments)


def _argument_faults(service: Service | None, due: Json, pointer: str) -> Iterator[Diagnosis]:
    """The faults that would keep an action from being called when it is due."""
    if service is None:
        return
    try:
        signature(service.vendor.actions[due["action"]]).bind(None, **due["arguments"])
    except TypeError as error:
        yield _fault("required", pointer, f"{due['action']}: {error}", "give what the action takes")


def _held_delivery_faults(service: Service, held: Json, pointer: str) -> list[Diagnosis]:
    """The faults that would keep a held delivery from being sent when it is due."""
    found = _held_delivery_validator().diagnose(held, "body", pointer)
    if found:
        return found
    if held["vendor"] != service.name:
        other = f"it is a delivery of {held['vendor']}, the call one of {service.name}"
        return [_fault("const", f"{pointer}/vendor", other, "make them the same")]
    if held["report"] not in (None, *service.vendor.actions):
        unknown = f'{service.name} has no action "{held["report"]}"'
        return [_fault("unknown", f"{pointer}/report", unknown)]
    return []


@cache
def _held_delivery_validator() -> Validator:
    return Validator(HELD_FIELD_TYPES)


def _read_fakes(written: Json | None, seed: int, faults: list[Diagnosis]) -> FakesState:
    if written is None:
        return Fakes(seed).snapshot()
    faker = written.get("faker")
    return FakesState(
        ids=_read_twister(written["state"], "/ids/state", faults),
        faker=None if faker is None else _read_twister(faker, "/ids/faker", faults),
    )


def _read_twister(text: str, pointer: str, faults: list[Diagnosis]) -> tuple[Any, ...]:
    try:
        words = struct.unpack(f">{TWISTER_WORDS}I", base64.b64decode(text, validate=True))
    except (binascii.Error, struct.error, ValueError):
        words = ()
    if not words or words[-1] > TWISTER_WORDS - 1:
        faults.append(
            _fault("format", pointer, f"is not {TWISTER_WORDS} words of a twister in base64")
        )
    return (TWISTER_VERSION, words, None)


def _read_replies(
    written: list[Json], faults: list[Diagnosis]
) -> Iterator[tuple[tuple[str, str, str], RememberedReply]]:
    for index, each in enumerate(written):
        expires = _read_instant(each["expires"], f"/idempotency/{index}/expires", faults)
        # The request's id becomes a header as well.
        for name, value in {"request_id": each["request_id"], **each["headers"]}.items():
            if not (HEADER_NAME.fullmatch(name) and HEADER_VALUE.fullmatch(value)):
                pointer = f"/idempotency/{index}/headers/{escape_token(name)}"
                faults.append(_fault("format", pointer, "cannot be a header", "use plain ASCII"))
        body = each["body"].encode()
        reply = RememberedReply(each["request_id"], expires, each["status"], each["headers"], body)
        yield (each["vendor"], each["customer"], each["key"]), reply

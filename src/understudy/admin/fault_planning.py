"""Whether a fault that somebody wants to plan can ever strike, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from understudy.admin.context import AdminContext
from understudy.core.errors import Diagnosis, Unfit
from understudy.core.strict_json import write_json
from understudy.service.service import Service
from understudy.session.faults import (
    BODILESS_STATUSES,
    DELAY_FAULTS,
    DELIVERY_FAULTS,
    MAX_BODY,
    REQUEST_FAULTS,
    Fault,
)

# Members that every kind has, and what else means something to whom.
COMMON = frozenset({"kind", "vendor", "times", "probability", "seed"})
MEMBERS: Mapping[str, frozenset[str]] = {
    "status": frozenset({"status", "example", "body", "after", "retry_after"}),
    "rate-limit": frozenset({"retry_after", "after"}),
    "delay": frozenset({"delay", "sigma"}),
    "reset": frozenset({"after"}),
    "empty": frozenset({"after"}),
    "trickle": frozenset({"delay"}),
    "webhook-late": frozenset({"delay"}),
    "webhook-out-of-order": frozenset({"delay"}),
}
WHOLE = ("times", "seed", "status", "delay", "retry_after")
TOO_MANY = 429


def read_fault(context: AdminContext, asked: Mapping[str, Any], id: str) -> Fault:
    """The fault that a request describes.

    Raises:
        Missing: when its vendor is not served.
        Unfit: with everything that means nothing, or can never strike.
    """
    services = (
        [context.service(asked["vendor"])] if "vendor" in asked else list(context.services.values())
    )
    faults = [*_strangers(asked), *_whom(services, asked), *_answer(services, asked)]
    if faults:
        raise Unfit("this fault could not strike", faults)
    members = {"delay": DELAY_FAULTS.get(asked["kind"], 0), **asked, "id": id}
    # JSON's 503.0 is a whole number, too; Python's is not.
    whole = {name: int(members[name]) for name in WHOLE if name in members}
    own = {"body": write_json(asked["body"])} if "body" in asked else {}
    return Fault(**{**members, **whole, **own})


def _fault(member: str, message: str, hint: str = "") -> Diagnosis:
    return Diagnosis("unfit", "body", f"/{member}", message, hint)


def _strangers(asked: Mapping[str, Any]) -> Iterator[Diagnosis]:
    """Members that mean nothing to the kind."""
    kind = asked["kind"]
    whom = "event" if kind in DELIVERY_FAULTS else "operation"
    known = COMMON | {whom} | MEMBERS.get(kind, frozenset())
    for member in asked:
        if member not in known:
            hint = f"it takes: {', '.join(sorted(known - {'kind'}))}"
            yield _fault(member, f"{member} means nothing to the kind {kind}", hint)


def _whom(services: list[Service], asked: Mapping[str, Any]) -> Iterator[Diagnosis]:
    """An operation that nobody has, or a signature where nothing is signed."""
    kind, operation = asked["kind"], asked.get("operation")
    if operation is not None and kind in REQUEST_FAULTS:
        known = sorted({id for service in services for id in service.document.operations})
        if operation not in known:
            unknown = f'there is no operation "{operation}"'
            yield _fault("operation", unknown, f"operations: {', '.join(known)}")
    if kind == "webhook-bad-signature" and not any(
        service.vendor.signature for service in services
    ):
        yield _fault("vendor", f"{services[0].name} signs no deliveries", "choose another vendor")


def _answer(services: list[Service], asked: Mapping[str, Any]) -> Iterator[Diagnosis]:
    """A status without a number, or an example that no such reply has."""
    if asked["kind"] != "status":
        return
    if "status" not in asked:
        yield _fault("status", "the kind status needs one", "200 to 599")
    elif "retry_after" in asked and asked["status"] != TOO_MANY:
        yield _fault("retry_after", f"retry_after means nothing to a {asked['status']}")
    if "body" in asked:
        yield from _body(asked)
    if "example" in asked and "status" in asked:
        yield from _example(services, asked)


def _body(asked: Mapping[str, Any]) -> Iterator[Diagnosis]:
    if asked.get("status") in BODILESS_STATUSES:
        yield _fault("body", f"a reply {asked['status']} has no body", "leave it out")
    length = len(write_json(asked["body"]))
    if length > MAX_BODY:
        yield _fault("body", f"it has {length} bytes", f"it may have {MAX_BODY}")


def _example(services: list[Service], asked: Mapping[str, Any]) -> Iterator[Diagnosis]:
    if "body" in asked:
        yield _fault("example", "an example and a body were given", "choose one of them")
    known = {
        name
        for service in services
        for operation in service.document.operations.values()
        if asked.get("operation") in (None, operation.id)
        for status, response in operation.responses.items()
        if status == asked.get("status")
        for name in response.examples
    }
    if asked["example"] not in known:
        unknown = f'no reply {asked.get("status")} has an example "{asked["example"]}"'
        yield _fault("example", unknown, f"examples: {', '.join(sorted(known)) or 'none'}")

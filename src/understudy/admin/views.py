"""What the admin plane shows of sessions, exchanges, deliveries and vendors, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from understudy.admin.near_misses import NearMiss
from understudy.core.clock import MILLISECOND, DueCall, HeldDelivery, format_instant
from understudy.core.errors import MalformedBody
from understudy.core.strict_json import load_json, read_json
from understudy.coverage.coverage import Coverage, Exercised
from understudy.redaction.redactor import Redactor
from understudy.service.service import Service
from understudy.session.deliveries import Attempt, Delivery
from understudy.session.faults import PlannedFault
from understudy.session.journal import Exchange
from understudy.session.session import Session, World
from understudy.session.store import CollectionKey

Json = dict[str, Any]
SHOWN_DUE = 100
# What a held delivery is called among the actions; no vendor has one of this name.
SEND_HELD_DELIVERY = "(deliver)"


async def session(shown: Session) -> Json:
    return {
        "name": shown.name,
        "now": format_instant(shown.clock.now()),
        "frozen": shown.clock.frozen,
        "resources": sum((await shown.store.sizes()).values()),
        "pending": len(shown.clock),
        "requests": len(shown.journal),
        "deliveries": len(shown.webhooks.deliveries),
        "faults": len(shown.faults),
        "snapshots": list(shown.worlds),
    }


def snapshot(name: str, world: World) -> Json:
    return {
        "name": name,
        "now": format_instant(world.clock.now),
        "frozen": world.clock.frozen,
        "resources": sum(map(len, world.resources.shelves.values())),
        "pending": len(world.clock.due),
    }


def clock(shown: Session, pace: float | None) -> Json:
    pending = shown.clock.pending()
    return {
        "now": format_instant(shown.clock.now()),
        "frozen": shown.clock.frozen,
        "pace": pace,
        "pending": len(pending),
        "due": [due(each) for each in pending[:SHOWN_DUE]],
    }


def due(call: DueCall) -> Json:
    shown: Json = {"at": format_instant(call.at), "vendor": call.vendor}
    if isinstance(call, HeldDelivery):
        held = load_json(call.delivery)
        arguments = {"delivery": held["id"], "event": held["event"]}
        return {**shown, "action": SEND_HELD_DELIVERY, "arguments": arguments}
    return {**shown, "action": call.action, "arguments": load_json(call.arguments)}


def resource(key: CollectionKey, id: str, body: bytes) -> Json:
    vendor, collection, scope = key
    where = {"vendor": vendor, "collection": collection, "scope": scope, "id": id}
    return {**where, "resource": load_json(body)}


def fault(planned: PlannedFault) -> Json:
    it = planned.fault
    members = (
        *("id", "kind", "vendor", "operation", "event", "times", "probability", "seed"),
        *("status", "example", "delay", "sigma", "retry_after", "after"),
    )
    shown: Json = {name: getattr(it, name) for name in members}
    if it.body is not None:
        shown["body"] = load_json(it.body)
    return {**shown, "struck": planned.struck, "used_up": planned.used_up}


def summary(exchange: Exchange) -> Json:
    return {
        "id": exchange.id,
        "at": format_instant(exchange.started),
        "vendor": exchange.vendor or None,
        "operation": exchange.operation,
        "method": exchange.method,
        "path": exchange.path,
        "query": exchange.query,
        "status": exchange.status,
        "milliseconds": (exchange.ended - exchange.started) // MILLISECOND,
        "account": exchange.account,
        "preference": exchange.preference,
        "fault": exchange.remark,
        "codes": [each.code for each in exchange.diagnoses],
    }


def exchange(shown: Exchange) -> Json:
    return {
        **summary(shown),
        "request": message(shown.request_headers, shown.request_body),
        "response": message(_decoded(shown.response_headers), shown.response_body),
        "diagnoses": [each.as_json() for each in shown.diagnoses],
    }


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}


def message(headers: Mapping[str, str], body: bytes) -> Json:
    return {"headers": dict(headers), **text(body)}


def text(body: bytes) -> Json:
    """A body as text, and as JSON where the mock would take it as such."""
    shown: Json = {"body": body.decode("utf-8", "replace")}
    with suppress(MalformedBody):
        shown["json"] = read_json(body)
    return shown


def unmatched(exchange: Exchange, candidates: Iterable[NearMiss]) -> Json:
    return {"request": summary(exchange), "nearest": [_candidate(each) for each in candidates]}


def _candidate(candidate: NearMiss) -> Json:
    return {
        "vendor": candidate.service.name,
        "operation": candidate.operation.id,
        "method": candidate.operation.method,
        "path": f"{candidate.service.prefix}{candidate.operation.path}",
        "differences": [
            {"in": each.where, "expected": each.expected, "got": each.got}
            for each in candidate.differences
        ],
    }


def delivery(shown: Delivery, redactor: Redactor) -> Json:
    return {
        "id": shown.id,
        "vendor": shown.vendor,
        "event": shown.event,
        "url": shown.url,
        "subscription": shown.subscription,
        "state": shown.state,
        "reason": shown.reason,
        "fault": shown.fault,
        "created": format_instant(shown.created),
        **text(redactor.body(shown.body)),
        "attempts": [_attempt(each, shown.signature) for each in shown.attempts],
    }


def _attempt(attempt: Attempt, signature: str) -> Json:
    sent = {name.lower(): value for name, value in attempt.headers.items()}
    return {
        "at": format_instant(attempt.at),
        "milliseconds": attempt.milliseconds,
        "request_headers": sent,
        "signature": sent.get(signature),
        "status": attempt.status,
        "response_headers": dict(attempt.answered),
        "response_excerpt": attempt.excerpt,
        "error": attempt.error,
    }


def vendor(service: Service) -> Json:
    return {
        **_vendor(service),
        "accounts": [
            {
                "name": each.name,
                "key": each.credential,
                "note": each.note,
                "default": service.accounts is not None and each is service.accounts.default,
                "revoked": each.revoked,
            }
            for each in (service.accounts.all if service.accounts else ())
        ],
        "operations": [_operation(service, id) for id in service.document.operations],
        "collections": [
            {
                "collection": name,
                "kind": kind,
                "events": sorted(service.vendor.fires.get(name, ())),
                "populated": name in service.vendor.samples,
            }
            for name, kind in service.vendor.collections.items()
        ],
    }


def vendor_line(service: Service) -> Json:
    return {**_vendor(service), "operations": len(service.document.operations)}


def _vendor(service: Service) -> Json:
    return {
        "name": service.name,
        "title": service.vendor.title,
        "version": service.document.version,
        "origin": service.document.origin,
        "prefix": service.prefix,
        "hosts": list(service.vendor.hosts),
    }


def _operation(service: Service, id: str) -> Json:
    operation = service.document.operations[id]
    return {
        "operation": operation.id,
        "method": operation.method,
        "path": operation.path,
        "summary": operation.summary,
        "fidelity": operation.fidelity,
        "source": operation.source,
        "responses": [
            {
                "status": status,
                "fidelity": response.fidelity,
                "source": response.source,
                "examples": list(response.examples),
            }
            for status, response in operation.responses.items()
        ],
    }


def coverage(exercised: Coverage, vendor: str) -> Json:
    """What of a vendor's document was exercised."""
    summary = exercised.summary(vendor)
    return {
        "vendor": vendor,
        "operations": asdict(summary.operations),
        "responses": asdict(summary.responses),
        "details": [_exercised(each) for each in exercised.operations(vendor)],
    }


def _exercised(exercised: Exercised) -> Json:
    operation = exercised.operation
    return {
        "operation": operation.id,
        "method": operation.method,
        "path": operation.path,
        "calls": exercised.calls,
        "responses": [
            {
                "status": status,
                "documented": status in operation.responses,
                "calls": exercised.statuses[status],
            }
            for status in exercised.known_statuses
        ],
    }

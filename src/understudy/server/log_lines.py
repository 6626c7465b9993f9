"""Exchanges and deliveries as lines of a log, for people or as JSON."""

from __future__ import annotations

import orjson

from understudy.core.clock import MILLISECOND, format_timestamp
from understudy.core.terminal import DIM, GREEN, RED, YELLOW, escape_unprintable, paint
from understudy.session.deliveries import Delivery
from understudy.session.journal import Exchange


def format_exchange(exchange: Exchange, color: bool = False) -> str:
    """One line for people, and one more for each diagnosis."""
    session = "" if exchange.session == "default" else f"@{exchange.session}/"
    status = str(exchange.status or "---")
    if color:
        status = paint(_color(exchange.status), status)
    head = (
        f"{format_timestamp(exchange.started, 3)[11:23]} {exchange.method:<6} "
        f"{session}{exchange.vendor}{escape_unprintable(exchange.path)} "
        f"{status} {exchange.operation or '-'}"
    )
    if exchange.preference:
        head += f" (preferred: {exchange.preference})"
    if exchange.remark:
        head += f" (fault: {exchange.remark})"
    return "\n".join([head, *_diagnoses(exchange, color)])


def format_delivery(delivery: Delivery) -> str:
    """One line for people: where it was sent, and the outcome."""
    outcome: str = delivery.state
    if delivery.attempts and delivery.attempts[-1].status is not None:
        outcome += f" {delivery.attempts[-1].status}"
    if delivery.reason:
        outcome += f" ({delivery.reason})"
    if delivery.fault:
        outcome += f" (fault: {delivery.fault})"
    at = format_timestamp(delivery.created, 3)[11:23]
    line = f"{at} POST   {delivery.url} {delivery.vendor} {delivery.event}: {outcome}"
    return escape_unprintable(line)


def delivery_to_json(delivery: Delivery) -> str:
    """One JSON object about a delivery and its latest attempt."""
    latest = delivery.attempts[-1] if delivery.attempts else None
    return orjson.dumps(
        {
            "time": format_timestamp(delivery.created),
            "delivery": delivery.id,
            "vendor": delivery.vendor,
            "event": delivery.event,
            "url": delivery.url,
            "state": delivery.state,
            "status": latest.status if latest else None,
            "reason": delivery.reason,
            "fault": delivery.fault,
        }
    ).decode()


def _diagnoses(exchange: Exchange, color: bool) -> list[str]:
    lines = []
    for each in exchange.diagnoses:
        hint = f" ({each.hint})" if each.hint else ""
        where = f"{each.where} {each.pointer}".strip()
        text = escape_unprintable(f"{each.code} in {where}: {each.message}{hint}")
        line = f"             {text}"
        lines.append(paint(DIM, line) if color else line)
    return lines


def _color(status: int) -> str:
    return RED if status >= 500 else YELLOW if status >= 400 else GREEN


def exchange_to_json(exchange: Exchange) -> str:
    """One JSON object; times in RFC 3339, duration in milliseconds by the session's clock."""
    return orjson.dumps(
        {
            "time": format_timestamp(exchange.started),
            "session": exchange.session,
            "exchange": exchange.id,
            "vendor": exchange.vendor,
            "operation": exchange.operation,
            "account": exchange.account,
            "method": exchange.method,
            "path": exchange.path,
            "status": exchange.status,
            "preference": exchange.preference,
            "fault": exchange.remark,
            "milliseconds": (exchange.ended - exchange.started) // MILLISECOND,
            "diagnoses": [each.as_json() for each in exchange.diagnoses],
        }
    ).decode()

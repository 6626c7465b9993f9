"""An exchange as a line of log: what was asked, what was answered, what was wrong."""

from __future__ import annotations

import orjson

from understudy.clock import MILLISECOND, timestamp
from understudy.journal import Exchange

# What a request may smuggle in must neither end a line nor speak to the terminal.
CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
RED, YELLOW, GREEN, DIM, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[2m", "\x1b[0m"


def text_line(exchange: Exchange, color: bool = False) -> str:
    """One line for people, and one more for each diagnosis."""
    session = "" if exchange.session == "default" else f"@{exchange.session}/"
    status = str(exchange.status)
    if color:
        status = f"{_color(exchange.status)}{status}{PLAIN}"
    head = (
        f"{timestamp(exchange.started, 3)[11:23]} {exchange.method:<6} "
        f"{session}{exchange.vendor}{exchange.path.translate(CONTROL)} "
        f"{status} {exchange.operation or '-'}"
    )
    return "\n".join([head, *_diagnoses(exchange, color)])


def _diagnoses(exchange: Exchange, color: bool) -> list[str]:
    lines = []
    for each in exchange.diagnoses:
        hint = f" ({each.hint})" if each.hint else ""
        where = f"{each.where} {each.pointer}".strip()
        text = f"{each.code} in {where}: {each.message}{hint}".translate(CONTROL)
        line = f"             {text}"
        lines.append(f"{DIM}{line}{PLAIN}" if color else line)
    return lines


def _color(status: int) -> str:
    return RED if status >= 500 else YELLOW if status >= 400 else GREEN


def json_line(exchange: Exchange) -> str:
    """One JSON object; times in RFC 3339, duration in milliseconds by the session's clock."""
    return orjson.dumps(
        {
            "time": timestamp(exchange.started),
            "session": exchange.session,
            "exchange": exchange.id,
            "vendor": exchange.vendor,
            "operation": exchange.operation,
            "account": exchange.account,
            "method": exchange.method,
            "path": exchange.path,
            "status": exchange.status,
            "milliseconds": (exchange.ended - exchange.started) // MILLISECOND,
            "diagnoses": [each.as_json() for each in exchange.diagnoses],
        }
    ).decode()

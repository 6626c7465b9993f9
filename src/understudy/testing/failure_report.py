"""The report of a failed test: what happened between it and the mock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from understudy.core.terminal import escape_unprintable

if TYPE_CHECKING:
    from understudy.client import Client, Instant
    from understudy.client.models import (
        Clock,
        Delivery,
        Diagnosis,
        Exchange,
        Fault,
        Page,
        Unmatched,
    )

MAX_EXCHANGES_SHOWN = 20
MAX_BODY_SHOWN = 400
MAX_REPLY_SHOWN = 200
REFUSED = 400
NOTHING_CAME = (
    "No request of this test reached the mock. Does its client use understudy.client, the base "
    "URL understudy.url(VENDOR), or the vendor's real host with the fixture VENDOR_mock?"
)


def format_failure_report(mock: Client, name: str) -> str:
    """Format the latest exchanges of a session with their diagnoses, its faults and deliveries."""
    parts = [
        _heading(name, mock.clock.get()),
        _exchanges(mock),
        _faults(mock.faults.list()),
        _deliveries(mock.deliveries.list(limit=1000)),
        _due(mock.clock.get()),
    ]
    return "\n\n".join(part for part in parts if part)


def _heading(name: str, clock: Clock) -> str:
    stands = "stands still at" if clock.frozen else "runs; it is"
    return f"session {name}; its clock {stands} {clock.now}"


def _exchanges(mock: Client) -> str:
    asked = mock.requests.list()
    if not asked:
        return NOTHING_CAME
    earlier = len(asked) - MAX_EXCHANGES_SHOWN
    found = mock.requests.find(after=asked[earlier - 1].id if earlier > 0 else None)
    nearest = {each.request.id: each for each in mock.requests.unmatched()}
    lines = [f"({earlier} earlier exchanges are not shown)"] if earlier > 0 else []
    for exchange in found:
        lines += _exchange(exchange, nearest)
    if any(exchange.diagnoses for exchange in found):
        lines += ["", "`understudy explain CODE` says more of a code: " + _codes(found)]
    return "\n".join(lines)


def _codes(exchanges: Page[Exchange]) -> str:
    codes = (each.code for exchange in exchanges for each in exchange.diagnoses)
    return ", ".join(dict.fromkeys(codes))


def _exchange(exchange: Exchange, nearest: Mapping[str, Unmatched]) -> Iterator[str]:
    yield _line(exchange)
    if not (exchange.diagnoses or exchange.fault or exchange.status >= REFUSED):
        return
    if exchange.request.body:
        yield f"    sent: {_shortened(exchange.request.body, MAX_BODY_SHOWN)}"
    for each in exchange.diagnoses:
        yield from _diagnosis(each)
    if not exchange.diagnoses and exchange.response.body:
        yield f"    answered: {_shortened(exchange.response.body, MAX_REPLY_SHOWN)}"
    if exchange.fault:
        yield f"    a planned fault struck: {exchange.fault}"
    if exchange.id in nearest:
        yield from _nearest(nearest[exchange.id])


def _line(exchange: Exchange) -> str:
    query = f"?{exchange.query}" if exchange.query else ""
    path = escape_unprintable(f"{exchange.vendor or ''}{exchange.path}{query}")
    status = exchange.status or "no reply"
    line = f"{_time(exchange.at)} {exchange.method:<6} {path} -> {status}"
    line += f" {exchange.operation or '(no operation)'}"
    return f"{line}, as Prefer: {exchange.preference}" if exchange.preference else line


def _diagnosis(diagnosis: Diagnosis) -> Iterator[str]:
    where = f"{diagnosis.in_} {diagnosis.pointer}".strip()
    yield escape_unprintable(f"    {diagnosis.code} in {where}: {diagnosis.message}")
    if diagnosis.hint:
        yield escape_unprintable(f"        -> {diagnosis.hint}")


def _nearest(unmatched: Unmatched) -> Iterator[str]:
    for candidate in unmatched.nearest[:1]:
        meant = f"{candidate.operation}: {candidate.method} {candidate.path}"
        yield f"    most likely meant: {meant}"
        for each in candidate.differences:
            got = escape_unprintable(each.got)
            yield f'        {each.in_}: expected "{each.expected}", got "{got}"'


def _faults(faults: Sequence[Fault]) -> str:
    lines = [
        f"  {each.kind}{_narrowed(each)}: struck {_times(each.struck)}"
        + (", used up" if each.used_up else "")
        for each in faults
    ]
    return "\n".join(["planned faults", *lines]) if lines else ""


def _narrowed(fault: Fault) -> str:
    members = ("status", "vendor", "operation", "event")
    said = [str(value) for name in members if (value := getattr(fault, name)) is not None]
    return f" ({', '.join(said)})" if said else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times" if count else "never"


def _deliveries(deliveries: Page[Delivery]) -> str:
    lines = []
    for each in deliveries[-MAX_EXCHANGES_SHOWN:]:
        reason = f" ({each.reason})" if each.reason else ""
        fault = f", fault: {each.fault}" if each.fault else ""
        where = f"{each.vendor} {each.event} to {each.url}"
        lines.append(f"  {_time(each.created)} {where}: {each.state}{fault}{reason}")
        for attempt in each.attempts:
            outcome = attempt.status or attempt.error
            said = _shortened(attempt.response_excerpt, MAX_REPLY_SHOWN)
            lines.append(f"      {_time(attempt.at)} answered {outcome} {said}".rstrip())
    earlier = deliveries.total - MAX_EXCHANGES_SHOWN
    more = [f"  ({earlier} earlier ones are not shown)"] if earlier > 0 else []
    shown = [*more, *(escape_unprintable(line) for line in lines)]
    return "\n".join(["webhooks", *shown]) if lines else ""


def _due(clock: Clock) -> str:
    """List what is due later, which a test with a frozen clock may not expect."""
    if not clock.due:
        return ""
    lines = [f"  {each.at} {each.vendor} {each.action}" for each in clock.due[:3]]
    more = [f"  and {clock.pending - 3} more"] if clock.pending > 3 else []
    how = " (the clock stands still: understudy.clock.shift(...))" if clock.frozen else ""
    return "\n".join([f"due later{how}", *lines, *more])


def _time(instant: Instant) -> str:
    """The time of day, to the millisecond; the heading has the date."""
    return instant[11:23]


def _shortened(text: str, most: int) -> str:
    line = escape_unprintable(text)
    return line if len(line) <= most else f"{line[:most]} ... ({len(line)} characters)"

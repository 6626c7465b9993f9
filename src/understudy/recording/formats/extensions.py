"""Extension fields: what HAR and cassettes have no fields for, in fields that other tools ignore.

Of a recording: its name, title, session, clock, seed, settings, versions (called `vendors`), events
and deliveries. Of an exchange: vendor, operation, account, the exact instant, diagnoses, a planned
fault, and a reason phrase that the format would have read otherwise. The native format has the same
fields.
"""

from __future__ import annotations

from dataclasses import replace

from understudy.core.clock import format_instant, parse_instant
from understudy.core.errors import Diagnosis
from understudy.recording.formats.reader import get_or
from understudy.recording.model import (
    Json,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
)

USUAL_RECORDING: Json = {"title": "", "settings": {}, "vendors": {}, "events": [], "deliveries": []}
# In the order in which `Diagnosis` takes them.
DIAGNOSIS_FIELDS = ("code", "in", "pointer", "message", "hint")
USUAL_EXCHANGE: Json = {
    "vendor": "",
    "session": "",
    "operation": None,
    "account": None,
    "reason": None,
    "fault": None,
    "diagnoses": [],
}


def write_recording_extension(recording: Recording) -> Json:
    """A recording's own fields, except those with their usual values."""
    clock = None if recording.clock is None else format_instant(recording.clock, trimmed=True)
    return _without_usual(
        USUAL_RECORDING,
        {
            "name": recording.name,
            "title": recording.title,
            "session": recording.session,
            "clock": clock,
            "seed": recording.seed,
            "settings": dict(recording.settings),
            "vendors": dict(recording.versions),
            "events": list(recording.events),
            "deliveries": list(recording.deliveries),
        },
    )


def read_recording_extension(
    extension: Json, name: str, exchanges: tuple[RecordedExchange, ...]
) -> Recording:
    """A recording of these exchanges.

    Args:
        extension: the recording's own fields; empty in files of other tools.
        name: of the recording, when the extension has none.
    """
    clock = extension.get("clock")
    return Recording(
        name=get_or(extension, "name", name),
        exchanges=exchanges,
        title=get_or(extension, "title", ""),
        session=get_or(extension, "session", "default"),
        clock=None if clock is None else parse_instant(clock),
        seed=int(get_or(extension, "seed", 0)),
        settings=get_or(extension, "settings", {}),
        versions=get_or(extension, "vendors", {}),
        events=tuple(get_or(extension, "events", ())),
        deliveries=tuple(get_or(extension, "deliveries", ())),
    )


def write_exchange_extension(exchange: RecordedExchange, phrase: str) -> Json:
    """An exchange's own fields, except those with their usual values.

    Args:
        phrase: the reason phrase that the format itself holds.
    """
    response = exchange.response
    is_known = to_reason(response.status, phrase) == response.reason
    return _without_usual(
        USUAL_EXCHANGE,
        {
            "vendor": exchange.vendor,
            "session": exchange.session,
            "operation": exchange.operation,
            "account": exchange.account,
            # Always present: a reader knows our own exchanges by it.
            "at": None if exchange.at is None else format_instant(exchange.at, trimmed=True),
            "reason": None if is_known else response.reason,
            "fault": exchange.fault,
            "diagnoses": [
                {name: text for name, text in each.as_json().items() if text}
                for each in exchange.diagnoses
            ],
        },
    )


def read_exchange_extension(
    extension: Json,
    request: RecordedRequest,
    response: RecordedResponse,
    took: int = 0,
    at: str | None = None,
) -> RecordedExchange:
    """An exchange.

    Args:
        extension: the exchange's own fields; empty in files of other tools.
        took: nanoseconds until the response was whole.
        at: the instant that a file of another tool has, in RFC 3339.
    """
    at = extension.get("at") if extension else at
    phrase = get_or(extension, "reason", response.reason)
    return RecordedExchange(
        request,
        replace(response, reason=phrase),
        vendor=get_or(extension, "vendor", ""),
        session=get_or(extension, "session", ""),
        operation=extension.get("operation"),
        account=extension.get("account"),
        at=None if at is None else parse_instant(at),
        took=took,
        fault=extension.get("fault"),
        diagnoses=tuple(map(read_diagnosis, get_or(extension, "diagnoses", ()))),
    )


def to_reason(status: int, phrase: str) -> str:
    """A reason phrase as the model holds it: "" for the usual phrase of the status."""
    return "" if phrase == RecordedResponse(status).phrase else phrase


def _without_usual(usual: Json, fields: Json) -> Json:
    """The fields without those that have their usual values."""
    return {
        name: value for name, value in fields.items() if name not in usual or value != usual[name]
    }


def read_diagnosis(fields: Json) -> Diagnosis:
    """A diagnosis from its JSON."""
    return Diagnosis(*(str(fields.get(name, "")) for name in DIAGNOSIS_FIELDS))

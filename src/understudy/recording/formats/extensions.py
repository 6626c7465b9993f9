"""What HAR and cassettes have no place for: members of our own, which other tools pass over.

Of a recording: its name, title, session, clock, seed, settings, versions (called `vendors`), events
and deliveries. Of an exchange: vendor, operation, account, the exact instant, diagnoses, and a
reason phrase that the format would have read otherwise. Spelled as `own_json` spells them.
"""

from __future__ import annotations

from understudy.core.clock import format_timestamp
from understudy.core.errors import Diagnosis
from understudy.recording.formats.reader import Node
from understudy.recording.model import (
    Json,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from understudy.recording.world_settings import check_settings

UNTITLED: Json = {"title": "", "settings": {}, "vendors": {}, "events": [], "deliveries": []}
# Of a diagnosis.
MEMBERS = ("code", "in", "pointer", "message", "hint")
NOTHING: Json = {
    "vendor": "",
    "session": "",
    "operation": None,
    "account": None,
    "reason": None,
    "diagnoses": [],
}


def write_recording_extension(recording: Recording) -> Json:
    """A recording's own members, but for those that say nothing."""
    return _beyond(
        UNTITLED,
        {
            "name": recording.name,
            "title": recording.title,
            "session": recording.session,
            "clock": None if recording.clock is None else format_trimmed_instant(recording.clock),
            "seed": recording.seed,
            "settings": dict(recording.settings),
            "vendors": dict(recording.versions),
            "events": list(recording.events),
            "deliveries": list(recording.deliveries),
        },
    )


def read_recording_extension(
    own: Node, name: str, exchanges: tuple[RecordedExchange, ...]
) -> Recording:
    """A recording of these exchanges.

    Args:
        own: its own members; none at all in files of other tools.
        name: of the recording, when the members have none.
    """
    clock = own.get("clock")
    versions = own.get("vendors", {})
    return Recording(
        name=own.get("name", name).text(),
        exchanges=exchanges,
        title=own.get("title", "").text(),
        session=own.get("session", "default").text(),
        clock=clock.instant() if clock else None,
        seed=own.get("seed", 0).whole(),
        settings=_settings(own.get("settings", {})),
        versions={vendor: versions[vendor].text() for vendor in versions.members()},
        events=tuple(each.json_object() for each in own.get("events", [])),
        deliveries=tuple(each.json_object() for each in own.get("deliveries", [])),
    )


def _settings(found: Node) -> Json:
    """Settings that can be: those that `taking` takes down."""
    given = found.json_object()
    try:
        check_settings(found.at, given)
    except ValueError as error:
        raise Node(given).refused(str(error)) from error
    return given


def write_exchange_extension(exchange: RecordedExchange, phrase: str) -> Json:
    """An exchange's own members, but for those that say nothing.

    Args:
        phrase: the reason phrase as the format has it.
    """
    response = exchange.response
    is_told = reason(response.status, phrase) == response.reason
    return _beyond(
        NOTHING,
        {
            "vendor": exchange.vendor,
            "session": exchange.session,
            "operation": exchange.operation,
            "account": exchange.account,
            # Always there, so that our own exchanges are known by it.
            "at": None if exchange.at is None else format_trimmed_instant(exchange.at),
            "reason": None if is_told else response.reason,
            "diagnoses": [
                {name: text for name, text in each.as_json().items() if text}
                for each in exchange.diagnoses
            ],
        },
    )


def read_exchange_extension(
    own: Node,
    request: RecordedRequest,
    response: RecordedResponse,
    took: int = 0,
    at: Node | None = None,
) -> RecordedExchange:
    """An exchange.

    Args:
        own: its own members; none at all in files of other tools.
        at: where a file of another tool has the instant.
    """
    members = Node(own.value or {}, own.at)
    operation, account = members.get("operation"), members.get("account")
    at = members.get("at") if own else at
    return RecordedExchange(
        request,
        RecordedResponse(
            response.status,
            response.headers,
            response.body,
            members.get("reason", response.reason).text(),
        ),
        vendor=members.get("vendor", "").text(),
        session=members.get("session", "").text(),
        operation=operation.text() if operation else None,
        account=account.text() if account else None,
        at=at.instant() if at else None,
        took=took,
        diagnoses=tuple(diagnosis(each.json_object()) for each in members.get("diagnoses", [])),
    )


def reason(status: int, phrase: str) -> str:
    """A reason phrase as the model has it, which says "" for the usual one."""
    return "" if phrase == RecordedResponse(status).phrase else phrase


def _beyond(usual: Json, members: Json) -> Json:
    """The members that do not say what is usual."""
    return {
        name: value for name, value in members.items() if name not in usual or value != usual[name]
    }


def format_trimmed_instant(at: int) -> str:
    """An instant with as many digits as it needs."""
    text = format_timestamp(at, 9, "Z").removesuffix("Z").rstrip("0").rstrip(".")
    return f"{text}Z"


def diagnosis(members: Json) -> Diagnosis:
    """A diagnosis from its JSON."""
    said = {name: str(members.get(name, "")) for name in MEMBERS}
    return Diagnosis(said["code"], said["in"], said["pointer"], said["message"], said["hint"])

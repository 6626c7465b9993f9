"""Recordings in the project's own format: JSON that people can read and change by hand.

    {"format": "understudy-recording/1",
     "name": "campaign-life", "title": ...,
     "session": ..., "clock": "2026-03-11T12:00:00Z",      null when it ran in real time
     "seed": 0, "settings": {...},
     "vendors": {"zexa": "v1"},                            vendor -> version of its document
     "exchanges": [
       {"vendor", "operation", "account", "at", "took",    took in milliseconds
        "request":  {"method", "url", "headers", BODY},
        "response": {"status", "reason", "headers", BODY},
        "diagnoses": [...]}],
     "events": [{"before", "at", ...}],                    fired by hand before that exchange
     "deliveries": [...]}

BODY is `json` where the bytes are compact JSON, else `text`, else `base64`; a message without a
body has none of them. Headers are an object, or a list of pairs where a name stands twice. Members
that say nothing are left out.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from understudy.clock import MILLISECOND, instant, timestamp
from understudy.errors import Diagnosis
from understudy.recording.model import (
    Headers,
    Json,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
    UnreadableRecording,
    compact,
    json_of,
    pretty,
    text_of,
)

FORMAT = "understudy-recording/1"
# Of a diagnosis.
MEMBERS = ("code", "in", "pointer", "message", "hint")


def write(recording: Recording) -> bytes:
    """The recording as JSON; nothing is lost."""
    return pretty(
        _said(
            {
                "format": FORMAT,
                "name": recording.name,
                "title": recording.title,
                "session": recording.session,
                "clock": None if recording.clock is None else told(recording.clock),
                "seed": recording.seed,
                "settings": dict(recording.settings),
                "vendors": dict(recording.versions),
                "exchanges": [shown(each) for each in recording.exchanges],
                "events": list(recording.events),
                "deliveries": list(recording.deliveries),
            },
            always=("clock", "seed", "exchanges"),
        )
    )


def read(content: bytes, name: str = "recording") -> Recording:
    """The recording in a file's content.

    Args:
        name: of the recording, when the content has none.

    Raises:
        UnreadableRecording: says what is wrong, and where.
    """
    try:
        document = json.loads(content)
    except ValueError as error:
        raise UnreadableRecording(f"is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UnreadableRecording(f'is no recording: its "format" must be "{FORMAT}"')
    exchanges = document.get("exchanges")
    if not isinstance(exchanges, list):
        raise UnreadableRecording('its "exchanges" must be a list')
    clock = document.get("clock")
    try:
        return Recording(
            name=document.get("name", name),
            title=document.get("title", ""),
            session=document.get("session", "default"),
            clock=None if clock is None else instant(clock),
            seed=document.get("seed", 0),
            settings=document.get("settings", {}),
            versions=document.get("vendors", {}),
            exchanges=tuple(_exchange(each, at) for at, each in enumerate(exchanges)),
            events=tuple(document.get("events", [])),
            deliveries=tuple(document.get("deliveries", [])),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise UnreadableRecording(f"is broken: {error}") from error


def told(at: int) -> str:
    """An instant with as many digits as it needs."""
    text = timestamp(at, 9, "Z").removesuffix("Z").rstrip("0").rstrip(".")
    return f"{text}Z"


def shown(exchange: RecordedExchange) -> Json:
    """One exchange as JSON."""
    request, response = exchange.request, exchange.response
    return _said(
        {
            "vendor": exchange.vendor,
            "operation": exchange.operation,
            "account": exchange.account,
            "at": None if exchange.at is None else told(exchange.at),
            "took": exchange.took / MILLISECOND,
            "request": {
                "method": request.method,
                "url": request.url,
                **_headers(request.headers),
                **body(request.body),
            },
            "response": {
                "status": response.status,
                **({"reason": response.reason} if response.reason else {}),
                **_headers(response.headers),
                **body(response.body),
            },
            "diagnoses": [
                _said(each.as_json(), always=("pointer",)) for each in exchange.diagnoses
            ],
        }
    )


def _said(members: Json, always: tuple[str, ...] = ()) -> Json:
    """Without the members that say nothing."""
    return {name: value for name, value in members.items() if name in always or value}


def _headers(headers: Headers) -> Json:
    if not headers:
        return {}
    by_name = dict(headers)
    return {"headers": by_name if len(by_name) == len(headers) else [list(h) for h in headers]}


def body(content: bytes) -> Json:
    """A body as the one member that holds it."""
    if not content:
        return {}
    try:
        document = json_of(content)
        # Only where the very same bytes come back.
        if compact(document) == content:
            return {"json": document}
    except (ValueError, RecursionError):
        pass
    text = text_of(content)
    if text is not None:
        return {"text": text}
    return {"base64": base64.b64encode(content).decode()}


def _exchange(members: Any, index: int) -> RecordedExchange:
    try:
        at = members.get("at")
        request, response = members["request"], members["response"]
        return RecordedExchange(
            vendor=members.get("vendor", ""),
            operation=members.get("operation"),
            account=members.get("account"),
            at=None if at is None else instant(at),
            took=round(members.get("took", 0) * MILLISECOND),
            request=RecordedRequest(
                str(request["method"]),
                str(request["url"]),
                _read_headers(request.get("headers", {})),
                _read_body(request),
            ),
            response=RecordedResponse(
                int(response["status"]),
                _read_headers(response.get("headers", {})),
                _read_body(response),
                response.get("reason", ""),
            ),
            diagnoses=tuple(diagnosis(each) for each in members.get("diagnoses", [])),
        )
    except KeyError as error:
        raise UnreadableRecording(f"/exchanges/{index} has no {error}; add it") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise UnreadableRecording(f"/exchanges/{index} is broken: {error}") from error


def _read_headers(headers: Mapping[str, str] | list[list[str]]) -> Headers:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return tuple((str(name), str(value)) for name, value in pairs)


def _read_body(message: Json) -> bytes:
    if "json" in message:
        return compact(message["json"])
    if "base64" in message:
        try:
            return base64.b64decode(message["base64"], validate=True)
        except binascii.Error as error:
            raise ValueError(f"its base64 cannot be read ({error})") from error
    return str(message.get("text", "")).encode()


def diagnosis(members: Json) -> Diagnosis:
    """A diagnosis from its JSON."""
    said = {name: str(members.get(name, "")) for name in MEMBERS}
    return Diagnosis(said["code"], said["in"], said["pointer"], said["message"], said["hint"])

"""Recordings in the project's own format: JSON that people can read and change by hand.

    {"format": "understudy-recording/1",
     "name": "campaign-life", "title": ...,
     "session": ..., "clock": "2026-03-11T12:00:00Z",      null when it ran in real time
     "seed": 0, "settings": {...},
     "vendors": {"zexa": "v1"},                            vendor -> version of its document
     "exchanges": [
       {"vendor", "session", "operation", "account", "at", "took",    took in milliseconds
        "request":  {"method", "url", "headers", BODY},
        "response": {"status", "reason", "headers", BODY},
        "diagnoses": [...]}],
     "events": [{"before", "at", "session", "method", "path", "json"}],
                                                           done through /__admin, before that one
     "deliveries": [...]}

BODY is `json` where the bytes are compact JSON, else `text`, else `base64`; a message without a
body has none of them. Headers are an object, or a list of pairs where a name stands twice. Members
that say nothing are left out.
"""

from __future__ import annotations

import base64

from understudy.core.clock import MILLISECOND
from understudy.recording.formats import extensions
from understudy.recording.formats.reader import Node, read_json_document
from understudy.recording.model import (
    Headers,
    Json,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
    UnreadableRecording,
    decode_body,
    dump_compact,
    dump_pretty,
    parse_json,
)

FORMAT = "understudy-recording/1"
# What comes after the exchanges.
LAST = ("events", "deliveries")


def write(recording: Recording) -> bytes:
    """The recording as JSON; nothing is lost."""
    members = extensions.write_recording_extension(recording)
    last = {name: members.pop(name) for name in LAST if name in members}
    exchanges = [_shown(each) for each in recording.exchanges]
    return dump_pretty({"format": FORMAT, **members, "exchanges": exchanges, **last})


def read(content: bytes, name: str = "recording") -> Recording:
    """The recording in a file's content.

    Args:
        name: of the recording, when the content has none.

    Raises:
        UnreadableRecording: says what is wrong, and where.
    """
    document = Node(read_json_document(content))
    if not isinstance(document.value, dict) or document.value.get("format") != FORMAT:
        raise UnreadableRecording(f'is no recording: its "format" must be "{FORMAT}"')
    exchanges = tuple(_exchange(each) for each in document["exchanges"])
    return extensions.read_recording_extension(document, name, exchanges)


def _shown(exchange: RecordedExchange) -> Json:
    """One exchange as JSON."""
    request, response = exchange.request, exchange.response
    members = extensions.write_exchange_extension(exchange, response.phrase)
    members.pop("reason", None)
    diagnoses = members.pop("diagnoses", None)
    return {
        **members,
        **({"took": exchange.took / MILLISECOND} if exchange.took else {}),
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
        **({"diagnoses": diagnoses} if diagnoses else {}),
    }


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
        document = parse_json(content)
        # Only where the very same bytes come back.
        if dump_compact(document) == content:
            return {"json": document}
    except (ValueError, RecursionError):
        pass
    text = decode_body(content)
    if text is not None:
        return {"text": text}
    return {"base64": base64.b64encode(content).decode()}


def _exchange(members: Node) -> RecordedExchange:
    request, response = members["request"], members["response"]
    return extensions.read_exchange_extension(
        members,
        RecordedRequest(
            request["method"].line(), request["url"].url(), _read_headers(request), _body(request)
        ),
        RecordedResponse(
            response["status"].status(),
            _read_headers(response),
            _body(response),
            response.get("reason", "").text(),
        ),
        round(members.get("took", 0).number() * MILLISECOND),
    )


def _read_headers(message: Node) -> Headers:
    headers = message.get("headers", {})
    if isinstance(headers.value, dict):
        return tuple(
            (Node(name, headers[name].at).line(), headers[name].line())
            for name in headers.members()
        )
    return tuple(_pair(each) for each in headers)


def _pair(header: Node) -> tuple[str, str]:
    parts = [each.line() for each in header]
    if len(parts) != 2:
        raise header.refused("must be a header's name and its value")
    return parts[0], parts[1]


def _body(message: Node) -> bytes:
    # A document may be null.
    if "json" in message.members():
        return Node(message.members()["json"], f"{message.at}/json").json()
    if message.get("base64"):
        return message["base64"].base64()
    return message.get("text", "").text().encode()

"""Recordings in the project's own format: JSON that people can read and change by hand.

    {"format": "understudy-recording/1",
     "name": "campaign-life", "title": ...,
     "session": ..., "clock": "2026-03-11T12:00:00Z",      null when it ran in real time
     "seed": 0, "settings": {...},
     "vendors": {"zexa": "v1"},                            vendor -> version of its document
     "exchanges": [
       {"vendor", "session", "operation", "account", "at",
        "fault", "took",                                  took in milliseconds
        "request":  {"method", "url", "headers", BODY},
        "response": {"status", "reason", "headers", BODY},
        "diagnoses": [...]}],
     "events": [{"before", "at", "session", "method", "path", "json"}],
                                                           through /__admin, before that exchange
     "deliveries": [...]}

BODY is `json` where the bytes are compact JSON, else `text`, else `base64`; a message without a
body has none of them. Headers are an object, or a list of pairs where a name stands twice. Fields
with their usual values are left out.
"""

from __future__ import annotations

import base64

from understudy.core.clock import MILLISECOND
from understudy.core.file_schema import FileSchema, decode_base64
from understudy.core.strict_json import parse_json
from understudy.recording.formats import extensions
from understudy.recording.formats.format import Format
from understudy.recording.formats.reader import (
    check_document,
    get_or,
    read_json_document,
    strip_fragment,
)
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
)

FORMAT_ID = "understudy-recording/1"
SCHEMA = FileSchema("recording")
# Written after the exchanges.
TRAILING_FIELDS = ("events", "deliveries")


def write(recording: Recording) -> bytes:
    """The recording as JSON; nothing is lost."""
    members = extensions.write_recording_extension(recording)
    last = {name: members.pop(name) for name in TRAILING_FIELDS if name in members}
    exchanges = [_write_exchange(each) for each in recording.exchanges]
    return dump_pretty({"format": FORMAT_ID, **members, "exchanges": exchanges, **last})


def read(content: bytes, name: str = "recording") -> Recording:
    """The recording in a file's content.

    Args:
        name: of the recording, when the content has none.

    Raises:
        UnreadableRecording: says what is wrong, and where.
    """
    document = read_json_document(content)
    if not isinstance(document, dict) or document.get("format") != FORMAT_ID:
        raise UnreadableRecording(f'is no recording: its "format" must be "{FORMAT_ID}"')
    check_document(SCHEMA, document)
    exchanges = tuple(map(_read_exchange, document["exchanges"]))
    return extensions.read_recording_extension(document, name, exchanges)


def _write_exchange(exchange: RecordedExchange) -> Json:
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
            **write_body(request.body),
        },
        "response": {
            "status": response.status,
            **({"reason": response.reason} if response.reason else {}),
            **_headers(response.headers),
            **write_body(response.body),
        },
        **({"diagnoses": diagnoses} if diagnoses else {}),
    }


def _headers(headers: Headers) -> Json:
    if not headers:
        return {}
    by_name = dict(headers)
    return {"headers": by_name if len(by_name) == len(headers) else [list(h) for h in headers]}


def write_body(content: bytes) -> Json:
    """A body as the one field that holds it."""
    if not content:
        return {}
    try:
        document = parse_json(content)
        # Only where dumping it gives the same bytes.
        if dump_compact(document) == content:
            return {"json": document}
    except ValueError:
        pass
    text = decode_body(content)
    if text is not None:
        return {"text": text}
    return {"base64": base64.b64encode(content).decode()}


def _read_exchange(fields: Json) -> RecordedExchange:
    request, response = fields["request"], fields["response"]
    return extensions.read_exchange_extension(
        fields,
        RecordedRequest(
            request["method"],
            strip_fragment(request["url"]),
            _read_headers(request),
            _read_body(request),
        ),
        RecordedResponse(
            int(response["status"]),
            _read_headers(response),
            _read_body(response),
            get_or(response, "reason", ""),
        ),
        round(get_or(fields, "took", 0) * MILLISECOND),
    )


def _read_headers(message: Json) -> Headers:
    headers = get_or(message, "headers", {})
    return tuple(headers.items() if isinstance(headers, dict) else map(tuple, headers))


def _read_body(message: Json) -> bytes:
    # A document may be null.
    if "json" in message:
        return dump_compact(message["json"])
    if message.get("base64") is not None:
        return decode_base64(message["base64"])
    return str(get_or(message, "text", "")).encode()


FORMAT = Format(
    "json",
    "the project's own, which holds everything",
    ".json",
    write,
    read,
    top_field="format",
)

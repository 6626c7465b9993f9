"""Recordings as HAR 1.2, which browsers, Playwright and proxies read and write.

Everything that HAR requires is there; what HAR has no field for is in `_understudy` fields (see
`extensions`), and a request body that is not UTF-8 is base64 with `_encoding` beside it. Reading
our own files loses nothing. In files of other tools bodies are already decoded, so headers about
their coding are dropped; entries that are not HTTP (`data:` URLs, web sockets) are left out.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

from understudy.core.clock import MILLISECOND, format_timestamp
from understudy.core.content_coding import strip_coding_headers
from understudy.core.file_schema import FileSchema, decode_base64
from understudy.core.version import __version__
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
    decode_body,
    dump_pretty,
    header,
)

SCHEMA = FileSchema("har")
EXTENSION = "_understudy"
# HAR requires a time; where it is unknown, our extension says so.
UNKNOWN_INSTANT = 0
NO_TYPE = "x-unknown"
FORM = "application/x-www-form-urlencoded"
NOT_HTTP = frozenset(
    {"about", "blob", "chrome", "chrome-extension", "data", "file", "moz-extension", "ws", "wss"}
)


def write(recording: Recording) -> bytes:
    """The recording as HAR; nothing is lost."""
    return dump_pretty(
        {
            "log": {
                "version": "1.2",
                "creator": {"name": "understudy", "version": __version__},
                "entries": [_entry(each) for each in recording.exchanges],
                EXTENSION: extensions.write_recording_extension(recording),
            }
        }
    )


def _entry(exchange: RecordedExchange) -> Json:
    took = exchange.took / MILLISECOND
    at = UNKNOWN_INSTANT if exchange.at is None else exchange.at
    return {
        "startedDateTime": format_timestamp(at, 3, "Z"),
        "time": took,
        "request": _request(exchange.request),
        "response": _response(exchange.response),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        EXTENSION: extensions.write_exchange_extension(exchange, exchange.response.phrase),
    }


def _request(request: RecordedRequest) -> Json:
    query = parse_qsl(request.query, keep_blank_values=True)
    return {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": _cookies(request.headers, "cookie"),
        "headers": _named(request.headers),
        "queryString": _named(query),
        **({"postData": _post_data(request)} if request.body else {}),
        "headersSize": -1,
        "bodySize": len(request.body),
    }


def _response(response: RecordedResponse) -> Json:
    return {
        "status": response.status,
        "statusText": response.phrase,
        "httpVersion": "HTTP/1.1",
        "cookies": _cookies(response.headers, "set-cookie"),
        "headers": _named(response.headers),
        "content": {
            "size": len(response.body),
            "mimeType": header(response.headers, "content-type") or NO_TYPE,
            **_text(response.body, "encoding"),
        },
        "redirectURL": header(response.headers, "location") or "",
        "headersSize": -1,
        "bodySize": len(response.body),
    }


def _post_data(request: RecordedRequest) -> Json:
    mime = header(request.headers, "content-type") or NO_TYPE
    # HAR has an encoding for response bodies only; custom fields begin with "_".
    return {"mimeType": mime, **_text(request.body, "_encoding")}


def _text(body: bytes, encoding: str) -> Json:
    text = decode_body(body)
    if text is not None:
        return {"text": text}
    return {"text": base64.b64encode(body).decode(), encoding: "base64"}


def _named(pairs: Headers | list[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in pairs]


def _cookies(headers: Headers, name: str) -> list[Json]:
    """The cookies of a message, without the attributes of `Set-Cookie`."""
    texts = [value for each, value in headers if each.lower() == name]
    if name == "cookie":
        texts = [part for text in texts for part in text.split(";")]
    pairs = [text.partition(";")[0].partition("=") for text in texts]
    return _named([(key.strip(), value.strip()) for key, is_pair, value in pairs if is_pair])


def read(content: bytes, name: str = "recording") -> Recording:
    """The recording in a file's content.

    Args:
        name: of the recording, when the content has none.

    Raises:
        UnreadableRecording: says what is wrong, and where.
    """
    document = read_json_document(content)
    check_document(SCHEMA, document)
    log = document["log"]
    exchanges = tuple(_read_exchange(each) for each in log["entries"] if _is_http(each))
    return extensions.read_recording_extension(get_or(log, EXTENSION, {}), name, exchanges)


def _is_http(entry: Json) -> bool:
    scheme: str = entry["request"]["url"].partition(":")[0]
    return scheme.lower() not in NOT_HTTP


def _read_exchange(entry: Json) -> RecordedExchange:
    extension = get_or(entry, EXTENSION, {})
    request = _read_request(entry["request"], own=bool(extension))
    response = _read_response(entry["response"], own=bool(extension))
    took = round(max(get_or(entry, "time", 0), 0) * MILLISECOND)
    return extensions.read_exchange_extension(
        extension, request, response, took, entry.get("startedDateTime")
    )


def _read_request(request: Json, own: bool) -> RecordedRequest:
    return RecordedRequest(
        request["method"],
        strip_fragment(request["url"]),
        tuple(_read_headers(request, own)),
        _read_post_data(get_or(request, "postData", {})),
    )


def _read_response(response: Json, own: bool) -> RecordedResponse:
    # Browsers have 0 where there was no response, Playwright -1.
    status = max(int(response["status"]), 0)
    headers = tuple(_read_headers(response, own))
    if not own and header(headers, "content-encoding") is not None:
        # Other tools decode the body, and leave the headers as they were.
        headers = strip_coding_headers(headers)
    return RecordedResponse(
        status,
        headers,
        _read_body(get_or(response, "content", {})),
        extensions.to_reason(status, get_or(response, "statusText", "")),
    )


def _read_headers(message: Json, own: bool) -> Iterator[tuple[str, str]]:
    """Headers; those of another tool without HTTP/2's pseudo-headers, and one by one."""
    for each in get_or(message, "headers", ()):
        name, value = each["name"], get_or(each, "value", "")
        if own:
            yield name, value
        elif not name.startswith(":"):
            # Browsers put the values of one name into lines.
            for line in value.split("\n"):
                yield name, line


def _read_post_data(data: Json) -> bytes:
    body = _read_body(data)
    if body or not get_or(data, "mimeType", "").startswith(FORM):
        return body
    fields = get_or(data, "params", ())
    return urlencode([(each["name"], get_or(each, "value", "")) for each in fields]).encode()


def _read_body(content: Json) -> bytes:
    text: str = get_or(content, "text", "")
    # Some tools tell a request body's encoding, too.
    if get_or(content, "encoding", get_or(content, "_encoding", "")):
        return decode_base64(text)
    return text.encode()


FORMAT = Format(
    "har",
    "HAR 1.2, for browsers and Playwright",
    ".har",
    write,
    read,
    own_suffixes=(".har",),
    top_field="log",
)

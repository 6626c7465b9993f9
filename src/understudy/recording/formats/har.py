"""Recordings as HAR 1.2, which browsers, Playwright and proxies read and write.

Everything that HAR requires is there; what it has no place for stands in `_understudy` members
(see `extensions`), and a request's body that is not UTF-8 is base64 with `_encoding` beside it. Our
own files come back as they were. In files of other tools a message's body is unpacked already, so
its headers no longer say how it was packed; what is no HTTP (`data:` URLs, web sockets) is passed
over.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlencode

from understudy.core.clock import MILLISECOND, format_timestamp
from understudy.core.version import __version__
from understudy.recording.formats import extensions
from understudy.recording.formats.reader import Node, read_json_document
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

OWN = "_understudy"
# HAR demands a time; where it is unknown, our own members say so.
UNKNOWN = 0
NO_TYPE = "x-unknown"
FORM = "application/x-www-form-urlencoded"
NOT_HTTP = frozenset(
    {"about", "blob", "chrome", "chrome-extension", "data", "file", "moz-extension", "ws", "wss"}
)
# They tell of a body that was packed.
OF_PACKING = frozenset({"content-encoding", "content-length"})
NO_STATUS = -1
# The types of what an API answers.
TOLD = re.compile(r"(text/|application/([^;]*\+)?json)", re.IGNORECASE)
ReadHeaders = Callable[[Node], Iterator[tuple[str, str]]]


def write(recording: Recording) -> bytes:
    """The recording as HAR; nothing is lost."""
    return dump_pretty(
        {
            "log": {
                "version": "1.2",
                "creator": {"name": "understudy", "version": __version__},
                "entries": [_entry(each) for each in recording.exchanges],
                OWN: extensions.write_recording_extension(recording),
            }
        }
    )


def _entry(exchange: RecordedExchange) -> Json:
    took = exchange.took / MILLISECOND
    at = UNKNOWN if exchange.at is None else exchange.at
    return {
        "startedDateTime": format_timestamp(at, 3, "Z"),
        "time": took,
        "request": _request(exchange.request),
        "response": _response(exchange.response),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        OWN: extensions.write_exchange_extension(exchange, exchange.response.phrase),
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
    # HAR has an encoding for what was answered only; members of one's own begin with "_".
    return {"mimeType": mime, **_text(request.body, "_encoding")}


def _text(body: bytes, encoding: str) -> Json:
    text = decode_body(body)
    if text is not None:
        return {"text": text}
    return {"text": base64.b64encode(body).decode(), encoding: "base64"}


def _named(pairs: Headers | list[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in pairs]


def _cookies(headers: Headers, name: str) -> list[Json]:
    """The cookies that a message sets or sends; of what a `Set-Cookie` adds, nothing."""
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
    log = Node(read_json_document(content))["log"]
    exchanges = tuple(_exchange(each) for each in log["entries"] if _is_http(each))
    return extensions.read_recording_extension(log.get(OWN, {}), name, exchanges)


def _is_http(entry: Node) -> bool:
    scheme = entry["request"]["url"].text().partition(":")[0]
    return scheme.lower() not in NOT_HTTP


def _exchange(entry: Node) -> RecordedExchange:
    own = entry.get(OWN)
    read_headers = _read_headers if own else _unfolded_headers
    request = _read_request(entry["request"], read_headers)
    response = _read_response(entry["response"], read_headers)
    if not own:
        response = _unpacked(response)
    took = round(max(entry.get("time", 0).number(), 0) * MILLISECOND)
    return extensions.read_exchange_extension(
        own, request, response, took, entry.get("startedDateTime")
    )


def _read_request(request: Node, read_headers: ReadHeaders) -> RecordedRequest:
    return RecordedRequest(
        request["method"].line(),
        request["url"].url(),
        tuple(read_headers(request)),
        _read_post_data(request.get("postData", {})),
    )


def _read_response(response: Node, read_headers: ReadHeaders) -> RecordedResponse:
    found, content = response["status"], response.get("content", {})
    # Browsers say 0 where there was no response, Playwright -1.
    status = 0 if found.value == NO_STATUS else found.status()
    _check_has_body(content)
    return RecordedResponse(
        status,
        tuple(read_headers(response)),
        _read_body(content),
        extensions.reason(status, response.get("statusText", "").text()),
    )


def _read_headers(message: Node) -> Iterator[tuple[str, str]]:
    for each in message.get("headers", []):
        yield each["name"].line(), each.get("value", "").line()


def _unfolded_headers(message: Node) -> Iterator[tuple[str, str]]:
    """Headers of another tool: without what HTTP/2 says in their place, and one by one."""
    for each in message.get("headers", []):
        name, value = each["name"].line(), each.get("value", "")
        if not name.startswith(":"):
            # Browsers put the values of one name into lines.
            for line in value.text().split("\n"):
                yield name, Node(line, value.at).line()


def _check_has_body(content: Node) -> None:
    """Many tools leave out the pictures of a page; an answer of an API must be there."""
    size = content.get("size", 0).number()
    left_out = size > 0 and not content.get("text") and not content.get("_file")
    if left_out and TOLD.match(content.get("mimeType", "").text()):
        raise content.refused(f"has no text, though its size is {size}: record it with bodies")


def _read_post_data(data: Node) -> bytes:
    body = _read_body(data)
    if body or not data.get("mimeType", "").text().startswith(FORM):
        return body
    fields = data.get("params", [])
    return urlencode(
        [(each["name"].text(), each.get("value", "").text()) for each in fields]
    ).encode()


def _read_body(content: Node) -> bytes:
    if content.get("_file"):
        raise content.refused(
            f"has its body in another file, {content['_file'].shown()}; "
            "record the HAR with its contents embedded"
        )
    text = content.get("text", "")
    # Some tools say of a request's body, too, how it is spelled.
    encoding = content.get("encoding") or content.get("_encoding")
    if not encoding or not encoding.text():
        return text.text().encode()
    if encoding.text().lower() != "base64":
        raise encoding.refused(f"is {encoding.shown()}; only base64 can be read")
    return text.base64()


def _unpacked(response: RecordedResponse) -> RecordedResponse:
    headers = response.headers
    if header(headers, "content-encoding") is not None:
        headers = tuple(each for each in headers if each[0].lower() not in OF_PACKING)
    return RecordedResponse(response.status, headers, response.body, response.reason)

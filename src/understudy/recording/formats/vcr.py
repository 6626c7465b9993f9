"""Recordings as cassettes of VCR, in the form that vcrpy writes and plays.

    interactions:
    - request: {method, uri, body, headers: {NAME: [VALUE, ...]}}
      response: {status: {code, message}, headers: {NAME: [VALUE, ...]}, body: {string}}
      understudy: {...}
    version: 1
    understudy: {...}

Bodies are text where they are UTF-8, else `!!binary`. vcrpy ignores the `understudy` fields (see
`extensions`). Exchanges without a response are left out; a name has the list of its values. In
cassettes of other tools, compressed bodies (gzip, deflate) are decoded, and headers about their
coding are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from understudy.core.clock import MILLISECOND
from understudy.core.content_coding import (
    DecodedTooLargeError,
    decode_content,
    strip_coding_headers,
)
from understudy.core.file_schema import FileSchema
from understudy.recording.formats import extensions
from understudy.recording.formats.format import Format
from understudy.recording.formats.reader import check_document, get_or, strip_fragment
from understudy.recording.formats.vcr_yaml import read_yaml_document, write_yaml
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
    header,
)

SCHEMA = FileSchema("vcr")
EXTENSION = "understudy"
VERSION = 1
# In bytes; a body that decodes to more than this stays as it is.
MAX_DECODED = 64 * 1_048_576


def write(recording: Recording) -> bytes:
    """The recording as a cassette, without the exchanges that had no response."""
    return write_yaml(
        {
            "interactions": [_interaction(each) for each in recording.answered],
            "version": VERSION,
            EXTENSION: extensions.write_recording_extension(recording),
        }
    )


def _interaction(exchange: RecordedExchange) -> Json:
    request, response = exchange.request, exchange.response
    # vcrpy can replay ASCII phrases only.
    phrase = response.phrase if response.phrase.isascii() else ""
    return {
        "request": {
            "method": request.method,
            "uri": request.url,
            "body": _body(request.body),
            "headers": _by_name(request.headers),
        },
        "response": {
            "status": {"code": response.status, "message": phrase},
            "headers": _by_name(response.headers),
            "body": {"string": _body(response.body)},
        },
        EXTENSION: {
            **extensions.write_exchange_extension(exchange, phrase),
            **({"took": exchange.took / MILLISECOND} if exchange.took else {}),
        },
    }


def _body(body: bytes) -> str | bytes:
    text = decode_body(body)
    return body if text is None else text


def _by_name(headers: Headers) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found


def read(content: bytes, name: str = "recording") -> Recording:
    """The recording in a file's content, YAML or JSON.

    Args:
        name: of the recording, when the content has none.

    Raises:
        UnreadableRecording: says what is wrong, and where.
    """
    cassette = read_yaml_document(content)
    if isinstance(cassette, list) and cassette:
        raise UnreadableRecording(
            "is a cassette from before vcrpy 1.0; bring it up to date with python -m vcr.migration"
        )
    check_document(SCHEMA, _describe_bytes(cassette))
    exchanges = tuple(map(_read_exchange, cassette["interactions"]))
    extension = get_or(cassette, EXTENSION, {})
    return extensions.read_recording_extension(extension, name, exchanges)


def _describe_bytes(value: Any) -> Any:
    """A document as the schema describes it: with an object in the place of each `!!binary`."""
    if isinstance(value, bytes):
        return {"!!binary": value.decode("latin-1")}
    if isinstance(value, dict):
        return {name: _describe_bytes(each) for name, each in value.items()}
    return [_describe_bytes(each) for each in value] if isinstance(value, list) else value


def _read_exchange(interaction: Json) -> RecordedExchange:
    extension = get_or(interaction, EXTENSION, {})
    response = _read_response(interaction["response"])
    return extensions.read_exchange_extension(
        extension,
        _read_request(interaction["request"]),
        response if extension else _decode(response),
        round(get_or(extension, "took", 0) * MILLISECOND),
    )


def _read_request(request: Json) -> RecordedRequest:
    return RecordedRequest(
        request["method"],
        strip_fragment(request["uri"]),
        tuple(_read_headers(request)),
        _read_body(request.get("body")),
    )


def _read_response(response: Json) -> RecordedResponse:
    headers = tuple(_read_headers(response))
    # What vcrpy wrote of httpx for some time.
    if response.get("status_code") is not None:
        return RecordedResponse(
            int(response["status_code"]), headers, _read_body(response.get("content"))
        )
    code = int(response["status"]["code"])
    body = response.get("body")
    return RecordedResponse(
        code,
        headers,
        _read_body(body.get("string") if isinstance(body, dict) else body),
        extensions.to_reason(code, get_or(response["status"], "message", "")),
    )


def _read_headers(message: Json) -> Iterator[tuple[str, str]]:
    for name, values in get_or(message, "headers", {}).items():
        for value in values if isinstance(values, list) else [values]:
            if value is not None:
                # Some clients hand over bytes.
                yield name, value.decode("latin-1") if isinstance(value, bytes) else value


def _read_body(body: Any) -> bytes:
    if body is None or isinstance(body, bytes):
        return body or b""
    # What aiohttp was handed as `json` is an object or a list.
    return body.encode() if isinstance(body, str) else dump_compact(body)


def _decode(response: RecordedResponse) -> RecordedResponse:
    """A response without its content coding, where it can be decoded."""
    coding = header(response.headers, "content-encoding")
    body = None if coding is None else _decode_body(response.body, coding)
    if body is None:
        return response
    return replace(response, headers=strip_coding_headers(response.headers), body=body)


def _decode_body(body: bytes, coding: str) -> bytes | None:
    """A decoded body, or None where it cannot be decoded."""
    try:
        plain = decode_content(body, coding, MAX_DECODED)
    except DecodedTooLargeError:
        plain = None
    if plain is None and decode_body(body) is not None:
        # For urllib3 and requests, vcrpy keeps the decoded body with the headers of the packed one.
        return body
    return plain


FORMAT = Format(
    "vcr",
    "a cassette for vcrpy",
    ".yaml",
    write,
    read,
    own_suffixes=(".yaml", ".yml"),
    top_field="interactions",
)

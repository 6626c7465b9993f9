"""Recordings as cassettes of VCR, in the form that vcrpy writes and plays.

    interactions:
    - request: {method, uri, body, headers: {NAME: [VALUE, ...]}}
      response: {status: {code, message}, headers: {NAME: [VALUE, ...]}, body: {string}}
      understudy: {...}
    version: 1
    understudy: {...}

Bodies are text where they are UTF-8, else `!!binary`. vcrpy passes over the `understudy` members
(see `extensions`). Exchanges without a response are left out; values of one name stand together. In
cassettes of other tools, bodies that are packed (gzip, deflate) are unpacked, and no header says
any more that they were.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from understudy.core.clock import MILLISECOND
from understudy.recording.formats import extensions
from understudy.recording.formats.reader import Node
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
    header,
)

OWN = "understudy"
VERSION = 1
# What zlib must be told of each encoding; servers disagree on what deflate is.
PACKED = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
# They tell of a body that was packed.
OF_PACKING = frozenset({"content-encoding", "content-length"})
# A body that unpacks to more than this stays as it is.
LARGEST = 64 * 1_048_576


def write(recording: Recording) -> bytes:
    """The recording as a cassette, but for the exchanges that had no response."""
    return write_yaml(
        {
            "interactions": [_interaction(each) for each in recording.answered],
            "version": VERSION,
            OWN: extensions.write_recording_extension(recording),
        }
    )


def _interaction(exchange: RecordedExchange) -> Json:
    request, response = exchange.request, exchange.response
    # vcrpy can play no other phrase.
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
        OWN: {
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
    whole = Node(cassette)
    exchanges = tuple(_exchange(each) for each in whole["interactions"])
    return extensions.read_recording_extension(whole.get(OWN, {}), name, exchanges)


def _exchange(interaction: Node) -> RecordedExchange:
    own = interaction.get(OWN)
    response = _read_response(interaction["response"])
    took = own.get("took", 0).number() if own else 0
    return extensions.read_exchange_extension(
        own,
        _read_request(interaction["request"]),
        response if own else _unpacked(response),
        round(took * MILLISECOND),
    )


def _read_request(request: Node) -> RecordedRequest:
    return RecordedRequest(
        request["method"].line(),
        request["uri"].url(),
        tuple(_read_headers(request)),
        _read_body(request.get("body", "")),
    )


def _read_response(response: Node) -> RecordedResponse:
    # What vcrpy wrote of httpx for some time.
    if response.get("status_code"):
        return RecordedResponse(
            response["status_code"].status(),
            tuple(_read_headers(response)),
            _read_body(response.get("content", "")),
        )
    code, message = response["status"]["code"].status(), response["status"].get("message", "")
    body = response.get("body", "")
    return RecordedResponse(
        code,
        tuple(_read_headers(response)),
        _read_body(body.get("string", "") if isinstance(body.value, dict) else body),
        extensions.reason(code, message.text()),
    )


def _read_headers(message: Node) -> Iterator[tuple[str, str]]:
    headers = message.get("headers", {})
    for name in headers.members():
        values = headers.get(name, [])
        Node(name, values.at).line()
        for value in values if isinstance(values.value, list) else [values]:
            yield name, _header_text(value)


def _header_text(value: Node) -> str:
    # Some clients hand over bytes.
    text = value.value.decode("latin-1") if isinstance(value.value, bytes) else value.value
    return Node(text, value.at).line()


def _read_body(body: Node) -> bytes:
    if isinstance(body.value, bytes):
        return body.value
    if isinstance(body.value, (dict, list)):
        # What aiohttp was handed as `json`.
        return body.json()
    return body.text().encode()


def _unpacked(response: RecordedResponse) -> RecordedResponse:
    encoding = header(response.headers, "content-encoding")
    body = None if encoding is None else _plain(response.body, encoding.strip().lower())
    if body is None:
        return response
    headers = (each for each in response.headers if each[0].lower() not in OF_PACKING)
    return RecordedResponse(response.status, tuple(headers), body, response.reason)


def _plain(body: bytes, encoding: str) -> bytes | None:
    """A body that is not packed, or None where it cannot be unpacked."""
    for window in PACKED.get(encoding, ()):
        plain = _inflated(body, window)
        if plain is not None:
            return plain
    # Of urllib3 (and requests) vcrpy keeps what was unpacked already, with its headers.
    return None if decode_body(body) is None else body


def _inflated(body: bytes, window: int) -> bytes | None:
    packed: Any = zlib.decompressobj(window)
    try:
        plain: bytes = packed.decompress(body, LARGEST)
    except zlib.error:
        return None
    return plain if packed.eof else None

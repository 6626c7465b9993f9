"""Recordings as request handlers of MSW, versions 2 and 3: one ES module that exports `handlers`.

There is a handler for each method and URL; it tells requests apart by query, by JSON body and by
the headers that select a reply. Replies to the same request come in their order, and the last one
repeats; `rewind()`, which the module exports as well, starts over.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from understudy.recording.compare import ABSENT, strip_transport_headers
from understudy.recording.formats.format import Format
from understudy.recording.model import Headers, Json, RecordedExchange, Recording, decode_body
from understudy.recording.portable_json import is_safe_in_javascript, parse_portable_json
from understudy.recording.request_key import RequestKey, group_by_key

CODE = Path(__file__).with_name("msw_handlers.mjs")
# Those that a Response of the Fetch standard can have.
STATUSES = range(200, 600)
# What would end a script in a page, or a line of it, and how to write it instead.
ESCAPES = {"</": r"<\/", "<!--": r"\u003c!--", "\u2028": r"\u2028", "\u2029": r"\u2029"}


def write(recording: Recording) -> bytes:
    """The recording as one module."""
    recorded = json.dumps(_handlers(recording), indent=2, ensure_ascii=False)
    return "\n".join(
        [
            _escape(f"// {_line(recording)}"),
            "// Written by understudy, for MSW 2 and 3: setupServer(...handlers).",
            'import { http, HttpResponse } from "msw";',
            "",
            "// Each method and URL, the requests that were made, and their replies in order.",
            f"const recorded = {_escape(recorded)};",
            "",
            CODE.read_text(encoding="utf-8"),
        ]
    ).encode()


def _handlers(recording: Recording) -> list[Json]:
    playable = [each for each in recording.answered if each.response.status in STATUSES]
    exchanges_by_key = group_by_key(playable)
    handlers: dict[tuple[str, str], list[RequestKey]] = {}
    for each in exchanges_by_key:
        handlers.setdefault((each.method, f"{each.origin}{each.path}"), []).append(each)
    return [
        {
            "method": method,
            "url": url,
            # Requests with more to match come first.
            "requests": [
                _request(each, exchanges_by_key[each]) for each in sorted(keys, key=_openness)
            ],
        }
        for (method, url), keys in handlers.items()
    ]


def _line(recording: Recording) -> str:
    """The recording's name and title, on one line."""
    return " ".join(f"{recording.name}: {recording.title}".split()).rstrip(":")


def _escape(text: str) -> str:
    for raw, escaped in ESCAPES.items():
        text = text.replace(raw, escaped)
    return text


def _openness(key: RequestKey) -> tuple[int, bool]:
    return -len(key.headers), parse_portable_json(key.body) is not ABSENT


def _request(key: RequestKey, exchanges: list[RecordedExchange]) -> Json:
    replies = [_reply(each) for each in exchanges]
    return {
        "query": [list(pair) for pair in key.query],
        "headers": _join_headers(key),
        **_body(exchanges[0].request.body),
        "replies": replies[:1] if all(each == replies[0] for each in replies) else replies,
    }


def _join_headers(key: RequestKey) -> dict[str, str]:
    """The headers as `Headers.get` returns them."""
    headers: dict[str, str] = {}
    for name, value in key.headers:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _reply(exchange: RecordedExchange) -> Json:
    response = exchange.response
    return {
        "status": response.status,
        "statusText": response.phrase,
        "headers": _headers(strip_transport_headers(response.headers)),
        **(_body(response.body) or {"text": ""}),
    }


def _headers(headers: Headers) -> Any:
    by_name = dict(headers)
    return by_name if len(by_name) == len(headers) else [list(each) for each in headers]


def _body(body: bytes) -> Json:
    """A body as the one field that holds it."""
    if not body:
        return {}
    document: Any = parse_portable_json(body)
    if isinstance(document, (dict, list)) and is_safe_in_javascript(document):
        return {"json": document}
    text = decode_body(body)
    return {"base64": base64.b64encode(body).decode()} if text is None else {"text": text}


FORMAT = Format("msw", "request handlers of MSW 2 and 3, an ES module", ".mjs", write)

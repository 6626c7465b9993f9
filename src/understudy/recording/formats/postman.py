"""Recordings as a Postman collection, version 2.1.

Each exchange is a request with its saved example. What a person may have to fill in is a variable:
the vendor's base URL (`{{sent_url}}`, initially the recorded origin), the credential that
recordings redact (`{{sent_credential}}`, initially empty; one for each account, when there are
several), and redacted fields of bodies (`{{sent_card_number}}`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import chain
from urllib.parse import urlsplit

from understudy.recording.compare import ABSENT, strip_transport_headers
from understudy.recording.file_names import FileNames, stable_id, title_of, to_file_name
from understudy.recording.formats.format import Format
from understudy.recording.model import (
    Headers,
    Json,
    RecordedExchange,
    RecordedRequest,
    Recording,
    decode_body,
    dump_pretty,
    media_type,
)
from understudy.recording.portable_json import parse_portable_json
from understudy.redaction.masks import MASK_PATTERN

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
# The initial value for a credential that was refused, whichever it was.
REFUSED = "refused"
# The folder of exchanges with an unknown vendor.
OTHER = "other"
# A field of a JSON body whose value is redacted.
REDACTED_FIELD = re.compile(r'("(?P<name>[\w.-]+)"\s*:\s*")\[redacted(?: [\w.-]+)?\](?=")')
LANGUAGES = {"text/html": "html", "application/xml": "xml", "text/xml": "xml"}


class Variables:
    """The collection's variables, as the exchanges come to need them."""

    def __init__(self, exchanges: Sequence[RecordedExchange]) -> None:
        self._names = FileNames()
        self._values: dict[str, str] = {}
        self._accounts: dict[str, set[str]] = {}
        for each in exchanges:
            if each.account is not None:
                self._accounts.setdefault(each.vendor, set()).add(each.account)

    def url(self, exchange: RecordedExchange) -> str:
        """The variable for the origin of the request."""
        parts = urlsplit(exchange.request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return self._variable((exchange.vendor, origin), exchange.vendor, "url", origin)

    def credential(self, exchange: RecordedExchange) -> str:
        """The variable for the request's credential."""
        vendor, account = exchange.vendor, exchange.account
        if account is None and exchange.response.status == 401:
            return self._variable((vendor, REFUSED), vendor, "refused_credential", REFUSED)
        several = len(self._accounts.get(vendor, ())) > 1
        kind = f"credential_{account}" if several and account else "credential"
        return self._variable((vendor, kind, None), vendor, kind, "")

    def field(self, exchange: RecordedExchange, name: str) -> str:
        """The variable for a redacted field of a body."""
        return self._variable((exchange.vendor, "member", name), exchange.vendor, name, "")

    def _variable(self, owner: object, vendor: str, kind: str, value: str) -> str:
        name = self._names.of(owner, to_file_name(f"{vendor}_{kind}" if vendor else kind, kind))
        self._values.setdefault(name, value)
        return f"{{{{{name}}}}}"

    def declare(self) -> list[Json]:
        """The collection's declarations of its variables."""
        return [{"key": name, "value": value} for name, value in self._values.items()]


def write(recording: Recording) -> bytes:
    """The recording as one collection."""
    variables = Variables(recording.answered)
    folders: dict[str, list[Json]] = {}
    for exchange in recording.answered:
        folders.setdefault(exchange.vendor, []).append(_item(exchange, variables))
    items = [{"name": vendor or OTHER, "item": each} for vendor, each in folders.items()]
    content = {
        "item": items if len(items) > 1 else list(chain(*folders.values())),
        "variable": variables.declare(),
    }
    info = {
        "_postman_id": stable_id(recording.name, json.dumps(content)),
        "name": recording.name,
        **({"description": recording.title} if recording.title else {}),
        "schema": SCHEMA,
    }
    return dump_pretty({"info": info, **content})


def _item(exchange: RecordedExchange, variables: Variables) -> Json:
    """One exchange: its request, and its response as a saved example."""
    request, response = exchange.request, exchange.response
    name = f"{title_of(exchange)} {response.status}"
    saved = _request(exchange, variables)
    text = decode_body(response.body)
    return {
        "name": name,
        **_keep_body(request),
        "request": saved,
        "response": [
            {
                "name": name,
                "originalRequest": saved,
                "status": response.phrase,
                "code": response.status,
                "_postman_previewlanguage": _language(response.headers, response.body),
                "header": _headers(response.headers),
                "cookie": [],
                **({"body": text} if text is not None else {}),
            }
        ],
    }


def _keep_body(request: RecordedRequest) -> Json:
    """The setting without which Postman sends no body with these methods."""
    if request.method not in ("GET", "HEAD", "COPY", "PURGE", "UNLOCK") or not request.body:
        return {}
    return {"protocolProfileBehavior": {"disableBodyPruning": True}}


def _request(exchange: RecordedExchange, variables: Variables) -> Json:
    request = exchange.request
    url = _url(_fill_in(request.url, exchange, variables), variables.url(exchange))
    headers = tuple((name, _fill_in(value, exchange, variables)) for name, value in request.headers)
    return {
        # The credential is a header like any other.
        "auth": {"type": "noauth"},
        "method": request.method,
        "header": _headers(headers),
        "url": url,
        **_body(exchange, variables),
    }


def _fill_in(text: str, exchange: RecordedExchange, variables: Variables) -> str:
    """A text with a variable in place of the redacted credential."""
    return MASK_PATTERN.sub(lambda found: variables.credential(exchange), text)


def _headers(headers: Headers) -> list[Json]:
    return [{"key": name, "value": value} for name, value in strip_transport_headers(headers)]


def _url(url: str, base: str) -> Json:
    parts = urlsplit(url)
    path = [_segment(each) for each in parts.path.removeprefix("/").split("/")]
    query = f"?{parts.query}" if parts.query else ""
    return {
        "raw": f"{base}/{'/'.join(path)}{query}",
        "host": [base],
        "path": path,
        **({"query": [_parameter(each) for each in parts.query.split("&")]} if query else {}),
    }


def _segment(segment: str) -> str:
    # A colon at the beginning would make it a path variable.
    return f"%3A{segment[1:]}" if segment.startswith(":") else segment


def _parameter(pair: str) -> Json:
    """A pair of the query, encoded as it was."""
    name, equals, value = pair.partition("=")
    return {"key": name, "value": value if equals else None}


def _body(exchange: RecordedExchange, variables: Variables) -> Json:
    request = exchange.request
    if not request.body:
        return {}
    text = decode_body(request.body)
    if text is None:
        return {"description": "Its body is not text, so it is not here; choose it as a file."}
    raw = REDACTED_FIELD.sub(
        lambda found: found[1] + variables.field(exchange, found["name"]), text
    )
    language = _language(request.headers, request.body)
    return {"body": {"mode": "raw", "raw": raw, "options": {"raw": {"language": language}}}}


def _language(headers: Headers, body: bytes) -> str:
    """The language in which Postman highlights a body."""
    kind = media_type(headers)
    if kind.endswith("json") or (not kind and parse_portable_json(body) is not ABSENT):
        return "json"
    return LANGUAGES.get(kind, "text")


FORMAT = Format("postman", "a Postman collection, version 2.1", ".postman_collection.json", write)

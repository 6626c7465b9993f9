"""Recordings as stub mappings of WireMock 3.

The file goes into WireMock's `mappings` folder or to `POST /__admin/mappings/import`. Requests
match by method, path, query and body, and by the headers that select a reply; a query name that
other requests to the path have must be absent where a request had none. A request that got
different replies is a scenario: the replies come in their order, and the last one repeats.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from understudy.recording.compare import strip_transport_headers
from understudy.recording.file_names import stable_id, title_of, to_file_name
from understudy.recording.formats.format import Format
from understudy.recording.formats.wiremock_matching import (
    Family,
    families_of,
    is_json,
    request_pattern,
)
from understudy.recording.model import (
    Headers,
    Json,
    RecordedExchange,
    RecordedResponse,
    Recording,
    decode_body,
    dump_pretty,
)
from understudy.recording.portable_json import parse_portable_json
from understudy.recording.request_key import RequestKey, group_by_key

# The state in which WireMock's scenarios begin.
FIRST_STATE = "Started"
WIREMOCK_FAULTS = {"reset": "CONNECTION_RESET_BY_PEER", "empty": "EMPTY_RESPONSE"}


def write(recording: Recording) -> bytes:
    """The recording as one file of mappings."""
    exchanges_by_key = group_by_key(recording.exchanges)
    families = families_of(exchanges_by_key)
    mappings: list[Json] = []
    for number, (key, exchanges) in enumerate(exchanges_by_key.items(), 1):
        family = families[key.method, key.path]
        scenario = f"{to_file_name(recording.name, 'recording')} {number} {title_of(exchanges[0])}"
        for each in _mappings(key, family, exchanges, scenario.replace("/", "-")):
            mappings.append({"id": stable_id(len(mappings), json.dumps(each)), **each})
    return dump_pretty({"mappings": mappings})


def _mappings(
    key: RequestKey, family: Family, exchanges: Sequence[RecordedExchange], scenario: str
) -> Iterator[Json]:
    """The mappings of one request: a single one, or a scenario of one for each turn."""
    request = request_pattern(key, family, exchanges[0].request.body)
    replies = [_response(each) for each in exchanges]
    turns = 1 if all(each == replies[0] for each in replies) else len(replies)
    for turn in range(turns):
        yield {
            "name": _name(exchanges[turn]),
            "priority": family.priority(key),
            **(_turn(scenario, turn, turns) if turns > 1 else {}),
            "request": request,
            "response": replies[turn],
            "metadata": {"understudy": _metadata(exchanges[turn])},
        }


def _name(exchange: RecordedExchange) -> str:
    return f"{title_of(exchange)} {exchange.response.status or 'without a response'}"


def _turn(scenario: str, turn: int, turns: int) -> Json:
    """A scenario's state before and after a reply; the last one stays."""
    after = {"newScenarioState": f"{turn + 2} of {turns}"} if turn + 1 < turns else {}
    return {
        "scenarioName": scenario,
        "requiredScenarioState": f"{turn + 1} of {turns}" if turn else FIRST_STATE,
        **after,
    }


def _metadata(exchange: RecordedExchange) -> Json:
    known = {
        "vendor": exchange.vendor,
        "operation": exchange.operation,
        "account": exchange.account,
    }
    return {name: value for name, value in known.items() if value}


def _response(exchange: RecordedExchange) -> Json:
    response = exchange.response
    if not response.status:
        return {"fault": _fault(exchange)}
    headers = strip_transport_headers(response.headers)
    return {
        "status": response.status,
        **({"statusMessage": response.reason} if is_special(response) else {}),
        **({"headers": _by_name(headers)} if headers else {}),
        **_write_body(response),
    }


def is_special(response: RecordedResponse) -> bool:
    """Whether the reason phrase is not the usual one of the status."""
    return response.phrase != replace(response, reason="").phrase


def _fault(exchange: RecordedExchange) -> str:
    """WireMock's fault for the planned one that ended the connection."""
    return WIREMOCK_FAULTS.get(exchange.fault or "", "EMPTY_RESPONSE")


def _by_name(headers: Headers) -> Json:
    spelled: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(spelled.setdefault(name.lower(), name), []).append(value)
    return {name: each[0] if len(each) == 1 else each for name, each in values.items()}


def _write_body(response: RecordedResponse) -> Json:
    """The body as the one field that holds it."""
    if not response.body:
        return {}
    document = parse_portable_json(response.body)
    if is_json(document):
        return {"jsonBody": document}
    text = decode_body(response.body)
    if text is None:
        return {"base64Body": base64.b64encode(response.body).decode()}
    return {"body": text}


FORMAT = Format("wiremock", "stub mappings of WireMock 3", ".wiremock.json", write)

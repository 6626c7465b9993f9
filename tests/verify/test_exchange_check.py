"""What one exchange says against a document."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.openapi.document import Document
from understudy.recording.model import RecordedRequest, RecordedResponse
from understudy.verify.exchange_check import ExchangeChecker

JSON = ("Content-Type", "application/json")
THING = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
CONTENT: dict[str, Any] = {"application/json": {"schema": THING}}
RAW: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Toy", "version": "1"},
    "security": [{"key": []}],
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "key"}}},
    "paths": {
        "/things/{id}": {
            "put": {
                "operationId": "putThing",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"maxLength": 3}},
                    {"name": "If-Match", "in": "header", "schema": {"maxLength": 3}},
                    {"name": "deep", "in": "query", "schema": {"type": "boolean"}},
                ],
                "requestBody": {"required": True, "content": CONTENT},
                "responses": {
                    "200": {
                        "description": "",
                        "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
                        "content": CONTENT,
                    },
                    "202": {"description": "", "content": {"text/*": {}}},
                    "204": {"description": ""},
                    "415": {"description": ""},
                },
            },
            "get": {
                "operationId": "getThing",
                "security": [],
                "responses": {"200": {"description": ""}},
            },
        }
    },
}
CHECKER = ExchangeChecker(Document("toy", RAW))
PUT = CHECKER.document.operations["putThing"]
GOOD = b'{"name": "a"}'
TAGGED = (JSON, ("ETag", "1"))


def asked(
    path: str = "/things/1", headers: tuple[tuple[str, str], ...] = (JSON,), body: bytes = GOOD
) -> RecordedRequest:
    return RecordedRequest("PUT", f"http://api.invalid{path}", headers, body)


def said(request: RecordedRequest, reply: RecordedResponse) -> list[tuple[str, str, str]]:
    found = CHECKER.find_faults(PUT, request, reply)
    return [(each.code, each.where, each.pointer) for each in found]


@pytest.mark.parametrize(
    "reply",
    [
        RecordedResponse(200, TAGGED, GOOD),
        RecordedResponse(202, (("Content-Type", "text/plain; charset=utf-8"),), b"soon"),
        RecordedResponse(204),
        RecordedResponse(429, (), b"slow down"),
    ],
)
def test_what_is_documented_is_no_breach(reply: RecordedResponse) -> None:
    """Nor is a limit on the rate of requests."""
    assert said(asked(), reply) == []


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (RecordedResponse(200, (JSON,), GOOD), ("missing-header", "response", "ETag")),
        (RecordedResponse(200, TAGGED, b"{}"), ("required", "response", "/name")),
        (RecordedResponse(200, TAGGED, b"{"), ("malformed-json", "response", "")),
        (RecordedResponse(200, TAGGED), ("missing-body", "response", "")),
        (
            RecordedResponse(200, (("ETag", "1"),), GOOD),
            ("undocumented-content-type", "response", "Content-Type"),
        ),
        (
            RecordedResponse(202, (JSON,), GOOD),
            ("undocumented-content-type", "response", "Content-Type"),
        ),
        (RecordedResponse(404), ("undocumented-status", "response", "")),
        (RecordedResponse(500), ("server-error", "response", "")),
        (RecordedResponse(415), ("rejected-valid", "response", "")),
    ],
)
def test_what_is_not_documented_is_one_breach(
    reply: RecordedResponse, expected: tuple[str, str, str]
) -> None:
    """It says what is wrong, and where."""
    assert said(asked(), reply) == [expected]


@pytest.mark.parametrize(
    ("request_", "where", "pointer"),
    [
        (asked("/things/long%20id"), "path", "id"),
        (asked("/things/1?deep=perhaps"), "query", "deep"),
        (asked(headers=(JSON, ("if-match", "too long"))), "header", "If-Match"),
        (asked(body=b""), "body", ""),
        (asked(body=b"{"), "body", ""),
        (asked(body=b'{"name": 1}'), "body", "/name"),
    ],
)
def test_an_invalid_request_that_succeeds_is_a_breach(
    request_: RecordedRequest, where: str, pointer: str
) -> None:
    """It names the part of the request that should have been refused."""
    assert said(request_, RecordedResponse(204)) == [("accepted-invalid", where, pointer)]


@pytest.mark.parametrize(
    "request_",
    [
        asked("/things/1?deep=true&deep=false"),
        asked(headers=(("Content-Type", "text/plain"),), body=b"a"),
    ],
    ids=["a parameter twice", "another type"],
)
def test_what_servers_may_read_in_their_own_way_is_tolerated(request_: RecordedRequest) -> None:
    """The document does not forbid it."""
    assert said(request_, RecordedResponse(204)) == []


def test_a_denied_type_that_is_not_declared_is_no_breach() -> None:
    """That is what the denial is for."""
    request = asked(headers=(("Content-Type", "text/plain"),))

    assert said(request, RecordedResponse(415)) == []


def test_an_operation_may_want_no_credential() -> None:
    """What it says of itself wins over what holds for all."""
    assert CHECKER.document.security.is_required("putThing")
    assert not CHECKER.document.security.is_required("getThing")

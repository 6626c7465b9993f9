"""Whether requests and replies are what the document declares."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.core.errors import Diagnosis
from understudy.openapi.conformance import (
    find_document_faults,
    find_reply_faults,
    find_request_faults,
)
from understudy.openapi.document import Document
from understudy.openapi.parameters import SentValues

THING = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
JSON = {"content-type": "application/json"}
RAW: dict[str, Any] = {
    "paths": {
        "/things": {
            "put": {
                "operationId": "putThing",
                "parameters": [{"name": "deep", "in": "query", "schema": {"type": "boolean"}}],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": THING},
                        "application/x-www-form-urlencoded": {"schema": THING},
                        "application/vnd.count+json": {"schema": {"type": "integer"}},
                    },
                },
                "responses": {
                    "200": {
                        "description": "",
                        "headers": {
                            "ETag": {"required": True},
                            "Age": {},
                            "Content-Type": {"required": True},
                        },
                        "content": {
                            "text/*": {},
                            "application/json": {"schema": THING},
                            "application/problem+json": {"schema": {"type": "array"}},
                        },
                    },
                    "202": {"description": "", "content": {"text/plain": {}}},
                    "204": {"description": ""},
                    "207": {"description": "", "content": {"*/*": {"schema": THING}}},
                    "503": {"description": ""},
                },
            },
        }
    },
}
PUT = Document("toy", RAW).operations["putThing"]
GOOD = b'{"name": "a"}'


def tell(faults: list[Diagnosis]) -> list[tuple[str, str, str]]:
    """Code, place and pointer of each."""
    return [(each.code, each.where, each.pointer) for each in faults]


def ask(headers: dict[str, str], body: bytes | None, query: dict[str, list[str]]) -> Any:
    """What is wrong with a request."""
    return tell(find_request_faults(PUT, SentValues({}, query, headers), body))


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {**JSON, "etag": "1"}, GOOD),
        (200, {"etag": "1", "content-type": "text/plain; charset=utf-8"}, b"a"),
        (200, {"etag": "1", "content-type": "text/plain"}, b""),
        (200, {"etag": "1", "content-type": "application/problem+json"}, b"[]"),
        (204, {}, b""),
        (207, JSON, GOOD),
        (207, {"content-type": "image/png"}, b"\x89"),
        (503, {}, b""),
    ],
)
def test_a_documented_reply_has_no_fault(status: int, headers: dict[str, str], body: bytes) -> None:
    """Each declared media type has its own schema; a range takes what is in it."""
    assert find_reply_faults(PUT, status, headers, body) == []


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (299, JSON, GOOD, ("undocumented-status", "response", "")),
        (500, JSON, GOOD, ("server-error", "response", "")),
        (200, JSON, GOOD, ("missing-header", "response", "ETag")),
        (200, {**JSON, "etag": ""}, b"{}", ("required", "response", "/name")),
        (200, {**JSON, "etag": ""}, b"", ("missing-body", "response", "")),
        (200, {"etag": ""}, b"", ("missing-body", "response", "")),
        (
            200,
            {**JSON, "etag": ""},
            b'{"name": "a", "name": "b"}',
            ("malformed-json", "response", ""),
        ),
        (200, {**JSON, "etag": ""}, None, ("unreadable-body", "response", "")),
        (200, {"etag": ""}, GOOD, ("undocumented-content-type", "response", "Content-Type")),
        (202, JSON, GOOD, ("undocumented-content-type", "response", "Content-Type")),
        (
            200,
            {"etag": "1", "content-type": "application/problem+json"},
            b"{}",
            ("type", "response", ""),
        ),
        (207, JSON, b"{}", ("required", "response", "/name")),
        (503, {}, b"down", ("undocumented-body", "response", "")),
    ],
)
def test_an_undocumented_reply_has_one_fault(
    status: int, headers: dict[str, str], body: bytes | None, expected: tuple[str, str, str]
) -> None:
    """It says what is wrong, and where."""
    assert tell(find_reply_faults(PUT, status, headers, body)) == [expected]


def test_a_missing_header_and_a_wrong_body_are_both_told() -> None:
    """One fault does not hide another."""
    assert tell(find_reply_faults(PUT, 200, JSON, b"{}")) == [
        ("missing-header", "response", "ETag"),
        ("required", "response", "/name"),
    ]


@pytest.mark.parametrize(
    ("headers", "body", "query"),
    [
        (JSON, GOOD, {}),
        (JSON, GOOD, {"deep": ["true"]}),
        ({"content-type": "application/x-www-form-urlencoded"}, b"name=a", {}),
        ({"content-type": "application/vnd.count+json"}, b"1", {}),
        (JSON, None, {}),
    ],
)
def test_a_documented_request_has_no_fault(
    headers: dict[str, str], body: bytes | None, query: dict[str, list[str]]
) -> None:
    """A body that is not JSON is not looked into."""
    assert ask(headers, body, query) == []


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({}, b"", ("required", "body", "")),
        (JSON, b"{", ("malformed-body", "body", "")),
        (JSON, b"{}", ("required", "body", "/name")),
        ({"content-type": "application/vnd.count+json"}, b"{}", ("type", "body", "")),
        ({"content-type": "text/plain"}, GOOD, ("unsupported-media-type", "header", "")),
        ({}, GOOD, ("unsupported-media-type", "header", "")),
    ],
)
def test_an_invalid_body_has_its_fault(
    headers: dict[str, str], body: bytes, expected: tuple[str, str, str]
) -> None:
    """Beside those of the parameters."""
    faults = ask(headers, body, {"deep": ["perhaps"]})

    assert faults == [("type", "query", "deep"), expected]


def test_a_document_is_checked_without_its_bytes() -> None:
    """As the engine has it before it is sent: JSON is what it answers with."""
    assert find_document_faults(PUT, 200, {"name": "a"}) == []
    assert tell(find_document_faults(PUT, 200, {})) == [("required", "response", "/name")]
    assert tell(find_document_faults(PUT, 418, {})) == [("undocumented-status", "response", "")]

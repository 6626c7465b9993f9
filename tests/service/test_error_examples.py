"""Errors by the names of the documents' examples."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.toy import toy_service
from understudy.core.errors import (
    ApiError,
    BadRequest,
    IllegalTransition,
    Internal,
    InvalidBody,
    MalformedBody,
    MethodNotAllowed,
    NotFound,
    Refused,
    ResponseMismatch,
    UnknownPath,
)
from understudy.core.settings import Settings
from understudy.openapi.document import Document
from understudy.service import Call, ErrorExamples, Reply
from understudy.service.request import Request
from understudy.service.service import Service
from understudy.session.session import Session
from understudy.session.store import Snapshot

ERRORS = ErrorExamples(
    examples={
        BadRequest: "validation",
        MalformedBody: "malformed-body",
        Internal: "internal",
    },
    transitions={("campaign", "update"): "already-submitted"},
    undocumented={UnknownPath: {"error": "no such path"}},
)
SOLD_OUT = {"error": "sold out"}
BROKEN = {"error": "broken"}


def make_call(path: str = "/toys") -> Call[Any]:
    """A request to a shop whose one operation, at /toys, documents two errors."""
    responses = {
        "200": {"description": ""},
        "409": declare("sold-out", SOLD_OUT),
        "500": declare("internal", BROKEN),
    }
    paths = {"/toys": {"get": {"operationId": "getToy", "responses": responses}}}
    document = Document("toys", {"paths": paths, "components": {}})
    service = Service(toy_service(Reply(200)).vendor, document, {}, None, {}, "/toys")
    session = Session("test", Snapshot({}), Settings(clock=0))
    request = Request("GET", path, "", {}, received=0)
    call: Call[Any] = Call(service, session, Settings(), request)
    call.routed = document.operations["getToy"] if path == "/toys" else None
    return call


def declare(name: str, body: Any) -> dict[str, Any]:
    """A response with one example."""
    examples = {name: {"value": body}}
    return {"description": "", "content": {"application/json": {"examples": examples}}}


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (Refused("brand-inherited", "why"), "brand-inherited"),
        (NotFound("campaign", "1"), "campaign-not-found"),
        (NotFound("contact list", "1"), "contact-list-not-found"),
        (IllegalTransition("campaign", "update", "ACTIVE", []), "already-submitted"),
        (IllegalTransition("campaign", "delete", "ACTIVE", []), ""),
        (MalformedBody("why"), "malformed-body"),
        (InvalidBody("why"), "validation"),
        (ResponseMismatch("why"), "internal"),
        (ApiError("why"), ""),
    ],
)
def test_error_has_the_name_of_its_example(error: ApiError, name: str) -> None:
    """A rule's own name, the kind, the move, or the nearest class that has one; else none."""
    assert ERRORS.choose(error) == name


def test_documented_body_is_found() -> None:
    """With the status of the response that has it, and the error that it is about."""
    error = Refused("sold-out", "why")

    assert ERRORS.find(make_call(), error) == (error, "sold-out", 409, SOLD_OUT)


def test_vendor_may_choose_the_name() -> None:
    """Such as by what is wrong with a body."""
    found = ERRORS.find(make_call(), InvalidBody("why"), "sold-out")

    assert (found.name, found.status) == ("sold-out", 409)


@pytest.mark.parametrize(
    "error", [Refused("sold-oot", "why"), IllegalTransition("toy", "sell", "sold", [])]
)
def test_undocumented_name_is_a_failure_of_the_mock(
    error: ApiError, caplog: pytest.LogCaptureFixture
) -> None:
    """It is answered as such, about an error of its own, and logged with its reason."""
    with caplog.at_level(logging.ERROR):
        found = ERRORS.find(make_call(), error)

    assert type(found.error) is Internal and found[1:] == ("internal", 500, BROKEN)
    assert error.message in caplog.text


def test_request_that_reached_no_operation_has_its_own_body() -> None:
    """No operation can document it."""
    error = UnknownPath("why")

    assert ERRORS.find(make_call("/tyos"), error) == (error, "", 404, {"error": "no such path"})


def test_body_of_any_operation_stands_in() -> None:
    """A request that reached none fails, and there is no body for that."""
    found = ERRORS.find(make_call("/tyos"), MethodNotAllowed("PUT", ["GET"]))

    assert (found.status, found.body) == (500, BROKEN)


def test_vendor_without_a_body_for_failures_cannot_answer() -> None:
    """It is said which example is missing."""
    errors = ErrorExamples({Internal: "oops"})

    with pytest.raises(LookupError, match="toys: no operation documents the example 'oops'"):
        errors.find(make_call(), ApiError("why"))

"""Whether an exchange is what its document declares: every fault of a request and of its reply."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from understudy.core.errors import (
    ApiError,
    Diagnosis,
    InvalidBody,
    MalformedBody,
    UnsupportedMediaType,
)
from understudy.core.strict_json import read_json
from understudy.openapi.media_types import find_range, is_json, parse_media_type
from understudy.openapi.operation import Operation, RequestBody, Response
from understudy.openapi.parameters import SentValues, read_parameters
from understudy.openapi.schemas import Validator

# Replies of these statuses never have a body.
BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED})
CORRECT_ONE = "find out which is right; correct the document or the reply"


def find_request_faults(
    operation: Operation, sent: SentValues, body: bytes | None
) -> list[Diagnosis]:
    """Every way in which a request is not what the document declares, credentials left out.

    Args:
        body: without content coding; None when it is not to be looked at.
    """
    faults = read_parameters(operation.parameters, sent, {})
    if operation.body is None or body is None:
        return faults
    try:
        _check_body(operation.body, sent.headers.get("content-type", ""), body)
    except ApiError as error:
        faults += error.diagnoses
    return faults


def _check_body(declared: RequestBody, content_type: str, body: bytes) -> None:
    if body:
        validator = choose_validator(declared, content_type)
        if validator is not None:
            check_document(validator, read_json(body))
    elif declared.required:
        raise missing_body()


def missing_body() -> InvalidBody:
    """The error of a request without the body that it needs."""
    fault = Diagnosis("required", "body", "", "the request has no body", "send JSON")
    return InvalidBody("the body is missing", [fault])


def choose_validator(declared: RequestBody, content_type: str) -> Validator | None:
    """What checks a body that is sent with this Content-Type; None where it is not JSON.

    Raises:
        UnsupportedMediaType: when the document does not declare it.
    """
    media_type = parse_media_type(content_type)
    declared_range = find_range(declared.media_types, media_type)
    if declared_range is None:
        named = f'"{media_type}"' if media_type else "no Content-Type"
        known = ", ".join(declared.media_types)
        raise UnsupportedMediaType(f"the body was sent with {named}", hint=f"send it as {known}")
    return declared.validators.get(declared_range) if is_json(media_type) else None


def check_document(validator: Validator, document: Any) -> None:
    """Check the document in a request's body.

    Raises:
        InvalidBody: with every fault.
    """
    if not validator.accepts(document):
        raise InvalidBody("the body breaks the document", validator.diagnose(document, "body"))


def find_document_faults(operation: Operation, status: int, document: Any) -> list[Diagnosis]:
    """Every way in which a JSON document is not what the document declares for a status."""
    declared = operation.responses.get(status)
    if declared is None:
        return [_undocumented(operation, status)]
    return declared.diagnose(document)


def find_reply_faults(
    operation: Operation, status: int, headers: Mapping[str, str], body: bytes | None
) -> list[Diagnosis]:
    """Every way in which a reply is not what the document declares.

    Args:
        headers: by name in lower case.
        body: without content coding; None when its coding cannot be unpacked.
    """
    declared = operation.responses.get(status)
    if declared is None:
        return [_undocumented(operation, status)]
    reply = f"the reply {status} of {operation.id}"
    faults = [
        _fault("missing-header", f"{reply} lacks the header {name}", name)
        for name in declared.required_headers
        if name.lower() not in headers
    ]
    if operation.method == "HEAD" or status in BODILESS:
        return faults
    media_type = parse_media_type(headers.get("content-type", ""))
    return faults + _find_body_faults(declared, media_type, body, reply)


def _find_body_faults(
    declared: Response, media_type: str, body: bytes | None, reply: str
) -> list[Diagnosis]:
    known = ", ".join(declared.validators)
    if not known:
        message = f"{reply} has a body, and the document declares none"
        return [] if body == b"" else [_fault("undocumented-body", message)]
    if body == b"" and (not media_type or is_json(media_type)):
        return [_fault("missing-body", f"{reply} has no body; declared: {known}")]
    declared_range = find_range(declared.validators, media_type)
    if declared_range is None:
        named = f'"{media_type}"' if media_type else "no Content-Type"
        message = f"{reply} was sent with {named}; declared: {known}"
        return [_fault("undocumented-content-type", message, "Content-Type")]
    if body is None:
        message = f"{reply} came in a content coding that cannot be unpacked"
        return [_fault("unreadable-body", message)]
    if not is_json(media_type):
        return []
    try:
        document = read_json(body)
    except MalformedBody as error:
        return [_fault("malformed-json", f"{reply} cannot be read: {error.message}")]
    validator = declared.validators[declared_range]
    return [] if validator is None else validator.diagnose(document, "response")


def _undocumented(operation: Operation, status: int) -> Diagnosis:
    known = ", ".join(map(str, operation.responses))
    message = f"{operation.id} declares no response {status}; declared: {known}"
    failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return _fault("server-error" if failed else "undocumented-status", message)


def _fault(code: str, message: str, pointer: str = "") -> Diagnosis:
    return Diagnosis(code, "response", pointer, message, CORRECT_ONE)

"""Checks one exchange against the document: the reply, and whether the right requests succeed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from urllib.parse import parse_qs

from understudy.core.errors import Diagnosis
from understudy.openapi.conformance import find_reply_faults, find_request_faults
from understudy.openapi.document import Document, Operation
from understudy.openapi.parameters import SentValues, parse_query
from understudy.openapi.path_router import Template
from understudy.recording.model import Headers, RecordedRequest, RecordedResponse, header
from understudy.verify.findings import RATE_LIMITED, split_unexpected

# Statuses that deny what the document declares of an operation, and what that is.
DENIALS = {
    HTTPStatus.METHOD_NOT_ALLOWED: "its method",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "its content type",
    HTTPStatus.NOT_IMPLEMENTED: "its method",
}
SERVER_ERROR = 500
UNDECLARED_TYPE = "unsupported-media-type"
# Servers may accept these: some read the first of two values, some the last, some more media types.
TOLERATED = frozenset({"duplicate", UNDECLARED_TYPE})


class ExchangeChecker:
    """Checks exchanges against one document."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def find_template(self, path: str) -> tuple[Template, Mapping[str, str]] | None:
        """The path template of an encoded path, and the values in it."""
        return self.document.router.match(path)

    def find_operation(self, request: RecordedRequest) -> Operation | None:
        """The operation of a request; None when the document declares none."""
        found = self.find_template(request.path)
        return None if found is None else found[0].operations.get(request.method)

    def find_faults(
        self, operation: Operation, request: RecordedRequest, reply: RecordedResponse
    ) -> list[Diagnosis]:
        """Every way in which an exchange is not what the document says.

        A reply to too many requests is not checked: it says nothing of the operation.
        """
        if reply.status == RATE_LIMITED:
            return []
        found = find_reply_faults(operation, reply.status, _fold(reply.headers), reply.body)
        faults = [part for each in found for part in split_unexpected(each)]
        if not has_preference(request):
            faults += self._find_wrong_decision(operation, request, reply.status)
        return faults

    def _find_wrong_decision(
        self, operation: Operation, request: RecordedRequest, status: int
    ) -> Iterator[Diagnosis]:
        """An invalid request that succeeded, or a valid one whose method or type was denied."""
        if status not in DENIALS and not 200 <= status < 300:
            return
        faults = self.find_request_faults(operation, request)
        broken = [each for each in faults if each.code not in TOLERATED]
        if status not in DENIALS:
            yield from map(_accepted, broken[:1])
        elif not broken and UNDECLARED_TYPE not in {each.code for each in faults}:
            message = f"a request that the document allows was denied with {status}"
            hint = f"the document declares {DENIALS[HTTPStatus(status)]}"
            yield Diagnosis("rejected-valid", "response", "", message, hint)

    def find_request_faults(
        self, operation: Operation, request: RecordedRequest
    ) -> list[Diagnosis]:
        """Every way in which a request, as it was sent, breaks the document."""
        found = self.find_template(request.path)
        values = {} if found is None else found[1]
        sent = SentValues(values, parse_query(request.query), _fold(request.headers))
        faults = find_request_faults(operation, sent, request.body)
        return [part for each in faults for part in split_unexpected(each)]


def has_preference(request: RecordedRequest) -> bool:
    """Whether a request chooses its reply by `Prefer` or a query twin of it."""
    in_query = any(name.startswith("__") for name in parse_qs(request.query, True))
    return in_query or header(request.headers, "prefer") is not None


def _fold(headers: Headers) -> dict[str, str]:
    """Headers by name in lower case; the first one where a name is sent twice."""
    return {name.lower(): value for name, value in reversed(headers)}


def _accepted(fault: Diagnosis) -> Diagnosis:
    message = f"a request that breaks the document was accepted ({fault.code}): {fault.message}"
    return Diagnosis("accepted-invalid", fault.where, fault.pointer, message, "refuse it")

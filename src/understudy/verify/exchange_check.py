"""Holds one exchange against the document: status, headers, content type, body, and the request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from understudy.core.strict_json import parse_json
from understudy.openapi.document import Document, Operation, Response
from understudy.openapi.parameters import Parameter, read_parameter
from understudy.openapi.path_router import PathRouter, Template
from understudy.recording.model import RecordedRequest, RecordedResponse, header, media_type
from understudy.verify.findings import RATE_LIMITED, Breach, breaches_of

# What an operation that is documented with its method and content type cannot say of them.
DENIALS = {
    HTTPStatus.METHOD_NOT_ALLOWED: "its method",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "its content type",
    HTTPStatus.NOT_IMPLEMENTED: "its method",
}
FAILURE = 500
# Some servers read the first of two values, some the last: neither breaks the document.
TOLERATED = frozenset({"duplicate"})


class ExchangeChecker:
    """Knows one document.

    Attributes:
        document: what exchanges are held against.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self._tree = PathRouter(document.operations.values())

    def template(self, path: str) -> tuple[Template, Mapping[str, str]] | None:
        """The template of an encoded path and its values."""
        return self._tree.match(path)

    def operation(self, request: RecordedRequest) -> Operation | None:
        """The operation that a request meets; None when it meets none."""
        found = self._tree.match(request.path)
        return None if found is None else found[0].operations.get(request.method)

    def node(self, operation: Operation) -> dict[str, Any]:
        """An operation as the document writes it."""
        node: dict[str, Any] = self.document.raw["paths"][operation.path][operation.method.lower()]
        return node

    def is_secured(self, operation: Operation) -> bool:
        """Whether it takes a credential, and nothing else will do."""
        everywhere: list[Any] = self.document.raw.get("security", [])
        wanted: list[Any] = self.node(operation).get("security", everywhere)
        return bool(wanted) and all(wanted)

    def breaches(
        self, operation: Operation, request: RecordedRequest, reply: RecordedResponse
    ) -> list[Breach]:
        """Every way in which an exchange is not what the document says."""
        # It says nothing of the document.
        if reply.status == RATE_LIMITED:
            return []
        declared = operation.responses.get(reply.status)
        found = [_undocumented(operation, reply)] if declared is None else []
        if declared is not None:
            found += self._in_reply(operation, declared, request, reply)
        if not prefers(request) and (reply.status in DENIALS or 200 <= reply.status < 300):
            found += self._in_acceptance(operation, request, reply)
        return found

    def _in_reply(
        self,
        operation: Operation,
        declared: Response,
        request: RecordedRequest,
        reply: RecordedResponse,
    ) -> Iterator[Breach]:
        node = self._response_node(operation, declared.status)
        yield from self._missing_headers(node, reply)
        types = [name.lower() for name in node.get("content", {})]
        # Where the document shows no content it does not say that there is none.
        if not types or request.method == "HEAD":
            return
        sent = media_type(reply.headers)
        if not any(_matches(each, sent) for each in types):
            yield _other_type(sent, types)
        elif _matches((declared.media_type or "").lower(), sent) and _is_json(sent):
            yield from _in_body(declared, reply.body)

    def _response_node(self, operation: Operation, status: int) -> dict[str, Any]:
        for name, node in self.node(operation)["responses"].items():
            if str(name) == str(status):
                return self.document.resolve(node)
        return {}

    def _missing_headers(
        self, node: Mapping[str, Any], reply: RecordedResponse
    ) -> Iterator[Breach]:
        for name, declared in node.get("headers", {}).items():
            needed = self.document.resolve(declared).get("required", False)
            if needed and header(reply.headers, name) is None:
                message = f"the reply lacks the header {name}, which the document requires"
                yield Breach("missing-header", "header", name, message, "send it")

    def _in_acceptance(
        self, operation: Operation, request: RecordedRequest, reply: RecordedResponse
    ) -> list[Breach]:
        """What a success, or a denial of what is documented, says against its request."""
        wrong = self.wrong_with(operation, request)
        if reply.status not in DENIALS:
            return [_accepted(each) for each in wrong[:1]]
        if wrong or not self._has_declared_type(operation, request):
            return []
        what = f"a request that the document allows was denied with {reply.status}"
        hint = f"the document declares {DENIALS[HTTPStatus(reply.status)]}"
        return [Breach("rejected-valid", "response", "", what, hint)]

    def wrong_with(self, operation: Operation, request: RecordedRequest) -> list[Breach]:
        """Every way in which a request, as it was sent, breaks the document."""
        found = [
            breach
            for parameter in operation.parameters
            for each in read_parameter(parameter, self._sent(parameter, request), {})
            if each.code not in TOLERATED
            for breach in breaches_of(each)
        ]
        return found + self._wrong_with_body(operation, request)

    def _sent(self, parameter: Parameter, request: RecordedRequest) -> list[str]:
        if parameter.where == "path":
            found = self._tree.match(request.path)
            return [] if found is None else [found[1][parameter.name]]
        if parameter.where == "query":
            query = parse_qs(request.query, keep_blank_values=True)
            return query.get(parameter.key, [])
        value = header(request.headers, parameter.key) if parameter.where == "header" else None
        return [] if value is None else [value]

    def _wrong_with_body(self, operation: Operation, request: RecordedRequest) -> list[Breach]:
        declared = operation.body
        if declared is None or (not request.body and not declared.required):
            return []
        if not request.body:
            return [Breach("required", "body", "", "the body is missing", "send one")]
        if not _is_json(media_type(request.headers)):
            return []
        try:
            found = declared.validator.diagnose(parse_json(request.body), "body")
            return [breach for each in found for breach in breaches_of(each)]
        except (ValueError, RecursionError):
            return [Breach("malformed-body", "body", "", "the body is not JSON", "send JSON")]

    def _has_declared_type(self, operation: Operation, request: RecordedRequest) -> bool:
        declared = operation.body
        if declared is None or not request.body:
            return not request.body
        return media_type(request.headers) in declared.media_types


def prefers(request: RecordedRequest) -> bool:
    """Whether a request picks its answer, as only the mock lets it."""
    twins = any(name.startswith("__") for name in parse_qs(request.query, keep_blank_values=True))
    return twins or header(request.headers, "prefer") is not None


def _undocumented(operation: Operation, reply: RecordedResponse) -> Breach:
    known = ", ".join(str(status) for status in operation.responses)
    if reply.status >= FAILURE:
        message = f"the server failed with {reply.status}, which is not documented"
        return Breach("server-error", "response", "", message, f"documented: {known}")
    message = f"the status {reply.status} is not documented"
    return Breach("undocumented-status", "response", "", message, f"documented: {known}")


def _other_type(sent: str, types: list[str]) -> Breach:
    message = f"the content type {sent} is not documented" if sent else "it has no content type"
    hint = f"documented: {', '.join(types)}"
    return Breach("undocumented-content-type", "header", "Content-Type", message, hint)


def _in_body(declared: Response, body: bytes) -> list[Breach]:
    try:
        found = declared.diagnose(parse_json(body))
        return [breach for each in found for breach in breaches_of(each)]
    except (ValueError, RecursionError) as error:
        what = f"the body is not JSON: {error}" if body else "the body is empty"
        return [Breach("malformed-json", "response", "", what, "send one JSON document")]


def _accepted(breach: Breach) -> Breach:
    message = f"a request that breaks the document was accepted ({breach.code}): {breach.message}"
    return Breach("accepted-invalid", breach.where, breach.pointer, message, "refuse it")


def _is_json(type: str) -> bool:
    return type == "application/json" or type.endswith("+json")


def _matches(declared: str, sent: str) -> bool:
    """Whether a media type is the declared one, or in the declared range."""
    plain = declared.partition(";")[0].strip()
    if plain == "*/*" or plain == sent:
        return True
    return plain.endswith("/*") and sent.startswith(plain[:-1])

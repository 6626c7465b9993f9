"""Where a request to the real vendor, or its reply, is not what the document says."""

from __future__ import annotations

from understudy.core.errors import ApiError, Diagnosis
from understudy.openapi.conformance import find_reply_faults, find_request_faults
from understudy.openapi.document import Operation
from understudy.openapi.parameters import SentValues, parse_query
from understudy.proxy.client import UpstreamReply
from understudy.redaction.finders import decode_headers
from understudy.service import checks
from understudy.service.call import Call

UNREADABLE = "the body came in a content coding that cannot be unpacked"


def find_request_differences(call: Call, readable: bool) -> list[Diagnosis]:
    """Every way in which a request is not what the document declares; none ends it.

    Finds the operation of the call.

    Args:
        readable: whether the call's content is without content coding.
    """
    document, query = call.service.document, call.request.query
    try:
        checks.route(document.router, call)
    except ApiError as error:
        return list(error.diagnoses)
    found = document.security.find_missing(call.operation.id, call.headers, query)
    sent = SentValues(call.path_values, parse_query(query), call.headers)
    content = call.request.content if readable and not call.request.too_large else None
    found += find_request_faults(call.operation, sent, content)
    if not readable and not call.request.too_large:
        found.append(Diagnosis("malformed-body", "body", "", UNREADABLE, "send it as it is"))
    return found


def find_reply_differences(operation: Operation, answer: UpstreamReply) -> list[Diagnosis]:
    """Every way in which a reply is not what the document declares for its operation."""
    headers = {name.lower(): value for name, value in decode_headers(answer.headers)}
    body = answer.body if answer.readable else None
    return find_reply_faults(operation, answer.status, headers, body)

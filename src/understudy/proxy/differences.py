"""Where a request to the real vendor, or its reply, is not what the document says."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from urllib.parse import parse_qs

from understudy.core.errors import ApiError, Diagnosis, MalformedBody
from understudy.core.strict_json import read_json
from understudy.openapi.document import Node, Operation, Response
from understudy.openapi.path_router import PathRouter
from understudy.proxy.client import BODILESS_METHODS, UpstreamReply
from understudy.service import checks
from understudy.service.call import Call

WHICH = "ask the vendor which is right; if it is the reply, correct the document"
UNREAD = "the body came in a content coding that cannot be unpacked"


async def find_request_differences(tree: PathRouter, call: Call, readable: bool) -> list[Diagnosis]:
    """Every way in which a request is not what the document declares; none ends it.

    Args:
        readable: whether the call's content is without content coding.
    """
    try:
        checks.route(tree, call)
    except ApiError as error:
        return list(error.diagnoses)
    found = [*_missing_credential(call), *checks.diagnose_parameters(call)]
    if call.request.too_large:
        return found
    if not readable:
        return [*found, Diagnosis("malformed-body", "body", "", UNREAD, "send it as it is")]
    try:
        await checks.body(call)
    except ApiError as error:
        found += error.diagnoses
    return found


def _missing_credential(call: Call) -> list[Diagnosis]:
    """Told when the document demands a credential, and the request carries none."""
    document = call.service.document
    node = document.raw["paths"][call.operation.path][call.operation.method.lower()]
    alternatives = node.get("security", document.raw.get("security", []))
    if any(all(_carries(call, name) for name in each) for each in alternatives):
        return []
    names = next((list(each) for each in alternatives), [])
    return [_missing(scheme_of(call, name)) for name in names if not _carries(call, name)]


def scheme_of(call: Call, name: str) -> Node:
    """A security scheme of the vendor's document."""
    document = call.service.document
    return document.resolve(document.raw["components"]["securitySchemes"][name])


def _carries(call: Call, name: str) -> bool:
    scheme = scheme_of(call, name)
    if scheme["type"] != "apiKey":
        kind, _, credential = call.headers.get("authorization", "").partition(" ")
        wanted = scheme.get("scheme", "bearer").lower()
        return kind.lower() == wanted and bool(credential.strip())
    return bool(_sent(call, scheme["in"]).get(scheme["name"].lower()))


def _sent(call: Call, where: str) -> Mapping[str, object]:
    """What a request carries in one place, by name in lower case."""
    if where == "header":
        return call.headers
    if where == "query":
        return {name.lower(): each for name, each in parse_qs(call.request.query).items()}
    pairs = (each.partition("=") for each in call.headers.get("cookie", "").split(";"))
    return {name.strip().lower(): value for name, _, value in pairs}


def _missing(scheme: Node) -> Diagnosis:
    if scheme["type"] == "apiKey":
        name, where, shown = scheme["name"], scheme["in"], scheme["name"]
    else:
        kind = str(scheme.get("scheme", "bearer")).capitalize()
        name, where, shown = "Authorization", "header", f"Authorization: {kind} ..."
    message = f"no credential was sent in the {where} {name}"
    return Diagnosis("missing-credential", where, name, message, f"send {shown}")


def find_reply_differences(operation: Operation, answer: UpstreamReply) -> list[Diagnosis]:
    """Every way in which a reply is not what the document declares for its operation."""
    declared = operation.responses.get(answer.status)
    if declared is None:
        known = ", ".join(map(str, operation.responses))
        message = f"{operation.id} declares no response {answer.status}; declared: {known}"
        return [_told("undocumented-status", message)]
    if operation.method == "HEAD" or answer.status in BODILESS_METHODS:
        return []
    what = f"the reply {answer.status} of {operation.id}"
    if declared.media_type is None:
        message = f"{what} has a body, and the document declares none"
        return [_told("undocumented-body", message)] if answer.body else []
    if not answer.body:
        message = f"{what} has no body; declared: {declared.media_type}"
        return [_told("missing-body", message)]
    return _body_differences(declared, declared.media_type.lower(), answer, what)


def _body_differences(
    declared: Response, wanted: str, answer: UpstreamReply, what: str
) -> list[Diagnosis]:
    sent = answer.header(b"content-type").partition(";")[0].strip().lower()
    if not fnmatchcase(sent, wanted):
        named = f'"{sent}"' if sent else "no Content-Type"
        message = f"{what} was sent with {named}; declared: {wanted}"
        return [_told("undocumented-media-type", message)]
    if not answer.readable:
        return [_told("malformed-reply", f"{what} cannot be read: {UNREAD}")]
    if not (sent == "application/json" or sent.endswith("+json")):
        return []
    try:
        return declared.diagnose(read_json(answer.body))
    except MalformedBody as error:
        return [_told("malformed-reply", f"{what} cannot be read: {error.message}")]


def _told(code: str, message: str) -> Diagnosis:
    return Diagnosis(code, "response", "", message, WHICH)

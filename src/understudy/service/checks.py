"""Checks that a request passes before its handler; a vendor lists them in its order."""

from __future__ import annotations

from understudy.core.errors import (
    BodyTooLarge,
    Diagnosis,
    InvalidParameters,
    MethodNotAllowed,
    TooManyRequests,
    UnknownPath,
    UnsupportedMediaType,
)
from understudy.core.strict_json import read_json
from understudy.openapi.conformance import check_document, choose_validator, missing_body
from understudy.openapi.parameters import SentValues, parse_query, read_parameters
from understudy.openapi.path_router import PathRouter
from understudy.service.call import Call
from understudy.service.reply import Reply


def route(tree: PathRouter, call: Call) -> None:
    """Find the documented operation of a request, and put it into the call.

    Raises:
        UnknownPath: when no operation has the path.
        MethodNotAllowed: when none of those that have it has the method.
    """
    request = call.request
    found = tree.match(request.path)
    if found is None:
        known = f"see the documented paths with: understudy vendors {call.vendor.name}"
        hint = "see specs/admin.yaml" if call.vendor.internal else known
        raise UnknownPath(f"{request.path} is not in the document", hint=hint)
    template, call.path_values = found
    call.routed = template.operations.get(request.method)
    if call.routed is None:
        raise MethodNotAllowed(request.method, template.operations)


def diagnose_parameters(call: Call) -> list[Diagnosis]:
    """Everything that is wrong with the parameters; they are read at the first call."""
    if call.parameter_diagnoses is None:
        call.parameter_diagnoses = _read_parameters(call)
    return call.parameter_diagnoses


def _read_parameters(call: Call) -> list[Diagnosis]:
    if call.request.query:
        call.query = parse_query(call.request.query)
    sent = SentValues(call.path_values, call.query, call.headers)
    return read_parameters(call.operation.parameters, sent, call.parameters)


async def parameters(call: Call) -> None:
    """Check path, query, headers and cookies against the document.

    Raises:
        InvalidParameters: with every diagnosis.
    """
    diagnoses = diagnose_parameters(call)
    if diagnoses:
        raise InvalidParameters("the request's parameters break the document", diagnoses)


async def body(call: Call) -> None:
    """Read the body into `call.body`, and check it against the document.

    Raises:
        BodyTooLarge, UnsupportedMediaType, MalformedBody: before its content is looked at.
        InvalidBody: with every fault.
    """
    declared = call.operation.body
    if declared is None:
        return
    if call.request.too_large:
        limit = call.settings.body_limit
        raise BodyTooLarge(f"the body is larger than {limit} bytes", hint="send a smaller body")
    if not call.request.content:
        if declared.required:
            raise missing_body()
        return
    validator = choose_validator(declared, call.headers.get("content-type", ""))
    if validator is None:
        hint = f"send it as {declared.media_type}"
        raise UnsupportedMediaType("the mock reads no body but JSON here", hint=hint)
    call.body = read_json(call.request.content)
    check_document(validator, call.body)


async def rate_limit(call: Call) -> None:
    """Refuse a request beyond the limit that `count` counted it against.

    Raises:
        TooManyRequests: only with `--rate-limits`.
    """
    if call.standing and call.standing.exceeded and call.settings.rate_limits:
        standing = call.standing
        raise TooManyRequests(
            f"the limit of {standing.limit} requests, or its burst, is used up",
            standing.retry_after,
        )


async def count(call: Call) -> None:
    """Count the request against its limit; `rate_limit` refuses it at its place in the order."""
    if call.vendor.limit is not None and call.account is not None and call.counted:
        limit = call.vendor.limit(call.operation)
        if limit is None:
            return
        # Keys of one customer share its pool, once the vendor's first check has set the customer.
        pool = f"{call.vendor.name}/{call.customer or call.account.name}"
        call.standing = call.session.windows.take(pool, limit, call.now)


async def idempotency_key(call: Call) -> None:
    """Check the form of the idempotency key, when one was sent.

    Raises:
        InvalidIdempotencyKey: when it does not have the documented form.
    """
    rule = call.vendor.idempotency
    if rule and rule.header in call.headers and call.operation.method in rule.methods:
        rule.check(call.headers[rule.header])


async def replay(call: Call) -> Reply | None:
    """Answer with the reply of the first request with this key; note when this one is first.

    Raises:
        IdempotencyInFlight: when the first request is still being answered.
    """
    rule = call.vendor.idempotency
    if not rule or rule.header not in call.headers or call.operation.method not in rule.methods:
        return None
    owner = (call.vendor.name, call.customer, call.headers[rule.header])
    entry = call.session.idempotency.begin(owner, call.request_id, call.now, rule.lifetime)
    if entry is None:
        call.remembered_as = owner
        return None
    headers = {**entry.headers, **rule.replay_headers(entry.request_id)}
    return Reply(entry.status, headers=headers, body=entry.body)

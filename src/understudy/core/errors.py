"""The mock's errors; each vendor package renders them in the vendor's envelope.

ApiError
+-- BadRequest 400
|   +-- MalformedBody             not JSON, not UTF-8, a key twice, nested too deeply
|   +-- InvalidParameters         the path, the query or a header breaks its schema
|   +-- InvalidBody               the body breaks its schema
|   +-- InvalidIdempotencyKey
+-- Unforwardable 400             a request that a proxy cannot pass on
+-- Unauthorized 401
|   +-- MissingCredential
|   +-- UnknownCredential         never issued, or revoked
+-- Forbidden 403                 known, but not allowed
+-- ReadOnly 403                  the proxy passes only GET, HEAD and OPTIONS
+-- NotFound 404
+-- UnknownPath 404              the document has no such path
+-- MethodNotAllowed 405
+-- Conflict 409
|   +-- IdempotencyInFlight       the same key is still being answered
+-- BodyTooLarge 413
+-- UnsupportedMediaType 415
+-- PreferenceUnmet 422           no such response or example in the document
+-- Unfit 422                     well formed, but the mock cannot store it
+-- TooManyRequests 429
+-- Internal 500
|   +-- ResponseMismatch          a handler's reply that the document does not declare
+-- NoReply 502                   a proxy's upstream gave no reply that could be passed on
+-- LateReply 504                 a proxy's upstream took too long
+-- Refused                       a business rule said no; the document has status and words
+-- IllegalTransition             the lifecycle does not allow the event in this state
StartError                        a document, a service or a setting that cannot be used
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from understudy.core.codes import MEANINGS


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was wrong with an exchange.

    `code` is a JSON Schema keyword (`required`, `maxLength`) or a rule's name
    (`inherits-campaigns`); `where` is `body`, `path`, `query`, `header`, `response` or `rule`;
    `pointer` is a JSON pointer into the body, or a parameter's name.
    """

    code: str
    where: str
    pointer: str
    message: str
    hint: str = ""

    def as_json(self) -> dict[str, str]:
        """The fields as JSON names them: `where` is called `in`."""
        members = asdict(self)
        return {("in" if name == "where" else name): value for name, value in members.items()}


class ApiError(Exception):
    """Something that ends a request with an error.

    Args:
        message: what is wrong, with which value, in which state; for people, in the diagnosis.
        diagnoses: everything that was wrong; one is made from the message when there are none.
    """

    status = 500
    code = "error"
    where = "rule"

    def __init_subclass__(cls) -> None:
        if cls.code not in MEANINGS:
            raise TypeError(f'{cls.__name__}: give "{cls.code}" a meaning in core/codes.json')

    def __init__(self, message: str, diagnoses: Iterable[Diagnosis] = (), hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        found = tuple(diagnoses)
        self.diagnoses = found or (Diagnosis(self.code, self.where, "", message, hint),)


class BadRequest(ApiError):
    status = 400
    code = "bad-request"


class MalformedBody(BadRequest):
    code = "malformed-body"
    where = "body"


class InvalidParameters(BadRequest):
    code = "invalid-parameters"


class InvalidBody(BadRequest):
    code = "invalid-body"
    where = "body"


class InvalidIdempotencyKey(BadRequest):
    code = "invalid-idempotency-key"
    where = "header"


class Unforwardable(ApiError):
    status = 400
    code = "unforwardable"
    where = "path"


class Unauthorized(ApiError):
    status = 401
    code = "unauthorized"
    where = "header"


class MissingCredential(Unauthorized):
    code = "missing-credential"


class UnknownCredential(Unauthorized):
    code = "unknown-credential"


class Forbidden(ApiError):
    status = 403
    code = "forbidden"


class ReadOnly(ApiError):
    status = 403
    code = "read-only"

    def __init__(self, method: str) -> None:
        hint = "use GET, HEAD or OPTIONS, or run the proxy without --read-only"
        super().__init__(f"{method} may change something, and the proxy only reads", hint=hint)


class NotFound(ApiError):
    """A resource that does not exist for this caller; `kind` is its singular noun."""

    status = 404
    code = "not-found"

    def __init__(self, kind: str, id: str) -> None:
        plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
        super().__init__(f'there is no {kind} "{id}" for this caller', hint=f"list the {plural}")
        self.kind = kind
        self.id = id


class UnknownPath(ApiError):
    status = 404
    code = "unknown-path"
    where = "path"


class MethodNotAllowed(ApiError):
    status = 405
    code = "method-not-allowed"
    where = "path"

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        self.allowed = sorted(allowed)
        known = ", ".join(self.allowed)
        super().__init__(f"{method} is not declared on this path", hint=f"use {known}")


class Conflict(ApiError):
    status = 409
    code = "conflict"


class IdempotencyInFlight(Conflict):
    code = "idempotency-in-flight"


class BodyTooLarge(ApiError):
    status = 413
    code = "body-too-large"
    where = "body"


class UnsupportedMediaType(ApiError):
    status = 415
    code = "unsupported-media-type"
    where = "header"


class PreferenceUnmet(ApiError):
    status = 422
    code = "preference-unmet"
    where = "header"


class Unfit(ApiError):
    status = 422
    code = "unfit"
    where = "body"


class TooManyRequests(ApiError):
    """`retry_after` is in whole seconds."""

    status = 429
    code = "too-many-requests"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, hint=f"wait {retry_after} s by the session's clock")
        self.retry_after = retry_after


class Internal(ApiError):
    status = 500
    code = "internal"


class ResponseMismatch(Internal):
    code = "response-mismatch"
    where = "response"


class NoReply(ApiError):
    status = 502
    code = "no-reply"
    where = "response"


class LateReply(ApiError):
    """`seconds` is the time that the whole reply may take."""

    status = 504
    code = "late-reply"
    where = "response"

    def __init__(self, host: str, seconds: float) -> None:
        hint = "allow more with --timeout; the request may have taken effect"
        super().__init__(f"{host} did not answer within {seconds:g} s", hint=hint)


class Refused(ApiError):
    """A business rule refused the request.

    `example` names the documented error body; its response has the status and the text.
    """

    status = 400

    def __init__(self, example: str, message: str, hint: str = "", words: str = "") -> None:
        self.code = self.example = example
        self.words = words
        super().__init__(message, hint=hint)


class IllegalTransition(ApiError):
    """An event that the lifecycle's table does not allow in this state."""

    status = 409
    code = "illegal-transition"

    def __init__(self, kind: str, event: str, state: Any, allowed: Iterable[str]) -> None:
        self.kind, self.event, self.state = kind, event, state
        self.allowed = sorted(allowed)
        possible = ", ".join(self.allowed) or "nothing"
        super().__init__(
            f"cannot {event} a {kind} in state {state}", hint=f"possible in this state: {possible}"
        )


class StartError(Exception):
    """The reason why a command cannot start: one sentence that says what to do. Exit code 2."""

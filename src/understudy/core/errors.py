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
    # The meaning of the code and how to avoid the error, for `understudy explain`.
    meaning = ""

    def __init__(self, message: str, diagnoses: Iterable[Diagnosis] = (), hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        found = tuple(diagnoses)
        self.diagnoses = found or (Diagnosis(self.code, self.where, "", message, hint),)


class BadRequest(ApiError):
    status = 400
    code = "bad-request"
    meaning = "The request cannot be understood. To pass: do as each diagnosis's hint says."


class MalformedBody(BadRequest):
    code = "malformed-body"
    where = "body"
    meaning = (
        "The body is not valid JSON. To pass: send one UTF-8 JSON document, each key once, nested "
        "no deeper than 100 levels."
    )


class InvalidParameters(BadRequest):
    code = "invalid-parameters"
    meaning = (
        "A value in the path, the query or a header breaks the document or a rule. To pass: "
        "correct each parameter that a diagnosis points at."
    )


class InvalidBody(BadRequest):
    code = "invalid-body"
    where = "body"
    meaning = (
        "The body breaks the document or a rule. To pass: correct each field that a diagnosis "
        "points at."
    )


class InvalidIdempotencyKey(BadRequest):
    code = "invalid-idempotency-key"
    where = "header"
    meaning = (
        "The idempotency key does not match the vendor's pattern. To pass: send one that matches "
        "the pattern in the message, or leave the header out."
    )


class Unforwardable(ApiError):
    status = 400
    code = "unforwardable"
    where = "path"
    meaning = (
        "The proxy cannot pass the request on without changing it, or its path leads out of the "
        "URL that --upstream names. To pass: do as the hint says."
    )


class Unauthorized(ApiError):
    status = 401
    code = "unauthorized"
    where = "header"
    meaning = (
        "The request has no valid credential. To pass: send one that `understudy vendors NAME` "
        "lists."
    )


class MissingCredential(Unauthorized):
    code = "missing-credential"
    meaning = (
        "No credential was sent where the vendor looks for it. To pass: send one that "
        "`understudy vendors NAME` lists, in the header that the server's start shows."
    )


class UnknownCredential(Unauthorized):
    code = "unknown-credential"
    meaning = (
        "The credential was never issued, or it was revoked. To pass: send one that `understudy "
        "vendors NAME` lists; with --auth any, every well-formed one is accepted that is "
        "not revoked."
    )


class Forbidden(ApiError):
    status = 403
    code = "forbidden"
    meaning = (
        "The caller is known, but may not do this. To pass: use a credential with the role, "
        "scope or owner that the hint names."
    )


class ReadOnly(ApiError):
    status = 403
    code = "read-only"
    meaning = (
        "The proxy runs with --read-only, and the method may change something at the vendor. To "
        "pass: use GET, HEAD or OPTIONS, or run the proxy without --read-only."
    )

    def __init__(self, method: str) -> None:
        hint = "use GET, HEAD or OPTIONS, or run the proxy without --read-only"
        super().__init__(f"{method} may change something, and the proxy only reads", hint=hint)


class NotFound(ApiError):
    """A resource that does not exist for this caller; `kind` is its singular noun."""

    status = 404
    code = "not-found"
    meaning = (
        "There is no such resource, it was deleted, or it belongs to another account. To pass: use "
        "the id of one that the same credential can list in the same session."
    )

    def __init__(self, kind: str, id: str) -> None:
        plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
        super().__init__(f'there is no {kind} "{id}" for this caller', hint=f"list the {plural}")
        self.kind = kind
        self.id = id


class UnknownPath(ApiError):
    status = 404
    code = "unknown-path"
    where = "path"
    meaning = (
        "The document has no such path. To pass: use one that `understudy vendors NAME` lists, "
        "behind the vendor's prefix."
    )


class MethodNotAllowed(ApiError):
    status = 405
    code = "method-not-allowed"
    where = "path"
    meaning = (
        "The document has the path, but not with this method. To pass: use one that the reply's "
        "Allow header lists."
    )

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        self.allowed = sorted(allowed)
        known = ", ".join(self.allowed)
        super().__init__(f"{method} is not declared on this path", hint=f"use {known}")


class Conflict(ApiError):
    status = 409
    code = "conflict"
    meaning = "The request conflicts with something that exists. To pass: do as the hint says."


class IdempotencyInFlight(Conflict):
    code = "idempotency-in-flight"
    meaning = (
        "The first request with this idempotency key has no reply yet. To pass: wait for that "
        "reply and then send the request again, or use a key of its own."
    )


class BodyTooLarge(ApiError):
    status = 413
    code = "body-too-large"
    where = "body"
    meaning = (
        "The body is larger than the server reads. To pass: send a smaller one, or serve with a "
        "larger --body-limit."
    )


class UnsupportedMediaType(ApiError):
    status = 415
    code = "unsupported-media-type"
    where = "header"
    meaning = (
        "The body was sent with a Content-Type that the document does not declare. To pass: "
        "send it as the hint says."
    )


class PreferenceUnmet(ApiError):
    status = 422
    code = "preference-unmet"
    where = "header"
    meaning = (
        "Prefer (or its query twin) asks for what the document does not have. To pass: pick a "
        "response and an example that `understudy vendors NAME` lists."
    )


class Unfit(ApiError):
    status = 422
    code = "unfit"
    where = "body"
    meaning = (
        "The admin plane cannot store the body: a resource or a snapshot that the vendor could "
        "not show, or a fault that could never strike. To pass: correct each field that a "
        "diagnosis points at."
    )


class TooManyRequests(ApiError):
    """`retry_after` is in whole seconds."""

    status = 429
    code = "too-many-requests"
    meaning = (
        "The caller has used up its window, and the server enforces it (--rate-limits). To "
        "pass: wait as long as Retry-After says, by the session's clock."
    )

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, hint=f"wait {retry_after} s by the session's clock")
        self.retry_after = retry_after


class Internal(ApiError):
    status = 500
    code = "internal"
    meaning = (
        "The mock failed; the request was not wrong. To pass: nothing in the request helps, the "
        "server's log has the reason."
    )


class ResponseMismatch(Internal):
    code = "response-mismatch"
    where = "response"
    meaning = (
        "A handler's reply is not what the document declares: a defect of the mock. To pass: "
        "correct the handler or the document where the diagnoses point."
    )


class NoReply(ApiError):
    status = 502
    code = "no-reply"
    where = "response"
    meaning = (
        "The proxy's upstream gave no reply that could be passed on: it was not reached, broke "
        "off, or sent too much. To pass: do as the hint says."
    )


class LateReply(ApiError):
    """`seconds` is the time that the whole reply may take."""

    status = 504
    code = "late-reply"
    where = "response"
    meaning = (
        "The proxy's upstream did not answer in time; the request may have taken effect. To "
        "pass: check the upstream, or allow more time with --timeout."
    )

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
    meaning = (
        "The event is not allowed in the resource's state. To pass: use a resource in another "
        "state, or an event that the hint lists."
    )

    def __init__(self, kind: str, event: str, state: Any, allowed: Iterable[str]) -> None:
        self.kind, self.event, self.state = kind, event, state
        self.allowed = sorted(allowed)
        possible = ", ".join(self.allowed) or "nothing"
        super().__init__(
            f"cannot {event} a {kind} in state {state}", hint=f"possible in this state: {possible}"
        )


class StartError(Exception):
    """The reason why a command cannot start: one sentence that says what to do. Exit code 2."""

"""Which documented body says what went wrong: errors by the names of a document's examples."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from understudy.core.errors import (
    ApiError,
    BodyTooLarge,
    IllegalTransition,
    Internal,
    InvalidBody,
    InvalidParameters,
    MalformedBody,
    MissingCredential,
    NotFound,
    Refused,
    TooManyRequests,
    UnknownCredential,
    UnsupportedMediaType,
)

if TYPE_CHECKING:
    from understudy.service.call import Call

logger = logging.getLogger(__name__)

# The names that our documents give to what every vendor has to say.
STANDARD_NAMES: Mapping[type[ApiError], str] = {
    MissingCredential: "missing-key",
    UnknownCredential: "invalid-key",
    InvalidParameters: "validation",
    InvalidBody: "validation",
    MalformedBody: "malformed-body",
    BodyTooLarge: "too-large",
    UnsupportedMediaType: "unsupported-media-type",
    TooManyRequests: "rate-limited",
    Internal: "internal",
}


class ErrorBody(NamedTuple):
    """A documented error body, to be filled in with what is particular to the request.

    Attributes:
        error: what it is about; an `Internal` instead of an error that has no body.
        name: of the example; "" for a body that no document has.
        body: shared by all requests: copy it before changing it.
    """

    error: ApiError
    name: str
    status: int
    body: Any


@dataclass(frozen=True)
class ErrorExamples:
    """The names that a vendor's document gives to the bodies of errors.

    Attributes:
        examples: the example's name by class of error; classes below one share its name.
        transitions: the example's name of a move that a state forbids, by noun and event.
        undocumented: whole bodies by class of error, where no operation can document one:
            `UnknownPath` and `MethodNotAllowed`, of requests that reach no operation.
    """

    examples: Mapping[type[ApiError], str] = field(default_factory=dict)
    transitions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    undocumented: Mapping[type[ApiError], Any] = field(default_factory=dict)

    def choose(self, error: ApiError) -> str:
        """The name of the example that renders an error; "" when there is none.

        A rule names its own, what is not there is `<kind>-not-found`, a forbidden move is looked
        up by kind and event, everything else by its class or the nearest class above it.
        """
        if isinstance(error, Refused):
            return error.example
        if isinstance(error, NotFound):
            return name_not_found(error.kind)
        if isinstance(error, IllegalTransition):
            return self.transitions.get((error.kind, error.event), "")
        names = (self.examples[kind] for kind in type(error).__mro__ if kind in self.examples)
        return next(names, "")

    def find(self, call: Call[Any], error: ApiError, name: str = "") -> ErrorBody:
        """The body that says what went wrong.

        An error whose example the operation does not document is a defect of the vendor package:
        it is logged, and answered as `Internal`.

        Args:
            name: of the example, where the vendor chooses by more than the error's class.

        Raises:
            LookupError: when no operation has a body for `Internal`, which stops the start, too.
        """
        if call.routed is None:
            return self._find_undocumented(call, error)
        name = name or self.choose(error)
        found = call.routed.example(name)
        if found is not None:
            return ErrorBody(error, name, found[0].status, found[1])
        named = f'no example "{name}"' if name else f"no example for {type(error).__name__}"
        message = f"{call.routed.id} documents {named} ({error.message})"
        logger.error("%s: %s", call.vendor.name, message)
        return self._find_internal(call, Internal(message))

    def _find_undocumented(self, call: Call[Any], error: ApiError) -> ErrorBody:
        body = self.undocumented.get(type(error))
        if body is None:
            return self._find_internal(call, Internal(error.message))
        return ErrorBody(error, "", error.status, body)

    def _find_internal(self, call: Call[Any], error: Internal) -> ErrorBody:
        """The operation's own body for it, else that of any operation."""
        name = self.choose(error)
        for operation in (call.routed, *call.service.document.operations.values()):
            found = operation.example(name) if operation is not None else None
            if found is not None:
                return ErrorBody(error, name, found[0].status, found[1])
        raise LookupError(f"{call.vendor.name}: no operation documents the example {name!r}")


def name_not_found(kind: str) -> str:
    """The name of the example that says that there is no such resource.

    Args:
        kind: the resource's singular noun.
    """
    return f"{kind.replace(' ', '-')}-not-found"

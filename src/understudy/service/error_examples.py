"""Which documented body says what went wrong: the names that all documents share."""

from __future__ import annotations

from collections.abc import Mapping

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


def choose_example(
    error: ApiError,
    examples: Mapping[type[ApiError], str],
    transitions: Mapping[tuple[str, str], str] | None = None,
) -> str:
    """The name of the example that spells an error.

    A rule names its own, what is not there is `<kind>-not-found`, a forbidden move is looked up by
    kind and event, everything else by its class or the nearest class above it.

    Args:
        examples: the service's names by class; it has one for `Internal`.
        transitions: the service's names by kind and event.

    Raises:
        KeyError: for a move that the service has no name for.
    """
    if isinstance(error, Refused):
        return error.example
    if isinstance(error, NotFound):
        return f"{error.kind.replace(' ', '-')}-not-found"
    if isinstance(error, IllegalTransition):
        return (transitions or {})[error.kind, error.event]
    return next(examples[kind] for kind in type(error).__mro__ if kind in examples)

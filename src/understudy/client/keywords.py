"""The keywords that several methods share, and their encoding for the admin plane."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict


class FaultFields(TypedDict, total=False):
    """The fields of a planned fault beside its kind; None means the same as absent.

    vendor, operation, event (str): strike only this vendor, operationId, or webhook event.
    times (int): how often it strikes; without limit when absent.
    probability (float): 0 to 1; 1 when absent.
    seed (int): seed of the random draws.
    status (int), example (str), body (JSON): for kind `status`: the status of the answer (200 to
        599), and the name of a documented body or a body of your own.
    delay (int): milliseconds; for kinds `delay`, `trickle`, `webhook-late` and
        `webhook-out-of-order`.
    sigma (float): for kind `delay`: spreads it log-normally around `delay`.
    retry_after (int): seconds, for kind `rate-limit` and for status 429.
    after (bool): whether the request takes effect first, for kinds `status`, `rate-limit`, `reset`
        and `empty`.
    """

    vendor: str | None
    operation: str | None
    event: str | None
    times: int | None
    probability: float | None
    seed: int | None
    status: int | None
    example: str | None
    body: Any
    delay: int | None
    sigma: float | None
    retry_after: int | None
    after: bool | None


class Filters(TypedDict, total=False):
    """Filters of the journal; None means the same as absent, except for `value`.

    vendor, method (str): of the request.
    operation (str): its operationId.
    path (str): its path at the vendor, without prefix and query.
    status (int or str): 404, or a class such as "4xx"; 0 means that no reply was sent.
    since, until (datetime or str): at or after, and before, an instant of the session's clock.
    pointer (str), value (JSON): a JSON pointer into the request's body, and the value that must be
        there; without `value`, any value.
    after (int or str): only requests after the one with this id.
    limit (int): maximum number of requests, 1 to 1000.
    """

    vendor: str | None
    operation: str | None
    method: str | None
    path: str | None
    status: int | str | None
    since: datetime | str | None
    until: datetime | str | None
    pointer: str | None
    value: Any
    after: int | str | None
    limit: int | None


class Pattern(Filters, total=False):
    """`Filters`, and a mapping instead of one pointer and one value.

    body (mapping): JSON pointers into the request's body, and the values that must be there.
    """

    body: Mapping[str, Any] | None


def drop_none(**keywords: Any) -> dict[str, Any]:
    """Return the keywords that are not None."""
    return {name: value for name, value in keywords.items() if value is not None}


def format_instant(moment: datetime | str) -> str:
    """Format an instant for the admin plane (RFC 3339); a string is returned as it is.

    Raises:
        ValueError: when a datetime has no time zone.
    """
    if isinstance(moment, str):
        return str(moment)
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} has no time zone; give it one, such as tzinfo=UTC")
    return moment.astimezone(UTC).isoformat()


def encode_fault(fields: FaultFields) -> dict[str, Any]:
    """Encode the fields of a fault as a JSON object.

    Raises:
        TypeError: for an unknown keyword.
    """
    _require_known(fields, FaultFields.__optional_keys__)
    return drop_none(**fields)


def encode_filters(filters: Filters) -> dict[str, Any]:
    """Encode filters as query parameters.

    Raises:
        TypeError: for an unknown keyword.
        ValueError: for a value without a pointer, or an instant without a time zone.
    """
    _require_known(filters, Filters.__optional_keys__)
    return _encode(filters)


def encode_pattern(pattern: Pattern) -> dict[str, Any]:
    """Encode a pattern: as a JSON object when it has a body, else as query parameters.

    Raises:
        TypeError: for an unknown keyword.
        ValueError: for a pointer or a value beside a body, and as `encode_filters`.
    """
    _require_known(pattern, Pattern.__optional_keys__)
    encoded = _encode(pattern)
    if "body" in encoded and "pointer" in encoded:
        raise ValueError("give a body, or a pointer and a value, but not both")
    return encoded


def _encode(keywords: Mapping[str, Any]) -> dict[str, Any]:
    encoders: Mapping[str, Callable[[Any], Any]]
    encoders = {"status": str, "since": format_instant, "until": format_instant, "after": int}
    present = {
        name: value for name, value in keywords.items() if value is not None or name == "value"
    }
    if "value" in present:
        if "pointer" not in present:
            raise ValueError(f"value={present['value']!r} needs a pointer to its place")
        present["value"] = json.dumps(present["value"])
    return {
        name: encoders[name](value) if name in encoders else value
        for name, value in present.items()
    }


def _require_known(keywords: Mapping[str, Any], known: frozenset[str]) -> None:
    """Raise TypeError for an unknown keyword: the server would ignore it and match everything."""
    for unknown in sorted(keywords.keys() - known):
        raise TypeError(f'unknown keyword "{unknown}"; known: {", ".join(sorted(known))}')

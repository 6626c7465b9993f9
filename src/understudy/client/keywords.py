"""What several methods take as keywords, and how it is said to the admin plane."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict


class FaultMembers(TypedDict, total=False):
    """What a planned fault may say beside its kind; None is as if it were not given.

    vendor, operation, event (str): only this vendor, operationId, or event of its webhooks.
    times (int): how often it strikes; always when absent.
    probability (float): from 0 to 1 that it strikes; 1 when absent.
    seed (int): what its draws derive from.
    status (int), example (str), body (JSON): of kind `status`: the answer's status, 200 to 599,
        and the name of a documented body or a body of your own.
    delay (int): milliseconds, of kinds `delay`, `trickle`, `webhook-late`, `webhook-out-of-order`.
    sigma (float): of kind `delay`: spreads it log-normally around `delay`.
    retry_after (int): seconds, of kind `rate-limit` and of status 429.
    after (bool): of kinds `status`, `rate-limit`, `reset`, `empty`: the request takes effect first.
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
    """Which requests are meant; None is as if it were not given, but for `value`.

    vendor, operation, method, path (str): of the request; the path is the vendor's own, without
        prefix and query, the operation an operationId.
    status (int or str): 404, or a class such as "4xx"; 0 stands for no reply.
    since, until (datetime or str): from this instant of the session's clock on; before that one.
    pointer (str), value (JSON): a JSON pointer into the request's body, and what must stand
        there; without `value`, that something does.
    after (int or str): only requests that came after the one with this id.
    limit (int): how many at most, 1 to 1000.
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
    """`Filters`, and any number of body members instead of a pointer and a value.

    body (mapping): JSON pointers into the request's body and the values that must stand there.
    """

    body: Mapping[str, Any] | None


def given(**members: Any) -> dict[str, Any]:
    """What is not None."""
    return {name: value for name, value in members.items() if value is not None}


def instant(moment: datetime | str) -> str:
    """An instant as the plane reads it.

    Raises:
        ValueError: when a datetime does not say in which zone it is.
    """
    if isinstance(moment, str):
        return str(moment)
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} has no time zone; give it one, such as tzinfo=UTC")
    return moment.astimezone(UTC).isoformat()


def fault(members: FaultMembers) -> dict[str, Any]:
    """A fault's members as JSON.

    Raises:
        TypeError: for a keyword that is none of them.
    """
    _known(members, FaultMembers.__optional_keys__)
    return given(**members)


def filters(stated: Filters) -> dict[str, Any]:
    """Filters as a query.

    Raises:
        TypeError: for a keyword that is none of them.
        ValueError: for a value without a pointer, or an instant without a zone.
    """
    _known(stated, Filters.__optional_keys__)
    return _said(stated)


def pattern(stated: Pattern) -> dict[str, Any]:
    """A pattern as JSON when it has a body, else as a query.

    Raises:
        TypeError: for a keyword that is none of its members.
        ValueError: for a pointer or a value beside a body, or what `filters` raises.
    """
    _known(stated, Pattern.__optional_keys__)
    said = _said(stated)
    if "body" in said and "pointer" in said:
        raise ValueError("give a body, or a pointer and a value: not both")
    return said


def _said(stated: Mapping[str, Any]) -> dict[str, Any]:
    spelt: Mapping[str, Callable[[Any], Any]]
    spelt = {"status": str, "since": instant, "until": instant, "after": int}
    said = {name: value for name, value in stated.items() if value is not None or name == "value"}
    if "value" in said:
        if "pointer" not in said:
            raise ValueError(f"value={said['value']!r} needs a pointer to where it must stand")
        said["value"] = json.dumps(said["value"])
    return {name: spelt[name](value) if name in spelt else value for name, value in said.items()}


def _known(members: Mapping[str, Any], known: frozenset[str]) -> None:
    """A misspelt filter must not match everything."""
    for strange in sorted(members.keys() - known):
        raise TypeError(f'there is no keyword "{strange}"; it takes: {", ".join(sorted(known))}')

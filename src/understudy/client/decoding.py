"""From JSON to a shape: one reader for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from understudy.client.models import Instant, Page

T = TypeVar("T")


def decode_reply(shape: type[T], member: str, told: Any) -> T:
    """An answer in a shape.

    Args:
        shape: a record of `shapes`, or a tuple or page of them, or a plain JSON type.
        member: of the answer that holds it; the whole answer when empty.
        told: the answer.

    Raises:
        LookupError, TypeError: when it lacks something.
    """
    answer: Any = decode(shape, told[member] if member else told)
    if get_origin(shape) is Page:
        answer = Page(answer, told["total"])
    result: T = answer
    return result


def decode(shape: Any, told: Any) -> Any:
    """A value in a shape; what is no record, tuple or instant stays as it is."""
    if is_dataclass(shape):
        return shape(**dict(_members(shape, told)))  # type: ignore[operator]
    if get_origin(shape) in (tuple, Page):
        return tuple(decode(get_args(shape)[0], each) for each in told)
    if NoneType in get_args(shape):
        whole = next(each for each in get_args(shape) if each is not NoneType)
        return None if told is None else decode(whole, told)
    return Instant(told) if shape is Instant else told


def _members(shape: Any, told: Any) -> Iterator[tuple[str, Any]]:
    for field, name, of, required in _declared(shape):
        if required or name in told:
            yield field, decode(of, told[name])


@cache
def _declared(shape: Any) -> tuple[tuple[str, str, Any, bool], ...]:
    """A record's fields: name here, name in JSON, shape, and whether it is always there."""
    hints = get_type_hints(shape)
    return tuple(
        (each.name, each.name.rstrip("_"), hints[each.name], each.default is MISSING)
        for each in fields(shape)
    )

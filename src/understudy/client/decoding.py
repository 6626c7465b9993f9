"""Decodes JSON into the models; one function for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from understudy.client.models import Instant, Page

T = TypeVar("T")


def decode_reply(model: type[T], field: str, document: Any) -> T:
    """Decode the JSON document of a reply.

    Args:
        model: a class of `models`, a tuple or page of such a class, or a plain JSON type.
        field: name of the field that holds the result; "" when it is the whole document.

    Raises:
        LookupError, TypeError: when something is missing in the document.
    """
    decoded: Any = decode(model, document[field] if field else document)
    if get_origin(model) is Page:
        decoded = Page(decoded, document["total"])
    result: T = decoded
    return result


def decode(model: Any, value: Any) -> Any:
    """Decode a JSON value; types other than models, tuples and instants are left as they are."""
    if is_dataclass(model):
        return model(**dict(_decode_fields(model, value)))  # type: ignore[operator]
    if get_origin(model) in (tuple, Page):
        return tuple(decode(get_args(model)[0], each) for each in value)
    if NoneType in get_args(model):
        other = next(each for each in get_args(model) if each is not NoneType)
        return None if value is None else decode(other, value)
    return Instant(value) if model is Instant else value


def _decode_fields(model: Any, document: Any) -> Iterator[tuple[str, Any]]:
    for name, json_name, field_type, required in _list_fields(model):
        if required or json_name in document:
            yield name, decode(field_type, document[json_name])


@cache
def _list_fields(model: Any) -> tuple[tuple[str, str, Any, bool], ...]:
    """List the fields of a model: name, name in JSON, type, and whether it is required."""
    hints = get_type_hints(model)
    return tuple(
        (each.name, each.name.rstrip("_"), hints[each.name], each.default is MISSING)
        for each in fields(model)
    )

"""JSON pointers (RFC 6901), and equality of JSON values."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

ANY_VALUE = object()
MISSING = object()
# No body that is kept has a list of more items.
ARRAY_INDEX = re.compile("[0-9]{1,9}")
INDEX_TOKEN = re.compile(r"/\d+(?=/|$)")


def same_json(found: Any, value: Any) -> bool:
    """Equality as JSON has it: 1 is not true, however deep it stands."""
    if isinstance(found, dict) and isinstance(value, dict):
        return found.keys() == value.keys() and all(
            same_json(found[key], value[key]) for key in found
        )
    if isinstance(found, list) and isinstance(value, list):
        return len(found) == len(value) and all(map(same_json, found, value))
    return bool(found == value) and isinstance(found, bool) == isinstance(value, bool)


def resolve_pointer(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer, or MISSING."""
    for name in split_pointer(pointer):
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif (
            isinstance(document, list) and ARRAY_INDEX.fullmatch(name) and int(name) < len(document)
        ):
            document = document[int(name)]
        else:
            return MISSING
    return document


def escape_token(part: str) -> str:
    """One reference token of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")


def split_pointer(pointer: str) -> list[str]:
    """The names and indexes that a JSON pointer is made of."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def mask_indexes(pointer: str) -> str:
    """A pointer with `*` for every index: the place of a field in any document of its kind."""
    return INDEX_TOKEN.sub("/*", pointer)


@lru_cache(maxsize=4096)
def to_dotted_path(pointer: str) -> str:
    """A pointer as a path: `/campaign/useCases/0/type` is `campaign.useCases[0].type`."""
    path = ""
    for part in split_pointer(pointer):
        path += f"[{part}]" if part.isdecimal() else f".{part}"
    return path.lstrip(".")

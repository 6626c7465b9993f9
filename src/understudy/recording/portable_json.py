"""JSON in bodies, where other tools read the same in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from understudy.core.strict_json import parse_json
from understudy.recording.compare import ABSENT
from understudy.recording.model import decode_body

# Number.MAX_SAFE_INTEGER.
MAX_SAFE_INTEGER = 2**53 - 1


def parse_portable_json(body: bytes, number: Callable[[str], Any] = float) -> Any:
    """The JSON document in a body; ABSENT where it has none, or one that readers differ over.

    That is a key that stands twice, half of a surrogate pair, a number that no float can hold, or
    more levels than the mock reads.

    Args:
        number: makes the value of a number that has a fraction or an exponent.
    """
    text = decode_body(body)
    if not text:
        return ABSENT
    try:
        document = parse_json(text, unique_keys=True, parse_float=number)
        json.dumps(document, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return ABSENT
    return document


def to_canonical(body: bytes) -> bytes:
    """A body as all bodies that say the same have it: members sorted, 1.0 as 1."""
    document = parse_portable_json(body, number=_shortest)
    return body if document is ABSENT else json.dumps(document, sort_keys=True).encode()


def _shortest(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def is_safe_in_javascript(document: Any) -> bool:
    """Whether a document that stands in a JavaScript source means there what it means here."""
    if isinstance(document, dict):
        # As a literal's member it would not be a member, but the object's prototype.
        return "__proto__" not in document and all(map(is_safe_in_javascript, document.values()))
    if isinstance(document, list):
        return all(map(is_safe_in_javascript, document))
    return not isinstance(document, int) or abs(document) <= MAX_SAFE_INTEGER

"""JSON that all tools read alike."""

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
    """The JSON document in a body; ABSENT when there is none, or when parsers read it differently.

    They do for a key that comes twice, half of a surrogate pair, a number that no float can hold,
    or more levels than the mock reads.

    Args:
        number: converts a number that has a fraction or an exponent.
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
    """The canonical form of a JSON body: keys sorted, 1.0 as 1; other bodies as they are."""
    document = parse_portable_json(body, number=_shortest)
    return body if document is ABSENT else json.dumps(document, sort_keys=True).encode()


def _shortest(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def is_safe_in_javascript(document: Any) -> bool:
    """Whether JSON has the same meaning as a literal in JavaScript source."""
    if isinstance(document, dict):
        # In a literal, `__proto__` would set the object's prototype.
        return "__proto__" not in document and all(map(is_safe_in_javascript, document.values()))
    if isinstance(document, list):
        return all(map(is_safe_in_javascript, document))
    return not isinstance(document, int) or abs(document) <= MAX_SAFE_INTEGER

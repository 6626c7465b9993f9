"""JSON as text: read strictly (UTF-8, no NaN, no key twice, bounded nesting), written compactly."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from math import inf
from typing import Any

import orjson

from understudy.core.errors import MalformedBody
from understudy.core.yaml_io import max_open_brackets

# In levels, of which a value that holds nothing is one.
MAX_DEPTH = 100
STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
# In bytes: of a body that cannot be read, so much is searched for nesting.
MAX_SEARCHED = 10_000
# orjson reads an integer of more than 64 bits as a float, and does not write one.
ROUNDED = float(2**63)
# Ends what was written with such an integer; to JSON it is white space.
EXACT = b"\n"


class TooDeepError(ValueError):
    """A document nests deeper than allowed."""

    def __init__(self, max_depth: int) -> None:
        super().__init__(f"it nests deeper than {max_depth} levels")


class DuplicateKeyError(ValueError):
    """An object has a key twice."""

    def __init__(self, name: str) -> None:
        super().__init__(f'it has the key "{name}" twice')
        self.name = name


def write_json(document: Any) -> bytes:
    """A document as compact JSON that may be kept for long, and that `load_json` reads back.

    orjson hands out its whole 16 KiB buffer whatever the text; a copy is as long as needed.
    """
    try:
        return bytes(memoryview(orjson.dumps(document)))
    except TypeError:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode() + EXACT


def load_json(text: bytes) -> Any:
    """A document that `write_json` wrote."""
    return json.loads(text) if text.endswith(EXACT) else orjson.loads(text)


def parse_json(
    text: bytes | str,
    *,
    unique_keys: bool = False,
    parse_float: Callable[[str], Any] | None = None,
    max_depth: int = MAX_DEPTH,
) -> Any:
    """The document in a text.

    Args:
        text: bytes may be in UTF-8, UTF-16 or UTF-32.
        unique_keys: refuse an object that has a key twice, instead of taking its last value.
        parse_float: makes the value of a number that has a fraction or an exponent.
        max_depth: in levels.

    Raises:
        ValueError: when it is not JSON, or out of bounds; says why, and where if that is known.
    """
    hook = _refuse_duplicates if unique_keys else None
    try:
        document = json.loads(
            text,
            object_pairs_hook=hook,
            parse_constant=_refuse_constant,
            parse_float=parse_float,
        )
    except RecursionError as error:
        raise TooDeepError(max_depth) from error
    _measure(document, max_depth)
    return document


def parse_json_or_none(body: bytes) -> Any:
    """The document in a body, of any depth that orjson reads; None when there is none."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return json.loads(body) if _measure(document)[1] else document


def read_json(body: bytes) -> Any:
    """The document in a request body; as `parse_json` with unique keys, but several times faster.

    Raises:
        MalformedBody: with what is wrong and where.
    """
    try:
        document = orjson.loads(body)
        keys, rounded = _measure(document, MAX_DEPTH)
        if rounded or not _has_as_many_keys(body, keys):
            document = json.loads(body, object_pairs_hook=_refuse_duplicates)
    except orjson.JSONDecodeError as error:
        # orjson has a bound of its own, and would not name ours.
        if max_open_brackets(STRING.sub(b"", body[:MAX_SEARCHED])) > MAX_DEPTH:
            raise _to_malformed(TooDeepError(MAX_DEPTH)) from error
        raise MalformedBody(f"the body is not JSON: {error}", hint="send UTF-8 JSON") from error
    except (TooDeepError, DuplicateKeyError) as error:
        raise _to_malformed(error) from error
    return document


def _to_malformed(error: TooDeepError | DuplicateKeyError) -> MalformedBody:
    hint = "flatten it" if isinstance(error, TooDeepError) else "send each key once"
    return MalformedBody(f"the body{str(error).removeprefix('it')}", hint=hint)


def _measure(document: Any, max_depth: float = inf) -> tuple[int, bool]:
    """How many keys all objects of the document have together, and whether orjson rounded a number.

    It goes level by level, without recursion.

    Raises:
        TooDeepError: when it has more levels than allowed.
    """
    keys = depth = 0
    rounded = False
    level = [document]
    while level:
        depth += 1
        if depth > max_depth:
            raise TooDeepError(int(max_depth))
        below: list[Any] = []
        for each in level:
            kind = type(each)
            if kind is dict:
                keys += len(each)
                below += each.values()
            elif kind is list:
                below += each
            elif kind is float and not -ROUNDED < each < ROUNDED:
                rounded = True
        level = below
    return keys, rounded


def _has_as_many_keys(body: bytes, keys: int) -> bool:
    """Whether the text surely holds no more keys than the document has.

    Where no string holds an escape and no key is followed by white space, each key of the text
    ends in exactly one `":`. Anything else takes the slow way; it costs six times as much.
    """
    return body.count(b'":') == keys and not _is_unsure(body)


def _is_unsure(body: bytes) -> bool:
    """Whether the text holds an escape, or white space before a colon (spelled out for speed)."""
    return b"\\" in body or b" :" in body or b"\n:" in body or b"\t:" in body or b"\r:" in body


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise DuplicateKeyError(next(name for name, _ in pairs if counts[name] > 1))
    return fields


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"it has no {constant}")

"""JSON as text: read strictly (UTF-8, no NaN, no key twice, bounded nesting), kept tightly."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import orjson

from understudy.core.errors import MalformedBody
from understudy.core.yaml_io import max_open_brackets

MAX_DEPTH = 100
STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
# In bytes, where nesting is looked for in what cannot be read.
BEGINNING = 10_000


def write_json(document: Any) -> bytes:
    """A document as compact JSON that may be kept for long.

    orjson hands out its whole 16 KiB buffer whatever the text; a copy is as long as needed.
    """
    return bytes(memoryview(orjson.dumps(document)))


def read_json(body: bytes) -> Any:
    """The document in a request body.

    Raises:
        MalformedBody: with what is wrong and where.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # orjson has a bound of its own, and would not tell ours.
        if max_open_brackets(STRING.sub(b"", body[:BEGINNING])) > MAX_DEPTH:
            raise _too_deep() from error
        raise MalformedBody(f"the body is not JSON: {error}", hint="send UTF-8 JSON") from error
    keys = _count_keys(document)
    if not _has_as_many_keys(body, keys):
        json.loads(body, object_pairs_hook=_refuse_twins)
    return document


def _count_keys(document: Any) -> int:
    """How many keys all objects of the document have together; level by level."""
    keys = depth = 0
    level = [document]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        below: list[Any] = []
        for each in level:
            if type(each) is dict:
                keys += len(each)
                below += each.values()
            elif type(each) is list:
                below += each
        level = below
    return keys


def _too_deep() -> MalformedBody:
    return MalformedBody(f"the body nests deeper than {MAX_DEPTH} levels", hint="flatten it")


def _has_as_many_keys(body: bytes, keys: int) -> bool:
    """Whether the text surely holds no more keys than the document has.

    Where no string holds an escape and no key is followed by white space, each key of the text
    ends in exactly one `":`. Anything else takes the slow way; it costs six times as much.
    """
    return body.count(b'":') == keys and not _is_unsure(body)


def _is_unsure(body: bytes) -> bool:
    """Whether the text holds an escape, or white space before a colon (spelled out for speed)."""
    return b"\\" in body or b" :" in body or b"\n:" in body or b"\t:" in body or b"\r:" in body


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twin = next(name for name, _ in pairs if counts[name] > 1)
        raise MalformedBody(f'the body has the key "{twin}" twice', hint="send each key once")
    return members

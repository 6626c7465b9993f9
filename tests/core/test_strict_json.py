"""JSON as text: every document is read, and every text that is not one is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.core.errors import MalformedBody
from understudy.core.strict_json import (
    MAX_DEPTH,
    load_json,
    parse_json,
    parse_json_or_none,
    read_json,
    write_json,
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
SPACES = ("", " ", "\n", "\t", "\r", " \r\n\t ")
WRAPPINGS = ('[0,%s,":"]', '{"outer":%s}', '{ "a\\"b" : [ {}, %s ] }', " %s\n")


@st.composite
def spelled(draw: st.DrawFn, text: str) -> str:
    """A string as JSON, each character plain or escaped."""
    parts = []
    for character in text:
        units = character.encode("utf-16-be")
        plain = json.dumps(character, ensure_ascii=False)[1:-1]
        hexes = "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
        parts.append(draw(st.sampled_from([plain, hexes, hexes.upper().replace("\\U", "\\u")])))
    return f'"{"".join(parts)}"'


@st.composite
def twins(draw: st.DrawFn) -> bytes:
    """A document with a key twice in one object, somewhere, in any spelling."""
    members = draw(st.dictionaries(st.text(max_size=5), documents, min_size=1, max_size=4))
    twin = draw(st.sampled_from(sorted(members)))
    pairs = [*members.items(), (twin, draw(documents))]
    space = st.sampled_from(SPACES)
    texts = [
        f"{draw(spelled(name))}{draw(space)}:{draw(space)}{json.dumps(value)}"
        for name, value in draw(st.permutations(pairs))
    ]
    text = f"{{{','.join(texts)}}}"
    for wrapping in draw(st.lists(st.sampled_from(WRAPPINGS), max_size=3)):
        text = wrapping.replace("%s", text)
    return text.encode()


def nested(levels: int, leaf: str = "") -> bytes:
    """Arrays in arrays, so many levels deep."""
    return ("[" * levels + leaf + "]" * levels).encode()


@settings(deadline=None)
@given(
    documents,
    st.booleans(),
    st.sampled_from([None, 0, 2, "\t"]),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :"), (",\n", "\t:\r\n")]),
)
def test_every_document_is_read(
    document: Any, ascii: bool, indent: int | str | None, separators: tuple[str, str]
) -> None:
    """A document without twin keys is read, however it is spelled and laid out."""
    text = json.dumps(document, ensure_ascii=ascii, indent=indent, separators=separators)

    assert read_json(text.encode()) == document


@settings(deadline=None)
@given(twins())
def test_a_key_twice_is_refused(body: bytes) -> None:
    """Twin keys are found at any depth, in any spelling, between any others."""
    with pytest.raises(MalformedBody, match=r'(?s)^the body has the key ".*" twice$'):
        read_json(body)


@settings(deadline=None)
@given(documents)
def test_what_is_written_is_read_back(document: Any) -> None:
    """Writing and reading give the same document."""
    written = write_json(document)

    assert load_json(written) == read_json(written) == parse_json_or_none(written) == document


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**64, 10254754515915142965755904])
@pytest.mark.parametrize("around", ["%d", "[%d]", '{"a":[1,{"b":%d}],"c":2}', '{"a\\n":%d}'])
def test_no_digit_of_an_integer_is_lost(number: int, around: str) -> None:
    """Integers of more than 64 bits are read and written exactly, wherever they stand."""
    text = (around % number).encode()

    document = read_json(text)

    assert document == json.loads(text)
    assert str(number) in repr(document)
    assert write_json(document).rstrip() == text


def test_a_float_stays_one() -> None:
    """A number with an exponent is no integer, however large it is."""
    assert repr(read_json(b"[1e30,-1E25,18446744073709551616]")) == (
        "[1e+30, -1e+25, 18446744073709551616]"
    )


def test_what_is_written_is_compact() -> None:
    """No white space is kept, and text stays UTF-8."""
    assert write_json({"a": [1, "é"]}) == '{"a":[1,"é"]}'.encode()


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"a" :1,"a":2}',
        b'{"a":1,"a" :2}',
        b'{"a":1,"a"\n:2}',
        b'{"a":1,"a"\t:2}',
        b'{"a":1,"a"\r:2}',
        b'[{"b":{"a":1,"c":[],"a":2}}]',
        b'{"\\ud83d\\ude00":1,"\xf0\x9f\x98\x80":2}',
        b'{"":1,"":2}',
        b'{"a\\/b":1,"a/b":2}',
        b'{"a":1,"a" :":"}',
    ],
)
def test_twins_in_every_spelling(body: bytes) -> None:
    """Escapes, white space and depth hide no twin."""
    with pytest.raises(MalformedBody, match="twice"):
        read_json(body)


def test_the_twin_is_named() -> None:
    """The message tells which key, the hint what to do."""
    with pytest.raises(MalformedBody) as caught:
        read_json(b'{"a":1,"b":2,"b":3,"a":4}')

    assert caught.value.message == 'the body has the key "a" twice'
    assert caught.value.diagnoses[0].hint == "send each key once"


@pytest.mark.parametrize(
    "body",
    [
        b'[{"a":1},{"a":2}]',
        b'{"a":{"a":{"a":1}}}',
        b'{"a":"b\\":","b\\":":1}',
        b'{"a":":","b":"\\":"}',
        b'{"a":1,"A":2,"\\u00e4":3,"a\\u0308":4}',
        b'{"a":1,"a ":2}',
    ],
)
def test_what_only_looks_like_twins_is_read(body: bytes) -> None:
    """Keys of different objects, strings with colons and similar names are no twins."""
    assert read_json(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"nothing",
        b"{'a':1}",
        b'{"a":1,}',
        b"[1 2]",
        b"{} {}",
        b"// no\n{}",
        b'"\t"',
        b"01",
        b"+1",
        b".5",
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """Anything but one JSON document is malformed, and the message says where."""
    with pytest.raises(MalformedBody, match=r"^the body is not JSON: .*line \d+ column \d+"):
        read_json(body)


@pytest.mark.parametrize("body", [b"NaN", b"Infinity", b"-Infinity", b'{"a": NaN}', b"1e999"])
def test_numbers_that_json_does_not_know_are_refused(body: bytes) -> None:
    """There is no NaN and no infinity, not even by overflow."""
    with pytest.raises(MalformedBody, match="not JSON"):
        read_json(body)


@pytest.mark.parametrize("digits", [400, 5_000])
def test_an_endless_number_is_refused(digits: int) -> None:
    """An integer beyond every float is malformed, also where the slow way would read it."""
    body = b'{"a" :' + b"9" * digits + b"}"

    with pytest.raises(MalformedBody, match="not JSON"):
        read_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b'"\xff"',
        b'"\xc3"',
        b'"\xc0\xaf"',
        b'"\xed\xa0\x80"',
        b'{"\xe9":1}',
        '{"é":1}'.encode("latin-1"),
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-16-le"),
        '{"a":1}'.encode("utf-32-le"),
    ],
)
def test_only_utf8_is_read(body: bytes) -> None:
    """Bytes that are not UTF-8 are malformed, other encodings of JSON included."""
    with pytest.raises(MalformedBody, match="not JSON") as caught:
        read_json(body)

    assert caught.value.diagnoses[0].hint == "send UTF-8 JSON"


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\ud800\\ud800", "\\udc00\\ud800"])
def test_a_lone_surrogate_is_refused(escape: str) -> None:
    """Half a character is not a character."""
    with pytest.raises(MalformedBody, match="surrogate"):
        read_json(f'{{"a":"{escape}"}}'.encode())


def test_a_pair_of_surrogates_is_a_character() -> None:
    """A character beyond the basic plane may be escaped."""
    assert read_json(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_a_byte_order_mark_is_refused() -> None:
    """JSON begins with JSON (RFC 8259, section 8.1)."""
    with pytest.raises(MalformedBody, match="byte order mark"):
        read_json(b"\xef\xbb\xbf{}")


@pytest.mark.parametrize("body", [nested(MAX_DEPTH), nested(MAX_DEPTH - 1, "1")])
def test_deep_nesting_is_read_to_the_bound(body: bytes) -> None:
    """A value in the deepest level allowed is read; the value itself is a level."""
    assert read_json(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        nested(MAX_DEPTH + 1),
        nested(MAX_DEPTH, "1"),
        b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH,
        nested(1_000),
        nested(100_000),
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_deeper_nesting_is_refused(body: bytes) -> None:
    """One level more than allowed is too many; the sentence is ours, however many there are."""
    with pytest.raises(MalformedBody, match="nests deeper than 100 levels"):
        read_json(body)


def test_brackets_in_text_are_no_nesting() -> None:
    """A body that cannot be read for another reason is told that reason."""
    with pytest.raises(MalformedBody, match="not JSON"):
        read_json(b'["' + b"[" * 1_000 + b'" "b"]')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[NaN]", "it has no NaN"),
        ("[-Infinity]", "it has no -Infinity"),
        (nested(101), "it nests deeper than 100 levels"),
        (nested(100_000), "it nests deeper than 100 levels"),
        ("{", "Expecting property name"),
        (b"\xff", "can't decode byte"),
    ],
)
def test_text_that_is_not_json(text: bytes | str, reason: str) -> None:
    """One reason, whatever the library would have said or done."""
    with pytest.raises(ValueError, match=reason):
        parse_json(text)


def test_bounds_are_the_callers() -> None:
    """A file may nest deeper than a body."""
    assert parse_json(nested(150), max_depth=150) == json.loads(nested(150))


def test_a_key_twice_is_allowed_or_refused() -> None:
    """By default the last value is taken, as most readers do."""
    text = '{"a": 1, "b": {"a": 1, "a": 2}}'

    assert parse_json(text) == {"a": 1, "b": {"a": 2}}
    with pytest.raises(ValueError, match='it has the key "a" twice'):
        parse_json(text, unique_keys=True)

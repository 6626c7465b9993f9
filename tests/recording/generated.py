"""Strategies for recordings with any body, header, method and URL that the model can hold."""

from __future__ import annotations

import re
import string

from hypothesis import strategies as st

from understudy.core.errors import Diagnosis
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
)

NASTY = [
    *("", " ", "\n", "\r\n", "a\r", " lead", "trail ", "a \nb", "a\n\n\n", "\n\na", "\ta\n\tb"),
    *("null", "~", "true", "no", "12", "1e3", "0x1f", "1:20", "2026-03-11", "2026-03-11T12:00:00Z"),
    *("<<", "=", "- a", "a: b", "# a\n# b", "--- a\n", "...\n", "%YAML 1.1\n", "{a: b}", "'", '"'),
    *("\ufeffa", "a\x85b\n", "a\u2028b\u2029", "\x00\x07\x1b\x7f", "\ufffe\uffff", "🎭", "é"),
    *("! a\n  b\n c\n", "|\n a\n", "a\n  b\n\n c \n", '{\n  "a": 1\n}\n', "x" * 200 + "\n" + "y "),
]
texts = st.one_of(st.sampled_from(NASTY), st.text())
large = st.integers(1, 3).map(lambda times: bytes(range(256)) * 400 * times)
bodies = st.one_of(texts.map(str.encode), st.binary(), large)
# What the head of a message can contain.
lines = texts.map(lambda text: re.sub(r"[\r\n\0]", "", text))
names = st.one_of(st.sampled_from(["X-Twice", "x-twice", "null", "<<", ":path"]), lines)
headers = st.lists(st.tuples(names, lines), max_size=6).map(tuple)
# All but white space, which URLs cannot contain, and `#`, which begins a fragment.
in_urls = (string.ascii_letters + string.digits + string.punctuation).replace("#", "") + "é"
urls = st.builds(
    "{}://{}/{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(["api.sent.dm", "127.0.0.1:4010", "[::1]:1", "u:p@é.example"]),
    st.text(in_urls),
)
requests = st.builds(RecordedRequest, lines, urls, headers, bodies)
statuses = st.one_of(st.sampled_from([0, 200, 204, 304, 418]), st.integers(100, 599))
reasons = st.one_of(st.sampled_from(["OK", "No Content", "Señor"]), texts)
responses = st.builds(RecordedResponse, statuses, headers, bodies, reasons)
instants = st.integers(0, 2**62)
exchanges = st.builds(
    RecordedExchange,
    requests,
    responses,
    vendor=texts,
    operation=st.none() | texts,
    account=st.none() | texts,
    at=st.none() | instants,
    took=st.integers(0, 10**13),
    fault=st.none() | texts,
    diagnoses=st.lists(st.builds(Diagnosis, *[texts] * 5), max_size=2).map(tuple),
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
json_objects = st.dictionaries(texts, json_values, max_size=3)
chosen = st.fixed_dictionaries(
    {},
    optional={
        "pace": st.just("manual") | st.floats(0, 1e6) | st.integers(0, 10**6),
        "auth": st.sampled_from(["strict", "any"]),
        "static": st.booleans(),
        "rate_limits": st.booleans(),
        "body_limit": st.integers(0),
    },
)
recordings = st.builds(
    Recording,
    name=texts,
    exchanges=st.lists(exchanges, max_size=3).map(tuple),
    title=texts,
    session=texts,
    clock=st.none() | instants,
    seed=st.integers(),
    settings=chosen,
    versions=st.dictionaries(texts, texts, max_size=2),
    events=st.lists(json_objects, max_size=2).map(tuple),
    deliveries=st.lists(json_objects, max_size=2).map(tuple),
)

"""Media types, and the declared ranges that they are in."""

from __future__ import annotations

import pytest

from understudy.openapi.media_types import find_range, is_json, may_be_json, parse_media_type


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("", ""),
    ],
)
def test_a_media_type_is_read_without_its_parameters(content_type: str, media_type: str) -> None:
    """In lower case."""
    assert parse_media_type(content_type) == media_type


@pytest.mark.parametrize(
    ("declared", "media_type", "found"),
    [
        (["application/json", "*/*"], "application/json", "application/json"),
        (["*/*", "text/*"], "text/plain", "text/*"),
        (["*/*"], "image/png", "*/*"),
        (["*/*"], "", "*/*"),
        (["text/*"], "", None),
        (["text/*"], "textual/plain", None),
        (["application/json"], "application/problem+json", None),
        ([], "application/json", None),
    ],
)
def test_the_most_specific_range_is_found(
    declared: list[str], media_type: str, found: str | None
) -> None:
    """Whatever the order in which ranges are declared."""
    assert find_range(declared, media_type) == found


@pytest.mark.parametrize("media_type", ["application/json", "application/problem+json"])
def test_json_has_several_media_types(media_type: str) -> None:
    """Those that end in `+json` are JSON as well."""
    assert is_json(media_type)
    assert may_be_json(media_type)


@pytest.mark.parametrize(("media_range", "may"), [("*/*", True), ("text/*", False)])
def test_json_may_be_sent_where_its_range_is_declared(media_range: str, may: bool) -> None:
    """A range is no media type itself."""
    assert may_be_json(media_range) is may
    assert not is_json(media_range)

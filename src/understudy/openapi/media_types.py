"""Media types: reading a Content-Type, and finding the declared range that it is in."""

from __future__ import annotations

from collections.abc import Collection

JSON_MEDIA_TYPE = "application/json"
# Ranges that a JSON body matches.
JSON_RANGES = frozenset({"*/*", "application/*"})


def parse_media_type(content_type: str) -> str:
    """The media type of a Content-Type in lower case, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Whether a body of this media type is JSON."""
    return media_type == JSON_MEDIA_TYPE or media_type.endswith("+json")


def may_be_json(media_range: str) -> bool:
    """Whether a JSON body may be sent where a document declares this range."""
    return is_json(media_range) or media_range in JSON_RANGES


def find_range(declared: Collection[str], media_type: str) -> str | None:
    """The most specific declared range that a media type is in; None when it is in none.

    Args:
        declared: media types, `type/*` or `*/*`, in lower case without parameters.
    """
    if media_type in declared:
        return media_type
    wider = (f"{media_type.partition('/')[0]}/*", "*/*")
    return next((each for each in wider if each in declared), None)

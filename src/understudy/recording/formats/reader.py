"""Files of recordings as documents, checked against the schema of their format."""

from __future__ import annotations

import json
from typing import Any

from understudy.core.file_schema import FileSchema
from understudy.core.strict_json import parse_json
from understudy.core.yaml_io import MAX_DEPTH
from understudy.recording.model import Json, UnreadableRecording


def check_is_text(content: bytes) -> None:
    """Refuse a file that cannot hold a document.

    Raises:
        UnreadableRecording: when it is empty or is not text.
    """
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnreadableRecording("is empty; record into it first")
    try:
        is_text = "\0" not in content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        is_text = False
    if not is_text:
        raise UnreadableRecording("is not text; a recording is JSON or YAML in UTF-8")


def read_json_document(content: bytes) -> Any:
    """The document in a JSON file.

    Raises:
        UnreadableRecording: when it is not JSON.
    """
    check_is_text(content)
    try:
        # A file has more levels than the bodies in it.
        return parse_json(content, max_depth=MAX_DEPTH)
    except ValueError as error:
        raise UnreadableRecording(f"is not JSON: {error}") from error


def check_document(schema: FileSchema, document: Any) -> None:
    """Refuse a document that is not as its format's schema says.

    Raises:
        UnreadableRecording: says what is wrong, and where.
    """
    try:
        schema.check(document)
    except ValueError as error:
        raise UnreadableRecording(str(error)) from error


def get_or(fields: Json, name: str, default: Any) -> Any:
    """A field's value, or a default where it is missing or null."""
    value = fields.get(name)
    return default if value is None else value


def strip_fragment(url: str) -> str:
    """A URL as it is sent."""
    return url.partition("#")[0]

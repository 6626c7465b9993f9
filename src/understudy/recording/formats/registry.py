"""The formats that recordings are written in and read from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from understudy.core.errors import StartError
from understudy.recording.formats import (
    har,
    json_folder,
    msw,
    native,
    openapi_examples,
    postman,
    vcr,
    wiremock,
)
from understudy.recording.formats.format import Format
from understudy.recording.formats.vcr_yaml import read_yaml_document
from understudy.recording.model import Recording, UnreadableRecording

FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        native.FORMAT,
        har.FORMAT,
        vcr.FORMAT,
        wiremock.FORMAT,
        postman.FORMAT,
        msw.FORMAT,
        json_folder.FORMAT,
        openapi_examples.FORMAT,
    )
}
READABLE = tuple(each for each in FORMATS.values() if each.read is not None)
FORMATS_BY_SUFFIX = {suffix: each for each in READABLE for suffix in each.own_suffixes}
FORMATS_BY_FIELD = {each.top_field: each for each in READABLE}
# Of the files of a folder that are read.
READABLE_SUFFIXES = tuple(dict.fromkeys([*(each.suffix for each in READABLE), *FORMATS_BY_SUFFIX]))


def detect_format(content: bytes, file: Path) -> Format:
    """The format of a file to read, by its suffix or else by its content.

    Raises:
        UnreadableRecording: when it has none of them.
    """
    return FORMATS_BY_SUFFIX.get(file.suffix.lower()) or _detect_by_content(content)


def _detect_by_content(content: bytes) -> Format:
    try:
        document = read_yaml_document(content)
    except UnreadableRecording as error:
        raise UnreadableRecording(f"{error}; {_describe_readable()}") from error
    for field, format in FORMATS_BY_FIELD.items():
        if isinstance(document, dict) and field in document:
            return format
    names = ", ".join(f'"{each}"' for each in FORMATS_BY_FIELD)
    raise UnreadableRecording(f"has none of {names} at its top; {_describe_readable()}")


def _describe_readable() -> str:
    each = (f"{each.what} ({each.name}, {each.suffix})" for each in READABLE)
    return f"what can be read: {'; '.join(each)}"


def choose_format(name: str | None, target: Path | None) -> Format:
    """The format to write: by its name, else by the target's suffix, else our own.

    Raises:
        StartError: when there is none of this name.
    """
    if name is not None:
        if name not in FORMATS:
            raise StartError(f'there is no format "{name}"; there are: {", ".join(FORMATS)}')
        return FORMATS[name]
    name = "" if target is None else target.name
    matching = [each for each in FORMATS.values() if each.suffix and name.endswith(each.suffix)]
    # The first of those with the longest suffix.
    return max(matching, key=lambda each: len(each.suffix), default=FORMATS["json"])


def read_recording(file: Path) -> Recording:
    """The recording in a file of any format that can be read.

    Raises:
        UnreadableRecording: when it cannot; names the file.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UnreadableRecording(f"{file}: cannot be read ({error.strerror})") from error
    try:
        chosen = detect_format(content, file)
        assert chosen.read is not None
        return chosen.read(content, file.stem)
    except UnreadableRecording as error:
        raise UnreadableRecording(f"{file}: {error}") from error


def write_recording(recording: Recording, format: Format, target: Path) -> list[Path]:
    """Write a recording to a file or a folder; the files that were written.

    Raises:
        OSError: when the target cannot be written.
    """
    written = format.write(recording)
    if isinstance(written, bytes):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(written)
        return [target]
    files = [target / path for path in written]
    for file, content in zip(files, written.values(), strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return files

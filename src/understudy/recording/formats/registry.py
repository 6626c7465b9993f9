"""The formats that recordings are written in and read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from understudy.recording.formats.vcr_yaml import read_yaml_document
from understudy.recording.model import Recording, UnreadableRecording

# One file, or several by their paths within a folder.
Written = bytes | Mapping[str, bytes]


@dataclass(frozen=True)
class Format:
    """One way to write a recording down.

    Attributes:
        what: one phrase for people.
        suffix: of its file; "" when it is a folder of files.
        write: the file's content, or the folder's files.
        read: the recording in a file's content, named as given; None where it is only written.
    """

    name: str
    what: str
    suffix: str
    write: Callable[[Recording], Written]
    read: Callable[[bytes, str], Recording] | None = None


FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        Format(
            "json",
            "the project's own, which holds everything",
            ".json",
            native.write,
            native.read,
        ),
        Format("har", "HAR 1.2, for browsers and Playwright", ".har", har.write, har.read),
        Format("vcr", "a cassette for vcrpy", ".yaml", vcr.write, vcr.read),
        Format("wiremock", "stub mappings of WireMock 3", ".wiremock.json", wiremock.write),
        Format(
            "postman",
            "a Postman collection, version 2.1",
            ".postman_collection.json",
            postman.write,
        ),
        Format("msw", "request handlers of MSW 2 and 3, an ES module", ".mjs", msw.write),
        Format(
            "examples", "a folder of plain JSON, by operation and status", "", json_folder.write
        ),
        Format(
            "openapi", "examples to paste into an OpenAPI document", ".yaml", openapi_examples.write
        ),
    )
}
READABLE = tuple(each for each in FORMATS.values() if each.read is not None)
FORMATS_BY_SUFFIX = {".har": "har", ".yaml": "vcr", ".yml": "vcr"}
# What only one of them has at its top.
FORMATS_BY_FIELD = {"log": "har", "interactions": "vcr", "format": "json"}


def detect_format(content: bytes, file: Path) -> Format:
    """The format of a file that is to be read, told by its name or else by its content.

    Raises:
        UnreadableRecording: when it can be none.
    """
    name = FORMATS_BY_SUFFIX.get(file.suffix.lower()) or _told_by(content)
    return FORMATS[name]


def _told_by(content: bytes) -> str:
    try:
        members = read_yaml_document(content)
    except UnreadableRecording as error:
        raise UnreadableRecording(f"{error}; {_what_can_be_read()}") from error
    for member, name in FORMATS_BY_FIELD.items():
        if isinstance(members, dict) and member in members:
            return name
    names = ", ".join(f'"{each}"' for each in FORMATS_BY_FIELD)
    raise UnreadableRecording(f"has none of {names} at its top; {_what_can_be_read()}")


def _what_can_be_read() -> str:
    each = (f"{each.what} ({each.name}, {each.suffix})" for each in READABLE)
    return f"what can be read: {'; '.join(each)}"


def choose_format(name: str | None, target: Path | None) -> Format:
    """The format that is to be written: by its name, else by the target's suffix, else our own.

    Raises:
        StartError: when there is none of this name.
    """
    if name is not None:
        if name not in FORMATS:
            raise StartError(f'there is no format "{name}"; there are: {", ".join(FORMATS)}')
        return FORMATS[name]
    name = "" if target is None else target.name
    fitting = [each for each in FORMATS.values() if each.suffix and name.endswith(each.suffix)]
    # The first of those whose suffix says most.
    return max(fitting, key=lambda each: len(each.suffix), default=FORMATS["json"])


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

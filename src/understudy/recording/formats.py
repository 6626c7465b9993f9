"""The formats that recordings are written in and read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from understudy.recording import msw, openapi, own_json, plain, postman, wiremock
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
            own_json.write,
            own_json.read,
        ),
        Format("wiremock", "stub mappings of WireMock 3", ".json", wiremock.write),
        Format("postman", "a Postman collection, version 2.1", ".json", postman.write),
        Format("msw", "request handlers of MSW 2 and 3, an ES module", ".mjs", msw.write),
        Format("examples", "a folder of plain JSON, by operation and status", "", plain.write),
        Format("openapi", "examples to paste into an OpenAPI document", ".yaml", openapi.write),
    )
}
READABLE = tuple(each for each in FORMATS.values() if each.read is not None)


def format_of(content: bytes, file: Path) -> Format:
    """The format of a file that is to be read, told by its name and content.

    Raises:
        UnreadableRecording: when it can be none.
    """
    if file.suffix in (".yaml", ".yml") and "vcr" in FORMATS:
        return FORMATS["vcr"]
    if file.suffix == ".har" and "har" in FORMATS:
        return FORMATS["har"]
    return FORMATS["json"]


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
        chosen = format_of(content, file)
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

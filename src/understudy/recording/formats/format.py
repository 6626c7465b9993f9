"""What a format of recordings declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from understudy.recording.model import Recording

# One file, or several by their paths within a folder.
Written = bytes | Mapping[str, bytes]


@dataclass(frozen=True)
class Format:
    """One way to write a recording to a file or a folder.

    Attributes:
        name: as `--format` takes it.
        what: one phrase for people.
        suffix: of the file to write; "" when it is a folder of files.
        write: the file's content, or the folder's files.
        read: the recording in a file's content, under this name; None where it is only written.
        own_suffixes: of files to read that can only have this format.
        top_field: tells the format of a file with any other suffix, by being at its top.
    """

    name: str
    what: str
    suffix: str
    write: Callable[[Recording], Written]
    read: Callable[[bytes, str], Recording] | None = None
    own_suffixes: tuple[str, ...] = ()
    top_field: str = ""

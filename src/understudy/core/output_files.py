"""Files and folders that a command writes: refused before there is anything to write."""

from __future__ import annotations

import os
from pathlib import Path

from understudy.core.errors import StartError


def require_writable(flag: str, target: Path, folder: bool = False) -> None:
    """Refuse a target that could not be written.

    Args:
        flag: names the target in the error.
        folder: whether it will be a folder of files.

    Raises:
        StartError: says why not.
    """
    where = f"{flag} {target}"
    if not target.parent.is_dir():
        raise StartError(f"{where}: there is no folder {target.parent}; create it first")
    if target.is_dir() and not folder:
        raise StartError(f"{where}: is a folder; name a file in it")
    if target.is_file() and folder:
        raise StartError(f"{where}: is a file; name a folder")
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise StartError(f"{where}: cannot be written; choose another place")


def unwritable(flag: str, target: Path, error: OSError) -> StartError:
    """The error for a target that could not be written after all."""
    return StartError(f"{flag} {target}: cannot be written ({error.strerror})")

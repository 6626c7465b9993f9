"""The base URL and the report file that a user names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from understudy.core.errors import StartError

EXAMPLE_URL = "http://127.0.0.1:4010/sent"
DOT_SEGMENTS = frozenset({".", ".."})


def read_base_url(text: str) -> str:
    """Check the base URL that a user gave.

    Raises:
        StartError: when it is not one; says what is wrong, without showing a password.
    """
    try:
        fault = _find_problem(text)
    except (httpx.InvalidURL, ValueError) as error:
        fault = str(error)
    if fault:
        raise StartError(f"--base-url: {fault}; give a URL such as {EXAMPLE_URL}")
    return text


def _find_problem(text: str) -> str:
    parts = urlsplit(text)
    if "@" in text.partition("//")[2].partition("/")[0] or "@" in parts.netloc:
        return "the URL has credentials in it; give them by --credential or --header"
    if not (text.isascii() and text.isprintable()) or set(text) & set(' \\"<>'):
        return "the URL has characters that must be encoded"
    if parts.scheme not in ("http", "https"):
        return f'"{text}" is not an http or https URL'
    if "?" in text or "#" in text:
        return f'"{text}" has a query or a fragment'
    # `port` raises ValueError for one that is out of range.
    if not parts.hostname or parts.port == 0 or not httpx.URL(text).host:
        return f'"{text}" has no host, or an impossible port'
    if DOT_SEGMENTS & set(unquote(parts.path).split("/")):
        return f'"{text}" has . or .. in its path'
    return ""


def require_writable(file: Path) -> None:
    """Check, before anything is sent, that a file can be written.

    Raises:
        StartError: when it cannot; says why.
    """
    existed = file.exists()
    try:
        with file.open("ab"):
            pass
        if not existed:
            file.unlink()
    except OSError as error:
        raise unwritable(file, error) from error


def unwritable(file: Path, error: OSError) -> StartError:
    """The error of a report that cannot be written."""
    return StartError(f"--junit {file}: cannot be written ({error.strerror})")

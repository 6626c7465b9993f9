"""What a user names: where the API stands, and where the report goes."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from understudy.core.errors import StartError

EXAMPLE = "http://127.0.0.1:4010/sent"
DOTS = frozenset({".", ".."})


def read_base_url(text: str) -> str:
    """The base URL that a user names.

    Raises:
        StartError: when it is none; says what is wrong with it, without a password in it.
    """
    try:
        fault = _fault(text)
    except (httpx.InvalidURL, ValueError) as error:
        fault = str(error)
    if fault:
        raise StartError(f"--base-url: {fault}; give a URL such as {EXAMPLE}")
    return text


def _fault(text: str) -> str:
    parts = urlsplit(text)
    if "@" in text.partition("//")[2].partition("/")[0] or "@" in parts.netloc:
        return "the URL holds credentials, which belong into --credential or --header"
    if not (text.isascii() and text.isprintable()) or set(text) & set(' \\"<>'):
        return "the URL holds characters that no URL does"
    if parts.scheme not in ("http", "https"):
        return f'"{text}" is no http or https URL'
    if "?" in text or "#" in text:
        return f'"{text}" has a query or a fragment'
    # Reading the port checks it.
    if not parts.hostname or parts.port == 0 or not httpx.URL(text).host:
        return f'"{text}" names no host, or no port that there can be'
    if DOTS & set(unquote(parts.path).split("/")):
        return f'"{text}" has a path with dots in it'
    return ""


def require_writable(file: Path) -> None:
    """Refuse a file that could not be written, before there is anything to write.

    Raises:
        StartError: says why not.
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
    """What stops the command when its report cannot be written."""
    return StartError(f"--junit {file}: cannot be written ({error.strerror})")

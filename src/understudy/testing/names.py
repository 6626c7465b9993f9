"""Names for a test: of its session, of its file."""

from __future__ import annotations

import hashlib
import re

UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
MAX_LENGTH = 64


def to_safe_name(text: str) -> str:
    """Reduce a text to letters, digits, `_`, `.` and `-`, beginning with a letter or digit."""
    return UNSAFE.sub("-", text).strip("_.-") or "test"


def digest(text: str) -> str:
    """Hash a text to eight hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def session_name(test: str, run: str = "") -> str:
    """The name of a test's session.

    Args:
        test: its node id.
        run: distinguishes this run of the tests from others on the same server.
    """
    tail = "-".join(part for part in (digest(test), run) if part)
    # Without the file, and with the parameters as far as there is room.
    own = to_safe_name(test.partition("::")[2] or test)
    return f"{own[: MAX_LENGTH - len(tail) - 1]}-{tail}"

"""Takes what the user gave in confidence out of text, however it is spelled there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie

from understudy.recording.redact import MIN_SECRET_LENGTH
from understudy.redaction.masks import AUTH_SCHEMES, REDACTED
from understudy.verify.transport import Access

# The variable that holds the credential where a line is pasted.
VARIABLE = "$UNDERSTUDY_CREDENTIAL"
# What is given by these is no secret, but stands in many messages.
PUBLIC = frozenset({"accept", "accept-language", "content-type", "user-agent"})
# How much of a message can stand between the beginning of a secret and where it was cut off.
LONGEST_CUT = 300
# The short escapes of JSON.
SHORT = {'"': '"', "\\": "\\", "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}


class OutputRedactor:
    """Knows the credential and the values of the extra headers."""

    def __init__(self, access: Access) -> None:
        told = (_alternatives([access.credential]), _alternatives(list(_given(access))))
        self._spelled = re.compile("|".join(f"({each})" for each in told))

    def text(self, text: str) -> str:
        """Text with a mask in the place of each secret."""
        return self._spelled.sub(lambda found: VARIABLE if found[1] else REDACTED, text)


def _given(access: Access) -> Iterator[str]:
    for name, value in access.extra:
        if name.lower() in PUBLIC:
            continue
        yield value
        scheme, _, backend = value.partition(" ")
        if scheme.lower() in AUTH_SCHEMES:
            yield backend.strip()
        if name.lower() == "cookie":
            yield from _in_cookies(value)


def _in_cookies(value: str) -> Iterator[str]:
    try:
        yield from (each.value for each in SimpleCookie(value).values())
    except CookieError:
        return


def _alternatives(secrets: list[str]) -> str:
    # The longest first: one secret may begin another.
    kept = sorted(
        {each for each in secrets if len(each) >= MIN_SECRET_LENGTH}, key=len, reverse=True
    )
    # Messages are cut off, perhaps in the midst of a secret: its beginning tells enough.
    cut = [
        f'{_spelled(each[:MIN_SECRET_LENGTH])}[^"\\n]{{0,{LONGEST_CUT}}}?\\.\\.\\.'
        for each in kept
        if len(each) > MIN_SECRET_LENGTH
    ]
    return "|".join([*map(_spelled, kept), *cut]) or "(?!)"


def _spelled(secret: str) -> str:
    """A pattern for each way in which JSON or a URL may spell a secret."""
    return "".join(map(_character, secret))


def _character(character: str) -> str:
    units = character.encode("utf-16-be")
    pairs = (units[at : at + 2].hex() for at in range(0, len(units), 2))
    ways = [
        re.escape(character),
        "".join(rf"\\u(?i:{each})" for each in pairs),
        "".join(f"%(?i:{each:02x})" for each in character.encode()),
    ]
    if character in SHORT:
        ways.append(re.escape(f"\\{SHORT[character]}"))
    if character == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(ways)})"

"""Masks the credential and other secrets that the user gave, in any encoding, in text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie

from understudy.recording.redact import MIN_SECRET_LENGTH
from understudy.redaction.masks import AUTH_SCHEMES, REDACTED
from understudy.verify.transport import Access

# The shell variable that replaces the credential in curl lines.
CREDENTIAL_VARIABLE = "$UNDERSTUDY_CREDENTIAL"
# Headers whose values are not secret and are common in messages.
PUBLIC_HEADERS = frozenset({"accept", "accept-language", "content-type", "user-agent"})
# How many characters may be between the beginning of a secret and the end of a truncated text.
MAX_CUT_LENGTH = 300
# The short escapes of JSON.
SHORT_ESCAPES = {
    '"': '"',
    "\\": "\\",
    "/": "/",
    "\b": "b",
    "\f": "f",
    "\n": "n",
    "\r": "r",
    "\t": "t",
}


class OutputRedactor:
    """Masks the credential and the values of the extra headers."""

    def __init__(self, access: Access) -> None:
        told = (_make_pattern([access.credential]), _make_pattern(list(_find_secrets(access))))
        self._encoding_pattern = re.compile("|".join(f"({each})" for each in told))

    def text(self, text: str) -> str:
        """The text with each secret masked."""
        return self._encoding_pattern.sub(
            lambda found: CREDENTIAL_VARIABLE if found[1] else REDACTED, text
        )


def _find_secrets(access: Access) -> Iterator[str]:
    for name, value in access.extra:
        if name.lower() in PUBLIC_HEADERS:
            continue
        yield value
        scheme, _, backend = value.partition(" ")
        if scheme.lower() in AUTH_SCHEMES:
            yield backend.strip()
        if name.lower() == "cookie":
            yield from _find_cookie_values(value)


def _find_cookie_values(value: str) -> Iterator[str]:
    try:
        yield from (each.value for each in SimpleCookie(value).values())
    except CookieError:
        return


def _make_pattern(secrets: list[str]) -> str:
    # Longest first: one secret may be the beginning of another.
    kept = sorted(
        {each for each in secrets if len(each) >= MIN_SECRET_LENGTH}, key=len, reverse=True
    )
    # A truncated message may end inside a secret: its beginning is masked, too.
    cut = [
        f'{_encoding_pattern(each[:MIN_SECRET_LENGTH])}[^"\\n]{{0,{MAX_CUT_LENGTH}}}?\\.\\.\\.'
        for each in kept
        if len(each) > MIN_SECRET_LENGTH
    ]
    return "|".join([*map(_encoding_pattern, kept), *cut]) or "(?!)"


def _encoding_pattern(secret: str) -> str:
    """A pattern that matches a secret as JSON or a URL may encode it."""
    return "".join(map(_character_pattern, secret))


def _character_pattern(character: str) -> str:
    units = character.encode("utf-16-be")
    pairs = (units[at : at + 2].hex() for at in range(0, len(units), 2))
    ways = [
        re.escape(character),
        "".join(rf"\\u(?i:{each})" for each in pairs),
        "".join(f"%(?i:{each:02x})" for each in character.encode()),
    ]
    if character in SHORT_ESCAPES:
        ways.append(re.escape(f"\\{SHORT_ESCAPES[character]}"))
    if character == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(ways)})"

"""Masks the credential and other secrets that the user gave, in any encoding, in text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from understudy.redaction.finders import find_credentials
from understudy.redaction.masks import REDACTED
from understudy.redaction.secret_values import spelling_pattern
from understudy.verify.transport import Access

# The shell variable that replaces the credential in curl lines.
CREDENTIAL_VARIABLE = "$UNDERSTUDY_CREDENTIAL"
# Headers whose values are not secret and are common in messages.
PUBLIC_HEADERS = frozenset({"accept", "accept-language", "content-type", "user-agent"})


class OutputRedactor:
    """Masks the credential and the values of the extra headers."""

    def __init__(self, access: Access) -> None:
        patterns = (spelling_pattern([access.credential]), spelling_pattern(_find_secrets(access)))
        self._pattern = re.compile("|".join(f"({each})" for each in patterns))

    def text(self, text: str) -> str:
        """The text with each secret masked."""
        return self._pattern.sub(lambda found: CREDENTIAL_VARIABLE if found[1] else REDACTED, text)


def _find_secrets(access: Access) -> Iterator[str]:
    for name, value in access.extra:
        if name.lower() not in PUBLIC_HEADERS:
            yield value
            yield from find_credentials(name.lower(), value)

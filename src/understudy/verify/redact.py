"""Removes what the user entrusted to `verify` from its output, however it is spelled there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from understudy.redaction.finders import find_credentials
from understudy.redaction.masks import REDACTED
from understudy.redaction.secret_values import spelling_pattern
from understudy.verify.transport import Access

# The variable that holds the credential where a line is pasted.
VARIABLE = "$UNDERSTUDY_CREDENTIAL"
# Headers that are given but not secret; their values occur in many messages.
PUBLIC_HEADERS = frozenset({"accept", "accept-language", "content-type", "user-agent"})


class OutputRedactor:
    """Removes the credential and the values of the extra headers from messages."""

    def __init__(self, access: Access) -> None:
        patterns = (spelling_pattern([access.credential]), spelling_pattern(_given(access)))
        self._pattern = re.compile("|".join(f"({each})" for each in patterns))

    def text(self, text: str) -> str:
        """Text with a mask in the place of each secret."""
        return self._pattern.sub(lambda found: VARIABLE if found[1] else REDACTED, text)


def _given(access: Access) -> Iterator[str]:
    for name, value in access.extra:
        if name.lower() not in PUBLIC_HEADERS:
            yield value
            yield from find_credentials(name.lower(), value)

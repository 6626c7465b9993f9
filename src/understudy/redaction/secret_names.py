"""The names that mark secrets in the messages of one API: its document's, and common ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Literal
from urllib.parse import unquote_plus

from understudy.redaction.credential_names import (
    SECRET_FIELDS,
    is_credential_parameter,
    is_secret_field,
    names_credential,
)
from understudy.redaction.finders import decode_text

SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "cookie", "set-cookie"}
)
# Headers with URLs, whose parameters may be credentials.
URL_HEADERS = frozenset({"location", "content-location", "referer", "link", "refresh"})
MAX_CACHED = 256
MAX_CACHED_LENGTH = 2_000
HeaderKind = Literal["secret", "urls"]


class SecretNames:
    """Decides by its name whether a value is secret.

    Args:
        fields: names of the fields that the API's document declares to be secret.
        key_names: names of the headers and parameters that its security schemes declare, in lower
            case.
        common: whether fields with common names of secrets are secret, too.
    """

    def __init__(
        self,
        fields: frozenset[str] = frozenset(),
        key_names: frozenset[str] = frozenset(),
        common: bool = True,
    ) -> None:
        self._fields = fields
        self._common = common
        self._marked: dict[tuple[str, ...], Mapping[str, HeaderKind]] = {}
        self._headers = SECRET_HEADERS | key_names
        declared = (re.escape(name.encode().lower().decode("latin-1")) for name in fields)
        names = _alternatives([*declared, *(SECRET_FIELDS if common else ())])
        # Within a string of JSON the second quote is escaped.
        quoted = rf'"(?:{names})\\*"'
        self._quoted = re.compile(quoted.encode("latin-1")) if names else None
        # As forms, JSON and XML have it before the value, or as the part of a multipart form.
        labelled = rf"(?<!\w)(?:{names})(?!\w)(?:\\*[\"']?\s*[=:>]|\"\r?\n)"
        self._labelled = re.compile(labelled.encode("latin-1")) if names else None

    def mark_headers(self, names: tuple[str, ...]) -> Mapping[str, HeaderKind]:
        """Those of some headers that are secret, or have URLs whose parameters may be."""
        marked = self._marked.get(names)
        if marked is None:
            kinds = ((name, self._kind_of(name.lower())) for name in names)
            marked = {name: kind for name, kind in kinds if kind is not None}
            # A client sends the same headers with each request; but strangers' fill no memory.
            if len(self._marked) < MAX_CACHED and sum(map(len, names)) < MAX_CACHED_LENGTH:
                self._marked[names] = marked
        return marked

    def _kind_of(self, header: str) -> HeaderKind | None:
        if header in self._headers or names_credential(header):
            return "secret"
        return "urls" if header in URL_HEADERS else None

    def marks_parameter(self, name: str) -> bool:
        """Whether a parameter of a query or a form is secret, by its name as it is encoded."""
        decoded = unquote_plus(name)
        return (
            decoded in self._fields
            or decoded.lower() in self._headers
            or is_credential_parameter(name)
        )

    def marks_field(self, name: str, value: Any) -> bool:
        """Whether a field is secret: as declared, or by its name when it holds text or a number."""
        if name in self._fields:
            return True
        return self._common and bool(decode_text(value)) and is_secret_field(name)

    def are_quoted_in(self, lowered: bytes) -> bool:
        """Whether a body in lower case has the name of a secret field in double quotes."""
        return self._quoted is not None and self._quoted.search(lowered) is not None

    def label_a_value_in(self, lowered: bytes) -> bool:
        """Whether a body in lower case has such a name before a value, in any notation."""
        return self._labelled is not None and self._labelled.search(lowered) is not None


def _alternatives(patterns: Iterable[str]) -> str:
    """A pattern for any of some patterns, which all begin with a literal character.

    They are grouped by that character: `re` tries alternatives one by one, and this makes the
    search three times as fast.
    """
    groups = groupby(sorted(set(patterns)), key=_first)
    tails = ((first, "|".join(each[len(first) :] for each in group)) for first, group in groups)
    return "|".join(f"{first}(?:{rest})" for first, rest in tails)


def _first(pattern: str) -> str:
    """The first character of a pattern, with the backslash that escapes it."""
    return pattern[:2] if pattern.startswith("\\") else pattern[:1]

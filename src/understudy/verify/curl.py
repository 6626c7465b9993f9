"""Requests as curl lines that can be pasted, without their secrets."""

from __future__ import annotations

import shlex

from understudy.core.terminal import escape_unprintable, truncate
from understudy.recording.model import RecordedRequest, decode_body
from understudy.redaction.masks import SECRET_HEADERS, redact_body, redact_header_value
from understudy.verify.redact import VARIABLE, OutputRedactor
from understudy.verify.transport import Access

LONGEST_BODY = 2_000


class Curl:
    """Tells requests as curl lines.

    Args:
        secrets: the names of members whose values are secret.
    """

    def __init__(self, access: Access, secrets: frozenset[str]) -> None:
        self._access = access
        self._secrets = secrets
        self._masked = OutputRedactor(access).text
        self._given = {name.lower() for name, _ in access.extra}

    def line(self, request: RecordedRequest) -> str:
        """One request, as it was sent."""
        words = ["curl"]
        if request.method == "HEAD":
            words.append("--head")
        elif request.method != "GET":
            words += ["-X", request.method]
        words.append(self._quoted(request.url))
        for name, value in request.headers:
            words += ["-H", self._header(name, value)]
        if request.body:
            words += ["--data-raw", shlex.quote(self._body(request.body))]
        return escape_unprintable(" ".join(words))

    def _quoted(self, text: str) -> str:
        # Masked first: quoting would spell a secret in yet another way.
        return shlex.quote(self._masked(text))

    def _header(self, name: str, value: str) -> str:
        access = self._access
        if access.credential and access.scheme.make_headers(access.credential) == {name: value}:
            return f'"{name}: {access.scheme.prefix}{VARIABLE}"'
        if name.lower() in SECRET_HEADERS | self._given:
            return shlex.quote(f"{name}: {redact_header_value(value)}")
        return self._quoted(f"{name}: {value}")

    def _body(self, body: bytes) -> str:
        text = decode_body(redact_body(body, self._secrets))
        if text is None:
            return f"({len(body)} bytes)"
        return truncate(self._masked(text), LONGEST_BODY)

    def text(self, text: str) -> str:
        """A message that may quote a stranger."""
        return escape_unprintable(self._masked(text))

    def reply(self, body: bytes) -> str:
        """The beginning of a reply's body."""
        cleaned = redact_body(body, self._secrets)
        # Masked first: a secret that is cut in two would not be found.
        return escape_unprintable(truncate(self._masked(cleaned.decode("utf-8", "replace"))))

"""Requests as curl lines that can be pasted, without secrets."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from understudy.core.terminal import escape_unprintable, truncate
from understudy.recording.model import RecordedRequest, decode_body
from understudy.redaction.masks import redact_header_value
from understudy.redaction.secret_names import SECRET_HEADERS
from understudy.verify.redact import CREDENTIAL_VARIABLE, OutputRedactor
from understudy.verify.transport import Access

MAX_BODY_LENGTH = 2_000


class Curl:
    """Formats requests as curl lines, and text of the API, without secrets.

    Of a request's own headers and parameters only those are masked that the user gave: the others
    are made up, and whoever pastes the line needs them.

    Args:
        redact_body: removes the secrets from a body.
    """

    def __init__(self, access: Access, redact_body: Callable[[bytes], bytes]) -> None:
        self._access = access
        self._redact_body = redact_body
        self._redact = OutputRedactor(access).text
        self._given = {name.lower() for name, _ in access.extra}

    def line(self, request: RecordedRequest) -> str:
        """One request as a curl line."""
        words = ["curl"]
        if request.method == "HEAD":
            words.append("--head")
        elif request.method != "GET":
            words += ["-X", request.method]
        words.append(self._quote(request.url))
        for name, value in request.headers:
            words += ["-H", self._header(name, value)]
        if request.body:
            words += ["--data-raw", shlex.quote(self._body(request.body))]
        return escape_unprintable(" ".join(words), keep_lines=True)

    def _quote(self, text: str) -> str:
        # Masked first: quoting would encode a secret in yet another way.
        parts = self._redact(text).split(CREDENTIAL_VARIABLE)
        # Between double quotes, so that the shell puts the credential in.
        return f'"{CREDENTIAL_VARIABLE}"'.join(shlex.quote(each) if each else "" for each in parts)

    def _header(self, name: str, value: str) -> str:
        access = self._access
        if access.credential and access.scheme.make_headers(access.credential) == {name: value}:
            return f'"{name}: {access.scheme.prefix}{CREDENTIAL_VARIABLE}"'
        if name.lower() in SECRET_HEADERS | self._given:
            return shlex.quote(f"{name}: {redact_header_value(value)}")
        return self._quote(f"{name}: {value}")

    def _body(self, body: bytes) -> str:
        text = decode_body(self._redact_body(body))
        if text is None:
            return f"({len(body)} bytes)"
        return truncate(self._redact(text), MAX_BODY_LENGTH)

    def text(self, text: str) -> str:
        """A message that may contain text of the API."""
        return escape_unprintable(self._redact(text))

    def reply(self, body: bytes) -> str:
        """The beginning of a reply's body."""
        cleaned = self._redact_body(body)
        # Masked first: a truncated secret would not be found.
        return escape_unprintable(truncate(self._redact(cleaned.decode("utf-8", "replace"))))

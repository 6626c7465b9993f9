"""Removes the secrets from exchanges, whoever answered them: the one place where this is done.

A value is secret because of its name (see `SecretNames`), or because it equals a secret that was
found elsewhere (see `SecretValues`). Everything that keeps or shows exchanges comes here: the
journal, recordings (captured, imported, of a proxy or a test), exports and the output of `verify`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from understudy.core.errors import Diagnosis
from understudy.core.strict_json import parse_json_or_none, write_json
from understudy.redaction.credential_names import mask_parameters, split_parameters
from understudy.redaction.finders import (
    JSON,
    Pairs,
    content_type_of,
    decode_latin1,
    decode_text,
    find_credentials,
    find_embedded,
    is_form,
    iter_objects,
    iter_texts,
    unescape_ascii,
)
from understudy.redaction.masks import REDACTED, is_mask, redact_header_value
from understudy.redaction.secret_names import SECRET_HEADERS, URL_HEADERS, HeaderKind, SecretNames
from understudy.redaction.secret_values import SecretValues

# Escapes of JSON that can hide a slash or an ASCII character, and those that can hide any.
ESCAPES = re.compile(rb"\\u00|\\/")
ANY_ESCAPES = re.compile(rb"\\[u/]")


class Redactor:
    """Removes the secrets of one exchange; finds them as the exchange goes on.

    Args:
        names: decides by its name whether a value is secret.
        values: the secrets that are searched for; gets those that are found.
    """

    def __init__(self, names: SecretNames, values: SecretValues) -> None:
        self._names = names
        self.values = values

    def learn(self, headers: Pairs, body: bytes, query: str = "") -> None:
        """Find the secrets of a request or a reply, to search for them in all its parts.

        Args:
            body: without content coding.
        """
        pairs = list(headers)
        self.learn_head(pairs, query)
        form = is_form(content_type_of(pairs))
        if form or self._names_secret(body):
            self.values.add(self._in_body(body, form))

    def learn_head(self, headers: Pairs, query: str = "") -> None:
        """Find the secrets of a request's headers and query, or of a reply's headers."""
        pairs = list(headers)
        marked = self._names.mark_headers(tuple([name for name, _ in pairs]))
        for name, value in pairs:
            if name in marked:
                self.values.add(self._in_header(name.lower(), value))
        if query:
            self.values.add(self._in_query(query))

    def request_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """A request's headers without the secrets, which are learned."""
        marked = self._names.mark_headers(tuple(headers))
        if marked:
            for name in marked:
                self.values.add(self._in_header(name.lower(), headers[name]))
            masked = {name: self._header(kind, headers[name]) for name, kind in marked.items()}
            headers = {**headers, **masked}
        if self.values.occur_in("\n".join(headers.values())):
            return {name: self.text(value) for name, value in headers.items()}
        return headers

    def text(self, text: str) -> str:
        """Text without the secrets."""
        return self.values.mask(text)

    def query(self, query: str) -> str:
        """A query without the values of its credentials."""
        if not query:
            return query
        pairs = (each.partition("=") for each in query.split("&"))
        kept = (
            f"{name}={REDACTED}"
            if value and self._names.marks_parameter(name)
            else f"{name}{sign}{value}"
            for name, sign, value in pairs
        )
        return self.text("&".join(kept))

    def url(self, url: str) -> str:
        """A URL, or text with URLs, without the values of its credentials."""
        return self.text(mask_parameters(url, REDACTED, self._names.marks_parameter))

    def headers(self, headers: Pairs) -> list[tuple[str, str]]:
        """Headers without the secrets."""
        pairs = list(headers)
        marked = self._names.mark_headers(tuple([name for name, _ in pairs]))
        if marked:
            pairs = [(name, self._header(marked.get(name), value)) for name, value in pairs]
        if self.values.occur_in("\n".join([value for _, value in pairs])):
            return [(name, self.text(value)) for name, value in pairs]
        return pairs

    def _header(self, kind: HeaderKind | None, value: str) -> str:
        if kind is None:
            return value
        return redact_header_value(value) if kind == "secret" else self.url(value)

    def body(self, body: bytes, content_type: str = "", trusted: bool = False) -> bytes:
        """A body without the secrets: JSON stays JSON, other text that names one is masked whole.

        Args:
            content_type: what its message says of it; a form is read like a query.
            trusted: whether what is said to be JSON is taken for JSON. This saves parsing most
                bodies; of one that is not JSON, only quoted names are noticed then.
        """
        quick = trusted and content_type.startswith(JSON)
        if not body or (quick and not self._may_hold_secret(body)):
            return body
        document = parse_json_or_none(body)
        if document is None:
            return self._without_json(body, is_form(content_type)).encode("latin-1", "replace")
        if not quick and not self._may_hold_secret(body):
            return body
        try:
            return self._json_body(body, document)
        except (RecursionError, TypeError, ValueError):
            return REDACTED.encode()

    def _may_hold_secret(self, body: bytes) -> bool:
        """Whether JSON may have a secret; quick, because it is asked for each body."""
        lowered = body.lower()
        return (
            self._names.are_quoted_in(lowered)
            or (b"\\" in body and self._has_escapes(body))
            or self.values.occur_in(decode_latin1(lowered))
        )

    def _has_escapes(self, body: bytes) -> bool:
        escapes = ESCAPES if self.values.are_ascii else ANY_ESCAPES
        return escapes.search(body) is not None

    def _names_secret(self, body: bytes) -> bool:
        return ANY_ESCAPES.search(body) is not None or self._names.label_a_value_in(body.lower())

    def _without_json(self, body: bytes, form: bool) -> str:
        text = decode_latin1(body)
        if form:
            self.values.add(self._in_query(text))
            return self.query(text)
        plain = unescape_ascii(body)
        lowered = plain.lower()
        named = self._names.are_quoted_in(lowered) or self._names.label_a_value_in(lowered)
        hidden = plain != body and self.values.occur_in(decode_latin1(plain))
        return REDACTED if named or hidden else self.text(text)

    def _json_body(self, body: bytes, document: Any) -> bytes:
        self.values.add(self._in_json(document))
        cleaned = self._cleaned(document, self.values.masker("\n".join(iter_texts(document))))
        same = cleaned == document and not self._has_secret_fields(document)
        # What no reader of JSON sees may be left: the first value of a key that comes twice.
        text = self.text(decode_latin1(body if same else write_json(cleaned)))
        return text.encode("latin-1")

    def _has_secret_fields(self, document: Any) -> bool:
        names = {name for each in iter_objects(document) for name in each}
        return any(self._names.marks_field(name, "any text") for name in names)

    def _cleaned(self, value: Any, mask: Callable[[str], str]) -> Any:
        if isinstance(value, dict):
            return {
                mask(name): self._mask_for(each)
                if self._names.marks_field(name, each)
                else self._cleaned(each, mask)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self._cleaned(each, mask) for each in value]
        if isinstance(value, str):
            return self._cleaned_text(value, mask)
        return self._mask_for(value) if decode_text(value) in self.values else value

    def _cleaned_text(self, text: str, mask: Callable[[str], str]) -> str:
        """A string of JSON, which may hold JSON as text."""
        embedded = find_embedded(text)
        if embedded is not None and self._has_secret_fields(embedded):
            text = write_json(self._cleaned(embedded, self.values.mask)).decode()
        return mask(text)

    def _mask_for(self, value: Any) -> str:
        return value if is_mask(value) else self.values.mask_for(decode_text(value))

    def diagnoses(self, found: Iterable[Diagnosis]) -> tuple[Diagnosis, ...]:
        """Diagnoses without the secrets."""
        return tuple(
            replace(
                each,
                pointer=self.text(each.pointer),
                message=self.text(each.message),
                hint=self.text(each.hint),
            )
            for each in found
        )

    def json(self, value: Any) -> Any:
        """JSON of the admin API (events, deliveries) without the secrets that are searched for.

        Its fields are not judged by their names: an event holds resources as a test set them, and
        is sent again when a recording is replayed; a delivery shows its signature.
        """
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            self.text(name): redact_header_value(each)
            if name.lower() in SECRET_HEADERS and isinstance(each, str)
            else self.json(each)
            for name, each in value.items()
        }

    def _in_header(self, name: str, value: str) -> Iterable[str]:
        """The secrets in a header that is secret, or has URLs; its name is in lower case."""
        if name not in URL_HEADERS:
            return find_credentials(name, value)
        found = (each for key, each in split_parameters(value) if self._names.marks_parameter(key))
        return (way for each in found for way in (each, unquote_plus(each)))

    def _in_query(self, query: str) -> Iterator[str]:
        """The values of credentials in a query or a form, encoded and decoded."""
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            if self._names.marks_parameter(name):
                yield from (value, unquote_plus(value))

    def _in_body(self, body: bytes, form: bool) -> Iterator[str]:
        """The values of secret fields in JSON, or in a form."""
        document = parse_json_or_none(body)
        if document is not None:
            yield from self._in_json(document)
        elif form:
            yield from self._in_query(decode_latin1(body))
        else:
            pairs = parse_qsl(decode_latin1(body))
            yield from (value for name, value in pairs if self._names.marks_field(name, value))

    def _in_json(self, document: Any) -> Iterator[str]:
        """The values of secret fields, at any depth."""
        for each in iter_objects(document):
            for name, value in each.items():
                if self._names.marks_field(name, value):
                    yield decode_text(value)

"""Credentials: a document's security schemes, and which of them an operation demands."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from understudy.core.errors import Diagnosis
from understudy.openapi.parameters import parse_cookies, parse_query

AUTHORIZATION = "Authorization"
# The places of an apiKey that OpenAPI knows.
PLACES = frozenset({"header", "query", "cookie"})
# Names and values in the order in which they are sent.
Headers = tuple[tuple[str, str], ...]
# Types whose credential is a bearer token.
TOKEN_TYPES = frozenset({"oauth2", "openIdConnect"})
HTTP_SCHEMES = frozenset({"bearer", "basic"})


class UnsupportedScheme(ValueError):
    """A security scheme whose credentials cannot be read; says what to do."""


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """How requests carry one kind of credential.

    Attributes:
        place: `header`, `query` or `cookie`.
        key: the name of the header, query parameter or cookie.
        scheme: of the Authorization header, in lower case; "" for an apiKey.
    """

    place: str
    key: str
    scheme: str = ""

    @property
    def prefix(self) -> str:
        """What precedes the credential in its header: `Bearer `, `Basic ` or nothing."""
        return f"{self.scheme.capitalize()} " if self.scheme else ""

    def find_credential(self, headers: Mapping[str, str], query: str) -> str:
        """The credential that a request carries; "" when there is none.

        Args:
            headers: by name in lower case.
            query: encoded.
        """
        if self.place == "header":
            value = headers.get(self.key.lower(), "")
            return self._take_off_scheme(value) if self.scheme else value
        if self.place == "query":
            return parse_query(query).get(self.key, [""])[0]
        return parse_cookies(headers.get("cookie", "")).get(self.key, "")

    def _take_off_scheme(self, value: str) -> str:
        scheme, _, credential = value.partition(" ")
        if scheme.lower() != self.scheme:
            return ""
        return _decode_basic(credential.strip()) if self.scheme == "basic" else credential.strip()

    def make_headers(self, credential: str) -> dict[str, str]:
        """The header that carries a credential; none for one that goes into the query."""
        if self.place == "query":
            return {}
        if self.place == "cookie":
            return {"Cookie": f"{self.key}={credential}"}
        if self.scheme == "basic":
            credential = base64.b64encode(credential.encode()).decode()
        return {self.key: f"{self.prefix}{credential}"}

    def sign(self, url: str, headers: Headers, credential: str) -> tuple[str, Headers]:
        """A request's URL and headers with this credential in the place of any other.

        Args:
            credential: "" for none.
        """
        signed = self.make_headers(credential) if credential else {}
        if self.place == "query":
            return self._sign_url(url, credential), headers
        if self.place == "cookie":
            others = self._other_cookies(headers)
            pairs = [*others, *signed.values()]
            signed = {"Cookie": "; ".join(pairs)} if pairs else {}
        name = "cookie" if self.place == "cookie" else self.key.lower()
        return url, (*signed.items(), *(each for each in headers if each[0].lower() != name))

    def _sign_url(self, url: str, credential: str) -> str:
        parts = urlsplit(url)
        pairs = [each for each in parts.query.split("&") if each and not self._is_key(each)]
        if credential:
            pairs.append(urlencode({self.key: credential}))
        return parts._replace(query="&".join(pairs)).geturl()

    def _is_key(self, pair: str) -> bool:
        return unquote_plus(pair.partition("=")[0]) == self.key

    def _other_cookies(self, headers: Headers) -> list[str]:
        lines = (value for name, value in headers if name.lower() == "cookie")
        pairs = (each.strip() for line in lines for each in line.split(";"))
        return [each for each in pairs if each and each.partition("=")[0] != self.key]

    def describe_missing(self) -> Diagnosis:
        """What is wrong with a request that carries no such credential."""
        example = f"{self.key}: {self.prefix}..." if self.scheme else self.key
        message = f"no credential was sent in the {self.place} {self.key}"
        return Diagnosis("missing-credential", self.place, self.key, message, f"send {example}")


def _decode_basic(credential: str) -> str:
    """User and password, `user:password`; the text itself where it is not base64."""
    try:
        return base64.b64decode(credential, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return credential


def make_scheme(declared: Mapping[str, Any]) -> SecurityScheme:
    """A security scheme as a document declares it.

    Raises:
        UnsupportedScheme: when its credentials cannot be read.
    """
    kind = declared["type"]
    if kind == "apiKey" and declared["in"] in PLACES:
        return SecurityScheme(declared["in"], declared["name"])
    scheme = "bearer" if kind in TOKEN_TYPES else str(declared.get("scheme", "")).lower()
    if kind == "apiKey" or scheme not in HTTP_SCHEMES:
        what = f"{kind} {declared.get('in') or scheme}".strip()
        raise UnsupportedScheme(f"{what} is not read; declare apiKey, http bearer or http basic")
    return SecurityScheme("header", AUTHORIZATION, scheme)


# Schemes that a request must carry together.
Requirement = Sequence[SecurityScheme]


class Security:
    """The security of one document.

    Args:
        schemes: by their names in the document.
        requirements: by operationId, the alternatives of which one must be met; none for an open
            operation.
    """

    def __init__(
        self,
        schemes: Mapping[str, SecurityScheme],
        requirements: Mapping[str, Sequence[Requirement]],
    ) -> None:
        self.schemes = schemes
        self._requirements = requirements

    @property
    def key_names(self) -> frozenset[str]:
        """The headers, query parameters and cookies of apiKeys, in lower case."""
        return frozenset(each.key.lower() for each in self.schemes.values() if not each.scheme)

    @property
    def first(self) -> SecurityScheme:
        """The scheme by which the mock's own clients call: the first one, or a bearer token."""
        bearer = SecurityScheme("header", AUTHORIZATION, "bearer")
        return next(iter(self.schemes.values()), bearer)

    def is_required(self, operation_id: str) -> bool:
        """Whether an operation cannot be called without a credential."""
        alternatives = self._requirements[operation_id]
        return bool(alternatives) and all(alternatives)

    def find_credential(self, operation_id: str, headers: Mapping[str, str], query: str) -> str:
        """The credential with which a request meets an operation's demands; "" when it does not."""
        for schemes in self._requirements[operation_id]:
            credential = schemes[0].find_credential(headers, query) if schemes else ""
            others = schemes[1:]
            if credential and not (others and self._lacks_one(others, headers, query)):
                return credential
        return ""

    def _lacks_one(self, schemes: Requirement, headers: Mapping[str, str], query: str) -> bool:
        return any(not each.find_credential(headers, query) for each in schemes)

    def find_missing(
        self, operation_id: str, headers: Mapping[str, str], query: str
    ) -> list[Diagnosis]:
        """What a request lacks of the first alternative, when it meets none of them."""
        if not self.is_required(operation_id) or self.find_credential(operation_id, headers, query):
            return []
        return [
            scheme.describe_missing()
            for scheme in self._requirements[operation_id][0]
            if not scheme.find_credential(headers, query)
        ]

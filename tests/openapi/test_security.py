"""Credentials: where requests carry them, and which of them an operation demands."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.openapi.security import (
    Security,
    SecurityScheme,
    UnsupportedScheme,
    make_scheme,
)

URL = "http://toys.test/a?b=1"
HEADER = make_scheme({"type": "apiKey", "in": "header", "name": "X-Key"})
QUERY = make_scheme({"type": "apiKey", "in": "query", "name": "key"})
COOKIE = make_scheme({"type": "apiKey", "in": "cookie", "name": "sid"})
BEARER = make_scheme({"type": "http", "scheme": "Bearer"})
BASIC = make_scheme({"type": "http", "scheme": "basic"})
ALL = [HEADER, QUERY, COOKIE, BEARER, BASIC]


def carried(scheme: SecurityScheme, url: str, headers: tuple[tuple[str, str], ...]) -> str:
    """The credential that a request carries."""
    folded = {name.lower(): value for name, value in headers}
    return scheme.find_credential(folded, url.partition("?")[2])


@pytest.mark.parametrize("scheme", ALL)
def test_a_credential_is_found_where_it_was_put(scheme: SecurityScheme) -> None:
    """In a header, the query or a cookie, with any character that may be in a key."""
    url, headers = scheme.sign(URL, (("Accept", "*/*"),), "user:a-b_1")

    assert carried(scheme, url, headers) == "user:a-b_1"
    assert ("Accept", "*/*") in headers


@pytest.mark.parametrize("scheme", ALL)
def test_a_credential_stands_in_for_another(scheme: SecurityScheme) -> None:
    """Of two that were put one after the other the last one is there, and none when it is empty."""
    once = scheme.sign(URL, (("Cookie", "theme=dark"),), "first")

    assert carried(scheme, *scheme.sign(*once, "second")) == "second"
    assert scheme.sign(*once, "") == (URL, (("Cookie", "theme=dark"),))


@pytest.mark.parametrize("scheme", ALL)
def test_a_request_without_a_credential_carries_none(scheme: SecurityScheme) -> None:
    """Nor does one whose header names another scheme."""
    assert carried(scheme, URL, (("Authorization", "Digest abc"), ("Cookie", "other=1"))) == ""


@pytest.mark.parametrize(
    "declared",
    [
        {"type": "oauth2", "flows": {}},
        {"type": "openIdConnect", "openIdConnectUrl": "https://toys.test"},
    ],
)
def test_tokens_of_other_protocols_are_bearer_tokens(declared: dict[str, Any]) -> None:
    """How a client came by its token does not matter."""
    assert make_scheme(declared) == BEARER


@pytest.mark.parametrize(
    "declared",
    [
        {"type": "http", "scheme": "digest"},
        {"type": "apiKey", "in": "body", "name": "key"},
        {"type": "mutualTLS"},
    ],
)
def test_another_scheme_is_refused(declared: dict[str, Any]) -> None:
    """It could not be read; the reason says what can."""
    with pytest.raises(UnsupportedScheme, match="declare apiKey, http bearer or http basic"):
        make_scheme(declared)


SECURITY = Security(
    {"header": HEADER, "query": QUERY, "bearer": BEARER},
    {
        "open": [],
        "optional": [[], [HEADER]],
        "either": [[HEADER], [QUERY]],
        "both": [[HEADER, QUERY]],
    },
)


@pytest.mark.parametrize(
    ("operation", "headers", "query", "missing"),
    [
        ("open", {}, "", []),
        ("optional", {}, "", []),
        ("either", {}, "", ["X-Key"]),
        ("either", {"x-key": "k"}, "", []),
        ("either", {}, "key=k", []),
        ("both", {"x-key": "k"}, "", ["key"]),
        ("both", {"x-key": "k"}, "key=k", []),
        ("both", {}, "", ["X-Key", "key"]),
    ],
)
def test_one_alternative_must_be_met_as_a_whole(
    operation: str, headers: dict[str, str], query: str, missing: list[str]
) -> None:
    """What is missing is what the first alternative lacks."""
    faults = SECURITY.find_missing(operation, headers, query)

    assert [each.pointer for each in faults] == missing
    assert {each.code for each in faults} <= {"missing-credential"}


def test_a_missing_credential_says_what_to_send() -> None:
    """The scheme of the Authorization header is named, and the place of a key."""
    shown = [scheme.describe_missing() for scheme in (BEARER, QUERY)]

    assert [each.hint for each in shown] == ["send Authorization: Bearer ...", "send key"]
    assert shown[1].message == "no credential was sent in the query key"


def test_the_names_of_keys_are_those_that_hold_secrets() -> None:
    """In lower case; Authorization is secret anyway."""
    assert SECURITY.key_names == {"x-key", "key"}

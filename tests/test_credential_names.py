"""Which names tell a credential, and which only look so."""

from __future__ import annotations

import pytest

from understudy.credential_names import (
    asks_with_credential,
    is_secret_member,
    masked_parameters,
    tells_credential,
)

HEADERS = [
    *("X-API-Token", "Private-Token", "X-Vault-Token", "X-RapidAPI-Key", "X-Access-Key"),
    *("Ocp-Apim-Subscription-Key", "X-Auth-Key", "Token", "X-Session-Id", "X-Hub-Signature-256"),
    *("api-key", "x-auth-token", "x-csrf-token", "apikey", "X-Amz-Security-Token", "auth"),
]
QUERY = [
    *("x-api-token", "X-Amz-Credential", "X-Amz-Signature", "code", "session", "access_token"),
    *("apiKey", "accessToken", "api%5Fkey", "key", "token", "sig", "client_secret", "sessionId"),
]
HARMLESS = [
    *("idempotency-key", "Idempotency_Key", "page_token", "nextPageToken", "next_token", "cursor"),
    *("X-Next-Cursor", "sort_key", "x-understudy-session", "country_code", "monkey", "author"),
    *("keywords", "x-ratelimit-remaining-tokens", "continuation-token", "x-profile-id"),
]


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_tell_a_credential(name: str) -> None:
    """Whatever the vendor, and whatever the case."""
    assert tells_credential(name) and tells_credential(name.lower())


@pytest.mark.parametrize("name", QUERY)
def test_parameters_that_tell_a_credential(name: str) -> None:
    """Also in camel case, and encoded."""
    assert asks_with_credential(name)


@pytest.mark.parametrize("name", HARMLESS)
def test_other_names_tell_nothing(name: str) -> None:
    """Keys of repeated requests, tokens of paging, words that end alike."""
    assert not asks_with_credential(name) and not is_secret_member(name)


@pytest.mark.parametrize(
    "name",
    [
        *("password", "passwd", "secret", "client_secret", "clientSecret", "api_key", "apiKey"),
        *("access_token", "refreshToken", "id_token", "private_key", "signingKey"),
        *("webhook_secret", "webhookSecret"),
    ],
)
def test_members_that_are_secret(name: str) -> None:
    """In either spelling."""
    assert is_secret_member(name)


@pytest.mark.parametrize(
    "name", ["key", "token", "code", "session", "secret_displayed_once", "password_hint", "x" * 999]
)
def test_members_that_may_be_anything(name: str) -> None:
    """Fewer than in a header: documents have harmless ones of these names."""
    assert not is_secret_member(name)


def test_parameters_of_a_url_are_masked() -> None:
    """In its query and in its fragment; what tells nothing stays."""
    url = "https://x/a?page=2&token=abc#access_token=def&state=1"

    found = masked_parameters(url, "***")

    assert found == "https://x/a?page=2&token=***#access_token=***&state=1"

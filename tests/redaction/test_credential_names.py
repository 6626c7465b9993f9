"""Which names tell a credential, and which only look so."""

from __future__ import annotations

import pytest

from understudy.redaction.credential_names import (
    is_credential_parameter,
    is_secret_field,
    mask_parameters,
    names_credential,
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
    assert names_credential(name) and names_credential(name.lower())


@pytest.mark.parametrize("name", QUERY)
def test_parameters_that_tell_a_credential(name: str) -> None:
    """Also in camel case, and encoded."""
    assert is_credential_parameter(name)


@pytest.mark.parametrize("name", HARMLESS)
def test_other_names_tell_nothing(name: str) -> None:
    """Keys of repeated requests, tokens of paging, words that end alike."""
    assert not is_credential_parameter(name) and not is_secret_field(name)


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
    assert is_secret_field(name)


@pytest.mark.parametrize(
    "name", ["key", "token", "code", "session", "secret_displayed_once", "password_hint", "x" * 999]
)
def test_members_that_may_be_anything(name: str) -> None:
    """Fewer than in a header: documents have harmless ones of these names."""
    assert not is_secret_field(name)


def test_parameters_of_a_url_are_masked() -> None:
    """In its query and in its fragment; what tells nothing stays."""
    url = "https://x/a?page=2&token=abc#access_token=def&state=1"

    found = mask_parameters(url, "***")

    assert found == "https://x/a?page=2&token=***#access_token=***&state=1"

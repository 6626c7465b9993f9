"""No secret is left in a recording."""

from __future__ import annotations

import pytest

from understudy.engine.registry import open_service
from understudy.recording.model import RecordedExchange, RecordedRequest, RecordedResponse
from understudy.recording.redact import RecordingRedactor
from understudy.service.secrets import find_seed_secrets
from understudy.vendors import vendor_names

REDACTOR = RecordingRedactor([open_service(name) for name in vendor_names()])


def everywhere(secret: str, vendor: str) -> RecordedExchange:
    """An exchange with a secret wherever one can stand."""
    body = f'{{"note": "it is {secret}"}}'.encode()
    headers = (("X-Api-Key", secret), ("Authorization", f"Bearer {secret}"), ("X-Note", secret))
    return RecordedExchange(
        vendor=vendor,
        request=RecordedRequest("POST", f"https://x/{secret}?key={secret}", headers, body),
        response=RecordedResponse(200, (*headers, ("Set-Cookie", secret)), body),
    )


@pytest.mark.parametrize("vendor", vendor_names())
def test_every_secret_of_the_seed_data_is_removed(vendor: str) -> None:
    """From URLs, headers and bodies, of requests and replies."""
    secrets = find_seed_secrets(open_service(vendor))

    left = [each for each in secrets if each in repr(REDACTOR.exchange(everywhere(each, vendor)))]

    assert secrets and left == []


def test_mask_says_whose_secret_it_was() -> None:
    """So that the exchange can be asked again."""
    assert REDACTOR.json("key sk_test_acme_admin!") == "key [redacted acme-admin]!"


def test_longer_secret_goes_whole() -> None:
    """Not only the shorter one that begins it."""
    assert REDACTOR.json("zexa_test_acme_revoked") == "[redacted acme-revoked]"


def test_scheme_of_a_credential_stays() -> None:
    """The kind of a credential is no secret, and decides on the reply."""
    cleaned = REDACTOR.exchange(everywhere("of somebody else", "sent"))

    assert ("Authorization", "Bearer [redacted]") in cleaned.request.headers
    assert ("X-Api-Key", "[redacted]") in cleaned.request.headers


@pytest.mark.parametrize(
    ("vendor", "body", "expected"),
    [
        ("tether", b'{"password":"s3cret"}', b'{"password":"[redacted]"}'),
        (
            "tether",
            b'{"password":"password-maple-alex"}',
            b'{"password":"[redacted maple-alex]"}',
        ),
        (
            "tether",
            b'{"password":"[redacted maple-alex]"}',
            b'{"password":"[redacted maple-alex]"}',
        ),
        ("agentmessage", b'{"secret":"abc","id":1}', b'{"secret":"[redacted]","id":1}'),
        ("sent", b'{"secret":"abc"}', b'{"secret":"[redacted]"}'),
        ("sent", b'{"token":"abc"}', b'{"token":"abc"}'),
        ("sent", b'\xff"cvc"', b"[redacted]"),
    ],
)
def test_secret_fields_are_masked(vendor: str, body: bytes, expected: bytes) -> None:
    """Those that the document declares, or whose names say so; a mask with an owner stays."""
    response = RecordedResponse(200, (), body)

    cleaned = REDACTOR.exchange(
        RecordedExchange(RecordedRequest("GET", "https://x/"), response, vendor)
    )

    assert cleaned.response.body == expected


def test_values_with_names_of_credentials_are_masked() -> None:
    """For any vendor; cursors and idempotency keys stay."""
    url = "https://x/?api_key=abc&cursor=def"
    headers = (("X-Auth-Token", "abc"), ("Idempotency-Key", "def"))

    cleaned = REDACTOR.exchange(
        RecordedExchange(RecordedRequest("GET", url, headers), RecordedResponse(200))
    ).request

    assert cleaned.url == "https://x/?api_key=[redacted]&cursor=def"
    assert cleaned.headers == (("X-Auth-Token", "[redacted]"), ("Idempotency-Key", "def"))


def test_json_has_no_secret() -> None:
    """Of the seed data, also in a field's name; nor the credential that a webhook was sent with."""
    told = {"headers": {"Authorization": "Bearer abc"}, "sk_test_acme_admin": ["zexa_test_acme"]}

    assert REDACTOR.json(told) == {
        "headers": {"Authorization": "Bearer [redacted]"},
        "[redacted acme-admin]": ["[redacted acme]"],
    }


def test_seed_data_has_more_secrets_than_the_keys() -> None:
    """Passwords and signing secrets that documents declare are among them."""
    tether = open_service("tether")

    assert "password-maple-alex" in find_seed_secrets(tether)
    assert any(each.endswith("=") for each in find_seed_secrets(open_service("agentmessage")))

"""No secret of a seed world is left in what is to be written."""

from __future__ import annotations

import pytest

from understudy.engine.registry import open_service
from understudy.recording.model import RecordedExchange, RecordedRequest, RecordedResponse
from understudy.recording.redact import AccountRedactor, find_secrets
from understudy.service.service import Service
from understudy.vendors import vendor_names

SCRUBBER = AccountRedactor([open_service(name) for name in vendor_names()])


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
def test_every_secret_of_the_seed_world_is_taken_out(vendor: str) -> None:
    """From URLs, headers and bodies, of requests and replies."""
    secrets = find_secrets(open_service(vendor))

    left = [each for each in secrets if each in repr(SCRUBBER.exchange(everywhere(each, vendor)))]

    assert secrets and left == []


def test_mask_says_whose_secret_it_was() -> None:
    """So that the exchange can be asked again."""
    assert SCRUBBER.text("key sk_test_acme_admin!") == "key [redacted acme-admin]!"


def test_longer_secret_goes_whole() -> None:
    """Not only the shorter one that begins it."""
    assert SCRUBBER.text("zexa_test_acme_revoked") == "[redacted acme-revoked]"


def test_scheme_of_a_credential_stays() -> None:
    """The kind of a credential is no secret, and decides on the reply."""
    cleaned = SCRUBBER.exchange(everywhere("of somebody else", "sent"))

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
        ("sent", b'{"secret":"abc"}', b'{"secret":"abc"}'),
        ("sent", b'\xff"cvc"', b"[redacted]"),
    ],
)
def test_secret_members_are_masked(vendor: str, body: bytes, expected: bytes) -> None:
    """Those that the vendor's document declares; a mask that names an owner stays."""
    assert SCRUBBER.body(body, vendor) == expected


def test_what_is_named_like_a_credential_is_masked() -> None:
    """Whoever's it is; paging and repeated requests stay as they were."""
    url = "https://x/?api_key=abc&cursor=def"
    headers = (("X-Auth-Token", "abc"), ("Idempotency-Key", "def"))

    cleaned = SCRUBBER.exchange(
        RecordedExchange(RecordedRequest("GET", url, headers), RecordedResponse(200))
    ).request

    assert cleaned.url == "https://x/?api_key=[redacted]&cursor=def"
    assert cleaned.headers == (("X-Auth-Token", "[redacted]"), ("Idempotency-Key", "def"))


def test_json_has_no_secret() -> None:
    """Of a seed world, also in a member's name, and of whoever a webhook was authorized by."""
    told = {"headers": {"Authorization": "Bearer abc"}, "sk_test_acme_admin": ["zexa_test_acme"]}

    assert SCRUBBER.json(told) == {
        "headers": {"Authorization": "Bearer [redacted]"},
        "[redacted acme-admin]": ["[redacted acme]"],
    }


def test_seed_worlds_secrets_are_more_than_the_keys() -> None:
    """Passwords and signing secrets that documents declare are among them."""
    tether: Service = open_service("tether")

    assert "password-maple-alex" in find_secrets(tether)
    assert any(each.endswith("=") for each in find_secrets(open_service("agentmessage")))

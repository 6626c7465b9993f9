"""The engine that removes secrets: by their names, and wherever their values are repeated."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from understudy.redaction.masks import REDACTED
from understudy.redaction.redactor import Redactor
from understudy.redaction.secret_names import SecretNames
from understudy.redaction.secret_values import KnownSecrets, SecretValues


def redactor(
    owners: Mapping[str, str] | None = None, known: KnownSecrets | None = None
) -> Redactor:
    """A redactor for an API whose document declares that `pin` and `Ünique` are secret."""
    names = SecretNames(frozenset({"pin", "Ünique"}), frozenset({"x-gate"}))
    return Redactor(names, SecretValues(owners or {}, known))


def redacted_headers(headers: dict[str, str]) -> dict[str, str]:
    """Headers as a journal keeps them."""
    return redactor().request_headers(headers)


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "proxy-authorization", "x-api-key", "cookie"),
        *("api-key", "x-auth-token", "x-csrf-token", "token", "x-vault-token"),
    ],
)
def test_secrets_are_redacted(name: str) -> None:
    """A header that carries a credential keeps its name only."""
    assert redacted_headers({name: "sk_test_1"}) == {name: REDACTED}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Bearer sk_1", "Bearer [redacted]"),
        ("bearer sk_1 and more", "bearer [redacted]"),
        ("Basic dXNlcg==", "Basic [redacted]"),
        ("sk_1 bearer", "[redacted]"),
        ("Bearer", "[redacted]"),
        ("", "[redacted]"),
    ],
)
def test_scheme_of_a_credential_stays(value: str, expected: str) -> None:
    """It tells how somebody called; whatever else stands first may be the secret."""
    assert redacted_headers({"authorization": value}) == {"authorization": expected}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":[{"pin":"1234"}]}', b'{"a":[{"pin":"[redacted]"}]}'),
        (b'{"pin":"4321"}', b'{"pin":"[redacted bob]"}'),
        (b'{"pin":"[redacted bob]"}', b'{"pin":"[redacted bob]"}'),
        (b'{"pin":{"deep":1}}', b'{"pin":"[redacted]"}'),
        (b'{"pins":"1234"}', b'{"pins":"1234"}'),
        (b'"pin" is no JSON', b"[redacted]"),
        (b'{"p\\u0069n":"1234"}', b'{"pin":"[redacted]"}'),
        (b'{"p\\u0069n":"1", "p\\u0069n":"[redacted]"}', b'{"pin":"[redacted]"}'),
        (b'"p\\u0069n" is no JSON', b"[redacted]"),
        (b'{"note":"caf\\u00e9 \\u0041"}', b'{"note":"caf\\u00e9 \\u0041"}'),
    ],
)
def test_secret_fields_of_a_body_are_masked(body: bytes, expected: bytes) -> None:
    """With the owner's name, where it is known whose secret it is."""
    assert redactor({"4321": "bob"}).body(body) == expected


def test_other_headers_are_kept() -> None:
    """They stay, and the given headers are left alone."""
    plain = {"accept": "*/*", "idempotency-key": "key-1", "x-understudy-session": "mine"}
    headers = {**plain, "x-api-key": "sk_test_1"}

    shown = redacted_headers(headers)

    assert shown == {**plain, "x-api-key": REDACTED}
    assert headers["x-api-key"] == "sk_test_1"


SECRET = "Mark-0123456789"


def test_a_field_with_a_name_beyond_ascii_is_masked() -> None:
    """In JSON, whose bytes are searched."""
    assert redactor().body('{"Ünique":"12"}'.encode()) == '{"Ünique":"[redacted]"}'.encode()


def test_a_credential_is_masked_wherever_it_is_repeated() -> None:
    """In another header, in text, in a field's name, with the owner's name."""
    it = redactor({SECRET: "bob"})

    headers = it.request_headers({"x-gate": SECRET, "x-note": f"<{SECRET}>"})

    assert headers == {"x-gate": "[redacted]", "x-note": "<[redacted bob]>"}
    assert it.body(f'{{"{SECRET}":["a {SECRET}"]}}'.encode()) == (
        b'{"[redacted bob]":["a [redacted bob]"]}'
    )


def test_short_credentials_are_not_searched_for() -> None:
    """They would be found in ordinary words."""
    it = redactor()
    it.learn_head([("x-gate", "state")])

    assert it.text("the state of affairs") == "the state of affairs"


def test_known_secrets_are_searched_for_in_later_exchanges() -> None:
    """Until many others have come since."""
    known = KnownSecrets()
    redactor(known=known).learn_head([("x-gate", SECRET)])

    assert redactor(known=known).text(SECRET) == REDACTED
    for number in range(200):
        known.add(f"another-{number}")
    assert redactor(known=known).text(SECRET) == SECRET


def test_a_secret_that_is_used_again_stays_known() -> None:
    """Those that were not met for longest go first."""
    known = KnownSecrets()
    for number in range(400):
        redactor(known=known).learn_head([("x-gate", SECRET), ("cookie", f"a=other-{number:03}")])

    assert redactor(known=known).text(SECRET) == REDACTED


def test_permanent_secrets_stay_known() -> None:
    """Those of the seed data, however many come later."""
    known = KnownSecrets([SECRET])
    for number in range(300):
        known.add(f"another-{number}")

    assert redactor(known=known).text(SECRET) == REDACTED


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"a":1}', "application/json"),
        (b"a=1&page_token=abc", "application/x-www-form-urlencoded"),
        (b"The secret of success is the password policy", "text/plain"),
        (b"\xff\x00", ""),
        (b'{"page_token":"abc","secret":null,"token":"x"}', "application/json"),
    ],
)
def test_what_is_not_secret_stays_as_it_is(body: bytes, content_type: str) -> None:
    """Byte for byte, whatever it is."""
    assert redactor().body(body, content_type) == body


def test_trusted_json_is_cleaned_without_being_parsed_first() -> None:
    """With the same result where it is JSON."""
    body = b'{"deep":[{"pin":"1234"}]}'

    found = redactor().body(body, "application/json", trusted=True)

    assert found == b'{"deep":[{"pin":"[redacted]"}]}'


def test_names_may_be_held_to_those_that_a_document_declares() -> None:
    """Then common names mark nothing, neither in JSON nor in other text."""
    it = Redactor(SecretNames(common=False), SecretValues())

    assert it.body(b'{"password":"abc"}') == b'{"password":"abc"}'
    assert it.body(b"password=abc") == b"password=abc"


def test_a_secret_in_another_case_is_masked_as_its_own_owners() -> None:
    """A wrong password may be the right one in capitals."""
    it = redactor({SECRET: "bob"})
    it.learn_head([("x-gate", SECRET.upper())])

    assert it.text(f"{SECRET} {SECRET.upper()}") == "[redacted bob] [redacted]"


def test_a_message_with_many_secrets_is_searched_for_some_of_them() -> None:
    """The others are masked in their own places, however often they are met."""
    it = redactor()
    fields = ",".join(f'{{"pin":"secret-{number:04}"}}' for number in range(500))

    cleaned = [it.body(f"[{fields}]".encode()) for _ in range(3)]

    assert b"secret-" not in b"".join(cleaned)
    assert len(it.values) == 200

"""Accounts, and which of them a credential stands for."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from understudy.core.errors import MissingCredential, UnknownCredential
from understudy.service.accounts import Account, Accounts, read_accounts

ADMIN = Account("admin", "sk_admin", "May do everything.", attributes={"role": "admin"})
REVOKED = Account("gone", "sk_gone", "Revoked.", revoked=True)
POLICIES: tuple[Literal["strict", "any"], ...] = ("strict", "any")


@pytest.fixture
def accounts() -> Accounts:
    """An admin by default, a revoked account, and credentials that start `sk_`."""
    return Accounts([ADMIN, REVOKED], "admin", lambda text: text.startswith("sk_"))


def test_a_default_must_be_an_account() -> None:
    """A default account that is not listed is named in the error."""
    with pytest.raises(KeyError, match="nobody"):
        Accounts([ADMIN], "nobody", bool)


@pytest.mark.parametrize("policy", POLICIES)
def test_an_account_is_known_by_its_credential(
    accounts: Accounts, policy: Literal["strict", "any"]
) -> None:
    """An issued credential is its account's under either policy."""
    assert accounts.identify("sk_admin", policy) is ADMIN


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("credential", [None, ""])
def test_no_credential_is_a_missing_one(
    accounts: Accounts, credential: str | None, policy: Literal["strict", "any"]
) -> None:
    """Nothing and an empty text are both nothing."""
    with pytest.raises(MissingCredential, match="no credential was sent"):
        accounts.identify(credential, policy)


def test_strict_knows_only_the_seed_world(accounts: Accounts) -> None:
    """A well-formed credential that was never issued is unknown."""
    with pytest.raises(UnknownCredential, match="not one of the seed world's"):
        accounts.identify("sk_other", "strict")


def test_any_takes_every_well_formed_credential(accounts: Accounts) -> None:
    """Under `any` an unknown credential of the vendor's form acts as the default account."""
    assert accounts.identify("sk_other", "any") is ADMIN


def test_any_refuses_a_malformed_credential(accounts: Accounts) -> None:
    """Under `any` the vendor's form still counts."""
    with pytest.raises(UnknownCredential):
        accounts.identify("other", "any")


@pytest.mark.parametrize("policy", POLICIES)
def test_a_revoked_credential_is_unknown(
    accounts: Accounts, policy: Literal["strict", "any"]
) -> None:
    """A revoked credential is refused under either policy, with the account's name."""
    with pytest.raises(UnknownCredential, match='"gone" was revoked'):
        accounts.identify("sk_gone", policy)


@pytest.mark.parametrize("credential", [None, "sk_other", "sk_gone"])
def test_a_refusal_names_a_credential_that_would_work(
    accounts: Accounts, credential: str | None
) -> None:
    """Whatever was wrong, the hint tells a key that works."""
    with pytest.raises((MissingCredential, UnknownCredential)) as caught:
        accounts.identify(credential, "strict")

    assert caught.value.diagnoses[0].hint == '"sk_admin" would work'


def test_an_account_is_found_by_name(accounts: Accounts) -> None:
    """Names are looked up exactly."""
    assert accounts.named("gone") is REVOKED
    with pytest.raises(KeyError, match="nobody"):
        accounts.named("nobody")


def test_attributes_are_read_like_members() -> None:
    """What the service's rules need of an owner is read by its name."""
    assert ADMIN["role"] == "admin"


def test_a_seed_file_gives_the_accounts() -> None:
    """Members beyond name, credential and note become attributes."""
    entry: dict[str, Any] = {"name": "admin", "credential": "sk_1", "note": "Hi.", "role": "admin"}

    accounts = read_accounts({"accounts": [entry], "default_account": "admin"}, bool)

    assert accounts.all == (Account("admin", "sk_1", "Hi.", attributes={"role": "admin"}),)
    assert accounts.default is accounts.all[0]


def test_a_seed_file_may_revoke_an_account() -> None:
    """`revoked` is read and stays visible as an attribute."""
    entry = {"name": "gone", "credential": "sk_1", "note": "Hi.", "revoked": True}

    accounts = read_accounts({"accounts": [entry], "default_account": "gone"}, bool)

    assert accounts.default.revoked
    assert accounts.default["revoked"] is True

"""Accounts of the seed data, and which of them a credential belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy.core.errors import MissingCredential, UnknownCredential
from understudy.core.settings import Auth


@dataclass(frozen=True, slots=True)
class Account:
    """An API user: a credential, and what the rules need to know about its owner."""

    name: str
    credential: str
    note: str
    revoked: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, attribute: str) -> Any:
        return self.attributes[attribute]

    def secrets(self, names: frozenset[str]) -> list[str]:
        """The values of the attributes with these names that are strings."""
        found = (self.attributes.get(name) for name in sorted(names))
        return [each for each in found if isinstance(each, str)]


class Accounts:
    """The accounts of one vendor.

    Args:
        accounts: all of them, in the order of the seed file.
        default: the name of the account that unknown but well-formed credentials act as.
        well_formed: whether a credential has the vendor's form.

    Raises:
        KeyError: when no account has the default's name.
    """

    def __init__(
        self, accounts: Iterable[Account], default: str, well_formed: Callable[[str], bool]
    ) -> None:
        self.all = tuple(accounts)
        self._by_credential = {account.credential: account for account in self.all}
        self._well_formed = well_formed
        self.default = self.named(default)

    def named(self, name: str) -> Account:
        """The account of this name.

        Raises:
            KeyError: when there is no such account.
        """
        for account in self.all:
            if account.name == name:
                return account
        raise KeyError(name)

    def owner(self, credential: str | None) -> str | None:
        """The name of the account with this credential, also of a revoked one; None for others."""
        account = self._by_credential.get(credential or "")
        return None if account is None else account.name

    def identify(self, credential: str | None, policy: Auth) -> Account:
        """Find the account that a credential belongs to.

        Args:
            credential: as sent; None or empty when nothing was sent.
            policy: `strict` accepts the credentials of the seed data; `any` accepts every
                well-formed one that is not revoked, and treats unknown ones as the default's.

        Raises:
            MissingCredential: nothing was sent.
            UnknownCredential: it was never issued, or it was revoked.
        """
        hint = f'"{self.default.credential}" would work'
        if not credential:
            raise MissingCredential("no credential was sent", hint=hint)
        account = self._by_credential.get(credential)
        if account is None and policy == "any" and self._well_formed(credential):
            return self.default
        if account is None:
            raise UnknownCredential("the credential is not one of the seed world's", hint=hint)
        if account.revoked:
            raise UnknownCredential(f'the credential of "{account.name}" was revoked', hint=hint)
        return account


def read_accounts(seed: Mapping[str, Any], well_formed: Callable[[str], bool]) -> Accounts:
    """Read the accounts of a seed file; fields beyond the common ones become attributes."""
    accounts = []
    for entry in seed["accounts"]:
        common = {name: entry[name] for name in ("name", "credential", "note")}
        attributes = {name: value for name, value in entry.items() if name not in common}
        accounts.append(
            Account(**common, revoked=entry.get("revoked", False), attributes=attributes)
        )
    return Accounts(accounts, seed["default_account"], well_formed)

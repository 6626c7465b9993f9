"""Service: a vendor or document that is ready to be served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from understudy.openapi.document import Document
from understudy.openapi.security import Headers
from understudy.redaction.redactor import Redactor
from understudy.redaction.secret_names import SecretNames
from understudy.redaction.secret_values import KnownSecrets, SecretValues
from understudy.service.accounts import Accounts
from understudy.service.declaration import Vendor
from understudy.service.reply import Handler
from understudy.session.store import CollectionData, CollectionKey, Snapshot


@dataclass(frozen=True, eq=False)
class Service:
    """A vendor that is ready to be served; it never changes.

    Attributes:
        handlers: by operationId.
        accounts: of the seed data; None for a service without credentials, the admin plane.
        shelves: the resources of the seed data, as JSON bytes.
        prefix: what an address has before the vendor's own path, such as `/sent`.
    """

    vendor: Vendor
    document: Document
    handlers: Mapping[str, Handler]
    accounts: Accounts | None
    shelves: Mapping[CollectionKey, CollectionData]
    prefix: str

    @property
    def name(self) -> str:
        return self.vendor.name

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """The names of the seed data's accounts by their secrets."""
        accounts = self.accounts.all if self.accounts is not None else ()
        return {
            secret: account.name
            for account in accounts
            for secret in (account.credential, *account.secrets(self.document.secrets))
        }

    @cached_property
    def secret_names(self) -> SecretNames:
        """The names that mark secrets in exchanges with the service."""
        return SecretNames(self.document.secrets, self.document.security.key_names)

    @cached_property
    def declared_secret_names(self) -> SecretNames:
        """Of these names, those that the document declares."""
        return SecretNames(self.document.secrets, self.document.security.key_names, common=False)


def make_redactor(service: Service, known: KnownSecrets | None = None) -> Redactor:
    """Make what finds and masks the secrets of exchanges with a service.

    Args:
        known: the secrets of earlier exchanges; those of this one are added.
    """
    return Redactor(service.secret_names, SecretValues(service.owners, known))


def make_seed_snapshot(services: Sequence[Service]) -> Snapshot:
    """The seed data of all services as one store's contents."""
    return Snapshot(
        {place: shelf for service in services for place, shelf in service.shelves.items()}
    )


def sign_request(service: Service, account: str | None, url: str) -> tuple[str, Headers]:
    """The URL and the headers of a request with an account's credential; unchanged for no account.

    Raises:
        KeyError: when the seed data has no account of this name.
    """
    if account is None or service.accounts is None:
        return url, ()
    credential = service.accounts.named(account).credential
    return service.document.security.first.sign(url, (), credential)

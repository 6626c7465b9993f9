"""Service: a vendor or document that is ready to be served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from understudy.openapi.document import Document
from understudy.openapi.security import Headers
from understudy.redaction.redactor import KnownSecrets, Redactor
from understudy.service.accounts import Accounts
from understudy.service.declaration import Vendor
from understudy.service.reply import Handler
from understudy.session.store import CollectionData, CollectionKey, Snapshot


@dataclass(frozen=True, eq=False)
class Service:
    """A vendor ready to play: its document, its bound handlers, its seed world; never changed.

    `prefix` is the part of an address that stands before the vendor's own path.
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
        """The names of the seed world's accounts by their secrets."""
        accounts = self.accounts.all if self.accounts is not None else ()
        return {
            secret: account.name
            for account in accounts
            for secret in (account.credential, *account.secrets(self.document.secrets))
        }


def make_redactor(service: Service, known: KnownSecrets | None = None) -> Redactor:
    """Finds and masks the secrets of exchanges with a service.

    Args:
        known: the secrets of earlier exchanges; takes those of later ones, too.
    """
    document = service.document
    return Redactor(document.secrets, service.owners, document.security.key_names, known)


def make_seed_snapshot(services: Sequence[Service]) -> Snapshot:
    """The seed worlds of all services as one store's contents."""
    return Snapshot(
        {place: shelf for service in services for place, shelf in service.shelves.items()}
    )


def sign_request(service: Service, account: str | None, url: str) -> tuple[str, Headers]:
    """The URL and the headers by which an account asks for a URL; for no account, none.

    Raises:
        KeyError: when the seed world has no account of this name.
    """
    if account is None or service.accounts is None:
        return url, ()
    credential = service.accounts.named(account).credential
    return service.document.security.first.sign(url, (), credential)

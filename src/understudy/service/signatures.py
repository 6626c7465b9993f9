"""How a vendor signs its webhooks, so that a receiver can check it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Signature:
    """How a vendor signs its webhooks.

    Attributes:
        header: that carries the signature, as the vendor writes it.
        collection: of the subscriptions, under the ids by which `UnitOfWork.deliver` names them.
        secret: the field in which a subscription keeps its secret.
        expect: the header's value for a secret and a body: `expect(secret, body, sent)`. `sent` is
            the header as it came, for schemes that sign something beside the body, such as a time.
    """

    header: str
    collection: str
    secret: str
    expect: Callable[[str, bytes, str], str]

    def find_fault(self, headers: Mapping[str, str], body: bytes, secret: str) -> str:
        """What is wrong with a webhook's signature, or "" when nothing is.

        Args:
            headers: names in lower case.
            secret: of its subscription.
        """
        sent = headers.get(self.header.lower(), "")
        if not sent:
            return f"there is no {self.header}"
        expected = self.expect(secret, body, sent)
        if hmac.compare_digest(sent.encode(), expected.encode()):
            return ""
        return f"{self.header} is {sent}, but by the subscription's secret it would be {expected}"

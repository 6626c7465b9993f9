"""Whether a webhook is signed as its vendor signs: what a receiver would check."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.client import Client

Headers = Mapping[str, str]
# What is wrong with a signature, or "": of the headers, the body, and the subscription's secret.
Scheme = Callable[[Headers, bytes, str], str]


def _agentmessage(headers: Headers, body: bytes, secret: str) -> str:
    """`X-AmCore-Signature: t=SECONDS,v1=HEX`: over the time, a newline and the body."""
    sent = headers.get("x-amcore-signature", "")
    parts = dict(part.partition("=")[::2] for part in sent.split(","))
    signed = parts.get("t", "").encode() + b"\n" + body
    expected = hmac.new(base64.b64decode(secret), signed, hashlib.sha256).hexdigest()
    return _compare("X-AmCore-Signature", sent, f"t={parts.get('t', '')},v1={expected}")


def _zexa(headers: Headers, body: bytes, secret: str) -> str:
    """`X-Zexa-Signature: sha256=HEX`: over the body."""
    sent = headers.get("x-zexa-signature", "")
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return _compare("X-Zexa-Signature", sent, f"sha256={expected}")


def _compare(header: str, sent: str, expected: str) -> str:
    if not sent:
        return f"there is no {header}"
    if hmac.compare_digest(sent, expected):
        return ""
    return f"{header} is {sent}, but by the subscription's secret it would be {expected}"


# Collection and member where a vendor keeps the secret of a subscription, and how it signs.
SCHEMES: Mapping[str, tuple[str, str, Scheme]] = {
    "agentmessage": ("endpoints", "secret", _agentmessage),
    "zexa": ("webhooks", "signing_key", _zexa),
}


def find_signature_fault(mock: Client, subscription: str, headers: Headers, body: bytes) -> str:
    """What is wrong with the signature of a webhook, or "" when nothing is.

    Args:
        subscription: as a delivery names it: the vendor, a slash, the id of the subscription.
    """
    vendor, _, id = subscription.partition("/")
    if vendor not in SCHEMES:
        return ""
    collection, member, scheme = SCHEMES[vendor]
    kept = mock.resources.get(vendor, collection, id).resource
    return scheme(headers, body, kept[member])

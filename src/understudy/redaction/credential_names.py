"""Names that credentials usually have, whatever a document says about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import unquote_plus

# The mock's own headers, idempotency and cache keys, and the tokens of pagination.
HARMLESS = re.compile(
    r"^x-understudy-"
    r"|(^|-)(idempotency|cache|surrogate|sort|order|group|partition|routing|public|publishable"
    r"|primary|foreign|page|next|prev|previous|cursor|continuation|pagination|sync|resume|skip"
    r"|start|starting)-?(key|token)$"
)
CREDENTIAL_WORDS = re.compile(
    r"(^|-)(api-?key|(api|auth|access|session|security|refresh|id|csrf|xsrf|client)token"
    r"|auth|authorization|authentication|jwt|token|key|client-?secret|secret|credentials?"
    r"|password|passwd|passphrase|pwd|signature(-\d+)?|session(-?id)?|sessid|[pj]h?p?sessionid)$"
)
# Only in a query or a form: headers with these names are rare, and mean other things.
CREDENTIAL_PARAMETERS = frozenset({"code", "sig", "phpsessid"})
# Fields of JSON, forms and other text, as regular expressions in lower case. They are fewer than
# the names above, because a field that is called `token` or `key` may hold anything.
SECRET_FIELDS = (
    *("password", "password[-_]?confirmation", "passwd", "passphrase", "secret"),
    *(f"{prefix}[-_]?password" for prefix in ("new", "old", "current", "user")),
    *(f"{prefix}[-_]?password[-_]?confirmation" for prefix in ("new", "old", "current", "user")),
    *(
        f"{prefix}[-_]?secret"
        for prefix in ("client", "api", "app", "webhook", "signing", "shared", "consumer")
    ),
    *(
        f"{prefix}[-_]?key"
        for prefix in ("api", "private", "signing", "secret", "secret[-_]?access")
    ),
    *(
        f"{prefix}[-_]?token"
        for prefix in ("api", "access", "auth", "refresh", "id", "session", "bearer")
    ),
)
FIELD_NAME = re.compile("|".join(SECRET_FIELDS), re.IGNORECASE)
CAMEL_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_.]")
# A parameter in a URL, in its query or its fragment.
PARAMETER = re.compile(r"(?<=[?&#])([^=&#?\s]+)=([^&#\s<>\"']+)")
# In characters; longer names are not looked at, so that they fill no cache.
MAX_NAME_LENGTH = 200


def names_credential(name: str) -> bool:
    """Whether a header or a parameter has a name of credentials."""
    return len(name) <= MAX_NAME_LENGTH and _is_credential_name(name)


@lru_cache(maxsize=4096)
def _is_credential_name(name: str) -> bool:
    words = CAMEL_HUMP.sub("-", name).lower()
    return CREDENTIAL_WORDS.search(words) is not None and HARMLESS.search(words) is None


def is_credential_parameter(name: str) -> bool:
    """Whether a parameter has a name of credentials; the name is URL-encoded."""
    known = unquote_plus(name)
    return known.lower() in CREDENTIAL_PARAMETERS or names_credential(known)


def is_secret_field(name: str) -> bool:
    """Whether a field of JSON has a name that only credentials have."""
    return len(name) <= MAX_NAME_LENGTH and _is_field_name(name)


@lru_cache(maxsize=4096)
def _is_field_name(name: str) -> bool:
    return FIELD_NAME.fullmatch(name) is not None


def split_parameters(url: str) -> Iterator[tuple[str, str]]:
    """The parameters in a URL, or in text with URLs; names and values are URL-encoded."""
    return ((found[1], found[2]) for found in PARAMETER.finditer(url))


def mask_parameters(
    url: str, mask: str, is_credential: Callable[[str], bool] = is_credential_parameter
) -> str:
    """A URL with a mask for the value of each credential.

    Args:
        is_credential: decides by its URL-encoded name whether a parameter is a credential.
    """
    return PARAMETER.sub(
        lambda found: f"{found[1]}={mask}" if is_credential(found[1]) else found[0], url
    )

"""Names under which credentials travel, whatever a document says of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import unquote_plus

# The mock's own headers, the keys of repeated requests and of caches, and the tokens of paging.
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
# Of a query or a form only: headers of these names are rare, and say other things.
CREDENTIAL_PARAMETERS = frozenset({"code", "sig", "phpsessid"})
# Fields of JSON, forms and other text, as regular expressions in lower case. They are fewer than
# the names above, because a field that is called `token` or `key` may hold anything.
SECRET_FIELDS = (
    *("password", "password[-_]?confirmation", "passwd", "passphrase", "secret"),
    *(f"{whose}[-_]?password" for whose in ("new", "old", "current", "user")),
    *(f"{whose}[-_]?password[-_]?confirmation" for whose in ("new", "old", "current", "user")),
    *(
        f"{whose}[-_]?secret"
        for whose in ("client", "api", "app", "webhook", "signing", "shared", "consumer")
    ),
    *(f"{whose}[-_]?key" for whose in ("api", "private", "signing", "secret", "secret[-_]?access")),
    *(
        f"{whose}[-_]?token"
        for whose in ("api", "access", "auth", "refresh", "id", "session", "bearer")
    ),
)
FIELD_NAME = re.compile("|".join(SECRET_FIELDS), re.IGNORECASE)
CAMEL_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_.]")
# A parameter in a URL, in its query or its fragment.
PARAMETER = re.compile(r"(?<=[?&#])([^=&#?\s]+)=([^&#\s<>\"']+)")
# The longest name that is worth a look, so that strangers' names fill no memory.
MAX_NAME_LENGTH = 200


def names_credential(name: str) -> bool:
    """Whether a header's or a parameter's name says that its value is a credential."""
    return len(name) <= MAX_NAME_LENGTH and _is_credential_name(name)


@lru_cache(maxsize=4096)
def _is_credential_name(name: str) -> bool:
    words = CAMEL_HUMP.sub("-", name).lower()
    return CREDENTIAL_WORDS.search(words) is not None and HARMLESS.search(words) is None


def is_credential_parameter(name: str) -> bool:
    """Whether a parameter of a query, as it stands there, is named like a credential."""
    known = unquote_plus(name)
    return known.lower() in CREDENTIAL_PARAMETERS or names_credential(known)


def is_secret_field(name: str) -> bool:
    """Whether a member of JSON is named like a credential, and never like anything else."""
    return len(name) <= MAX_NAME_LENGTH and _is_field_name(name)


@lru_cache(maxsize=4096)
def _is_field_name(name: str) -> bool:
    return FIELD_NAME.fullmatch(name) is not None


def split_parameters(url: str) -> Iterator[tuple[str, str]]:
    """The parameters in a URL, or in text with URLs; names and values as they stand there."""
    return ((found[1], found[2]) for found in PARAMETER.finditer(url))


def mask_parameters(
    url: str, mask: str, tells: Callable[[str], bool] = is_credential_parameter
) -> str:
    """A URL without the values of what is named like a credential in it."""
    return PARAMETER.sub(lambda found: f"{found[1]}={mask}" if tells(found[1]) else found[0], url)

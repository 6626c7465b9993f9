"""Who may use the admin context, and how much they may send."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from understudy.core.errors import (
    BodyTooLarge,
    Diagnosis,
    Forbidden,
    InvalidParameters,
    MissingCredential,
    UnknownCredential,
)
from understudy.core.hosts import is_address, is_loopback
from understudy.core.settings import Settings
from understudy.service.call import Call

# What a container's health check calls; it tells nothing.
OPEN_OPERATIONS = frozenset({"getHealth"})
# Operations that take a snapshot's worth of JSON, and where they are.
LARGE_BODIES = frozenset({"uploadSnapshot"})
SNAPSHOTS = "/snapshots/"
PORT = re.compile(r":[0-9]*$")
# Domains under which nobody on the internet has a name.
PRIVATE = (".localhost", ".internal", ".test", ".example", ".invalid")


def body_limit(settings: Settings, path: str, headers: Mapping[str, str]) -> int:
    """How many bytes of a request are read: much only of a snapshot, from who may upload one."""
    large = path.startswith(SNAPSHOTS) and (not settings.admin_token or _known(settings, headers))
    return settings.snapshot_limit if large else settings.body_limit


async def check_page(call: Call) -> None:
    """No page of another origin uses the admin plane, nor one that rebound a name to this host.

    Raises:
        Forbidden: when a browser sends the request for such a page, or may do so.
    """
    if call.operation.id in OPEN_OPERATIONS:
        return
    origin = call.headers.get("origin", "")
    host = call.headers.get("host", "")
    # Browsers say where a request comes from even where they send no Origin.
    site = call.headers.get("sec-fetch-site", "none")
    if site not in ("none", "same-origin"):
        who = f"a {site} page may not use the admin plane"
        raise Forbidden(who, hint="call it from outside a browser")
    if origin and origin.partition("://")[2] != host:
        who = f"pages of {origin} may not use the admin plane"
        raise Forbidden(who, hint="call it from outside a browser")
    if call.settings.admin_token or not _may_be_rebound(host, bool(origin) or site != "none"):
        return
    who = f"{host} is no name of this machine, and may lead here for a page's sake"
    raise Forbidden(who, hint="call it as 127.0.0.1, or choose a token with --admin-token")


def _may_be_rebound(host: str, by_page: bool) -> bool:
    """Whether a host is a name that may lead here only since a moment ago (DNS rebinding).

    A page that reads from its own name sends no Origin, so every request with a public name may
    be one. A name without a dot, or under a domain that is not on the internet, is nobody's.

    Args:
        by_page: a page sends it for sure; then only this machine's own names will do.
    """
    name = PORT.sub("", host).strip("[]").lower()
    if is_loopback(name):
        return False
    return by_page or not (is_address(name) or "." not in name or name.endswith(PRIVATE))


async def check_token(call: Call) -> None:
    """The request carries the token, where one is demanded.

    Raises:
        MissingCredential, UnknownCredential: when it does not.
    """
    if not call.settings.admin_token or call.operation.id in OPEN_OPERATIONS:
        return
    hint = "send Authorization: Bearer TOKEN, with that of --admin-token or of the start"
    if not _sent(call.headers):
        raise MissingCredential("the admin plane demands a token here", hint=hint)
    if not _known(call.settings, call.headers):
        raise UnknownCredential("the token is not the admin plane's", hint=hint)


def _sent(headers: Mapping[str, str]) -> str:
    """The token that a request carries, or nothing."""
    scheme, _, sent = headers.get("authorization", "").partition(" ")
    return sent.strip() if scheme.lower() == "bearer" else ""


def _known(settings: Settings, headers: Mapping[str, str]) -> bool:
    return hmac.compare_digest(_sent(headers).encode(), settings.admin_token.encode())


async def check_query(call: Call) -> None:
    """The query has no names but the documented ones: a typo in a filter would count everything.

    Raises:
        InvalidParameters: with every unknown name.
    """
    known = [each.name for each in call.operation.parameters if each.where == "query"]
    sent = {name for name, _ in parse_qsl(call.request.query, keep_blank_values=True)}
    hint = f"known: {', '.join(known)}" if known else "this operation has none"
    faults = [
        Diagnosis("unknown-parameter", "query", name, f'there is no parameter "{name}"', hint)
        for name in sorted(sent.difference(known))
        if not name.startswith("__")
    ]
    if faults:
        raise InvalidParameters("the query has names that mean nothing here", faults)


async def check_size(call: Call) -> None:
    """Only a snapshot may be larger than other bodies; where none is declared, it is no matter.

    Raises:
        BodyTooLarge: when something else is.
    """
    if call.operation.body is None:
        return
    large = call.operation.id in LARGE_BODIES
    limit = call.settings.snapshot_limit if large else call.settings.body_limit
    if call.request.too_large or len(call.request.content) > limit:
        flag = "--snapshot-limit" if large else "--body-limit"
        hint = f"send a smaller body, or raise {flag}"
        raise BodyTooLarge(f"the body is larger than {limit} bytes", hint=hint)

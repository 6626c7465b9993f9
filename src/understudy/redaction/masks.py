"""Masks: what is written in the place of a secret in headers and JSON bodies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from understudy.redaction.credential_names import names_credential

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "x-api-key", "cookie"})


REDACTED = "[redacted]"


# Schemes of `Authorization` that may be told; what else stands first might be the secret.
AUTH_SCHEMES = frozenset({"bearer", "basic", "digest", "token"})


# An ASCII character as JSON may spell it, too.
ESCAPED_ASCII = re.compile(rb"\\u00([2-7][0-9a-fA-F])")


MASK_PATTERN = re.compile(r"\[redacted( [\w.-]+)?\]")


NO_OWNERS: Mapping[str, str] = MappingProxyType({})


def make_mask(owner: str = "") -> str:
    """What stands in the place of a secret; with whose it is, where that is known."""
    return f"[redacted {owner}]" if owner else REDACTED


def redact_body(
    body: bytes, secrets: frozenset[str], owners: Mapping[str, str] = NO_OWNERS
) -> bytes:
    """A JSON body without the values of its secret members.

    Text that names one and cannot be read, or nests too deeply to be written again, goes whole.

    Args:
        secrets: the names of secret members.
        owners: secret -> name of the account whose it is, which stands in its place.
    """
    plain = _unescape(body) if secrets and b"\\u00" in body else body
    if not any(f'"{name}"'.encode() in plain for name in secrets):
        return body
    try:
        return orjson.dumps(_redact_fields(orjson.loads(body), secrets, owners))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return REDACTED.encode()


def _unescape(body: bytes) -> bytes:
    """JSON with the names of its members as they read."""
    return ESCAPED_ASCII.sub(lambda found: bytes([int(found[1], 16)]), body)


def _redact_fields(value: Any, secrets: frozenset[str], owners: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            name: _redact_value(each, owners)
            if name in secrets
            else _redact_fields(each, secrets, owners)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_redact_fields(each, secrets, owners) for each in value]
    return value


def _redact_value(value: Any, owners: Mapping[str, str]) -> str:
    if isinstance(value, str) and MASK_PATTERN.fullmatch(value):
        return value
    return make_mask(owners.get(value, "") if isinstance(value, str) else "")


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers without the secrets they carry."""
    return {
        name: redact_header_value(value)
        if name in SECRET_HEADERS or names_credential(name)
        else value
        for name, value in headers.items()
    }


def redact_header_value(value: str) -> str:
    """A header's secret value without the secret: `Bearer abc` is `Bearer [redacted]`."""
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {REDACTED}" if space and scheme.lower() in AUTH_SCHEMES else REDACTED

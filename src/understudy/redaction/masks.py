"""Masks: what is written in the place of a secret, and how a secret is put back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

REDACTED = "[redacted]"
# A mask, perhaps with the name of the account to which the secret belongs.
MASK_PATTERN = re.compile(r"\[redacted( [\w.-]+)?\]")
# Schemes of `Authorization` that are shown; what else comes first might be the secret.
AUTH_SCHEMES = frozenset({"bearer", "basic", "digest", "token"})
NO_OWNERS: Mapping[str, str] = MappingProxyType({})


def make_mask(owner: str = "") -> str:
    """The mask for a secret; it names the owner where that is known."""
    return f"[redacted {owner}]" if owner else REDACTED


def redact_header_value(value: str) -> str:
    """A secret header's value without the secret: `Bearer abc` becomes `Bearer [redacted]`."""
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {REDACTED}" if space and scheme.lower() in AUTH_SCHEMES else REDACTED


def is_mask(value: Any) -> bool:
    """Whether a value is a mask and nothing else."""
    return isinstance(value, str) and MASK_PATTERN.fullmatch(value) is not None


def has_mask(text: str) -> bool:
    """Whether text contains a mask."""
    return MASK_PATTERN.search(text) is not None


def drop_owners(text: str) -> str:
    """Text whose masks name no owner, so that all masks are equal."""
    return MASK_PATTERN.sub(REDACTED, text)


def unmask(value: Any, find_secret: Callable[[str, str], str | None], field: str = "") -> Any:
    """JSON with secrets in the place of the masks that name an owner.

    Args:
        find_secret: returns the secret for an owner's name and the name of the field that holds
            the mask; None when it knows none, and the mask stays.
        field: the name of the field that holds `value`.
    """
    if isinstance(value, dict):
        return {name: unmask(each, find_secret, name) for name, each in value.items()}
    if isinstance(value, list):
        return [unmask(each, find_secret, field) for each in value]
    found = MASK_PATTERN.fullmatch(value) if isinstance(value, str) else None
    return value if found is None else find_secret((found[1] or "").strip(), field) or value


def copy_masks(masked: Any, value: Any) -> Any:
    """JSON with the masks that other JSON has in the same places.

    A mask that names an owner is not copied: it stands for one secret, not for any.
    """
    if isinstance(masked, dict) and isinstance(value, dict):
        return {name: copy_masks(masked.get(name), each) for name, each in value.items()}
    if isinstance(masked, list) and isinstance(value, list) and len(masked) == len(value):
        return [copy_masks(then, each) for then, each in zip(masked, value, strict=True)]
    return masked if masked == REDACTED and not is_mask(value) else value

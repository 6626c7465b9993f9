"""understudy: a contract-test mock server generated from OpenAPI documents."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.client import AsyncClient, Client

__version__ = "0.1.0"
__all__ = ["AsyncClient", "Client", "__version__"]

# Loaded when they are asked for: the server needs no client, nor the client a server.
_LAZY = {"AsyncClient": "understudy.client", "Client": "understudy.client"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f'module "{__name__}" has no attribute "{name}"')
    return getattr(import_module(_LAZY[name]), name)

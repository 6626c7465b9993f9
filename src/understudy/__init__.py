"""understudy: a contract-test mock server generated from OpenAPI documents."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from understudy.core.version import __version__

if TYPE_CHECKING:
    from understudy.client import AsyncClient, Client
    from understudy.inprocess.live_server import serve
    from understudy.intercept.mock import mock

__all__ = ["AsyncClient", "Client", "__version__", "mock", "serve"]

# Loaded at first use: a program that only wants the version does not wait for the rest.
_LAZY = {
    "AsyncClient": "understudy.client",
    "Client": "understudy.client",
    "mock": "understudy.intercept.mock",
    "serve": "understudy.inprocess.live_server",
}


if not TYPE_CHECKING:
    # Hidden from type checkers, to which it would make every misspelt name an Any.
    def __getattr__(name: str) -> Any:
        if name not in _LAZY:
            raise AttributeError(f'module "{__name__}" has no attribute "{name}"')
        return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})

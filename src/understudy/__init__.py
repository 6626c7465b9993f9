"""understudy: a contract-test mock server generated from OpenAPI documents."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.intercept import mock as mock

__version__ = "0.1.0"
__all__ = ["__version__", "mock"]

# What is imported when it is first asked for: whoever only wants the version should not wait.
_LATER = {"mock": "understudy.intercept"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})

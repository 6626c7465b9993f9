"""The vendors whose documents have a source, which is not so right after `understudy new`.

A document that only assumes has no published exchanges to replay, and nothing to record. The first
operation with a source makes the tests ask for both.
"""

from __future__ import annotations

from understudy.engine.registry import open_services
from understudy.service.service import Service


def described_vendors() -> list[str]:
    """The names of the vendors with an operation that is more than an assumption."""
    return [service.name for service in open_services() if _has_source(service)]


def _has_source(service: Service) -> bool:
    return any(each.fidelity != "assumed" for each in service.document.operations.values())

"""The secrets that exchanges carry, and what may be stored of them: everything but these."""

from __future__ import annotations

from understudy.secrecy.learning import Known, Secrets
from understudy.secrecy.reading import decoded, is_form

__all__ = ["Known", "Secrets", "decoded", "is_form"]

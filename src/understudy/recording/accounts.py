"""By which header an account of a seed world calls."""

from __future__ import annotations

"""The settings that decide what a vendor answers; others say how the mock is run."""

from __future__ import annotations

# What a recording remembers and a scenario may choose; `schemas/settings.json` says their values.
WORLD_SETTINGS = ("pace", "auth", "static", "rate_limits", "body_limit")

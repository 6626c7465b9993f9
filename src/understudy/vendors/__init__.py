"""The vendor packages: one package per vendor, all of one shape.

This module tells which there are, and imports none of them.
"""

from __future__ import annotations

import pkgutil
from importlib.metadata import entry_points

# The group in which other distributions name their vendor packages.
ENTRY_POINT_GROUP = "understudy.vendors"


def vendor_names() -> list[str]:
    """The vendors of this project and those that other distributions bring, sorted."""
    own = {module.name for module in pkgutil.iter_modules(__path__) if module.ispkg}
    return sorted(own | {entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)})

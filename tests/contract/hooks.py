"""What Schemathesis must know beyond its configuration: keys of their own, and a scene set.

An idempotency key belongs to one request of a vendor; the admin plane acts on what is there.
"""

from __future__ import annotations

import itertools
import re
from functools import cache
from typing import Any

import schemathesis
from scene import Scene

WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{1,200}")
numbers = itertools.count(1)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Make a well-formed key one of its own; a repeated one would replay another answer."""
    for name, value in (case.headers or {}).items():
        if name.lower() == "idempotency-key" and WELL_FORMED.fullmatch(str(value)):
            case.headers[name] = f"{value}-{next(numbers)}"
    plane = case.operation.schema.get_base_url()
    if plane.endswith("/__admin"):
        scene(plane).set(case.operation.definition.raw["operationId"], case.path_parameters or {})


@cache
def scene(plane: str) -> Scene:
    """One for a run: it remembers the seed world."""
    return Scene(plane)

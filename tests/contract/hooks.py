"""What Schemathesis must know of every vendor: an idempotency key belongs to one request."""

from __future__ import annotations

import itertools
import re
from typing import Any

import schemathesis

WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{1,200}")
numbers = itertools.count(1)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Make a well-formed key one of its own; a repeated one would replay another answer."""
    for name, value in (case.headers or {}).items():
        if name.lower() == "idempotency-key" and WELL_FORMED.fullmatch(str(value)):
            case.headers[name] = f"{value}-{next(numbers)}"

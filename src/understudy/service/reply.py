"""Reply: what a handler gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from understudy.core.strict_json import write_json


@dataclass(slots=True)
class Reply:
    """What goes back: a status, a document (None for no body) and headers.

    `body` is the document as bytes, made when the reply leaves.
    """

    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    body: bytes = b""

    def encode(self) -> bytes:
        """The body's bytes; empty when there is no document."""
        if not self.body and self.document is not None:
            self.body = write_json(self.document)
        return self.body


Handler = Callable[..., Awaitable[Reply]]

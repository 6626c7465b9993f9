"""Reply: the response that a handler returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from understudy.core.strict_json import write_json


@dataclass(slots=True)
class Reply:
    """A response: a status, a document (None for no body) and headers.

    Attributes:
        document: what is written as JSON.
        body: the document's bytes, made when the reply is sent.
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

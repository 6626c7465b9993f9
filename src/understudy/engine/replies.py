"""Replies on their way out: errors in the vendor's envelope, headers, bytes."""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from typing import Any

from starlette.types import Send

from understudy.core.errors import (
    ApiError,
    Diagnosis,
    Internal,
    MethodNotAllowed,
    PreferenceUnmet,
    TooManyRequests,
)
from understudy.service.call import Call
from understudy.service.reply import Reply

logger = logging.getLogger(__name__)


CALL_KEY = "understudy.call"


def render_error(call: Call, error: Exception) -> Reply:
    """Any error in the vendor's envelope; its diagnoses go to the call."""
    if not isinstance(error, ApiError):
        logger.error("%s failed", call.request.path, exc_info=error)
        error = Internal(f"{type(error).__name__}: {error}", hint="this is a defect of the mock")
    call.diagnoses = error.diagnoses
    if isinstance(error, PreferenceUnmet):
        return make_problem(
            error.status, "Preference cannot be met", error.message, error.diagnoses
        )
    reply = call.vendor.render_error(call, error)
    # What HTTP itself says of these errors is the same at every vendor.
    if isinstance(error, MethodNotAllowed):
        reply.headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, TooManyRequests):
        reply.headers["Retry-After"] = str(error.retry_after)
    return reply


def add_vendor_headers(call: Call, reply: Reply) -> Reply:
    """The reply with the headers that all replies of its vendor carry."""
    if call.reply_headers:
        reply.headers = {**call.reply_headers, **reply.headers}
    call.vendor.finish(call, reply)
    return reply


def make_problem(
    status: int, title: str, detail: str, diagnoses: tuple[Diagnosis, ...] = ()
) -> Reply:
    """What the mock says in its own name (RFC 9457)."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
    }
    hints = [diagnosis.hint for diagnosis in diagnoses if diagnosis.hint]
    if hints:
        document["hints"] = hints
    return Reply(status, document, media_type="application/problem+json")


async def send_reply(reply: Reply, send: Send) -> None:
    """Put a reply on the wire."""
    body = reply.encode()
    headers = [
        (_encode_name(name), value.encode("latin-1")) for name, value in reply.headers.items()
    ]
    if body:
        headers.append((b"content-type", reply.media_type.encode("latin-1")))
    if reply.status != 204:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=256)
def _encode_name(name: str) -> bytes:
    return name.lower().encode("latin-1")


def encode_diagnoses(diagnoses: tuple[Diagnosis, ...], limit: int = 4_000) -> bytes:
    """The diagnoses as one ASCII header value; as many of them as fit."""
    parts: list[str] = []
    length = 2
    for diagnosis in diagnoses:
        # ASCII only, and DEL escaped: a header may hold no control character.
        part = json.dumps(diagnosis.as_json(), separators=(",", ":")).replace("\x7f", "\\u007f")
        length += len(part) + 1
        if length > limit:
            break
        parts.append(part)
    return f"[{','.join(parts)}]".encode()

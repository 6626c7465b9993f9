"""A mock whose replies have drifted from the document, as a vendor's may do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from understudy.engine.connexion_adapter import shared_stack
from understudy.engine.replies import CALL_KEY
from understudy.server.app import Backend
from understudy.service.call import Call
from understudy.service.service import Service

# Changes the status and the JSON document of a reply.
Drift = Callable[[int, Any], tuple[int, Any]]


def drifting_backend(drifts: Mapping[str, Drift]) -> Backend:
    """The backend of an app whose operations have drifted, by operationId."""

    def backend(service: Service) -> ASGIApp:
        return DriftMiddleware(shared_stack(service), drifts)

    return backend


class DriftMiddleware:
    """Changes a service's replies after the service has checked them against its document."""

    def __init__(self, app: ASGIApp, drifts: Mapping[str, Drift]) -> None:
        self._app = app
        self._drifts = drifts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self._app(scope, receive, keep)
        call: Call = scope[CALL_KEY]
        drift = self._drifts.get(call.routed.id if call.routed else "")
        body = b"".join(message.get("body", b"") for message in kept[1:])
        start = kept[0]
        if drift is not None and body:
            start["status"], document = drift(start["status"], json.loads(body))
            body = json.dumps(document).encode()
            headers = [each for each in start["headers"] if each[0] != b"content-length"]
            start["headers"] = [*headers, (b"content-length", b"%d" % len(body))]
        await send(start)
        await send({"type": "http.response.body", "body": body})

"""HTTP/1.1 as bytes, for clients whose lowest seam is a connection: urllib3 and aiohttp.

They write their request as they would on a socket, and read the reply likewise, so that all that
they make of bytes (chunks, cookies, lengths that do not fit) stays theirs.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

import httptools
from starlette.types import Receive, Scope, Send

from understudy.inprocess.loop import Head, Headers, scope_of

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Incoming:
    """One request, read from the bytes that a client writes."""

    def __init__(self, scheme: str, host: str, port: int | None) -> None:
        self._origin = (scheme, host, port)
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: Headers = []
        self._body: list[bytes] = []
        self.complete = False
        self.broken = False

    def feed(self, data: bytes) -> None:
        """Read on; what follows a complete request is not read."""
        if self.complete:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # As behind every vendor's door: an upgrade that is offered is not taken.
            return
        except httptools.HttpParserError:
            self.broken = self.complete = True

    @property
    def waits(self) -> bool:
        """Whether the client wants to be told to go on before it sends the body."""
        expects = (b"expect", b"100-continue")
        return not self.complete and expects in [
            (name.lower(), value.lower()) for name, value in self._headers
        ]

    @property
    def body(self) -> bytes:
        return b"".join(self._body)

    def scope(self) -> Scope:
        """The ASGI scope of the request."""
        scheme, host, port = self._origin
        method = self._parser.get_method().decode("ascii")
        target = _origin_form(self._target)
        return scope_of(method, scheme, (host, port), target, self._headers)

    # What the parser calls.

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self.complete = True


def _origin_form(target: bytes) -> bytes:
    """A request target without scheme and host, which those that expect a proxy send."""
    if target.startswith(b"/"):
        return target
    parts = urlsplit(target)
    return (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")


async def unreadable(scope: Scope, receive: Receive, send: Send) -> None:
    """The app that answers what is not HTTP, as the server does."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    body = b"Invalid HTTP request received."
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def head_bytes(head: Head) -> bytes:
    """The head of a reply as it goes over the wire."""
    lines = [b"HTTP/1.1 %d %s" % (head.status, _phrase(head.status).encode("ascii"))]
    lines += [b"%s: %s" % header for header in head.headers]
    return b"\r\n".join([*lines, b"", b""])


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""

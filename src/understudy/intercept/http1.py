"""HTTP/1.1 as bytes, for clients that are patched where they use a connection: urllib3, aiohttp.

They write requests and read replies as they do on a socket, so that everything that they do with
these bytes (chunks, cookies, wrong lengths) is their own code.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

import httptools
from starlette.types import Receive, Scope, Send

from understudy.inprocess.loop import Head, Headers, scope_of

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class RequestReader:
    """Reads one request from the bytes that a client writes.

    Attributes:
        complete: whether the request has ended.
        broken: whether the bytes are not HTTP.
    """

    def __init__(self, scheme: str, host: str, port: int | None) -> None:
        self._origin = (scheme, host, port)
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: Headers = []
        self._body: list[bytes] = []
        self.complete = False
        self.broken = False

    def feed(self, data: bytes) -> None:
        """Read more bytes; those after the end of the request are ignored."""
        if self.complete:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The server ignores an offered upgrade, too.
            return
        except httptools.HttpParserError:
            self.broken = self.complete = True

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body."""
        expectation = (b"expect", b"100-continue")
        return not self.complete and expectation in [
            (name.lower(), value.lower()) for name, value in self._headers
        ]

    @property
    def body(self) -> bytes:
        return b"".join(self._body)

    def scope(self) -> Scope:
        """Make the ASGI scope of the request."""
        scheme, host, port = self._origin
        method = self._parser.get_method().decode("ascii")
        target = _origin_form(self._target)
        return scope_of(method, scheme, (host, port), target, self._headers)

    # Called by the parser.

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self.complete = True


def _origin_form(target: bytes) -> bytes:
    """Return a request target without scheme and host, which clients of a proxy send."""
    if target.startswith(b"/"):
        return target
    parts = urlsplit(target)
    return (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")


async def answer_not_http(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer bytes that are not HTTP, with the reply that the server gives (an ASGI app)."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    body = b"Invalid HTTP request received."
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def encode_head(head: Head) -> bytes:
    """Encode the status line and the headers of a reply."""
    lines = [b"HTTP/1.1 %d %s" % (head.status, _phrase(head.status).encode("ascii"))]
    lines += [b"%s: %s" % header for header in head.headers]
    return b"\r\n".join([*lines, b"", b""])


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""

"""Sends requests to the API that is verified; refuses what may not be sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx

from understudy.core.clock import Stopwatch
from understudy.core.strict_json import parse_json
from understudy.openapi.security import SecurityScheme
from understudy.recording.model import Headers, RecordedRequest, RecordedResponse
from understudy.verify.reply_reader import NoReplyError, ReplyReader

# The origin of requests before `Sender.address` puts the base URL in its place.
ORIGIN = "http://api.invalid"
READ_METHODS = frozenset({"GET", "HEAD"})
HEALTH = "/__admin/health"
DOT_SEGMENTS = frozenset({".", ".."})
BROKEN_CONNECTION = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError)


class UnreachableError(Exception):
    """No server answers at the base URL, which the message names."""


class UnsendableError(Exception):
    """A request that HTTP cannot carry."""


@dataclass(frozen=True)
class Access:
    """How requests to the API are built.

    Attributes:
        scheme: how requests carry the credential.
        credential: "" when there is none.
        extra: headers of every request.
        writes: whether anything but GET and HEAD may be sent.
        rate: maximum requests per second; None for no limit.
    """

    scheme: SecurityScheme
    credential: str = ""
    extra: Headers = ()
    writes: bool = False
    rate: float | None = None

    def allows(self, method: str) -> bool:
        """Whether requests of this method may be sent."""
        return self.writes or method in READ_METHODS

    def sign(self, request: RecordedRequest, credential: str | None = None) -> RecordedRequest:
        """A request with the credential, or with another one, in the place of any; "" for none."""
        shown = self.credential if credential is None else credential
        url, headers = self.scheme.sign(request.url, request.headers, shown)
        return replace(request, url=url, headers=headers)

    def has_credential(self, request: RecordedRequest) -> bool:
        """Whether a request carries any credential where this one is carried."""
        return self.sign(request, "") != request


class Sender:
    """Sends requests to one base URL.

    Args:
        http: the client; its transport may be in this process.
        sleep: waits for a number of seconds to keep to the rate.
    """

    def __init__(
        self,
        http: httpx.Client,
        base_url: str,
        access: Access,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = http
        self._reader = ReplyReader(http)
        self.base_url = base_url.rstrip("/")
        self.access = access
        self._sleep = sleep
        self._running = Stopwatch()
        self._next = 0.0

    def address(self, request: RecordedRequest) -> RecordedRequest:
        """A request as it is sent: at the base URL, with the extra headers."""
        query = f"?{request.query}" if request.query else ""
        url = f"{self.base_url}{request.path}{query}"
        return replace(request, url=url, headers=(*request.headers, *self.access.extra))

    def send(self, request: RecordedRequest) -> RecordedResponse:
        """Send an addressed request.

        Raises:
            UnsendableError: when HTTP cannot carry it, or when writes are not allowed.
            NoReplyError: when no reply came.
            UnreachableError: when the server cannot be reached.
        """
        if not self.access.allows(request.method):
            raise UnsendableError(
                f"{request.method} might change something; writes are not allowed"
            )
        built = self._build_request(request)
        self._wait()
        try:
            return (
                self._send_reading(built)
                if request.method in READ_METHODS
                else self._send_once(built)
            )
        except BROKEN_CONNECTION as error:
            raise NoReplyError(f"the connection ended without a reply ({error})") from error

    def _send_reading(self, built: httpx.Request) -> RecordedResponse:
        # A kept connection may just have been closed by the server; a new one decides. A write
        # may have taken effect, so it is not sent twice.
        try:
            return self._send_once(built)
        except BROKEN_CONNECTION:
            return self._send_once(built)

    def _build_request(self, request: RecordedRequest) -> httpx.Request:
        if not DOT_SEGMENTS.isdisjoint(request.path.split("/")):
            raise UnsendableError("clients resolve . and .. before they send a path")
        try:
            headers = [
                (name.encode("ascii"), _encode_value(value)) for name, value in request.headers
            ]
            return self._http.build_request(
                request.method, request.url, headers=headers, content=request.body or None
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise UnsendableError(str(error)) from error

    def _wait(self) -> None:
        if self.access.rate is not None:
            now = self._running.seconds()
            if now < self._next:
                self._sleep(self._next - now)
            self._next = max(now, self._next) + 1 / self.access.rate

    def _send_once(self, built: httpx.Request) -> RecordedResponse:
        # Cookies that the API set would change later requests.
        self._http.cookies.clear()
        try:
            return self._reader.reply(built)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise UnreachableError(f"{self.base_url} cannot be reached ({error})") from error
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
            raise UnsendableError(str(error)) from error
        except httpx.TimeoutException as error:
            raise NoReplyError("no reply came in time") from error
        except httpx.DecodingError as error:
            raise NoReplyError(f"the body cannot be decoded ({error})") from error

    def is_understudy(self) -> bool:
        """Whether the server is this mock."""
        parts = urlsplit(self.base_url)
        built = self._http.build_request("GET", f"{parts.scheme}://{parts.netloc}{HEALTH}")
        try:
            reply = self._reader.reply(built)
            name = parse_json(reply.body)["name"]
            return reply.status == httpx.codes.OK and name == "understudy"
        except (httpx.HTTPError, NoReplyError, ValueError, LookupError, TypeError, RecursionError):
            return False

    def reach(self) -> None:
        """Check that the server can be reached.

        Raises:
            UnreachableError: when it cannot.
        """
        try:
            self._reader.status(self._http.build_request("GET", self.base_url))
        except (httpx.HTTPError, httpx.InvalidURL, NoReplyError) as error:
            raise UnreachableError(f"{self.base_url} cannot be reached ({error})") from error


def _encode_value(value: str) -> bytes:
    """Encode a header's value.

    Raises:
        ValueError: when it has a character that HTTP does not allow.
    """
    if any(ord(each) < 0x20 or ord(each) == 0x7F for each in value):
        raise ValueError("a header's value has a control character")
    return value.strip(" ").encode("latin-1")

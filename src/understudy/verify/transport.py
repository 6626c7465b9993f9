"""Sends requests to the API that is verified: where to, how fast, and what never leaves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx

from understudy.core.clock import Stopwatch
from understudy.openapi.security import SecurityScheme
from understudy.recording.model import Headers, RecordedRequest, RecordedResponse, parse_json
from understudy.verify.reply_reader import NoReplyError, ReplyReader

# Where requests are addressed before it is known where the API stands.
ORIGIN = "http://api.invalid"
READING = frozenset({"GET", "HEAD"})
HEALTH = "/__admin/health"
DOTS = frozenset({".", ".."})
BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError)


class UnreachableError(Exception):
    """Nobody answers at the base URL; says which."""


class UnsendableError(Exception):
    """A request that HTTP cannot carry."""


@dataclass(frozen=True)
class Access:
    """How the API is asked.

    Attributes:
        scheme: how requests carry the credential.
        credential: "" when there is none.
        extra: headers that every request carries.
        writes: whether anything but GET and HEAD may be sent.
        rate: most requests per second; None for no limit.
    """

    scheme: SecurityScheme
    credential: str = ""
    extra: Headers = ()
    writes: bool = False
    rate: float | None = None

    def allows(self, method: str) -> bool:
        """Whether requests of this method may be sent."""
        return self.writes or method in READING

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
        http: the client; its transport decides whether a socket is used.
        sleep: waits for some seconds, where a rate asks for it.
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

    def placed(self, request: RecordedRequest) -> RecordedRequest:
        """A request as it is sent: at the base URL, with the headers that all carry."""
        query = f"?{request.query}" if request.query else ""
        url = f"{self.base_url}{request.path}{query}"
        return replace(request, url=url, headers=(*request.headers, *self.access.extra))

    def send(self, request: RecordedRequest) -> RecordedResponse:
        """Send a placed request.

        Raises:
            Unsendable: when HTTP cannot carry it, or it might change something and must not.
            NoReplyError: when none came.
            Unreachable: when nobody listens.
        """
        if not self.access.allows(request.method):
            raise UnsendableError(
                f"{request.method} might change something; writes are not allowed"
            )
        made = self._made(request)
        self._wait()
        try:
            return self._sent_again(made) if request.method in READING else self._sent(made)
        except BROKEN as error:
            raise NoReplyError(f"the connection ended without a reply ({error})") from error

    def _sent_again(self, made: httpx.Request) -> RecordedResponse:
        # A kept connection may have been closed at the same moment: a new one decides. What was
        # to change something may have done so, and is not sent twice.
        try:
            return self._sent(made)
        except BROKEN:
            return self._sent(made)

    def _made(self, request: RecordedRequest) -> httpx.Request:
        if not DOTS.isdisjoint(request.path.split("/")):
            raise UnsendableError("clients resolve . and .. before they send a path")
        try:
            headers = [(name.encode("ascii"), _line(value)) for name, value in request.headers]
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

    def _sent(self, made: httpx.Request) -> RecordedResponse:
        # A session that the API begins by a cookie would outlive its request.
        self._http.cookies.clear()
        try:
            return self._reader.reply(made)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise UnreachableError(f"{self.base_url} cannot be reached ({error})") from error
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
            raise UnsendableError(str(error)) from error
        except httpx.TimeoutException as error:
            raise NoReplyError("no reply came in time") from error
        except httpx.DecodingError as error:
            raise NoReplyError(f"the body cannot be decoded ({error})") from error

    def is_understudy(self) -> bool:
        """Whether what answers is this mock."""
        parts = urlsplit(self.base_url)
        made = self._http.build_request("GET", f"{parts.scheme}://{parts.netloc}{HEALTH}")
        try:
            reply = self._reader.reply(made)
            name = parse_json(reply.body)["name"]
            return reply.status == httpx.codes.OK and name == "understudy"
        except (httpx.HTTPError, NoReplyError, ValueError, LookupError, TypeError, RecursionError):
            return False

    def reach(self) -> None:
        """Find out whether anybody listens.

        Raises:
            Unreachable: when nobody does.
        """
        try:
            self._reader.status(self._http.build_request("GET", self.base_url))
        except (httpx.HTTPError, httpx.InvalidURL, NoReplyError) as error:
            raise UnreachableError(f"{self.base_url} cannot be reached ({error})") from error


def _line(value: str) -> bytes:
    """A header's value as bytes.

    Raises:
        ValueError: when no server has to take it.
    """
    if any(ord(each) < 0x20 or ord(each) == 0x7F for each in value):
        raise ValueError("a header's value has a control character")
    return value.strip(" ").encode("latin-1")

"""Sends the operations, which are described once, for the blocking and the asynchronous client."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload
from urllib.parse import quote

import httpx

from understudy.client.decoding import decode, decode_reply
from understudy.client.errors import AdminError, Unreachable, Unreadable
from understudy.client.models import Problem

ADMIN_PREFIX = "/__admin"
DEFAULT_SESSION = "default"
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class AdminRequest(Generic[T]):
    """One request to the admin plane, and the type of its result.

    Attributes:
        path: the segments of the path, below the session's address.
        result: the type that the answer is decoded into.
        field: name of the answer's field that holds the result; "" when it is the whole answer.
        server: whether the path is below the admin plane's root instead.
    """

    method: str
    path: tuple[str, ...]
    result: type[T]
    field: str = ""
    query: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    server: bool = False


@dataclass(frozen=True)
class Target:
    """The server that a client talks to, the session, and the admin token."""

    origin: str
    session: str
    token: str | None = dataclasses.field(default=None, repr=False)

    @property
    def tls(self) -> bool:
        """Whether there are certificates to verify; loading the trusted ones takes a while."""
        return self.origin.startswith("https:")

    def vendor(self, name: str) -> str:
        """Return the URL below which the vendor's own paths are, in this session."""
        return f"{self.origin}/@{self.session}/{name}"

    def request(self, request: AdminRequest[Any]) -> dict[str, Any]:
        """Return the arguments of `httpx.Client.request` for a request."""
        path = request.path if request.server else ("sessions", self.session, *request.path)
        return {
            "method": request.method,
            "url": "/".join(
                [f"{self.origin}{ADMIN_PREFIX}", *(_encode_segment(each) for each in path)]
            ),
            "params": request.query,
            "json": request.body,
            "headers": {"Authorization": f"Bearer {self.token}"} if self.token else {},
        }


def _encode_segment(segment: str) -> str:
    """Encode a path segment; also `.` and `..`, which would name another path."""
    return quote(segment, safe="") if segment.strip(".") else segment.replace(".", "%2E")


def parse_target(url: str, session: str | None, token: str | None) -> Target:
    """Parse the URL of a server; it may name the session, as `http://HOST:PORT/@SESSION`.

    Raises:
        ValueError: when it is not an http or https URL.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f'"{url}" is not the URL of a mock; write http://HOST:PORT')
    origin, _, named = url.rstrip("/").partition("/@")
    name = (named or DEFAULT_SESSION) if session is None else session
    return Target(origin.rstrip("/"), name, token)


@dataclass(frozen=True)
class Sender:
    """Sends requests and waits for the answers."""

    http: httpx.Client
    target: Target

    def __call__(self, request: AdminRequest[T]) -> T:
        with _translate_errors(self.target, self.http.timeout):
            reply = self.http.request(**self.target.request(request))
        return _decode_answer(request, reply)


@dataclass(frozen=True)
class AsyncSender:
    """Sends requests and awaits the answers."""

    http: httpx.AsyncClient
    target: Target

    async def __call__(self, request: AdminRequest[T]) -> T:
        with _translate_errors(self.target, self.http.timeout):
            reply = await self.http.request(**self.target.request(request))
        return _decode_answer(request, reply)


@contextmanager
def _translate_errors(target: Target, timeout: httpx.Timeout) -> Iterator[None]:
    """Raise Unreachable for httpx's errors."""
    try:
        yield
    except httpx.ReadTimeout as error:
        message = f"the mock at {target.origin} did not answer within {timeout.read:g} seconds"
        raise Unreachable(f"{message}; give the client a longer timeout") from error
    except (httpx.RequestError, httpx.InvalidURL) as error:
        message = f"no mock answers at {target.origin}: {error or type(error).__name__}"
        raise Unreachable(f"{message}; start one with `understudy serve`") from error


def _decode_answer(request: AdminRequest[T], reply: httpx.Response) -> T:
    """Decode the result of a request from its reply.

    Raises:
        AdminError: when the admin plane refused the request.
        Unreadable: when the reply is not one of the admin plane.
    """
    try:
        document = reply.json() if reply.content else None
        if reply.is_success:
            return decode_reply(request.result, request.field, document)
        problem = decode(Problem, document)
    except (LookupError, TypeError, ValueError) as error:
        sent = f"{reply.request.method} {reply.request.url}"
        message = f"{sent} was answered with {reply.status_code}, but not as a mock answers"
        hint = "check the URL, and that server and client have the same version"
        raise Unreadable(f"{message} ({type(error).__name__}: {error}); {hint}") from error
    raise AdminError(problem.status, problem.title, problem.detail, problem.errors)


class HasSender(Protocol):
    """A group of operations of the blocking client."""

    @property
    def send(self) -> Sender: ...


class HasAsyncSender(Protocol):
    """A group of operations of the asynchronous client."""

    @property
    def send(self) -> AsyncSender: ...


class operation(Generic[P, T]):
    """Turns a method that returns an `AdminRequest[T]` into one that sends it.

    On the blocking client the method then returns a T, on the asynchronous one a coroutine of a T.
    The clients differ in nothing else, so that each operation is written once.
    """

    def __init__(self, method: Callable[Concatenate[Any, P], AdminRequest[T]]) -> None:
        self._method = method

    @overload
    def __get__(self, group: HasSender, kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, group: HasAsyncSender, kind: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(
        self, group: None, kind: type
    ) -> Callable[Concatenate[Any, P], AdminRequest[T]]: ...
    def __get__(self, group: Any, kind: type) -> Any:
        if group is None:
            return self._method
        method = self._method.__get__(group)

        @wraps(method)
        def send(*args: P.args, **keywords: P.kwargs) -> Any:
            return group.send(method(*args, **keywords))

        return send

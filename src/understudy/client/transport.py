"""How an operation, described once, is sent by a client that blocks and by one that is awaited."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload
from urllib.parse import quote

import httpx

from understudy.client.decoding import decode, decode_reply
from understudy.client.errors import AdminError, Unreachable, Unreadable
from understudy.client.models import Problem

PREFIX = "/__admin"
DEFAULT_SESSION = "default"
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class AdminRequest(Generic[T]):
    """One request to the admin plane, and the shape of its answer.

    Attributes:
        path: its segments after the session's address, or the plane's when it is the `server`
            that is asked.
        shape: what the answer is read into; `member` of the answer, when it says one.
    """

    method: str
    path: tuple[str, ...]
    shape: type[T]
    member: str = ""
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    server: bool = False


@dataclass(frozen=True)
class Target:
    """Whom a client talks to: a server's origin and one of its sessions."""

    origin: str
    session: str
    token: str | None = field(default=None, repr=False)

    @property
    def tls(self) -> bool:
        """Whether there are certificates to check; reading the trusted ones takes a while."""
        return self.origin.startswith("https:")

    def vendor(self, name: str) -> str:
        """Where a vendor's own paths begin, in this session."""
        return f"{self.origin}/@{self.session}/{name}"

    def request(self, ask: AdminRequest[Any]) -> dict[str, Any]:
        """What httpx is told."""
        path = ask.path if ask.server else ("sessions", self.session, *ask.path)
        return {
            "method": ask.method,
            "url": "/".join([f"{self.origin}{PREFIX}", *(_encoded(each) for each in path)]),
            "params": ask.query,
            "json": ask.body,
            "headers": {"Authorization": f"Bearer {self.token}"} if self.token else {},
        }


def _encoded(segment: str) -> str:
    """A segment that stays one; `..` would climb."""
    return quote(segment, safe="") if segment.strip(".") else segment.replace(".", "%2E")


def target(url: str, session: str | None, token: str | None) -> Target:
    """Whom a URL means; it may name the session as `http://HOST:PORT/@SESSION`.

    Raises:
        ValueError: when it is no URL of a server.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f'"{url}" is not the URL of a mock; write http://HOST:PORT')
    origin, _, named = url.rstrip("/").partition("/@")
    name = (named or DEFAULT_SESSION) if session is None else session
    return Target(origin.rstrip("/"), name, token)


@dataclass(frozen=True)
class Sender:
    """Sends, and waits for the answer."""

    http: httpx.Client
    target: Target

    def __call__(self, ask: AdminRequest[T]) -> T:
        with _reaching(self.target, self.http.timeout):
            reply = self.http.request(**self.target.request(ask))
        return _answer(ask, reply)


@dataclass(frozen=True)
class AsyncSender:
    """Sends, and lets others go on until the answer comes."""

    http: httpx.AsyncClient
    target: Target

    async def __call__(self, ask: AdminRequest[T]) -> T:
        with _reaching(self.target, self.http.timeout):
            reply = await self.http.request(**self.target.request(ask))
        return _answer(ask, reply)


@contextmanager
def _reaching(target: Target, timeout: httpx.Timeout) -> Iterator[None]:
    try:
        yield
    except httpx.ReadTimeout as error:
        late = f"the mock at {target.origin} did not answer within {timeout.read:g} seconds"
        raise Unreachable(f"{late}; give the client a longer timeout") from error
    except (httpx.RequestError, httpx.InvalidURL) as error:
        nobody = f"no mock answers at {target.origin}: {error or type(error).__name__}"
        raise Unreachable(f"{nobody}; start one with `understudy serve`") from error


def _answer(ask: AdminRequest[T], reply: httpx.Response) -> T:
    """What a reply says.

    Raises:
        AdminError: when the plane refused.
        Unreadable: when the reply is none of the plane's.
    """
    asked = f"{reply.request.method} {reply.request.url}"
    try:
        told = reply.json() if reply.content else None
        if reply.is_success:
            return decode_reply(ask.shape, ask.member, told)
        problem = decode(Problem, told)
    except (LookupError, TypeError, ValueError) as error:
        strange = f"{asked} was answered with {reply.status_code} and not as a mock does"
        hint = "is it one, and of this client's version?"
        raise Unreadable(f"{strange} ({type(error).__name__}: {error}); {hint}") from error
    raise AdminError(problem.status, problem.title, problem.detail, problem.errors)


class Sends(Protocol):
    """A group of operations whose answers are waited for."""

    @property
    def send(self) -> Sender: ...


class SendsAsync(Protocol):
    """A group of operations whose answers are awaited."""

    @property
    def send(self) -> AsyncSender: ...


class operation(Generic[P, T]):
    """Turns a method that returns an `Ask[T]` into one that sends it.

    Of a client that blocks the method then returns a T, of one that is awaited a coroutine of a
    T; this is all that the two do differently, so each operation is written once.
    """

    def __init__(self, ask: Callable[Concatenate[Any, P], AdminRequest[T]]) -> None:
        self._ask = ask

    @overload
    def __get__(self, group: Sends, kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, group: SendsAsync, kind: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(
        self, group: None, kind: type
    ) -> Callable[Concatenate[Any, P], AdminRequest[T]]: ...
    def __get__(self, group: Any, kind: type) -> Any:
        if group is None:
            return self._ask
        ask = self._ask.__get__(group)

        @wraps(ask)
        def send(*args: P.args, **keywords: P.kwargs) -> Any:
            return group.send(ask(*args, **keywords))

        return send

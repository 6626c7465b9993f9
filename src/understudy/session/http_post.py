"""One POST to somebody's receiver: the only place from which the mock calls anybody."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import httpx

from understudy.session.egress_policy import Destination

MAX_EXCERPT = 1_000


@dataclass(frozen=True, slots=True)
class PostReply:
    """What a receiver said; `excerpt` is how its body begins."""

    status: int
    headers: Mapping[str, str]
    excerpt: str


class PostFailedError(Exception):
    """The receiver did not answer; says why."""


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the certificate store takes longer than most deliveries."""
    return ssl.create_default_context()


async def post(
    where: Destination, body: bytes, headers: Mapping[str, str], timeout: float
) -> PostReply:
    """Send a body; redirects are not followed, proxies not asked.

    Args:
        timeout: seconds for the whole.

    Raises:
        PostFailedError: when none came.
    """
    secure = where.url.lower().startswith("https:")
    client = httpx.AsyncClient(timeout=timeout, trust_env=False, verify=_tls() if secure else False)
    try:
        request = _request(client, where, body, headers)
        # The client's own timeout starts anew with every byte; this one is for the whole.
        async with asyncio.timeout(timeout), client:
            answer = await client.send(request, stream=True)
            try:
                excerpt = await _read_excerpt(answer)
            finally:
                await answer.aclose()
    except TimeoutError as error:
        raise PostFailedError(f"no answer within {timeout:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise PostFailedError(f"{type(error).__name__}: {error}") from error
    return PostReply(answer.status_code, dict(answer.headers), excerpt)


def _request(
    client: httpx.AsyncClient, where: Destination, body: bytes, headers: Mapping[str, str]
) -> httpx.Request:
    """The request; one to an address that was looked up still names the host it is for."""
    url = httpx.URL(where.url)
    if where.address is None:
        return client.build_request("POST", url, content=body, headers=dict(headers))
    named = {"host": url.netloc.decode("ascii"), **headers}
    extensions = {"sni_hostname": url.host}
    at = url.copy_with(host=where.address)
    return client.build_request("POST", at, content=body, headers=named, extensions=extensions)


async def _read_excerpt(answer: httpx.Response) -> str:
    """How an answer's body begins, whatever its length and charset."""
    read = b""
    async for part in answer.aiter_bytes():
        read += part
        if len(read) >= MAX_EXCERPT:
            break
    return read[:MAX_EXCERPT].decode("utf-8", "replace")

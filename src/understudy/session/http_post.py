"""Sends one POST to a receiver; nothing else here opens a connection to another server."""

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
    """A receiver's reply; `excerpt` is the beginning of its body."""

    status: int
    headers: Mapping[str, str]
    excerpt: str


class PostFailedError(Exception):
    """The receiver did not answer; the message says why."""


@cache
def _tls() -> ssl.SSLContext:
    """The TLS settings; cached, because reading the certificate store is slow."""
    return ssl.create_default_context()


async def post(
    where: Destination, body: bytes, headers: Mapping[str, str], timeout: float
) -> PostReply:
    """Send a body, without following redirects or using proxies.

    Args:
        timeout: in seconds, for the whole exchange.

    Raises:
        PostFailedError: when there is no reply.
    """
    secure = where.url.lower().startswith("https:")
    client = httpx.AsyncClient(timeout=timeout, trust_env=False, verify=_tls() if secure else False)
    try:
        request = _request(client, where, body, headers)
        # The client's own timeout starts again with every byte; this one is for the whole.
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
    """Make the request; one to a resolved address still names its host."""
    url = httpx.URL(where.url)
    if where.address is None:
        return client.build_request("POST", url, content=body, headers=dict(headers))
    named = {"host": url.netloc.decode("ascii"), **headers}
    extensions = {"sni_hostname": url.host}
    at = url.copy_with(host=where.address)
    return client.build_request("POST", at, content=body, headers=named, extensions=extensions)


async def _read_excerpt(answer: httpx.Response) -> str:
    """Read the beginning of a reply's body, whatever its length and charset."""
    read = b""
    async for part in answer.aiter_bytes():
        read += part
        if len(read) >= MAX_EXCERPT:
            break
    return read[:MAX_EXCERPT].decode("utf-8", "replace")

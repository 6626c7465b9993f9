"""Proxies in front of what tests play the vendor with: another mock, or a server of bare bytes."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import Live, serve
from tests.proxy.drift import Drift, drifting_backend
from tests.waiting import LONG
from understudy.core.settings import Settings
from understudy.inprocess.live_server import LiveServer
from understudy.proxy.app import make_proxy_app
from understudy.proxy.options import ProxyOptions

KEYS = {
    "sent": {"x-api-key": "sk_test_acme_admin"},
    "zexa": {"authorization": "Bearer zexa_test_acme"},
}
Told = list[tuple[str, str, str]]


@contextmanager
def playing(drifts: Mapping[str, Drift], settings: Settings | None = None) -> Iterator[Live]:
    """A mock that plays the vendors, with some of its operations drifted: operationId -> drift."""
    server = serve(settings or Settings(), backend=drifting_backend(drifts))
    try:
        yield next(server)
    finally:
        server.close()


@contextmanager
def fronted(
    vendor: str, upstream: str, terms: ProxyOptions | None = None, settings: Settings | None = None
) -> Iterator[LiveServer]:
    """A proxy to a vendor that is played at this URL."""
    with LiveServer(make_proxy_app(vendor, upstream, terms, settings)) as proxy:
        yield proxy


def in_header(reply: httpx.Response) -> Told:
    """Code, place and pointer of each diagnosis in a reply's header."""
    return told(json.loads(reply.headers.get("x-understudy-diagnosis", "[]")))


def in_journal(proxy: LiveServer, reply: httpx.Response) -> Told:
    """Code, place and pointer of each diagnosis that the journal has of a reply's exchange."""
    return told(kept(proxy, reply)["diagnoses"])


def told(diagnoses: list[dict[str, str]]) -> Told:
    """What is compared of diagnoses; every member of each must say something."""
    assert all(each["message"] and each["hint"] for each in diagnoses)
    return [(each["code"], each["in"], each["pointer"]) for each in diagnoses]


def kept(proxy: LiveServer, reply: httpx.Response) -> dict[str, Any]:
    """What the journal has of the exchange of a reply."""
    session = reply.headers["x-understudy-session"]
    url = (
        f"{proxy.url}/__admin/sessions/{session}/requests/{reply.headers['x-understudy-exchange']}"
    )
    found: dict[str, Any] = httpx.get(url).raise_for_status().json()
    return found


class Bytes:
    """A server that answers every request with the bytes that it is given, and notes what came.

    Attributes:
        answer: what goes back for a request; it may raise to close the connection at once.
        received: the requests as they came, body included.
    """

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.received: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(wire,), daemon=True).start()

    def _talk(self, wire: socket.socket) -> None:
        with wire, suppress(ConnectionError):
            while request := read_request(wire):
                self.received.append(request)
                answer = self.answer(request)
                wire.sendall(answer)
                if not is_whole(answer):
                    return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def is_whole(answer: bytes) -> bool:
    """Whether another reply may follow: a server must not close a connection unannounced."""
    head, _, body = answer.lower().partition(b"\r\n\r\n")
    return b"content-length: %d\r\n" % len(body) in head + b"\r\n" and b"\nconnection:" not in head


def read_request(wire: socket.socket) -> bytes:
    """One request whose body, if any, has a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = wire.recv(65_536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < length:
        body += wire.recv(65_536)
    return head + b"\r\n\r\n" + body


@contextmanager
def answering(answer: bytes | Callable[[bytes], bytes]) -> Iterator[Bytes]:
    """A server that answers these bytes to everything."""
    server = Bytes(answer if callable(answer) else lambda request: answer)
    try:
        yield server
    finally:
        server.close()


def ok(body: bytes = b"{}", *lines: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole reply with a JSON body and more header lines."""
    length = b"content-length: %d" % len(body)
    head = [b"HTTP/1.1 " + status, b"content-type: application/json", length, *lines]
    return b"\r\n".join([*head, b"", body])


def exchange(url: str, request: bytes) -> bytes:
    """What comes back on the wire for these bytes; the connection must end by itself."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=LONG) as wire:
        wire.sendall(request)
        return b"".join(iter(lambda: wire.recv(65_536), b""))


@contextmanager
def dribbling() -> Iterator[str]:
    """A server that sends a byte of its reply now and then, for ever."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_one() -> None:
        with suppress(OSError), listener.accept()[0] as wire:
            read_request(wire)
            wire.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            while not stop.wait(0.05):
                wire.sendall(b"x")

    thread = threading.Thread(target=serve_one)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        # Wakes a thread to which nobody came.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody signed, and its key."""
    made, key = folder / "certificate.pem", folder / "key.pem"
    asked = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    new = ["-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(made)]
    subprocess.run(["openssl", "req", *new, *asked], check=True, capture_output=True)
    return made, key


@contextmanager
def answering_tls(folder: Path, answer: bytes) -> Iterator[str]:
    """A server with such a certificate that answers these bytes to one request."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate(folder))
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_one() -> None:
        with suppress(OSError):
            wire, _ = listener.accept()
            with context.wrap_socket(wire, server_side=True) as secure:
                if secure.recv(65_536):
                    secure.sendall(answer)

    thread = threading.Thread(target=serve_one)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()

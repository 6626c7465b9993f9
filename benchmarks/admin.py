"""What the admin plane costs: a month in one call, snapshots, and what thousands of sessions hold.

.venv/bin/python benchmarks/admin.py
"""

from __future__ import annotations

import sys
from pathlib import Path

# This folder holds an `http`, which must not stand in for the standard library's.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import asyncio
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from benchmarks.measure import LIST, Connection, Target, figure_text, machine, table, understudy
from understudy.core.clock import parse_instant
from understudy.core.settings import Settings
from understudy.server.app import create_app

LIFECYCLES, RETRIES, SESSIONS = 1_000, 200, 5_000
KEY = {"authorization": "Bearer am_live_oc01abcdefghijklmnopqrstuvwxyz0123"}
SHIFT = Target(budget=2.0)
RESTORE = Target(budget=1.0, goal=0.2)
ROOM = Target(budget=12.0)


class Receiver(ThreadingHTTPServer):
    """Answers each delivery with `status` and counts."""

    request_queue_size = 512
    daemon_threads = True
    status = 500
    count = 0


class Answer(BaseHTTPRequestHandler):
    """One delivery to a receiver."""

    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.count += 1
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """A benchmark's receiver keeps quiet."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver in a thread."""
    receiver = Receiver(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
    thread.start()
    yield receiver
    receiver.shutdown()
    thread.join()
    receiver.server_close()


async def register(client: httpx.AsyncClient, body: dict[str, Any], count: int) -> None:
    """Have campaigns filed and decided later."""
    for _ in range(count):
        reply = await client.post("/agentmessage/v1/campaigns", headers=KEY, json=body)
        reply.raise_for_status()


async def shift(client: httpx.AsyncClient, duration: str) -> tuple[float, int]:
    """Seconds that a shift takes, and how many calls it fired."""
    begun = time.perf_counter()
    reply = await client.patch("/__admin/clock", json={"shift": duration})
    spent = time.perf_counter() - begun
    return spent, len(reply.raise_for_status().json()["fired"])


async def month(receiver: Receiver) -> Iterator[tuple[str, float, Target]]:
    """A shift of 30 days over pending lifecycles and webhook retries, then one over nothing."""
    app = create_app(Settings(clock=parse_instant("2026-03-11T12:00:00Z")))
    operation = app.services["agentmessage"].document.operations["createCampaign"]
    assert operation.body is not None
    sample = "Acme: your code is 123456. Reply STOP to opt out."
    body = {**operation.body.examples["documented"], "sample1": sample}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        url = f"http://127.0.0.1:{receiver.server_port}/"
        hook = {"url": url, "events": ["campaign.approved"]}
        reply = await client.post("/agentmessage/v1/webhooks", headers=KEY, json=hook)
        await register(client, body, RETRIES)
        await shift(client, "PT7S")
        receiver.status, receiver.count = 200, 0
        # Only the retries call the receiver from now on.
        endpoint = f"/agentmessage/v1/webhooks/{reply.raise_for_status().json()['id']}"
        await client.patch(endpoint, headers=KEY, json={"events": ["brand.vetted"]})
        await register(client, body, LIFECYCLES)
        spent, fired = await shift(client, "P30D")
        again, none = await shift(client, "PT1S")
    if (fired, receiver.count, none) != (2 * LIFECYCLES + RETRIES, RETRIES, 0):
        raise SystemExit(f"fired {fired} and {none}, delivered {receiver.count}")
    name = f"30 days over {LIFECYCLES:,} lifecycles and {RETRIES} retries, s"
    return iter([(name, spent, SHIFT), ("the same shift again, ms", again * 1_000, Target())])


async def snapshots() -> Iterator[tuple[str, float, Target]]:
    """Saving and restoring the seed world, with a change between."""
    app = create_app(Settings(clock=parse_instant("2026-03-11T12:00:00Z")))
    session = app.session()
    world, saved, restored = session.snapshot(), [], []
    for _ in range(200):
        await session.store.write({("sent", "campaigns", "x"): {"y": b'{"id":"y"}'}})
        begun = time.perf_counter()
        session.snapshot()
        saved.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        session.restore(world)
        restored.append(time.perf_counter() - begun)
    middle = len(saved) // 2
    return iter(
        [
            ("save a snapshot, ms", sorted(saved)[middle] * 1_000, RESTORE),
            ("restore a snapshot, ms", sorted(restored)[middle] * 1_000, RESTORE),
        ]
    )


def sessions() -> Iterator[tuple[str, float, Target]]:
    """What a session holds that was asked once, in resident memory of a real server."""
    with tempfile.TemporaryDirectory() as folder, understudy(Path(folder)) as server:
        origin = server.origin.removesuffix("/sent")
        connection = Connection(int(origin.rpartition(":")[2]))
        before = resident(server.process.pid)
        for number in range(SESSIONS):
            if connection.ask(replace(LIST, path=f"/@s{number}/sent{LIST.path}")) != LIST.status:
                raise SystemExit(f"session {number} did not answer")
        grown = resident(server.process.pid) - before
        connection.close()
    yield f"{SESSIONS:,} sessions, KiB each", grown / SESSIONS, ROOM


def resident(pid: int) -> float:
    """KiB of resident memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return float(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def main() -> None:
    print(machine())
    with receiving() as receiver:
        figures = [*asyncio.run(month(receiver)), *asyncio.run(snapshots()), *sessions()]
    rows = [("figure", "value", "verdict")]
    rows += [(name, figure_text(value), target.verdict(value)) for name, value, target in figures]
    print(table(rows))


if __name__ == "__main__":
    main()

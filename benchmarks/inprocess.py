"""What the mock costs by itself: calls without a socket, sessions, memory, start.

.venv/bin/python benchmarks/inprocess.py
"""

from __future__ import annotations

import sys
from pathlib import Path

# This folder holds an `http`, which must not stand in for the standard library's.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import asyncio
import dataclasses
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from statistics import median
from typing import Any

import orjson

from benchmarks.measure import (
    CREATE,
    LIST,
    LISTED,
    REFUSED,
    Connection,
    Request,
    Server,
    Target,
    figure_text,
    machine,
    percentile,
    table,
    understudy,
)
from understudy.core.settings import Settings
from understudy.engine.registry import open_service
from understudy.openapi.document import Document
from understudy.server.app import App, create_app
from understudy.service.service import Service
from understudy.session.session import Session

MICROSECOND, MILLISECOND = 1_000, 1_000_000
FEW, MANY = 100, 100_000
OPERATIONS = 600
# Calls that are made in a row before another case has its turn.
BATCH = 100
CALL = Target(budget=120, goal=60)
SCALING = Target(budget=1.1, goal=1.0)
NEW_SESSION = Target(budget=1.0, goal=0.3)
RESET = Target(budget=1.0, goal=0.2)
IDLE = Target(budget=90, goal=70)
GROWTH = Target(budget=20, goal=10)
# The budget is relative to Prism; see http.py.
START = Target(goal=0.4)


@dataclasses.dataclass(frozen=True)
class Figure:
    """One measured value.

    Attributes:
        detail: what else was seen, such as the 99th percentile.
    """

    name: str
    value: float
    unit: str
    target: Target
    detail: str = ""

    def row(self) -> list[str]:
        """The figure as a line of the table."""
        detail = f" ({self.detail})" if self.detail else ""
        limits = (self.target.budget, self.target.goal)
        asked = ["-" if limit is None else f"{limit:g} {self.unit}" for limit in limits]
        value = f"{figure_text(self.value)} {self.unit}{detail}"
        return [self.name, value, *asked, self.target.verdict(self.value)]


async def do_nothing() -> None:
    """Leave things as they are."""


@dataclasses.dataclass(frozen=True)
class Case:
    """A request to an app, again and again.

    Attributes:
        before: puts things back before each batch; not measured.
    """

    app: App
    prefix: str
    request: Request
    before: Callable[[], Awaitable[None]] = do_nothing


async def timed_call(app: App, address: str, request: Request) -> int:
    """Nanoseconds of one call of an ASGI app.

    Raises:
        RuntimeError: when the reply is not the one that is to be measured.
    """
    scope = scope_of(address + request.path, request)
    incoming = {"type": "http.request", "body": request.body.encode(), "more_body": False}
    sent: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return incoming

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    started = time.perf_counter_ns()
    await app(scope, receive, send)
    spent = time.perf_counter_ns() - started
    if sent[0]["status"] != request.status:
        raise RuntimeError(f"{request.name} was answered {sent[0]['status']}: {sent[-1]['body']!r}")
    return spent


def scope_of(path: str, request: Request) -> dict[str, Any]:
    """The scope that uvicorn would make, with the headers that an HTTP client sends."""
    sent = {"host": "127.0.0.1:4010", "accept": "*/*", "user-agent": "bench", **request.headers}
    if request.body:
        sent["content-length"] = str(len(request.body.encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 4010),
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "method": request.method,
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "state": {},
    }


async def alternate(cases: Mapping[str, Case], repetitions: int) -> dict[str, list[float]]:
    """Microseconds of each call by case; the cases take turns, so that noise meets them alike."""
    spent: dict[str, list[float]] = {name: [] for name in cases}
    for name, case in [*cases.items()] * (1 + max(1, repetitions // BATCH)):
        await case.before()
        spent[name] += [
            await timed_call(case.app, case.prefix, case.request) / MICROSECOND
            for _ in range(BATCH)
        ]
    # The first turn is a warm-up.
    return {name: each[BATCH:] for name, each in spent.items()}


def call_figure(name: str, spent: list[float], target: Target) -> Figure:
    """The median call, in microseconds."""
    return Figure(name, median(spent), "us", target, f"p99 {figure_text(percentile(spent, 99))} us")


def ratio_figure(name: str, spent: list[float], reference: list[float]) -> Figure:
    """How many times as long the median call takes."""
    # Rounded: what is closer than a hundredth is noise.
    return Figure(name, round(median(spent) / median(reference), 2), "x", SCALING)


async def fill(session: Session, stored: int) -> None:
    """Store campaigns, spread over many profiles, beside the seed world's own."""
    campaigns = await session.store.read_all(("sent", "campaigns", LISTED))
    model = orjson.loads(next(iter(campaigns.values())))
    each = 10 if stored <= FEW else 100
    for owner in range(stored // each):
        profile = f"880e8400-e29b-41d4-a716-{owner:012x}"
        shelf: dict[str, bytes | None] = {}
        for number in range(each):
            id = f"c0ffee00-0000-4000-8000-{owner * each + number:012x}"
            shelf[id] = orjson.dumps({**model, "id": id, "customerId": profile})
        await session.store.commit({("sent", "campaigns", profile): shelf})


async def filled(app: App, name: str, stored: int) -> Callable[[], Awaitable[None]]:
    """Fill a session of this name; return what puts it back to just that."""
    session = app.session(name)
    await fill(session, stored)
    return partial(session.store.restore, await session.store.snapshot())


async def measure_calls(repetitions: int) -> list[Figure]:
    """Calls at few and at many stored campaigns, in two sessions of one app."""
    app = create_app()
    cases = {}
    for stored in (FEW, MANY):
        name = f"stored-{stored:06}"
        before = await filled(app, name, stored)
        for request in (CREATE, LIST):
            case = Case(app, f"/@{name}/sent", request, before)
            cases[f"{request.name}, {stored:,} stored"] = case
    spent = await alternate(cases, repetitions)
    figures = [call_figure(name, each, CALL) for name, each in spent.items()]
    for request in (CREATE, LIST):
        few, many = (spent[f"{request.name}, {stored:,} stored"] for stored in (FEW, MANY))
        name = f"{request.name}, {MANY:,} stored against {FEW:,}"
        figures.append(ratio_figure(name, many, few))
    return figures


def repeated(service: Service, operations: int) -> tuple[Service, str]:
    """The service with its operations repeated in the document, and the last API version."""
    times = operations // len(service.document.operations)
    paths: dict[str, Any] = {}
    handlers = {}
    for number in range(times):
        for path, item in service.document.raw["paths"].items():
            paths[path.replace("/v3/", f"/v{3 + number}/", 1)] = _renamed(item, number)
        handlers.update({f"{id}{number or ''}": each for id, each in service.handlers.items()})
    document = Document(service.name, {**service.document.raw, "paths": paths})
    service = dataclasses.replace(service, document=document, handlers=handlers)
    return service, f"/v{2 + times}/"


def _renamed(item: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A path's item with other operationIds; the first copy keeps its own."""
    return {
        name: {**node, "operationId": f"{node['operationId']}{number or ''}"}
        if isinstance(node, dict) and "operationId" in node
        else node
        for name, node in item.items()
    }


async def measure_size(repetitions: int) -> list[Figure]:
    """Calls with a document of 600 operations against the real one; the last copy is called."""
    real = open_service("sent")
    large, version = repeated(real, OPERATIONS)
    apps = {"real": App([real], Settings(), None), "large": App([large], Settings(), None)}
    cases = {}
    for name, app in apps.items():
        for request in (CREATE, LIST):
            path = request.path if name == "real" else request.path.replace("/v3/", version)
            asked = dataclasses.replace(request, path=path)
            cases[f"{request.name} {name}"] = Case(app, "/sent", asked, app.session().store.reset)
    spent = await alternate(cases, repetitions)
    operations = len(large.document.operations)
    return [
        ratio_figure(
            f"{request.name}, {operations} operations against {len(real.document.operations)}",
            spent[f"{request.name} large"],
            spent[f"{request.name} real"],
        )
        for request in (CREATE, LIST)
    ]


async def measure_sessions(repetitions: int) -> list[Figure]:
    """New sessions, each with its first POST."""
    app = create_app()
    spent = [
        await timed_call(app, f"/@new-{number}/sent", CREATE) / MILLISECOND
        for number in range(repetitions)
    ][BATCH:]
    detail = f"p99 {figure_text(percentile(spent, 99))} ms"
    return [Figure("new session and its first POST", median(spent), "ms", NEW_SESSION, detail)]


async def measure_resets(stored: int, repetitions: int) -> list[Figure]:
    """Reset and restore of a session that stores so much and is written to in between."""
    app = create_app()
    session = app.session()
    reset = []
    for _ in range(repetitions):
        await fill(session, stored)
        await timed_call(app, "/sent", CREATE)
        reset.append(await milliseconds(session.reset))
    back = await filled(app, session.name, stored)
    restored = []
    for _ in range(repetitions):
        await timed_call(app, "/sent", CREATE)
        restored.append(await milliseconds(back))
    return [
        Figure(f"reset a session, {stored:,} stored", median(reset), "ms", RESET),
        Figure(f"restore a snapshot, {stored:,} stored", median(restored), "ms", RESET),
    ]


async def milliseconds(action: Callable[[], Awaitable[None]]) -> float:
    """How long it takes."""
    started = time.perf_counter_ns()
    await action()
    return (time.perf_counter_ns() - started) / MILLISECOND


def measure_memory(requests: int) -> list[Figure]:
    """A server's memory when it is ready, and after it stored some and answered many requests."""
    with tempfile.TemporaryDirectory() as folder, understudy(Path(folder)) as server:
        idle = resident(server)
        with closing(server.connect()) as connection:
            for request in traffic(requests):
                expect(connection, request)
        growth = resident(server) - idle
    name = f"memory after {requests:,} requests"
    return [
        Figure("memory, idle", idle, "MB", IDLE, "resident set"),
        Figure(name, growth, "MB", GROWTH, f"more than idle; {FEW} campaigns stored"),
    ]


def traffic(requests: int) -> Iterator[Request]:
    """A few creates, then lists and refused creates by turns: nothing more is stored."""
    for number in range(requests):
        yield CREATE if number < FEW else (LIST, REFUSED)[number % 2]


def expect(connection: Connection, request: Request) -> None:
    """Ask, and insist on the reply's status."""
    status = connection.ask(request)
    if status != request.status:
        raise RuntimeError(f"{request.name} was answered {status}, not {request.status}")


def resident(server: Server) -> float:
    """A server's resident set in megabytes."""
    command = ["ps", "-o", "rss=", "-p", str(server.process.pid)]
    return int(subprocess.check_output(command)) / 1024


def measure_start(times: int) -> list[Figure]:
    """From starting the command to its first good reply."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            with understudy(Path(folder)) as server:
                seconds.append(server.seconds_to_reply)
    detail = f"{min(seconds):.2f} to {max(seconds):.2f} s in {times} starts"
    return [Figure("start to first good reply", median(seconds), "s", START, detail)]


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=10_000, help="calls per figure")
    parser.add_argument("--requests", type=int, default=100_000, help="for the memory figure")
    parser.add_argument("--starts", type=int, default=5, help="for the start figure")
    return parser.parse_args()


async def measure_in_process(repetitions: int) -> list[Figure]:
    """Everything that needs no server."""
    return [
        *await measure_calls(repetitions),
        *await measure_size(repetitions),
        *await measure_sessions(max(2 * BATCH, repetitions // 5)),
        *await measure_resets(FEW, repetitions=100),
        *await measure_resets(MANY, repetitions=5),
    ]


def main() -> None:
    """Measure, and print one table."""
    chosen = options()
    print(f"understudy by itself. {machine()}\n")
    figures = asyncio.run(measure_in_process(chosen.repetitions))
    figures += measure_memory(chosen.requests)
    figures += measure_start(chosen.starts)
    head = ["figure", "value", "budget", "goal", "verdict"]
    print(table([head, *(figure.row() for figure in figures)]))


if __name__ == "__main__":
    main()

"""What `understudy.mock()` costs: the import, the first use, later uses, a request by each client.

.venv/bin/python benchmarks/intercept.py
"""

from __future__ import annotations

import sys
from pathlib import Path

# This folder holds an `http`, which must not stand in for the standard library's.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable
from statistics import median

import aiohttp
import httpx
import httpx_aiohttp
import requests
import urllib3

import understudy
from benchmarks.inprocess import Figure
from benchmarks.measure import LIST, Target, figure_text, machine, percentile, table

MICROSECOND, MILLISECOND = 1_000, 1_000_000
URL = f"https://api.sent.dm{LIST.path}"
NONE = Target()
IMPORT = Target(budget=60)
FIRST = Target(budget=600)
LATER = Target(budget=1)
FIRST_USE = """
import time
started = time.perf_counter_ns()
import understudy
with understudy.mock():
    print(time.perf_counter_ns() - started)
"""


def measure_import(times: int) -> Figure:
    """How much longer an interpreter lives that imports the package; by turns with an empty one."""
    spent: dict[str, list[float]] = {"pass": [], "import understudy": []}
    for code in [*spent] * times:
        started = time.perf_counter_ns()
        subprocess.run([sys.executable, "-c", code], check=True)
        spent[code].append((time.perf_counter_ns() - started) / MILLISECOND)
    empty, whole = (median(each) for each in spent.values())
    detail = f"an empty interpreter: {figure_text(empty)} ms"
    return Figure("import understudy", whole - empty, "ms", IMPORT, detail)


def measure_first(times: int) -> Figure:
    """From `import understudy` to an active mock, in a fresh process."""
    spent = []
    for _ in range(times):
        shown = subprocess.check_output([sys.executable, "-c", FIRST_USE])
        spent.append(int(shown) / MILLISECOND)
    return Figure("first use, its import included", median(spent), "ms", FIRST)


def measure_later(repetitions: int) -> Figure:
    """Entering and leaving a mock whose settings have been used before."""
    spent = []
    for _ in range(repetitions):
        started = time.perf_counter_ns()
        with understudy.mock():
            pass
        spent.append((time.perf_counter_ns() - started) / MILLISECOND)
    return Figure("later uses", median(spent), "ms", LATER, _worst(spent, "ms"))


def _worst(spent: list[float], unit: str) -> str:
    return f"p99 {figure_text(percentile(spent, 99))} {unit}"


def request_figure(name: str, spent: list[float]) -> Figure:
    """The median request, in microseconds."""
    return Figure(f"GET a page by {name}", median(spent), "us", NONE, _worst(spent, "us"))


def timed(ask: Callable[[], int], repetitions: int) -> list[float]:
    """Microseconds of each request.

    Raises:
        RuntimeError: when the reply is not the one that is to be measured.
    """
    spent = []
    for _ in range(repetitions):
        started = time.perf_counter_ns()
        status = ask()
        spent.append((time.perf_counter_ns() - started) / MICROSECOND)
        expect(status)
    return spent


async def timed_async(ask: Callable[[], Awaitable[int]], repetitions: int) -> list[float]:
    """As `timed`, for coroutines."""
    spent = []
    for _ in range(repetitions):
        started = time.perf_counter_ns()
        status = await ask()
        spent.append((time.perf_counter_ns() - started) / MICROSECOND)
        expect(status)
    return spent


def expect(status: int) -> None:
    """Insist on the status."""
    if status != LIST.status:
        raise RuntimeError(f"{LIST.name} was answered {status}, not {LIST.status}")


def measure_sync(repetitions: int) -> list[Figure]:
    """One request by each synchronous client, kept open."""
    with httpx.Client(headers=LIST.headers) as http, requests.Session() as session:
        session.headers.update(LIST.headers)
        pool = urllib3.PoolManager(headers=LIST.headers)
        asks: dict[str, Callable[[], int]] = {
            "httpx": lambda: http.get(URL).status_code,
            "requests": lambda: session.get(URL, timeout=5).status_code,
            "urllib3": lambda: pool.request("GET", URL).status,
        }
        return [request_figure(name, timed(ask, repetitions)) for name, ask in asks.items()]


async def measure_async(repetitions: int) -> list[Figure]:
    """One request by each asynchronous client, kept open."""
    async with (
        httpx.AsyncClient(headers=LIST.headers) as http,
        httpx_aiohttp.HttpxAiohttpClient(headers=LIST.headers) as bridge,
        aiohttp.ClientSession(headers=LIST.headers) as session,
    ):

        async def by_aiohttp() -> int:
            async with session.get(URL) as reply:
                await reply.read()
                return reply.status

        async def by_httpx() -> int:
            return (await http.get(URL)).status_code

        async def by_bridge() -> int:
            return (await bridge.get(URL)).status_code

        asks: dict[str, Callable[[], Awaitable[int]]] = {
            "httpx, async": by_httpx,
            "httpx over aiohttp": by_bridge,
            "aiohttp": by_aiohttp,
        }
        return [
            request_figure(name, await timed_async(ask, repetitions)) for name, ask in asks.items()
        ]


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=2_000, help="requests per client")
    parser.add_argument("--starts", type=int, default=9, help="processes per figure")
    return parser.parse_args()


def main() -> None:
    """Measure, and print one table."""
    chosen = options()
    print(f"understudy.mock(). {machine()}\n")
    figures = [measure_import(chosen.starts), measure_first(chosen.starts)]
    with understudy.mock():
        figures.append(measure_later(chosen.repetitions))
        figures += measure_sync(chosen.repetitions)
        figures += asyncio.run(measure_async(chosen.repetitions))
    head = ["figure", "value", "budget", "goal", "verdict"]
    print(table([head, *(figure.row() for figure in figures)]))


if __name__ == "__main__":
    main()

"""What the benchmarks share: what is asked, servers as processes, figures and their verdicts."""

from __future__ import annotations

import http.client
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

ROOT = Path(__file__).parents[1]
SPEC = ROOT / "specs" / "sent.yaml"
UNDERSTUDY = str(Path(sys.executable).with_name("understudy"))
KEY = "sk_test_acme_admin"
LOOPBACK = "127.0.0.1"
# POSTs go to one profile and lists are of another, so that a list stays as long as the seed's.
POSTED = "660e8400-e29b-41d4-a716-446655440007"
LISTED = "770e8400-e29b-41d4-a716-446655440002"


@dataclass(frozen=True)
class Request:
    """One request as all servers get it.

    Attributes:
        path: at the vendor, without our prefix.
        status: of a good reply.
    """

    name: str
    method: str
    path: str
    status: int
    body: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The key, and what a body needs; no Idempotency-Key: each POST is a request of its own."""
        typed = {"content-type": "application/json"} if self.body else {}
        return {"x-api-key": KEY, **typed}


def _documented_body() -> str:
    file = ROOT / "fixtures" / "sent" / "exchanges" / "create-campaign-success.json"
    return json.dumps(json.loads(file.read_text())["request"]["body"], separators=(",", ":"))


CREATE = Request(
    "POST createCampaign", "POST", f"/v3/profiles/{POSTED}/campaigns", 201, _documented_body()
)
LIST = Request("GET listCampaigns", "GET", f"/v3/profiles/{LISTED}/campaigns", 200)
REFUSED = Request("refused POST", "POST", CREATE.path, 400, '{"campaign":{"name":""}}')


class Unready(Exception):
    """A server that does not give a good reply; says what it said instead."""


@dataclass
class Server:
    """A server as a process, and how long it took from its start to its first good reply."""

    process: subprocess.Popen[bytes]
    find_port: Callable[[], int]
    prefix: str
    log: Path
    seconds_to_reply: float = 0.0

    @property
    def origin(self) -> str:
        """What stands before the vendor's paths."""
        return f"http://{LOOPBACK}:{self.find_port()}{self.prefix}"

    @property
    def state(self) -> str:
        """Whether it runs, and the end of what it said."""
        status = self.process.poll()
        running = "it runs" if status is None else f"it ended with status {status}"
        return f"{running}; it said: {self.log.read_text()[-500:].strip() or 'nothing'}"

    def connect(self) -> Connection:
        """A keep-alive connection."""
        return Connection(self.find_port(), self.prefix)

    def ask(self, request: Request) -> int:
        """The status of the reply to one request, over a connection of its own."""
        with closing(self.connect()) as connection:
            return connection.ask(request)


class Connection:
    """A keep-alive connection to a server on loopback."""

    def __init__(self, port: int, prefix: str = "") -> None:
        self._client = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
        self._prefix = prefix

    def ask(self, request: Request) -> int:
        """The status of the reply to one request."""
        address = self._prefix + request.path
        self._client.request(request.method, address, request.body or None, request.headers)
        reply = self._client.getresponse()
        reply.read()
        return reply.status

    def close(self) -> None:
        self._client.close()


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str], port: Callable[[], int], log: Path, prefix: str = ""
) -> Iterator[Server]:
    """Run a server until the context is left.

    Args:
        port: tells where it listens; raises OSError or ValueError while that is not known yet.
        log: a file that gets all it says.
        prefix: what stands before the vendor's path in its addresses.

    Raises:
        Unready: when it ends, or gives no good reply within 30 seconds.
    """
    started = time.perf_counter()
    with log.open("wb") as output:
        # A group of its own, because some commands are launchers of the server proper.
        process = subprocess.Popen(
            command, cwd=log.parent, stdout=output, stderr=output, start_new_session=True
        )
    try:
        server = Server(process, port, prefix, log)
        _await_reply(server)
        server.seconds_to_reply = time.perf_counter() - started
        yield server
    finally:
        _end(process)


def _await_reply(server: Server) -> None:
    said: object = "nothing"
    patience = time.perf_counter() + 30
    while time.perf_counter() < patience and server.process.poll() is None:
        try:
            said = server.ask(LIST)
        except (OSError, ValueError, http.client.HTTPException) as error:
            said = error
        if said == LIST.status:
            return
        time.sleep(0.002)
    raise Unready(f"the server gave no good reply ({said}); {server.state}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the group, launched servers included."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    except ProcessLookupError:
        process.wait()


@contextmanager
def understudy(folder: Path) -> Iterator[Server]:
    """Our own server, as users start it: every vendor, stateful, journalled, response-checked.

    Args:
        folder: gets its log and its port file.
    """
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    command = [UNDERSTUDY, "serve", "--quiet", "--port", "0", "--port-file", str(port_file)]
    with serving(
        command, lambda: int(port_file.read_text()), folder / "understudy.log", "/sent"
    ) as server:
        yield server


@dataclass(frozen=True)
class Target:
    """What the design asks of a figure; None where it asks nothing, or nothing to compare with.

    Attributes:
        budget: has to be met.
        goal: would be good.
        more_is_better: the figure should not be below, rather than not above.
    """

    budget: float | None = None
    goal: float | None = None
    more_is_better: bool = False

    def verdict(self, value: float) -> str:
        """How a figure stands to it."""
        if self.budget is not None and not self._meets(value, self.budget):
            return "MISSED"
        if self.goal is not None and self._meets(value, self.goal):
            return "goal met"
        if self.budget is not None:
            return "within budget"
        return "-" if self.goal is None else "goal not met"

    def _meets(self, value: float, limit: float) -> bool:
        return value >= limit if self.more_is_better else value <= limit


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` in a hundred do not exceed."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def figure_text(value: float) -> str:
    """A value with three digits, or all that stand before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """A markdown table; the first row is its head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * width for width in widths]
    lines = [rows[0], rule, *rows[1:]]
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)


def machine() -> str:
    """What the figures were measured on, and how busy it was before."""
    load = os.getloadavg()[0]
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores ({_processor()}), "
        f"Python {platform.python_version()}, load {load:.1f} before the run"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"

"""Requests per second over HTTP, side by side with the stateless peers on the same document.

    .venv/bin/python benchmarks/http.py

Needs the load generator wrk (or oha 1.9); npm installs the peers, at the versions named here.
"""

from __future__ import annotations

import sys
from pathlib import Path

# This file's folder must not be searched for modules: `http` is the standard library's.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median
from typing import Any

from benchmarks.measure import (
    CREATE,
    KEY,
    LIST,
    LOOPBACK,
    REFUSED,
    ROOT,
    SPEC,
    Request,
    Server,
    Target,
    Unready,
    figure_text,
    free_port,
    machine,
    serving,
    table,
    understudy,
)
from understudy import __version__
from understudy.engine.prefer import choose_first_example
from understudy.openapi.document import Document, read_document
from understudy.openapi.schemas import to_json_schema

CASES = (CREATE, LIST)
OURS, PRISM, STEADY, WIREMOCK = "understudy", "Prism", "Steady", "WireMock"
# Each peer's npm package, the version that is measured, and what it takes to run it.
PACKAGES = {
    PRISM: ("@stoplight/prism-cli", "5.16.0"),
    STEADY: ("@stdy/cli", "0.22.2"),
    WIREMOCK: ("wiremock", "3.13.2"),
}
PROGRAMS = {PRISM: ("npm", "node"), STEADY: ("npm", "node"), WIREMOCK: ("npm", "java")}
# Seconds of load before the first round of a case, and of rest before each round, in which the
# one who was loaded before ends what it still does in the background.
WARM_UP, REST = 2, 1


@dataclass(frozen=True)
class Load:
    """How much is asked: connections kept alive, seconds per round, rounds per server and case."""

    connections: int
    seconds: int
    rounds: int

    @property
    def text(self) -> str:
        """The load as people say it."""
        return f"{self.connections} connections, {self.rounds} rounds of {self.seconds} s each"


@dataclass(frozen=True)
class Round:
    """What one round of load saw.

    Attributes:
        rate: replies per second.
        p50, p99: latencies in milliseconds.
        errors: replies that were not good, and connections that broke.
    """

    rate: float
    p50: float
    p99: float
    requests: int
    errors: int


Run = Callable[[Load, Server, Request], Round]
Start = Callable[[Path], AbstractContextManager[Server]]


@dataclass
class Contender:
    """One of those compared: how to start it in a folder, and what was measured of it."""

    name: str
    start: Start
    starts: list[float] = field(default_factory=list)
    rounds: dict[str, list[Round]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its name and version."""
        version = PACKAGES[self.name][1] if self.name in PACKAGES else __version__
        return f"{self.name} {version}"

    def seen(self, case: Request, figure: str) -> list[float]:
        """One figure of each round of a case."""
        return [getattr(each, figure) for each in self.rounds[case.name]]

    def errors(self, case: Request) -> int:
        """All rounds' errors."""
        return sum(each.errors for each in self.rounds[case.name])


# wrk prints for people; this sends the body and prints the numbers.
WRK_SCRIPT = """
wrk.method = "%(method)s"
wrk.body = %(body)s
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('figures {"requests": %%d, "microseconds": %%d, "p50": %%d, ' ..
    '"p99": %%d, "errors": %%d}', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def wrk(program: str, load: Load, server: Server, request: Request) -> Round:
    """One round with wrk, from one thread; it takes every status below 400 for a good one."""
    body = f"[==[{request.body}]==]" if request.body else "nil"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK_SCRIPT % {"method": request.method, "body": body})
        script.flush()
        command = [program, "-t1", f"-c{load.connections}", f"-d{load.seconds}s", "-s", script.name]
        said = _output(server, [*command, *_headers(request), server.origin + request.path])
    figures = json.loads(said.rpartition("figures ")[2])
    return Round(
        rate=figures["requests"] * 1e6 / figures["microseconds"],
        p50=figures["p50"] / 1e3,
        p99=figures["p99"] / 1e3,
        requests=figures["requests"],
        errors=figures["errors"],
    )


def oha(program: str, load: Load, server: Server, request: Request) -> Round:
    """One round with oha."""
    command = [program, "--no-tui", "--output-format", "json", "-m", request.method]
    command += ["-z", f"{load.seconds}s", "-c", str(load.connections)]
    body = ["-d", request.body] if request.body else []
    return read_oha(
        _output(server, [*command, *body, *_headers(request), server.origin + request.path]),
        request,
    )


def read_oha(text: str, request: Request) -> Round:
    """What oha said (see its schema.json); a request that the deadline cut off is no error."""
    said = json.loads(text)
    statuses = said["statusCodeDistribution"]
    replies = sum(statuses.values())
    broken = sum(n for why, n in said["errorDistribution"].items() if "deadline" not in why)
    return Round(
        rate=said["summary"]["requestsPerSec"],
        p50=said["latencyPercentiles"]["p50"] * 1e3,
        p99=said["latencyPercentiles"]["p99"] * 1e3,
        requests=replies,
        errors=replies - statuses.get(str(request.status), 0) + broken,
    )


def _headers(request: Request) -> list[str]:
    return [word for name, value in request.headers.items() for word in ("-H", f"{name}: {value}")]


def _output(server: Server, command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise Unready(f"{command[0]} failed at {command[-1]}: {said}; the server: {server.state}")
    return done.stdout


def load_generator() -> tuple[str, Run]:
    """The load generator of this machine: its name, and what runs a round with it.

    Raises:
        SystemExit: when there is none.
    """
    for name, run in (("wrk", wrk), ("oha", oha)):
        program = shutil.which(name)
        if program is not None:
            return name, partial(run, program)
    sys.exit(
        "benchmarks/http.py measured nothing: neither wrk (apt-get install wrk, brew install wrk) "
        "nor oha is on the PATH."
    )


def contenders(names: Sequence[str], peers: Path) -> list[Contender]:
    """Ourselves and those peers that this machine can run; says who is left out and why.

    Args:
        peers: the folder that npm installs them into.
    """
    able = []
    for name in names:
        try:
            install(name, peers)
            able.append(Contender(name, partial(start_peer, COMMANDS[name], peers)))
        except Unready as error:
            print(f"{name} is left out: {error}")
    return [Contender(OURS, understudy), *able]


def install(name: str, folder: Path) -> None:
    """Have a peer's package in a folder, at its pinned version.

    Raises:
        Unready: when this machine cannot run it, or npm cannot install it.
    """
    missing = [program for program in PROGRAMS[name] if shutil.which(program) is None]
    if missing:
        raise Unready(f"{' and '.join(missing)} not found")
    package, version = PACKAGES[name]
    if installed(folder, package) == version:
        return
    folder.mkdir(parents=True, exist_ok=True)
    print(f"Installing {package} {version} into {folder} ...", flush=True)
    command = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--save-exact"]
    command += ["--no-audit", "--no-fund", f"{package}@{version}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Unready(f"npm could not install it; run: {' '.join(command)}")


def installed(folder: Path, package: str) -> str | None:
    """The version of a package that is installed in a folder."""
    file = folder / "node_modules" / package / "package.json"
    return json.loads(file.read_text())["version"] if file.is_file() else None


def start_peer(
    command: Callable[[Path, Path, int], list[str]], peers: Path, folder: Path
) -> AbstractContextManager[Server]:
    """Run a peer on a free port."""
    port = free_port()
    return serving(command(peers, folder, port), lambda: port, folder / "log")


def prism(peers: Path, folder: Path, port: int) -> list[str]:
    """What starts Prism: one process, no log."""
    program = str(peers / "node_modules" / ".bin" / "prism")
    quiet = ["-m", "false", "-v", "silent"]
    return [program, "mock", *quiet, "-h", LOOPBACK, "-p", str(port), str(SPEC)]


def steady(peers: Path, folder: Path, port: int) -> list[str]:
    """What starts Steady: no line per request."""
    program = str(peers / "node_modules" / ".bin" / "steady")
    return [program, "-q", "--no-color", "--host", LOOPBACK, "-p", str(port), str(SPEC)]


def wiremock(peers: Path, folder: Path, port: int) -> list[str]:
    """What starts WireMock, without the detour over its npm launcher: no journal, no log."""
    write_stubs(folder / "mappings")
    jar = next((peers / "node_modules" / "wiremock" / "build").glob("*.jar"))
    quiet = ["--no-request-journal", "--disable-request-logging", "--disable-banner"]
    where = ["--bind-address", LOOPBACK, "--port", str(port), "--root-dir", str(folder)]
    return ["java", "-jar", str(jar), *quiet, *where]


COMMANDS = {PRISM: prism, STEADY: steady, WIREMOCK: wiremock}


def write_stubs(folder: Path) -> None:
    """The two operations as stubs, because WireMock reads no OpenAPI."""
    document = read_document("sent", SPEC)
    folder.mkdir(exist_ok=True)
    for id in ("createCampaign", "listCampaigns"):
        (folder / f"{id}.json").write_text(json.dumps(stub(document, id)))


def stub(document: Document, id: str) -> dict[str, Any]:
    """One operation as a WireMock stub: path, key and body matched, the example answered."""
    operation = document.operations[id]
    response, example = choose_first_example(operation.success)
    asked: dict[str, Any] = {
        "method": operation.method,
        "urlPathTemplate": operation.path,
        "headers": {"x-api-key": {"equalTo": KEY}},
    }
    if operation.body is not None:
        schemas = {name: to_json_schema(each) for name, each in document.schemas.items()}
        schema = {**to_json_schema(operation.body.schema), "components": {"schemas": schemas}}
        asked["bodyPatterns"] = [{"matchesJsonSchema": schema, "schemaVersion": "V202012"}]
    headers = {"Content-Type": response.media_type}
    return {
        "request": asked,
        "response": {"status": response.status, "headers": headers, "jsonBody": example},
    }


def measure_starts(everyone: Sequence[Contender], times: int, folder: Path) -> list[Contender]:
    """Start each alone, by turns; those that gave a good reply each time."""
    failed = set()
    for contender in [*everyone] * times:
        if contender.name in failed:
            continue
        try:
            with contender.start(folder_of(contender, folder)) as server:
                contender.starts.append(server.seconds_to_reply)
                check(contender.name, server)
        except Unready as error:
            print(f"{contender.name} is left out: {error}")
            failed.add(contender.name)
    return [each for each in everyone if each.name not in failed]


def folder_of(contender: Contender, folder: Path) -> Path:
    """A contender's own working folder."""
    own = folder / contender.name
    own.mkdir(exist_ok=True)
    return own


def check(name: str, server: Server) -> None:
    """Each case gets its documented status, and a body that breaks the document is refused.

    Raises:
        Unready: when a figure would not be one of validated requests.
    """
    for case in CASES:
        status = server.ask(case)
        if status != case.status:
            raise Unready(f"{name} answered {case.name} with {status}, not {case.status}")
    if server.ask(REFUSED) < 400:
        raise Unready(f"{name} accepted a body that breaks the document")


@contextmanager
def all_running(everyone: Sequence[Contender], folder: Path) -> Iterator[dict[str, Server]]:
    """All servers at once, by name, so that each is warm when its turn comes."""
    with ExitStack() as stack:
        yield {
            each.name: stack.enter_context(each.start(folder_of(each, folder))) for each in everyone
        }


def measure_load(
    everyone: Sequence[Contender], servers: Mapping[str, Server], run: Run, load: Load
) -> None:
    """Load the servers by turns, round by round; only one is busy at a time."""
    for case in CASES:
        for contender in everyone:
            run(replace(load, seconds=WARM_UP), servers[contender.name], case)
        for contender in [*everyone] * load.rounds:
            time.sleep(REST)
            seen = run(load, servers[contender.name], case)
            contender.rounds.setdefault(case.name, []).append(seen)


@dataclass(frozen=True)
class Limit:
    """So many times a peer's figure; without a peer, so much."""

    factor: float
    peer: str = ""

    def value(self, values: Mapping[str, float]) -> float | None:
        """What it amounts to among these figures; None when the peer has none."""
        if not self.peer:
            return self.factor
        return self.factor * values[self.peer] if self.peer in values else None

    def text(self, values: Mapping[str, float]) -> str:
        """What the design says, and what that is today."""
        value = self.value(values)
        today = "not measured" if value is None else figure_text(value)
        return f"{self.factor:g} x {self.peer} = {today}" if self.peer else today


@dataclass(frozen=True)
class Asked:
    """A figure of one case, and what the design asks of it."""

    case: Request
    figure: str
    unit: str
    budget: Limit | None = None
    goal: Limit | None = None


# The budgets of the design, section 6.
ASKED = (
    Asked(CREATE, "rate", "requests/s", Limit(2.0, PRISM), Limit(1.25, STEADY)),
    Asked(CREATE, "p50", "p50 ms"),
    Asked(CREATE, "p99", "p99 ms", Limit(0.5, PRISM), Limit(0.5, STEADY)),
    Asked(LIST, "rate", "requests/s", Limit(2.0, PRISM), Limit(1.0, STEADY)),
    Asked(LIST, "p50", "p50 ms"),
    Asked(LIST, "p99", "p99 ms"),
)
START = (Limit(0.7, PRISM), Limit(0.4))


def report(everyone: Sequence[Contender]) -> str:
    """The one table."""
    head = ["figure", *(each.title for each in everyone), "budget", "goal", "verdict"]
    rows = [figure_row(asked, everyone) for asked in ASKED]
    rows += [errors_row(case, everyone) for case in CASES]
    return table([head, *rows, start_row(everyone)])


def figure_row(asked: Asked, everyone: Sequence[Contender]) -> list[str]:
    """One figure of all; where there were errors it is not valid, and nobody is held to it."""
    valid = [each for each in everyone if not each.errors(asked.case)]
    values = {each.name: median(each.seen(asked.case, asked.figure)) for each in valid}
    cells = [
        figure_cell(each.seen(asked.case, asked.figure)) if each.name in values else "invalid"
        for each in everyone
    ]
    more = asked.figure == "rate"
    return [
        f"{asked.case.name}, {asked.unit}",
        *cells,
        *judged(values, asked.budget, asked.goal, more),
    ]


def figure_cell(seen: Sequence[float]) -> str:
    """The median of the rounds, and how far they were apart."""
    middle, least, most = (figure_text(value) for value in (median(seen), min(seen), max(seen)))
    return f"{middle} ({least} to {most})"


def errors_row(case: Request, everyone: Sequence[Contender]) -> list[str]:
    """How many replies were not good."""
    cells = [f"{each.errors(case):,} of {sum(each.seen(case, 'requests')):,}" for each in everyone]
    bad = [each.name for each in everyone if each.errors(case)]
    verdict = f"INVALID for {', '.join(bad)}" if bad else "valid"
    return [f"{case.name}, errors", *cells, "0", "-", verdict]


def start_row(everyone: Sequence[Contender]) -> list[str]:
    """From starting each command to its first good reply."""
    values = {each.name: median(each.starts) for each in everyone}
    cells = [figure_cell(each.starts) for each in everyone]
    return ["start to first good reply, s", *cells, *judged(values, *START)]


def judged(
    values: Mapping[str, float],
    budget: Limit | None,
    goal: Limit | None,
    more_is_better: bool = False,
) -> list[str]:
    """Budget, goal and verdict of our figure among these."""
    texts = ["-" if limit is None else limit.text(values) for limit in (budget, goal)]
    target = Target(
        budget=None if budget is None else budget.value(values),
        goal=None if goal is None else goal.value(values),
        more_is_better=more_is_better,
    )
    return [*texts, target.verdict(values[OURS]) if OURS in values else "INVALID"]


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="per server and case")
    parser.add_argument("--seconds", type=int, default=5, help="per round")
    parser.add_argument("--connections", type=int, default=16, help="kept alive")
    parser.add_argument("--starts", type=int, default=3, help="per server")
    parser.add_argument("--peers", nargs="*", choices=PACKAGES, default=[*PACKAGES])
    folder = ROOT / ".venv" / "peers"
    parser.add_argument("--peers-folder", type=Path, default=folder, help="npm installs them here")
    return parser.parse_args()


def main() -> None:
    """Measure everyone in one run, and print one table."""
    chosen = options()
    tool, run = load_generator()
    load = Load(chosen.connections, chosen.seconds, chosen.rounds)
    print(f"understudy and its peers over HTTP. {machine()}", flush=True)
    everyone = contenders(chosen.peers, chosen.peers_folder)
    print(f"{tool}, {load.text}; medians (least to most).\n", flush=True)
    try:
        measure(everyone, run, load, chosen.starts)
    except Unready as error:
        sys.exit(f"benchmarks/http.py: {error}")


def measure(everyone: Sequence[Contender], run: Run, load: Load, starts: int) -> None:
    """Starts, then load, then the table.

    Raises:
        Unready: when we cannot be measured ourselves, or somebody stopped validating on the way.
        SystemExit: with status 1, when a figure is not valid.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ready = measure_starts(everyone, starts, folder)
        if everyone[0] not in ready:
            raise Unready("there is nothing to compare the peers with")
        with all_running(ready, folder) as servers:
            measure_load(ready, servers, run, load)
            for each in ready:
                check(each.name, servers[each.name])
    print(report(ready))
    if any(each.errors(case) for each in ready for case in CASES):
        sys.exit(1)


if __name__ == "__main__":
    main()

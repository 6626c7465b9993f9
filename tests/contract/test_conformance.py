"""Schemathesis over every document: all phases, all checks, against the live server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Live, serve
from tests.contract.scene import AGENT
from understudy.core.settings import Settings
from understudy.core.terminal import format_table
from understudy.engine.registry import data_folder
from understudy.session.deliveries import Delivery
from understudy.session.journal import Exchange

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "100")
SEED = os.environ.get("FUZZ_SEED", "20260311")
# Where a document's paths stand, in a session of this name.
BASE = {"admin": "/@{session}/__admin"}


class Tally:
    """How often each operation answered with each status, as the server saw it.

    What only set the scene does not count.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, int]] = Counter()

    def __call__(self, entry: Exchange | Delivery) -> None:
        if isinstance(entry, Delivery) or entry.request_headers.get("user-agent") == AGENT:
            return
        if entry.operation is not None:
            self.counts[entry.vendor, entry.operation, entry.status] += 1

    def of(self, vendor: str, operation: str) -> dict[int, int]:
        """Status -> count."""
        return {
            status: count
            for (name, id, status), count in sorted(self.counts.items())
            if (name, id) == (vendor, operation)
        }


@pytest.fixture(scope="module")
def tally() -> Tally:
    return Tally()


@pytest.fixture(scope="module")
def fuzzed(tally: Tally) -> Iterator[Live]:
    """A live server that counts its answers."""
    yield from serve(Settings(), log=tally)


def schemathesis(vendor: str, url: str, phases: str) -> subprocess.CompletedProcess[str]:
    """Run all checks of these phases over a vendor's document."""
    base = BASE.get(vendor, "/@{session}/" + vendor)
    # On `fresh` no snapshot, fault or request would ever be found by the next call.
    session = "stateful" if phases == "stateful" or vendor == "admin" else "fresh"
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(HERE / f"{vendor}.toml")),
            *("run", str(data_folder("specs") / f"{vendor}.yaml")),
            *("--url", url + base.format(session=session)),
            *("--phases", phases, "--checks", "all", "--continue-on-failure"),
            *("--max-examples", EXAMPLES, "--seed", SEED),
        ],
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)},
        cwd=HERE,
        capture_output=True,
        text=True,
    )


VENDORS = sorted(file.stem for file in HERE.glob("*.toml"))


def test_every_document_is_fuzzed() -> None:
    """A document without a configuration here would go untested."""
    documents = sorted(file.stem for file in data_folder("specs").glob("*.yaml"))

    assert documents == VENDORS


@pytest.mark.parametrize("vendor", VENDORS)
def test_vendor_conforms_to_its_document(
    vendor: str, fuzzed: Live, tally: Tally, capsys: pytest.CaptureFixture[str]
) -> None:
    """No check fails in any phase, and generated data reaches every operation's 2xx."""
    document = {**fuzzed.app.services, "admin": fuzzed.app.admin}[vendor].document
    linked = "'links':" in str(document.raw)

    # Each request of the first phases meets the seed world; links need one that lasts.
    for phases in ("examples,coverage,fuzzing", *(("stateful",) if linked else ())):
        run = schemathesis(vendor, fuzzed.url, phases)
        assert run.returncode == 0, run.stdout + run.stderr

    reached = {id: tally.of(vendor, id) for id in document.operations}
    rows = [
        (f"  {id}", " ".join(f"{status}:{count}" for status, count in statuses.items()))
        for id, statuses in reached.items()
    ]
    with capsys.disabled():
        print(f"\n{vendor}, seed {SEED}, {EXAMPLES} examples per operation\n{format_table(rows)}")  # noqa: T201
    for id, statuses in reached.items():
        assert any(200 <= status < 300 for status in statuses), f"{id} reached no 2xx"

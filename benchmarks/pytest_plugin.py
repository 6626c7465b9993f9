"""What the pytest plugin costs: a run that does not use it, and its fixture in 1,000 tests.

    .venv/bin/python benchmarks/pytest_plugin.py [--tests 1000] [--workers 4]

The fixture's cost is the time of a test's setup and teardown beyond that of a test without it.
"""

from __future__ import annotations

import sys

# This folder holds an `http`, which must not stand in for the standard library's.
sys.path.pop(0)

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

CONFTEST = """
import json

DURATIONS = {}


def pytest_runtest_logreport(report):
    if report.when != "call":
        DURATIONS[report.nodeid] = DURATIONS.get(report.nodeid, 0.0) + report.duration


def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        with open("durations.json", "w") as file:
            json.dump(DURATIONS, file)
"""
TESTS = {
    "without": "def test_it(number): pass",
    "understudy": "def test_it(number, understudy): pass",
    "understudy, one request": (
        "def test_it(number, understudy):\n"
        "    assert understudy.client.get('/zexa/v1/credits', headers=KEY).status_code == 200"
    ),
    "sent_mock": "def test_it(number, sent_mock): pass",
    "create and list": (
        "def test_it(number, understudy):\n"
        "    sale = dict(name=f'sale {number}', channel='sms', sender_id='MYBRAND', body='b',\n"
        "                contact_list_id='lst_abc123')\n"
        "    made = understudy.client.post('/zexa/v1/campaigns', headers=KEY, json=sale)\n"
        "    listed = understudy.client.get('/zexa/v1/campaigns', headers=KEY).json()['data']\n"
        "    sales = [each for each in listed if each['name'].startswith('sale ')]\n"
        "    assert [each['id'] for each in sales] == [made.json()['id']]"
    ),
}
HEAD = 'import pytest\nKEY = {"Authorization": "Bearer zexa_test_acme"}\n'


def durations(code: str, tests: int, workers: int) -> list[float]:
    """Seconds of setup and teardown of each test."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conftest.py").write_text(CONFTEST)
        mark = f'@pytest.mark.parametrize("number", range({tests}))\n'
        Path(folder, "test_it.py").write_text(HEAD + mark + code)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        parallel = ["-n", str(workers)] if workers else []
        subprocess.run([*command, *parallel], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return list(json.loads(Path(folder, "durations.json").read_text()).values())


def import_cost() -> float:
    """Seconds for the import of the plugin's module, in the median of ten processes."""
    code = (
        "import pytest, time\nbegun = time.perf_counter()\nimport understudy.pytest_plugin\n"
        "print(time.perf_counter() - begun)"
    )
    command = [sys.executable, "-c", code]
    runs = [subprocess.run(command, capture_output=True, check=True).stdout for _ in range(10)]
    return statistics.median(map(float, runs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=4)
    chosen = parser.parse_args()
    print(f"import of the plugin  {import_cost() * 1e3:.1f} ms")
    for workers in (0, chosen.workers):
        print(f"\n{chosen.tests} tests, {f'-n {workers}' if workers else 'one process'}")
        print(f"{'':26}{'median':>10}{'p99':>10}   (ms, setup and teardown)")
        for name, code in TESTS.items():
            spent = sorted(durations(code, chosen.tests, workers))
            median, p99 = statistics.median(spent), spent[int(len(spent) * 0.99) - 1]
            print(f"{name:26}{median * 1e3:>10.3f}{p99 * 1e3:>10.3f}")


if __name__ == "__main__":
    main()

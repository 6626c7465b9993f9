"""A vendor that another distribution brings through the entry point group."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.outside_package import write_outside_package

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "outsider-mock"
version = "1"

[project.entry-points."understudy.vendors"]
outsider = "outsider_mock:VENDOR"
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the package was installed."""
    source = tmp_path_factory.mktemp("source")
    package = source / "outsider_mock"
    package.mkdir()
    (source / "pyproject.toml").write_text(PYPROJECT)
    write_outside_package(package)
    target = tmp_path_factory.mktemp("target")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True)
    return target


def run(installed: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "understudy", *command],
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )


def test_outside_vendor_is_listed_with_the_others(installed: Path) -> None:
    """Installing the package is all it takes."""
    listed = run(installed, "vendors").stdout

    assert "outsider_test_acme" in listed and "sk_test_acme_admin" in listed


def test_outside_vendor_answers(installed: Path) -> None:
    """Its handlers, document and seed world are served."""
    code = (
        "import asyncio, httpx\n"
        "from understudy.server.app import create_app\n"
        "from understudy.core.settings import Settings\n"
        "async def main():\n"
        "    transport = httpx.ASGITransport(create_app(Settings(vendors=('outsider',))))\n"
        "    async with httpx.AsyncClient(transport=transport, base_url='http://m') as client:\n"
        "        key = {'authorization': 'Bearer outsider_test_acme'}\n"
        "        print((await client.get('/outsider/v1/things/thing_1', headers=key)).text)\n"
        "asyncio.run(main())\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )

    assert shown.stdout == '{"id":"thing_1","name":"First"}\n', shown.stderr


@pytest.fixture
def copied(installed: Path, tmp_path: Path) -> Path:
    """A folder with the package that a test may change."""
    return shutil.copytree(installed, tmp_path / "copied")


def test_lint_finds_a_misspelt_rule_of_an_outside_vendor(copied: Path) -> None:
    """A rule that names an example which the document lacks would be a 500 when it is broken."""
    with (copied / "outsider_mock" / "rules.py").open("a") as rules:
        rules.write('\n\ndef lock() -> None:\n    raise Refused("thing-loked", "it is locked")\n')

    result = run(copied, "lint")

    assert result.returncode == 1
    assert 'outsider/rules.py:15: no response has the example "thing-loked"' in result.stdout


def test_misspelt_example_of_an_outside_vendor_stops_the_start(copied: Path) -> None:
    """The table of errors is held against the document before anything is served."""
    serializers = copied / "outsider_mock" / "serializers.py"
    misspelt = "examples={**STANDARD_NAMES, ApiError: 'internl'}"
    serializers.write_text(serializers.read_text().replace("examples=STANDARD_NAMES", misspelt))

    result = run(copied, "vendors", "outsider")

    assert result.returncode == 2
    assert 'specs/outsider.yaml: no response has the example "internl"' in result.stderr


def test_broken_outside_vendor_is_one_sentence(installed: Path, tmp_path: Path) -> None:
    """A package that cannot be imported stops the start with its reason."""
    dist = tmp_path / "broken-1.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (dist / "entry_points.txt").write_text("[understudy.vendors]\nbroken = nowhere:VENDOR\n")

    result = run(tmp_path, "vendors", "broken")

    assert result.returncode == 2
    assert "vendor broken: nowhere:VENDOR cannot be loaded" in result.stderr

"""`--reload` starts the server again when a file changes, also after one that could not be read."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.cli.test_main import run, serving, wait_for
from understudy.engine.registry import PACKAGE, data_folder

COMMAND = ("--reload", "--vendor", "zexa")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project whose files a test may change."""
    ignored = shutil.ignore_patterns("__pycache__", "recorded", "*.mjs")
    shutil.copytree(PACKAGE, tmp_path / "src" / "understudy", ignore=ignored)
    for name in ("specs", "fixtures"):
        shutil.copytree(data_folder(name), tmp_path / name, ignore=ignored)
    return tmp_path


def environment(checkout: Path) -> dict[str, str]:
    """Where Python finds the copy."""
    return {"PYTHONPATH": str(checkout / "src")}


def read_line(process: subprocess.Popen[str], containing: str) -> str:
    """The next line of standard error that contains a text."""
    assert process.stderr is not None
    return next(line for line in process.stderr if containing in line)


def test_a_changed_document_is_served_at_the_same_address(checkout: Path) -> None:
    """The port stays, even one that was free by chance."""
    document = checkout / "specs" / "zexa.yaml"
    with serving(checkout, *COMMAND, **environment(checkout)) as (process, url):
        (checkout / "port").unlink()
        document.write_text(document.read_text().replace("/v1/credits:", "/v2/credits:"))
        line = read_line(process, "zexa.yaml")
        port = wait_for(checkout / "port", process)
        key = {"authorization": "Bearer zexa_test_acme"}
        found = httpx.get(f"{url}/zexa/v2/credits", headers=key)

    assert (line, port) == ("zexa.yaml changed, restarting\n", url.rpartition(":")[2])
    assert found.status_code == 200


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("specs/zexa.yaml", "openapi: [", "zexa.yaml: is not YAML"),
        ("fixtures/zexa/seed.json", "{", "seed.json: is not JSON"),
        ("src/understudy/vendors/zexa/rules.py", "def (", "SyntaxError: invalid syntax"),
    ],
)
def test_a_broken_file_can_be_mended(checkout: Path, name: str, text: str, said: str) -> None:
    """The error stays on the screen until the file is mended; then the server is back."""
    file = checkout / name
    right = file.read_text()
    with serving(checkout, *COMMAND, **environment(checkout)) as (process, url):
        (checkout / "port").unlink()
        file.write_text(text)
        error = read_line(process, said)
        file.write_text(right)
        wait_for(checkout / "port", process)
        health = httpx.get(f"{url}/__admin/health")

    assert health.status_code == 200
    assert not error.startswith("understudy: ") or error.endswith("; waiting for a change\n")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it(tmp_path: Path, by: signal.Signals) -> None:
    """Nothing listens afterwards, and nothing is said."""
    with serving(tmp_path, *COMMAND) as (process, url):
        process.send_signal(by)
        _, log = process.communicate(timeout=10)

    assert (process.returncode, log) == (0, "")
    assert not (tmp_path / "port").exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_what_no_file_can_mend_ends_it(tmp_path: Path) -> None:
    """A wrong flag is a usage error as without --reload."""
    shown = run("serve", "--reload", "--port", "0", "--vendor", "nobody", cwd=tmp_path)

    assert shown.returncode == 2
    assert shown.stderr.startswith('understudy: there is no vendor "nobody"')

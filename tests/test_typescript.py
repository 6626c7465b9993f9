"""The official TypeScript SDK, from npm, against a live server of the test's own process."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tools import needs
from understudy.inprocess.live_server import LiveServer

HERE = Path(__file__).parent / "typescript"

pytestmark = needs("node", "npm")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests, compiled, with the SDK that they import."""
    folder = tmp_path_factory.mktemp("typescript")
    for file in HERE.glob("*.*"):
        shutil.copy(file, folder)
    install = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(install, cwd=folder, check=True)
    subprocess.run(["node_modules/.bin/tsc"], cwd=folder, check=True)
    return folder


def run(project: Path, url: str, name: str) -> str:
    """What Node's test runner says of the tests whose name matches."""
    command = ["node", "--test", f"--test-name-pattern={name}", "built/campaigns.test.js"]
    environment = {**os.environ, "BASE_URL": url}
    shown = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return shown.stdout


def test_the_sdk_runs_a_campaigns_life(project: Path, understudy_server: LiveServer) -> None:
    """Create, list, update and delete, and the SDK's own errors for what is refused."""
    run(project, f"{understudy_server.url}/@node/sent", "^a")

    called = {each.operation for each in understudy_server.client("node").requests.list()}
    assert {"createCampaign", "updateCampaign", "deleteCampaign", "listCampaigns"} <= called


def test_the_sdks_retries_are_met(project: Path, understudy_server: LiveServer) -> None:
    """Two planned 503s are retried by the SDK itself; the journal counts three requests."""
    mock = understudy_server.client("retries")
    mock.faults.add("status", status=503, times=2)

    run(project, f"{understudy_server.url}/@retries/sent", "^an unavailable")

    assert [each.status for each in mock.requests.list()] == [503, 503, 200]

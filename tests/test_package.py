"""The installed package: documents, seed worlds and templates come with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RENDER = """
from understudy.cli.scaffold import render_vendor_package
from understudy.coverage.coverage import Coverage
from understudy.coverage.html_report import render_html
print(len(render_vendor_package("acme")), "</html>" in render_html(Coverage([])))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the project was installed, as a user would from a wheel."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(target), str(ROOT)], check=True)
    return target


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["vendors"], "sk_test_acme_admin"),
        (["lint"], " 0 findings"),
        (["version"], "understudy"),
        (["record", "zexa/campaign-life", "--out", "-"], '"format": "understudy-recording/1"'),
    ],
)
def test_installed_package_needs_no_checkout(
    installed: Path, arguments: list[str], expected: str, tmp_path: Path
) -> None:
    """Its own documents are found where they were installed."""
    code = (
        f"import understudy; assert {str(installed)!r} in understudy.__file__, understudy.__file__"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}

    subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, check=True)
    shown = subprocess.run(
        [sys.executable, "-m", "understudy", *arguments],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert shown.returncode == 0, shown.stderr
    assert expected in shown.stdout


def test_installed_package_has_its_templates(installed: Path, tmp_path: Path) -> None:
    """A new vendor package and the HTML report are rendered from the installed files."""
    shown = subprocess.run(
        [sys.executable, "-c", RENDER],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert shown.stdout == "10 True\n", shown.stderr

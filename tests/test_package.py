"""The installed package: documents and seed worlds come with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the project was installed, as a user would from a wheel."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(target), str(ROOT)], check=True)
    return target


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["vendors"], "sk_test_acme_admin"), (["lint"], " 0 findings"), (["version"], "understudy")],
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

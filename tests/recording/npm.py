"""Packages from npm, in a folder of the test run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def installed(tool: str, folder: Path) -> Path:
    """A folder with a tool's files and the packages that they need."""
    shutil.copytree(HERE / tool, folder, dirs_exist_ok=True)
    install = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(install, cwd=folder, check=True)
    return folder

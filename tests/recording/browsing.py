"""A page in a real browser, driven by Playwright, that sends given requests."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools import needs

SCRIPTS = Path(__file__).parents[1] / "playwright"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((each for each in BROWSERS if shutil.which(each)), BROWSERS[0])

needs_browser = needs("node", "npm", CHROMIUM)


@dataclass(frozen=True)
class Answered:
    """A reply as a page's `fetch` saw it; status 0 when it failed."""

    status: int
    headers: dict[str, str]
    body: bytes


class Browser:
    """An installed Playwright.

    Args:
        folder: where it is installed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for file in SCRIPTS.glob("*.*"):
            shutil.copy(file, folder)
        install = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(install, cwd=folder, check=True)

    def run(
        self, script: str, har: Path, page: str, asks: list[dict[str, Any]], **more: str
    ) -> list[Answered]:
        """What a page at this URL was answered."""
        told = {"chromium": shutil.which(CHROMIUM), "har": str(har), "page": page, "asks": asks}
        done = subprocess.run(
            ["node", script],
            cwd=self._folder,
            input=json.dumps({**told, **more}),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [_answered(each) for each in json.loads(done.stdout)]


def _answered(told: dict[str, Any]) -> Answered:
    body = base64.b64decode(told.get("body", ""))
    return Answered(told.get("status", 0), dict(told.get("headers", [])), body)

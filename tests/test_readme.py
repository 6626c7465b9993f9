"""The README is true: what it shows is run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Live
from understudy.cli.serve import serve as serve_command

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
ORIGIN = "http://127.0.0.1:4010"


def curls() -> list[str]:
    """Each curl command of the README, its continued lines with it."""
    text = "\n".join(body for kind, body in BLOCKS if kind == "console")
    commands = [each.strip() for each in re.split(r"^\$ ", text, flags=re.MULTILINE)]
    return [command for command in commands if command.startswith("curl ")]


def snippets(tests: bool = False) -> list[str]:
    """The Python blocks: those that are run as they stand, or those that are pytest's."""
    blocks = [body for kind, body in BLOCKS if kind == "python"]
    return [body for body in blocks if ("def test_" in body) is tests]


@pytest.mark.parametrize("number", range(len(curls())))
def test_curl_commands_are_answered(number: int, live: Live) -> None:
    """Each curl line works when pasted: the reply is the vendor's envelope, or the clock's."""
    command = curls()[number].replace(ORIGIN, f"{live.url}/@readme-{number}")

    shown = subprocess.run(
        command.replace("curl ", "curl -s ", 1), shell=True, capture_output=True, text=True
    )

    body = json.loads(shown.stdout.rpartition("\n\n")[2])
    expected = {"fired", "now"} if "/__admin/" in command else {"success", "data", "error", "meta"}
    assert expected <= set(body)


def test_first_request_creates_what_it_says(live: Live) -> None:
    """The first request is a 201, and the list then has two campaigns."""
    command = curls()[0].replace(ORIGIN, f"{live.url}/@readme-first")
    list_command = re.sub(
        r"-X POST (\S+).*?-H ('x-api-key.*?').*", r"\1 -H \2", command, flags=re.S
    )

    created = subprocess.run(command + " -sw '%{http_code}'", shell=True, capture_output=True)
    listed = subprocess.run(list_command + " -s", shell=True, capture_output=True)

    assert created.stdout.endswith(b"201")
    assert len(json.loads(listed.stdout)["data"]) == 2


@pytest.mark.parametrize("number", range(len(snippets())))
def test_python_snippets_run(number: int, live: Live) -> None:
    """Each Python block runs as it stands, but for the origin."""
    code = snippets()[number].replace(ORIGIN, f"{live.url}/@readme-py{number}")

    shown = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True
    )

    assert shown.returncode == 0, shown.stderr


@pytest.mark.parametrize("number", range(len(snippets(tests=True))))
def test_the_pytest_blocks_pass(number: int, tmp_path: Path) -> None:
    """Each test that the README shows passes in an empty folder, beside the script it names."""
    block = snippets(tests=True)[number]
    if "node" in block and shutil.which("node") is None:
        pytest.skip("NOT TESTED: node is not to be found")
    (tmp_path / "test_shown.py").write_text(block)
    (tmp_path / "shop.test.mjs").write_text(next(body for kind, body in BLOCKS if kind == "js"))

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_the_first_snippet_prints_the_documented_campaign(live: Live) -> None:
    """The vendor's own SDK lists what the vendor's documentation shows."""
    code = snippets()[0].replace(ORIGIN, f"{live.url}/@readme-sdk")

    shown = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True)

    assert shown.stdout.strip() == b"['Customer Notifications']"


def test_every_flag_is_described() -> None:
    """The table has each flag of `serve`, and no other."""
    described = set(re.findall(r"`(--[a-z-]+)", README))
    flags = {
        option.partition("/")[0]
        for parameter in serve_command.params
        for option in parameter.opts
        if option.startswith("--")
    }

    assert flags <= described


def test_named_files_exist() -> None:
    """Links into the repository lead somewhere."""
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", README)

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_source_readme_has_a_line_for_each_file() -> None:
    """A newcomer finds every module in the map."""
    package = ROOT / "src" / "understudy"
    text = (package / "README.md").read_text()

    assert [file.name for file in package.glob("*.py") if f"`{file.name}`" not in text] == [
        "__init__.py"
    ]

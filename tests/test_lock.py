"""What is installed is locked: `requirements/` and `pyproject.toml` agree."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
BUILT_WITH: list[str] = PROJECT["dependency-groups"]["build"]
SERVED_WITH: list[str] = [*PROJECT["project"]["dependencies"], *BUILT_WITH]
DECLARED = {
    "serve.txt": SERVED_WITH,
    "test.txt": [*SERVED_WITH, *(each for extra in EXTRAS.values() for each in extra)],
}
OUT_OF_STEP = "requirements/{} does not lock what pyproject.toml declares: {}; run: make lock"
# One entry of a lock: what is installed, and the files that it may be installed from.
ENTRY = re.compile(r"^(\S.*?)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)


def canonical(name: str) -> str:
    """A package's name as the index knows it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def locked(file: str) -> dict[str, list[Requirement]]:
    """The entries of a lock by the name of their package."""
    entries: dict[str, list[Requirement]] = {}
    for found in ENTRY.finditer((ROOT / "requirements" / file).read_text()):
        requirement = Requirement(found[1])
        entries.setdefault(requirement.name, []).append(requirement)
    return entries


def missing(declared: list[str], entries: dict[str, list[Requirement]]) -> Iterator[str]:
    """The requirements that a lock does not satisfy."""
    for text in declared:
        wanted = Requirement(text)
        versions = [str(each.specifier)[2:] for each in entries.get(canonical(wanted.name), ())]
        allowed = [wanted.specifier.contains(each, prereleases=True) for each in versions]
        if canonical(wanted.name) != "understudy" and not (allowed and all(allowed)):
            yield text


@pytest.mark.parametrize(("file", "declared"), DECLARED.items())
def test_the_lock_has_what_is_declared(file: str, declared: list[str]) -> None:
    """Each direct dependency, in a version that its range allows."""
    lacking = list(missing(declared, locked(file)))

    assert not lacking, OUT_OF_STEP.format(file, ", ".join(lacking))


def test_a_lock_out_of_step_is_noticed() -> None:
    """A package that is not locked, and a version that is no longer allowed."""
    declared = ["click>=8", "PyYAML>=6.0.2", "rstr", "typing.extensions"]
    entries = {
        "click": [Requirement("click==8.5.1")],
        "pyyaml": [Requirement("pyyaml==6.0.3"), Requirement("pyyaml==6.0.1")],
        "typing-extensions": [Requirement("typing-extensions==4.16.0")],
    }

    assert list(missing(declared, entries)) == ["PyYAML>=6.0.2", "rstr"]


def test_the_build_is_locked_too() -> None:
    """What builds the project stands in the group that the locks are made with."""
    assert set(PROJECT["build-system"]["requires"]) <= set(BUILT_WITH)


def test_the_served_versions_are_the_tested_ones() -> None:
    """`make serve` installs nothing that `make test` does not."""
    tested = {str(each) for entries in locked("test.txt").values() for each in entries}
    served = {str(each) for entries in locked("serve.txt").values() for each in entries}

    assert served <= tested


@pytest.mark.parametrize("file", DECLARED)
def test_a_lock_is_versions_and_hashes(file: str) -> None:
    """Pinned packages with the hashes of their files and nothing else: no address, no folder."""
    text = (ROOT / "requirements" / file).read_text()

    rest = [line for line in ENTRY.sub("", text).splitlines() if line]

    assert [each for each in rest if not each.startswith("#")] == []
    assert not re.search(r"://|\./|/\w", "".join(rest))
    assert all(str(each.specifier).startswith("==") for e in locked(file).values() for each in e)

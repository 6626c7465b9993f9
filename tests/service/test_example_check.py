"""Names of examples that a vendor package raises, held against its document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from understudy.core.errors import Conflict, Forbidden, Internal, StartError
from understudy.openapi.document import Document
from understudy.service import STANDARD_NAMES, ErrorExamples
from understudy.service.example_check import check_examples, find_unknown_names


def make_document(*names: str) -> Document:
    """A document with one operation, which has examples of these names."""
    examples: dict[str, Any] = {name: {"value": {}} for name in names}
    refused = {"description": "", "content": {"application/json": {"examples": examples}}}
    responses = {"200": {"description": ""}, "400": refused}
    paths = {"/toys": {"get": {"operationId": "getToy", "responses": responses}}}
    return Document("toys", {"paths": paths, "components": {}})


def lint(folder: Path, code: str) -> list[str]:
    """What is found in a package with one module, whose document knows `sold-out` alone."""
    (folder / "rules.py").write_text(code)
    return list(find_unknown_names(make_document("sold-out"), folder))


@pytest.mark.parametrize(
    "errors",
    [
        ErrorExamples(),
        ErrorExamples({Internal: "internal", Conflict: "sold-out"}),
        # A vendor without bodies has no use for the names of what is wrong with them.
        ErrorExamples(STANDARD_NAMES),
        ErrorExamples({Internal: "internal"}, {("toy", "sell"): "sold-out"}),
    ],
)
def test_documented_names_pass(errors: ErrorExamples) -> None:
    """Those of the vendor's own table, and the standard ones."""
    check_examples(errors, make_document("internal", "sold-out"))


@pytest.mark.parametrize(
    "errors",
    [
        ErrorExamples({Internal: "internal", Forbidden: "sold-oot"}),
        ErrorExamples({Internal: "internal"}, {("toy", "sell"): "sold-oot"}),
        ErrorExamples({Internal: "sold-oot"}),
    ],
)
def test_misspelt_name_stops_the_start(errors: ErrorExamples) -> None:
    """The sentence names the document and the example."""
    with pytest.raises(StartError, match='no response has the example "sold-oot"'):
        check_examples(errors, make_document("internal", "sold-out"))


def test_failures_of_the_mock_have_an_example() -> None:
    """Even a standard name must be there when it says that the mock failed."""
    with pytest.raises(StartError, match='"internal"'):
        check_examples(ErrorExamples(STANDARD_NAMES), make_document("sold-out"))


@pytest.mark.parametrize(
    "code",
    [
        'raise Refused("sold-oot", "why")',
        'raise errors.Refused("sold-oot", "why")',
        'raise Refused(message="why", example="sold-oot")',
        'raise Refused("sold-out" if once else "sold-oot", "why")',
        'NAMES = {1: "sold-out", 2: "sold-oot"}\nraise Refused(NAMES[state], "why")',
        'NAME = "sold-oot"\nraise Refused(NAME, "why")',
    ],
)
def test_misspelt_literal_is_found(tmp_path: Path, code: str) -> None:
    """However the rule spells its name, as long as it stands in the module."""
    [finding] = lint(tmp_path, code)

    assert finding.startswith("rules.py:")
    assert finding.endswith('no response has the example "sold-oot"')


@pytest.mark.parametrize(
    "code",
    [
        'raise Refused("sold-out", "why")',
        'raise Refused(chosen, "sold-oot")',
        'raise Refused(NAMES[state], "why")',
        'raise Forbidden("sold-oot")',
    ],
)
def test_what_is_right_or_computed_passes(tmp_path: Path, code: str) -> None:
    """Other arguments are not names, and other errors have none."""
    assert lint(tmp_path, code) == []

"""Contract coverage in a terminal, as JSON and as a page; each shows what was counted."""

from __future__ import annotations

import json as standard
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.coverage.exercises import Json, coverage_of, exchange, operation, service_of
from understudy.coverage.coverage import Coverage
from understudy.coverage.html_report import render_html
from understudy.coverage.json_report import render_json
from understudy.coverage.text_report import MIN_WIDTH, render_text
from understudy.engine.registry import data_folder, open_services
from understudy.vendors import vendor_names

ASKED = ("sent", "zexa")
UNASKED = [name for name in vendor_names() if name not in ASKED]
KINDS = ("operations", "responses", "fields", "values")
INK = re.compile(r"\x1b\[\d+m")
TEXT: Json = {"type": "string"}
# What a document may say to break a page; each part is looked for by itself.
NASTY = "</code></td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;<!--"


def an(**properties: Any) -> Json:
    return {"type": "object", "properties": properties}


@pytest.fixture
def toys() -> Coverage:
    """Two operations, one of them called: half a body sent, one value used."""
    choice = {"enum": ["x", "y"]}
    make, quiet = operation(an(a=choice, b=TEXT)), operation(an(c=TEXT), operationId="breakToy")
    coverage = Coverage([service_of(make, quiet)])
    coverage.note(exchange({"a": "x"}))
    return coverage


@pytest.fixture(scope="module")
def real() -> Coverage:
    """The real documents, and the requests that two vendors publish."""
    coverage = Coverage(open_services())
    for vendor in ASKED:
        for file in sorted((data_folder("fixtures") / vendor / "exchanges").glob("*.json")):
            coverage.note(published(vendor, file))
    return coverage


def published(vendor: str, file: Path) -> Any:
    """A published exchange as if it had just been answered."""
    told = orjson.loads(file.read_bytes())
    body = told["request"].get("body", b"")
    status = told["response"]["status"]
    return exchange(body, vendor=vendor, operation=told["operation"], status=status)


def unasked(count: bool = False) -> Coverage:
    coverage = Coverage([service_of(operation(), name=name) for name in ("asked", "quiet")], count)
    coverage.note(exchange(vendor="asked"))
    return coverage


# In a terminal


def test_a_small_report_in_full(toys: Coverage) -> None:
    """A heading, a line for each operation, what it lacks, and how to get the rest."""
    assert render_text(toys).split("\n")[:9] == [
        "contract coverage: 36.3% (4 of 11 documented points were exercised)",
        "",
        "toys 36.3%: operations 50%, responses 25%, fields 33.3%, enum values 50%",
        "  OPERATION  CALLS  ANSWERED  NOT ANSWERED",
        "  makeToy        1  201       400",
        "  breakToy       0            201 400",
        "  never sent",
        "    makeToy: /b",
        "  never used",
    ]
    assert "    makeToy: /a y\n\nA documented response that no request" in render_text(toys)


def test_operations_that_nobody_called_are_listed_when_asked(toys: Coverage) -> None:
    """Their fields say nothing new, so they are shown only to who wants everything."""
    assert "breakToy: /c" not in render_text(toys)
    assert "    breakToy: /c\n" in render_text(toys, verbose=True)


def test_long_lists_are_cut_to_a_count() -> None:
    """Six are shown, unless everything is wanted."""
    coverage = coverage_of(an(**{f"m{number}": TEXT for number in range(10)}))
    coverage.note(exchange({}))

    assert "    makeToy: /m0; /m1; /m2; /m3; /m4; /m5; and 4 more\n" in render_text(coverage)
    assert "/m8; /m9\n" in render_text(coverage, verbose=True)


def test_operations_that_lack_the_same_share_a_line() -> None:
    """A header that every operation takes is told once."""
    header = {"name": "X-Kind", "in": "header", "schema": TEXT}
    names = ("makeToy", "breakToy")
    coverage = Coverage(
        [service_of(*(operation(None, header, operationId=each) for each in names))]
    )

    for each in names:
        coverage.note(exchange(operation=each))

    assert "    makeToy, breakToy: header X-Kind\n" in render_text(coverage)


def test_an_undeclared_status_stands_in_parentheses(toys: Coverage) -> None:
    """It is answered, but no point; the footer says so, only then."""
    assert "(STATUS)" not in render_text(toys)

    toys.note(exchange(status=418))

    assert "  makeToy        2  201 (418)  400" in render_text(toys)
    assert "\n(STATUS) was answered though the document does not declare it" in render_text(toys)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(False, "left out of the total."), (True, "counted all the same.")],
)
def test_vendors_that_nobody_asked_have_one_line(count: bool, expected: str) -> None:
    """They are named, with what becomes of them."""
    assert f"\nNo test asked quiet; {expected}\n" in render_text(unasked(count))


def test_without_a_request_there_is_one_sentence() -> None:
    """A table of nothing helps nobody."""
    assert render_text(coverage_of()) == (
        "contract coverage: no request reached an operation of a vendor"
    )


def test_a_document_without_operations_can_be_reported() -> None:
    """When it is to count, there is nothing to show, but no failure either."""
    coverage = Coverage([service_of(operation()), service_of(name="empty")], count_unasked=True)

    assert "\nempty none: operations none, responses none" in render_text(coverage)


@pytest.mark.parametrize("width", [20, 60, 80, 132])
def test_lines_fit_the_terminal(real: Coverage, width: int) -> None:
    """Long lists are wrapped; a terminal that is too narrow gets what the narrowest would."""
    lines = render_text(real, width, verbose=True).split("\n")

    assert max(len(line) for line in lines) <= max(width, MIN_WIDTH)


def test_colour_adds_nothing_but_colour(real: Coverage) -> None:
    """Without the escapes both texts are the same: colour is never the only sign."""
    painted = render_text(real, color=True)

    assert INK.sub("", painted) == render_text(real)
    assert painted.count("\x1b[0m") * 2 == len(INK.findall(painted)) > 0


def test_a_document_cannot_speak_to_the_terminal() -> None:
    """Control characters in names are shown, not obeyed."""
    coverage = coverage_of(an(**{"a\x1b[2Jb": {"enum": ["\x9b1m"]}}))
    coverage.note(exchange({}))

    shown = render_text(coverage)

    assert "\x1b" not in shown and "\x9b" not in shown
    assert "/a\\x1b[2Jb \\x9b1m" in shown


# As JSON


def test_json_has_the_shape_that_its_docstring_shows(toys: Coverage) -> None:
    """Everything about one operation, in names that the admin plane uses, too."""
    (vendor,) = standard.loads(render_json(toys))["vendors"]

    assert (vendor["vendor"], vendor["title"], vendor["counted"]) == ("toys", "The toys", True)
    assert vendor["details"][0] == {
        "operation": "makeToy",
        "method": "POST",
        "path": "/makeToy",
        "fidelity": "assumed",
        "source": "",
        "calls": 1,
        "responses": [
            {"status": 201, "documented": True, "calls": 1, "fidelity": "assumed", "source": ""},
            {"status": 400, "documented": True, "calls": 0, "fidelity": "assumed", "source": ""},
        ],
        "fields": [
            {
                "in": "body",
                "pointer": "/a",
                "sent": True,
                "values": [{"value": "x", "used": True}, {"value": "y", "used": False}],
            },
            {"in": "body", "pointer": "/b", "sent": False, "values": []},
        ],
    }


def test_json_tells_what_is_not_documented(toys: Coverage) -> None:
    """An undeclared status has no fidelity, and is told apart."""
    toys.note(exchange(status=418))

    answered = standard.loads(render_json(toys))["vendors"][0]["details"][0]["responses"]

    undeclared = {"status": 418, "documented": False, "calls": 1, "fidelity": None, "source": None}
    assert undeclared in answered


def counted(vendor: Json) -> dict[str, list[bool]]:
    """The points of a vendor, each with whether it was exercised, from the JSON's details."""
    details = vendor["details"]
    responses = [each for detail in details for each in detail["responses"] if each["documented"]]
    fields = [each for detail in details for each in detail["fields"]]
    return {
        "operations": [each["calls"] > 0 for each in details],
        "responses": [each["calls"] > 0 for each in responses],
        "fields": [each["sent"] for each in fields],
        "values": [value["used"] for each in fields for value in each["values"]],
    }


def test_the_numbers_add_up(real: Coverage) -> None:
    """Every share is what its details count, every total the sum of the vendors that count."""
    report = standard.loads(render_json(real))

    for vendor in report["vendors"]:
        points = counted(vendor)
        shares = {kind: (sum(each), len(each)) for kind, each in points.items()}
        told = {kind: (vendor[kind]["exercised"], vendor[kind]["documented"]) for kind in KINDS}
        assert told == shares
    for member in ("exercised", "documented"):
        among = [vendor for vendor in report["vendors"] if vendor["counted"]]
        whole = sum(vendor[kind][member] for vendor in among for kind in KINDS)
        assert report["points"][member] == sum(report[kind][member] for kind in KINDS) == whole


def test_the_percentage_is_that_of_the_points(real: Coverage) -> None:
    """Rounded down to tenths; of nothing there is none."""
    report = standard.loads(render_json(real))

    points = report["points"]
    assert report["percent"] == points["percent"] == real.percent
    assert 0 <= 100 * points["exercised"] / points["documented"] - report["percent"] < 0.1
    assert {vendor["vendor"]: vendor["values"]["percent"] for vendor in report["vendors"]}[
        "tether"
    ] is None


def test_json_names_the_vendors_that_nobody_asked(real: Coverage) -> None:
    """They have their details, but no part in the total."""
    report = standard.loads(render_json(real))

    assert report["unasked"] == UNASKED
    assert [each["vendor"] for each in report["vendors"] if not each["counted"]] == UNASKED


# As a page


class Page(HTMLParser):
    """A page as a parser sees it: tags with attributes, text, and what was not closed in order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.misplaced: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.misplaced.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.misplaced.append(f"comment {data}")

    def all(self, attribute: str) -> list[str]:
        return [str(attrs[attribute]) for _, attrs in self.tags if attribute in attrs]


@pytest.fixture(scope="module")
def page(real: Coverage) -> Page:
    return Page(render_html(real))


def test_the_page_is_well_formed(page: Page) -> None:
    """Every element that opens closes, in order; ids are given once."""
    assert (page.open, page.misplaced) == ([], [])
    assert len(page.all("id")) == len({*page.all("id")})


def test_the_page_stands_alone(page: Page) -> None:
    """It loads nothing, runs nothing, and links only into itself."""
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert page.all("src") == []
    assert {*page.all("href")} <= {f"#{each}" for each in page.all("id")}
    assert "url(" not in render_html(coverage_of()) and "@import" not in render_html(coverage_of())


def test_tables_tell_what_their_headings_are_for(page: Page) -> None:
    """Each heading cell is that of a column or of a row."""
    scopes = [attrs.get("scope") for tag, attrs in page.tags if tag == "th"]

    assert {*scopes} == {"col", "row"}


def test_the_page_shows_every_operation_response_and_field(real: Coverage, page: Page) -> None:
    """Of each vendor that counts, nothing is left out."""
    shown = {*page.texts}

    for vendor in real.counted:
        for each in real.operations(vendor):
            assert {each.operation.id, each.operation.path} <= shown
            assert {str(status) for status in each.operation.responses} <= shown
            assert {field.pointer for field in each.declared.fields} <= shown
            sources = [response.source for response in each.operation.responses.values()]
            assert {*sources} <= shown


def test_the_page_leaves_out_who_was_not_asked(real: Coverage, page: Page) -> None:
    """They are named in one line."""
    headings = [text for text in page.texts if text in real.declared]

    assert {*headings} == {*ASKED}
    assert f"No test asked {', '.join(UNASKED)}; left out of the total." in page.texts


def test_the_page_shows_the_percentages_that_were_counted(real: Coverage, page: Page) -> None:
    """Title, total and vendors; each bar is as long as its figure says."""
    assert f"Contract coverage: {real.percent}%" in page.texts
    for vendor in real.counted:
        percent = f"{real.summary(vendor).points.percent}%"
        assert percent in page.texts
        assert f"width:{percent}" in page.all("style")


@pytest.mark.parametrize(
    "words", ["called once", "never called", "once", "never", "yes", "used: ", "never used: "]
)
def test_colour_is_never_the_only_sign(toys: Coverage, words: str) -> None:
    """What was exercised and what was not is said in words."""
    assert words in {text.removeprefix(" ") for text in Page(render_html(toys)).texts}


def test_an_undeclared_status_is_told_apart(toys: Coverage) -> None:
    """It has a row, which says that the document does not have it."""
    toys.note(exchange(status=418))

    texts = Page(render_html(toys)).texts

    assert {"418", "The document does not declare it."} <= {*texts}


def nasty(asked: bool) -> Coverage:
    """A document that says the same nasty thing wherever it can say something."""
    described = {"description": NASTY, "x-fidelity": NASTY, "x-source": NASTY}
    node = operation(
        an(**{NASTY: {"enum": [NASTY]}}),
        {"name": NASTY, "in": "query", "schema": {"enum": [NASTY]}},
        summary=NASTY,
        responses={"201": described},
        operationId=NASTY,
        **{"x-fidelity": NASTY, "x-source": NASTY},
    )
    service = service_of(node)
    service.document.raw["info"]["title"] = NASTY
    coverage = Coverage([replace(service, vendor=replace(service.vendor, name=NASTY))])
    if asked:
        coverage.note(exchange(vendor=NASTY, operation=NASTY))
    return coverage


@pytest.mark.parametrize("asked", [True, False])
def test_whatever_a_document_says_is_text(toys: Coverage, asked: bool) -> None:
    """Names, paths, sources, values: all of it is read, none of it is obeyed."""
    page = Page(render_html(nasty(asked)))

    assert (page.open, page.misplaced) == ([], [])
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in Page(render_html(toys)).tags}
    assert not any("onerror" in attrs for _, attrs in page.tags)


def test_whatever_a_document_says_is_shown() -> None:
    """Escaping loses nothing: names, titles, paths, fields, values and sources can be read."""
    shown = [
        text
        for text in Page(render_html(nasty(asked=True))).texts
        if NASTY in text.replace("~1", "/")
    ]

    assert len(shown) == 15


def test_a_page_without_requests_is_a_page() -> None:
    """Nothing asked is nothing covered, told in the same form."""
    page = Page(render_html(coverage_of()))

    assert (page.open, page.misplaced) == ([], [])
    assert "0 of 0 documented points were exercised." in page.texts
    assert "No test asked toys; left out of the total." in page.texts

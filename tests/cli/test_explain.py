"""Every code that a user can meet is explained, and the explanation is where it says."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import understudy
from tests.described_vendors import described_vendors
from tests.toy import toy_service
from understudy.cli.explain import (
    Answer,
    Rule,
    explain_code,
    render_explanation,
    rule_rows,
    rules_of,
)
from understudy.cli.main import main
from understudy.core import errors
from understudy.core.codes import KEYWORD_HINTS, MEANINGS
from understudy.core.errors import ApiError, StartError
from understudy.engine.registry import open_service, open_services
from understudy.openapi.document import Document
from understudy.service.reply import Reply
from understudy.service.service import Service

PACKAGE = Path(understudy.__file__).parent
README = (Path(__file__).parents[2] / "README.md").read_text()
VENDORS = [service.name for service in open_services()]
RULES = [rule for service in open_services() for rule in rules_of(service)]
# How code names a rule, and which argument is the hint, counted from 0.
RAISED = {"Refused": 2, "broken": 3, "_fault": 3, "_bad": 3}
HINTED = {**RAISED, "Forbidden": 2, "Conflict": 2}


def kinds(kind: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    """Every error of the module below one."""
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from kinds(child)


def calls(file: Path, names: set[str]) -> Iterator[ast.Call]:
    """The calls of these functions or classes in a source file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in names:
                yield node


def raised(vendor: str, names: set[str]) -> list[ast.Call]:
    """Where a service says that one of its rules was broken."""
    files = sorted((PACKAGE / "vendors" / vendor).glob("*.py"))
    return [call for file in files for call in calls(file, names)]


def has_hint(call: ast.Call) -> bool:
    """Whether a refusal says what to do."""
    place = HINTED[ast.unparse(call.func).rpartition(".")[2]]
    return len(call.args) > place or "hint" in {keyword.arg for keyword in call.keywords}


def literals(vendor: str) -> set[str]:
    """The rules' names that stand in those places."""
    first = [call.args[0] for call in raised(vendor, set(RAISED))]
    return {each.value for each in first if isinstance(each, ast.Constant)}


def named(vendor: str, name: str) -> Rule:
    """The one rule of this name."""
    [rule] = [rule for rule in RULES if (rule.vendor, rule.name) == (vendor, name)]
    return rule


def answers(rule: Rule) -> set[tuple[str, int]]:
    """Which operations answer a rule with which status."""
    return {(each.operation, each.status) for one in rule.spellings for each in one.answers}


def resolved(place: str) -> Any:
    """What stands at a place such as `specs/sent.yaml#/paths/...`."""
    file, _, pointer = place.partition("#/")
    node: Any = open_service(Path(file).stem).document.raw
    for token in pointer.split("/"):
        node = node[token.replace("~1", "/").replace("~0", "~")]
    return node


def toys(status: int, body: Any, **marks: str) -> Service:
    """A service whose one operation documents this error body."""
    service = toy_service(Reply(204))
    document = {
        **service.document.raw,
        "paths": {"/a/b": {"get": {**refusing(status, body), **marks}}},
    }
    return Service(service.vendor, Document("toys", document), {}, None, {}, "/toys")


def refusing(status: int, body: Any) -> dict[str, Any]:
    """An operation that refuses with this body."""
    media = {"examples": {"no": {"summary": "It says no", "value": body}}}
    return {
        "operationId": "getToy",
        "responses": {
            "200": {"description": ""},
            str(status): {"description": "", "content": {"application/json": media}},
        },
    }


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; its exit code and what it printed."""
    with pytest.raises(SystemExit) as stopped:
        main(["explain", *arguments])
    shown = capsys.readouterr()
    return int(str(stopped.value.code)), shown.out, shown.err


@pytest.mark.parametrize("keyword", KEYWORD_HINTS)
def test_each_schema_keyword_is_explained(keyword: str) -> None:
    """A keyword says how to satisfy it, with a letter for what only a schema knows."""
    text = explain_code([], keyword).text

    assert KEYWORD_HINTS[keyword].partition("{")[0] in text
    assert "{" not in text


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind is not errors.Refused])
def test_each_error_of_the_mock_is_explained(kind: type[ApiError]) -> None:
    """Every error that can be raised has a meaning of its own, which says how to pass."""
    assert explain_code([], kind.code).text == MEANINGS[kind.code]
    assert " To pass: " in MEANINGS[kind.code]


@pytest.mark.parametrize(
    "code",
    [
        *("accepted-invalid", "rejected-valid", "auth-ignored", "unsupported-method", "differs"),
        *("missing-header", "server-error", "undocumented-content-type", "malformed-json"),
    ],
)
def test_each_code_of_verify_is_explained(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads a report can ask what its codes mean."""
    status, out, _ = run(capsys, code)

    assert status == 0
    assert out.startswith(f"{code}\n")
    assert " To pass: " in " ".join(out.split())


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: file.stem)
def test_each_code_of_a_diagnosis_is_explained(file: Path) -> None:
    """A code that is written into a diagnosis by hand is known, too."""
    for call in calls(file, {"Diagnosis", "fault"}):
        if isinstance(call.args[0], ast.Constant):
            assert call.args[0].value in MEANINGS


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_rule_that_a_service_raises_is_explained(vendor: str) -> None:
    """What a service refuses by name is a name that its document explains."""
    described = {rule.name for rule in RULES if rule.vendor == vendor and "To pass: " in rule.text}

    assert literals(vendor) <= described


@pytest.mark.parametrize("vendor", described_vendors())
def test_rules_are_found_in_each_service(vendor: str) -> None:
    """The test above has rules to look at."""
    assert literals(vendor)


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_refusal_has_a_hint(vendor: str) -> None:
    """Whoever is refused by a rule is told how to satisfy it."""
    refusals = raised(vendor, set(HINTED))

    assert [ast.unparse(call) for call in refusals if not has_hint(call)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.vendor}-{rule.name}")
def test_each_rule_stands_where_its_explanation_says(rule: Rule) -> None:
    """The pointer leads to the body that the explanation shows."""
    places = [spelling.place for spelling in rule.spellings if spelling.place]

    for place in places:
        assert " ".join(resolved(place)["description"].split()) == rule.text


def test_an_explanation_says_who_answers_and_how_sure_that_is() -> None:
    """Operation, status, fidelity, source, words and place are those of the document."""
    first = explain_code(open_services(["sent"]), "inherits-campaigns").rules[0].spellings[0]

    assert first.code == "VALIDATION_001"
    assert first.message.startswith("Cannot create campaigns when inherit_tcr_campaign=true.")
    assert first.place == (
        "specs/sent.yaml#/paths/~1v3~1profiles~1{profileId}~1campaigns/post/responses/400"
        "/content/application~1json/examples/inherits-campaigns"
    )
    [answer] = first.answers
    assert (answer.operation, answer.status, answer.fidelity) == (
        "createCampaign",
        400,
        "documented",
    )
    assert answer.source.startswith("docs.sent.dm: Create a campaign for a profile's brand")


def test_a_shared_body_names_everybody_who_answers_it() -> None:
    """A body behind a reference is explained once, with each of its operations."""
    rule = named("agentmessage", "brand-not-verified")

    assert [each.place for each in rule.spellings] == [
        "specs/agentmessage.yaml#/components/examples/brand-not-verified"
    ]
    assert answers(rule) == {("createCampaign", 409), ("attachCampaignToPhoneNumber", 409)}


def test_a_body_in_a_shared_response_is_found_there() -> None:
    """A response behind a reference is where its bodies stand."""
    [spelling] = named("sent", "missing-key").spellings

    assert spelling.place == (
        "specs/sent.yaml#/components/responses/Unauthorized/content/application~1json/examples"
        "/missing-key"
    )


def test_a_response_without_a_source_has_its_operations() -> None:
    """What the response leaves open the operation says."""
    service = toys(400, {"error": "no"}, **{"x-source": "toys.example: Get a toy"})

    [rule] = rules_of(service)

    assert rule.spellings[0].answers == (
        Answer("getToy", 400, "assumed", "toys.example: Get a toy"),
    )


def test_a_body_without_a_description_is_explained_by_its_summary() -> None:
    """A document that does not explain itself still says something."""
    [rule] = rules_of(toys(400, {"error": "no"}))

    assert rule.text == "It says no"


def test_a_success_is_no_rule() -> None:
    """Only errors are explained."""
    assert rules_of(toys(202, {"error": "no"})) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"code": "NO", "message": "not now"}}, ("NO", "not now")),
        ({"error": "no", "message": "not now"}, ("no", "not now")),
        ({"code": "NO", "message": "not now"}, ("NO", "not now")),
        ({"error": "not now"}, ("", "not now")),
        ({"error": {"code": "NO"}}, ("NO", "")),
        ("not now", ("", "")),
    ],
)
def test_the_vendors_words_are_found_in_every_shape(body: Any, words: tuple[str, str]) -> None:
    """Code and message stand nested, flat, or are a text alone."""
    [rule] = rules_of(toys(400, body))

    assert (rule.spellings[0].code, rule.spellings[0].message) == words


def test_a_code_of_many_rules_lists_them_all() -> None:
    """Sent says VALIDATION_001 for nearly everything; each of its rules is listed."""
    found = {rule.name for rule in explain_code(open_services(["sent"]), "VALIDATION_001").rules}

    assert found >= {"inherits-campaigns", "validation", "brand-submitted", "prerequisites-unmet"}
    assert found == {
        rule.name for rule in RULES if rule.vendor == "sent" and "VALIDATION_001" in rule.codes
    }


@pytest.mark.parametrize("code", ["brand_not_verified", "Brand-Not-Verified", "MINLENGTH"])
def test_case_does_not_matter(code: str) -> None:
    """A code is found however it was typed."""
    found = explain_code(open_services(), code)

    assert found.text or [rule.name for rule in found.rules] == ["brand-not-verified"]


@pytest.mark.parametrize(
    ("code", "vendor", "names"),
    [
        ("missing-credential", "zexa", {"missing-key"}),
        ("forbidden", "agentmessage", {"missing-scope"}),
        ("response-mismatch", "sent", {"internal"}),
        ("illegal-transition", "tether", {"not-scheduled", "campaign-sending"}),
        (
            "not-found",
            "zexa",
            {"campaign-not-found", "contact-not-found", "contact-list-not-found"},
        ),
        ("idempotency-in-flight", "sent", {"in-flight"}),
        ("idempotency-in-flight", "zexa", set()),
        ("preference-unmet", "sent", set()),
    ],
)
def test_an_error_of_the_mock_shows_how_the_vendor_spells_it(
    code: str, vendor: str, names: set[str]
) -> None:
    """Beside what the mock means by it stand the bodies that a user of the vendor sees."""
    found = explain_code(open_services([vendor]), code)

    assert found.text
    assert {rule.name for rule in found.rules} == names


def test_what_no_operation_answers_is_explained() -> None:
    """A request to an unknown path gets a code that stands in no document."""
    [rule] = explain_code(open_services(["sent"]), "RESOURCE_000").rules

    assert (rule.name, rule.text) == ("unknown-path", MEANINGS["unknown-path"])
    assert answers(rule) == {("no operation", 404)}


def test_an_unknown_code_suggests_the_nearest() -> None:
    """A slip of the finger leads to the code that was meant."""
    with pytest.raises(StartError, match=r'the code "inherit-campaign"; nearest: inherits-camp'):
        explain_code(open_services(["sent"]), "inherit-campaign")


def test_a_code_like_no_other_suggests_the_list() -> None:
    """Where nothing is near, the list is all that can be offered."""
    with pytest.raises(StartError) as caught:
        explain_code(open_services(["zexa"]), "9" * 20)

    assert str(caught.value) == (
        f'no error of zexa has the code "{"9" * 20}"; understudy explain lists all'
    )


def test_the_list_has_a_line_for_each_rule_and_each_common_code() -> None:
    """Whoever does not know the code finds it by vendor, status or sense."""
    lines = list(rule_rows(open_services()))

    assert lines[0][0] == "VENDOR"
    assert len(lines) == 1 + len(RULES) + len(MEANINGS)
    assert (
        "zexa",
        "insufficient_credits",
        "insufficient-credits",
        "422",
        "The campaign's messages would cost more credits than the account has now",
    ) in lines


def test_a_name_has_one_line_at_each_vendor() -> None:
    """Bodies of one name say the same, so that the list is not longer than it must be."""
    names = [(rule.vendor, rule.name) for rule in RULES]

    assert sorted(set(names)) == sorted(names)


def test_text_has_rule_words_answers_and_place() -> None:
    """A rule reads from top to bottom: what it is, what the vendor says, who says it, where."""
    text = render_explanation(explain_code(open_services(["zexa"]), "phone-taken"))

    assert text.splitlines()[0] == "phone-taken (zexa)"
    assert "To pass: send another number" in text
    assert "\n  conflict: A contact with this phone number already exists\n    409 " in text
    assert text.endswith("/409/content/application~1json/examples/phone-taken")


def test_command_explains(capsys: pytest.CaptureFixture[str]) -> None:
    """A known code is explained with exit code 0."""
    status, shown, _ = run(capsys, "insufficient_credits")

    assert status == 0
    assert shown.startswith("insufficient-credits (zexa)\n")


def test_command_lists(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a code all of them are listed."""
    status, shown, _ = run(capsys)

    assert status == 0
    assert len(shown.splitlines()) == 1 + len(RULES) + len(MEANINGS)


def test_command_refuses_an_unknown_code(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown code is one sentence and exit code 2."""
    status, shown, complaint = run(capsys, "VALIDTION_001")

    assert (status, shown) == (2, "")
    assert complaint.startswith("understudy: no error of ")
    assert "nearest: VALIDATION_001" in complaint and complaint.count("\n") == 1


def test_command_takes_the_vendors_that_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """What other vendors say is left out."""
    _, shown, _ = run(capsys, "rate-limited", "--vendor", "zexa", "--vendor", "sent")

    assert re.findall(r"^rate-limited \((\w+)\)$", shown, re.MULTILINE) == ["zexa", "sent"]


def test_command_refuses_an_unknown_vendor(capsys: pytest.CaptureFixture[str]) -> None:
    """A vendor that is not there is told, with those that are."""
    status, _, complaint = run(capsys, "internal", "--vendor", "nobody")

    assert status == 2
    assert 'there is no vendor "nobody"; known: ' in complaint


def test_the_readme_shows_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The README's explanation is the command's, line by line."""
    [block] = re.findall(r"^\$ understudy (explain .*?)^```", README, re.DOTALL | re.MULTILINE)
    command, _, expected = block.partition("\n")

    _, shown, _ = run(capsys, *shlex.split(command)[1:])

    assert shown == expected

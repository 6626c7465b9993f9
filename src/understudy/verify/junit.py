"""Outcomes as JUnit XML: a suite for each vendor, a case for each operation."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from understudy.openapi.document import Operation
from understudy.verify.findings import NOT_FOUND, Finding, Outcome


def render_junit(outcomes: Sequence[Outcome]) -> bytes:
    """The XML document; only its times differ from run to run."""
    root = Element("testsuites", name="understudy verify")
    for outcome in outcomes:
        _suite(root, outcome)
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _suite(root: Element, outcome: Outcome) -> None:
    concerned = {each.operation for each in outcome.findings}
    unseen = sum(1 for each in outcome.operations if _find_skip_message(outcome, each))
    suite = SubElement(
        root,
        "testsuite",
        name=outcome.vendor,
        tests=str(len(outcome.operations) + bool(outcome.inconclusive)),
        failures=str(len(concerned)),
        errors=str(int(bool(outcome.inconclusive))),
        skipped=str(unseen),
        time=f"{outcome.seconds:.3f}",
    )
    if outcome.inconclusive:
        case = SubElement(suite, "testcase", classname=outcome.vendor, name="verify")
        SubElement(case, "error", message=outcome.inconclusive)
    for operation in outcome.operations:
        _case(suite, outcome, operation)


def _case(suite: Element, outcome: Outcome, operation: Operation) -> None:
    exercise = outcome.exercises[operation.id]
    case = SubElement(
        suite,
        "testcase",
        classname=outcome.vendor,
        name=operation.id,
        time=f"{exercise.seconds:.3f}",
    )
    for finding in outcome.findings.of(operation.id):
        _failure(case, finding)
    unseen = _find_skip_message(outcome, operation)
    if unseen:
        SubElement(case, "skipped", message=unseen)


def _find_skip_message(outcome: Outcome, operation: Operation) -> str:
    """Why an operation was not tested; "" when it was."""
    exercise = outcome.exercises[operation.id]
    if outcome.findings.of(operation.id):
        return ""
    return exercise.idle or exercise.refusal or (NOT_FOUND if outcome.is_another_server else "")


def _failure(case: Element, finding: Finding) -> None:
    message = f"{finding.status or 'no reply'} {finding.place}: {finding.message}"
    failure = SubElement(case, "failure", type=finding.code, message=message)
    failure.text = "\n".join([finding.request, finding.got, *finding.others])

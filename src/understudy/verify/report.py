"""An outcome as text: a line for each operation, then each finding, then totals."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.core.terminal import GREEN, RED, format_count, format_table, paint
from understudy.openapi.document import Operation
from understudy.verify.findings import (
    NO_REPLY,
    NOT_FOUND,
    RATE_LIMITED,
    REFUSED,
    Exercise,
    Finding,
    Outcome,
)
from understudy.verify.replay_recordings import SKIP_REASONS_IN_TOTALS

OK = "ok"


def render(outcome: Outcome, color: bool = False, quiet: bool = False) -> str:
    """The report.

    Args:
        quiet: only findings and the totals.
    """
    parts = [] if quiet else [_title(outcome), _operations(outcome, color)]
    parts += [_finding(number, each) for number, each in enumerate(outcome.findings, 1)]
    told = [] if quiet else [*_notes(outcome)]
    parts.append("\n".join([*told, totals(outcome)]))
    return "\n\n".join(parts)


def _title(outcome: Outcome) -> str:
    place = f" at {outcome.base_url}" if outcome.base_url else ", in this process"
    return f"{outcome.vendor}{place}"


def _operations(outcome: Outcome, color: bool) -> str:
    heading = ("OPERATION", "", "REQUESTS", "STATUSES", "RESULT")
    rows = [_row(outcome, operation) for operation in outcome.operations]
    first, *lines = format_table([heading, *rows]).splitlines()
    if color:
        lines = [_colored(line, row[-1]) for line, row in zip(lines, rows, strict=True)]
    return "\n".join([first, *lines])


def _row(outcome: Outcome, operation: Operation) -> tuple[str, ...]:
    exercise = outcome.exercises[operation.id]
    return (
        operation.id,
        f"{operation.method} {operation.path}",
        str(exercise.requests),
        _statuses(exercise),
        _result(outcome, operation),
    )


def _result(outcome: Outcome, operation: Operation) -> str:
    exercise = outcome.exercises[operation.id]
    findings = len(outcome.findings.of(operation.id))
    told = format_count(findings, "finding") if findings else exercise.refusal
    return exercise.idle or told or (NOT_FOUND if outcome.is_another_server else OK)


def _colored(line: str, result: str) -> str:
    if "finding" not in result and result != OK:
        return line
    return f"{line.removesuffix(result)}{paint(GREEN if result == OK else RED, result)}"


def _statuses(exercise: Exercise) -> str:
    return " ".join(
        f"{'none' if status == NO_REPLY else status}:{count}"
        for status, count in sorted(exercise.statuses.items())
    )


def _finding(number: int, finding: Finding) -> str:
    lines = [
        f"{number}. {finding.operation} {finding.status or 'no reply'}: {finding.code}",
        f"   {finding.message}",
        *(f"   also: {each}" for each in finding.others),
        f"   where: {finding.place}" + (f" ({finding.hint})" if finding.hint else ""),
        f"   seen: {format_count(finding.times, 'time')}",
        f"   request: {finding.request}",
        f"   got: {finding.got}",
    ]
    return "\n".join(lines)


def _notes(outcome: Outcome) -> Iterator[str]:
    for (operation, status), count in outcome.hindrances.items():
        what = "429; see --rate" if status == RATE_LIMITED else f"its documented {status}"
        yield f"note: {operation} answered {format_count(count, 'time')} with {what}"
    for operation, exercise in outcome.exercises.items():
        if exercise.refusal == REFUSED:
            yield f"note: {operation} refused every request; is the credential right?"
    yield from _left_out(outcome)


def _left_out(outcome: Outcome) -> Iterator[str]:
    idle: dict[str, list[str]] = {}
    for operation, exercise in outcome.exercises.items():
        if exercise.idle:
            idle.setdefault(exercise.idle, []).append(operation)
    for reason, names in idle.items():
        yield f"not exercised, since {reason}: {', '.join(names)}"
    for reason, count in outcome.skipped.items():
        yield f"{format_count(count, 'recorded exchange')} skipped, since {reason}"


def totals(outcome: Outcome) -> str:
    """The totals in one line."""
    concerned = {each.operation for each in outcome.findings}
    found = format_count(len(outcome.findings), "finding")
    if outcome.interrupted:
        found = f"interrupted; {found} so far"
    if concerned:
        found += f" in {format_count(len(concerned), 'operation')}"
    sent = f"{format_count(outcome.requests, 'request')} in {outcome.seconds:.1f} s"
    line = f"{outcome.vendor}: {found}; {sent}"
    skipped = outcome.skipped.total()
    if not skipped:
        return line
    they = ", or ".join(SKIP_REASONS_IN_TOTALS[reason] for reason in outcome.skipped)
    return f"{line}; {format_count(skipped, 'recorded exchange')} skipped (they {they})"

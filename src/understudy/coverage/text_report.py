"""Contract coverage in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import orjson

from understudy.core.terminal import DIM, GREEN, YELLOW, escape_unprintable, paint
from understudy.coverage.coverage import Coverage, Exercised
from understudy.coverage.declared import Field, Share

BOLD = "\x1b[1m"
MIN_WIDTH = 60
# How much of a long list is shown.
MAX_SHOWN = 6
EXPLANATION = (
    "A documented response that no request brings about by itself (most 5xx, and 429 without "
    '--rate-limits) comes with the request header "Prefer: code=STATUS", or by a planned fault '
    "(POST /__admin/faults)."
)
UNDECLARED = "(STATUS) was answered though the document does not declare it; it is no point."


@dataclass(frozen=True, slots=True)
class TextStyle:
    """Width, colour and detail of a text report."""

    width: int
    color: bool
    verbose: bool

    def paint(self, ink: str, text: str) -> str:
        return paint(ink, text) if self.color and text else text

    def wrap(self, text: str, indent: str = "", hang: str = "") -> list[str]:
        """A text as lines that fit; `indent` goes before the first, `hang` before the others."""
        return textwrap.wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=hang,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def cut(self, each: Sequence[str], joint: str = ", ") -> str:
        """A list as text; the end of a long one is a count."""
        more = len(each) - MAX_SHOWN
        if self.verbose or more <= 1:
            return joint.join(each)
        return f"{joint.join(each[:MAX_SHOWN])}{joint}and {more} more"


def render_text(
    coverage: Coverage, width: int = 80, color: bool = False, verbose: bool = False
) -> str:
    """The coverage as text.

    Args:
        width: in columns; under 60 the text is as wide as at 60.
        verbose: long lists in full, and the fields of operations that nobody called.
    """
    look = TextStyle(max(width, MIN_WIDTH), color, verbose)
    if not coverage.counted:
        return "contract coverage: no request reached an operation of a vendor"
    share = coverage.total.points
    counts = f"{share.exercised} of {share.documented} documented points were exercised"
    head = f"contract coverage: {_percent(share)} ({counts})"
    blocks = ["\n".join(look.paint(BOLD, line) for line in look.wrap(head, hang="  "))]
    blocks += [_vendor_text(coverage, vendor, look) for vendor in coverage.counted]
    return "\n\n".join([*blocks, _footer(coverage, look)])


def _percent(share: Share) -> str:
    return f"{share.percent:g}%" if share.documented else "none"


def _vendor_text(coverage: Coverage, vendor: str, look: TextStyle) -> str:
    summary = coverage.summary(vendor)
    operations = coverage.operations(vendor)
    head = (
        f"{vendor} {_percent(summary.points)}: operations {_percent(summary.operations)}, "
        f"responses {_percent(summary.responses)}, fields {_percent(summary.fields)}, "
        f"enum values {_percent(summary.values)}"
    )
    lines = [look.paint(BOLD, line) for line in look.wrap(head, hang="  ")]
    lines += _table(operations, look)
    listed = [each for each in operations if each.calls or look.verbose]
    lines += _list("never sent", {each: _never_sent(each) for each in listed}, look)
    lines += _list("never used", {each: _never_used(each, look) for each in listed}, look)
    return "\n".join(lines)


def _table(operations: Sequence[Exercised], look: TextStyle) -> Iterator[str]:
    """Each operation with its calls, the statuses that were answered, and those that were not."""
    names = [escape_unprintable(each.operation.id) for each in operations]
    first = max(len(name) for name in ["OPERATION", *names])
    room = max(look.width - first - len("  CALLS") - 6, 24)
    answered = [_answered(each) for each in operations]
    second = min(max(len(each) for each in ["ANSWERED", *answered]), room * 2 // 5)
    yield look.paint(DIM, f"  {'OPERATION':{first}}  CALLS  {'ANSWERED':{second}}  NOT ANSWERED")
    for name, each, got in zip(names, operations, answered, strict=True):
        columns = [textwrap.wrap(got, second), textwrap.wrap(_missed(each), room - second)]
        head = f"  {name:{first}}  {each.calls:5}"
        for hit, missed in zip_longest(*columns, fillvalue=""):
            gap = " " * (second - len(hit) + 2)
            yield f"{head}  {look.paint(GREEN, hit)}{gap}{look.paint(YELLOW, missed)}".rstrip()
            head = " " * len(head)


def _answered(exercised: Exercised) -> str:
    declared = exercised.operation.responses
    met = sorted({*exercised.statuses} & {*declared} | {*exercised.undeclared})
    return " ".join(str(status) if status in declared else f"({status})" for status in met)


def _missed(exercised: Exercised) -> str:
    missed = (each for each in exercised.operation.responses if each not in exercised.statuses)
    return " ".join(str(status) for status in missed)


def _list(title: str, found: Mapping[Exercised, Sequence[str]], look: TextStyle) -> Iterator[str]:
    """What was not exercised, by operation; operations with the same gaps share an entry."""
    lacking: dict[str, list[str]] = {}
    for exercised, names in found.items():
        if names:
            who = lacking.setdefault(look.cut(names, "; "), [])
            who.append(escape_unprintable(exercised.operation.id))
    if lacking:
        yield look.paint(DIM, f"  {title}")
    for what, who in lacking.items():
        yield from look.wrap(f"{', '.join(who)}: {what}", indent="    ", hang="      ")


def _never_sent(exercised: Exercised) -> list[str]:
    return [
        _named(field) for field in exercised.declared.fields if field.point not in exercised.points
    ]


def _never_used(exercised: Exercised, look: TextStyle) -> list[str]:
    lines = []
    for field in exercised.declared.fields:
        unused = [
            _format_value(v) for point, v in field.values.items() if point not in exercised.points
        ]
        if unused:
            lines.append(f"{_named(field)} {look.cut(unused)}")
    return lines


def _named(field: Field) -> str:
    """A field's name: a pointer into the body, or a parameter with its place."""
    named = field.pointer if field.pointer.startswith("/") else f"{field.where} {field.pointer}"
    return escape_unprintable(named.strip())


def _format_value(value: Any) -> str:
    return escape_unprintable(value if isinstance(value, str) else orjson.dumps(value).decode())


def _footer(coverage: Coverage, look: TextStyle) -> str:
    operations = (each for vendor in coverage.counted for each in coverage.operations(vendor))
    notes = [EXPLANATION]
    if any(each.undeclared for each in operations):
        notes.insert(0, UNDECLARED)
    if coverage.unasked:
        notes.insert(0, f"No test asked {', '.join(coverage.unasked)}; {coverage.fate}.")
    return "\n".join(look.paint(DIM, line) for note in notes for line in look.wrap(note))

"""What was found: one finding for each way in which an API is not its document."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from understudy.core.errors import Diagnosis
from understudy.core.json_pointer import escape_token
from understudy.openapi.document import Operation
from understudy.recording.compare import format_place

# How many other messages of one finding are told.
MOST_OTHERS = 3
# Codes whose messages name what the pointer does not: two of them are two findings.
NAMED_IN_MESSAGE = frozenset({"additionalProperties"})
UNEXPECTED = re.compile(r"\('(.+)' (?:was|were) unexpected\)$", re.DOTALL)
REMOVE = "remove the field"
NO_REPLY = 0
RATE_LIMITED = HTTPStatus.TOO_MANY_REQUESTS
REFUSED, NOT_FOUND, LIMITED = "refused", "not found", "rate limited"
# What says nothing of an API when nothing else is answered, and what may be the reason.
SILENCES: Mapping[str, tuple[frozenset[int], str]] = {
    REFUSED: (frozenset({401, 403}), "is the credential right (--credential)?"),
    NOT_FOUND: (frozenset({404, 405, 501}), "is that the base URL (--base-url)?"),
    LIMITED: (frozenset({RATE_LIMITED}), "ask more slowly (--rate)"),
}
SILENT = frozenset().union(*(statuses for statuses, _ in SILENCES.values()))
NOTHING_SENT = "no request could be sent; see what was not exercised, and why"


def split_unexpected(diagnosis: Diagnosis) -> Iterator[Diagnosis]:
    """A diagnosis of several fields that the document does not allow, as one for each field."""
    found = UNEXPECTED.search(diagnosis.message) if diagnosis.code in NAMED_IN_MESSAGE else None
    if found is None:
        yield diagnosis
        return
    for name in found[1].split("', '"):
        pointer = f"{diagnosis.pointer}/{escape_token(name)}"
        message = f"the document has no field '{name}' here"
        yield replace(diagnosis, pointer=pointer, message=message, hint=REMOVE)


@dataclass
class Finding:
    """One way in which an operation's replies are not what the document says.

    Attributes:
        operation: its operationId.
        status: of the reply; NO_REPLY when there was none.
        where: what is wrong: `response`, `header`, or a part of a request that was accepted.
        pointer: JSON pointer with `*` for every index, or a header's or parameter's name.
        request: a curl line of one request that shows it, its secrets masked.
        got: the beginning of the reply to that request.
        times: how often it was met.
        others: what further messages said, at most MOST_OTHERS.
    """

    operation: str
    status: int
    code: str
    where: str
    pointer: str
    message: str
    hint: str
    request: str
    got: str
    times: int = 1
    others: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """What of the exchange it is about, for people."""
        return f"{self.where} {self.pointer}".rstrip()


class Findings:
    """All findings, in the order in which they were first met."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, ...], Finding] = {}

    def add(
        self, operation: Operation, status: int, fault: Diagnosis, request: str, got: str
    ) -> None:
        """Note what was met; the same thing met again is counted."""
        pointer = format_place(fault.pointer)
        named = fault.message if fault.code in NAMED_IN_MESSAGE else ""
        key = (operation.id, str(status), fault.code, fault.where, pointer, named)
        known = self._met.get(key)
        if known is not None:
            _met_again(known, fault.message)
            return
        self._met[key] = Finding(
            operation=operation.id,
            status=status,
            code=fault.code,
            where=fault.where,
            pointer=pointer,
            message=fault.message,
            hint=fault.hint,
            request=request,
            got=got,
        )

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._met.values())

    def __len__(self) -> int:
        return len(self._met)

    def drop(self, statuses: Collection[int]) -> None:
        """Forget what replies with these statuses showed."""
        self._met = {key: each for key, each in self._met.items() if each.status not in statuses}

    def of(self, operation: str) -> list[Finding]:
        """The findings of one operation."""
        return [each for each in self if each.operation == operation]


def _met_again(finding: Finding, message: str) -> None:
    finding.times += 1
    said = (finding.message, *finding.others)
    if message not in said and len(finding.others) < MOST_OTHERS:
        finding.others.append(message)


@dataclass
class Exercise:
    """What one operation was asked.

    Attributes:
        statuses: status -> how often it was answered.
        seconds: how long its replies took, together.
        idle: why it was not exercised; "" when it was.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    idle: str = ""

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self.statuses.total()

    @property
    def silence(self) -> str:
        """How it was answered throughout, where that says nothing of it; "" otherwise."""
        # A 404 may be what the document says of the one id that is known.
        return next((each for each in (REFUSED, LIMITED) if _only(self.statuses, each)), "")


def _only(statuses: Collection[int], silence: str) -> bool:
    """Whether there was one silence only; the rate may have been limited besides."""
    known, _ = SILENCES[silence]
    return not known.isdisjoint(statuses) and (known | {RATE_LIMITED}).issuperset(statuses)


@dataclass
class Outcome:
    """What a verification found, and what it did to find it.

    Attributes:
        base_url: "" for the mock of this process.
        interrupted: whether the user ended it early.
        exercises: by operation, in the document's order.
        skipped: reason -> how many recorded exchanges were not sent for it.
        hindrances: operation and status -> how often a documented 5xx, or a 429, was answered.
        probes: how many requests met no operation, on purpose.
    """

    vendor: str
    base_url: str
    operations: tuple[Operation, ...]
    findings: Findings = field(default_factory=Findings)
    exercises: dict[str, Exercise] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    hindrances: Counter[tuple[str, int]] = field(default_factory=Counter)
    probes: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    def __post_init__(self) -> None:
        self.exercises = {operation.id: Exercise() for operation in self.operations}

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self.probes + sum(each.requests for each in self.exercises.values())

    @property
    def _statuses(self) -> set[int]:
        return {status for each in self.exercises.values() for status in each.statuses}

    @property
    def void(self) -> str:
        """Why nothing was verified, in one sentence; "" when something was."""
        statuses = self._statuses
        if not self.requests:
            return f"nothing was verified: {NOTHING_SENT}"
        if not statuses or not SILENT.issuperset(statuses):
            return ""
        kind = next(each for each in SILENCES if not SILENCES[each][0].isdisjoint(statuses))
        how = REFUSED if kind == REFUSED else "answered"
        told = " or ".join(map(str, sorted(statuses)))
        return f"nothing was verified: every request was {how} with {told}; {SILENCES[kind][1]}"

    @property
    def is_elsewhere(self) -> bool:
        """Whether what answered seems to be another server."""
        return _only(self._statuses, NOT_FOUND)

    def close(self) -> None:
        """Leave out what says nothing of the API: findings about another server's pages."""
        if self.is_elsewhere:
            self.findings.drop(SILENCES[NOT_FOUND][0])

"""Findings: one for each way in which an API differs from its document."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from understudy.core.errors import Diagnosis
from understudy.core.json_pointer import escape_token, mask_indexes
from understudy.openapi.document import Operation

# How many further messages of one finding are kept.
MAX_OTHER_MESSAGES = 3
# Codes whose messages name what the pointer does not: two of them are two findings.
NAMED_IN_MESSAGE = frozenset({"additionalProperties"})
UNEXPECTED = re.compile(r"\('(.+)' (?:was|were) unexpected\)$", re.DOTALL)
REMOVE = "remove the field"
NO_REPLY = 0
RATE_LIMITED = HTTPStatus.TOO_MANY_REQUESTS
REFUSED, NOT_FOUND, LIMITED = "refused", "not found", "rate limited"
# Statuses that make a run inconclusive when there are no others, with the likely cause.
INCONCLUSIVE: Mapping[str, tuple[frozenset[int], str]] = {
    REFUSED: (frozenset({401, 403}), "is the credential right (--credential)?"),
    NOT_FOUND: (frozenset({404, 405, 501}), "is that the base URL (--base-url)?"),
    LIMITED: (frozenset({RATE_LIMITED}), "ask more slowly (--rate)"),
}
INCONCLUSIVE_STATUSES = frozenset().union(*(statuses for statuses, _ in INCONCLUSIVE.values()))
NO_REQUESTS = "no request could be sent; see what was not exercised, and why"


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
    """One way in which an operation's replies differ from the document.

    Attributes:
        operation: its operationId.
        status: of the reply; NO_REPLY when there was none.
        where: `response`, or the part of an accepted request that is wrong.
        pointer: JSON pointer with `*` for every index, or a header's or parameter's name.
        request: a curl line of one request that shows it, without secrets.
        got: the beginning of the reply to that request.
        times: how often it occurred.
        others: further messages, at most MAX_OTHER_MESSAGES.
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
        """Its part of the exchange and pointer, for people."""
        return f"{self.where} {self.pointer}".rstrip()


class Findings:
    """All findings, in the order in which they first occurred."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, ...], Finding] = {}

    def add(
        self, operation: Operation, status: int, fault: Diagnosis, request: str, got: str
    ) -> None:
        """Add a fault of an exchange; count it where it is known already."""
        pointer = mask_indexes(fault.pointer)
        named = fault.message if fault.code in NAMED_IN_MESSAGE else ""
        key = (operation.id, str(status), fault.code, fault.where, pointer, named)
        known = self._by_key.get(key)
        if known is not None:
            _count_again(known, fault.message)
            return
        self._by_key[key] = Finding(
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
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def drop(self, statuses: Collection[int]) -> None:
        """Drop the findings of replies with these statuses."""
        self._by_key = {
            key: each for key, each in self._by_key.items() if each.status not in statuses
        }

    def of(self, operation: str) -> list[Finding]:
        """The findings of one operation."""
        return [each for each in self if each.operation == operation]


def _count_again(finding: Finding, message: str) -> None:
    finding.times += 1
    said = (finding.message, *finding.others)
    if message not in said and len(finding.others) < MAX_OTHER_MESSAGES:
        finding.others.append(message)


@dataclass
class Exercise:
    """The requests to one operation.

    Attributes:
        statuses: how often each status was answered.
        seconds: the total time of its replies.
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
    def refusal(self) -> str:
        """How every request was refused (REFUSED or LIMITED); "" where some were answered."""
        # A 404 is no refusal: it may be the documented reply for the only known id.
        return next((each for each in (REFUSED, LIMITED) if _only(self.statuses, each)), "")


def _only(statuses: Collection[int], refusal: str) -> bool:
    """Whether all statuses are of one inconclusive kind; some may be 429 as well."""
    known, _ = INCONCLUSIVE[refusal]
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
    def inconclusive(self) -> str:
        """Why nothing was verified, in one sentence; "" when something was."""
        statuses = self._statuses
        if not self.requests:
            return f"nothing was verified: {NO_REQUESTS}"
        if not statuses or not INCONCLUSIVE_STATUSES.issuperset(statuses):
            return ""
        kind = next(each for each in INCONCLUSIVE if not INCONCLUSIVE[each][0].isdisjoint(statuses))
        how = REFUSED if kind == REFUSED else "answered"
        told = " or ".join(map(str, sorted(statuses)))
        return f"nothing was verified: every request was {how} with {told}; {INCONCLUSIVE[kind][1]}"

    @property
    def is_another_server(self) -> bool:
        """Whether every reply looks like that of another server (404, 405, 501)."""
        return _only(self._statuses, NOT_FOUND)

    def close(self) -> None:
        """Drop the findings about the replies of another server."""
        if self.is_another_server:
            self.findings.drop(INCONCLUSIVE[NOT_FOUND][0])

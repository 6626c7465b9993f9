"""Explanations of error codes: the rule, where a document states it, how to satisfy it."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.core import errors
from understudy.core.codes import MEANINGS
from understudy.core.errors import ApiError, StartError
from understudy.core.json_pointer import escape_token
from understudy.openapi.document import Document, Node
from understudy.service.error_examples import name_not_found
from understudy.service.service import Service

WIDTH = 96
HEADING = ("VENDOR", "CODE", "RULE", "STATUS", "WHAT IT SAYS")
# Errors of vendors with idempotency keys only.
IDEMPOTENCY = (errors.InvalidIdempotencyKey, errors.IdempotencyInFlight)


@dataclass(frozen=True)
class Answer:
    """One response that can carry a documented body."""

    operation: str
    status: int
    fidelity: str
    source: str


@dataclass(frozen=True)
class Spelling:
    """One documented body for a broken rule.

    Attributes:
        code, message: the vendor's words; the code is "" where the body has none.
        place: the document's file and a JSON pointer into it; "" when no document has the body.
    """

    code: str
    message: str
    place: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Rule:
    """A rule of a vendor: the documented bodies of one name and one text."""

    vendor: str
    name: str
    text: str
    spellings: tuple[Spelling, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The vendor's codes for it, each once."""
        return tuple(dict.fromkeys(each.code for each in self.spellings if each.code))

    def is_called(self, code: str) -> bool:
        """Whether a code in lower case is the rule's name or one of its codes."""
        return code in {each.casefold() for each in (self.name, *self.codes)}


@dataclass(frozen=True)
class Explanation:
    """Everything that a code means; the text is "" when only vendors have the code."""

    code: str
    text: str
    rules: tuple[Rule, ...]


def explain_code(services: Sequence[Service], code: str) -> Explanation:
    """Explain a code of these vendors; upper and lower case are alike.

    Args:
        code: of a vendor or a diagnosis, or the name of an example.

    Raises:
        StartError: for an unknown code; names the nearest ones.
    """
    wanted = code.casefold()
    kind = next((kind for kind in _kinds(ApiError) if kind.code == wanted), None)
    rules = tuple(
        rule
        for service in services
        for rule in rules_of(service)
        if rule.is_called(wanted) or (kind and rule.name in _names(service, kind))
    )
    common = {each: text for each, text in MEANINGS.items() if each.casefold() == wanted}
    if not rules and not common:
        raise StartError(_unknown(services, code))
    return Explanation(next(iter(common), code), "".join(common.values()), rules)


def _kinds(above: type[ApiError]) -> Iterator[type[ApiError]]:
    """The subclasses of an error that have a code of their own, not a rule's."""
    for kind in above.__subclasses__():
        if "code" in vars(kind):
            yield kind
        yield from _kinds(kind)


def _unknown(services: Sequence[Service], code: str) -> str:
    known = {each.casefold(): each for each in MEANINGS}
    for rule in (rule for service in services for rule in rules_of(service)):
        known |= {each.casefold(): each for each in (rule.name, *rule.codes)}
    close = difflib.get_close_matches(code.casefold(), known, cutoff=0.5)
    nearest = f"nearest: {', '.join(known[each] for each in close)}; " if close else ""
    vendors = ", ".join(service.name for service in services)
    return f'no error of {vendors} has the code "{code}"; {nearest}understudy explain lists all'


def rules_of(service: Service) -> list[Rule]:
    """Every rule that a vendor's document names, in its order, and what no document can say."""
    file = f"specs/{service.name}.yaml"
    found: dict[tuple[str, str], dict[str, Spelling]] = {}
    for place, response, answer in _error_responses(service.document):
        for name, where, body in _bodies(service.document, place, response):
            text = body.get("description") or body.get("summary", "")
            spellings = found.setdefault((name, text), {})
            earlier = spellings[where].answers if where in spellings else ()
            spellings[where] = _spelling(body, f"{file}{where}", (*earlier, answer))
    rules = [
        Rule(service.name, name, text, tuple(spellings.values()))
        for (name, text), spellings in found.items()
    ]
    return rules + _undocumented(service)


def _error_responses(document: Document) -> Iterator[tuple[str, Node, Answer]]:
    """The place of each error response, its declaration, and the operation that has it."""
    for operation in document.operations.values():
        method = operation.method.lower()
        for status, declared in document.raw["paths"][operation.path][method]["responses"].items():
            read = operation.responses[int(status)]
            if read.status >= 400:
                own = f"#/paths/{escape_token(operation.path)}/{method}/responses/{status}"
                source = read.source or operation.source
                answer = Answer(operation.id, read.status, read.fidelity, source)
                yield *_followed(document, own, declared), answer


def _bodies(document: Document, place: str, response: Node) -> Iterator[tuple[str, str, Node]]:
    """The name, the place and the declaration of each documented body."""
    for media_type, media in response.get("content", {}).items():
        for name, declared in media.get("examples", {}).items():
            own = f"{place}/content/{escape_token(media_type)}/examples/{escape_token(name)}"
            yield name, *_followed(document, own, declared)


def _followed(document: Document, place: str, declared: Node) -> tuple[str, Node]:
    """A node and its place, or those that its `$ref` points at."""
    return declared.get("$ref", place), document.resolve(declared)


def _spelling(body: Node, place: str, answers: tuple[Answer, ...]) -> Spelling:
    code, message = _words(body.get("value"))
    return Spelling(code, message, place, answers)


def _words(value: Any) -> tuple[str, str]:
    """A vendor's code and message, wherever its error body has them."""
    body = value if isinstance(value, dict) else {}
    error = body.get("error")
    words = error if isinstance(error, dict) else body
    text = error if isinstance(error, str) else ""
    if "message" not in words:
        return str(words.get("code", "")), text
    return str(words.get("code", text)), str(words["message"])


def _undocumented(service: Service) -> list[Rule]:
    """What a service answers to a request that reached no operation."""
    rules = []
    for kind, body in service.vendor.errors.undocumented.items():
        answer = Answer("no operation", kind.status, "assumed", "the document cannot say it")
        spelling = _spelling({"value": body}, "", (answer,))
        rules.append(Rule(service.name, kind.code, MEANINGS[kind.code], (spelling,)))
    return rules


def _names(service: Service, kind: type[ApiError]) -> set[str]:
    """The names of the bodies in which a service spells an error of the mock."""
    if issubclass(kind, IDEMPOTENCY) and service.vendor.idempotency is None:
        return set()
    if kind is errors.NotFound:
        return set(map(name_not_found, service.vendor.collections.values()))
    if kind is errors.IllegalTransition:
        return set(service.vendor.errors.transitions.values())
    spelled = service.vendor.errors.examples
    nearest = next((each for each in kind.__mro__ if each in spelled), ApiError)
    # What a service says of any error whatever says nothing about this one.
    return set() if nearest is ApiError else {spelled[nearest]}


def rule_rows(services: Sequence[Service]) -> Iterator[Sequence[str]]:
    """A line for each rule of these vendors, then one for each code that all of them share."""
    yield HEADING
    for service in services:
        for rule in sorted(rules_of(service), key=lambda rule: rule.name):
            statuses = sorted({each.status for one in rule.spellings for each in one.answers})
            shown = " ".join(map(str, statuses))
            yield rule.vendor, " ".join(rule.codes), rule.name, shown, _gist(rule.text)
    yield from (("any", code, "", "", _gist(text)) for code, text in MEANINGS.items())


def _gist(text: str) -> str:
    """The first sentence."""
    return text.partition(". ")[0].rstrip(".")


def render_explanation(explanation: Explanation) -> str:
    """An explanation as text."""
    common = [f"{explanation.code}\n{_prose(explanation.text)}"] if explanation.text else []
    return "\n\n".join([*common, *map(_rule, explanation.rules)])


def _prose(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _rule(rule: Rule) -> str:
    parts = (_prose(rule.text), *map(_body, rule.spellings))
    return f"{rule.name} ({rule.vendor})\n" + "\n\n".join(part for part in parts if part)


def _body(spelling: Spelling) -> str:
    """The vendor's words, the operations that answer with them, and their place."""
    words = ": ".join(part for part in (spelling.code, spelling.message) if part)
    place = [spelling.place] if spelling.place else []
    operations: dict[tuple[int, str, str], list[str]] = {}
    for each in spelling.answers:
        key = (each.status, each.fidelity, each.source)
        operations.setdefault(key, []).append(each.operation)
    answers = [
        f"{status} {', '.join(named)} ({fidelity}: {source})"
        for (status, fidelity, source), named in operations.items()
    ]
    return "\n".join([f"  {words}", *(f"    {line}" for line in (*answers, *place))])

"""Recorded exchanges: each request is sent again, and its reply held against the document.

What was answered need not be answered again: worlds differ. Only with `compare` does each member
that is not as recorded become a finding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from understudy.core.terminal import truncate
from understudy.openapi.document import Operation
from understudy.recording.compare import ABSENT, Difference, IdMapping, find_differences
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
    decode_body,
    header,
)
from understudy.recording.redact import RecordingRedactor
from understudy.recording.tokens import find_tokens
from understudy.redaction.masks import drop_owners
from understudy.redaction.secret_names import SECRET_HEADERS
from understudy.replay.check import add_credentials
from understudy.service.secrets import unmask_body
from understudy.verify.context import RunContext
from understudy.verify.exchange_check import FAILURE, prefers
from understudy.verify.findings import Breach
from understudy.verify.transport import Sender

WRITES = "writes are not allowed"
DEPENDS = "what they need was not sent"
PREFERS = "only an understudy knows Prefer"
NOWHERE = "the document has no such operation"
UNAUTHORIZED = 401
SECRET = "secrets were taken out of them"
# The same of the exchanges, in the totals.
PRONOUN = {
    WRITES: "change something",
    DEPENDS: "need what was not sent",
    PREFERS: "pick their replies, as only an understudy lets them",
    NOWHERE: "meet no operation of the document",
    SECRET: "lack secrets that were taken out",
}


@dataclass(frozen=True)
class ReplayWorld:
    """Where one recording's requests go.

    Attributes:
        move_to: moves its clock to an instant (ns), where that is later; None where it cannot be.
    """

    sender: Sender
    move_to: Callable[[int], None] | None = None


class RecordingReplay:
    """Sends one recording's requests again.

    Args:
        world: where they go.
        own_accounts: whether each is sent by the account that sent it, as the seed world has it.
        understudy: whether the API is this mock, which knows `Prefer`.
        compare: whether what differs from the recording is a finding.
    """

    def __init__(
        self,
        examination: RunContext,
        world: ReplayWorld,
        own_accounts: bool,
        understudy: bool,
        compare: bool,
    ) -> None:
        examination.at(world.sender)
        self._examination = examination
        self._redactor = RecordingRedactor([examination.service])
        self._move_to = world.move_to
        self._own_accounts = own_accounts
        self._understudy = understudy
        self._compare = compare
        self._twins = IdMapping()
        # Ids of replies that were not had, and whether the world is not the recorded one any more.
        self._met: set[str] = set()
        self._lost: set[str] = set()
        self._astray = False

    def run(self, recording: Recording) -> None:
        """Send what can be sent; the rest is counted.

        Raises:
            Unreachable: when nobody listens.
        """
        for exchange in recording.exchanges:
            if exchange.vendor in ("", self._examination.service.name):
                self._exchange(exchange)

    def _exchange(self, exchange: RecordedExchange) -> None:
        if self._move_to is not None and exchange.at is not None:
            self._move_to(exchange.at)
        operation = self._examination.judge.operation(exchange.request)
        reason = NOWHERE if operation is None else self._hindrance(exchange)
        if reason:
            self._examination.outcome.skipped[reason] += 1
            self._lose(exchange)
            return
        assert operation is not None
        self._again(operation, exchange)

    def _hindrance(self, exchange: RecordedExchange) -> str:
        """Why an exchange cannot be had again; "" when it can."""
        request = exchange.request
        if not self._examination.access.allows(request.method):
            return WRITES
        if prefers(request) and not self._understudy:
            return PREFERS
        if not self._lost.isdisjoint(_ids(_asked(request))):
            return DEPENDS
        if b"[redacted" in self._unmasked(request).body:
            return SECRET
        return ""

    def _lose(self, exchange: RecordedExchange) -> None:
        self._astray = self._astray or exchange.request.method != "GET"
        asked = _ids(_asked(exchange.request))
        self._lost |= _ids(_answered(exchange.response)) - self._met - asked

    def _again(self, operation: Operation, exchange: RecordedExchange) -> None:
        examination = self._examination
        self._met |= _ids(_asked(exchange.request)) | _ids(_answered(exchange.response))
        request = self._unmasked(self._twins.request(exchange.request))
        request = replace(request, headers=self._headers(exchange, request))
        reply = examination.ask(operation, request, expected=exchange.response.status)
        if reply is None:
            return
        placed = examination.sender.placed(request)
        if reply.status in operation.responses and not prefers(request):
            for breach in _failed(exchange.response.status, reply.status):
                examination.add(operation, placed, reply, breach)
        # Also pairs the ids of then with those of now.
        then, now = _alike(exchange.response), _alike(self._scrubbed(request, reply))
        found = find_differences(then, now, self._twins)
        if self._compare and not self._astray and exchange.response.status:
            for each in found:
                examination.add(operation, placed, reply, _differs(each))

    def _headers(
        self, exchange: RecordedExchange, request: RecordedRequest
    ) -> tuple[tuple[str, str], ...]:
        access = self._examination.access
        unknown = exchange.account is None and exchange.response.status == UNAUTHORIZED
        # A credential that nobody has stays one, and none stays none.
        if unknown or header(request.headers, access.header) is None:
            return request.headers
        if self._own_accounts and exchange.account is not None:
            return add_credentials(self._examination.service, exchange.account, request.headers)
        told = (each for each in request.headers if each[0].lower() not in SECRET_HEADERS)
        return (*access.headers(), *told)

    def _scrubbed(self, request: RecordedRequest, reply: RecordedResponse) -> RecordedResponse:
        """A reply without secrets, as recordings have them."""
        exchange = RecordedExchange(request, reply, self._examination.service.name)
        return self._redactor.exchange(exchange).response

    def _unmasked(self, request: RecordedRequest) -> RecordedRequest:
        return replace(request, body=unmask_body(self._examination.service, request.body))


def _alike(response: RecordedResponse) -> RecordedResponse:
    """A response whose masks do not tell whose secrets they hide."""
    body = drop_owners(response.body.decode("latin-1")).encode("latin-1")
    return replace(response, body=body)


def _ids(text: str) -> set[str]:
    return {each.text for each in find_tokens(text) if not each.is_time}


def _asked(request: RecordedRequest) -> str:
    return f"{request.url} {decode_body(request.body) or ''}"


def _answered(response: RecordedResponse) -> str:
    headers = " ".join(value for _, value in response.headers)
    return f"{headers} {decode_body(response.body) or ''}"


def _failed(then: int, now: int) -> list[Breach]:
    """A failure where there was a success, be it documented; one that is not, is found as such."""
    if not 200 <= then < 300 or now < FAILURE:
        return []
    message = f"the server failed with {now}; it answered {then} when recorded"
    return [Breach("server-error", "response", "", message, "")]


def _differs(difference: Difference) -> Breach:
    then, now = _shown(difference.recorded), _shown(difference.current)
    where = "response" if difference.where == "body" else difference.where
    return Breach("differs", where, difference.pointer, f"it was {then}, and is {now}", "")


def _shown(value: Any) -> str:
    try:
        return "absent" if value is ABSENT else truncate(repr(value))
    except RecursionError:
        return "a value that nests too deeply"

"""Asks one thing after the other, and notes what each reply shows."""

from __future__ import annotations

from understudy.core.clock import Stopwatch
from understudy.openapi.document import Operation
from understudy.recording.model import RecordedRequest, RecordedResponse
from understudy.service.service import Service, make_redactor
from understudy.verify.curl import Curl
from understudy.verify.exchange_check import FAILURE, ExchangeChecker, prefers
from understudy.verify.findings import NO_REPLY, RATE_LIMITED, Breach, Outcome
from understudy.verify.known_ids import KnownIds
from understudy.verify.reply_reader import NoReplyError
from understudy.verify.transport import Sender, UnsendableError

SECRET_HEADERS_HIDDEN = "(no reply)"


class RunContext:
    """What is known while one API is verified.

    Attributes:
        good: by operation, a request that succeeded.
    """

    def __init__(self, service: Service, sender: Sender) -> None:
        self.service = service
        self.judge = ExchangeChecker(service.document)
        self.known = KnownIds(service, self.judge)
        self.outcome = Outcome(
            service.name, sender.base_url, tuple(service.document.operations.values())
        )
        self.good: dict[str, RecordedRequest] = {}
        self.at(sender)

    def at(self, sender: Sender) -> None:
        """Ask there from now on."""
        self.sender = sender
        self.access = sender.access
        self._curl = Curl(sender.access, self._redact_body)

    def _redact_body(self, body: bytes) -> bytes:
        return make_redactor(self.service).body(body)

    @property
    def allowed(self) -> list[Operation]:
        """The operations that may be asked."""
        return [each for each in self.outcome.operations if self.access.allows(each.method)]

    def ask(
        self, operation: Operation, request: RecordedRequest, expected: int | None = None
    ) -> RecordedResponse | None:
        """Send a request that meets an operation, and hold the reply against the document.

        Args:
            expected: a status that is nothing to note, be it a failure.

        Returns:
            The reply; None when there was none.

        Raises:
            Unreachable: when nobody listens.
        """
        placed = self.sender.placed(request)
        exercise = self.outcome.exercises[operation.id]
        watch = Stopwatch()
        try:
            reply = self.sender.send(placed)
        except UnsendableError:
            return None
        except NoReplyError as error:
            exercise.statuses[NO_REPLY] += 1
            self.add(operation, placed, None, Breach("no-reply", "response", "", str(error), ""))
            return None
        finally:
            exercise.seconds += watch.seconds()
        exercise.statuses[reply.status] += 1
        for each in self.judge.breaches(operation, request, reply):
            self.add(operation, placed, reply, each)
        self._note(operation, request, reply, expected)
        return reply

    def _note(
        self,
        operation: Operation,
        request: RecordedRequest,
        reply: RecordedResponse,
        expected: int | None,
    ) -> None:
        # What a request preferred is an example: it says nothing, and its ids nobody has.
        if prefers(request):
            return
        status = reply.status
        hindered = status == RATE_LIMITED or (status >= FAILURE and status in operation.responses)
        if hindered and status != expected:
            self.outcome.hindrances[operation.id, status] += 1
        if 200 <= status < 300:
            self.good.setdefault(operation.id, request)
            self.known.learn(request, reply)

    def add(
        self,
        operation: Operation,
        placed: RecordedRequest,
        reply: RecordedResponse | None,
        breach: Breach,
    ) -> None:
        """Note a finding that a placed request shows."""
        got = (
            SECRET_HEADERS_HIDDEN
            if reply is None
            else f"{reply.status} {self._curl.reply(reply.body)}".strip()
        )
        status = NO_REPLY if reply is None else reply.status
        text = self._curl.text
        told = Breach(
            breach.code,
            breach.where,
            text(breach.pointer),
            text(breach.message),
            text(breach.hint),
        )
        self.outcome.findings.add(operation, status, told, self._curl.line(placed), got)

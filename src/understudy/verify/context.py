"""The state of one verification: sends requests, checks replies, collects findings."""

from __future__ import annotations

from dataclasses import replace

from understudy.core.clock import Stopwatch
from understudy.core.errors import Diagnosis
from understudy.openapi.document import Operation
from understudy.recording.model import RecordedRequest, RecordedResponse
from understudy.service.service import Service, make_redactor
from understudy.verify.curl import Curl
from understudy.verify.exchange_check import SERVER_ERROR, ExchangeChecker, has_preference
from understudy.verify.findings import NO_REPLY, RATE_LIMITED, Outcome
from understudy.verify.known_ids import KnownIds
from understudy.verify.reply_reader import NoReplyError
from understudy.verify.transport import Sender, UnsendableError

NO_REPLY_TEXT = "(no reply)"


class RunContext:
    """The state of one verification.

    Attributes:
        known: ids that the API knows.
        outcome: the findings so far.
        good: by operationId, a request that succeeded.
    """

    def __init__(self, service: Service, sender: Sender) -> None:
        self.service = service
        self.checker = ExchangeChecker(service.document)
        self.known = KnownIds(service, self.checker)
        self.outcome = Outcome(
            service.name, sender.base_url, tuple(service.document.operations.values())
        )
        self.good: dict[str, RecordedRequest] = {}
        self.at(sender)

    def at(self, sender: Sender) -> None:
        """Send all further requests with this sender."""
        self.sender = sender
        self.access = sender.access
        self._curl = Curl(sender.access, self._redact_body)

    def _redact_body(self, body: bytes) -> bytes:
        return make_redactor(self.service).body(body)

    @property
    def allowed(self) -> list[Operation]:
        """The operations whose methods may be sent."""
        return [each for each in self.outcome.operations if self.access.allows(each.method)]

    def ask(
        self, operation: Operation, request: RecordedRequest, expected: int | None = None
    ) -> RecordedResponse | None:
        """Send a request to an operation, and check its reply against the document.

        Args:
            expected: a status that is not counted as a failure.

        Returns:
            The reply; None when there was none.

        Raises:
            UnreachableError: when the server cannot be reached.
        """
        placed = self.sender.address(request)
        exercise = self.outcome.exercises[operation.id]
        watch = Stopwatch()
        try:
            reply = self.sender.send(placed)
        except UnsendableError:
            return None
        except NoReplyError as error:
            exercise.statuses[NO_REPLY] += 1
            self.add(operation, placed, None, Diagnosis("no-reply", "response", "", str(error), ""))
            return None
        finally:
            exercise.seconds += watch.seconds()
        exercise.statuses[reply.status] += 1
        for each in self.checker.find_faults(operation, request, reply):
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
        # A preferred reply is a documented example, whose ids do not exist.
        if has_preference(request):
            return
        status = reply.status
        hindered = status == RATE_LIMITED or (
            status >= SERVER_ERROR and status in operation.responses
        )
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
        fault: Diagnosis,
    ) -> None:
        """Add a finding that an addressed request shows, without secrets."""
        got = (
            NO_REPLY_TEXT
            if reply is None
            else f"{reply.status} {self._curl.reply(reply.body)}".strip()
        )
        status = NO_REPLY if reply is None else reply.status
        text = self._curl.text
        shown = replace(
            fault,
            pointer=text(fault.pointer),
            message=text(fault.message),
            hint=text(fault.hint),
        )
        self.outcome.findings.add(operation, status, shown, self._curl.line(placed), got)

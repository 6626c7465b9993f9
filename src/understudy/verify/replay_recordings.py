"""Sends recorded requests again, and checks each reply against the document.

The data behind the API may differ from the recorded one, so a reply that differs is a finding only
with `compare`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from understudy.core.errors import Diagnosis
from understudy.core.terminal import truncate
from understudy.openapi.document import Operation
from understudy.recording.compare import ABSENT, Difference, IdMapping, find_differences
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
    decode_body,
)
from understudy.recording.redact import RecordingRedactor
from understudy.recording.tokens import find_tokens
from understudy.redaction.masks import drop_owners
from understudy.redaction.secret_names import SECRET_HEADERS
from understudy.replay.check import add_credentials
from understudy.service.secrets import unmask_body
from understudy.verify.context import RunContext
from understudy.verify.exchange_check import SERVER_ERROR, has_preference
from understudy.verify.transport import Sender

WRITES_NOT_ALLOWED = "writes are not allowed"
MISSING_PREDECESSOR = "what they need was not sent"
NEEDS_PREFER = "only an understudy knows Prefer"
NO_OPERATION = "the document has no such operation"
UNAUTHORIZED = 401
NEEDS_SECRETS = "secrets were taken out of them"
# The same reasons as the report's totals word them.
SKIP_REASONS_IN_TOTALS = {
    WRITES_NOT_ALLOWED: "change something",
    MISSING_PREDECESSOR: "need what was not sent",
    NEEDS_PREFER: "pick their replies, as only an understudy lets them",
    NO_OPERATION: "meet no operation of the document",
    NEEDS_SECRETS: "lack secrets that were taken out",
}


@dataclass(frozen=True)
class ReplayWorld:
    """Where one recording's requests go.

    Attributes:
        move_to: moves its clock on to an instant (ns); None where it has no such clock.
    """

    sender: Sender
    move_to: Callable[[int], None] | None = None


class RecordingReplay:
    """Sends the requests of one recording again.

    Args:
        world: where they go.
        own_accounts: whether each is sent with the credential of the account that sent it.
        understudy: whether the API is this mock, which knows `Prefer`.
        compare: whether a difference from the recording is a finding.
    """

    def __init__(
        self,
        context: RunContext,
        world: ReplayWorld,
        own_accounts: bool,
        understudy: bool,
        compare: bool,
    ) -> None:
        context.at(world.sender)
        self._context = context
        self._redactor = RecordingRedactor([context.service])
        self._move_to = world.move_to
        self._own_accounts = own_accounts
        self._understudy = understudy
        self._compare = compare
        self._id_mapping = IdMapping()
        # Ids in replies that were not received, and whether a recorded change was left out.
        self._seen_ids: set[str] = set()
        self._lost_ids: set[str] = set()
        self._has_diverged = False

    def run(self, recording: Recording) -> None:
        """Send what can be sent, and count the rest by reason.

        Raises:
            Unreachable: when nobody listens.
        """
        for exchange in recording.exchanges:
            if exchange.vendor in ("", self._context.service.name):
                self._exchange(exchange)

    def _exchange(self, exchange: RecordedExchange) -> None:
        if self._move_to is not None and exchange.at is not None:
            self._move_to(exchange.at)
        operation = self._context.checker.find_operation(exchange.request)
        reason = NO_OPERATION if operation is None else self._find_skip_reason(exchange)
        if reason:
            self._context.outcome.skipped[reason] += 1
            self._note_lost_ids(exchange)
            return
        assert operation is not None
        self._resend(operation, exchange)

    def _find_skip_reason(self, exchange: RecordedExchange) -> str:
        """Why an exchange cannot be repeated; "" when it can."""
        request = exchange.request
        if not self._context.access.allows(request.method):
            return WRITES_NOT_ALLOWED
        if has_preference(request) and not self._understudy:
            return NEEDS_PREFER
        if not self._lost_ids.isdisjoint(_ids(_request_text(request))):
            return MISSING_PREDECESSOR
        if b"[redacted" in self._unmask(request).body:
            return NEEDS_SECRETS
        return ""

    def _note_lost_ids(self, exchange: RecordedExchange) -> None:
        self._has_diverged = self._has_diverged or exchange.request.method != "GET"
        asked = _ids(_request_text(exchange.request))
        self._lost_ids |= _ids(_response_text(exchange.response)) - self._seen_ids - asked

    def _resend(self, operation: Operation, exchange: RecordedExchange) -> None:
        context = self._context
        self._seen_ids |= _ids(_request_text(exchange.request)) | _ids(
            _response_text(exchange.response)
        )
        request = self._unmask(self._id_mapping.request(exchange.request))
        request = self._sign(exchange, request)
        reply = context.ask(operation, request, expected=exchange.response.status)
        if reply is None:
            return
        placed = context.sender.address(request)
        if reply.status in operation.responses and not has_preference(request):
            for fault in _find_new_failures(exchange.response.status, reply.status):
                context.add(operation, placed, reply, fault)
        # Also maps the recorded ids to the current ones.
        then, now = (
            _without_mask_names(exchange.response),
            _without_mask_names(self._mask_reply(request, reply)),
        )
        found = find_differences(then, now, self._id_mapping)
        if self._compare and not self._has_diverged and exchange.response.status:
            for each in found:
                context.add(operation, placed, reply, _make_difference(each))

    def _sign(self, exchange: RecordedExchange, request: RecordedRequest) -> RecordedRequest:
        """The request with the credential of the account that sent it, or with the one given."""
        access = self._context.access
        unknown = exchange.account is None and exchange.response.status == UNAUTHORIZED
        # An invalid credential is sent as it is, and a missing one stays missing.
        if unknown or not access.has_credential(request):
            return request
        if self._own_accounts and exchange.account is not None:
            return add_credentials(self._context.service, exchange.account, request)
        kept = tuple(each for each in request.headers if each[0].lower() not in SECRET_HEADERS)
        return access.sign(replace(request, headers=kept))

    def _mask_reply(self, request: RecordedRequest, reply: RecordedResponse) -> RecordedResponse:
        """A reply with its secrets masked, as in recordings."""
        exchange = RecordedExchange(request, reply, self._context.service.name)
        return self._redactor.exchange(exchange).response

    def _unmask(self, request: RecordedRequest) -> RecordedRequest:
        return replace(request, body=unmask_body(self._context.service, request.body))


def _without_mask_names(response: RecordedResponse) -> RecordedResponse:
    """A response whose masks name no owner."""
    body = drop_owners(response.body.decode("latin-1")).encode("latin-1")
    return replace(response, body=body)


def _ids(text: str) -> set[str]:
    return {each.text for each in find_tokens(text) if not each.is_time}


def _request_text(request: RecordedRequest) -> str:
    return f"{request.url} {decode_body(request.body) or ''}"


def _response_text(response: RecordedResponse) -> str:
    headers = " ".join(value for _, value in response.headers)
    return f"{headers} {decode_body(response.body) or ''}"


def _find_new_failures(then: int, now: int) -> list[Diagnosis]:
    """A 5xx where the recording has a 2xx. Undocumented statuses are reported elsewhere."""
    if not 200 <= then < 300 or now < SERVER_ERROR:
        return []
    message = f"the server failed with {now}; it answered {then} when recorded"
    return [Diagnosis("server-error", "response", "", message, "")]


def _make_difference(difference: Difference) -> Diagnosis:
    then, now = _format(difference.recorded), _format(difference.current)
    where = "response" if difference.where == "body" else difference.where
    return Diagnosis("differs", where, difference.pointer, f"it was {then}, and is {now}", "")


def _format(value: Any) -> str:
    try:
        return "absent" if value is ABSENT else truncate(repr(value))
    except RecursionError:
        return "a value that nests too deeply"

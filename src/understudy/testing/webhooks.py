"""The webhooks of one test: what came, what was wrong with it, what is answered."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from understudy.client import AdminError
from understudy.core.clock import Stopwatch
from understudy.testing.receiver import Receiver

if TYPE_CHECKING:
    from understudy.client import Client
    from understudy.client.models import Delivery

FAILED = 500


@dataclass(frozen=True, repr=False)
class ReceivedWebhook:
    """One webhook that was received.

    Attributes:
        path: of the URL that it was sent to.
        headers: by lower-case name.
        body: its bytes; `json` is the document read from them.
        sent: the mock's own record of it on arrival; None when the mock did not send it.
        flaw: what is wrong with its signature; "" when nothing is, or when the vendor signs none.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes
    sent: Delivery | None
    flaw: str
    _mock: Client
    _settle: Callable[[], None]

    def __repr__(self) -> str:
        return f"<webhook {self.vendor} {self.event}>" if self.sent else f"<request {self.path}>"

    @property
    def json(self) -> Any:
        """The body, read as JSON.

        Raises:
            ValueError: when it is not JSON.
        """
        return json.loads(self.body)

    @property
    def event(self) -> str:
        """The vendor's name of the event; "" when the mock did not send it."""
        return self.sent.event if self.sent else ""

    @property
    def vendor(self) -> str:
        return self.sent.vendor if self.sent else ""

    @property
    def delivery(self) -> Delivery | None:
        """The mock's own record of it as it is now, with every attempt."""
        if self.sent is None:
            return None
        # The mock has its answer a moment after the test has the webhook.
        self._settle()
        return self._mock.deliveries.get(self.sent.id)


class WebhookInbox:
    """Receives the webhooks of one test, at `url`; subscribe with that.

    Args:
        name: of the inbox, unique among the tests that run at once.
        mock: the test's session.
        settle: waits for the webhooks that are being sent.
    """

    def __init__(
        self, receiver: Receiver, name: str, mock: Client, settle: Callable[[], None]
    ) -> None:
        self._receiver = receiver
        self._name = name
        self._mock = mock
        self._settle = settle
        self._url = ""
        self._arrived = threading.Condition()
        self._answers: deque[int] = deque()
        self._listeners: list[Callable[[ReceivedWebhook], object]] = []
        self._errors: list[BaseException] = []
        self._handed_out: set[int] = set()
        self.received: list[ReceivedWebhook] = []

    @property
    def url(self) -> str:
        """The URL of this test's inbox; longer paths below it arrive here, too."""
        if not self._url:
            self._url = self._receiver.open(self._name, self)
        return self._url

    def answer(self, *statuses: int) -> None:
        """Answer the next webhooks with these statuses, one each, and later ones with 200."""
        self._answers.extend(statuses)

    def on_event(self, callback: Callable[[ReceivedWebhook], object]) -> None:
        """Call a function with each webhook before it is answered.

        It runs in the receiver's thread. When it raises, the webhook is answered with 500, and the
        next `wait_for`, or else the end of the test, raises the error again.
        """
        self._listeners.append(callback)

    def wait_for(self, event: str, timeout: float = 5.0, verify: bool = True) -> ReceivedWebhook:
        """Wait for the first webhook of this event that no earlier call has returned.

        Args:
            event: the vendor's name of it, such as "campaign.approved".
            timeout: seconds of real time.
            verify: whether a wrong signature fails the test.

        Raises:
            pytest.fail.Exception: when none arrives in time, or its signature is wrong.
        """
        waited = Stopwatch()
        with self._arrived:
            while (found := self._take_next(event)) is None:
                self._raise_errors()
                left = timeout - waited.seconds()
                if left <= 0:
                    break
                self._arrived.wait(left)
        self._raise_errors()
        if found is None:
            pytest.fail(self._explain_missing(event, timeout))
        # What the vendor makes of the answer takes ids; later requests must find it done.
        self._settle()
        if verify and found.flaw:
            pytest.fail(f"the webhook {event} of {found.vendor} is not signed right: {found.flaw}")
        return found

    def _take_next(self, event: str) -> ReceivedWebhook | None:
        for number, each in enumerate(self.received):
            if each.event == event and number not in self._handed_out:
                self._handed_out.add(number)
                return each
        return None

    def _explain_missing(self, event: str, timeout: float) -> str:
        """Explain why a webhook may be missing: those received, those sent, what is due."""
        came = ", ".join(each.event or each.path for each in self.received) or "none"
        lines = [f"no webhook {event} came within {timeout:g} s; received: {came}"]
        for each in self._mock.deliveries.list():
            reason = f" ({each.reason})" if each.reason else ""
            lines.append(f"  sent: {each.vendor} {each.event} to {each.url}: {each.state}{reason}")
        clock = self._mock.clock.get()
        if clock.due:
            named = f"{clock.due[0].vendor} {clock.due[0].action}"
            still = " and its clock stands still" if clock.frozen else ""
            lines.append(f"  it is {clock.now} in the session{still}")
            lines.append(f"  due next: {named} at {clock.due[0].at}; move on with clock.shift()")
        if not self._url:
            lines.append("  nothing subscribed webhooks.url")
        return "\n".join(lines)

    def _raise_errors(self) -> None:
        if self._errors:
            raise self._errors.pop(0)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Note a webhook; return the status to answer it with."""
        sent = self._find_delivery(body)
        flaw = self._find_flaw(sent, headers, body)
        received = ReceivedWebhook(path, headers, body, sent, flaw, self._mock, self._settle)
        status = self._answers.popleft() if self._answers else 200
        try:
            for tell in self._listeners:
                tell(received)
        except BaseException as error:
            self._errors.append(error)
            status = FAILED
        with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
        return status

    def _find_delivery(self, body: bytes) -> Delivery | None:
        """The delivery of a webhook: the latest one with this body."""
        text = body.decode("utf-8", "replace")
        latest = reversed(self._mock.deliveries.list())
        return next((each for each in latest if each.body == text), None)

    def _find_flaw(self, sent: Delivery | None, headers: Mapping[str, str], body: bytes) -> str:
        """What is wrong with a signature, by what the vendor package says of how it signs."""
        # Only now: whoever imports this module to name its classes loads no server.
        from understudy.engine.registry import find_signature

        signature = find_signature(sent.vendor) if sent is not None else None
        if sent is None or signature is None:
            return ""
        vendor, _, id = sent.subscription.partition("/")
        try:
            subscription = self._mock.resources.get(vendor, signature.collection, id).resource
            return signature.find_fault(headers, body, subscription[signature.secret])
        except AdminError as error:
            return f"its subscription {sent.subscription} cannot be found ({error})"
        except (LookupError, TypeError, ValueError) as error:
            return f"the secret of its subscription cannot be used ({error!r})"

    def close(self) -> None:
        """Receive nothing more.

        Raises:
            BaseException: what a callback raised, unless a `wait_for` has raised it.
        """
        self._receiver.shut(self._name)
        self._raise_errors()

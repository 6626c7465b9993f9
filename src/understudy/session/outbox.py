"""Outbox: sends the deliveries of one session, in order, and keeps a log of them."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from understudy.core.clock import MILLISECOND
from understudy.session.deliveries import MAX_DELIVERIES, Attempt, Delivery
from understudy.session.egress_policy import Destination, resolve_destination
from understudy.session.faults import PlannedFault
from understudy.session.http_post import PostFailedError, post

logger = logging.getLogger(__name__)
ReportAttempt = Callable[[Delivery, Attempt], Awaitable[None]]


class Outbox:
    """The deliveries of one session, oldest first.

    Args:
        allowed: host names, addresses and networks beyond loopback.
        now: the session's clock.
        report: is called with each attempt in the background.
    """

    def __init__(
        self, allowed: frozenset[str], now: Callable[[], int], report: ReportAttempt | None = None
    ) -> None:
        self._log: dict[str, Delivery] = {}
        self._allowed = allowed
        self._now = now
        self._report = report
        self._closed = False
        self._queues: dict[str, deque[tuple[Delivery, bool]]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, list[Delivery]] = {}

    @property
    def deliveries(self) -> list[Delivery]:
        """The latest deliveries, in the order in which they were last sent."""
        return list(self._log.values())

    def find(self, id: str) -> Delivery | None:
        return self._log.get(id)

    def send(self, delivery: Delivery, planned: PlannedFault | None = None) -> None:
        """Log a delivery and queue it behind the others of its subscription.

        A closed session sends nothing. Faults that need the session's clock (`webhook-late`,
        `webhook-out-of-order`) only hold the delivery; the scheduler releases it.
        """
        if self._closed:
            return
        delivery = self._record(delivery)
        kind = planned.fault.kind if planned else ""
        delivery.fault = kind
        if kind == "webhook-never":
            delivery.state, delivery.reason = "withheld", "a planned fault keeps it from leaving"
        elif kind in ("webhook-late", "webhook-out-of-order"):
            self._hold(delivery, until_next=kind == "webhook-out-of-order")
        else:
            self._queue(delivery, kind)

    def _queue(self, delivery: Delivery, kind: str) -> None:
        if kind == "webhook-bad-signature":
            delivery.headers = _spoil_signature(delivery.headers, delivery.signature)
        self._enqueue(delivery, reported=True)
        if kind == "webhook-duplicate":
            self._enqueue(delivery, reported=False)
        for held in self._held.pop(delivery.subscription, []):
            self._enqueue(held, reported=True)

    def _hold(self, delivery: Delivery, until_next: bool) -> None:
        delivery.state = "held"
        if until_next:
            self._held.setdefault(delivery.subscription, []).append(delivery)

    def release(self, delivery: Delivery) -> None:
        """Queue a held delivery, unless it was sent meanwhile."""
        known = self._log.get(delivery.id)
        if known is not None and known.state != "held":
            return
        held = self._held.pop(delivery.subscription, [])
        if others := [each for each in held if each.id != delivery.id]:
            self._held[delivery.subscription] = others
        if not self._closed:
            self._enqueue(known or self._record(delivery), reported=True)

    async def replay(self, delivery: Delivery, headers: Mapping[str, str]) -> Attempt:
        """Resend a delivery immediately, bypassing the queue, with these headers.

        The attempt is not reported: to the vendor it is the same one.
        """
        delivery.headers = dict(headers)
        return await self._attempt(delivery)

    def _record(self, delivery: Delivery) -> Delivery:
        """Log a delivery; one that repeats an earlier one takes its attempts over.

        After a restore an id may be used again; the earlier delivery is then dropped.
        """
        earlier = self._log.pop(delivery.id, None)
        if earlier is not None and delivery.repeats:
            delivery.attempts = earlier.attempts
            delivery.created = earlier.created
        self._log[delivery.id] = delivery
        if len(self._log) > MAX_DELIVERIES:
            del self._log[next(iter(self._log))]
        return delivery

    def _enqueue(self, delivery: Delivery, reported: bool) -> None:
        delivery.state = "pending"
        queue = self._queues.setdefault(delivery.subscription, deque())
        queue.append((delivery, reported))
        if delivery.subscription not in self._workers:
            work = self._send_queue(delivery.subscription, queue)
            self._workers[delivery.subscription] = asyncio.get_running_loop().create_task(work)

    async def _send_queue(self, subscription: str, queue: deque[tuple[Delivery, bool]]) -> None:
        try:
            while queue:
                delivery, reported = queue.popleft()
                try:
                    attempt = await self._attempt(delivery)
                    if reported and self._report is not None:
                        await self._report(delivery, attempt)
                except Exception as error:
                    # One delivery's failure must not keep those behind it from leaving.
                    logger.exception("delivery %s failed", delivery.id)
                    if delivery.state == "pending":
                        delivery.state, delivery.reason = "failed", f"a defect of the mock: {error}"
        finally:
            if self._workers.get(subscription) is asyncio.current_task():
                del self._workers[subscription], self._queues[subscription]

    async def send_now(self, delivery: Delivery) -> Attempt:
        """Log a delivery, send it bypassing the queue, and return the attempt."""
        return await self._attempt(self._record(delivery))

    def busy(self) -> frozenset[str]:
        """The subscriptions whose deliveries are being sent."""
        return frozenset(self._workers)

    async def settle(
        self, apart_from: frozenset[str] = frozenset(), timeout: float | None = None
    ) -> None:
        """Wait until all deliveries are sent, apart from those of some subscriptions.

        Args:
            timeout: in seconds of real time.
        """
        try:
            async with asyncio.timeout(timeout):
                while waiting := [
                    task for name, task in self._workers.items() if name not in apart_from
                ]:
                    await asyncio.wait(waiting)
        except TimeoutError:
            return

    def forget(self, ids: frozenset[str]) -> None:
        """Give up unsent deliveries, because the session is restored to another state.

        Args:
            ids: of deliveries that the other state holds; they are removed from the log, since
                they are yet to be sent.
        """
        self.stop()
        self._held.clear()
        self._log = {id: each for id, each in self._log.items() if id not in ids}
        for delivery in self._log.values():
            if delivery.state in ("pending", "held"):
                delivery.state, delivery.reason = "failed", "given up: the session was restored"

    def stop(self) -> None:
        """Cancel the deliveries that are being sent or wait in a queue."""
        workers, self._workers, self._queues = self._workers, {}, {}
        for task in workers.values():
            task.cancel()

    def close(self) -> None:
        """Stop, and send nothing more."""
        self._closed = True
        self.stop()

    async def _attempt(self, delivery: Delivery) -> Attempt:
        at = self._now()
        sent = dict(delivery.headers)
        where = await resolve_destination(delivery.url, self._allowed)
        if isinstance(where, str):
            delivery.state, delivery.reason = "blocked", where
            return Attempt(at, None, where, headers=sent)
        attempt = await self._post(delivery, where, at, sent)
        delivery.attempts.append(attempt)
        delivery.reason = attempt.error
        delivery.state = "delivered" if attempt.succeeded else "failed"
        return attempt

    async def _post(
        self, delivery: Delivery, where: Destination, at: int, sent: dict[str, str]
    ) -> Attempt:
        try:
            answer = await post(where, delivery.body, sent, delivery.timeout)
        except PostFailedError as error:
            return Attempt(at, None, str(error), headers=sent)
        spent = (self._now() - at) // MILLISECOND
        return Attempt(at, answer.status, "", answer.excerpt, spent, sent, answer.headers)


def _spoil_signature(headers: Mapping[str, str], signature: str) -> dict[str, str]:
    """Change the last character of the signature."""
    spoilt = dict(headers)
    for name, value in headers.items():
        if name.lower() == signature:
            spoilt[name] = value[:-1] + ("0" if value[-1:] != "0" else "1")
    return spoilt

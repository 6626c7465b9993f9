"""Call: one request on its way through a service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from understudy.core.clock import MILLISECOND
from understudy.core.errors import Diagnosis
from understudy.core.settings import Settings
from understudy.openapi.document import Operation, snake_case
from understudy.service.accounts import Account
from understudy.service.collections import StoreT, StoreT_co
from understudy.service.reply import Reply
from understudy.service.service import Service
from understudy.service.unit_of_work import Resource, UnitOfWork
from understudy.session.faults import Fault
from understudy.session.journal import Exchange
from understudy.session.rate_limits import RateLimitStatus
from understudy.session.session import Session


class Call(UnitOfWork[StoreT_co]):
    """One request on its way through a service, and the unit of work that answers it.

    Attributes:
        headers: of the request, names in lower case; a header sent twice is joined by ", ".
        parameters: validated values by documented name, defaults filled in.
        faults: what is wrong with the parameters; None until they are read.
        content: the request's body as it came; `body` is the document read from it.
        account: the caller; None before the credential is checked, and where none is needed.
        customer: id of the owner that the request acts for; one of the vendor's checks sets it.
        examined: whether it has passed every check; only then is its reply remembered.
        standing: the state of its rate limit, once it was counted.
        fault: the planned fault that it meets, if any.
    """

    def __init__(
        self, service: Service, session: Session, settings: Settings, exchange: Exchange
    ) -> None:
        super().__init__(session, service.vendor, exchange.started)
        self.service = service
        self.settings = settings
        self.exchange = exchange
        self.routed: Operation | None = None
        self.account: Account | None = None
        self.headers: dict[str, str] = exchange.request_headers
        self.path_values: Mapping[str, str] = {}
        self.query: dict[str, list[str]] = {}
        self.parameters: dict[str, Any] = {}
        self.faults: list[Diagnosis] | None = None
        self.body: Any = None
        self.content = b""
        self.too_large = False
        self.request_id = service.vendor.request_id(session.fakes)
        self.customer = ""
        self.examined = False
        self.standing: RateLimitStatus | None = None
        self.remembered_as: tuple[str, str, str] | None = None
        self.fault: Fault | None = None
        self.reply_headers: dict[str, str] = {}

    @property
    def operation(self) -> Operation:
        """The documented operation; only a request to an undeclared path or method has none."""
        if self.routed is None:
            raise LookupError(f"{self.exchange.method} {self.exchange.path} is not documented")
        return self.routed

    @property
    def arguments(self) -> dict[str, Any]:
        """The path's values by the Python names under which handlers take them.

        Validated values, once `checks.parameters` has read them; the text of the path before.
        """
        return {
            snake_case(name): self.parameters.get(name, text)
            for name, text in self.path_values.items()
        }

    @property
    def spent(self) -> int:
        """Milliseconds since the request arrived, by the session's clock."""
        return (self.session.clock.now() - self.now) // MILLISECOND


# What a request passes before its handler; it may raise, or answer in the handler's place.
Check = Callable[[Call[StoreT]], Awaitable[Reply | None]]
# What a due call does: it is given the unit of work, and the arguments that it was planned with.
Action = Callable[..., Awaitable[None]]
# What an event by hand does: it is given the resource and the scope in which it is kept.
EventAction = Callable[[UnitOfWork[StoreT], Resource, str], Awaitable[None]]

"""Call: one request on its way through a service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from understudy.core.clock import MILLISECOND
from understudy.core.errors import Diagnosis
from understudy.core.settings import Settings
from understudy.core.strict_json import read_json
from understudy.openapi.document import Operation, snake_case
from understudy.service.accounts import Account
from understudy.service.reply import Reply
from understudy.service.service import Service
from understudy.service.unit_of_work import Resource, UnitOfWork
from understudy.session.faults import Fault
from understudy.session.journal import Exchange
from understudy.session.rate_limits import RateLimitStatus
from understudy.session.session import Session

Check = Callable[["Call"], Awaitable[Reply | None]]


Action = Callable[..., Awaitable[None]]


# What an event by hand does: it is given the resource and the scope in which it is kept.
EventAction = Callable[["UnitOfWork", Resource, str], Awaitable[None]]


class Call(UnitOfWork):
    """One request on its way through a service, and the unit of work that answers it.

    Attributes:
        headers: of the request, names in lower case; a header sent twice is joined by ", ".
        sent: path, query and header values as they came, by parameter key.
        parameters: validated values by documented name, defaults filled in.
        parameter_diagnoses: what is wrong with the parameters; None until they are read.
        content: the request's body as it came; `body` is the document read from it.
        customer: id of whom the request acts for; the service sets it.
        examined: whether it has passed every check; only then is its reply remembered.
        fault: what is to go wrong with it, if anything.
        counted: whether it counts against the vendor's limits; a request of an invented past must
            not use up what the present may do.
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
        self.parameter_diagnoses: list[Diagnosis] | None = None
        self.body: Any = None
        self.content = b""
        self.too_large = False
        self.request_id = service.vendor.request_id(session.fakes)
        self.customer = ""
        self.examined = False
        self.counted = True
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
    def arguments(self) -> dict[str, str]:
        """The path's values by the Python names under which handlers take them."""
        return {snake_case(name): value for name, value in self.path_values.items()}

    def start_over(self) -> None:
        """Read the clock again, and the body, which a handler may have changed."""
        super().start_over()
        self.now = self.session.clock.now()
        if self.body is not None:
            self.body = read_json(self.content)

    @property
    def spent(self) -> int:
        """Milliseconds since the request arrived, by the session's clock."""
        return (self.session.clock.now() - self.exchange.started) // MILLISECOND

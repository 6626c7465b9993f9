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
from understudy.service.collections import StoreT, StoreT_co
from understudy.service.reply import Reply
from understudy.service.request import Request
from understudy.service.service import Service
from understudy.service.unit_of_work import Resource, UnitOfWork
from understudy.session.faults import Fault
from understudy.session.journal import Exchange, ProxyOutcome
from understudy.session.rate_limits import RateLimitStatus
from understudy.session.session import Session


class Call(UnitOfWork[StoreT_co]):
    """One request on its way through a service, and the unit of work that answers it.

    What the way through the service finds out is kept here, each by the one step that finds it;
    the journal's exchange is made of it when the request is over.

    Attributes:
        request: as it came in.
        exchange_id: under which the journal keeps it; "" when no journal does.
        headers: of the request, names in lower case.
        request_id: the id by which the vendor names the request.
        routed: the documented operation, once it is found; `operation` where it must be.
        path_values: the path's values as text, by documented name.
        caller: the account whose credential was sent, be it revoked; None when it is nobody's.
        account: the account that is let in.
        customer: the id of whom the request acts for; the vendor's first check sets it.
        query: the query's values as they came, by name.
        parameters: validated values by documented name, defaults filled in.
        parameter_diagnoses: what is wrong with the parameters; None until they are read.
        body: the JSON document read from the request's content.
        counted: whether it counts against the vendor's limits; a request of an invented past must
            not use up what the present may do.
        standing: where its caller stands in the vendor's limits.
        remembered_as: the owner and key under which its reply is remembered.
        examined: whether it has passed every check; only then is its reply remembered.
        fault: the planned or preferred failure that strikes it.
        preference: what it chose by `Prefer`, as it was applied.
        reply_headers: headers of its reply, whatever that is.
        diagnoses: what was wrong with the exchange.
        proxied: what a proxy did with it; see `Exchange`.
        revise: edits the exchange before the journal keeps it.
    """

    # Not set in `__init__`, since few requests have them: Python makes objects of more than 30
    # attributes slowly.
    counted = True
    remembered_as: tuple[str, str, str] | None = None
    fault: Fault | None = None
    preference = ""
    diagnoses: tuple[Diagnosis, ...] = ()
    proxied: ProxyOutcome = ""
    revise: Callable[[Exchange], None] | None = None

    def __init__(
        self,
        service: Service,
        session: Session,
        settings: Settings,
        request: Request,
        exchange_id: str = "",
    ) -> None:
        super().__init__(session, service.vendor, request.received)
        self.service = service
        self.settings = settings
        self.request = request
        self.exchange_id = exchange_id
        self.headers = request.headers
        self.request_id = service.vendor.request_id(session.fakes)
        self.routed: Operation | None = None
        self.path_values: Mapping[str, str] = {}
        self.caller: str | None = None
        self.account: Account | None = None
        self.customer = ""
        self.query: dict[str, list[str]] = {}
        self.parameters: dict[str, Any] = {}
        self.parameter_diagnoses: list[Diagnosis] | None = None
        self.body: Any = None
        self.standing: RateLimitStatus | None = None
        self.examined = False
        self.reply_headers: dict[str, str] = {}

    @property
    def operation(self) -> Operation:
        """The documented operation; only a request to an undeclared path or method has none."""
        if self.routed is None:
            raise LookupError(f"{self.request.method} {self.request.path} is not documented")
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

    def start_over(self) -> None:
        """Read the clock again, and the body, which a handler may have changed."""
        super().start_over()
        self.now = self.session.clock.now()
        if self.body is not None:
            self.body = read_json(self.request.content)

    @property
    def spent(self) -> int:
        """Milliseconds since the request arrived, by the session's clock."""
        return (self.session.clock.now() - self.request.received) // MILLISECOND


# What a request passes before its handler; it may raise, or answer in the handler's place.
Check = Callable[[Call[StoreT]], Awaitable[Reply | None]]
# What a due call does: it is given the unit of work, and the arguments that it was planned with.
Action = Callable[..., Awaitable[None]]
# What an event by hand does: it is given the resource and the scope in which it is kept.
EventAction = Callable[[UnitOfWork[StoreT], Resource, str], Awaitable[None]]

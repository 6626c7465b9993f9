"""Vendor: what a vendor package declares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from understudy.core.errors import ApiError
from understudy.core.fakes import Fakes
from understudy.openapi.document import Operation
from understudy.service.lifecycle import Lifecycle
from understudy.session.deliveries import Delivery
from understudy.session.idempotency import IdempotencyRule
from understudy.session.rate_limits import Limit

if TYPE_CHECKING:
    from understudy.service.call import Action, Call, Check, EventAction
    from understudy.service.reply import Reply
    from understudy.service.unit_of_work import Resource, UnitOfWork


@dataclass(frozen=True)
class View:
    """How the resources of one collection are shown to the vendor's users.

    Attributes:
        schema: name of the document's component that a shown resource satisfies.
        show: a stored resource as a reply would carry it.
    """

    schema: str
    show: Callable[[Resource], Any]


@dataclass(frozen=True)
class Sample:
    """How realistic resources of one collection are made: by the vendor's own operation.

    Attributes:
        operation: operationId of the operation that creates one.
        make: path values (by the document's names) and body of one realistic request. It may put
            resources (credits, say) through the call; they are kept together with the new one.
    """

    operation: str
    make: Callable[[Call], Awaitable[tuple[dict[str, str], Any]]]


@dataclass(frozen=True)
class Vendor:
    """One vendor, as its service declares it.

    Attributes:
        name: the first segment of its addresses and the name of its document.
        hosts: names under which the real vendor is reached.
        collections: the resources that it keeps: collection name -> singular noun.
        checks: what a request passes before its handler, in the vendor's order; each may raise, or
            answer in the handler's place.
        spell: an error in the vendor's envelope.
        finish: adds the headers that every reply of the vendor carries.
        actions: what its due calls do, by name.
        well_formed: whether a credential has the vendor's form (`--auth any`).
        limit: the documented limit that a request counts against, None where there is none.
        request_id: makes the id by which the vendor names one request.
        key: the member that holds a resource's id.
        first_request: path of a GET that the seed world answers, for newcomers.
        internal: whether it is the mock's own plane: journal and planned faults are not for it.
        lifecycles: by collection, the moves that its resources can make.
        fires: by collection and event, what the event does when it is fired by hand.
        views: by collection, how its resources are shown; one that is never shown has none.
        samples: by collection, how realistic resources are made.
        signature: the header that signs its deliveries, in lower case; "" when it signs none.
        resign: the headers that a delivery carries when it is sent again now.
    """

    name: str
    title: str
    handlers: ModuleType
    checks: Sequence[Check]
    spell: Callable[[Call, ApiError], Reply]
    finish: Callable[[Call, Reply], None]
    hosts: tuple[str, ...] = ()
    collections: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    well_formed: Callable[[str], bool] = bool
    limit: Callable[[Operation], Limit | None] | None = None
    idempotency: IdempotencyRule | None = None
    request_id: Callable[[Fakes], str] = Fakes.uuid
    key: str = "id"
    first_request: str = "/"
    internal: bool = False
    lifecycles: Mapping[str, Lifecycle] = field(default_factory=dict)
    fires: Mapping[str, Mapping[str, EventAction]] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    samples: Mapping[str, Sample] = field(default_factory=dict)
    signature: str = ""
    resign: Callable[[UnitOfWork, Delivery], Awaitable[Mapping[str, str]]] | None = None

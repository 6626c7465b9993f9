"""Vendor: what a vendor package declares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic

from understudy.core.errors import ApiError
from understudy.core.fakes import Fakes
from understudy.openapi.document import Operation
from understudy.service.collections import Collections, StoreT, collection_kinds
from understudy.service.error_examples import ErrorExamples
from understudy.service.lifecycle import Lifecycle
from understudy.service.signatures import Signature
from understudy.session.deliveries import Delivery
from understudy.session.idempotency import IdempotencyRule
from understudy.session.rate_limits import Limit

if TYPE_CHECKING:
    from understudy.service.call import Action, Call, Check, EventAction
    from understudy.service.reply import Reply
    from understudy.service.unit_of_work import Resource, UnitOfWork

# The default for vendors that keep nothing; `Any`, because it fits no `StoreT` in particular.
NO_COLLECTIONS: Any = Collections


@dataclass(frozen=True)
class View:
    """How the resources of one collection appear to the vendor's users.

    Attributes:
        schema: name of the component (in the document's `components.schemas`) that a resource,
            once shown, satisfies.
        show: makes of a stored resource what a reply would carry. It may raise `LookupError`,
            `TypeError`, `ValueError` or `AttributeError` for a resource that lacks what it needs;
            the admin plane then refuses to store that resource.
    """

    schema: str
    show: Callable[[Resource], Any]


@dataclass(frozen=True)
class Sample(Generic[StoreT]):
    """How realistic resources of one collection are made: by the vendor's own operation.

    Attributes:
        operation: operationId of the operation that creates one.
        make: path values (by the document's names) and body of one realistic request. It may put
            resources (credits, say) through the call; they are kept together with the new one.
    """

    operation: str
    make: Callable[[Call[StoreT]], Awaitable[tuple[dict[str, str], Any]]]


@dataclass(frozen=True)
class Vendor(Generic[StoreT]):
    """One vendor, as its package declares it.

    A request passes: the credential check (sets `call.account`), the `checks` in their order, a
    preferred answer or a planned fault, the handler. What one of them raises goes to
    `render_error`; every reply then goes to `finish`.

    Whatever a callable raises that is not an `ApiError` (`understudy.core.errors`) is a defect: it
    is logged with its traceback and answered as `Internal`, through `render_error`. What an action
    raises is logged, and nothing of its unit of work is kept.

    Attributes:
        name: the first segment of its addresses, and the name of its document; lower-case letters
            and digits.
        title: its name for people.
        handlers: the module with one coroutine function per operation, `operationId` in snake
            case, called with the `Call` and the path's values as keyword arguments. It returns a
            `Reply` and may raise any `ApiError`.
        checks: coroutine functions of the call, in the vendor's order. Each may raise an
            `ApiError`, return a `Reply` that answers in the handler's place, or return None.
            `checks.parameters` and `checks.body` read what later checks and the handler use. A
            check that sets `call.customer` (whom the request acts for: the owner of the data, the
            rate limit and the idempotency keys) stands before `checks.count` where the accounts
            of one customer share a limit, and always before `checks.replay`. `checks.count` stands
            before `checks.rate_limit`, `checks.idempotency_key` before `checks.replay`.
        render_error: an `ApiError` as a reply in the vendor's envelope. The call may have reached
            no operation (`call.routed` is None) and have no account. It must not raise.
        finish: adds the headers that every reply of the vendor carries. It must not raise.
        hosts: names under which the real vendor is reached.
        store: the class that declares the collections of the resources that it keeps.
        actions: what its due calls do, by the name that `UnitOfWork.later` and `at` are given: a
            coroutine function of the unit of work and the arguments of that call.
        well_formed: whether a credential has the vendor's form (`--auth any`).
        errors: how the document names the bodies of errors; `render_error` finds them there, and
            `understudy explain` and the check at start read it.
        limit: the documented limit that a request counts against, None where there is none.
        idempotency: the header of idempotency keys, and what is remembered under a key; None for a
            vendor without them.
        request_id: makes the id by which the vendor names one request.
        key: the field that holds a resource's id.
        first_request: path of a GET that the seed data answers, shown to newcomers.
        internal: whether it is the mock's own plane, which has no journal and no planned faults.
        lifecycles: by collection, the moves that its resources can make.
        fires: by collection and event, what the event does when it is fired by hand: a coroutine
            function of the unit of work, the resource and its scope. It may raise an `ApiError`,
            which refuses the event.
        views: by collection, how its resources are shown; one that is never shown has none.
        samples: by collection, how realistic resources are made.
        signature: how it signs its webhooks; None when it does not.
        resign: the headers of a delivery that is sent again now by hand. None repeats those of
            the first time.
    """

    name: str
    title: str
    handlers: ModuleType
    checks: Sequence[Check[StoreT]]
    render_error: Callable[[Call[StoreT], ApiError], Reply]
    finish: Callable[[Call[StoreT], Reply], None]
    hosts: tuple[str, ...] = ()
    store: type[StoreT] = NO_COLLECTIONS
    actions: Mapping[str, Action] = field(default_factory=dict)
    well_formed: Callable[[str], bool] = bool
    errors: ErrorExamples = field(default_factory=ErrorExamples)
    limit: Callable[[Operation], Limit | None] | None = None
    idempotency: IdempotencyRule | None = None
    request_id: Callable[[Fakes], str] = Fakes.uuid
    key: str = "id"
    first_request: str = "/"
    internal: bool = False
    lifecycles: Mapping[str, Lifecycle] = field(default_factory=dict)
    fires: Mapping[str, Mapping[str, EventAction[StoreT]]] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    samples: Mapping[str, Sample[StoreT]] = field(default_factory=dict)
    signature: Signature | None = None
    resign: Callable[[UnitOfWork[StoreT], Delivery], Awaitable[Mapping[str, str]]] | None = None

    @cached_property
    def collections(self) -> Mapping[str, str]:
        """The names of the collections, each with the singular noun of what it holds."""
        return collection_kinds(self.store)

"""The lifecycle of a kind of resource, as a table of states and events."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from understudy.core.errors import IllegalTransition, Internal

Resource = dict[str, Any]


@dataclass(frozen=True)
class Lifecycle:
    """A state machine over one field of a resource.

    Attributes:
        kind: the resource's singular noun, for messages.
        member: the field that holds the state.
        table: for every state, also final ones, its events and the state that each leads to.
    """

    kind: str
    member: str
    table: Mapping[Hashable, Mapping[str, Hashable]]

    def fire(self, resource: Resource, event: str, **changes: Any) -> Resource:
        """A copy of the resource after the event, with `changes` beside the new state.

        Raises:
            IllegalTransition: when the table has no such event in the resource's state.
            Internal: when the resource has no state, or one that the table lacks.
        """
        events = self._events(resource)
        if event not in events:
            raise IllegalTransition(self.kind, event, resource[self.member], events)
        return {**resource, **changes, self.member: events[event]}

    def allowed(self, resource: Resource) -> list[str]:
        """The events that are possible in the resource's state, sorted.

        Raises:
            Internal: when the resource has no state, or one that the table lacks.
        """
        return sorted(self._events(resource))

    def _events(self, resource: Resource) -> Mapping[str, Hashable]:
        try:
            return self.table[resource[self.member]]
        except (KeyError, TypeError) as error:
            state = resource.get(self.member)
            states = ", ".join("null" if each is None else str(each) for each in self.table)
            message = f"a stored {self.kind} is in the state {state!r}, which its lifecycle lacks"
            hint = f"store one of the states {states}, or reset the session"
            raise Internal(message, hint=hint) from error

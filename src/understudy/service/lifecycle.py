"""The moves that a kind of resource can make, as a table of states and events."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from understudy.core.errors import IllegalTransition

Resource = dict[str, Any]


@dataclass(frozen=True)
class Lifecycle:
    """A state machine over one member of a resource.

    Attributes:
        kind: the resource's singular noun, for messages.
        member: the member that holds the state.
        table: for every state, final ones too, its events and where each leads.
    """

    kind: str
    member: str
    table: Mapping[Hashable, Mapping[str, Hashable]]

    def fire(self, resource: Resource, event: str, **changes: Any) -> Resource:
        """A copy of the resource after the event, with `changes` beside the new state.

        Raises:
            IllegalTransition: when the table has no such event in the resource's state.
        """
        state = resource[self.member]
        events = self.table[state]
        if event not in events:
            raise IllegalTransition(self.kind, event, state, events)
        return {**resource, **changes, self.member: events[event]}

    def allowed(self, resource: Resource) -> list[str]:
        """The events that the resource's state knows, sorted."""
        return sorted(self.table[resource[self.member]])

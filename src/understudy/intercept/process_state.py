"""The state that all mocks of a process share.

Four things exist once per process, because what they hold belongs to the process or is expensive:

- the patches of the HTTP clients and the mocks that are active (`ProcessState.active_mocks`):
  a client's class can be patched only once;
- the apps that have been started (`ProcessState.apps`): mocks with equal settings share one;
- the numbers in the names of the mocks' sessions, which share those apps;
- the loop thread on which all of it runs (`inprocess.loop.shared_loop`).

Everything else belongs to one app, one session or one mock. What is cached elsewhere (documents,
services, Connexion stacks) does not change once it is made.
"""

from __future__ import annotations

import itertools
from functools import cache

from understudy.inprocess.loop import shared_loop
from understudy.intercept.active_mocks import ActiveMocks
from understudy.intercept.apps import Apps


class ProcessState:
    """The state that all mocks of a process share.

    Attributes:
        apps: the apps that have been started; its `log` is the one that a test run sets.
        active_mocks: the mocks that are active; requests from the loop thread are not theirs.
    """

    def __init__(self) -> None:
        self.apps = Apps()
        self.active_mocks = ActiveMocks(exempt=lambda: shared_loop().is_here)
        self._numbers = itertools.count(1)

    def make_session_name(self) -> str:
        """Make a session name that no other mock of this process has."""
        return f"mock-{next(self._numbers)}"


@cache
def process_state() -> ProcessState:
    """Return the state of this process; made at the first call."""
    return ProcessState()

"""Decorated functions, coroutine functions and test classes: each call has its own mock."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar, cast

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True)
class Decoration:
    """Decorates with a mock.

    Attributes:
        start: starts a mock for one call; leaving the context stops it.
        prepare: does in a coroutine what would take too long in `start`.
    """

    start: Callable[[], AbstractContextManager[object]]
    prepare: Callable[[], Awaitable[None]]

    def decorate(self, decorated: Decorated) -> Decorated:
        """Decorate a function, a coroutine function, or every `test*` method of a class.

        Raises:
            TypeError: for a generator function, whose body runs after the call has returned.
        """
        if isinstance(decorated, type):
            self._decorate_tests(decorated)
            return cast(Decorated, decorated)
        if inspect.isgeneratorfunction(decorated) or inspect.isasyncgenfunction(decorated):
            raise TypeError(f"{decorated.__qualname__} is a generator; write `with mock()` inside")
        if inspect.iscoroutinefunction(decorated):
            return cast(Decorated, self._decorate_coroutine(decorated))
        return cast(Decorated, self._decorate_function(decorated))

    def _decorate_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def mocked(*arguments: Any, **keywords: Any) -> Any:
            with self.start():
                return function(*arguments, **keywords)

        return mocked

    def _decorate_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def mocked(*arguments: Any, **keywords: Any) -> Any:
            await self.prepare()
            with self.start():
                return await function(*arguments, **keywords)

        return mocked

    def _decorate_tests(self, tests: type) -> None:
        for name in [each for each in dir(tests) if each.startswith("test")]:
            method = inspect.getattr_static(tests, name)
            if isinstance(method, FunctionType):
                setattr(tests, name, self.decorate(method))
            elif isinstance(method, staticmethod | classmethod):
                setattr(tests, name, type(method)(self.decorate(method.__func__)))

"""What a vendor keeps: its collections, declared once and then attributes that checkers know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, overload

from typing_extensions import TypeVar

from understudy.session.store import Changes, Collection, Store


class Stored:
    """Declares a collection: `campaigns = Stored("campaign")` in a vendor's `Collections`.

    Args:
        kind: the singular noun of what the collection holds, for messages and examples' names.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, store: None, owner: type) -> Stored: ...

    @overload
    def __get__(self, store: Collections, owner: type) -> Collection: ...

    def __get__(self, store: Collections | None, owner: type) -> Stored | Collection:
        return self if store is None else store._open(self)


class Collections:
    """The collections of one vendor, seen through a unit of work.

    A vendor package derives a class that declares each collection with `Stored`; a unit of work
    has an instance of it as `work.store`. The class has no public attribute of its own, so every
    name that begins with a letter is free.
    """

    __slots__ = ("_changes", "_key", "_store", "_vendor")

    _declared: ClassVar[Mapping[str, Stored]] = {}

    def __init__(self, store: Store, changes: Changes, vendor: str, key: str) -> None:
        self._store, self._changes, self._vendor, self._key = store, changes, vendor, key

    def __init_subclass__(cls) -> None:
        """Note what the class and its bases declare.

        Raises:
            TypeError: when a collection's name begins with an underscore.
        """
        declared: dict[str, Stored] = {}
        for base in reversed(cls.__mro__):
            declared |= {name: each for name, each in vars(base).items() if type(each) is Stored}
        for name in declared:
            if name.startswith("_"):
                raise TypeError(f"{cls.__name__}.{name}: a collection's name begins with a letter")
        cls._declared = declared

    def _open(self, declared: Stored) -> Collection:
        return Collection(
            self._store, self._changes, self._vendor, declared.name, declared.kind, self._key
        )


def collection_kinds(store: type[Collections]) -> dict[str, str]:
    """The collections that a class declares: name to singular noun, in the order of the class."""
    return {name: stored.kind for name, stored in store._declared.items()}


def open_collection(store: Collections, name: str) -> Collection:
    """A collection whose name is known only at run time.

    Raises:
        LookupError: when the vendor declares no collection of this name.
    """
    declared = type(store)._declared
    if name not in declared:
        raise LookupError(f'no collection "{name}"; declared: {", ".join(declared)}')
    return store._open(declared[name])


# The collections of a vendor; a declaration without them is one of any.
StoreT = TypeVar("StoreT", bound=Collections, default=Any)
# The collections that a unit of work sees; without them it sees none, so checkers refuse each.
StoreT_co = TypeVar("StoreT_co", bound=Collections, covariant=True, default=Collections)

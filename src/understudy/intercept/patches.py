"""Puts the clients' seams in place while a mock is active, and takes them away again.

Libraries that are imported already are patched when the first mock begins; one that is imported
later, at the end of its import. Nothing is imported for the sake of a patch.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from understudy.intercept.routes import Address

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SEAMS = {
    "httpx": "understudy.intercept.httpx_patch",
    "urllib3": "understudy.intercept.urllib3_patch",
    "aiohttp": "understudy.intercept.aiohttp_patch",
}
# Which app answers an address; None lets the request pass, `Refused` is raised when it may not.
Find = Callable[[Address], "ASGIApp | None"]


class Patch:
    """One method of a client, and what stands in for it.

    Args:
        wrap: makes the stand-in from the original.
    """

    def __init__(self, owner: type, name: str, wrap: Callable[[Any], Any]) -> None:
        self._owner = owner
        self._name = name
        self._wrap = wrap
        self._original: Any = None
        self._stand_in: Any = None

    def apply(self) -> None:
        """Put the stand-in in place, over whatever is there."""
        self._original = self._owner.__dict__[self._name]
        self._stand_in = self._wrap(self._original)
        setattr(self._owner, self._name, self._stand_in)

    def restore(self) -> None:
        """Put the original back, unless somebody else has patched over it meanwhile.

        A stand-in that stays under another's patch does nothing while no mock is active.
        """
        if self._owner.__dict__.get(self._name) is self._stand_in:
            setattr(self._owner, self._name, self._original)


class Patches:
    """The patches of all clients.

    Args:
        seams: by library, the module whose `patches(find)` lists the library's patches.
    """

    def __init__(self, seams: Mapping[str, str], find: Find) -> None:
        self._seams = seams
        self._find = find
        self._arrivals = Arrivals(seams, self._arrived)
        # Not while another thread imports: it may be waiting for us with the import's own lock.
        self._lock = threading.Lock()
        self._on = False
        self._applied: dict[str, list[Patch]] = {}

    def apply(self) -> None:
        """Patch what is imported, and wait for what is not."""
        self._on = True
        sys.meta_path.insert(0, self._arrivals)
        try:
            for library in self._seams:
                if library in sys.modules:
                    self._arrived(library)
        except BaseException:
            self.restore()
            raise

    def restore(self) -> None:
        """Make every client what it was."""
        with self._lock:
            self._on = False
            for patches in self._applied.values():
                for patch in patches:
                    patch.restore()
            self._applied = {}
        with suppress(ValueError):
            sys.meta_path.remove(self._arrivals)

    def _arrived(self, library: str) -> None:
        patches: list[Patch] = importlib.import_module(self._seams[library]).patches(self._find)
        with self._lock:
            if not self._on or library in self._applied:
                return
            self._applied[library] = patches
            for patch in patches:
                patch.apply()


class Arrivals(MetaPathFinder):
    """Notices when one of these libraries has been imported."""

    def __init__(self, libraries: Mapping[str, str], arrived: Callable[[str], None]) -> None:
        self._libraries = libraries
        self._arrived = arrived

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._libraries:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = Announcing(spec.loader, partial(self._arrived, name))
                return spec
        return None


class Announcing(Loader):
    """A loader that says when a module is ready; the module keeps the real one."""

    def __init__(self, loader: Loader, ready: Callable[[], None]) -> None:
        self._loader = loader
        self._ready = ready

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._ready()

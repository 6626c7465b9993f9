"""The patches of the HTTP clients: applied while a mock is active, and undone afterwards.

Libraries that have been imported are patched when the first mock starts, others at the end of their
import. No library is imported in order to be patched.
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

# By library: the module whose `list_patches(find)` lists the patches of the library.
PATCH_MODULES = {
    "httpx": "understudy.intercept.httpx_patch",
    "urllib3": "understudy.intercept.urllib3_patch",
    "aiohttp": "understudy.intercept.aiohttp_patch",
}
# Finds the app that answers an address. None lets the request leave the process; `RefusedError` is
# raised when it may not.
Find = Callable[[Address], "ASGIApp | None"]


class Patch:
    """One method of a client, and its replacement.

    Args:
        wrap: makes the replacement from the original.
    """

    def __init__(self, owner: type, name: str, wrap: Callable[[Any], Any]) -> None:
        self._owner = owner
        self._name = name
        self._wrap = wrap
        self._original: Any = None
        self._replacement: Any = None

    def apply(self) -> None:
        """Replace the method that is there now."""
        self._original = self._owner.__dict__[self._name]
        self._replacement = self._wrap(self._original)
        setattr(self._owner, self._name, self._replacement)

    def restore(self) -> None:
        """Put the original back, unless other code has patched the method since.

        A replacement that stays below another patch does nothing while no mock is active.
        """
        if self._owner.__dict__.get(self._name) is self._replacement:
            setattr(self._owner, self._name, self._original)


class Patches:
    """The patches of all clients.

    Args:
        modules: as `PATCH_MODULES`.
    """

    def __init__(self, modules: Mapping[str, str], find: Find) -> None:
        self._modules = modules
        self._find = find
        self._import_hook = ImportHook(modules, self._patch)
        # Not held during an import: another thread may hold the import lock and wait for this.
        self._lock = threading.Lock()
        self._active = False
        self._applied: dict[str, list[Patch]] = {}

    def apply(self) -> None:
        """Patch the libraries that have been imported, and the others when they are."""
        self._active = True
        sys.meta_path.insert(0, self._import_hook)
        try:
            for library in self._modules:
                if library in sys.modules:
                    self._patch(library)
        except BaseException:
            self.restore()
            raise

    def restore(self) -> None:
        """Undo all patches."""
        with self._lock:
            self._active = False
            for patches in self._applied.values():
                for patch in patches:
                    patch.restore()
            self._applied = {}
        with suppress(ValueError):
            sys.meta_path.remove(self._import_hook)

    def _patch(self, library: str) -> None:
        patches: list[Patch] = importlib.import_module(self._modules[library]).list_patches(
            self._find
        )
        with self._lock:
            if not self._active or library in self._applied:
                return
            self._applied[library] = patches
            for patch in patches:
                patch.apply()


class ImportHook(MetaPathFinder):
    """Calls a function with the name of a library when the library has been imported."""

    def __init__(self, libraries: Mapping[str, str], on_import: Callable[[str], None]) -> None:
        self._libraries = libraries
        self._on_import = on_import

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._libraries:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = CallbackLoader(spec.loader, partial(self._on_import, name))
                return spec
        return None


class CallbackLoader(Loader):
    """Calls a function when a module has been loaded; the module keeps its real loader."""

    def __init__(self, loader: Loader, on_load: Callable[[], None]) -> None:
        self._loader = loader
        self._on_load = on_load

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._on_load()

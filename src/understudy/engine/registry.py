"""Finds services, their documents and seed worlds, and binds operations to handlers."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson

from understudy import vendors
from understudy.core.errors import StartError
from understudy.core.strict_json import write_json
from understudy.openapi.document import Document, read_document
from understudy.service.accounts import Accounts, read_accounts
from understudy.service.declaration import Vendor
from understudy.service.example_check import check_examples, find_unknown_names
from understudy.service.reply import Handler
from understudy.service.service import Service
from understudy.service.signatures import Signature
from understudy.session.store import CollectionData, CollectionKey
from understudy.vendors import ENTRY_POINT_GROUP, vendor_names

PACKAGE = Path(__file__).parents[1]


def data_folder(name: str) -> Path:
    """Where `specs` or `fixtures` stand: in the package when installed, beside `src` otherwise."""
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parents[1] / name


def require_vendors(names: Iterable[str]) -> None:
    """Refuse names of vendors that are unknown.

    Raises:
        StartError: lists the vendors that are known.
    """
    known = vendor_names()
    for name in names:
        if name not in known:
            raise StartError(f'there is no vendor "{name}"; known: {", ".join(known)}')


def find_vendor(name: str) -> tuple[Vendor, Path, Path]:
    """A vendor as its service declares it, its document and its seed world.

    A package from outside names its VENDOR in the entry point group `understudy.vendors` and keeps
    `NAME.yaml` and `seed.json` beside the module that the entry point names.

    Raises:
        StartError: when the package from outside cannot be imported.
    """
    for entry in entry_points(group=ENTRY_POINT_GROUP, name=name):
        try:
            vendor: Vendor = entry.load()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise StartError(f"vendor {name}: {entry.value} cannot be loaded ({reason})") from error
        folder = Path(str(sys.modules[entry.module].__file__)).parent
        return vendor, folder / f"{name}.yaml", folder / "seed.json"
    own: Vendor = importlib.import_module(f"{vendors.__name__}.{name}").VENDOR
    world = data_folder("fixtures") / name / "seed.json"
    return own, data_folder("specs") / f"{name}.yaml", world


def find_signature(name: str) -> Signature | None:
    """How a vendor signs its webhooks; None for one that signs none or is not installed here.

    Raises:
        StartError: when the package from outside cannot be imported.
    """
    return find_vendor(name)[0].signature if name in vendor_names() else None


def open_services(names: Sequence[str] = ()) -> list[Service]:
    """The services of these vendors (of all, when none is named), ready to play.

    Raises:
        StartError: for an unknown name, and for whatever in a service cannot be served.
    """
    require_vendors(names)
    return [open_service(name) for name in names or vendor_names()]


@cache
def open_service(name: str) -> Service:
    """One vendor's service; read once in a process, since nothing in it changes.

    Raises:
        StartError: when its document, seed world or handlers cannot be served.
    """
    vendor, specification, seed = find_vendor(name)
    document = read_document(name, specification)
    check_examples(vendor.errors, document)
    accounts, shelves = read_seed(vendor, seed)
    return Service(
        vendor=vendor,
        document=document,
        handlers=bind_handlers(document, vendor.handlers),
        accounts=accounts,
        shelves=shelves,
        prefix=f"/{name}",
    )


def read_seed(vendor: Vendor, path: Path) -> tuple[Accounts, dict[CollectionKey, CollectionData]]:
    """The accounts and the resources of a vendor's seed file.

    Raises:
        StartError: when the file cannot be read, or lacks what every seed file has.
    """
    world = read_seed_accounts(path)
    try:
        return read_accounts(world, vendor.well_formed), read_seed_resources(vendor, world)
    except (KeyError, TypeError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        hint = "it must hold accounts, default_account and resources"
        raise StartError(f"{path}: is broken ({what}); {hint}") from error


def read_seed_accounts(path: Path) -> dict[str, Any]:
    """A seed file.

    Raises:
        StartError: when it is missing or is not JSON.
    """
    try:
        world: dict[str, Any] = orjson.loads(path.read_bytes())
    except OSError as error:
        raise StartError(f"{path}: cannot be read ({error.strerror})") from error
    except orjson.JSONDecodeError as error:
        raise StartError(f"{path}: is not JSON: {error}") from error
    return world


def read_seed_resources(
    vendor: Vendor, world: Mapping[str, Any]
) -> dict[CollectionKey, CollectionData]:
    """The resources of a seed world as a store keeps them.

    Raises:
        StartError: when the world has a collection that the vendor does not declare.
    """
    shelves: dict[CollectionKey, CollectionData] = {}
    for collection, scopes in world["resources"].items():
        if collection not in vendor.collections:
            known = ", ".join(vendor.collections)
            raise StartError(
                f'fixtures/{vendor.name}/seed.json: unknown collection "{collection}"; '
                f"declared: {known}"
            )
        for scope, resources in scopes.items():
            shelf = {each[vendor.key]: write_json(each) for each in resources}
            shelves[vendor.name, collection, scope] = shelf
    return shelves


def bind_handlers(document: Document, *modules: ModuleType) -> dict[str, Handler]:
    """The handler of each operation by operationId, found in these modules.

    Raises:
        StartError: when a handler is missing or has no operation; says what to write.
    """
    bound: dict[str, Handler] = {}
    for operation in document.operations.values():
        handlers = (getattr(module, operation.handler_name, None) for module in modules)
        handler = next(filter(inspect.iscoroutinefunction, handlers), None)
        if handler is None:
            places = " or ".join(map(_file_of, modules))
            raise StartError(
                f'specs/{document.name}.yaml: operationId "{operation.id}" has no handler; '
                f"write {places}:{operation.handler_name}"
            )
        bound[operation.id] = handler
    for module in modules:
        for name, handler in inspect.getmembers(module, inspect.iscoroutinefunction):
            ours = f"{handler.__module__}.".startswith(f"{module.__name__}.")
            if ours and not name.startswith("_") and handler not in bound.values():
                raise StartError(
                    f"{_file_of(module)}:{name} handles no operation; declare it in "
                    f"specs/{document.name}.yaml or remove it"
                )
    return bound


def _file_of(module: ModuleType) -> str:
    return f"{module.__name__.removeprefix('understudy.').replace('.', '/')}.py"


def lint_vendor(name: str) -> Iterator[str]:
    """What is wrong with a vendor package, beyond what stops the mock from starting.

    Raises:
        StartError: when it cannot be served.
    """
    service = open_service(name)
    folder = Path(str(service.vendor.handlers.__file__)).parent
    yield from find_unknown_names(service.document, folder)


def own_documents() -> list[Path]:
    """The project's own documents, sorted."""
    return sorted(data_folder("specs").glob("*.yaml"))

"""Services: what is found, what is bound, and what stops the start with a sentence that helps."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from understudy.core.errors import StartError
from understudy.engine.registry import (
    bind_handlers,
    data_folder,
    find_vendor,
    open_service,
    open_services,
    read_seed,
    read_seed_accounts,
    read_seed_resources,
)
from understudy.openapi.document import Document
from understudy.service.accounts import Account
from understudy.service.call import Call
from understudy.service.collections import Collections, Stored
from understudy.service.declaration import Vendor
from understudy.service.reply import Reply
from understudy.vendors import vendor_names

ENTRY = {"name": "admin", "credential": "k-1", "note": "Hi.", "role": "admin"}
WORLD: dict[str, Any] = {"accounts": [ENTRY], "default_account": "admin", "resources": {}}


def handlers(source: str = "") -> ModuleType:
    """A module of handlers with this text."""
    module = ModuleType("understudy.vendors.toy.handlers")
    exec(source, module.__dict__)
    return module


def document(*operations: str) -> Document:
    """A document with these operations."""
    paths = {
        f"/{id}": {"get": {"operationId": id, "responses": {"200": {"description": "Fine"}}}}
        for id in operations
    }
    return Document("toy", {"paths": paths})


class ToyStore(Collections):
    toys = Stored("toy")
    boxes = Stored("box")


def vendor(key: str = "id") -> Vendor:
    """A vendor of toys and boxes."""

    def render_error(call: Call, error: Exception) -> Reply:
        raise NotImplementedError

    def finish(call: Call, reply: Reply) -> None:
        raise NotImplementedError

    return Vendor(
        name="toy",
        title="Toy",
        handlers=handlers(),
        checks=(),
        render_error=render_error,
        finish=finish,
        store=ToyStore,
        key=key,
    )


def written(folder: Path, world: Any) -> Path:
    """A seed file that holds this."""
    path = folder / "seed.json"
    path.write_bytes(world if isinstance(world, bytes) else json.dumps(world).encode())
    return path


@pytest.mark.parametrize(("folder", "file"), [("specs", "sent.yaml"), ("fixtures", "sent")])
def test_data_stands_where_it_is_found(folder: str, file: str) -> None:
    """Documents and seed worlds are found from a checkout, too."""
    assert (data_folder(folder) / file).exists()


def test_every_service_is_known_by_name() -> None:
    """The vendors are listed in order, and Sent is one of them."""
    names = vendor_names()

    assert "sent" in names
    assert names == sorted(set(names))


def test_all_services_are_opened_when_none_is_named() -> None:
    """Without names every vendor plays."""
    assert [service.name for service in open_services()] == vendor_names()


def test_only_the_named_services_are_opened() -> None:
    """With names only those play, in the order given."""
    assert [service.name for service in open_services(["sent"])] == ["sent"]


def test_an_unknown_vendor_is_told_which_are_known() -> None:
    """The sentence lists what can be asked for."""
    known = re.escape(", ".join(vendor_names()))

    with pytest.raises(StartError, match=f'^there is no vendor "no-vendor"; known: {known}$'):
        open_services(["sent", "no-vendor"])


def test_a_service_is_ready_to_play() -> None:
    """Every operation has a handler, the accounts and the resources are those of the seed."""
    service = open_service("sent")

    assert (service.name, service.prefix) == ("sent", "/sent")
    assert set(service.handlers) == set(service.document.operations)
    assert service.accounts is not None
    assert service.accounts.default.name == "acme-admin"
    assert ("sent", "organizations", "") in service.shelves


def test_a_service_is_read_once() -> None:
    """Apps of one process share what never changes."""
    assert open_service("sent") is open_service("sent")


OUTSIDE = """
import sys
from understudy.service.declaration import Vendor

async def get_toy(call): ...

VENDOR = Vendor("{name}", "Toys", sys.modules[__name__], (), None, None)
"""
METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
ENTRY_POINT = "[understudy.vendors]\n{name} = {name}_room:VENDOR\n"
OPENAPI = {
    "openapi": "3.0.3",
    "paths": {"/toy": {"get": {"operationId": "getToy", "responses": {"200": {}}}}},
}


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """A folder that Python imports from for the length of a test."""
    sys.path.insert(0, str(tmp_path))
    importlib.invalidate_caches()
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.endswith("_room")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def install(folder: Path, name: str, source: str = OUTSIDE) -> None:
    """Put a package with a vendor of its own into a folder."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA.format(name=name))
    (info / "entry_points.txt").write_text(ENTRY_POINT.format(name=name))
    (folder / f"{name}_room.py").write_text(source.format(name=name))
    (folder / f"{name}.yaml").write_text(json.dumps(OPENAPI))
    (folder / "seed.json").write_text(json.dumps(WORLD))


def test_a_service_may_come_from_outside(installed: Path) -> None:
    """A package that names its VENDOR as an entry point is listed and plays like our own."""
    install(installed, "blocks")

    [service] = open_services(["blocks"])

    assert {"blocks", "sent"} <= set(vendor_names())
    assert (service.name, service.prefix, list(service.handlers)) == (
        "blocks",
        "/blocks",
        ["getToy"],
    )


def test_a_service_from_outside_keeps_its_data_beside_it(installed: Path) -> None:
    """Document and seed stand beside the module of the entry point."""
    install(installed, "bricks")

    found, specification, seed = find_vendor("bricks")

    assert found.name == "bricks"
    assert (specification, seed) == (installed / "bricks.yaml", installed / "seed.json")


def test_a_package_that_cannot_be_imported_says_why(installed: Path) -> None:
    """The sentence names the vendor, the entry point and the error."""
    install(installed, "broken", source="import nothing_called_so")

    with pytest.raises(
        StartError, match=r"^vendor broken: broken_room:VENDOR cannot be loaded"
    ) as caught:
        open_services(["broken"])

    assert "(ModuleNotFoundError: No module named 'nothing_called_so')" in str(caught.value)


def test_operations_are_bound_to_handlers() -> None:
    """Each operationId has the coroutine function of its name."""
    module = handlers("async def get_toy(call): ...\nasync def list_toys(call): ...")

    bound = bind_handlers(document("getToy", "listToys"), module)

    assert bound == {"getToy": module.get_toy, "listToys": module.list_toys}


@pytest.mark.parametrize(
    "source", ["", "def get_toy(call): ...", "get_toy = 'later'", "async def getToy(call): ..."]
)
def test_a_missing_handler_says_what_to_write(source: str) -> None:
    """The sentence names document, operation, file and function."""
    sentence = (
        'specs/toy.yaml: operationId "getToy" has no handler; write vendors/toy/handlers.py:get_toy'
    )

    with pytest.raises(StartError, match=f"^{re.escape(sentence)}$"):
        bind_handlers(document("getToy"), handlers(source))


def test_a_surplus_handler_says_what_to_do() -> None:
    """A handler without an operation is either declared or removed."""
    module = handlers("async def get_toy(call): ...\nasync def drop_toy(call): ...")
    sentence = (
        "vendors/toy/handlers.py:drop_toy handles no operation; "
        "declare it in specs/toy.yaml or remove it"
    )

    with pytest.raises(StartError, match=f"^{re.escape(sentence)}$"):
        bind_handlers(document("getToy"), module)


@pytest.mark.parametrize(
    "source",
    [
        "async def _help(call): ...",
        "def shown(toy): ...",
        "from asyncio import sleep",
        "class Toy: ...",
    ],
    ids=["private", "plain", "imported", "class"],
)
def test_a_helper_is_no_handler(source: str) -> None:
    """What is private, not async or from elsewhere needs no operation."""
    module = handlers(f"async def get_toy(call): ...\n{source}")

    assert list(bind_handlers(document("getToy"), module)) == ["getToy"]


def test_a_world_becomes_shelves() -> None:
    """Resources are kept as bytes by vendor, collection, scope and id, in their order."""
    world = {"toys": {"": [{"id": "b"}, {"id": "a"}]}, "boxes": {"acme": [{"id": "c"}], "x": []}}

    shelves = read_seed_resources(vendor(), {"resources": world})

    assert shelves == {
        ("toy", "toys", ""): {"b": b'{"id":"b"}', "a": b'{"id":"a"}'},
        ("toy", "boxes", "acme"): {"c": b'{"id":"c"}'},
        ("toy", "boxes", "x"): {},
    }
    assert list(shelves["toy", "toys", ""]) == ["b", "a"]


def test_the_vendor_says_what_an_id_is() -> None:
    """Resources are known by the member that the vendor declares."""
    world = {"toys": {"": [{"uuid": "u-1", "id": 7}]}}

    shelves = read_seed_resources(vendor(key="uuid"), {"resources": world})

    assert list(shelves["toy", "toys", ""]) == ["u-1"]


def test_an_unknown_collection_is_told_which_are_declared() -> None:
    """The sentence names the file, the collection and the ones that the vendor has."""
    sentence = 'fixtures/toy/seed.json: unknown collection "dolls"; declared: toys, boxes'

    with pytest.raises(StartError, match=f"^{re.escape(sentence)}$"):
        read_seed_resources(vendor(), {"resources": {"toys": {}, "dolls": {}}})


def test_a_seed_file_gives_accounts_and_shelves(tmp_path: Path) -> None:
    """Both halves of the world are read from one file."""
    resources = {"toys": {"": [{"id": "a"}]}}

    accounts, shelves = read_seed(vendor(), written(tmp_path, {**WORLD, "resources": resources}))

    assert accounts.all == (Account("admin", "k-1", "Hi.", attributes={"role": "admin"}),)
    assert shelves == {("toy", "toys", ""): {"a": b'{"id":"a"}'}}


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        ({**WORLD, "default_account": "nobody"}, "KeyError: 'nobody'"),
        ({**WORLD, "accounts": [{"name": "admin"}]}, "KeyError: 'credential'"),
        ({**WORLD, "resources": {"toys": {"": [{"name": "a"}]}}}, "KeyError: 'id'"),
        ({**WORLD, "resources": {"toys": [{"id": "a"}]}}, "AttributeError: "),
        ({"accounts": [ENTRY], "default_account": "admin"}, "KeyError: 'resources'"),
        ({"default_account": "admin", "resources": {}}, "KeyError: 'accounts'"),
        ([], "TypeError: "),
    ],
)
def test_a_broken_world_says_what_it_must_hold(tmp_path: Path, world: Any, reason: str) -> None:
    """The sentence names the file, what was stumbled over, and what every seed file has."""
    path = written(tmp_path, world)

    with pytest.raises(StartError) as caught:
        read_seed(vendor(), path)

    assert str(caught.value).startswith(f"{path}: is broken ({reason}")
    assert str(caught.value).endswith("; it must hold accounts, default_account and resources")


@pytest.mark.parametrize("text", [b"", b"{", b"{'a': 1}", b'"\xff"'])
def test_a_world_that_is_no_json_says_where(tmp_path: Path, text: bytes) -> None:
    """The sentence names the file and the place in it."""
    path = written(tmp_path, text)

    with pytest.raises(StartError, match=rf"^{re.escape(str(path))}: is not JSON: .*line 1 column"):
        read_seed_accounts(path)


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_world_that_cannot_be_read_says_why(tmp_path: Path, name: str) -> None:
    """A missing file and a folder are no worlds."""
    with pytest.raises(StartError, match=r"cannot be read \((No such file|Is a directory)"):
        read_seed_accounts(tmp_path / name)

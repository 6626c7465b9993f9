"""`--quiet` leaves out the banner and the log of exchanges, and reports defects of the mock."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.test_main import listening

HANDLERS = """
from understudy.service import Reply

async def answer_wrongly(call):
    return Reply(200, {"toy": 5})

async def raise_error(call):
    raise RuntimeError("the handler is broken")

async def schedule(call):
    call.later(60, "fail")
    return Reply(200, {"toy": "a"})
"""
PACKAGE = """
import flawed_handlers
from understudy.service import Collections, Lifecycle, Reply, Stored, Vendor

class FlawedStore(Collections):
    toys = Stored("toy")

async def fail(*arguments):
    raise RuntimeError("the action is broken")

def render_error(call, error):
    return Reply(error.status, {"error": error.message})

VENDOR = Vendor(
    "flawed", "Flawed", flawed_handlers, (), render_error, lambda call, reply: None,
    hosts=("api.flawed.example",), store=FlawedStore, actions={"fail": fail},
    lifecycles={"toys": Lifecycle("toy", "state", {"new": {"smash": "broken"}, "broken": {}})},
    fires={"toys": {"smash": fail}},
)
"""
TOY = {"type": "object", "required": ["toy"], "properties": {"toy": {"type": "string"}}}
DESCRIBED = {"description": "", "content": {"application/json": {"schema": TOY}}}


def operation(name: str) -> dict[str, Any]:
    """One operation of the document, at a path of its own."""
    return {f"/{name}": {"get": {"operationId": name, "responses": {"200": DESCRIBED}}}}


DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Flawed", "version": "1"},
    "servers": [{"url": "https://api.flawed.example"}],
    "components": {"securitySchemes": {"Key": {"type": "http", "scheme": "bearer"}}},
    "paths": operation("answerWrongly") | operation("raiseError") | operation("schedule"),
}
OWNER = {"name": "owner", "credential": "key", "note": "The only one."}
RESOURCES = {"toys": {"": [{"id": "toy_1", "state": "new"}]}}
SEED = {"accounts": [OWNER], "default_account": "owner", "resources": RESOURCES}
ENTRY = "[understudy.vendors]\nflawed = flawed:VENDOR\n"
EXCHANGE = {
    "startedDateTime": "2026-03-11T12:00:00Z",
    "request": {"method": "GET", "url": "https://api.flawed.example/schedule", "headers": []},
    "response": {"status": 200, "headers": [], "content": {"text": '{"toy": "a"}'}},
}


@pytest.fixture
def flawed(tmp_path: Path) -> str:
    """A folder with an installed vendor package, each of whose parts has a defect."""
    info = tmp_path / "flawed-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: flawed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY)
    (tmp_path / "flawed.py").write_text(PACKAGE)
    (tmp_path / "flawed_handlers.py").write_text(HANDLERS)
    (tmp_path / "flawed.yaml").write_text(json.dumps(DOCUMENT))
    (tmp_path / "seed.json").write_text(json.dumps(SEED))
    (tmp_path / "recorded.har").write_text(json.dumps({"log": {"entries": [EXCHANGE]}}))
    return str(tmp_path)


def read_output(folder: str, command: list[str], *requests: tuple[str, str, Any]) -> list[str]:
    """What a quiet server prints to both streams while it answers these requests."""
    with listening(Path(folder), *command, "--quiet", PYTHONPATH=folder) as (process, url):
        for method, path, body in requests:
            httpx.request(method, f"{url}{path}", json=body)
        process.terminate()
        return list(process.communicate(timeout=10))


SMASH = {"vendor": "flawed", "collection": "toys", "event": "smash", "id": "toy_1"}
FIRE = ("POST", "/__admin/fire", SMASH)
SERVE = ["serve", "--vendor", "flawed"]
PROXY = ["proxy", "flawed", "--upstream", "http://127.0.0.1:9"]
REPLAY = ["replay", "recorded.har"]


@pytest.mark.parametrize(
    ("requests", "reported"),
    [
        ([("GET", "/flawed/raiseError", None)], "RuntimeError: the handler is broken"),
        ([("GET", "/flawed/answerWrongly", None)], "answerWrongly breaks the document"),
        (
            [("GET", "/flawed/schedule", None), ("PATCH", "/__admin/clock", {"shift": "PT1H"})],
            "RuntimeError: the action is broken",
        ),
    ],
)
def test_a_defect_is_reported(flawed: str, requests: list[Any], reported: str) -> None:
    """A handler's exception, a reply that breaks the document, a failing due call."""
    out, err = read_output(flawed, SERVE, *requests)

    assert out == "" and reported in err


@pytest.mark.parametrize("command", [SERVE, PROXY, REPLAY], ids=lambda words: words[0])
def test_every_server_reports_defects(flawed: str, command: list[str]) -> None:
    """The commands that run a server agree."""
    _, err = read_output(flawed, command, FIRE)

    assert "RuntimeError: the action is broken" in err


@pytest.mark.parametrize("command", [SERVE, PROXY, REPLAY], ids=lambda words: words[0])
def test_what_clients_do_wrong_is_no_defect(flawed: str, command: list[str]) -> None:
    """Neither a request to an unknown path nor one that is not HTTP is reported."""
    with listening(Path(flawed), *command, "--quiet", PYTHONPATH=flawed) as (process, url):
        httpx.get(f"{url}/flawed/nothing")
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as wire:
            wire.sendall(b"\0\r\n\r\n")
            wire.recv(1024)
        process.terminate()

        assert process.communicate(timeout=10) == ("", "")

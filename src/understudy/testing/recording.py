"""A test's exchanges as a recording: the same bytes for the same seed, clock and requests.

The file is what `understudy record` writes, so `understudy replay` and `understudy export` read it;
its title is the test's. Ports of this machine that differ from run to run are written as 0, and
secrets as [redacted].
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from understudy.client.transport import AdminRequest
from understudy.core.clock import parse_instant
from understudy.engine.registry import open_service
from understudy.recording.capture import origin_of
from understudy.recording.compare import strip_transport_headers
from understudy.recording.formats import native
from understudy.recording.formats.extensions import read_diagnosis
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from understudy.recording.redact import RecordingRedactor
from understudy.service.service import Service
from understudy.testing.names import digest, to_safe_name
from understudy.testing.session import Understudy

Json = dict[str, Any]
PAGE = 1000
MAX_NAME_LENGTH = 150


def choose_file(folder: Path, test: str) -> Path:
    """The file of a test's recording; two tests never have the same."""
    return folder / f"{name_of(test)}.json"


def name_of(test: str) -> str:
    """The name of a test's recording."""
    return f"{to_safe_name(test)[:MAX_NAME_LENGTH]}-{digest(test)}"


def write_recording(folder: Path, test: str, session: Understudy, ports: Iterable[int]) -> None:
    """Write a test's recording; replaces an earlier one.

    Args:
        ports: of this machine, to be written as 0.
    """
    text = native.write(read_recording(test, session)).decode()
    for port in ports:
        text = re.sub(rf"(127\.0\.0\.1|localhost):{port}\b", r"\1:0", text)
    folder.mkdir(parents=True, exist_ok=True)
    choose_file(folder, test).write_text(text, encoding="utf-8")


def read_recording(test: str, session: Understudy) -> Recording:
    """Make a recording of a test: its exchanges, and the webhooks that were sent."""
    chosen = session.options
    session.backend.settle(session.name)
    shown = [each for each in exchanges_of(session) if each["vendor"]]
    deliveries = _deliveries(session)
    # A vendor that was asked nothing may still have sent something.
    names = sorted({each["vendor"] for each in (*shown, *deliveries)})
    services = {name: open_service(name) for name in names}
    redactor = RecordingRedactor(list(services.values()))
    return Recording(
        name=name_of(test),
        title=test,
        session=session.name,
        clock=chosen.frozen_at,
        seed=chosen.settings.seed,
        settings={name: _to_json(value) for name, value in sorted(chosen.of_app.items())},
        versions={
            name: services[name].document.version
            for name in sorted({each["vendor"] for each in shown})
        },
        exchanges=tuple(redactor.exchange(_exchange(each, services)) for each in shown),
        deliveries=tuple(redactor.json(each) for each in deliveries),
    )


def _exchange(shown: Json, services: dict[str, Service]) -> RecordedExchange:
    """Convert an exchange from the admin plane's form to a recorded one."""
    query = f"?{shown['query']}" if shown["query"] else ""
    asked, answered = shown["request"], shown["response"]
    return RecordedExchange(
        vendor=shown["vendor"],
        operation=shown["operation"],
        account=shown["account"],
        at=parse_instant(shown["at"]),
        fault=None if shown["status"] else shown["fault"] or None,
        request=RecordedRequest(
            method=shown["method"],
            url=f"{origin_of(services[shown['vendor']])}{shown['path']}{query}",
            headers=strip_transport_headers(asked["headers"].items()),
            body=asked["body"].encode(),
        ),
        response=RecordedResponse(
            status=shown["status"],
            headers=strip_transport_headers(answered["headers"].items()),
            body=answered["body"].encode(),
        ),
        diagnoses=tuple(read_diagnosis(each) for each in shown["diagnoses"]),
    )


def exchanges_of(session: Understudy) -> list[Json]:
    """All exchanges of a session's journal, in the admin plane's form."""
    found: list[Json] = []
    while True:
        after = {"after": found[-1]["id"]} if found else {}
        query = {"limit": PAGE, **after}
        ask = AdminRequest("GET", ("requests", "find"), dict[str, Any], query=query)
        page = session.admin.send(ask)
        found += page["exchanges"]
        if page["total"] <= len(page["exchanges"]):
            return found


def _deliveries(session: Understudy) -> list[Json]:
    ask = AdminRequest("GET", ("deliveries",), dict[str, Any], query={"limit": PAGE})
    listed: list[Json] = session.admin.send(ask)["deliveries"]
    return listed


def _to_json(value: Any) -> Any:
    """Convert an option's value to what JSON can hold."""
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, (tuple, set, frozenset)) else value

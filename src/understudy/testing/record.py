"""A test's exchanges as a JSON file: the same bytes for the same seed, clock and requests.

    {"format": 1,
     "test": "tests/test_shop.py::test_checkout",
     "session": "test_checkout-1f2e3d4c",
     "clock": {"began": ..., "now": ..., "frozen": true},    "began" null when it ran
     "seed": 0,
     "settings": {...},                                      the test's own options
     "vendors": [{"name": "sent", "version": "v3"}, ...],    those that were asked
     "exchanges": [...],                                     as findRequests shows them
     "deliveries": [...]}                                    as listDeliveries shows them

Ports of this machine that differ from run to run are written as 0, and the values of members that
are secrets as [redacted].
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from understudy.client.sending import Ask
from understudy.journal import REDACTED
from understudy.snapshots import told
from understudy.testing.naming import digest, safe
from understudy.testing.own_session import OwnSession

Json = dict[str, Any]
FORMAT = 1
PAGE = 1000
LONGEST_NAME = 150
# The journal keeps secrets out of headers, and of requests; vendors answer with some, too.
SECRETS = frozenset(
    {
        *("secret", "webhook_secret", "signing_key", "password", "token"),
        *("access_token", "refresh_token"),
    }
)


def file_of(folder: Path, test: str) -> Path:
    """Where a test's exchanges are written; two tests never have the same file."""
    return folder / f"{safe(test)[:LONGEST_NAME]}-{digest(test)}.json"


def write(folder: Path, test: str, session: OwnSession, ports: Iterable[int]) -> None:
    """Write a test's exchanges; what stood there is replaced.

    Args:
        ports: of this machine, to be left out.
    """
    text = json.dumps(recorded(test, session), indent=2, ensure_ascii=False)
    for port in ports:
        text = re.sub(rf"(127\.0\.0\.1|localhost):{port}\b", r"\1:0", text)
    folder.mkdir(parents=True, exist_ok=True)
    file_of(folder, test).write_text(f"{text}\n", encoding="utf-8")


def recorded(test: str, session: OwnSession) -> Json:
    """What the file says."""
    chosen = session.chosen
    session.place.settle(session.name)
    clock = session.clock.get()
    exchanges = [_without_secrets(each) for each in exchanges_of(session)]
    asked = sorted({each["vendor"] for each in exchanges if each["vendor"]})
    versions = {each.name: each.version for each in session.admin.vendors.list()}
    began = None if chosen.stands_at is None else told(chosen.stands_at)
    return {
        "format": FORMAT,
        "test": test,
        "session": session.name,
        "clock": {"began": began, "now": str(clock.now), "frozen": clock.frozen},
        "seed": chosen.settings.seed,
        "settings": {name: _plain(value) for name, value in sorted(chosen.of_app.items())},
        "vendors": [{"name": name, "version": versions[name]} for name in asked],
        "exchanges": exchanges,
        "deliveries": [_without_secrets(each) for each in _deliveries(session)],
    }


def exchanges_of(session: OwnSession) -> list[Json]:
    """Every exchange that the journal holds, as the admin plane shows it."""
    found: list[Json] = []
    while True:
        after = {"after": found[-1]["id"]} if found else {}
        query = {"limit": PAGE, **after}
        ask = Ask("GET", ("requests", "find"), dict[str, Any], query=query)
        page = session.admin.send(ask)
        found += page["exchanges"]
        if page["total"] <= len(page["exchanges"]):
            return found


def _deliveries(session: OwnSession) -> list[Json]:
    ask = Ask("GET", ("deliveries",), dict[str, Any], query={"limit": PAGE})
    listed: list[Json] = session.admin.send(ask)["deliveries"]
    return listed


def _plain(value: Any) -> Any:
    """A marker's value as JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, (tuple, set, frozenset)) else value


def _without_secrets(value: Any) -> Any:
    """JSON without secret members; a body stands there as text and as JSON, and both go."""
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    cleaned = {
        name: REDACTED if name in SECRETS and isinstance(each, str) else _without_secrets(each)
        for name, each in value.items()
    }
    if "body" in value and "json" in value and cleaned["json"] != value["json"]:
        cleaned["body"] = json.dumps(cleaned["json"], separators=(",", ":"), ensure_ascii=False)
    return cleaned

"""Replays every published exchange and holds the reply against the published one.

An exchange with a `clock` is replayed at that time; the others at noon.

The rule of comparison: objects have the same members, lists the same length, leaves the same type
and value. One kind of leaf may differ in value: an id or a time in the
published body stands for any value of its own format (same kind of id, same prefix, as many digits
of fraction), unless the request says the very same literal; then the reply must repeat it.
The zero GUID and the year 1 are no ids and no times but what .NET shows for "not filled in", so
they are literals like any other. What differs beyond that is listed in `deviates` with its reason;
an entry that nothing differs at fails the test, so that the list stays true.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.calling import create_app
from tests.conftest import NOON
from tests.described_vendors import described_vendors
from understudy.core.clock import parse_instant
from understudy.core.settings import Settings
from understudy.engine.registry import data_folder
from understudy.server.app import App
from understudy.service.service import sign_request

FILES = sorted(data_folder("fixtures").glob("*/exchanges/*.json"))
NOT_FILLED_IN = re.compile(r"00000000-0000-0000-0000-000000000000|0001-01-01T.*")
FORMATS = (
    re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    re.compile(r"[0-9A-HJKMNP-TV-Z]{26}"),
    re.compile(r"[0-9a-f]{24}"),
)
PREFIXED = re.compile(r"([a-z]{2,10}_)(?=[A-Za-z]*[0-9])[A-Za-z0-9]{8,}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
ABSENT = object()
Difference = tuple[str, Any, Any]


def format_of(text: str) -> str | None:
    """What kind of id or time a text is; None for any other text."""
    if NOT_FILLED_IN.fullmatch(text):
        return None
    if time := TIME.fullmatch(text):
        return f"time with {len(time[1] or '')} of fraction, {'Z' if time[2] == 'Z' else 'offset'}"
    if prefixed := PREFIXED.fullmatch(text):
        return prefixed[1]
    return next((each.pattern for each in FORMATS if each.fullmatch(text)), None)


def differences(published: Any, ours: Any, asked: str, at: str = "") -> Iterator[Difference]:
    """Where a reply is not the published one: pointer, published value, our value.

    Args:
        asked: everything that the request said, as text.
    """
    if isinstance(published, dict) and isinstance(ours, dict):
        for name in {**published, **ours}:
            escaped = name.replace("~", "~0").replace("/", "~1")
            theirs, our = published.get(name, ABSENT), ours.get(name, ABSENT)
            yield from differences(theirs, our, asked, f"{at}/{escaped}")
    elif isinstance(published, list) and isinstance(ours, list) and len(published) == len(ours):
        for index, (theirs, our) in enumerate(zip(published, ours, strict=True)):
            yield from differences(theirs, our, asked, f"{at}/{index}")
    elif not same(published, ours, asked):
        yield at, published, ours


def same(published: Any, ours: Any, asked: str) -> bool:
    """Whether a leaf is what was published, or another value of the same format."""
    if isinstance(published, str) and isinstance(ours, str) and published not in asked:
        format = format_of(published)
        return published == ours or (format is not None and format == format_of(ours))
    return type(published) is type(ours) and published == ours


def reason(place: str, deviates: dict[str, str]) -> str | None:
    """Why this place may differ: the entry that names it, or a subtree that holds it."""
    return next((deviates[entry] for entry in deviates if holds(entry, place)), None)


def holds(entry: str, place: str) -> bool:
    return place == entry or place.startswith(f"{entry}/")


async def replay(app: App, vendor: str, session: str, exchange: Any) -> httpx.Response:
    """Make an exchange's requests in a session of its own; the reply to the last one."""
    last = {**exchange["request"], "account": exchange["account"]}
    if "clock" in exchange:
        app.session(session).clock.move_to(parse_instant(exchange["clock"]))
    transport = httpx.ASGITransport(app)
    base_url = f"http://mock/@{session}/{vendor}"
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as http:
        for each in [*exchange["before"], last]:
            headers = {
                **each["headers"],
                **dict(sign_request(app.services[vendor], each["account"], "")[1]),
            }
            reply = await http.request(
                each["method"], each["path"], headers=headers, json=each.get("body")
            )
            assert each is last or reply.is_success, reply.text
    return reply


@pytest.fixture(scope="module")
def shared_app() -> App:
    return create_app(Settings(clock=NOON))


def test_every_described_vendor_has_exchanges() -> None:
    """Every vendor whose document has a source has published exchanges to replay."""
    assert {file.parts[-3] for file in FILES} >= set(described_vendors())


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parts[-3]}/{file.stem}")
async def test_reply_is_the_published_one(file: Path, shared_app: App) -> None:
    """The reply differs from the published one exactly where the exchange says so, and why."""
    exchange = json.loads(file.read_text())
    published, deviates = exchange["response"], exchange["deviates"]
    asked = json.dumps(exchange["request"], ensure_ascii=False)

    reply = await replay(shared_app, file.parts[-3], file.stem[:64], exchange)

    body = reply.json() if reply.content else None
    found = list(differences(published["body"], body, asked))
    for place, theirs, ours in found:
        why = reason(place, deviates) or "NOT EXPECTED"
        print(f"{place}: published {theirs!r}, ours {ours!r}. {why}")  # noqa: T201
    places = [place for place, _, _ in found]
    assert reply.status_code == published["status"], reply.text
    assert {name: reply.headers.get(name) for name in published["headers"]} == published["headers"]
    assert [place for place in places if reason(place, deviates) is None] == []
    assert [entry for entry in deviates if not any(holds(entry, at) for at in places)] == []


GUID, OTHER_GUID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "b2c3d4e5-f6a7-4901-bcde-f12345678901"
ZERO_GUID = "00000000-0000-0000-0000-000000000000"
MOMENT, OTHER_MOMENT = "2026-03-11T21:50:50.2497025+00:00", "2026-03-11T12:00:00.0000000+00:00"


@pytest.mark.parametrize(
    ("published", "ours", "asked", "expected"),
    [
        (GUID, OTHER_GUID, "", True),
        (GUID, OTHER_GUID, f"/v3/profiles/{GUID}", False),
        (GUID, "b2c3d4e5", "", False),
        (GUID, None, "", False),
        (ZERO_GUID, OTHER_GUID, "", False),
        (ZERO_GUID, ZERO_GUID, "", True),
        (MOMENT, OTHER_MOMENT, "", True),
        (MOMENT, "2026-03-11T12:00:00.000+00:00", "", False),
        (MOMENT, "2026-03-11T12:00:00.0000000Z", "", False),
        ("0001-01-01T00:00:00+00:00", "2026-03-11T12:00:00+00:00", "", False),
        ("req_7X9zKp2jDw", "req_6ywuLia6KK", "", True),
        ("req_7X9zKp2jDw", "cmp_6ywuLia6KK", "", False),
        ("us_ein", "ca_bn", "", False),
        ("App", "KYC", "", False),
        (None, "text", "", False),
        (0, False, "", False),
        ({"a": 1}, {"a": 1, "b": None}, "", False),
        ({"a": 1, "b": None}, {"a": 1}, "", False),
        ([1], [1, 2], "", False),
        ([GUID], [OTHER_GUID], "", True),
    ],
)
def test_comparison_holds_to_its_rule(
    published: Any, ours: Any, asked: str, expected: bool
) -> None:
    """Ids and times stand for their format, everything else for itself."""
    assert (list(differences(published, ours, asked)) == []) is expected

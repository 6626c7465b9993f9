"""An exchange as a line of log, for people and for programs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from understudy.core.clock import MILLISECOND, parse_instant
from understudy.core.errors import Diagnosis
from understudy.core.terminal import DIM, GREEN, PLAIN, RED, YELLOW
from understudy.server.log_lines import exchange_to_json, format_exchange
from understudy.session.journal import Exchange

STARTED = parse_instant("2026-03-11T12:00:00.123456Z")
MISSING = Diagnosis("required", "body", "/name", '"name" is a required property', "add the member")
UNKNOWN = Diagnosis("unknown-path", "path", "", "/nowhere is not in the document")


@pytest.fixture
def exchange() -> Exchange:
    """A GET that was answered."""
    return Exchange(
        id="7",
        session="default",
        vendor="sent",
        method="GET",
        path="/v3/profiles",
        query="a=b",
        started=STARTED,
        request_headers={},
        operation="listProfiles",
        account="acme-admin",
        status=200,
        ended=STARTED + 12 * MILLISECOND + 900_000,
    )


def test_a_line_tells_request_and_answer(exchange: Exchange) -> None:
    """Time, method, address, status and operation stand in a line."""
    assert format_exchange(exchange) == "12:00:00.123 GET    sent/v3/profiles 200 listProfiles"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"session": "team-a"}, "12:00:00.123 GET    @team-a/sent/v3/profiles 200 listProfiles"),
        ({"method": "DELETE"}, "12:00:00.123 DELETE sent/v3/profiles 200 listProfiles"),
        ({"operation": None, "status": 404}, "12:00:00.123 GET    sent/v3/profiles 404 -"),
    ],
)
def test_a_line_tells_what_is_special(
    exchange: Exchange, changes: dict[str, Any], line: str
) -> None:
    """Another session is named, and a missing operation is a dash."""
    assert format_exchange(replace(exchange, **changes)) == line


def test_each_diagnosis_has_a_line(exchange: Exchange) -> None:
    """What was wrong follows, with pointer and hint where there are any."""
    wrong = replace(exchange, diagnoses=(MISSING, UNKNOWN))

    _, *lines = format_exchange(wrong).split("\n")

    assert lines == [
        '             required in body /name: "name" is a required property (add the member)',
        "             unknown-path in path: /nowhere is not in the document",
    ]


@pytest.mark.parametrize(
    ("status", "color"),
    [(200, GREEN), (302, GREEN), (399, GREEN), (400, YELLOW), (499, YELLOW), (500, RED)],
)
def test_a_status_has_its_color(exchange: Exchange, status: int, color: str) -> None:
    """Errors of the caller are yellow, those of the mock red."""
    line = format_exchange(replace(exchange, status=status), color=True)

    assert f" {color}{status}{PLAIN} " in line


def test_diagnoses_are_dim(exchange: Exchange) -> None:
    """In color the lines below stand back."""
    line = format_exchange(replace(exchange, diagnoses=(UNKNOWN,)), color=True).split("\n")[1]

    assert line.startswith(f"{DIM}   ")
    assert line.endswith(f"document{PLAIN}")


def test_without_color_there_is_none(exchange: Exchange) -> None:
    """Plain text has no escape in it."""
    assert "\x1b" not in format_exchange(replace(exchange, status=500, diagnoses=(MISSING,)))


@pytest.mark.parametrize("smuggled", ["\n", "\r", "\x1b", "\x00", "\x7f", "\x9b"])
def test_a_request_cannot_write_the_log(exchange: Exchange, smuggled: str) -> None:
    """Control characters of a request are shown, not obeyed."""
    odd = Diagnosis("malformed-body", "body", f"/{smuggled}a", f"the key {smuggled}", smuggled)
    shown = f"\\x{ord(smuggled):02x}"

    lines = format_exchange(replace(exchange, path=f"/a{smuggled}", diagnoses=(odd,))).split("\n")

    assert lines == [
        f"12:00:00.123 GET    sent/a{shown} 200 listProfiles",
        f"             malformed-body in body /{shown}a: the key {shown} ({shown})",
    ]


def test_other_characters_are_shown_as_they_are(exchange: Exchange) -> None:
    """Text of any language is left alone."""
    odd = Diagnosis("enum", "body", "/größe", "尺寸 \\ 🙂")

    assert format_exchange(replace(exchange, diagnoses=(odd,))).endswith(
        "enum in body /größe: 尺寸 \\ 🙂"
    )


def test_a_json_line_has_every_member(exchange: Exchange) -> None:
    """Programs get the exchange as one object on one line."""
    line = exchange_to_json(replace(exchange, diagnoses=(MISSING,)))

    assert "\n" not in line
    assert orjson.loads(line) == {
        "time": "2026-03-11T12:00:00.1234560+00:00",
        "session": "default",
        "exchange": "7",
        "vendor": "sent",
        "operation": "listProfiles",
        "account": "acme-admin",
        "method": "GET",
        "path": "/v3/profiles",
        "status": 200,
        "preference": "",
        "fault": "",
        "milliseconds": 12,
        "diagnoses": [MISSING.as_json()],
    }


def test_what_is_unknown_is_null(exchange: Exchange) -> None:
    """A request that reached no operation and no account has neither."""
    members = orjson.loads(exchange_to_json(replace(exchange, operation=None, account=None)))

    assert (members["operation"], members["account"], members["diagnoses"]) == (None, None, [])

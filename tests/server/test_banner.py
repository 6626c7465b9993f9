"""What the command line prints about services; the pasted request is sent for real."""

from __future__ import annotations

import shlex
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Live
from understudy.admin import admin_service
from understudy.core.terminal import format_table
from understudy.engine.registry import open_service
from understudy.openapi.document import Document
from understudy.server.banner import (
    describe_service,
    format_banner,
    format_first_request,
    list_services,
)
from understudy.service.service import Service

BASE = "http://127.0.0.1:4010"


@pytest.fixture
def sent() -> Service:
    """Sent's service."""
    return open_service("sent")


@pytest.fixture
def open_to_all(sent: Service) -> Service:
    """A service without accounts."""
    return replace(sent, accounts=None)


def test_columns_are_aligned() -> None:
    """Each column is as wide as its widest cell, and no line ends in blanks."""
    assert format_table([("NAME", "KEY"), ("sent", ""), ("agentmessage", "k")]) == (
        "NAME          KEY\nsent\nagentmessage  k"
    )


def test_a_table_without_rows_is_empty() -> None:
    """Nothing to show is nothing."""
    assert format_table([]) == ""


cells = st.text("ab ", min_size=1).map(str.strip).filter(bool)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1))
def test_cells_begin_below_each_other(rows: list[tuple[str, str, str]]) -> None:
    """A cell begins where the longest ones before it end, two blanks later."""
    first = max(len(row[0]) for row in rows) + 2
    second = first + max(len(row[1]) for row in rows) + 2

    lines = format_table(iter(rows)).split("\n")

    assert [
        (line[:first].rstrip(), line[first:second].rstrip(), line[second:]) for line in lines
    ] == rows


def test_services_are_listed_with_address_origin_and_key(sent: Service) -> None:
    """A line shows what a newcomer needs to call a vendor."""
    count = str(len(sent.document.operations))

    heading, line = list_services([sent]).split("\n")

    assert heading.split() == ["VENDOR", "ADDRESS", "OPERATIONS", "STANDS", "IN", "FOR", "KEY"]
    assert line.split() == ["sent", "/sent", count, "https://api.sent.dm", "sk_test_acme_admin"]


def test_a_service_without_accounts_is_listed_without_a_key(open_to_all: Service) -> None:
    """Where everybody may call there is no key to show."""
    assert list_services([open_to_all]).endswith("https://api.sent.dm")


def test_a_service_is_described_by_operation(sent: Service) -> None:
    """Each operation has its address and fidelity, each response its examples."""
    lines = [" ".join(line.split()) for line in describe_service(sent).split("\n")]

    assert lines[0] == "Sent API v3: campaigns and profiles, https://api.sent.dm"
    assert "listCampaigns GET /sent/v3/profiles/{profileId}/campaigns documented" in lines
    assert "listCampaigns 200 documented success" in lines


@pytest.mark.parametrize("what", ["operations", "responses"])
def test_nothing_is_left_out_of_a_description(sent: Service, what: str) -> None:
    """Every operation and every response has its line."""
    shown = [line.split() for line in describe_service(sent).split("\n")]

    for operation in sent.document.operations.values():
        if what == "operations":
            assert [operation.id, operation.method] in [line[:2] for line in shown]
        for status in operation.responses:
            assert [operation.id, str(status)] in [line[:2] for line in shown]


def test_a_description_shows_the_accounts(sent: Service, open_to_all: Service) -> None:
    """Accounts stand at the end with key and note, where there are any."""
    assert sent.accounts is not None

    description = describe_service(sent)

    assert all(each.credential in description for each in sent.accounts.all)
    assert description.endswith(sent.accounts.all[-1].note)
    assert "ACCOUNT" not in describe_service(open_to_all)


def test_the_banner_tells_where_and_how(sent: Service) -> None:
    """Address, operations, keys and a first request are what it shows."""
    assert sent.accounts is not None

    blocks = format_banner([sent], BASE, "1.2.3").split("\n\n")

    assert blocks[0] == "understudy 1.2.3 is ready on http://127.0.0.1:4010"
    assert blocks[1].startswith("Sent  http://127.0.0.1:4010/sent\n  GET")
    assert len(blocks[1].split("\n")) == 1 + len(sent.document.operations)
    assert blocks[2].startswith("Sent keys\n  sk_test_acme_admin  ")
    assert blocks[3] == f"Try it:\n  {format_first_request(sent, BASE)}"


def test_the_banner_of_an_open_service_has_no_keys(open_to_all: Service) -> None:
    """Where everybody may call there are no keys to show."""
    assert "keys" not in format_banner([open_to_all], BASE, "1.2.3").split()


def test_the_first_request_works_when_pasted(sent: Service, live: Live) -> None:
    """The curl line is a request that the seed world answers."""
    curl, url, flag, header = shlex.split(format_first_request(sent, live.url))

    name, _, value = header.partition(": ")
    response = httpx.get(url, headers={name: value})

    assert (curl, flag, response.status_code) == ("curl", "-H", 200)
    assert response.json()["data"]


def test_the_first_request_of_an_open_service_needs_no_key(open_to_all: Service) -> None:
    """Where everybody may call there is no header to send."""
    assert "-H" not in shlex.split(format_first_request(open_to_all, BASE))


@pytest.mark.parametrize(
    ("scheme", "request_"),
    [
        ({"type": "apiKey", "in": "query", "name": "key"}, "curl 'http://m/sent{path}?key={key}'"),
        (
            {"type": "http", "scheme": "bearer"},
            "curl http://m/sent{path} -H 'Authorization: Bearer {key}'",
        ),
    ],
)
def test_the_first_request_carries_the_credential_as_the_document_says(
    sent: Service, scheme: dict[str, str], request_: str
) -> None:
    """In the query, or in a header."""
    raw = {"components": {"securitySchemes": {"it": scheme}}}
    assert sent.accounts is not None

    line = format_first_request(replace(sent, document=Document("sent", raw)), "http://m")

    key = sent.accounts.default.credential
    assert line == request_.format(path=sent.vendor.first_request, key=key)


def test_the_admin_plane_can_be_described(sent: Service) -> None:
    """The mock's own service is shown like the others, without a prefix or accounts."""
    description = describe_service(admin_service([sent]))

    assert "GET /__admin/health" in description
    assert "ACCOUNT" not in description

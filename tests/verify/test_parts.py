"""Parts that one exchange is enough for: curl lines, findings, ids, the pace of requests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import configuration

from tests.conftest import Live
from tests.verify.runs import KEY, ZEXA
from understudy.core.errors import Diagnosis
from understudy.core.terminal import GREEN, PLAIN, RED
from understudy.engine.registry import open_service
from understudy.openapi.security import SecurityScheme
from understudy.recording.model import RecordedRequest, RecordedResponse
from understudy.server.http_server import bind
from understudy.service.service import make_redactor
from understudy.verify.context import RunContext
from understudy.verify.curl import Curl
from understudy.verify.exchange_check import ExchangeChecker
from understudy.verify.findings import Findings, Outcome
from understudy.verify.fuzz import FuzzOptions, fuzz, temporary_storage
from understudy.verify.junit import render_junit
from understudy.verify.known_ids import KnownIds, fill_path, find_own_ids
from understudy.verify.report import render
from understudy.verify.transport import (
    ORIGIN,
    Sender,
    UnreachableError,
    UnsendableError,
)

SERVICE = open_service("zexa")
CREDITS = SERVICE.document.operations["getCredits"]
CAMPAIGNS = SERVICE.document.operations["listCampaigns"]
URL = "http://127.0.0.1:4010/zexa/v1/contacts"


def fault(code: str, pointer: str = "", message: str = "") -> Diagnosis:
    return Diagnosis(code, "response", pointer, message)


def test_a_curl_line_can_be_pasted() -> None:
    """Method, URL, headers and body; the credential is a variable."""
    typed = (("Content-Type", "application/json"),)
    request = ZEXA.sign(RecordedRequest("POST", f"{URL}?a=1&b=2", typed, b'{"name": "it\'s"}'))

    line = Curl(ZEXA, bytes).line(request)

    assert line == (
        f"curl -X POST '{URL}?a=1&b=2' -H \"Authorization: Bearer $UNDERSTUDY_CREDENTIAL\" "
        "-H 'Content-Type: application/json' --data-raw '{\"name\": \"it'\"'\"'s\"}'"
    )


def redact_body(body: bytes) -> bytes:
    """A body without secrets, as a vendor without secrets of its own has it."""
    return make_redactor(open_service("zexa")).body(body)


def test_a_credential_in_the_query_is_a_variable_that_the_shell_fills_in() -> None:
    """It stands between double quotes."""
    access = replace(ZEXA, scheme=SecurityScheme("query", "key"))
    request = access.sign(RecordedRequest("GET", f"{URL}?a=1"))

    line = Curl(access, bytes).line(request)

    assert line == f"curl '{URL}?a=1&key='\"$UNDERSTUDY_CREDENTIAL\""


@pytest.mark.parametrize(
    "request_",
    [
        RecordedRequest("GET", f"{URL}?key={KEY}"),
        RecordedRequest("GET", URL, (("Cookie", "session=hidden"),)),
        RecordedRequest("GET", URL, (("X-Gateway", "hidden"),)),
        RecordedRequest("POST", URL, (), b'{"secret": "hidden"}'),
    ],
    ids=["url", "cookie", "given", "member"],
)
def test_a_curl_line_has_no_secrets(request_: RecordedRequest) -> None:
    """In the URL, in headers, in those that the user gave, in secret members."""
    access = replace(ZEXA, extra=(("X-Gateway", "hidden"),))

    line = Curl(access, redact_body).line(request_)

    assert "hidden" not in line and KEY not in line


def test_items_of_one_list_are_one_finding() -> None:
    """Indexes do not matter; what is said otherwise is told beside it."""
    findings = Findings()

    for index in range(3):
        findings.add(CREDITS, 200, fault("type", f"/data/{index}/id", f"{index} is wrong"), "", "")

    (finding,) = findings
    assert (finding.pointer, finding.times) == ("/data/*/id", 3)
    assert finding.others == ["1 is wrong", "2 is wrong"]


def test_two_undeclared_members_are_two_findings() -> None:
    """Both stand at the same pointer; the message names them."""
    findings = Findings()

    for name in ("a", "b", "a"):
        findings.add(
            CREDITS, 200, fault("additionalProperties", "", f"'{name}' was unexpected"), "", ""
        )

    assert [each.times for each in findings] == [2, 1]


def test_results_are_coloured_where_that_is_wanted() -> None:
    """Green for what conforms, red for what does not; the text is the same."""
    outcome = Outcome("zexa", "http://x", (CREDITS, CAMPAIGNS))
    outcome.findings.add(CREDITS, 200, fault("type"), "", "")

    shown = render(outcome, color=True)

    assert f"{RED}1 finding{PLAIN}" in shown and f"{GREEN}ok{PLAIN}" in shown
    plain = shown.replace(RED, "").replace(GREEN, "").replace(PLAIN, "")
    assert plain == render(outcome)


def test_junit_is_well_formed_whatever_was_answered() -> None:
    """Control characters and half characters cannot stand in XML."""
    outcome = Outcome("zexa", "http://x", (CREDITS,))
    curl = Curl(ZEXA, bytes)
    hostile = curl.text("\x00\x1b\x0b\ud800\ufffe<&]]>")
    outcome.findings.add(CREDITS, 200, fault("type", "/a", hostile), hostile, hostile)

    root = ElementTree.fromstring(render_junit([outcome]))

    (failure,) = root.iter("failure")
    assert failure.text is not None and "<&]]>" in failure.text


def test_a_lists_reply_tells_how_to_reach_its_items() -> None:
    """Its ids fill the path of what stands below it."""
    known = KnownIds(SERVICE, ExchangeChecker(SERVICE.document))
    operation = SERVICE.document.operations["getCampaign"]
    reply = RecordedResponse(200, (), b'{"data": [{"id": "cmp_new"}]}')

    known.learn(RecordedRequest("GET", f"{ORIGIN}/v1/campaigns"), reply)

    assert known.paths(operation)[0] == {"campaign_id": "cmp_new"}


@pytest.mark.parametrize(
    "document",
    [
        [{"id": "a"}, {"id": "b"}],
        {"data": [{"id": "a"}, {"id": "b"}], "meta": {"request_id": "r"}},
        {"success": True, "data": {"items": [{"_id": "a"}, {"campaign_id": "b"}]}},
    ],
)
def test_ids_are_found_wherever_a_reply_lists_them(document: object) -> None:
    """The first level that has any is the list."""
    assert find_own_ids(document, "campaign_id") == ["a", "b"]


def test_a_path_is_filled_with_encoded_values() -> None:
    """A slash in an id is part of the id."""
    assert fill_path("/v1/things/{id}", {"id": "a/b?"}) == "/v1/things/a%2Fb%3F"


def test_no_write_leaves_where_none_is_allowed(live: Live) -> None:
    """Whoever asks for it."""
    with httpx.Client() as http:
        sender = Sender(http, f"{live.url}/zexa", ZEXA)

        with pytest.raises(UnsendableError, match="POST might change something"):
            sender.send(sender.address(RecordedRequest("POST", f"{ORIGIN}/v1/contacts")))


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/../v1/credits", ()),
        ("/v1/credits", (("X", "a\x01b"),)),
        ("/v1/credits", (("X", "ł"),)),
    ],
    ids=["dots", "control", "not latin-1"],
)
def test_what_http_cannot_carry_is_not_sent(
    live: Live, path: str, headers: tuple[tuple[str, str], ...]
) -> None:
    """It would say nothing of the API."""
    with httpx.Client() as http:
        sender = Sender(http, f"{live.url}/zexa", ZEXA)

        with pytest.raises(UnsendableError):
            sender.send(sender.address(RecordedRequest("GET", f"{ORIGIN}{path}", headers)))


def test_a_rate_spreads_requests(live: Live) -> None:
    """The third request waits for its turn."""
    waited: list[float] = []
    with httpx.Client() as http:
        access = replace(ZEXA, rate=0.01)
        sender = Sender(http, f"{live.url}/zexa", access, sleep=waited.append)
        for _ in range(3):
            sender.send(sender.address(RecordedRequest("GET", f"{ORIGIN}/v1/credits")))

    assert [round(each, -1) for each in waited] == [100, 200]


def test_made_up_requests_end_when_nobody_listens() -> None:
    """The rest would only wait."""
    with httpx.Client() as http, bind("127.0.0.1", 0) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/zexa"
        examination = RunContext(SERVICE, Sender(http, url, ZEXA))

        with pytest.raises(UnreachableError, match=f"{url} cannot be reached"):
            fuzz(examination, FuzzOptions(examples=4))


def test_hypothesis_is_left_as_it_was() -> None:
    """What it computes goes to a folder that goes; afterwards it writes where it did."""
    before = configuration.storage_directory(intent_to_write=False).path

    with temporary_storage():
        during = configuration.storage_directory(intent_to_write=False).path

    assert configuration.storage_directory(intent_to_write=False).path == before
    assert during != before and not Path(during).exists()

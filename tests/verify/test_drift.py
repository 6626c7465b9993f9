"""Planted drift is found by itself, each once and nothing else; what conforms has no findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import Live, serve
from tests.proxy.drift import Drift, drifting_backend
from tests.verify.runs import ZEXA, recorded, told, verified
from understudy.core.settings import Settings
from understudy.engine.registry import open_service
from understudy.verify.fuzz import FuzzOptions
from understudy.verify.transport import Access

VENDORS = ("agentmessage", "sent", "tether", "zexa")


def lacking(status: int, document: Any) -> tuple[int, Any]:
    """A required member is gone."""
    if status == 200:
        del document["credits"]
    return status, document


def retyped(status: int, document: Any) -> tuple[int, Any]:
    """A number became text."""
    if status == 200:
        document["total_contacts"] = str(document["total_contacts"])
    return status, document


def renamed(status: int, document: Any) -> tuple[int, Any]:
    """Senders have a state that the document does not know."""
    if status == 200:
        for each in document["data"]:
            each["status"] = "paused"
    return status, document


def moved(status: int, document: Any) -> tuple[int, Any]:
    """Success has another status."""
    return (206 if status == 200 else status), document


DRIFTS: dict[str, Drift] = {
    "getCredits": lacking,
    "getCampaign": retyped,
    "listSenderIds": renamed,
    "listContacts": moved,
}
PLANTED = {
    ("getCredits", 200, "required", "/credits"),
    ("getCampaign", 200, "type", "/total_contacts"),
    ("listSenderIds", 200, "enum", "/data/*/status"),
    ("listContacts", 206, "undocumented-status", ""),
}


def unreachable(status: int, document: Any) -> tuple[int, Any]:
    """A new contact has no phone number."""
    if status == 201:
        del document["phone"]
    return status, document


@pytest.fixture(scope="module")
def strayed() -> Iterator[Live]:
    """A Zexa that has drifted in four ways."""
    yield from serve(Settings(), backend=drifting_backend(DRIFTS))


@pytest.fixture(scope="module")
def writing_strayed() -> Iterator[Live]:
    """A Zexa that has drifted in what it answers to a change."""
    yield from serve(Settings(), backend=drifting_backend({"createContact": unreachable}))


def test_each_planted_drift_is_found_once_and_nothing_else(strayed: Live) -> None:
    """A missing member, a wrong type, a new enum value and a new status."""
    outcome = verified(f"{strayed.url}/@found/zexa")

    assert told(outcome) == PLANTED


def test_drift_is_found_without_chance(strayed: Live) -> None:
    """The ids that lists show lead to every GET, before anything is made up."""
    outcome = verified(f"{strayed.url}/@walked/zexa", fuzzing=FuzzOptions(examples=0))

    assert told(outcome) == PLANTED


def test_what_is_met_often_is_one_finding_that_says_how_often(strayed: Live) -> None:
    """A hundred requests show the same thing."""
    outcome = verified(f"{strayed.url}/@often/zexa", fuzzing=FuzzOptions(examples=20))

    (finding,) = outcome.findings.of("getCampaign")

    assert finding.times > 5


def test_a_recording_finds_the_drift_that_requests_find(strayed: Live) -> None:
    """It is the same finding, met once more."""
    asked = recorded(("GET", "/v1/credits", None))
    before = verified(f"{strayed.url}/@one/zexa").findings.of("getCredits")

    after = verified(f"{strayed.url}/@two/zexa", recordings=[asked])

    assert told(after) == PLANTED
    assert after.findings.of("getCredits")[0].times == before[0].times + 1


def test_drift_in_a_reply_to_a_change_is_found_when_writes_are_allowed(
    writing_strayed: Live,
) -> None:
    """And that alone."""
    outcome = verified(f"{writing_strayed.url}/@in/zexa", replace(ZEXA, writes=True))

    assert told(outcome) == {("createContact", 201, "required", "/phone")}


def test_drift_in_a_reply_to_a_change_is_not_met_by_reading(writing_strayed: Live) -> None:
    """The operation is named as one that was not exercised."""
    outcome = verified(f"{writing_strayed.url}/@out/zexa")

    assert not told(outcome)
    assert outcome.exercises["createContact"].idle == "writes are not allowed"


@pytest.mark.parametrize("writes", [False, True], ids=["reading", "writing"])
@pytest.mark.parametrize("vendor", VENDORS)
def test_the_mock_conforms(vendor: str, writes: bool, live: Live) -> None:
    """Over HTTP, whatever Schemathesis makes up."""
    access = replace(access_to(vendor), writes=writes)
    session = f"conforms-{vendor}-{writes}"

    outcome = verified(
        f"{live.url}/@{session}/{vendor}", access, vendor, fuzzing=FuzzOptions(4, seed=len(session))
    )

    assert not list(outcome.findings)


def test_reading_sends_nothing_but_get(live: Live) -> None:
    """So says the server's journal, with a recording that holds changes."""
    asked = recorded(("POST", "/v1/contacts", {"phone": "+244923456789"}))

    verified(f"{live.url}/@reading/zexa", recordings=[asked])

    journal = live.app.session("reading").journal
    assert {each.method for each in journal} == {"GET"}


def test_every_readable_operation_reaches_a_success(live: Live) -> None:
    """Ids are learned from lists."""
    outcome = verified(
        f"{live.url}/@reached/agentmessage", access_to("agentmessage"), "agentmessage"
    )

    reading = [each for each in outcome.operations if each.method == "GET"]
    assert all(outcome.exercises[each.id].statuses[200] for each in reading)


def access_to(vendor: str) -> Access:
    service = open_service(vendor)
    assert service.accounts is not None
    return Access(service.document.security.first, service.accounts.default.credential)

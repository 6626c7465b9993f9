"""Recorded exchanges are sent again where they can be; values may differ, the document decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import NOON, Live, serve
from tests.proxy.drift import drifting_backend
from tests.testing.receiver_thread import receiving
from tests.verify.runs import LIFE, ZEXA, recorded, told, verified
from understudy import Client
from understudy.core.settings import Settings
from understudy.engine.registry import open_service
from understudy.recording.formats import native
from understudy.recording.model import RecordedExchange, Recording
from understudy.verify.fuzz import FuzzOptions
from understudy.verify.run import read_recordings
from understudy.verify.transport import Sender

WRITING = replace(ZEXA, writes=True)
PLAIN = FuzzOptions(examples=0)


@pytest.fixture(scope="module")
def still() -> Iterator[Live]:
    """A mock whose clock stands where recordings were made; ids derive from another seed."""
    yield from serve(Settings(clock=NOON, seed=7))


@pytest.fixture(scope="module")
def dearer() -> Iterator[Live]:
    """The same with another balance, which the document allows."""

    def drift(status: int, document: Any) -> tuple[int, Any]:
        return status, {**document, "credits": 1} if status == 200 else document

    yield from serve(Settings(clock=NOON, seed=7), backend=drifting_backend({"getCredits": drift}))


def preferring(recording: Recording, preference: str) -> Recording:
    """The same requests, each with a preference."""

    def preferred(each: RecordedExchange) -> RecordedExchange:
        headers = (*each.request.headers, ("Prefer", preference))
        return replace(each, request=replace(each.request, headers=headers))

    return replace(recording, exchanges=tuple(map(preferred, recording.exchanges)))


def paths(live: Live, session: str) -> list[str]:
    """What was asked first, before anything but recordings."""
    return [
        f"{each.method} {each.path} {each.status}" for each in live.app.session(session).journal
    ]


def test_ids_of_now_stand_in_for_recorded_ones(still: Live) -> None:
    """The campaign that is read is the one that was made now."""
    verified(f"{still.url}/@twins/zexa", WRITING, recordings=[recorded(*LIFE)], fuzzing=PLAIN)

    made, read = paths(still, "twins")[:2]
    assert made == "POST /v1/campaigns 201"
    assert read.startswith("GET /v1/campaigns/cmp_") and read.endswith(" 200")


def test_what_depends_on_a_change_is_skipped_with_it(still: Live) -> None:
    """The campaign was not made, so it is not asked for; both are counted."""
    outcome = verified(f"{still.url}/@skip/zexa", recordings=[recorded(*LIFE)], fuzzing=PLAIN)

    assert outcome.skipped == {
        "writes are not allowed": 1,
        "what they need was not sent": 1,
    }


def test_a_value_that_differs_and_conforms_is_no_finding(dearer: Live) -> None:
    """Another world has other values."""
    outcome = verified(f"{dearer.url}/@as/zexa", recordings=[recorded(*LIFE)], fuzzing=PLAIN)

    assert not told(outcome)


def test_a_value_that_differs_is_a_finding_when_compared(dearer: Live) -> None:
    """Where the worlds are the same it says that something changed."""
    asked = recorded(("GET", "/v1/credits", None))

    outcome = verified(f"{dearer.url}/@cmp/zexa", recordings=[asked], fuzzing=PLAIN, compare=True)

    assert told(outcome) == {("getCredits", 200, "differs", "/credits")}


def test_the_same_world_compares_without_findings(still: Live) -> None:
    """Ids differ, and pair."""
    outcome = verified(
        f"{still.url}/@eq/zexa", WRITING, recordings=[recorded(*LIFE)], fuzzing=PLAIN, compare=True
    )

    assert not told(outcome)


def test_after_a_skipped_change_nothing_is_compared(still: Live) -> None:
    """The credits that the campaign cost were not spent."""
    outcome = verified(
        f"{still.url}/@astray/zexa", recordings=[recorded(*LIFE)], fuzzing=PLAIN, compare=True
    )

    assert not told(outcome)


def test_a_recorded_success_that_fails_now_is_a_finding(still: Live) -> None:
    """Even where the failure is documented."""
    asked = recorded(("GET", "/v1/credits", None))
    with Client(still.url, session="down") as client:
        client.faults.add("status", status=500, vendor="zexa", operation="getCredits")

    outcome = verified(f"{still.url}/@down/zexa", recordings=[asked], fuzzing=PLAIN)

    assert told(outcome) == {("getCredits", 500, "server-error", "")}


@pytest.mark.parametrize(("understudy", "sent"), [(True, 1), (False, 0)])
def test_a_preference_is_sent_to_an_understudy_only(
    still: Live, understudy: bool, sent: int
) -> None:
    """A vendor would not know it; and what was asked for is no failure to note."""
    asked = preferring(recorded(("GET", "/v1/credits", None)), "code=500")

    outcome = verified(
        f"{still.url}/@prefer-{understudy}/zexa",
        recordings=[asked],
        fuzzing=PLAIN,
        understudy=understudy,
    )

    assert outcome.exercises["getCredits"].statuses[500] == sent
    assert outcome.skipped.total() == 1 - sent
    assert not told(outcome) and not outcome.hindrances


def test_a_preferred_denial_is_no_finding(still: Live) -> None:
    """The request is valid, and asked for it."""
    contact = {"name": "Maria Santos", "phone": "+244912345678"}
    asked = preferring(recorded(("POST", "/v1/contacts", contact)), "code=415")

    outcome = verified(
        f"{still.url}/@denied/zexa", WRITING, recordings=[asked], fuzzing=PLAIN, understudy=True
    )

    assert outcome.exercises["createContact"].statuses[415] == 1
    assert not told(outcome)


def test_each_account_asks_for_itself_at_an_understudy(still: Live) -> None:
    """As the recording names it, not as the one that is verified with."""
    asked = recorded(("GET", "/v1/credits", None))
    other = replace(
        asked, exchanges=tuple(replace(each, account="globex") for each in asked.exchanges)
    )

    verified(f"{still.url}/@who/zexa", recordings=[other], fuzzing=PLAIN, own_accounts=True)

    first = next(iter(still.app.session("who").journal))
    assert first.account == "globex"


@pytest.mark.parametrize(("status", "account"), [(200, "acme"), (401, None)])
def test_a_foreign_recording_is_asked_as_whom_we_verify(
    still: Live, tmp_path: Path, status: int, account: str | None
) -> None:
    """Whose key it was is unknown; one that was refused is still nobody's."""
    (exchange,) = recorded(("GET", "/v1/credits", None)).exchanges
    response = replace(exchange.response, status=status)
    foreign = replace(exchange, vendor="", account=None, response=response)
    file = tmp_path / "foreign.json"
    file.write_bytes(native.write(Recording("foreign", (foreign,))))

    recordings = read_recordings([file], open_service("zexa"))
    verified(f"{still.url}/@foreign-{status}/zexa", recordings=recordings, fuzzing=PLAIN)

    first = next(iter(still.app.session(f"foreign-{status}").journal))
    assert (first.status, first.account) == (status, account)


def test_a_request_whose_secret_was_taken_out_is_skipped(still: Live) -> None:
    """Nobody knows what stood there."""
    asked = recorded(("POST", "/v1/contacts", {"phone": "[redacted]"}))

    outcome = verified(f"{still.url}/@secret/zexa", WRITING, recordings=[asked], fuzzing=PLAIN)

    assert outcome.skipped == {"secrets were taken out of them": 1}


def test_an_exchange_of_no_operation_is_skipped(still: Live) -> None:
    """The document says nothing of it."""
    asked = recorded(("GET", "/v1/nowhere", None))

    outcome = verified(f"{still.url}/@none/zexa", recordings=[asked], fuzzing=PLAIN)

    assert outcome.skipped == {"the document has no such operation": 1}


def test_an_understudy_is_recognised(still: Live) -> None:
    """By its admin plane's health."""
    with httpx.Client() as http:
        sender = Sender(http, f"{still.url}/zexa", ZEXA)

        assert sender.is_understudy()


def test_another_server_is_no_understudy() -> None:
    """It has no such plane."""
    with receiving() as receiver, httpx.Client() as http:
        sender = Sender(http, receiver.url, ZEXA)

        assert not sender.is_understudy()

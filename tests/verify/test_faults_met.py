"""What goes wrong on the way of a reply, what is no finding, and what a vendor lets through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import Live, serve
from tests.proxy.drift import Drift, drifting_backend
from tests.verify.runs import KEY, ZEXA, told, verified
from understudy import Client
from understudy.core.settings import Settings
from understudy.engine.registry import open_service
from understudy.verify.fuzz import FuzzOptions

CREDITS = "getCredits"
PLAIN = FuzzOptions(examples=0)


def after(live: Live, session: str, kind: Any, **members: Any) -> set[tuple[str, int, str, str]]:
    """What is found of `getCredits` while a fault is planned for it."""
    with Client(live.url, session=session) as client:
        client.faults.add(kind, vendor="zexa", operation=CREDITS, **members)
    return told(verified(f"{live.url}/@{session}/zexa", fuzzing=PLAIN))


@contextmanager
def strayed(operation: str, drift: Drift, settings: Settings | None = None) -> Iterator[str]:
    """The base URL of a Zexa in which one operation has drifted."""
    for live in serve(settings or Settings(), backend=drifting_backend({operation: drift})):
        yield f"{live.url}/zexa"


def example(operation: str, name: str) -> Any:
    """A documented body."""
    found = open_service("zexa").document.operations[operation].example(name)
    assert found is not None
    return found[1]


def turned(before: int, status: int, body: Any) -> Drift:
    """One status is answered as another."""

    def drift(answered: int, document: Any) -> tuple[int, Any]:
        return (status, body) if answered == before else (answered, document)

    return drift


@pytest.mark.parametrize(
    ("kind", "status", "code", "pointer"),
    [
        ("malformed", 200, "malformed-json", ""),
        ("content-type", 200, "undocumented-content-type", "Content-Type"),
        ("empty", 0, "no-reply", ""),
        ("reset", 0, "no-reply", ""),
        ("truncated", 0, "no-reply", ""),
    ],
)
def test_a_broken_reply_is_a_finding(
    live: Live, kind: str, status: int, code: str, pointer: str
) -> None:
    """Its body, its type, or that there is none."""
    found = after(live, f"broken-{kind}", kind)

    assert found == {(CREDITS, status, code, pointer)}


def test_an_undocumented_failure_is_a_finding(live: Live) -> None:
    """The server failed, and the document does not say that it can."""
    found = after(live, "failing", "status", status=502)

    assert found == {(CREDITS, 502, "server-error", "")}


def test_a_documented_failure_is_a_note(live: Live) -> None:
    """The document says that the server can fail; the report says that it did."""
    with Client(live.url, session="noted") as client:
        client.faults.add("status", status=500, vendor="zexa", operation=CREDITS)

    outcome = verified(f"{live.url}/@noted/zexa", fuzzing=PLAIN)

    assert not told(outcome)
    assert outcome.hindrances[CREDITS, 500] > 0


def test_a_reply_that_does_not_come_in_time_is_a_finding(live: Live) -> None:
    """The client waits as long as it was told."""
    with Client(live.url, session="slow") as client:
        client.faults.add("delay", delay=8_000, vendor="zexa", operation=CREDITS, times=1)

    outcome = verified(f"{live.url}/@slow/zexa", timeout=3, fuzzing=PLAIN)

    assert told(outcome) == {(CREDITS, 0, "no-reply", "")}
    assert outcome.findings.of(CREDITS)[0].message == "no reply came in time"


def test_a_rate_limit_is_no_finding(live: Live) -> None:
    """It says nothing of the document."""
    found = after(live, "limited", "rate-limit")

    assert not found


def test_a_request_that_breaks_the_document_and_is_accepted_is_a_finding() -> None:
    """It names what of the request was not noticed."""
    drift = turned(422, 200, example("listCampaigns", "empty"))
    with strayed("listCampaigns", drift) as base_url:
        outcome = verified(base_url, fuzzing=FuzzOptions(examples=20))

    assert {each.code for each in outcome.findings} == {"accepted-invalid"}
    assert {each.where for each in outcome.findings} == {"query"}


def test_a_valid_request_whose_type_is_denied_is_a_finding() -> None:
    """The denial is documented, but not for what was sent."""
    drift = turned(201, 415, example("createContact", "unsupported-media-type"))
    with strayed("createContact", drift) as base_url:
        outcome = verified(base_url, replace(ZEXA, writes=True), fuzzing=PLAIN)

    assert told(outcome) == {("createContact", 415, "rejected-valid", "")}


def test_a_false_credential_that_is_accepted_is_a_finding() -> None:
    """Of each operation that wants one."""
    with strayed("", lambda status, body: (status, body), Settings(auth="any")) as base_url:
        outcome = verified(base_url, fuzzing=PLAIN)

    assert {each.code for each in outcome.findings} == {"auth-ignored"}
    assert {each.operation for each in outcome.findings} == {
        each.id for each in outcome.operations if each.method == "GET"
    }


def test_a_method_that_is_not_declared_and_is_answered_is_a_finding() -> None:
    """The API has grown beyond its document."""
    with strayed("", turned(405, 200, {})) as base_url:
        outcome = verified(base_url, fuzzing=PLAIN)

    assert ("createWebhook", 200, "unsupported-method", "") in told(outcome)


@pytest.mark.parametrize("hide", [lambda each: each.request, lambda each: each.got])
def test_no_finding_shows_the_credential(hide: Callable[[Any], str]) -> None:
    """Neither its request nor what an API echoes."""

    def echoing(status: int, document: Any) -> tuple[int, Any]:
        return 299, {"seen": f"Bearer {KEY}"}

    with strayed(CREDITS, echoing) as base_url:
        outcome = verified(base_url, fuzzing=PLAIN)

    shown = [hide(each) for each in outcome.findings]
    assert any("$UNDERSTUDY_CREDENTIAL" in each for each in shown)
    assert not any(KEY in each for each in shown)

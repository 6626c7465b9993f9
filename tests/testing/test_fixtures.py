"""The plugin's fixtures, as a test uses them: sessions, time, faults, webhooks, vendors' hosts."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import understudy as package
from understudy.client import AdminError
from understudy.pytest import Understudy, UnderstudyServer, VendorMock
from understudy.vendors import vendor_names

NOON = "2026-03-11T12:00:00Z"
PATH = "/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns"
READY = "/v3/profiles/660e8400-e29b-41d4-a716-446655440000/complete"
CAMPAIGN = {
    "campaign": {
        "name": "Reminders",
        "description": "Appointment reminders",
        "type": "App",
        "useCases": [
            {
                "messagingUseCaseUs": "ACCOUNT_NOTIFICATION",
                "sampleMessages": ["Your appointment is tomorrow at noon."],
            }
        ],
    }
}
SALE = {
    "name": "Weekend Sale",
    "channel": "sms",
    "sender_id": "MYBRAND",
    "contact_list_id": "lst_abc123",
    "body": "Get 20% off this weekend only.",
}
at_noon = pytest.mark.understudy(clock=NOON)


def create(understudy: Understudy) -> httpx.Response:
    """A campaign at Sent, in-process."""
    return understudy.client.post(f"/sent{PATH}", headers=understudy.headers("sent"), json=CAMPAIGN)


def subscribe(understudy: Understudy, *events: str) -> None:
    """Have Zexa tell this test's receiver."""
    reply = understudy.client.post(
        "/zexa/v1/webhooks",
        headers=understudy.headers("zexa"),
        json={"url": understudy.webhooks.url, "events": list(events)},
    )
    assert reply.status_code == 201, reply.text


def sell(understudy: Understudy) -> httpx.Response:
    """A campaign at Zexa, in-process."""
    return understudy.client.post(
        "/zexa/v1/campaigns", headers=understudy.headers("zexa"), json=SALE
    )


@pytest.mark.parametrize("number", range(3))
def test_each_test_begins_in_the_seed_world(number: int, understudy: Understudy) -> None:
    """What another test has created is not there."""
    assert create(understudy).status_code == 201

    listed = understudy.client.get(f"/sent{PATH}", headers=understudy.headers("sent"))

    assert len(listed.json()["data"]) == 2


@pytest.mark.parametrize("text", ["a/b ü%", "x" * 300])
def test_session_name_is_one(text: str, understudy: Understudy) -> None:
    """Whatever the test is called."""
    reply = create(understudy)

    assert reply.headers["x-understudy-session"] == understudy.name
    assert len(understudy.name) <= 64


def test_http_and_in_process_meet_one_session(understudy: Understudy) -> None:
    """What was created without a socket is listed over HTTP."""
    create(understudy)

    listed = httpx.get(f"{understudy.url('sent')}{PATH}", headers=understudy.headers("sent"))

    assert [each["name"] for each in listed.json()["data"]].count("Reminders") == 1


@pytest.mark.understudy(seed=815)
def test_no_socket_is_opened_before_the_url_is_asked_for(understudy: Understudy) -> None:
    """A test in-process costs no server."""
    create(understudy)

    before = understudy.backend.listens  # type: ignore[attr-defined]
    assert understudy.url.startswith("http://127.0.0.1:")

    assert (before, understudy.backend.listens) == (False, True)  # type: ignore[attr-defined]


def test_url_is_the_session_s(understudy: Understudy) -> None:
    """As a text it is the base URL; with a vendor's name, that of the vendor."""
    url = understudy.url

    assert url == f"{understudy.server.url}/@{understudy.name}"
    assert url("zexa") == f"{url}/zexa"


def test_server_is_that_of_the_run(
    understudy: Understudy, understudy_server: UnderstudyServer
) -> None:
    """Tests without a marker share one live server."""
    assert understudy.server is understudy_server
    assert httpx.get(f"{understudy_server.url}/__admin/health").status_code == 200


@pytest.mark.parametrize(
    ("vendor", "header"),
    [
        ("sent", {"x-api-key": "sk_test_acme_admin"}),
        ("zexa", {"Authorization": "Bearer zexa_test_acme"}),
    ],
)
def test_headers_carry_the_key(vendor: str, header: dict[str, str], understudy: Understudy) -> None:
    """The default account's, where the vendor wants it."""
    assert understudy.headers(vendor) == header
    assert understudy.key(vendor) == next(iter(header.values())).split()[-1]


def test_key_of_an_unknown_vendor(understudy: Understudy) -> None:
    """The error names the vendors that are served."""
    with pytest.raises(LookupError, match=r'no vendor "no-vendor"; served: .*sent, '):
        understudy.key("no-vendor")


def test_clock_stands_still_from_the_start(understudy: Understudy) -> None:
    """By default it stands at the real time at which the test began."""
    now = understudy.clock.now

    assert understudy.clock.now == now
    assert abs((now.datetime - datetime.now(UTC)).total_seconds()) < 60


@at_noon
def test_clock_of_the_marker(understudy: Understudy) -> None:
    """It stands where the marker says, and a reset brings it back there."""
    understudy.clock.shift(days=1)
    shifted = understudy.clock.now

    understudy.reset()

    assert shifted.startswith("2026-03-12T12:00:00.0")
    assert understudy.clock.now.startswith("2026-03-11T12:00:00.0")


@pytest.mark.understudy(clock="real")
def test_clock_that_runs(understudy: Understudy) -> None:
    """`real` lets time pass by itself."""
    assert not understudy.clock.get().frozen


@at_noon
def test_clock_moves_and_runs(understudy: Understudy) -> None:
    """The verbs are the client's."""
    understudy.clock.move_to("2027-01-01T00:00:00Z")
    moved = understudy.clock.now
    running = understudy.clock.run()

    assert moved.startswith("2027-01-01T00:00:00")
    assert (running.frozen, understudy.clock.freeze().frozen) == (False, True)


@at_noon
@pytest.mark.understudy(seed=7)
@pytest.mark.parametrize("number", range(2))
def test_same_seed_same_bytes(number: int, understudy: Understudy) -> None:
    """The seed and the clock of the markers make the reply."""
    created = create(understudy).json()["data"]

    assert created["id"].startswith("8d116ece-173")
    assert created["createdAt"].startswith("2026-03-11T12:00:00")


@pytest.mark.understudy(auth="any")
def test_auth_of_the_marker(understudy: Understudy) -> None:
    """Any well-formed key is the default account's."""
    reply = understudy.client.get(f"/sent{PATH}", headers={"x-api-key": "whatever"})

    assert reply.status_code == 200


@pytest.mark.understudy(rate_limits=True)
def test_rate_limits_of_the_marker(understudy: Understudy) -> None:
    """The documented limit is enforced: 50 requests within a second."""
    statuses = [create(understudy).status_code for _ in range(51)]

    assert statuses[-1] == 429


@pytest.mark.understudy(vendors="zexa", static=True)
def test_vendors_and_static_of_the_marker(understudy: Understudy) -> None:
    """Only Zexa is served, and answers its documented example."""
    assert list(understudy.app.services) == ["zexa"]
    assert sell(understudy).json() == sell(understudy).json()


@pytest.mark.understudy(pace=0, clock="real")
def test_pace_of_the_marker(understudy: Understudy) -> None:
    """At pace 0 a callback comes at once."""
    understudy.client.post(
        f"/sent{READY}",
        headers=understudy.headers("sent"),
        json={"webHookUrl": understudy.webhooks.url},
    )

    assert understudy.webhooks.wait_for("completed").json["status"] == "SUBMITTED"


def test_fault_until_taken_back(understudy: Understudy) -> None:
    """With `with`, it strikes inside the block alone."""
    with understudy.fault("status", status=503, vendor="sent") as fault:
        inside = create(understudy).status_code
        struck = fault.struck

    assert (inside, struck, create(understudy).status_code) == (503, 1, 201)


def test_fault_that_is_used_up(understudy: Understudy) -> None:
    """A plain call plans it for the rest of the test; a retry passes."""
    fault = understudy.fault("reset", operation="createCampaign", vendor="sent", times=1)

    with pytest.raises(httpx.ReadError):
        create(understudy)

    assert create(understudy).status_code == 201
    assert fault.struck == 1


def test_fault_is_taken_back_twice(understudy: Understudy) -> None:
    """A reset inside the block has taken it back already."""
    with understudy.fault("empty"):
        understudy.reset()

    assert understudy.admin.faults.list() == ()


def test_requests_can_be_counted(understudy: Understudy) -> None:
    """The journal holds this test's requests, and no other's."""
    create(understudy)

    assert understudy.requests.count() == 1
    assert understudy.requests.count(body={"/campaign/name": "Reminders"}) == 1
    assert understudy.requests.unmatched() == ()


def test_snapshot_and_restore(understudy: Understudy) -> None:
    """The world goes back to where it was saved."""
    understudy.snapshot()
    create(understudy)
    created = understudy.resources.list("sent", "campaigns").total

    understudy.restore()

    assert understudy.resources.list("sent", "campaigns").total == created - 1


def test_populate_and_fire(understudy: Understudy) -> None:
    """Realistic resources, and a lifecycle event by hand."""
    understudy.populate("agentmessage", "campaigns", 3)
    active = next(
        each.id
        for each in understudy.resources.list("agentmessage", "campaigns")
        if each.resource["status"] == "ACTIVE"
    )

    assert understudy.fire("agentmessage", "campaigns", active, "expire").after == "EXPIRED"


def test_coverage_of_one_test(understudy: Understudy) -> None:
    """What this test has exercised, by vendor."""
    create(understudy)

    exercised = {each.vendor: each.operations.exercised for each in understudy.coverage()}

    assert exercised == {**dict.fromkeys(vendor_names(), 0), "sent": 1}


async def test_async_client(understudy: Understudy) -> None:
    """An asynchronous test awaits the same session."""
    listed = await understudy.async_client.get(f"/sent{PATH}", headers=understudy.headers("sent"))
    await understudy.async_admin.clock.shift(days=1)

    assert listed.status_code == 200
    assert understudy.requests.count() == 1


def test_webhook_that_comes(understudy: Understudy) -> None:
    """It has body, headers, and the mock's own record of it."""
    subscribe(understudy, "campaign.completed")
    sell(understudy)

    understudy.clock.shift(minutes=10)
    received = understudy.webhooks.wait_for("campaign.completed")

    assert received.json["data"]["name"] == "Weekend Sale"
    assert received.headers["x-zexa-signature"].startswith("sha256=")
    assert received.delivery is not None
    assert received.delivery.state == "delivered"


def test_signed_webhook_of_agentmessage(understudy: Understudy) -> None:
    """Its signature over time and body verifies as well."""
    understudy.client.post(
        "/agentmessage/v1/webhooks",
        headers=understudy.headers("agentmessage"),
        json={"url": understudy.webhooks.url, "events": ["campaign.approved"]},
    )
    understudy.fire("agentmessage", "campaigns", _pending(understudy), "approve")

    received = understudy.webhooks.wait_for("campaign.approved")

    assert (received.flaw, received.json["type"]) == ("", "campaign.approved")


def _pending(understudy: Understudy) -> str:
    """A campaign of AgentMessage that waits for a decision."""
    listed = understudy.resources.list("agentmessage", "campaigns")
    return next(each.id for each in listed if each.resource["status"] == "PENDING")


@pytest.mark.parametrize("vendor", ["zexa", "agentmessage"])
def test_wrong_signature_fails(vendor: str, understudy: Understudy) -> None:
    """A webhook that is not signed as its vendor signs fails the test that waits for it."""
    understudy.fault("webhook-bad-signature", vendor=vendor)
    event = _tell(vendor, understudy)

    with pytest.raises(pytest.fail.Exception, match=f"webhook {event} of {vendor} is not signed"):
        understudy.webhooks.wait_for(event)


@pytest.mark.parametrize("vendor", ["zexa", "agentmessage"])
def test_wrong_signature_can_be_wanted(vendor: str, understudy: Understudy) -> None:
    """A test of a handler that refuses one takes it unverified."""
    understudy.fault("webhook-bad-signature", vendor=vendor)
    event = _tell(vendor, understudy)

    received = understudy.webhooks.wait_for(event, verify=False)

    assert "by the subscription's secret it would be" in received.flaw


def _tell(vendor: str, understudy: Understudy) -> str:
    """Have a vendor send this test a webhook; the event's name."""
    if vendor == "zexa":
        subscribe(understudy, "campaign.completed")
        sell(understudy)
        understudy.clock.shift(minutes=10)
        return "campaign.completed"
    test_signed = {"url": understudy.webhooks.url, "events": ["campaign.approved"]}
    headers = understudy.headers("agentmessage")
    understudy.client.post("/agentmessage/v1/webhooks", headers=headers, json=test_signed)
    understudy.fire("agentmessage", "campaigns", _pending(understudy), "approve")
    return "campaign.approved"


def test_planned_answers(understudy: Understudy) -> None:
    """AgentMessage tries again until it is answered with success."""
    understudy.webhooks.answer(500, 503)
    event = _tell("agentmessage", understudy)

    understudy.clock.shift(hours=1)
    last = understudy.webhooks.wait_for(event).delivery

    assert last is not None
    assert [each.status for each in last.attempts] == [500, 503, 200]
    assert len(understudy.webhooks.received) == 3


def test_callback_is_called(understudy: Understudy) -> None:
    """A function is handed each webhook before it is answered."""
    seen: list[str] = []
    understudy.webhooks.on_event(lambda received: seen.append(received.event))

    event = _tell("zexa", understudy)

    assert seen == [event]


def test_callback_that_raises(understudy: Understudy) -> None:
    """Its error is answered with 500, and raised where the test waits."""

    def refuse(received: Any) -> None:
        raise ValueError("not for me")

    understudy.webhooks.on_event(refuse)
    event = _tell("zexa", understudy)

    with pytest.raises(ValueError, match="not for me"):
        understudy.webhooks.wait_for(event)
    assert understudy.deliveries.list()[-1].attempts[0].status == 500


def test_webhook_that_does_not_come(understudy: Understudy) -> None:
    """The failure tells what came, what was sent elsewhere, and what is due on a still clock."""
    subscribe(understudy, "campaign.completed")
    sell(understudy)

    with pytest.raises(pytest.fail.Exception) as failed:
        understudy.webhooks.wait_for("campaign.completed", timeout=0.01)

    assert "no webhook campaign.completed came within 0.01 s; received: none" in str(failed.value)
    assert "its clock stands still" in str(failed.value)
    assert "due next: zexa tick at" in str(failed.value)


def test_each_webhook_is_returned_once(understudy: Understudy) -> None:
    """A second wait for the same event wants a second webhook."""
    event = _tell("zexa", understudy)
    understudy.webhooks.wait_for(event)

    with pytest.raises(pytest.fail.Exception, match=f"received: {event}"):
        understudy.webhooks.wait_for(event, timeout=0.01)


def test_vendor_s_host_is_answered(sent_mock: VendorMock) -> None:
    """What a client sends to the real host reaches the test's session."""
    created = httpx.post(f"{sent_mock.origin}{PATH}", headers=sent_mock.headers, json=CAMPAIGN)

    assert created.status_code == 201
    assert sent_mock.requests.count(operation="createCampaign") == 1


def test_other_vendors_are_refused(sent_mock: VendorMock) -> None:
    """Only the vendor whose fixture is used answers."""
    with pytest.raises(httpx.ConnectError, match=r"refused a request to api\.zexa\.ao"):
        httpx.get("https://api.zexa.ao/v1/campaigns")


def test_two_vendors_in_one_session(
    sent_mock: VendorMock, zexa_mock: VendorMock, understudy: Understudy
) -> None:
    """Both answer, each knows its own requests, and the session those of both."""
    httpx.get(f"{sent_mock.origin}{PATH}", headers=sent_mock.headers)
    httpx.get(f"{zexa_mock.origin}/v1/campaigns", headers=zexa_mock.headers)

    counts = [each.requests.count() for each in (sent_mock, zexa_mock, understudy)]

    assert counts == [1, 1, 2]


def test_real_hosts_after_the_test(request: pytest.FixtureRequest) -> None:
    """The clients are as before when a test without the fixture runs."""
    assert "understudy" not in str(httpx.HTTPTransport.handle_request.__module__)


@pytest.mark.understudy(hosts={"https://acme.tether.example/base": "tether"})
def test_hosts_of_the_marker(tether_mock: VendorMock) -> None:
    """A host of the user's own is answered by its vendor."""
    reply = httpx.get("https://acme.tether.example/base/api/campaigns", headers=tether_mock.headers)

    assert reply.status_code == 200


@pytest.mark.understudy(passthrough="none")
def test_passthrough_of_the_marker(zexa_mock: VendorMock) -> None:
    """With `none` not even this machine is reached."""
    with pytest.raises(httpx.ConnectError, match="refused a request to 127"):
        httpx.get("http://127.0.0.1:9/")


def test_vendor_mock_narrows(agentmessage_mock: VendorMock) -> None:
    """Its verbs need no vendor's name."""
    agentmessage_mock.populate("campaigns", 2)
    stored = agentmessage_mock.resources.list("campaigns")[-1]
    fault = agentmessage_mock.fault("status", status=500)

    assert agentmessage_mock.resources.get("campaigns", stored.id) == stored
    assert fault.planned.vendor == "agentmessage"
    assert agentmessage_mock.url.endswith("/agentmessage")


def test_vendor_mock_delegates(zexa_mock: VendorMock, understudy: Understudy) -> None:
    """What is not the vendor's own is the session's."""
    assert zexa_mock.clock is understudy.clock
    assert zexa_mock.key == understudy.key("zexa")


def list_public(kind: type) -> set[str]:
    """The names that a class defines for its users."""
    return {name for name in vars(kind) if not name.startswith("_")}


def test_vendor_mock_has_all_that_a_session_has() -> None:
    """But for its end, which is the plugin's affair."""
    assert list_public(Understudy) - {"close"} <= list_public(VendorMock)


def test_half_built_vendor_mock_can_be_copied() -> None:
    """Copying asks an object without attributes for some; that ends."""
    assert not vars(copy.copy(VendorMock.__new__(VendorMock)))


def test_vendor_mock_saves_and_restores(zexa_mock: VendorMock) -> None:
    """The whole session's world, whichever vendor's mock is asked."""
    before = zexa_mock.resources.list("contacts").total
    zexa_mock.snapshot()
    zexa_mock.populate("contacts", 2)
    zexa_mock.restore()

    assert zexa_mock.resources.list("contacts").total == before


def test_vendor_mock_fires(agentmessage_mock: VendorMock) -> None:
    """An event by hand."""
    approved = agentmessage_mock.fire("campaigns", _pending(agentmessage_mock.session), "approve")

    assert approved.after == "ACTIVE"


def test_vendor_mock_s_resources_are_set_and_deleted(zexa_mock: VendorMock) -> None:
    """What is stored is the test's to change."""
    balance = {"id": "acct_acme", "credits": 1, "currency": "USD"}

    zexa_mock.resources.set("balances", "acct_acme", balance)
    short = httpx.get(f"{zexa_mock.origin}/v1/credits", headers=zexa_mock.headers).json()
    zexa_mock.resources.delete("balances", "acct_acme")

    assert short["credits"] == 1
    with pytest.raises(AdminError, match="404"):
        zexa_mock.resources.get("balances", "acct_acme")


def test_unmatched_requests_of_a_vendor(sent_mock: VendorMock, zexa_mock: VendorMock) -> None:
    """Each with the operation that was most likely meant."""
    httpx.get(f"{sent_mock.origin}/v3/profile", headers=sent_mock.headers)

    unmatched = sent_mock.requests.unmatched()

    assert [each.nearest[0].operation for each in unmatched] == ["listProfiles"]
    assert zexa_mock.requests.unmatched() == ()
    assert [each.path for each in sent_mock.requests.list()] == ["/v3/profile"]
    assert json.loads(sent_mock.requests.find()[0].response.body)["success"] is False


def test_mock_inside_a_vendor_mock(sent_mock: VendorMock) -> None:
    """`understudy.mock()` is the inner one, with a world of its own."""
    with package.mock():
        httpx.get(f"{sent_mock.origin}{PATH}", headers=sent_mock.headers)

    assert sent_mock.requests.count() == 0
